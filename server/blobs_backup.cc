#include "server/blobs_backup.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "sync/durable/files.h"
#include "sync/seal/hasher.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

constexpr size_t kHashBytes = 32;

std::string FilesOf(const std::string& life) { return absl::StrCat(life, "/files"); }

// The bytes of a name that is their lower-case hexadecimal; empty: it is none.
std::string BytesOf(const std::string& name, size_t bytes) {
  if (name.size() != 2 * bytes) return "";
  std::string out = absl::HexStringToBytes(name);
  return absl::BytesToHexString(out) == name ? out : "";
}

using ReadAt = std::function<absl::StatusOr<std::string>(uint64_t offset)>;

// Copies what hashes to `hash`; how many bytes.  kDataLoss, calling it `what`, when it does not.
absl::StatusOr<uint64_t> Copy(const ReadAt& read, const std::string& what, const std::string& to,
                              const std::string& hash, const durable::StoreOptions& files) {
  SOTAY_ASSIGN_OR_RETURN(const auto writer, durable::FileWriter::Begin(to, files));
  seal::Hasher hasher;
  uint64_t size = 0;
  for (;;) {
    SOTAY_ASSIGN_OR_RETURN(const std::string bytes, read(size));
    if (bytes.empty()) break;
    hasher.Add(bytes);
    SOTAY_RETURN_IF_ERROR(writer->Append(bytes));
    size += bytes.size();
  }
  const auto found = hasher.Finish();
  if (std::string(found.begin(), found.end()) != hash) {
    return absl::DataLossError(absl::StrCat(what, " is not the file it is named by"));
  }
  SOTAY_RETURN_IF_ERROR(writer->Keep());
  return size;
}

}  // namespace

absl::Status BackUpFiles(Blobs* blobs, const std::string& life, const durable::StoreOptions& files,
                         const std::function<bool()>& hurried, std::set<sync::FilePlace>* copied) {
  absl::Status failed;
  for (const sync::FilePlace& place : blobs->All()) {
    if (copied->count(place) != 0) continue;
    if (hurried && hurried()) return absl::CancelledError("the server stops");
    const std::string dossier = absl::StrCat(FilesOf(life), "/", place.first.Hex());
    const std::string to = absl::StrCat(dossier, "/", absl::BytesToHexString(place.second));
    if (durable::IsThere(to, files)) {
      copied->insert(place);
      continue;
    }
    SOTAY_RETURN_IF_ERROR(durable::MakeDirectory(FilesOf(life), files));
    SOTAY_RETURN_IF_ERROR(durable::MakeDirectory(dossier, files));
    const absl::Status copy =
        Copy([&](uint64_t offset) { return blobs->Read(place, offset, kChunkBytesMax); },
             absl::StrCat("file ", absl::BytesToHexString(place.second), " of dossier ",
                          place.first.Hex()),
             to, place.second, files)
            .status();
    if (absl::IsDataLoss(copy)) SOTAY_RETURN_IF_ERROR(blobs->Recheck(place));
    // Its dossier proved to be secret meanwhile, or it is not what it was: then it is in no backup.
    if (!blobs->Has(place)) {
      SOTAY_RETURN_IF_ERROR(durable::RemoveFile(to, files));
      continue;
    }
    if (absl::IsResourceExhausted(copy)) return copy;
    if (copy.ok()) copied->insert(place);
    if (failed.ok()) failed = copy;
  }
  return failed;
}

absl::Status DropFiles(const std::string& life, const std::set<std::string>& sealed,
                       const durable::StoreOptions& files) {
  for (const std::string& dossier : sealed) {
    SOTAY_RETURN_IF_ERROR(durable::RemoveWithFiles(
        absl::StrCat(FilesOf(life), "/", absl::BytesToHexString(dossier)), files));
  }
  return absl::OkStatus();
}

absl::Status TakeFilesOver(const std::string& aside, const std::string& life,
                           const std::set<std::string>& sealed,
                           const durable::StoreOptions& files) {
  if (!durable::IsThere(FilesOf(aside), files)) return absl::OkStatus();
  SOTAY_RETURN_IF_ERROR(durable::MakeDirectory(FilesOf(life), files));
  SOTAY_ASSIGN_OR_RETURN(const auto names, durable::NamesIn(FilesOf(aside), files));
  for (const std::string& name : names) {
    const std::string dossier = BytesOf(name, sync::RecordId::kSize);
    if (dossier.empty() || sealed.count(dossier) != 0) continue;
    const std::string from = absl::StrCat(FilesOf(aside), "/", name);
    const std::string to = absl::StrCat(FilesOf(life), "/", name);
    if (!durable::IsThere(to, files)) {
      SOTAY_RETURN_IF_ERROR(durable::Rename(from, to, files));
      continue;
    }
    SOTAY_ASSIGN_OR_RETURN(const auto left, durable::NamesIn(from, files));
    for (const std::string& file : left) {
      const std::string kept = absl::StrCat(to, "/", file);
      if (BytesOf(file, kHashBytes).empty() || durable::IsThere(kept, files)) continue;
      SOTAY_RETURN_IF_ERROR(durable::Rename(absl::StrCat(from, "/", file), kept, files));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<RestoredFiles> RestoreFiles(const std::string& life, const std::string& blobs,
                                           const std::set<std::string>& sealed,
                                           const durable::StoreOptions& files) {
  RestoredFiles restored;
  if (!durable::IsThere(FilesOf(life), files)) return restored;
  SOTAY_RETURN_IF_ERROR(durable::MakeDirectory(blobs, files));
  SOTAY_ASSIGN_OR_RETURN(const auto dossiers, durable::NamesIn(FilesOf(life), files));
  for (const std::string& dossier : dossiers) {
    const std::string id = BytesOf(dossier, sync::RecordId::kSize);
    if (id.empty() || sealed.count(id) != 0) continue;
    const std::string from = absl::StrCat(FilesOf(life), "/", dossier);
    const std::string to = absl::StrCat(blobs, "/", dossier);
    SOTAY_RETURN_IF_ERROR(durable::MakeDirectory(to, files));
    SOTAY_ASSIGN_OR_RETURN(const auto names, durable::NamesIn(from, files));
    for (const std::string& name : names) {
      const std::string hash = BytesOf(name, kHashBytes);
      const std::string kept = absl::StrCat(to, "/", name);
      if (hash.empty() || durable::IsThere(kept, files)) continue;
      const std::string path = absl::StrCat(from, "/", name);
      const auto reader = durable::FileReader::Open(path, files);
      // Of writing everything is said, of reading that this one is not to be had.
      absl::Status unread = reader.status();
      const auto read = [&](uint64_t offset) -> absl::StatusOr<std::string> {
        auto some = (*reader)->Read(offset, kChunkBytesMax);
        if (!some.ok()) unread = some.status();
        return some;
      };
      const absl::StatusOr<uint64_t> bytes =
          unread.ok() ? Copy(read, path, kept, hash, files) : absl::StatusOr<uint64_t>(unread);
      if (!unread.ok() || absl::IsDataLoss(bytes.status())) {
        restored.damaged.emplace_back(bytes.status().message());
        continue;
      }
      SOTAY_RETURN_IF_ERROR(bytes.status());
      ++restored.files;
      restored.bytes += *bytes;
    }
  }
  return restored;
}

}  // namespace sotay::server
