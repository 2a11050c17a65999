#include "server/blobs.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "server/refusal.h"
#include "sync/durable/files.h"
#include "sync/seal/digest.h"
#include "sync/seal/hasher.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

constexpr size_t kHashBytes = 32;
constexpr char kUnfinished[] = "/unfinished";

std::string HexOf(absl::string_view bytes) { return absl::BytesToHexString(bytes); }

// The bytes of a name that is their lower-case hexadecimal; empty: it is none.
std::string BytesOf(absl::string_view name, size_t bytes) {
  if (name.size() != 2 * bytes) return "";
  std::string out = absl::HexStringToBytes(name);
  return HexOf(out) == name ? out : "";
}

std::string PieceName(uint64_t offset) { return absl::StrFormat("%016x", offset); }

std::string HashOf(absl::string_view bytes) {
  const auto hash = seal::Sha256(bytes);
  return std::string(hash.begin(), hash.end());
}

absl::Status IsElsewhere() { return NotFound("the file"); }

// What the disk says is for the operator; whoever sends is told to try again.
absl::Status Written(const absl::Status& status) {
  if (absl::IsUnavailable(status) || absl::IsResourceExhausted(status)) return StorageFailed();
  return status;
}

}  // namespace

// One call about one upload; others about it are told to wait.
class Blobs::Turn {
 public:
  Turn(Blobs* blobs, Key key) : blobs_(*blobs), key_(std::move(key)) {}
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    if (!taken_) return;
    absl::MutexLock lock(&blobs_.mutex_);
    const auto at = blobs_.unfinished_.find(key_);
    if (at == blobs_.unfinished_.end()) return;
    at->second.busy = false;
    if (at->second.pieces == 0) blobs_.unfinished_.erase(at);
  }

  // What there is of it; made where there is nothing.
  absl::StatusOr<Upload> Take() {
    absl::MutexLock lock(&blobs_.mutex_);
    if (blobs_.closed_.count(std::get<1>(key_)) != 0) return IsElsewhere();
    auto at = blobs_.unfinished_.find(key_);
    if (at == blobs_.unfinished_.end()) {
      const auto of_device = std::count_if(
          blobs_.unfinished_.begin(), blobs_.unfinished_.end(),
          [&](const auto& one) { return std::get<0>(one.first) == std::get<0>(key_); });
      if (static_cast<size_t>(of_device) >= blobs_.limits_.unfinished_max) {
        return Refuse(absl::StatusCode::kResourceExhausted, v1::REASON_QUOTA,
                      absl::StrCat("unfinished files of this device: ", of_device, ", limit ",
                                   blobs_.limits_.unfinished_max, "; finish one of them first"));
      }
      at = blobs_.unfinished_.emplace(key_, Upload()).first;
    }
    if (at->second.busy) return Busy("another piece of this file is being taken");
    at->second.busy = true;
    taken_ = true;
    return at->second;
  }

  void Put(Upload upload) {
    absl::MutexLock lock(&blobs_.mutex_);
    upload.busy = true;
    blobs_.unfinished_[key_] = upload;
  }

 private:
  Blobs& blobs_;
  const Key key_;
  bool taken_ = false;
};

Blobs::Blobs(std::string directory, durable::StoreOptions files, BlobLimits limits,
             std::function<int64_t()> now_ms)
    : directory_(std::move(directory)),
      files_(std::move(files)),
      limits_(limits),
      now_ms_(std::move(now_ms)) {}

std::string Blobs::DossierPath(const sync::RecordId& dossier) const {
  return absl::StrCat(directory_, "/", HexOf(dossier.view()));
}

std::string Blobs::SealedPath(const sync::RecordId& dossier) const {
  return absl::StrCat(DossierPath(dossier), ".sealed");
}

std::string Blobs::FilePath(const sync::FilePlace& place) const {
  return absl::StrCat(DossierPath(place.first), "/", HexOf(place.second));
}

