#include "mobile-sdk/core/file_exchange.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
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

// Whether asking again makes no difference: the attachment is not there, or the file too large.
bool IsNotTaken(const absl::Status& status) {
  return absl::IsNotFound(status) || absl::IsUnimplemented(status) ||
         (absl::IsResourceExhausted(status) && DetailOf(status).reason() == v1::REASON_QUOTA);
}

// Whether the server has admitted the attachment: its first change is accepted, and was not set
// aside.
absl::StatusOr<bool> IsAdmitted(const Store& store, const RecordId& id, uint64_t accepted) {
  SOTAY_ASSIGN_OR_RETURN(const std::vector<Touch> touches, store.Touches(id, 1));
  if (touches.empty()) return true;  // made on a device before this one
  return touches.front().sequence <= accepted && touches.front().fate == Fate::kFine;
}

}  // namespace

absl::StatusOr<absl::optional<FileExchange::Next>> FileExchange::Pick() {
  absl::ReaderMutexLock lock(&desk_.mutex);
  SOTAY_ASSIGN_OR_RETURN(const auto files, desk_.store->Files());
  SOTAY_ASSIGN_OR_RETURN(const stored::v1::Progress progress, desk_.store->Progress());
  absl::optional<Next> next;
  for (const auto& [id, row] : files) {
    if (!row.to_send() || set_aside_.count(id) != 0) continue;
    SOTAY_ASSIGN_OR_RETURN(const bool admitted,
                           IsAdmitted(*desk_.store, id, progress.accepted_through()));
    if (!admitted) continue;
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
  for (;;) {
    SOTAY_ASSIGN_OR_RETURN(const auto next, Pick());
    if (!next.has_value()) return FileStep{true, {}, 0, 0, false, 0};
    absl::StatusOr<FileStep> step = Send(*next);
    if (step.ok()) return step;
    asked_.erase(next->id);
    if (!IsNotTaken(step.status())) return step;
    set_aside_.insert(next->id);
    SOTAY_RETURN_IF_ERROR(
        Note(next->id, [](stored::v1::PhoneFile* row) { row->set_not_taken(true); }));
  }
}

absl::StatusOr<FileStep> FileExchange::Send(const Next& next) {
  const stored::v1::PhoneFile& row = next.row;
  FileStep step = {false, next.id, 0, row.size(), false, 0};
  auto at = asked_.find(next.id);
  if (at == asked_.end()) {
    v1::AskBlobRequest ask;
    *ask.mutable_blob() = NameOf(next.id, row);
    SOTAY_ASSIGN_OR_RETURN(const v1::AskBlobResponse is, link_.AskBlob(ask));
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
    SOTAY_ASSIGN_OR_RETURN(std::string piece, desk_.files->Read(next.id, row, begin));
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
  SOTAY_RETURN_IF_ERROR(link_.FinishBlob(request).status());
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
  set_aside_.clear();
  asked_.clear();
}

absl::Status FileExchange::Fetch(const RecordId& id, const stored::v1::PhoneFile& row,
                                 const std::function<void(uint64_t)>& progress) {
  SOTAY_ASSIGN_OR_RETURN(const auto writer, desk_.files->Write(id));
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
  SOTAY_ASSIGN_OR_RETURN(const Files::Found found, writer->Keep());
  if (found.sha256 != row.sha256()) {
    return absl::DataLossError(
        absl::StrCat("attachment ", id.Short(),
                     ": what came is not the file it names; tell your administrator"));
  }
  stored::v1::PhoneFile kept = row;
  kept.set_key(found.key);
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
