// Settling an answer of the server: the commit beat of the phone's second half.  sync/absorb.h
// decides what the answer means; here it becomes one batch: bases, outcomes, list rows, cursors
// and progress together, or nothing of it.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "absl/status/statusor.h"
#include "mobile-sdk/core/desk.h"
#include "mobile-sdk/core/lineage.h"
#include "mobile-sdk/core/record_history.h"
#include "sotay/notebook.h"
#include "sotay/v1/sync_service.pb.h"
#include "sync/absorb.h"
#include "sync/ids.h"

namespace sotay::sdk {

struct Settled {
  uint64_t last_sequence = 0;
  uint64_t accepted_through = 0;
  bool more = false;
  bool moved = false;         // a cursor moved, so that asking again asks for something else
  bool waits = false;         // what is taken away stays until it is sent; it is to be said again
  bool to_report = false;     // a sealed dossier is to be reported (sealing.h)
  std::vector<Event> events;  // to be told once the desk is free
  // Not empty: fetch their histories and ask again; nothing was stored.  Without those that are
  // only wanted it goes, too.
  std::set<sync::RecordId> histories_needed;
  std::set<sync::RecordId> histories_wanted;
};

// What an earlier attempt asked for.
struct Histories {
  std::map<sync::RecordId, FetchedHistory> fetched;
  std::set<sync::RecordId> not_to_be_had;
};

// `answer`: its response and records, and the rest is set here.  `request`: what it answers;
// `waiting`: an answer before it took away what stays until it is sent, and nothing was sent since.
// `ancestry`: what was asked about heads (lineage.h).  Takes the desk's lock.  Fails with
// kInvalidArgument when the answer contradicts itself, with kDataLoss or the store's status
// otherwise; then nothing of it is stored.
absl::StatusOr<Settled> Settle(Desk* desk, const v1::SyncRequest& request, bool waiting,
                               sync::AbsorbInput* answer, const Histories& histories,
                               const Ancestry& ancestry);

}  // namespace sotay::sdk
