// Which of the lives of a store somebody means who names a backup's directory (docs/storage.md).
#pragma once

#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/keys.h"
#include "sotay/v1/dossier_service.pb.h"
#include "sync/seal/log_keys.h"

namespace sotay::durable {
struct StoreOptions;
}  // namespace sotay::durable

namespace sotay::server {

// A chain that was put aside, because it has what proved to be secret since:
// EPOCH.before-UNIT-NUMBER, of the act by which it was the first to be sealed.
constexpr char kBefore[] = ".before-";

// What a store, or a segment, says of dossiers that proved to be secret.
struct SealedThere {
  std::vector<v1::DossierAct> acts;  // by which they were sealed
  std::set<std::string> left;        // of which nothing is in the store's files any more

  // A row of the small tables; others say nothing of it.
  absl::Status Take(Table table, absl::string_view key, absl::string_view value);
};

// What the first segment of `directory` says: of what had left by then nothing is in any segment.
absl::StatusOr<SealedThere> SealedInFirst(const std::string& directory,
                                          const durable::StoreOptions& files);

// Directories of segments below `directory` that were begun before the dossier had left; no clock
// is asked.
absl::StatusOr<std::vector<std::string>> ChainsBefore(const std::string& directory,
                                                      const std::string& dossier,
                                                      const durable::StoreOptions& files);

// Where the segments are: in `directory`, or in the one directory below it whose life no other goes
// on from, which the newest segment of each life tells; no clock is asked.  kNotFound when
// there are none; kDataLoss when a life's newest segment does not hold, so that it cannot be told;
// kFailedPrecondition when several are the last, as after a restore for practice.  Then the
// operator has to name one.  A chain that was put aside counts as long as the same life has no
// other; of several, the last that was put aside.
absl::StatusOr<std::string> FindLife(const std::string& directory,
                                     const durable::StoreOptions& files);

// The log's keys as the first and the newest segment of `directory` name them, for somebody who has
// no other word on them: what is signed with these holds together, and is only as true as they are.
absl::StatusOr<seal::LogKeys> LogKeysNamedIn(const std::string& directory,
                                             const durable::StoreOptions& files);
// The same for somebody who has the key in force and, beside it, handovers that the backup may not
// have yet.  kFailedPrecondition when these do not lead to that key.
absl::StatusOr<seal::LogKeys> LogKeysNamedIn(const std::string& directory,
                                             const seal::VerifyingKey& key,
                                             const std::vector<v1::LogKeyHandover>& beside,
                                             const durable::StoreOptions& files);

}  // namespace sotay::server
