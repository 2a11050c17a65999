// What the disk holds of files when the server starts.
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "server/blobs.h"
#include "server/event_log.h"
#include "sync/durable/files.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

constexpr size_t kHashBytes = 32;

// The bytes of a name that is their lower-case hexadecimal; empty: it is none.
std::string BytesOf(absl::string_view name, size_t bytes) {
  if (name.size() != 2 * bytes) return "";
  std::string out = absl::HexStringToBytes(name);
  return absl::BytesToHexString(out) == name ? out : "";
}

}  // namespace

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
    const std::string path = absl::StrCat(DossierPath(dossier), "/", name);
    if (std::string hash = BytesOf(name, kHashBytes); !hash.empty()) {
      const auto size = durable::SizeOf(path, files_);
      if (!size.ok()) {  // one file is no reason not to start
        Say(Severity::kError, "file_unreadable",
            {{"file", path}, {"message", std::string(size.status().message())}});
        continue;
      }
      absl::MutexLock lock(&mutex_);
      whole_.emplace(sync::FilePlace(dossier, std::move(hash)), *size);
    } else if (absl::EndsWith(name, durable::kPartSuffix)) {
      SOTAY_RETURN_IF_ERROR(durable::RemoveFile(path, files_));
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
    uint64_t size = 0;
    if (parts.size() != 4 || !absl::SimpleAtoi(parts[3], &size)) continue;
    const auto device = sync::DeviceId::From(BytesOf(parts[0], sync::DeviceId::kSize));
    const auto dossier = sync::RecordId::From(BytesOf(parts[1], sync::RecordId::kSize));
    const std::string hash = BytesOf(parts[2], kHashBytes);
    if (!device.has_value() || !dossier.has_value() || hash.empty()) continue;
    const Key key = {*device, *dossier, hash, size};
    if (Has({*dossier, hash})) {  // it was put together just before a crash
      SOTAY_RETURN_IF_ERROR(durable::RemoveWithFiles(UploadPath(key), files_));
      continue;
    }
    Upload upload;
    upload.touched_ms = now_ms_();
    for (;;) {
      const std::string piece = absl::StrCat(UploadPath(key), "/", PieceName(upload.bytes));
      if (!durable::IsThere(piece, files_)) break;
      SOTAY_ASSIGN_OR_RETURN(const uint64_t bytes, durable::SizeOf(piece, files_));
      if (bytes == 0) break;
      upload.bytes += bytes;
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

}  // namespace sotay::server
