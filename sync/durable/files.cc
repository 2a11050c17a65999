#include "sync/durable/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "leveldb/env.h"
#include "sync/durable/open.h"
#include "sync/status_macros.h"

namespace sotay::durable {
namespace {

leveldb::Env* BaseOf(const StoreOptions& files) {
  return files.base != nullptr ? files.base : leveldb::Env::Default();
}

// Of the machine's files.  LevelDB's own reader maps them, and a bad sector in a map ends the
// process; here it is said, as the damage it is.
class PlainReader : public leveldb::RandomAccessFile {
 public:
  PlainReader(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  ~PlainReader() override { close(fd_); }

  leveldb::Status Read(uint64_t offset, size_t bytes, leveldb::Slice* read,
                       char* scratch) const override {
    size_t done = 0;
    while (done < bytes) {
      const ssize_t some =
          pread(fd_, scratch + done, bytes - done, static_cast<off_t>(offset + done));
      if (some < 0 && errno == EINTR) continue;
      if (some < 0) {
        return errno == EIO ? leveldb::Status::Corruption(path_, std::strerror(errno))
                            : leveldb::Status::IOError(path_, std::strerror(errno));
      }
      if (some == 0) break;
      done += static_cast<size_t>(some);
    }
    *read = leveldb::Slice(scratch, done);
    return leveldb::Status::OK();
  }

 private:
  const std::string path_;
  const int fd_;
};

leveldb::Status OpenPlain(const std::string& path, leveldb::RandomAccessFile** file) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return leveldb::Status::IOError(path, std::strerror(errno));
  *file = new PlainReader(path, fd);
  return leveldb::Status::OK();
}

}  // namespace

absl::StatusOr<std::vector<std::string>> NamesIn(const std::string& directory,
                                                 const StoreOptions& files) {
  std::vector<std::string> names;
  SOTAY_RETURN_IF_ERROR(FromLevelDb(BaseOf(files)->GetChildren(directory, &names)));
  names.erase(std::remove_if(names.begin(), names.end(),
                             [](const std::string& name) { return name == "." || name == ".."; }),
              names.end());
  return names;
}

absl::Status MakeDirectory(const std::string& directory, const StoreOptions& files) {
  if (BaseOf(files)->FileExists(directory)) return absl::OkStatus();
  DurableEnv env(BaseOf(files), files.sync_directory);
  SOTAY_RETURN_IF_ERROR(FromLevelDb(env.CreateDir(directory)));
  if (files.base == nullptr && chmod(directory.c_str(), 0700) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("closing ", directory, " to others"));
  }
  return absl::OkStatus();
}

bool IsThere(const std::string& path, const StoreOptions& files) {
  return BaseOf(files)->FileExists(path);
}

absl::StatusOr<uint64_t> SizeOf(const std::string& path, const StoreOptions& files) {
  uint64_t size = 0;
  SOTAY_RETURN_IF_ERROR(FromLevelDb(BaseOf(files)->GetFileSize(path, &size)));
  return size;
}

uint64_t FreeBytesAt(const std::string& path, const StoreOptions& files) {
  constexpr uint64_t kAny = std::numeric_limits<uint64_t>::max();
  if (files.free_bytes) return files.free_bytes();
  if (files.base != nullptr) return kAny;
  std::error_code error;
  const auto room = std::filesystem::space(path, error);
  return error ? kAny : uint64_t{room.available};
}

absl::Status MoveAside(const std::string& path, const StoreOptions& files) {
  std::string aside = absl::StrCat(path, ".aside");
  for (int i = 2; BaseOf(files)->FileExists(aside); ++i) aside = absl::StrCat(path, ".aside", i);
  return Rename(path, aside, files);
}

absl::Status Rename(const std::string& from, const std::string& to, const StoreOptions& files) {
  DurableEnv env(BaseOf(files), files.sync_directory);
  return FromLevelDb(env.RenameFile(from, to));
}

absl::Status RemoveFile(const std::string& path, const StoreOptions& files) {
  if (!BaseOf(files)->FileExists(path)) return absl::OkStatus();
  SOTAY_RETURN_IF_ERROR(FromLevelDb(BaseOf(files)->RemoveFile(path)));
  return FromLevelDb(files.sync_directory(DirectoryOf(path)));
}

