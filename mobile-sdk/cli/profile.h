// Who `sotayctl` calls as, and whom.  A profile is a notebook's directory: the same enrolment
// makes both, the same key and certificate open the way to the server.  Only the vault is read,
// not the store, so that a notebook in use (`sotay watch`) is no obstacle.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mobile-sdk/cli/invocation.h"
#include "mobile-sdk/core/vault.h"

namespace sotay::cli {

struct Profile {
  std::shared_ptr<const sdk::Vault> vault;
  std::string server;  // host:port
};

// The profile in --dir.  The server's address lies in the file `server` there; a directory made
// by `sotay enroll` gets that file the first time, for which its notebook must not be in use.
// kNotFound says how to enrol; else as Vault::Open and Notebook::Open.
absl::StatusOr<Profile> OpenProfile(const Invocation& run);

}  // namespace sotay::cli
