#include "mobile-sdk/core/file_exchange.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "mobile-sdk/core/backoff.h"
#include "sync/seal/digest.h"
#include "sync/status_macros.h"

namespace sotay::sdk {
namespace {

using sync::RecordId;

std::string HashOf(absl::string_view bytes) {
  const auto hash = seal::Sha256(bytes);
  return std::string(hash.begin(), hash.end());
}

v1::BlobName NameOf(const RecordId& id, const stored::v1::PhoneFile& row) {
  v1::BlobName name;
  name.set_record_id(id.str());
  name.set_sha256(row.sha256());
  return name;
}

constexpr int64_t kAsideMsMin = 60'000;

// Whether it keeps all files, and not one alone: the network, the server or this device as a whole.
bool KeepsAll(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kAborted:
      return true;
    case absl::StatusCode::kResourceExhausted: {
      const v1::Reason reason = DetailOf(status).reason();
      return reason != v1::REASON_QUOTA && reason != v1::REASON_TOO_LARGE;
    }
    default:
      return false;
  }
}

// Whether asking again makes no difference, as far as one can see: the attachment is not there, or
// the file too large.  Other quotas pass.
bool IsNotTaken(const absl::Status& status, uint64_t size, uint64_t file_bytes_max) {
  const v1::Reason reason = DetailOf(status).reason();
  return absl::IsNotFound(status) || absl::IsUnimplemented(status) ||
         reason == v1::REASON_TOO_LARGE ||
         (reason == v1::REASON_QUOTA && file_bytes_max != 0 && size > file_bytes_max);
}

// Whether the server has admitted the attachment: its first change is accepted, and was not set
// aside.
absl::StatusOr<bool> IsAdmitted(const Store& store, const RecordId& id, uint64_t accepted) {
  SOTAY_ASSIGN_OR_RETURN(const std::vector<Touch> touches, store.Touches(id, 1));
  if (touches.empty()) return true;  // made on a device before this one
  return touches.front().sequence <= accepted && touches.front().fate == Fate::kFine;
}

}  // namespace

absl::StatusOr<bool> FileExchange::MayGo(const RecordId& id, const stored::v1::PhoneFile& row,
                                         uint64_t accepted) {
  if (!row.to_send() || row.wholes_refused() >= kWholesMax) return false;
  if (const auto at = aside_.find(id); at != aside_.end()) {
    const int64_t since_ms = desk_.now_ms() - at->second.since_ms;
    // A clock that was set back makes nobody wait for what it was before.
    if (since_ms >= 0 && since_ms < at->second.wait_ms) return false;
  }
  return IsAdmitted(*desk_.store, id, accepted);
}

absl::StatusOr<absl::optional<FileExchange::Next>> FileExchange::Pick() {
  absl::ReaderMutexLock lock(&desk_.mutex);
  SOTAY_ASSIGN_OR_RETURN(const stored::v1::Progress progress, desk_.store->Progress());
  absl::optional<Next> next;
  if (current_.has_value()) {
    SOTAY_ASSIGN_OR_RETURN(const auto row, desk_.store->File(*current_));
    if (row.has_value()) {
      SOTAY_ASSIGN_OR_RETURN(const bool may, MayGo(*current_, *row, progress.accepted_through()));
      if (may) return absl::optional<Next>(Next{*current_, *row});
    }
    current_.reset();
  }
  SOTAY_ASSIGN_OR_RETURN(const auto files, desk_.store->Files());
  for (const auto& [id, row] : files) {
    SOTAY_ASSIGN_OR_RETURN(const bool may, MayGo(id, row, progress.accepted_through()));
    if (!may) continue;
    // What was begun is ended first; then the smallest.
    const auto rank = [](const stored::v1::PhoneFile& file) {
      return std::make_pair(file.sent() == 0, file.size());
    };
    if (!next.has_value() || rank(row) < rank(next->row)) next = Next{id, row};
  }
  return next;
}

absl::StatusOr<FileStep> FileExchange::Once() {
  absl::MutexLock lock(&mutex_);
  SOTAY_ASSIGN_OR_RETURN(const auto next, Pick());
  if (!next.has_value()) return FileStep{true, {}, 0, 0, false, 0};
  bool here = false;
  absl::StatusOr<FileStep> step = Send(*next, &here);
  if (step.ok()) {
    current_.reset();
    if (step->whole) {
      aside_.erase(next->id);
    } else {
      current_ = next->id;
    }
    return step;
  }
  asked_.erase(next->id);
  if (!here && KeepsAll(step.status())) return step;
  current_.reset();
  SOTAY_RETURN_IF_ERROR(SetAside(*next, step.status(), here));
  // The others have their turns, and the notes theirs between them.
  return FileStep{false, next->id, next->row.sent(), next->row.size(), false, 0};
}

