#include "mobile-sdk/cli/bundle.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <system_error>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"
#include "mobile-sdk/cli/bundle_names.h"
#include "mobile-sdk/cli/invocation.h"
#include "sotay/v1/change.pb.h"
#include "sync/attaching.h"
#include "sync/fragment.h"
#include "sync/merged_record.h"
#include "sync/secrecy.h"

namespace sotay::cli {
namespace {

namespace fs = std::filesystem;

constexpr size_t kDossierBytesMax = size_t{1} << 30;

// What an attachment is called, in its own words.
std::string TitleOf(const sync::MergedRecord& record) {
  const sync::FieldType* const field = sync::TitleFieldOf(record);
  const sync::FieldSlot* const slot = field == nullptr ? nullptr : record.Slot(field->number);
  if (slot == nullptr || slot->readings.empty()) return "";
  if (slot->Text() != nullptr) return std::string(record.ShownText(field->number));
  return std::string(sync::StringOf(slot->readings.front().value).value_or(""));
}

// Records in the order in which the log first has them.
std::map<std::string, size_t> OrderOf(const v1::Dossier& dossier) {
  std::map<std::string, size_t> order;
  for (const v1::ProvenChange& proven : dossier.changes()) {
    v1::Change change;
    if (!change.ParseFromString(proven.change())) continue;
    for (const v1::RecordEdit& edit : change.edits()) order.emplace(edit.record_id(), order.size());
  }
  return order;
}

// A file is its bytes: (hash, size).
using FileKey = std::pair<std::string, uint64_t>;

FileKey KeyOf(const BundledFile& file) { return {file.sha256, file.size}; }

// The folder that a path means which names the dossier in it; empty: it does not.
std::string FolderNamedBy(const std::string& path) {
  if (fs::path(path).filename() != kDossierName) return "";
  const fs::path parent = fs::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
}

// Whether anything has that name, a link that leads nowhere as well.
bool IsAnythingAt(const std::string& path) {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));
}

// Calls `take` with each occurrence of a field of bytes in a serialised message; false when it
// cannot be read to its end.
bool EachOccurrence(absl::string_view message, int field,
                    const std::function<void(absl::string_view)>& take) {
  namespace pb = google::protobuf;
  // The cast is protobuf's signature: it reads bytes.
  pb::io::CodedInputStream stream(reinterpret_cast<const uint8_t*>(message.data()),
                                  static_cast<int>(message.size()));
  const uint32_t wanted = pb::internal::WireFormatLite::MakeTag(
      field, pb::internal::WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
  while (const uint32_t tag = stream.ReadTag()) {
    uint32_t size = 0;
    if (tag != wanted) {
      if (!pb::internal::WireFormatLite::SkipField(&stream, tag)) return false;
      continue;
    }
    if (!stream.ReadVarint32(&size)) return false;
    const auto at = static_cast<size_t>(stream.CurrentPosition());
    if (size > message.size() - at || !stream.Skip(static_cast<int>(size))) return false;
    take(message.substr(at, size));
  }
  return stream.ConsumedEntireMessage();
}

}  // namespace

std::vector<BundledFile> FilesNamedIn(const sync::Schema& schema, const v1::Dossier& dossier) {
  struct Naming {
    size_t place;
    sync::MergedRecord record;
    sync::AttachedFile file;
  };
  const std::map<std::string, size_t> order = OrderOf(dossier);
  std::vector<Naming> namings;
  for (const std::string& bytes : dossier.records()) {
    auto record = sync::MergedRecord::Parse(schema, bytes);
    if (!record.ok()) continue;
    const auto file = sync::FileOf(*record);
    if (!file.has_value()) continue;
    const auto place = order.find(record->id().str());
    namings.push_back(
        {place == order.end() ? order.size() : place->second, *std::move(record), *file});
  }
  std::sort(namings.begin(), namings.end(), [](const Naming& a, const Naming& b) {
    return std::make_tuple(a.place, a.record.id()) < std::make_tuple(b.place, b.record.id());
  });
  std::vector<BundledFile> files;
  std::map<FileKey, size_t> known;
  for (const Naming& naming : namings) {
    const auto [at, added] =
        known.emplace(std::make_pair(naming.file.sha256, naming.file.size), files.size());
    if (added) {
      files.push_back({BundledName(files.size() + 1, naming.file.sha256, TitleOf(naming.record)),
                       naming.file.sha256,
                       naming.file.size,
                       {},
                       true});
    }
    BundledFile& file = files[at->second];
    file.attachments.push_back(naming.record.id());
    file.withdrawn = file.withdrawn && naming.file.withdrawn;
  }
  return files;
}

std::set<std::string> UnknownTypesIn(const sync::Schema& schema, const v1::Dossier& dossier) {
  std::set<std::string> types;
  for (const std::string& bytes : dossier.records()) {
    const auto record = sync::MergedRecord::Parse(schema, bytes);
    if (record.ok() && record->type() == nullptr) types.insert(record->type_name());
  }
  return types;
}

absl::optional<v1::BundledFiles> StatementIn(absl::string_view dossier) {
  // Said in pieces, they are one: as protobuf reads a message.
  bool said = false;
  std::string pieces;
  const bool read =
      EachOccurrence(dossier, v1::DossierFiles::kFilesFieldNumber, [&](absl::string_view piece) {
        said = true;
        absl::StrAppend(&pieces, piece);
      });
  v1::BundledFiles statement;
  if (!read || !said || !statement.ParseFromString(pieces)) return absl::nullopt;
  return statement;
}

absl::string_view DossierIn(absl::string_view sealed) {
  absl::string_view dossier;
  EachOccurrence(sealed, v1::SealedDossier::kDossierFieldNumber,
                 [&](absl::string_view bytes) { dossier = bytes; });
  return dossier;
}

ExportPlace PlaceOf(const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return {path, absl::StrCat(path, "/", kDossierName)};
  const std::string folder = FolderNamedBy(path);
  const bool within = !folder.empty() && IsAnythingAt(absl::StrCat(folder, "/", kFilesName));
  return {within ? folder : "", path};
}

std::string FolderOf(const std::string& path, const std::vector<BundledFile>& named,
                     const v1::BundledFiles& statement) {
  const std::string folder = PlaceOf(path).folder;
  if (!folder.empty()) return folder;
  std::set<FileKey> left_out;
  for (const v1::AbsentFile& absent : statement.absent()) {
    if (absent.why() == v1::FILE_ABSENCE_LEFT_OUT) left_out.emplace(absent.sha256(), absent.size());
  }
  const bool with_files = std::any_of(named.begin(), named.end(), [&](const BundledFile& file) {
    return left_out.count(KeyOf(file)) == 0;
  });
  return with_files ? FolderNamedBy(path) : "";
}

absl::StatusOr<std::string> ReadDossierAt(const std::string& path) {
  const ExportPlace place = PlaceOf(path);
  std::error_code error;
  const auto status = fs::symlink_status(place.dossier, error);
  // What is in a folder may have been put there by anybody; what is named alone, the caller names.
  if (!place.folder.empty() && fs::exists(status) && !fs::is_regular_file(status)) {
    return absl::DataLossError(
        absl::StrCat(place.dossier, " is no plain file; no export leaves that there"));
  }
  return ReadFile(place.dossier, kDossierBytesMax);
}

}  // namespace sotay::cli
