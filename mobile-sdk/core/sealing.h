// What a device does with a dossier that proved to be secret (docs/decisions/0022-secrecy.md), in
// three steps with a crash allowed between any two:
//
//   seal    in one batch with the answer that says so: records, rows and histories go; own changes
//           in it, sent or not, keep id and sequence and nothing else
//   purge   what has gone is in no file of the store any more; where that cannot be done now, for
//           want of room or for damage, nothing else waits for it, and it is tried again
//   report  the next requests say that it is done, until an answer has come
//
// A change that the server refused as content for a dossier of which there is to be none goes in
// the same way (Withhold), and stays in the list of what was refused.
//
// A sealed dossier stays so, whatever a server says later: one restored from before the act sends
// its content again, which is not taken, and is told of it.  Callers hold the desk's lock.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mobile-sdk/core/desk.h"
#include "mobile-sdk/core/shown.h"
#include "mobile-sdk/core/store.h"
#include "sync/absorb.h"
#include "sync/ids.h"

namespace sotay::sdk {

// Most dossiers that one request reports.
inline constexpr size_t kReportsMax = 100;

struct SealedAway {
  // What left the device, or was sent and not taken.
  std::set<sync::RecordId> records;
  // Sealed by this answer, where the person is to be told.
  std::set<sync::RecordId> dossiers;
};

// Whether the person is to be shown that there was such a dossier: they might read it, or wrote in
// it.
bool IsTheirs(const stored::v1::SealedDossier& sealed);

// The records of an answer that are not taken: their dossier is sealed, by it or before.
absl::StatusOr<std::set<sync::RecordId>> NotTaken(const Store& store,
                                                  const sync::Absorbed& absorbed);

// Puts on `batch`, behind all else of an answer, what it seals, and that the `reported` ones need
// not be named again; of own changes those in `undone` count, and are changed there, too.
absl::StatusOr<SealedAway> SealAway(const Store& store, const sync::Absorbed& absorbed,
                                    const std::set<sync::RecordId>& reported, Undone* undone,
                                    StoreBatch* batch);

// What is left of an own change once it is withheld.
void Withhold(const sync::RecordId& dossier, stored::v1::OwnChange* own);

// The second step, where it is due.  What fails is noted on the desk and is due still; within
// kPurgeAgainMs of that nothing is done unless it is `fresh`, since it reads the whole store.
inline constexpr int64_t kPurgeAgainMs = 10 * 60 * 1000;
void PurgeSealed(Desk* desk, bool fresh);

// What the next request reports.
absl::StatusOr<std::vector<sync::RecordId>> ToReport(const Store& store);
// Another life of the server's store may not know of them: those of the unit (empty: all) are to be
// reported anew.
absl::Status ReportAnew(const Store& store, const std::string& unit_id, StoreBatch* batch);

// That nothing is written in the dossier any more, and why; OK when it is not sealed.
absl::Status CheckNotSealed(const Store& store, const sync::RecordId& dossier);

}  // namespace sotay::sdk
