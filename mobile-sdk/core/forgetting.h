// What leaves a device when its user may no longer read it: a unit, or a dossier.  Records, rows
// and fetched histories go; own changes stay, unsent ones to be sent and sent ones to heal a
// restored server, but without the words of others they were made on, and of a dossier that is gone
// they are shown no longer.  A dossier in which something of ours is unsent stays until that is
// sent.  Callers hold the desk's lock.
#pragma once

#include <set>

#include "absl/status/statusor.h"
#include "mobile-sdk/core/shown.h"
#include "mobile-sdk/core/store.h"
#include "sync/absorb.h"
#include "sync/ids.h"

namespace sotay::sdk {

struct Forgotten {
  std::set<sync::RecordId> records;
  // Of which there was something here.
  std::set<sync::RecordId> dossiers;
  // Files left with them.
  bool files = false;
  // A dossier stayed: the server is to say once more that it goes.
  bool waits = false;
};

// Puts on `batch` what an answer takes away; of own changes those in `undone` count, and are
// changed there, too.
absl::StatusOr<Forgotten> Forget(const Store& store, const sync::Absorbed& absorbed, Undone* undone,
                                 StoreBatch* batch);

// Takes down that dossiers are gone of which the answer brings records again, and that their files
// leave; notes them in `undone`.  The records that own changes in these edit are to be shown anew.
absl::StatusOr<std::set<sync::RecordId>> WelcomeBack(const Store& store,
                                                     const sync::Absorbed& absorbed, Undone* undone,
                                                     StoreBatch* batch);

}  // namespace sotay::sdk
