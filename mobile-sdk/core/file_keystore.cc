#include "mobile-sdk/core/file_keystore.h"

#include <memory>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "sync/durable/directory_sync.h"
#include "sync/durable/files.h"
#include "sync/seal/random.h"
#include "sync/seal/vault.h"
#include "sync/status_macros.h"

namespace sotay::sdk {
namespace {

constexpr char kPlace[] = "sotay/store-key/v1";
// What was wrapped: the file's number, and behind it the key as it was sealed.  The first had no
// number.
constexpr size_t kNumberBytes = 8;
constexpr size_t kSealedBytes = 12 + seal::kVaultKeyBytes + 16;

absl::string_view NumberOf(absl::string_view wrapped) {
  return wrapped.size() > kSealedBytes ? wrapped.substr(0, kNumberBytes) : absl::string_view();
}

std::string WithoutSlashes(std::string directory) {
  while (directory.size() > 1 && directory.back() == '/') directory.pop_back();
  return directory;
}

}  // namespace

FileKeystore::FileKeystore(std::string directory, durable::StoreOptions files)
    : directory_(WithoutSlashes(std::move(directory))), files_(std::move(files)) {}

std::string FileKeystore::PlaceOf(absl::string_view wrapped) const {
  const absl::string_view number = NumberOf(wrapped);
  if (number.empty()) return absl::StrCat(directory_, "/store.key");
  return absl::StrCat(directory_, "/store-", absl::BytesToHexString(number), ".key");
}

absl::Status FileKeystore::Make(const std::string& path, const std::string& own) const {
  SOTAY_RETURN_IF_ERROR(durable::MakeDirectory(directory_, files_));
  // Its name, too, when one who made it was cut short before that.
  SOTAY_RETURN_IF_ERROR(
      durable::FromLevelDb(files_.sync_directory(durable::DirectoryOf(directory_))));
  SOTAY_ASSIGN_OR_RETURN(const auto file, durable::FileWriter::Begin(path, files_));
  SOTAY_RETURN_IF_ERROR(file->Append(own));
  return file->Keep();
}

absl::StatusOr<std::string> FileKeystore::Wrap(absl::string_view key) {
  std::string wrapped(kNumberBytes, '\0');
  seal::RandomBytes(wrapped.data(), wrapped.size());
  const std::string own = seal::NewVaultKey();
  SOTAY_ASSIGN_OR_RETURN(const std::string sealed, seal::SealInVault(own, kPlace, key));
  wrapped.append(sealed);
  const std::string path = PlaceOf(wrapped);
  const absl::Status made = Make(path, own);
  if (absl::IsNotFound(made)) {
    return absl::PermissionDeniedError(
        absl::StrCat("the notebook's key cannot be made, ", path, ": ", made.message(),
                     "; bring the medium it is to lie on, or say where it may lie (--keys).  "
                     "Nothing was changed"));
  }
  if (!made.ok()) return made;
  return wrapped;
}

absl::StatusOr<std::string> FileKeystore::Unwrap(absl::string_view wrapped) {
  const std::string path = PlaceOf(wrapped);
  const auto file = durable::FileReader::Open(path, files_);
  if (absl::IsNotFound(file.status())) {
    return absl::PermissionDeniedError(
        absl::StrCat("the notebook is sealed, and its key is not here: there is no ", path,
                     "; bring the medium it lies on, or say where it is (--keys)"));
  }
  if (!file.ok()) return file.status();
  SOTAY_ASSIGN_OR_RETURN(const std::string own, (*file)->Read(0, seal::kVaultKeyBytes + 1));
  if (own.size() != seal::kVaultKeyBytes) {
    return absl::DataLossError(absl::StrCat(path, " is no key of a notebook: it has ", own.size(),
                                            " bytes and not ", seal::kVaultKeyBytes));
  }
  absl::StatusOr<std::string> key =
      seal::OpenFromVault(own, kPlace, wrapped.substr(NumberOf(wrapped).size()));
  if (key.ok()) return key;
  return absl::PermissionDeniedError(
      absl::StrCat("the notebook is sealed with another key than ", path,
                   "; say where its own is (--keys).  Nothing was changed"));
}

}  // namespace sotay::sdk