std::string Blobs::UploadPath(const Key& key) const {
  return absl::StrCat(directory_, kUnfinished, "/", HexOf(std::get<0>(key).view()), ".",
                      HexOf(std::get<1>(key).view()), ".", HexOf(std::get<2>(key)));
}

absl::StatusOr<std::unique_ptr<Blobs>> Blobs::Open(std::string directory,
                                                   durable::StoreOptions files, BlobLimits limits,
                                                   std::function<int64_t()> now_ms) {
  std::unique_ptr<Blobs> blobs(
      new Blobs(std::move(directory), std::move(files), limits, std::move(now_ms)));
  SOTAY_RETURN_IF_ERROR(blobs->Load());
  return blobs;
}

absl::Status Blobs::Load() {
  // Made with the first file.
  if (!durable::IsThere(directory_, files_)) return absl::OkStatus();
  SOTAY_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                         durable::NamesIn(directory_, files_));
  for (const std::string& name : names) {
    const auto dossier = sync::RecordId::From(BytesOf(name, sync::RecordId::kSize));
    if (dossier.has_value()) SOTAY_RETURN_IF_ERROR(LoadDossier(*dossier));
  }
  return LoadUnfinished();
}

absl::Status Blobs::LoadDossier(const sync::RecordId& dossier) {
  SOTAY_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                         durable::NamesIn(DossierPath(dossier), files_));
  for (const std::string& name : names) {
    if (std::string hash = BytesOf(name, kHashBytes); !hash.empty()) {
      absl::MutexLock lock(&mutex_);
      whole_.emplace(dossier, std::move(hash));
    } else if (absl::EndsWith(name, durable::kPartSuffix)) {
      SOTAY_RETURN_IF_ERROR(
          durable::RemoveFile(absl::StrCat(DossierPath(dossier), "/", name), files_));
    }
  }
  return absl::OkStatus();
}

absl::Status Blobs::LoadUnfinished() {
  const std::string all = absl::StrCat(directory_, kUnfinished);
  if (!durable::IsThere(all, files_)) return absl::OkStatus();
  SOTAY_ASSIGN_OR_RETURN(const std::vector<std::string> names, durable::NamesIn(all, files_));
  for (const std::string& name : names) {
    const std::vector<std::string> parts = absl::StrSplit(name, '.');
    if (parts.size() != 3) continue;
    const auto device = sync::DeviceId::From(BytesOf(parts[0], sync::DeviceId::kSize));
    const auto dossier = sync::RecordId::From(BytesOf(parts[1], sync::RecordId::kSize));
    const std::string hash = BytesOf(parts[2], kHashBytes);
    if (!device.has_value() || !dossier.has_value() || hash.empty()) continue;
    const Key key = {*device, *dossier, hash};
    if (Has({*dossier, hash})) {  // it was put together just before a crash
      SOTAY_RETURN_IF_ERROR(durable::RemoveWithFiles(UploadPath(key), files_));
      continue;
    }
    Upload upload;
    upload.touched_ms = now_ms_();
    for (;;) {
      const auto piece = durable::FileReader::Open(
          absl::StrCat(UploadPath(key), "/", PieceName(upload.bytes)), files_);
      if (absl::IsNotFound(piece.status())) break;
      SOTAY_RETURN_IF_ERROR(piece.status());
      if ((*piece)->size() == 0) break;
      upload.bytes += (*piece)->size();
      ++upload.pieces;
    }
    if (upload.pieces == 0) {
      SOTAY_RETURN_IF_ERROR(durable::RemoveWithFiles(UploadPath(key), files_));
      continue;
    }
    absl::MutexLock lock(&mutex_);
    unfinished_[key] = upload;
  }
  return absl::OkStatus();
}

bool Blobs::Has(const sync::FilePlace& place) const {
  absl::MutexLock lock(&mutex_);
  return whole_.count(place) != 0;
}

