// Which of the lives of a store somebody means who names a backup's directory (docs/storage.md).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sync/seal/key.h"

namespace sotay::durable {
struct StoreOptions;
}  // namespace sotay::durable

namespace sotay::server {

// A chain that was put aside, because it has what proved to be secret since:
// EPOCH.before-MILLISECONDS.
constexpr char kBefore[] = ".before-";

// Directories of segments below `directory` of which the first was taken at `ms` or before.
absl::StatusOr<std::vector<std::string>> ChainsBefore(const std::string& directory, int64_t ms,
                                                      const durable::StoreOptions& files);

// Where the segments are: in `directory`, or in the one directory below it whose life no other goes
// on from, which the newest segment of each life tells; no clock is asked.  kNotFound when
// there are none; kDataLoss when a life's newest segment does not hold, so that it cannot be told;
// kFailedPrecondition when several are the last, as after a restore for practice.  Then the
// operator has to name one.  A chain that was put aside counts when there is no other.
absl::StatusOr<std::string> FindLife(const std::string& directory,
                                     const durable::StoreOptions& files);

// The log's key as the first segment of `directory` names it, for somebody who has no other word on
// it: what is signed with it holds together, and is only as true as the key.
absl::StatusOr<seal::VerifyingKey> KeyNamedIn(const std::string& directory,
                                              const durable::StoreOptions& files);

}  // namespace sotay::server
