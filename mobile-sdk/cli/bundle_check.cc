// A folder held against what a dossier's records name.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "mobile-sdk/cli/bundle.h"
#include "mobile-sdk/cli/bundle_names.h"
#include "sync/seal/hasher.h"

namespace sotay::cli {
namespace {

namespace fs = std::filesystem;

constexpr size_t kPieceBytes = size_t{256} << 10;
constexpr size_t kExtraNamed = 100;

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

std::string PathOf(const BundledFile& file) { return absl::StrCat(kFilesName, "/", file.name); }

// This machine's failure says nothing of the file.
PlainLook Unread(int error) {
  return {FileState::kUnread, Instead::kNothing, std::strerror(error)};
}

// Opens a plain file, neither through a link nor waiting for whoever is to write into a pipe.  Less
// than 0: then `look` says what is there.
int OpenPlain(const std::string& path, uint64_t* size, PlainLook* look) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  struct stat there = {};
  if (fd < 0 || ::fstat(fd, &there) != 0) {
    *look = errno == ENOENT  ? PlainLook()
            : errno == ELOOP ? PlainLook{FileState::kAltered, Instead::kLink, ""}
            : errno == ENXIO ? PlainLook{FileState::kAltered, Instead::kNoFile, ""}  // a socket
                             : Unread(errno);
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

// Takes what lies under names that no record gives, path by path: a file that is missing from its
// place is found by it, and all else is extra.  Holds the first hundred of them, however many come.
class Strangers {
 public:
  Strangers(std::string folder, FilesReport* report)
      : folder_(std::move(folder)), report_(*report), finder_(report->files) {}

  // Everything in `directory` of the folder but what `known` has.
  void TakeAllOf(const std::string& directory, const std::set<std::string>& known) {
    const std::string prefix = directory.empty() ? "" : absl::StrCat(directory, "/");
    std::error_code error;
    for (fs::directory_iterator at(absl::StrCat(folder_, "/", directory), error), end;
         !error && at != end; at.increment(error)) {
      const std::string name = at->path().filename().string();
      if (known.count(name) == 0) Take(absl::StrCat(prefix, name));
    }
    if (error) {
      report_.unread.push_back(
          absl::StrCat(directory.empty() ? "." : directory, ": ", error.message()));
    }
  }
  void Close() {
    for (auto& [path, bytes_of] : extra_) report_.extra.push_back({path, std::move(bytes_of)});
    for (CheckedFile& checked : report_.files) {
      if (checked.look.state != FileState::kAltered) continue;
      const auto at = finder_.At(absl::StrCat(folder_, "/", PathOf(checked.file)));
      if (!at.has_value()) continue;
      checked.look.instead = Instead::kAnotherOne;
      checked.look.found = report_.files[*at].file.name;
    }
  }

 private:
  void Take(std::string path) {
    std::string bytes_of;
    if (const auto at = finder_.At(absl::StrCat(folder_, "/", path))) {
      CheckedFile& checked = report_.files[*at];
      PlainLook& look = checked.look;
      const bool missing = look.state == FileState::kMissing;
      const bool found =
          look.state == FileState::kElsewhere || look.state == FileState::kNamedOtherwise;
      // Of several that have its bytes the first by path is the file, in whatever order they come.
      if (missing || (found && path < look.found)) {
        absl::string_view name = path;
        const bool of_the_rule = absl::ConsumePrefix(&name, absl::StrCat(kFilesName, "/")) &&
                                 IsNameOf(name, checked.file.sha256);
        look.state = of_the_rule ? FileState::kNamedOtherwise : FileState::kElsewhere;
        std::swap(look.found, path);
      }
      if (missing) return;
      bytes_of = PathOf(checked.file);
    }
    ++report_.extra_count;
    extra_.emplace(std::move(path), std::move(bytes_of));
    if (extra_.size() > kExtraNamed) extra_.erase(std::prev(extra_.end()));
  }

  const std::string folder_;
  FilesReport& report_;
  const Finder finder_;
  std::map<std::string, std::string> extra_;
};

}  // namespace

size_t FilesReport::Count(FileState state) const {
  return static_cast<size_t>(
      std::count_if(files.begin(), files.end(),
                    [&](const CheckedFile& file) { return file.look.state == state; }));
}

FilesReport::Verdict FilesReport::verdict() const {
  // What is extra here may be the file of a record that cannot be read here.
  const bool extra_is_open = !unknown_types.empty();
  if (Count(FileState::kAltered) != 0 || Count(FileState::kElsewhere) != 0 ||
      (extra_count != 0 && !extra_is_open)) {
    return Verdict::kAltered;
  }
  if (Count(FileState::kUnread) != 0 || !unread.empty()) return Verdict::kUnchecked;
  if (!unknown_types.empty()) return Verdict::kUnknown;
  return Count(FileState::kMissing) != 0 ? Verdict::kIncomplete : Verdict::kWhole;
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
  if (!hash.has_value()) return Unread(error);
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
                       const v1::BundledFiles& statement, const ReadingProgress& progress,
                       const std::set<std::string>& beside) {
  FilesReport report = WithoutFolder(std::move(named), statement);
  const std::string files = absl::StrCat(folder, "/", kFilesName);
  std::set<std::string> known = beside;
  known.insert(kDossierName);
  std::set<std::string> names;
  const bool has_files = IsPlainFolder(files);
  if (has_files) {
    known.insert(kFilesName);
    for (CheckedFile& checked : report.files) {
      names.insert(checked.file.name);
      const std::string path = absl::StrCat(files, "/", checked.file.name);
      checked.look = LookAtFile(path, checked.file, progress);
    }
  }
  Strangers strangers(folder, &report);
  if (has_files) strangers.TakeAllOf(kFilesName, names);
  strangers.TakeAllOf("", known);
  strangers.Close();
  return report;
}

}  // namespace sotay::cli
