#include "mobile-sdk/core/file_keystore.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/durable/files.h"
#include "sync/seal/vault.h"
#include "sync/status_macros.h"

namespace sotay::sdk {
namespace {

constexpr char kPlace[] = "sotay/store-key/v1";

}  // namespace

FileKeystore::FileKeystore(std::string directory, durable::StoreOptions files)
    : directory_(std::move(directory)),
      path_(absl::StrCat(directory_, "/store.key")),
      files_(std::move(files)) {}

absl::StatusOr<std::string> FileKeystore::Key() const {
  SOTAY_ASSIGN_OR_RETURN(const auto file, durable::FileReader::Open(path_, files_));
  SOTAY_ASSIGN_OR_RETURN(std::string key, file->Read(0, seal::kVaultKeyBytes + 1));
  if (key.size() == seal::kVaultKeyBytes) return key;
  return absl::DataLossError(absl::StrCat(path_, " is no key of a notebook: it has ", key.size(),
                                          " bytes and not ", seal::kVaultKeyBytes));
}

absl::StatusOr<std::string> FileKeystore::Wrap(absl::string_view key) {
  absl::StatusOr<std::string> own = Key();
  if (absl::IsNotFound(own.status())) {
    SOTAY_RETURN_IF_ERROR(durable::MakeDirectory(directory_, files_));
    own = seal::NewVaultKey();
    SOTAY_ASSIGN_OR_RETURN(const auto file, durable::FileWriter::Begin(path_, files_));
    SOTAY_RETURN_IF_ERROR(file->Append(*own));
    SOTAY_RETURN_IF_ERROR(file->Keep());
  }
  if (!own.ok()) return own.status();
  return seal::SealInVault(*own, kPlace, key);
}

absl::StatusOr<std::string> FileKeystore::Unwrap(absl::string_view wrapped) {
  const absl::StatusOr<std::string> own = Key();
  if (absl::IsNotFound(own.status())) {
    return absl::PermissionDeniedError(
        absl::StrCat("the notebook is sealed, and its key is not here: there is no ", path_,
                     "; bring the medium it lies on, or say where it is (--keys)"));
  }
  if (!own.ok()) return own.status();
  absl::StatusOr<std::string> key = seal::OpenFromVault(*own, kPlace, wrapped);
  if (key.ok()) return key;
  return absl::PermissionDeniedError(
      absl::StrCat("the notebook is sealed with another key than ", path_,
                   "; say where its own is (--keys).  Nothing was changed"));
}

}  // namespace sotay::sdk
