// Which of the lives of a store somebody means who names a backup's directory (docs/storage.md).
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "sync/seal/key.h"

namespace sotay::durable {
struct StoreOptions;
}  // namespace sotay::durable

namespace sotay::server {

// Where the segments are: in `directory`, or in the one directory below it whose life no other goes
// on from, which the newest segment of each life tells; no clock is asked.  kNotFound when
// there are none; kDataLoss when a life's newest segment does not hold, so that it cannot be told;
// kFailedPrecondition when several are the last, as after a restore for practice.  Then the
// operator has to name one.
absl::StatusOr<std::string> FindLife(const std::string& directory,
                                     const durable::StoreOptions& files);

// The log's key as the first segment of `directory` names it, for somebody who has no other word on
// it: what is signed with it holds together, and is only as true as the key.
absl::StatusOr<seal::VerifyingKey> KeyNamedIn(const std::string& directory,
                                              const durable::StoreOptions& files);

}  // namespace sotay::server
