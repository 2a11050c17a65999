// A keystore that is files, `store-NUMBER.key`, for their owner alone, in a directory that may lie
// on another medium than the notebook.  Beside it, it protects from nobody who has both.  Each key
// has a file of its own, which is named in what was wrapped: notebooks may share a directory, and
// none is ever written over.  Any thread, any number of processes.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sotay/keystore.h"
#include "sync/durable/open.h"

namespace sotay::sdk {

class FileKeystore : public Keystore {
 public:
  FileKeystore(std::string directory, durable::StoreOptions files);

  // Makes the directory (not those above it) where it is not there yet, and a file.
  // kPermissionDenied when it cannot be made there; otherwise fails as the file system does.
  absl::StatusOr<std::string> Wrap(absl::string_view key) override;
  absl::StatusOr<std::string> Unwrap(absl::string_view wrapped) override;
  std::string PlaceOf(absl::string_view wrapped) const override;

 private:
  absl::Status Make(const std::string& path, const std::string& own) const;

  const std::string directory_;
  const durable::StoreOptions files_;
};

}  // namespace sotay::sdk
