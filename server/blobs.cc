#include "server/blobs.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/event_log.h"
#include "server/refusal.h"
#include "sync/durable/directory_sync.h"
#include "sync/durable/files.h"
#include "sync/seal/digest.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

constexpr int64_t kDayMs = int64_t{24} * 60 * 60 * 1000;
constexpr uint32_t kNoRoomRetryMs = 5 * 60 * 1000;

std::string HexOf(absl::string_view bytes) { return absl::BytesToHexString(bytes); }

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
    // It is there: nobody but whoever has the turn takes it away.
    absl::MutexLock lock(&blobs_.mutex_);
    const auto at = blobs_.unfinished_.find(key_);
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

  // The same of one there is, that nobody went on with since `before`.
  bool TakeOld(int64_t before) {
    absl::MutexLock lock(&blobs_.mutex_);
    if (blobs_.closed_.count(std::get<1>(key_)) != 0) return false;  // they go with their dossier
    const auto at = blobs_.unfinished_.find(key_);
    if (at == blobs_.unfinished_.end() || at->second.busy) return false;
    if (at->second.touched_ms >= before) return false;
    at->second.busy = true;
    taken_ = true;
    return true;
  }

  void Put(Upload upload) {
    absl::MutexLock lock(&blobs_.mutex_);
    upload.busy = true;
    blobs_.unfinished_[key_] = upload;
  }

  // Its pieces go; what stays of them, when it fails, goes with the next start or piece.
  absl::Status Forget() {
    const absl::Status gone = durable::RemoveWithFiles(blobs_.UploadPath(key_), blobs_.files_);
    Put(Upload());
    return gone;
  }

 private:
  Blobs& blobs_;
  const Key key_;
  bool taken_ = false;
};

// A place in which one alone writes or moves a whole, whoever it comes from.
class Blobs::Hold {
 public:
  Hold(Blobs* blobs, sync::FilePlace place) : blobs_(*blobs), place_(std::move(place)) {
    absl::MutexLock lock(&blobs_.mutex_);
    held_ = blobs_.held_.insert(place_).second;
  }
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;
  ~Hold() {
    if (!held_) return;
    absl::MutexLock lock(&blobs_.mutex_);
    blobs_.held_.erase(place_);
  }
  bool held() const { return held_; }

 private:
  Blobs& blobs_;
  const sync::FilePlace place_;
  bool held_ = false;
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
                      HexOf(std::get<1>(key).view()), ".", HexOf(std::get<2>(key)), ".",
                      std::get<3>(key));
}

std::string Blobs::PieceName(uint64_t offset) { return absl::StrFormat("%016x", offset); }

absl::StatusOr<std::unique_ptr<Blobs>> Blobs::Open(std::string directory,
                                                   durable::StoreOptions files, BlobLimits limits,
                                                   std::function<int64_t()> now_ms) {
  std::unique_ptr<Blobs> blobs(
      new Blobs(std::move(directory), std::move(files), limits, std::move(now_ms)));
  SOTAY_RETURN_IF_ERROR(blobs->Load());
  return blobs;
}

absl::StatusOr<bool> Blobs::IsWhole(const Wanted& wanted) const {
  if (closed_.count(wanted.place.first) != 0) return IsElsewhere();
  const auto at = whole_.find(wanted.place);
  if (at == whole_.end()) return false;
  if (at->second == wanted.size) return true;
  return Malformed(absl::StrCat("the file of that hash has ", at->second,
                                " bytes, and its attachment says ", wanted.size,
                                "; withdraw that attachment and attach the file anew"));
}

