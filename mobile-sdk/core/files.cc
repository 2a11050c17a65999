#include "mobile-sdk/core/files.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "sync/seal/vault.h"
#include "sync/status_macros.h"

namespace sotay::sdk {
namespace {

// What sealing adds to a piece: nonce and tag.
constexpr size_t kSealBytes = 12 + 16;

std::string PlaceOf(const sync::RecordId& id, uint64_t offset) {
  return absl::StrCat("file/", id.Hex(), "/", offset);
}

// The record a file here is named by, or will be once it is whole; nothing: it is none of ours.
absl::optional<sync::RecordId> NamedBy(absl::string_view name) {
  name = absl::StripSuffix(name, durable::kPartSuffix);
  if (name.size() != 2 * sync::RecordId::kSize) return absl::nullopt;
  auto id = sync::RecordId::From(absl::HexStringToBytes(name));
  if (id.has_value() && id->Hex() != name) id.reset();
  return id;
}

}  // namespace

std::string Files::PathOf(const sync::RecordId& id) const {
  return absl::StrCat(directory_, "/", id.Hex());
}

absl::Status Files::CheckRoom(uint64_t bytes) const {
  uint64_t room = std::numeric_limits<uint64_t>::max();
  if (files_.free_bytes) {
    room = files_.free_bytes();
  } else if (files_.base == nullptr) {
    std::error_code error;
    const auto space = std::filesystem::space(directory_, error);
    if (!error) room = space.available;  // whoever cannot be asked has not said no
  }
  if (room >= kReserveBytes && room - kReserveBytes >= bytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("too little room for the file: ", room, " bytes are free on this device, and ",
                   kReserveBytes, " of them stay for notes; free some space and do it again"));
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
  SOTAY_RETURN_IF_ERROR(files_.CheckRoom(piece.size()));
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

absl::StatusOr<Files::Found> Files::Writer::Keep(absl::string_view sha256) {
  if (!piece_.empty()) SOTAY_RETURN_IF_ERROR(SealPiece(piece_));
  piece_.clear();
  const auto hash = hasher_.Finish();
  Found found = {std::string(hash.begin(), hash.end()), size_, key_};
  if (!sha256.empty() && found.sha256 != sha256) {
    return absl::DataLossError("the file has another hash than its attachment says");
  }
  SOTAY_RETURN_IF_ERROR(file_->Keep());
  return found;
}

absl::StatusOr<std::unique_ptr<Files::Writer>> Files::Write(const sync::RecordId& id,
                                                            uint64_t bytes) {
  std::unique_ptr<Writer> writer(new Writer(this, id));
  SOTAY_RETURN_IF_ERROR(writer->Begin());
  SOTAY_RETURN_IF_ERROR(CheckRoom(bytes));
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

absl::Status Files::Verify(const sync::RecordId& id, const stored::v1::PhoneFile& file) const {
  seal::Hasher hasher;
  for (uint64_t offset = 0; offset < file.size(); offset += kPieceBytes) {
    SOTAY_ASSIGN_OR_RETURN(const std::string piece, Read(id, file, offset));
    hasher.Add(piece);
  }
  const auto hash = hasher.Finish();
  if (std::string(hash.begin(), hash.end()) == file.sha256()) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("the file of attachment ", id.Short(), " is not the one it names any more"));
}

absl::Status Files::Sweep(const Store& store) {
  if (!durable::IsThere(directory_, files_)) return absl::OkStatus();
  SOTAY_ASSIGN_OR_RETURN(const auto rows, store.Files());
  SOTAY_ASSIGN_OR_RETURN(const auto names, durable::NamesIn(directory_, files_));
  absl::Status swept;
  for (const std::string& name : names) {
    const auto id = NamedBy(name);
    if (!id.has_value()) continue;
    {
      absl::MutexLock lock(&mutex_);
      if (coming_in_.count(*id) != 0) continue;
    }
    if (rows.count(*id) != 0 && name == id->Hex()) continue;
    swept.Update(durable::RemoveFile(absl::StrCat(directory_, "/", name), files_));
  }
  return swept;
}

}  // namespace sotay::sdk
