#include "mobile-sdk/cli/bundle.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>
#include <system_error>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "mobile-sdk/cli/bundle_names.h"
#include "mobile-sdk/cli/invocation.h"
#include "sotay/v1/change.pb.h"
#include "sync/attaching.h"
#include "sync/fragment.h"
#include "sync/merged_record.h"
#include "sync/seal/hasher.h"
#include "sync/secrecy.h"

namespace sotay::cli {
namespace {

namespace fs = std::filesystem;

constexpr size_t kPieceBytes = size_t{256} << 10;
constexpr size_t kExtraNamed = 100;
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

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

bool IsPlainFolder(const std::string& path) {
  std::error_code error;
  return fs::is_directory(fs::symlink_status(path, error));
}

// Everything in `folder` but what `known` has, as paths under `prefix`.
void TakeExtras(const std::string& folder, const std::string& prefix,
                const std::set<std::string>& known, std::vector<std::string>* extras) {
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (known.count(name) == 0) extras->push_back(prefix + name);
  }
  if (error) extras->push_back(absl::StrCat(prefix, " (", error.message(), ")"));
}

PlainLook Unreadable(int error) {
  return {FileState::kAltered, Instead::kUnreadable, std::strerror(error)};
}

// Opens a plain file, neither through a link nor waiting for whoever is to write into a pipe.  Less
// than 0: then `look` says what is there.
int OpenPlain(const std::string& path, uint64_t* size, PlainLook* look) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  struct stat there = {};
  if (fd < 0 || ::fstat(fd, &there) != 0) {
    *look = errno == ENOENT  ? PlainLook()
            : errno == ELOOP ? PlainLook{FileState::kAltered, Instead::kLink, ""}
                             : Unreadable(errno);
  } else if (S_ISREG(there.st_mode)) {
    *size = static_cast<uint64_t>(there.st_size);
    return fd;
  } else {
    *look = {FileState::kAltered, Instead::kNoFile, ""};
  }
  if (fd >= 0) ::close(fd);
  return -1;
}

// Of at most `size` bytes, and of some more to see that there are more; nothing when it cannot be
// read: `error` says why.
absl::optional<std::string> HashOf(int fd, uint64_t size,
                                   const std::function<void(uint64_t)>& progress, int* error) {
  seal::Hasher hasher;
  std::string piece(kPieceBytes, '\0');
  uint64_t read = 0;
  while (read <= size) {
    const ssize_t some = ::read(fd, piece.data(), piece.size());
    if (some < 0 && errno == EINTR) continue;
    if (some < 0) {
      *error = errno;
      return absl::nullopt;
    }
    if (some == 0) break;
    hasher.Add(absl::string_view(piece.data(), static_cast<size_t>(some)));
    read += static_cast<uint64_t>(some);
    if (progress) progress(read);
  }
  const auto hash = hasher.Finish();
  return std::string(hash.begin(), hash.end());
}

// Which of the files lies at a path; each path is read once at most.
class Finder {
 public:
  explicit Finder(const std::vector<CheckedFile>& files) {
    for (size_t i = 0; i < files.size(); ++i) {
      places_.emplace(KeyOf(files[i].file), i);
      sizes_.insert(files[i].file.size);
    }
  }
  absl::optional<size_t> At(const std::string& path) const {
    uint64_t size = 0;
    int error = 0;
    PlainLook look;
    const Descriptor open(OpenPlain(path, &size, &look));
    if (open.get() < 0 || sizes_.count(size) == 0) return absl::nullopt;
    const auto hash = HashOf(open.get(), size, nullptr, &error);
    const auto place = hash.has_value() ? places_.find({*hash, size}) : places_.end();
    if (place == places_.end()) return absl::nullopt;
    return place->second;
  }

 private:
  std::map<FileKey, size_t> places_;
  std::set<uint64_t> sizes_;
};

