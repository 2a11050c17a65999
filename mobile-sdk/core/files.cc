#include "mobile-sdk/core/files.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "sync/seal/vault.h"
#include "sync/status_macros.h"

namespace sotay::sdk {
namespace {

// What sealing adds to a piece: nonce and tag.
constexpr size_t kSealBytes = 12 + 16;

std::string PlaceOf(const sync::RecordId& id, uint64_t offset) {
  return absl::StrCat("file/", id.Hex(), "/", offset);
}

}  // namespace

std::string Files::PathOf(const sync::RecordId& id) const {
  return absl::StrCat(directory_, "/", id.Hex());
}

Files::Writer::Writer(Files* files, const sync::RecordId& id)
    : files_(*files), id_(id), key_(seal::NewVaultKey()) {
  absl::MutexLock lock(&files_.mutex_);
  files_.coming_in_.insert(id_);
}

Files::Writer::~Writer() {
  file_.reset();
  absl::MutexLock lock(&files_.mutex_);
  files_.coming_in_.erase(id_);
}

absl::Status Files::Writer::Begin() {
  SOTAY_RETURN_IF_ERROR(durable::MakeDirectory(files_.directory_, files_.files_));
  SOTAY_ASSIGN_OR_RETURN(file_, durable::FileWriter::Begin(files_.PathOf(id_), files_.files_));
  return absl::OkStatus();
}

absl::Status Files::Writer::SealPiece(absl::string_view piece) {
  SOTAY_ASSIGN_OR_RETURN(const std::string sealed,
                         seal::SealInVault(key_, PlaceOf(id_, size_), piece));
  size_ += piece.size();
  return file_->Append(sealed);
}

absl::Status Files::Writer::Append(absl::string_view bytes) {
  hasher_.Add(bytes);
  while (!bytes.empty()) {
    const size_t taken = std::min(bytes.size(), kPieceBytes - piece_.size());
    piece_.append(bytes.data(), taken);
    bytes.remove_prefix(taken);
    if (piece_.size() < kPieceBytes) break;
    SOTAY_RETURN_IF_ERROR(SealPiece(piece_));
    piece_.clear();
  }
  return absl::OkStatus();
}

absl::StatusOr<Files::Found> Files::Writer::Keep() {
  if (!piece_.empty()) SOTAY_RETURN_IF_ERROR(SealPiece(piece_));
  piece_.clear();
  SOTAY_RETURN_IF_ERROR(file_->Keep());
  const auto hash = hasher_.Finish();
  return Found{std::string(hash.begin(), hash.end()), size_, key_};
}

absl::StatusOr<std::unique_ptr<Files::Writer>> Files::Write(const sync::RecordId& id) {
  std::unique_ptr<Writer> writer(new Writer(this, id));
  SOTAY_RETURN_IF_ERROR(writer->Begin());
  return writer;
}

absl::StatusOr<std::string> Files::Read(const sync::RecordId& id, const stored::v1::PhoneFile& file,
                                        uint64_t offset) const {
  const auto gone = [&](absl::string_view why) {
    return absl::DataLossError(absl::StrCat("the file of attachment ", id.Short(), " ", why));
  };
  auto reader = durable::FileReader::Open(PathOf(id), files_);
  if (absl::IsNotFound(reader.status())) return gone("is not on this device any more");
  SOTAY_RETURN_IF_ERROR(reader.status());
  const uint64_t number = offset / kPieceBytes;
  const uint64_t plain = std::min<uint64_t>(kPieceBytes, file.size() - offset);
  SOTAY_ASSIGN_OR_RETURN(const std::string sealed,
                         (*reader)->Read(number * (kPieceBytes + kSealBytes),
                                         static_cast<size_t>(plain) + kSealBytes));
  auto piece = seal::OpenFromVault(file.key(), PlaceOf(id, offset), sealed);
  if (!piece.ok() || piece->size() != plain) return gone("is damaged");
  return piece;
}

absl::Status Files::Sweep(const Store& store) {
  if (!durable::IsThere(directory_, files_)) return absl::OkStatus();
  SOTAY_ASSIGN_OR_RETURN(const auto rows, store.Files());
  SOTAY_ASSIGN_OR_RETURN(const auto names, durable::NamesIn(directory_, files_));
  for (const std::string& name : names) {
    const auto id = sync::RecordId::From(absl::HexStringToBytes(name.substr(0, 32)));
    if (id.has_value()) {
      absl::MutexLock lock(&mutex_);
      if (coming_in_.count(*id) != 0) continue;
      if (rows.count(*id) != 0 && name == id->Hex()) continue;
    }
    SOTAY_RETURN_IF_ERROR(durable::RemoveFile(absl::StrCat(directory_, "/", name), files_));
  }
  return absl::OkStatus();
}

}  // namespace sotay::sdk