std::vector<sync::FilePlace> Blobs::All() const {
  absl::MutexLock lock(&mutex_);
  return std::vector<sync::FilePlace>(whole_.begin(), whole_.end());
}

absl::StatusOr<Blobs::Progress> Blobs::Ask(const Wanted& wanted) {
  absl::MutexLock lock(&mutex_);
  if (closed_.count(wanted.place.first) != 0) return IsElsewhere();
  if (whole_.count(wanted.place) != 0) return Progress{wanted.size, true};
  const auto at = unfinished_.find(KeyOf(wanted));
  return Progress{at == unfinished_.end() ? 0 : at->second.bytes, false};
}

absl::Status Blobs::CheckPiece(const Wanted& wanted, const Piece& piece,
                               const Upload& upload) const {
  const uint64_t number = upload.pieces + 1;
  if (piece.offset != upload.bytes) {
    return Malformed(absl::StrCat("chunk at byte ", piece.offset, ", expected the one at ",
                                  upload.bytes, "; go on from there"));
  }
  if (piece.data.size() > wanted.size - upload.bytes) {
    return Malformed(absl::StrCat("chunk ", number, ": ends at byte ",
                                  piece.offset + piece.data.size(), ", past the end at ",
                                  wanted.size));
  }
  const bool last = piece.offset + piece.data.size() == wanted.size;
  if (piece.data.size() > kChunkBytesMax || piece.data.empty() ||
      (piece.data.size() < kChunkBytesMin && !last)) {
    return Malformed(absl::StrCat("chunk ", number, ": ", piece.data.size(), " bytes, expected ",
                                  kChunkBytesMin, " to ", kChunkBytesMax));
  }
  if (HashOf(piece.data) != piece.sha256) {
    return Malformed(absl::StrCat("chunk ", number, ": hash differs; send again"));
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> Blobs::Send(const Wanted& wanted, const Piece& piece) {
  if (Has(wanted.place)) return wanted.size;
  if (wanted.size > limits_.file_bytes_max) {
    return Refuse(absl::StatusCode::kResourceExhausted, v1::REASON_QUOTA,
                  absl::StrCat("file of ", wanted.size, " bytes, limit of this server ",
                               limits_.file_bytes_max));
  }
  Turn turn(this, KeyOf(wanted));
  SOTAY_ASSIGN_OR_RETURN(Upload upload, turn.Take());
  SOTAY_RETURN_IF_ERROR(CheckPiece(wanted, piece, upload));
  const std::string path = UploadPath(KeyOf(wanted));
  const auto write = [&]() -> absl::Status {
    SOTAY_RETURN_IF_ERROR(durable::MakeDirectory(directory_, files_));
    SOTAY_RETURN_IF_ERROR(durable::MakeDirectory(absl::StrCat(directory_, kUnfinished), files_));
    SOTAY_RETURN_IF_ERROR(durable::MakeDirectory(path, files_));
    SOTAY_ASSIGN_OR_RETURN(
        const auto file,
        durable::FileWriter::Begin(absl::StrCat(path, "/", PieceName(piece.offset)), files_));
    SOTAY_RETURN_IF_ERROR(file->Append(piece.data));
    return file->Keep();
  };
  SOTAY_RETURN_IF_ERROR(Written(write()));
  upload.bytes += piece.data.size();
  ++upload.pieces;
  upload.touched_ms = now_ms_();
  turn.Put(upload);
  return upload.bytes;
}

absl::Status Blobs::PutTogether(const Wanted& wanted) {
  SOTAY_RETURN_IF_ERROR(durable::MakeDirectory(DossierPath(wanted.place.first), files_));
  SOTAY_ASSIGN_OR_RETURN(const auto file,
                         durable::FileWriter::Begin(FilePath(wanted.place), files_));
  seal::Hasher hasher;
  for (uint64_t offset = 0; offset < wanted.size;) {
    const std::string path = absl::StrCat(UploadPath(KeyOf(wanted)), "/", PieceName(offset));
    SOTAY_ASSIGN_OR_RETURN(const auto piece, durable::FileReader::Open(path, files_));
    SOTAY_ASSIGN_OR_RETURN(const std::string bytes, piece->Read(0, kChunkBytesMax));
    if (bytes.empty()) return absl::DataLossError(absl::StrCat(path, " is empty"));
    hasher.Add(bytes);
    SOTAY_RETURN_IF_ERROR(file->Append(bytes));
    offset += bytes.size();
  }
  const auto hash = hasher.Finish();
  if (std::string(hash.begin(), hash.end()) != wanted.place.second) {
    return Malformed(
        "the whole has another hash than its attachment says; send it again from the beginning");
  }
  return file->Keep();
}

absl::Status Blobs::Finish(const Wanted& wanted) {
  if (Has(wanted.place)) return absl::OkStatus();
  const Key key = KeyOf(wanted);
  {
    Turn turn(this, key);
    SOTAY_ASSIGN_OR_RETURN(const Upload upload, turn.Take());
    if (upload.bytes != wanted.size) {
      return Refuse(absl::StatusCode::kFailedPrecondition, v1::REASON_CHANGED_MEANWHILE,
                    absl::StrCat(upload.bytes, " of ", wanted.size, " bytes are here"));
    }
    const absl::Status put = PutTogether(wanted);
    if (put.ok()) {
      absl::MutexLock lock(&mutex_);
      whole_.insert(wanted.place);
    } else if (!absl::IsInvalidArgument(put) && !absl::IsDataLoss(put) && !absl::IsNotFound(put)) {
      return Written(put);
    }
    // What was sent is of no use any more, or of none at all.
    const absl::Status gone = Forget(key);
    if (!put.ok()) return absl::IsInvalidArgument(put) ? put : StorageFailed();
    // It is whole and told so; what is left of its pieces goes at the next start.
    static_cast<void>(gone);
  }
  return absl::OkStatus();
}

absl::Status Blobs::Forget(const Key& key) {
  {
    absl::MutexLock lock(&mutex_);
    unfinished_.erase(key);
  }
  return durable::RemoveWithFiles(UploadPath(key), files_);
}

absl::StatusOr<std::string> Blobs::Read(const sync::FilePlace& place, uint64_t offset,
                                        size_t bytes) const {
  {
    absl::MutexLock lock(&mutex_);
    if (closed_.count(place.first) != 0) return IsElsewhere();
    if (whole_.count(place) == 0) {
      return Refuse(absl::StatusCode::kFailedPrecondition, v1::REASON_CHANGED_MEANWHILE,
                    "the file has not come whole yet");
    }
  }
  SOTAY_ASSIGN_OR_RETURN(const auto file, durable::FileReader::Open(FilePath(place), files_));
  return file->Read(offset, bytes);
}

absl::Status Blobs::Verify(const sync::FilePlace& place) const {
  const std::string path = FilePath(place);
  SOTAY_ASSIGN_OR_RETURN(const auto file, durable::FileReader::Open(path, files_));
  seal::Hasher hasher;
  for (uint64_t offset = 0; offset < file->size(); offset += kChunkBytesMax) {
    SOTAY_ASSIGN_OR_RETURN(const std::string bytes, file->Read(offset, kChunkBytesMax));
    hasher.Add(bytes);
  }
  const auto hash = hasher.Finish();
  if (std::string(hash.begin(), hash.end()) == place.second) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(path, " is not the file it is named by"));
}

void Blobs::Sweep() {
  std::vector<Key> old;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [key, upload] : unfinished_) {
      if (!upload.busy && now_ms_() - upload.touched_ms > limits_.unfinished_ms_max) {
        old.push_back(key);
      }
    }
  }
  // What stays for now is tried again at the next start.
  for (const Key& key : old) Forget(key).IgnoreError();
}

}  // namespace sotay::server
