// Where the key is kept that the notebook's store is sealed with (docs/decisions/0034).  A phone
// brings its platform's; on a laptop it is a file (core/file_keystore.h).
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sotay::sdk {

// Any thread.
class Keystore {
 public:
  virtual ~Keystore() = default;

  // `key`, 32 bytes, so that this keystore alone opens it: what is kept in the store.  Returning
  // OK, what it takes to open it survives any crash.
  virtual absl::StatusOr<std::string> Wrap(absl::string_view key) = 0;
  // The key again.  kPermissionDenied when this is not the keystore that wrapped it, or it is not
  // to be had now, with what to do; nothing is changed then, and it may be tried again.
  virtual absl::StatusOr<std::string> Unwrap(absl::string_view wrapped) = 0;
  // Where that is kept, for whoever has to find it again or keep a copy: a path.  Empty: nowhere
  // that a person could look.
  virtual std::string PlaceOf(absl::string_view /*wrapped*/) const { return ""; }
};

}  // namespace sotay::sdk