// Finds files that are not under their names: among what nobody names, which then is no longer
// extra, and under one another's.
void LookElsewhere(const std::string& folder, std::vector<CheckedFile>* files,
                   std::vector<std::string>* extras) {
  const Finder finder(*files);
  std::vector<std::string> unknown;
  for (std::string& extra : *extras) {
    const auto at = finder.At(absl::StrCat(folder, "/", extra));
    if (at.has_value() && (*files)[*at].look.state == FileState::kMissing) {
      (*files)[*at].look = {FileState::kElsewhere, Instead::kNothing, std::move(extra)};
    } else {
      unknown.push_back(std::move(extra));
    }
  }
  *extras = std::move(unknown);
  for (CheckedFile& checked : *files) {
    if (checked.look.state != FileState::kAltered) continue;
    const auto at = finder.At(absl::StrCat(folder, "/", kFilesName, "/", checked.file.name));
    if (at.has_value()) {
      checked.look.instead = Instead::kAnotherOne;
      checked.look.found = (*files)[*at].file.name;
    }
  }
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

absl::optional<v1::BundledFiles> StatementIn(absl::string_view dossier) {
  v1::DossierFiles said;
  if (!said.ParseFromArray(dossier.data(), static_cast<int>(dossier.size())) || !said.has_files()) {
    return absl::nullopt;
  }
  return said.files();
}

bool IsMissed(const CheckedFile& checked) {
  return checked.look.state == FileState::kMissing &&
         !(checked.file.withdrawn && checked.why == v1::FILE_ABSENCE_NOT_ARRIVED);
}

size_t FilesReport::Count(FileState state) const {
  return static_cast<size_t>(
      std::count_if(files.begin(), files.end(),
                    [&](const CheckedFile& file) { return file.look.state == state; }));
}

FilesReport::Verdict FilesReport::verdict() const {
  if (extra_count != 0 || Count(FileState::kAltered) != 0 || Count(FileState::kElsewhere) != 0) {
    return Verdict::kAltered;
  }
  const bool missed = std::any_of(files.begin(), files.end(), IsMissed);
  return missed ? Verdict::kIncomplete : Verdict::kWhole;
}

PlainLook LookAtFile(const std::string& path, const BundledFile& file,
                     const ReadingProgress& progress) {
  uint64_t size = 0;
  int error = 0;
  PlainLook look;
  const Descriptor open(OpenPlain(path, &size, &look));
  if (open.get() < 0) return look;
  if (size != file.size) return {FileState::kAltered, Instead::kOtherSize, absl::StrCat(size)};
  std::function<void(uint64_t)> told;
  if (progress) told = [&](uint64_t bytes) { progress(file, bytes); };
  const auto hash = HashOf(open.get(), size, told, &error);
  if (!hash.has_value()) return Unreadable(error);
  if (hash == file.sha256) return {FileState::kWhole, Instead::kNothing, ""};
  return {FileState::kAltered, Instead::kOtherBytes, ""};
}

FilesReport WithoutFolder(std::vector<BundledFile> named, const v1::BundledFiles& statement) {
  std::map<FileKey, v1::FileAbsence> said;
  for (const v1::AbsentFile& absent : statement.absent()) {
    said[{absent.sha256(), absent.size()}] = absent.why();
  }
  FilesReport report;
  for (BundledFile& file : named) {
    const auto why = said.find(KeyOf(file));
    report.files.push_back(
        {std::move(file), {}, why == said.end() ? v1::FILE_ABSENCE_UNSPECIFIED : why->second});
  }
  return report;
}

FilesReport CheckFiles(const std::string& folder, std::vector<BundledFile> named,
                       const v1::BundledFiles& statement, const ReadingProgress& progress) {
  FilesReport report = WithoutFolder(std::move(named), statement);
  const std::string files = absl::StrCat(folder, "/", kFilesName);
  std::set<std::string> known = {kDossierName};
  std::vector<std::string> extras;
  if (IsPlainFolder(files)) {
    known.insert(kFilesName);
    std::set<std::string> names;
    for (CheckedFile& checked : report.files) {
      names.insert(checked.file.name);
      const std::string path = absl::StrCat(files, "/", checked.file.name);
      checked.look = LookAtFile(path, checked.file, progress);
    }
    TakeExtras(files, absl::StrCat(kFilesName, "/"), names, &extras);
  }
  TakeExtras(folder, "", known, &extras);
  std::sort(extras.begin(), extras.end());
  LookElsewhere(folder, &report.files, &extras);
  report.extra_count = extras.size();
  if (extras.size() > kExtraNamed) extras.resize(kExtraNamed);
  report.extra = std::move(extras);
  return report;
}

ExportPlace PlaceOf(const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return {path, absl::StrCat(path, "/", kDossierName)};
  // The dossier in a folder is taken for the folder; one that has no files beside it stands alone.
  const fs::path parent = fs::path(path).parent_path();
  const std::string folder = parent.empty() ? "." : parent.string();
  const bool within = fs::path(path).filename() == kDossierName &&
                      IsPlainFolder(absl::StrCat(folder, "/", kFilesName));
  return {within ? folder : "", path};
}

absl::StatusOr<std::string> ReadDossierAt(const std::string& path) {
  const ExportPlace place = PlaceOf(path);
  std::error_code error;
  const auto status = fs::symlink_status(place.dossier, error);
  // What is in a folder may have been put there by anybody; what is named alone, the caller names.
  if (!place.folder.empty() && fs::exists(status) && !fs::is_regular_file(status)) {
    return absl::InvalidArgumentError(absl::StrCat(place.dossier, " is no plain file"));
  }
  return ReadFile(place.dossier, kDossierBytesMax);
}

}  // namespace sotay::cli
