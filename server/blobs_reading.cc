// What is told and read of files that are here.
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/blobs.h"
#include "server/refusal.h"
#include "sync/durable/files.h"
#include "sync/seal/hasher.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

absl::Status NotWhole() {
  return Refuse(absl::StatusCode::kFailedPrecondition, v1::REASON_CHANGED_MEANWHILE,
                "the file has not come whole yet");
}

}  // namespace

bool Blobs::Has(const sync::FilePlace& place) const { return SizeOf(place).has_value(); }

absl::optional<uint64_t> Blobs::SizeOf(const sync::FilePlace& place) const {
  absl::MutexLock lock(&mutex_);
  if (closed_.count(place.first) != 0) return absl::nullopt;
  const auto at = whole_.find(place);
  if (at == whole_.end()) return absl::nullopt;
  return at->second;
}

std::vector<sync::FilePlace> Blobs::All() const {
  absl::MutexLock lock(&mutex_);
  std::vector<sync::FilePlace> all;
  for (const auto& [place, size] : whole_) all.push_back(place);
  return all;
}

absl::StatusOr<std::string> Blobs::Read(const sync::FilePlace& place, uint64_t offset,
                                        size_t bytes) {
  {
    absl::MutexLock lock(&mutex_);
    if (closed_.count(place.first) != 0) return NotFound("the file");
    if (whole_.count(place) == 0) return NotWhole();
  }
  const auto read = [&]() -> absl::StatusOr<std::string> {
    SOTAY_ASSIGN_OR_RETURN(const auto file, durable::FileReader::Open(FilePath(place), files_));
    return file->Read(offset, bytes);
  }();
  if (!absl::IsDataLoss(read.status()) && !absl::IsNotFound(read.status())) return read;
  SOTAY_RETURN_IF_ERROR(Recheck(place));
  return Has(place) ? read : NotWhole();
}

absl::Status Blobs::Verify(const sync::FilePlace& place) const {
  return CheckHash(FilePath(place), place.second);
}

absl::Status Blobs::CheckHash(const std::string& path, const std::string& sha256) const {
  SOTAY_ASSIGN_OR_RETURN(const auto file, durable::FileReader::Open(path, files_));
  seal::Hasher hasher;
  for (uint64_t offset = 0; offset < file->size(); offset += kChunkBytesMax) {
    SOTAY_ASSIGN_OR_RETURN(const std::string bytes, file->Read(offset, kChunkBytesMax));
    hasher.Add(bytes);
  }
  const auto hash = hasher.Finish();
  if (std::string(hash.begin(), hash.end()) == sha256) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(path, " is not the file it is named by"));
}

}  // namespace sotay::server
