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

// Under the exchange's lock, but for MayBePending: any thread.
class Rekeying {
 public:
  // The vault lies in `dir`; desk and link outlive it.
  Rekeying(std::string dir, Desk* desk, Link* link);

  // Another key is wanted, and lies in the directory from now on.
  absl::Status Begin();
  // Whether a key lies there that is to follow, or one that cannot be read.
  bool MayBePending(const Vault& vault) const;

  // Hands the key over, if that is pending.  True: it is done, and what is sealed from now on is by
  // the new key.  False: nothing is pending, or the server refused it less than ten minutes ago and
  // `again` is false.  Else why not; see may_go_on.
  absl::StatusOr<bool> AtContact(bool again = false);
  // Whether after AtContact it is worth going on with the key there is: nothing was sent, or it was
  // refused.  Otherwise nobody can tell which key is in force.
  bool may_go_on() const { return may_go_on_; }
  // Whether the server has said that it did not take what it was asked.
  static bool IsRefusal(const absl::Status& failure);

  // The server does not know the key: it may be restored from before it was taken.  Shows it how
  // the key came to be; kFailedPrecondition when it is the first.
  absl::Status ShowAgain();

 private:
  static constexpr int64_t kBetweenTriesMs = 10 * 60 * 1000;

  const std::string dir_;
  Desk& desk_;
  Link& link_;
  bool may_go_on_ = true;
  int64_t refused_ms_ = -kBetweenTriesMs;
};

}  // namespace sotay::sdk
