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
// Among so many a file is looked for that is not under its name.
constexpr size_t kSearchedMax = 10'000;

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

v1::FileAbsence AbsenceOf(const v1::BundledFiles& statement, const BundledFile& file) {
  for (const v1::AbsentFile& absent : statement.absent()) {
    if (absent.sha256() == file.sha256 && absent.size() == file.size) return absent.why();
  }
  return v1::FILE_ABSENCE_UNSPECIFIED;
}

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

// Finds those that are not under their names among what nobody names.
void LookElsewhere(const std::string& folder, const std::vector<std::string>& extras,
                   std::vector<CheckedFile>* files) {
  size_t looked_at = 0;
  for (const std::string& extra : extras) {
    const std::string path = absl::StrCat(folder, "/", extra);
    struct stat there = {};
    if (::lstat(path.c_str(), &there) != 0 || !S_ISREG(there.st_mode)) continue;
    for (CheckedFile& checked : *files) {
      if (checked.state != FileState::kMissing && checked.state != FileState::kAltered) continue;
      if (checked.file.size != static_cast<uint64_t>(there.st_size)) continue;
      if (++looked_at > kSearchedMax) return;
      if (LookAtFile(path, checked.file).state != FileState::kWhole) continue;
      // What stands under its own name stays told as the worse of the two.
      if (checked.state == FileState::kMissing) {
        checked.state = FileState::kElsewhere;
        checked.found = extra;
      }
      break;
    }
  }
}

// Of those that are others than they were: whether two were exchanged.
void LookForExchanged(const std::string& folder, std::vector<CheckedFile>* files) {
  size_t looked_at = 0;
  for (CheckedFile& checked : *files) {
    if (checked.state != FileState::kAltered) continue;
    const std::string path = absl::StrCat(folder, "/", kFilesName, "/", checked.file.name);
    struct stat there = {};
    if (::lstat(path.c_str(), &there) != 0 || !S_ISREG(there.st_mode)) continue;
    for (const CheckedFile& other : *files) {
      if (other.file.size != static_cast<uint64_t>(there.st_size) || &other == &checked) continue;
      if (++looked_at > kSearchedMax) return;
      if (LookAtFile(path, other.file).state != FileState::kWhole) continue;
      checked.found = absl::StrCat("its bytes are those of ", other.file.name);
      break;
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
  std::map<std::pair<std::string, uint64_t>, size_t> known;
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
  return checked.state == FileState::kMissing &&
         !(checked.file.withdrawn && checked.why == v1::FILE_ABSENCE_NOT_ARRIVED);
}

size_t FilesReport::Count(FileState state) const {
  return static_cast<size_t>(std::count_if(
      files.begin(), files.end(), [&](const CheckedFile& file) { return file.state == state; }));
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
  // Neither through a link nor waiting for whoever is to write into a pipe.
  const Descriptor open(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat there = {};
  if (open.get() < 0 || ::fstat(open.get(), &there) != 0) {
    if (errno == ENOENT) return {FileState::kMissing, ""};
    if (errno == ELOOP) return {FileState::kAltered, "a link stands in its place"};
    return {FileState::kAltered, absl::StrCat("it cannot be read: ", std::strerror(errno))};
  }
  if (!S_ISREG(there.st_mode)) return {FileState::kAltered, "what stands in its place is no file"};
  if (static_cast<uint64_t>(there.st_size) != file.size) {
    return {FileState::kAltered,
            absl::StrCat("it has ", there.st_size, " bytes, and had ", file.size)};
  }
  seal::Hasher hasher;
  std::string piece(kPieceBytes, '\0');
  uint64_t read = 0;
  // One byte over its size is enough to know that it grew.
  while (read <= file.size) {
    const ssize_t some = ::read(open.get(), piece.data(), piece.size());
    if (some < 0 && errno == EINTR) continue;
    if (some < 0) {
      return {FileState::kAltered, absl::StrCat("it cannot be read: ", std::strerror(errno))};
    }
    if (some == 0) break;
    hasher.Add(absl::string_view(piece.data(), static_cast<size_t>(some)));
    read += static_cast<uint64_t>(some);
    if (progress) progress(file, read);
  }
  const auto hash = hasher.Finish();
  if (read == file.size && std::string(hash.begin(), hash.end()) == file.sha256) {
    return {FileState::kWhole, ""};
  }
  return {FileState::kAltered, "its bytes are others"};
}

FilesReport WithoutFolder(std::vector<BundledFile> named, const v1::BundledFiles& statement) {
  FilesReport report;
  for (BundledFile& file : named) {
    const v1::FileAbsence why = AbsenceOf(statement, file);
    report.files.push_back({std::move(file), FileState::kMissing, why, ""});
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
      PlainLook look = LookAtFile(path, checked.file, progress);
      checked.state = look.state;
      checked.found = std::move(look.found);
    }
    TakeExtras(files, absl::StrCat(kFilesName, "/"), names, &extras);
  }
  TakeExtras(folder, "", known, &extras);
  std::sort(extras.begin(), extras.end());
  LookElsewhere(folder, extras, &report.files);
  LookForExchanged(folder, &report.files);
  // One that is whole under another name is told as that.
  for (const CheckedFile& checked : report.files) {
    if (checked.state != FileState::kElsewhere) continue;
    extras.erase(std::remove(extras.begin(), extras.end(), checked.found), extras.end());
  }
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

}  // namespace sotay::cli
