// How the device takes another key and stays the same device (docs/decisions/0026-key-roll.md).  A
// key that lies beside the one in use is to follow it; until the server's answer is on disk both
// are there, and every contact tries again before it sends anything.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mobile-sdk/core/desk.h"
#include "mobile-sdk/core/link.h"

namespace sotay::sdk {

// Under the exchange's lock, but for Begin and IsPending: any thread.
class Rekeying {
 public:
  // The vault lies in `dir`; desk and link outlive it.
  Rekeying(std::string dir, Desk* desk, Link* link);

  // Another key is wanted, and lies in the directory from now on.
  absl::Status Begin();
  bool IsPending(const Vault& vault) const;

  // Hands the key over, if that is pending.  True: it is done, and what is sealed from now on is by
  // the new key.  False: nothing is pending, or the server refused it less than ten minutes ago and
  // `again` is false.  Else why not; see MayGoOn.
  absl::StatusOr<bool> AtContact(bool again = false);
  // Whether after that failure it is worth going on with the old key: somebody has answered.
  static bool MayGoOn(const absl::Status& failure);

  // The server does not know the key: it may be restored from before it was taken.  Shows it how
  // the key came to be; kFailedPrecondition when it is the first.
  absl::Status ShowAgain();

 private:
  static constexpr int64_t kBetweenTriesMs = 10 * 60 * 1000;

  const std::string dir_;
  Desk& desk_;
  Link& link_;
  int64_t refused_ms_ = -kBetweenTriesMs;
};

}  // namespace sotay::sdk