absl::Status RemoveWithFiles(const std::string& directory, const StoreOptions& files) {
  leveldb::Env* const env = BaseOf(files);
  const auto names = NamesIn(directory, files);
  if (!names.ok() && !env->FileExists(directory)) return absl::OkStatus();
  SOTAY_RETURN_IF_ERROR(names.status());
  for (const std::string& name : *names) {
    SOTAY_RETURN_IF_ERROR(FromLevelDb(env->RemoveFile(absl::StrCat(directory, "/", name))));
  }
  // In this order, so that no power cut brings a file back that nobody would find.
  SOTAY_RETURN_IF_ERROR(FromLevelDb(files.sync_directory(directory)));
  SOTAY_RETURN_IF_ERROR(FromLevelDb(env->RemoveDir(directory)));
  return FromLevelDb(files.sync_directory(DirectoryOf(directory)));
}

FileWriter::FileWriter(std::string path, const StoreOptions& files)
    : path_(std::move(path)),
      env_(std::make_unique<DurableEnv>(BaseOf(files), files.sync_directory)) {}

FileWriter::~FileWriter() {
  file_.reset();
  // Past the Env, which writes nothing any more when that is why; what stays is written over.
  if (!kept_) env_->target()->RemoveFile(absl::StrCat(path_, kPartSuffix));
}

absl::StatusOr<std::unique_ptr<FileWriter>> FileWriter::Begin(const std::string& path,
                                                              const StoreOptions& files) {
  std::unique_ptr<FileWriter> writer(new FileWriter(path, files));
  const std::string part = absl::StrCat(path, kPartSuffix);
  leveldb::WritableFile* file = nullptr;
  SOTAY_RETURN_IF_ERROR(FromLevelDb(writer->env_->NewWritableFile(part, &file)));
  writer->file_.reset(file);
  if (files.base == nullptr && chmod(part.c_str(), 0600) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("closing ", part, " to others"));
  }
  return writer;
}

absl::Status FileWriter::Append(absl::string_view bytes) {
  return FromLevelDb(file_->Append(leveldb::Slice(bytes.data(), bytes.size())));
}

absl::Status FileWriter::Settle() { return FromLevelDb(file_->Sync()); }

absl::Status FileWriter::Keep() {
  SOTAY_RETURN_IF_ERROR(FromLevelDb(file_->Sync()));
  SOTAY_RETURN_IF_ERROR(FromLevelDb(file_->Close()));
  SOTAY_RETURN_IF_ERROR(FromLevelDb(env_->RenameFile(absl::StrCat(path_, kPartSuffix), path_)));
  kept_ = true;
  return absl::OkStatus();
}

FileReader::FileReader(std::unique_ptr<leveldb::RandomAccessFile> file, uint64_t size)
    : file_(std::move(file)), size_(size) {}
FileReader::~FileReader() = default;

absl::StatusOr<std::unique_ptr<FileReader>> FileReader::Open(const std::string& path,
                                                             const StoreOptions& files) {
  uint64_t size = 0;
  leveldb::RandomAccessFile* file = nullptr;
  if (!BaseOf(files)->FileExists(path)) {
    return absl::NotFoundError(absl::StrCat(path, " is not there"));
  }
  SOTAY_RETURN_IF_ERROR(FromLevelDb(BaseOf(files)->GetFileSize(path, &size)));
  SOTAY_RETURN_IF_ERROR(FromLevelDb(files.base == nullptr
                                        ? OpenPlain(path, &file)
                                        : files.base->NewRandomAccessFile(path, &file)));
  return std::unique_ptr<FileReader>(
      new FileReader(std::unique_ptr<leveldb::RandomAccessFile>(file), size));
}

absl::StatusOr<std::string> FileReader::Read(uint64_t offset, size_t bytes) const {
  std::string out;
  if (offset >= size_) return out;
  out.resize(static_cast<size_t>(std::min<uint64_t>(bytes, size_ - offset)));
  leveldb::Slice read;
  SOTAY_RETURN_IF_ERROR(FromLevelDb(file_->Read(offset, out.size(), &read, out.data())));
  if (read.size() != out.size()) return absl::DataLossError("a file is shorter than it was");
  if (read.data() != out.data()) out.assign(read.data(), read.size());
  return out;
}

}  // namespace sotay::durable
