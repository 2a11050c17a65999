// A keystore that is a file, `store.key`, for its owner alone, in a directory that may lie on
// another medium than the notebook.  Beside it, it protects from nobody who has both.  Any thread;
// one process, which has the store open.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sotay/keystore.h"
#include "sync/durable/open.h"

namespace sotay::sdk {

class FileKeystore : public Keystore {
 public:
  FileKeystore(std::string directory, durable::StoreOptions files);

  // Makes the directory (not those above it) and the key where they are not there yet.
  absl::StatusOr<std::string> Wrap(absl::string_view key) override;
  absl::StatusOr<std::string> Unwrap(absl::string_view wrapped) override;

 private:
  // kNotFound when it is not there.
  absl::StatusOr<std::string> Key() const;

  const std::string directory_;
  const std::string path_;
  const durable::StoreOptions files_;
};

}  // namespace sotay::sdk
