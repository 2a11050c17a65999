// What becomes of the files of a dossier that proved to be secret.  A file that was sealed lies
// beside no open one: first all of it is sealed and durable, then the open one goes.
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/blobs.h"
#include "server/event_log.h"
#include "sync/durable/files.h"
#include "sync/seal/vault.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

// What is damaged is not to be had, and is not waited for.  Everything else may pass.
bool IsDamage(const absl::Status& why) { return absl::IsDataLoss(why) || absl::IsNotFound(why); }

// Named for the operator; nobody keeps a file open because it cannot be read.
void SayUnreadable(const std::string& path, const absl::Status& why) {
  Say(Severity::kError, "secret_file_unreadable",
      {{"file", path}, {"message", std::string(why.message())}});
}

}  // namespace

absl::Status Blobs::Close(const sync::RecordId& dossier) {
  std::vector<Key> unfinished;
  {
    absl::MutexLock lock(&mutex_);
    closed_.insert(dossier);
    for (const sync::FilePlace& place : held_) {
      if (place.first == dossier) return absl::UnavailableError("a file of it is being written");
    }
    for (const auto& [key, upload] : unfinished_) {
      if (std::get<1>(key) != dossier) continue;
      if (upload.busy) return absl::UnavailableError("a piece of a file of it is being taken");
      unfinished.push_back(key);
    }
    // Closed to all others from here on, so they stay as they are.
    for (auto at = whole_.lower_bound({dossier, ""});
         at != whole_.end() && at->first.first == dossier;) {
      at = whole_.erase(at);
    }
  }
  for (const Key& key : unfinished) {
    SOTAY_RETURN_IF_ERROR(durable::RemoveWithFiles(UploadPath(key), files_));
    absl::MutexLock lock(&mutex_);
    unfinished_.erase(key);
  }
  return absl::OkStatus();
}

absl::Status Blobs::SealPieces(const sync::FilePlace& place, const std::string& key,
                               const durable::FileReader& open) const {
  const std::string name = absl::BytesToHexString(place.second);
  SOTAY_ASSIGN_OR_RETURN(
      const auto sealed,
      durable::FileWriter::Begin(absl::StrCat(SealedPath(place.first), "/", name), files_));
  absl::Status unreadable;
  for (uint64_t offset = 0; offset < open.size(); offset += kChunkBytesMax) {
    absl::StatusOr<std::string> bytes = open.Read(offset, kChunkBytesMax);
    if (!bytes.ok()) {
      if (!IsDamage(bytes.status())) return bytes.status();
      unreadable = bytes.status();
      bytes = std::string();
    }
    SOTAY_ASSIGN_OR_RETURN(
        const std::string box,
        seal::SealInVault(key, absl::StrCat("file/", name, "/", offset), *bytes));
    SOTAY_RETURN_IF_ERROR(sealed->Append(box));
  }
  if (unreadable.ok()) return sealed->Keep();
  SayUnreadable(FilePath(place), unreadable);
  // One that was sealed before a crash is as good, or better.
  const std::string kept = absl::StrCat(SealedPath(place.first), "/", name);
  return durable::IsThere(kept, files_) ? absl::OkStatus() : sealed->Keep();
}

absl::Status Blobs::SealFile(const sync::FilePlace& place, const std::string& key) const {
  const auto open = durable::FileReader::Open(FilePath(place), files_);
  if (open.ok()) return SealPieces(place, key, **open);
  if (!IsDamage(open.status())) return open.status();
  SayUnreadable(FilePath(place), open.status());
  return absl::OkStatus();
}

absl::Status Blobs::Seal(const sync::RecordId& dossier, const std::string& key) {
  SOTAY_RETURN_IF_ERROR(Close(dossier));
  const std::string open = DossierPath(dossier);
  if (!durable::IsThere(open, files_)) return absl::OkStatus();
  SOTAY_RETURN_IF_ERROR(durable::MakeDirectory(SealedPath(dossier), files_));
  SOTAY_ASSIGN_OR_RETURN(const std::vector<std::string> names, durable::NamesIn(open, files_));
  for (const std::string& name : names) {
    const std::string hash = absl::HexStringToBytes(name.substr(0, 64));
    if (absl::BytesToHexString(hash) == name) {
      SOTAY_RETURN_IF_ERROR(SealFile({dossier, hash}, key));
    }
    SOTAY_RETURN_IF_ERROR(durable::RemoveFile(absl::StrCat(open, "/", name), files_));
  }
  return durable::RemoveWithFiles(open, files_);
}

absl::Status Blobs::Destroy(const sync::RecordId& dossier) {
  SOTAY_RETURN_IF_ERROR(Close(dossier));
  SOTAY_RETURN_IF_ERROR(durable::RemoveWithFiles(DossierPath(dossier), files_));
  return durable::RemoveWithFiles(SealedPath(dossier), files_);
}

bool Blobs::LiesOpen(const sync::RecordId& dossier) const {
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [key, upload] : unfinished_) {
      if (std::get<1>(key) == dossier) return true;
    }
  }
  return durable::IsThere(DossierPath(dossier), files_);
}

}  // namespace sotay::server