absl::Status FileExchange::SetAside(const Next& next, const absl::Status& why, bool here) {
  Aside& aside = aside_[next.id];
  const int64_t most = std::min(kAsideMsMin << std::min(aside.failures, 20), kAsideMsMax);
  ++aside.failures;
  aside.since_ms = desk_.now_ms();
  // Not all phones in one second.
  aside.wait_ms = std::max(most / 2 + Backoff(desk_.random_bytes).Uniform(most / 2),
                           std::min<int64_t>(DetailOf(why).retry_after_ms(), kRetryAfterMsMax));
  absl::MutexLock lock(&desk_.mutex);
  SOTAY_ASSIGN_OR_RETURN(auto row, desk_.store->File(next.id));
  if (!row.has_value()) return absl::OkStatus();  // it left meanwhile
  StoreBatch batch;
  if (!here && absl::IsNotFound(why) && row->leaving() && row->fetched()) {
    // Another's, of a dossier that is not this user's any more, and nobody's to hand in from here.
    batch.DropFile(next.id);
    SOTAY_RETURN_IF_ERROR(desk_.store->Commit(batch));
    return desk_.files->Sweep(*desk_.store);
  }
  SOTAY_ASSIGN_OR_RETURN(const stored::v1::FileLimits limits, desk_.store->FileLimits());
  if (here) {
    // What the disk would not give may come another time.
    row->set_damaged(row->damaged() || absl::IsDataLoss(why));
  } else {
    row->set_not_taken(IsNotTaken(why, row->size(), limits.file_bytes_max()) ||
                       row->wholes_refused() >= kWholesMax);
  }
  batch.PutFile(next.id, *row);
  return desk_.store->Commit(batch);
}

absl::Status FileExchange::WholeRefused(const Next& next, const absl::Status& why, bool* here) {
  const absl::Status mine = desk_.files->Verify(next.id, next.row);
  *here = !mine.ok();
  SOTAY_RETURN_IF_ERROR(mine);
  SOTAY_RETURN_IF_ERROR(Note(next.id, [](stored::v1::PhoneFile* row) {
    row->set_sent(0);
    row->set_wholes_refused(row->wholes_refused() + 1);
  }));
  return why;
}

absl::Status FileExchange::NoteLimits(uint64_t file_bytes_max) {
  absl::MutexLock lock(&desk_.mutex);
  SOTAY_ASSIGN_OR_RETURN(stored::v1::FileLimits limits, desk_.store->FileLimits());
  if (limits.file_bytes_max() == file_bytes_max) return absl::OkStatus();
  limits.set_file_bytes_max(file_bytes_max);
  StoreBatch batch;
  batch.PutFileLimits(limits);
  return desk_.store->Commit(batch);
}

absl::StatusOr<FileStep> FileExchange::Send(const Next& next, bool* here) {
  const stored::v1::PhoneFile& row = next.row;
  FileStep step = {false, next.id, 0, row.size(), false, 0};
  auto at = asked_.find(next.id);
  if (at == asked_.end()) {
    v1::AskBlobRequest ask;
    *ask.mutable_blob() = NameOf(next.id, row);
    SOTAY_ASSIGN_OR_RETURN(const v1::AskBlobResponse is, link_.AskBlob(ask));
    SOTAY_RETURN_IF_ERROR(NoteLimits(is.file_bytes_max()));
    if (is.whole()) {
      SOTAY_RETURN_IF_ERROR(NoteWhole(next.id));
      step.sent = row.size();
      step.whole = true;
      return step;
    }
    // In pieces as they are sealed here; what another build sent in others is sent again.
    at = asked_.emplace(next.id, is.bytes()).first;
    if (is.bytes() > row.size()) return absl::InternalError("the server has more than there is");
  }
  if (at->second < row.size()) {
    const uint64_t begin = at->second - at->second % kPieceBytes;
    absl::StatusOr<std::string> read = desk_.files->Read(next.id, row, begin);
    *here = !read.ok();
    SOTAY_RETURN_IF_ERROR(read.status());
    std::string piece = *std::move(read);
    piece.erase(0, static_cast<size_t>(at->second - begin));
    v1::SendChunkRequest request;
    *request.mutable_blob() = NameOf(next.id, row);
    request.set_offset(at->second);
    request.set_sha256(HashOf(piece));
    request.set_data(std::move(piece));
    SOTAY_ASSIGN_OR_RETURN(const v1::SendChunkResponse taken, link_.SendChunk(request));
    if (taken.bytes() <= at->second || taken.bytes() > row.size()) {
      return absl::InternalError("the server took a piece and went no further");
    }
    step.moved = taken.bytes() - at->second;
    at->second = taken.bytes();
    SOTAY_RETURN_IF_ERROR(Note(next.id, [&](stored::v1::PhoneFile* file) {
      file->set_sent(taken.bytes());
      file->set_not_taken(false);
    }));
    step.sent = taken.bytes();
    return step;
  }
  v1::FinishBlobRequest request;
  *request.mutable_blob() = NameOf(next.id, row);
  const absl::Status finished = link_.FinishBlob(request).status();
  if (absl::IsInvalidArgument(finished)) return WholeRefused(next, finished, here);
  SOTAY_RETURN_IF_ERROR(finished);
  asked_.erase(at);
  SOTAY_RETURN_IF_ERROR(NoteWhole(next.id));
  step.sent = row.size();
  step.whole = true;
  return step;
}