absl::StatusOr<Blobs::Progress> Blobs::Ask(const Wanted& wanted) {
  absl::MutexLock lock(&mutex_);
  SOTAY_ASSIGN_OR_RETURN(const bool whole, IsWhole(wanted));
  if (whole) return Progress{wanted.size, true};
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
  if (upload.bytes > wanted.size || piece.data.size() > wanted.size - upload.bytes) {
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

// Notes come before files: they are not to meet a full disk because of these.
absl::Status Blobs::CheckRoom(uint64_t bytes) {
  const uint64_t room = durable::FreeBytesAt(durable::DirectoryOf(directory_), files_);
  if (room >= bytes && room - bytes >= limits_.free_bytes_min) {
    no_room_ = false;
    return absl::OkStatus();
  }
  if (!no_room_.exchange(true)) {
    Say(Severity::kError, "files_wait_for_room",
        {{"directory", directory_}, {"free_bytes", room}, {"kept_free", limits_.free_bytes_min}});
  }
  v1::ErrorDetail detail;
  detail.set_reason(v1::REASON_STORAGE);
  detail.set_retry_after_ms(kNoRoomRetryMs);
  return Refuse(absl::StatusCode::kResourceExhausted, detail,
                absl::StrCat("the server's disk has ", room, " bytes left, and keeps ",
                             limits_.free_bytes_min,
                             " of them for notes; the file stays on the device; tell whoever runs "
                             "the server"));
}

absl::Status Blobs::Count(const std::string& user, uint64_t bytes) {
  absl::MutexLock lock(&mutex_);
  const int64_t day = now_ms_() / kDayMs;
  if (day != day_) of_day_.clear();
  day_ = day;
  uint64_t& so_far = of_day_[user];
  if (bytes > limits_.day_bytes_max || so_far > limits_.day_bytes_max - bytes) {
    return Refuse(absl::StatusCode::kResourceExhausted, v1::REASON_QUOTA,
                  absl::StrCat("bytes of files taken of this user today: ", so_far, ", limit ",
                               limits_.day_bytes_max, "; the rest is taken tomorrow"));
  }
  so_far += bytes;
  return absl::OkStatus();
}

void Blobs::GiveBack(const std::string& user, uint64_t bytes) {
  absl::MutexLock lock(&mutex_);
  uint64_t& so_far = of_day_[user];
  so_far -= std::min(so_far, bytes);
}

absl::Status Blobs::WritePiece(const Key& key, const Piece& piece) {
  SOTAY_RETURN_IF_ERROR(durable::MakeDirectory(directory_, files_));
  SOTAY_RETURN_IF_ERROR(durable::MakeDirectory(absl::StrCat(directory_, kUnfinished), files_));
  SOTAY_RETURN_IF_ERROR(durable::MakeDirectory(UploadPath(key), files_));
  SOTAY_ASSIGN_OR_RETURN(const auto file,
                         durable::FileWriter::Begin(
                             absl::StrCat(UploadPath(key), "/", PieceName(piece.offset)), files_));
  SOTAY_RETURN_IF_ERROR(file->Append(piece.data));
  return file->Keep();
}

absl::StatusOr<uint64_t> Blobs::Send(const Wanted& wanted, const Piece& piece) {
  {
    absl::MutexLock lock(&mutex_);
    SOTAY_ASSIGN_OR_RETURN(const bool whole, IsWhole(wanted));
    if (whole) return wanted.size;
  }
  if (wanted.size > limits_.file_bytes_max) {
    return Refuse(absl::StatusCode::kResourceExhausted, v1::REASON_QUOTA,
                  absl::StrCat("file of ", wanted.size, " bytes, limit of this server ",
                               limits_.file_bytes_max));
  }
  Turn turn(this, KeyOf(wanted));
  SOTAY_ASSIGN_OR_RETURN(Upload upload, turn.Take());
  SOTAY_RETURN_IF_ERROR(CheckPiece(wanted, piece, upload));
  SOTAY_RETURN_IF_ERROR(CheckRoom(piece.data.size()));
  SOTAY_RETURN_IF_ERROR(Count(wanted.user, piece.data.size()));
  const absl::Status written = WritePiece(KeyOf(wanted), piece);
  if (!written.ok()) {
    GiveBack(wanted.user, piece.data.size());
    return Written(written);
  }
  upload.bytes += piece.data.size();
  ++upload.pieces;
  upload.touched_ms = now_ms_();
  turn.Put(upload);
  return upload.bytes;
}

absl::Status Blobs::PutTogether(const Wanted& wanted) {
  SOTAY_RETURN_IF_ERROR(durable::MakeDirectory(DossierPath(wanted.place.first), files_));
  const std::string path = FilePath(wanted.place);
  SOTAY_ASSIGN_OR_RETURN(const auto file, durable::FileWriter::Begin(path, files_));
  for (uint64_t offset = 0; offset < wanted.size;) {
    const std::string from = absl::StrCat(UploadPath(KeyOf(wanted)), "/", PieceName(offset));
    SOTAY_ASSIGN_OR_RETURN(const auto piece, durable::FileReader::Open(from, files_));
    SOTAY_ASSIGN_OR_RETURN(const std::string bytes, piece->Read(0, kChunkBytesMax));
    if (bytes.empty()) return absl::DataLossError(absl::StrCat(from, " is empty"));
    SOTAY_RETURN_IF_ERROR(file->Append(bytes));
    offset += bytes.size();
  }
  // What gets the name is what is on the disk, and not what was meant to be.
  SOTAY_RETURN_IF_ERROR(file->Settle());
  const absl::Status same =
      CheckHash(absl::StrCat(path, durable::kPartSuffix), wanted.place.second);
  if (absl::IsDataLoss(same)) {
    return Malformed(
        "the whole has another hash than its attachment says; send it again from the beginning");
  }
  SOTAY_RETURN_IF_ERROR(same);
  return file->Keep();
}

absl::Status Blobs::Finish(const Wanted& wanted) {
  {
    // Said again, or somebody else sent it: then what was sent beside that is of no use.
    absl::MutexLock lock(&mutex_);
    SOTAY_ASSIGN_OR_RETURN(const bool whole, IsWhole(wanted));
    if (whole && unfinished_.count(KeyOf(wanted)) == 0) return absl::OkStatus();
  }
  Turn turn(this, KeyOf(wanted));
  SOTAY_ASSIGN_OR_RETURN(const Upload upload, turn.Take());
  const Hold hold(this, wanted.place);
  if (!hold.held()) return Busy("this file is being put together from another device");
  absl::Status put;
  if (!Has(wanted.place)) {
    if (upload.bytes != wanted.size) {
      return Refuse(absl::StatusCode::kFailedPrecondition, v1::REASON_CHANGED_MEANWHILE,
                    absl::StrCat(upload.bytes, " of ", wanted.size, " bytes are here"));
    }
    SOTAY_RETURN_IF_ERROR(CheckRoom(wanted.size));
    put = PutTogether(wanted);
    if (!put.ok() && !absl::IsInvalidArgument(put) && !absl::IsDataLoss(put) &&
        !absl::IsNotFound(put)) {
      return Written(put);
    }
    if (put.ok()) {
      absl::MutexLock lock(&mutex_);
      whole_.emplace(wanted.place, wanted.size);
    }
  }
  // What was sent is of no use any more, or of none at all.  When it is whole that is told, and
  // what is left of its pieces goes at the next start.
  turn.Forget().IgnoreError();
  if (!put.ok()) return absl::IsInvalidArgument(put) ? put : StorageFailed();
  absl::MutexLock lock(&mutex_);
  return IsWhole(wanted).status();
}

absl::Status Blobs::Recheck(const sync::FilePlace& place) {
  const Hold hold(this, place);
  // Somebody else does it, or the file leaves with its dossier.
  if (!hold.held() || !Has(place)) return absl::OkStatus();
  const absl::Status verified = Verify(place);
  if (!absl::IsDataLoss(verified) && !absl::IsNotFound(verified)) return verified;
  Say(Severity::kError, "file_damaged",
      {{"dossier", place.first.Hex()},
       {"sha256", HexOf(place.second)},
       {"message", std::string(verified.message())}});
  if (absl::IsDataLoss(verified)) {
    SOTAY_RETURN_IF_ERROR(durable::MoveAside(FilePath(place), files_));
  }
  absl::MutexLock lock(&mutex_);
  whole_.erase(place);
  return absl::OkStatus();
}

void Blobs::Sweep() {
  const int64_t before = now_ms_() - limits_.unfinished_ms_max;
  std::vector<Key> old;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [key, upload] : unfinished_) {
      if (!upload.busy && upload.touched_ms < before) old.push_back(key);
    }
  }
  for (const Key& key : old) {
    Turn turn(this, key);
    // What stays for now is tried again at the next start.
    if (turn.TakeOld(before)) turn.Forget().IgnoreError();
  }
}

}  // namespace sotay::server
