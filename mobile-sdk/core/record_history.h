// A record's history as the server has it: fetched when a person asks for it, when somebody else
// edited a text that own changes are waiting on, and when news come of a record that is open on a
// screen (settle.h).  Fetched and kept packed, as what merging and reading need
// (sync/admitted_edit.h); the evidence stays with the server.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mobile-sdk/core/link.h"
#include "mobile-sdk/core/store.h"
#include "sotay/v1/sync_service.pb.h"
#include "sync/admitted_edit.h"
#include "sync/ids.h"

namespace sotay::sdk {

struct FetchedHistory {
  std::vector<sync::AdmittedEdit> edits;  // in order of position
  std::map<uint64_t, v1::Packed> parts;   // the same as they are kept, by their first position
};

// Every change the server has.  Of a server that packs none each entry is checked.  Fails as the
// link does, and with kDataLoss when what came cannot be read.
absl::StatusOr<FetchedHistory> FetchHistory(Link& link, const sync::RecordId& id);

// What was fetched last.  Nothing when it cannot be read: then it is to be fetched anew.
absl::StatusOr<std::vector<sync::AdmittedEdit>> KeptHistory(const Store& store,
                                                            const sync::RecordId& id);

// Puts it in place of what was fetched before; without `history`, nothing.
absl::Status PutHistory(const Store& store, const sync::RecordId& id, const FetchedHistory& history,
                        StoreBatch* batch);

}  // namespace sotay::sdk