absl::Status FileExchange::Note(const RecordId& id,
                                const std::function<void(stored::v1::PhoneFile*)>& change) {
  absl::MutexLock lock(&desk_.mutex);
  SOTAY_ASSIGN_OR_RETURN(auto row, desk_.store->File(id));
  if (!row.has_value()) return absl::OkStatus();  // it left meanwhile
  change(&*row);
  StoreBatch batch;
  batch.PutFile(id, *row);
  return desk_.store->Commit(batch);
}

absl::Status FileExchange::NoteWhole(const RecordId& id) {
  absl::MutexLock lock(&desk_.mutex);
  SOTAY_ASSIGN_OR_RETURN(auto row, desk_.store->File(id));
  if (!row.has_value()) return absl::OkStatus();
  row->set_to_send(false);
  row->set_not_taken(false);
  row->set_wholes_refused(0);
  row->set_sent(row->size());
  StoreBatch batch;
  if (row->leaving()) {
    batch.DropFile(id);
  } else {
    batch.PutFile(id, *row);
  }
  SOTAY_RETURN_IF_ERROR(desk_.store->Commit(batch));
  return row->leaving() ? desk_.files->Sweep(*desk_.store) : absl::OkStatus();
}

bool FileExchange::Waits() {
  absl::MutexLock lock(&mutex_);
  const auto next = Pick();
  return next.ok() && next->has_value();
}

void FileExchange::TryAgain() {
  absl::MutexLock lock(&mutex_);
  for (auto& [id, aside] : aside_) aside.wait_ms = 0;
  asked_.clear();
}

absl::Status OfferAnew(const Store& store, const std::string& unit_id, StoreBatch* batch) {
  SOTAY_ASSIGN_OR_RETURN(const auto files, store.Files());
  for (auto [id, file] : files) {
    if (!unit_id.empty() && file.unit_id() != unit_id) continue;
    if (file.to_send() && file.wholes_refused() == 0) continue;
    file.set_to_send(true);
    file.clear_wholes_refused();
    batch->PutFile(id, file);
  }
  return absl::OkStatus();
}

absl::Status FileExchange::Fetch(const RecordId& id, const stored::v1::PhoneFile& row,
                                 const std::function<void(uint64_t)>& progress) {
  SOTAY_ASSIGN_OR_RETURN(const auto writer, desk_.files->Write(id, row.size()));
  for (uint64_t offset = 0; offset < row.size();) {
    v1::ReadChunkRequest request;
    *request.mutable_blob() = NameOf(id, row);
    request.set_offset(offset);
    request.set_bytes_max(kPieceBytes);
    SOTAY_ASSIGN_OR_RETURN(const v1::ReadChunkResponse piece, link_.ReadChunk(request));
    if (piece.data().empty() || piece.data().size() > row.size() - offset ||
        HashOf(piece.data()) != piece.sha256()) {
      return absl::DataLossError(
          absl::StrCat("attachment ", id.Short(), ": a piece came damaged; fetch it again"));
    }
    SOTAY_RETURN_IF_ERROR(writer->Append(piece.data()));
    offset += piece.data().size();
    if (progress) progress(offset);
  }
  const absl::StatusOr<Files::Found> found = writer->Keep(row.sha256());
  if (absl::IsDataLoss(found.status())) {
    return absl::DataLossError(
        absl::StrCat("attachment ", id.Short(),
                     ": what came is not the file it names; tell your administrator"));
  }
  SOTAY_RETURN_IF_ERROR(found.status());
  stored::v1::PhoneFile kept = row;
  kept.set_key(found->key);
  kept.set_fetched(true);
  absl::MutexLock lock(&desk_.mutex);
  // It may have left while it came.
  SOTAY_ASSIGN_OR_RETURN(const auto shown, desk_.store->Row(id));
  if (!shown.has_value()) {
    return absl::NotFoundError(absl::StrCat("record ", id.Short(), " is not in this notebook"));
  }
  StoreBatch batch;
  batch.PutFile(id, kept);
  return desk_.store->Commit(batch);
}

}  // namespace sotay::sdk
