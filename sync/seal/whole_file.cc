#include "sync/seal/whole_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"

namespace sotay::seal {
namespace {

constexpr size_t kFirstBytes = size_t{16} << 10;  // more than most files here have

// Closes on every way out; Close() says whether the system had something to complain about.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { Close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  bool Close() {
    const int fd = std::exchange(fd_, -1);
    return fd < 0 || ::close(fd) == 0;
  }

 private:
  int fd_;
};

// fsync on Apple systems stops at the drive's cache.
bool SyncToMedium(int fd) {
#ifdef F_FULLFSYNC
  if (::fcntl(fd, F_FULLFSYNC) == 0) return true;
#endif
  return ::fsync(fd) == 0;
}

bool WriteAll(int fd, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return false;
    }
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

absl::Status Failed(absl::string_view tried, const std::string& path) {
  return absl::ErrnoToStatus(errno, absl::StrCat(tried, " ", path));
}

std::string DirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Opens `temporary` for this process alone, whatever a crash left in it.
absl::StatusOr<int> OpenAlone(const std::string& temporary, mode_t mode) {
  constexpr int kTries = 8;
  for (int i = 0; i < kTries; ++i) {
    const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0) return Failed("creating", temporary);
    struct stat opened = {}, there = {};
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) {
      // Another may have finished it, and put it in its place, between opening and locking.
      if (::fstat(fd, &opened) == 0 && ::stat(temporary.c_str(), &there) == 0 &&
          opened.st_ino == there.st_ino) {
        return fd;
      }
      ::close(fd);
      continue;
    }
    ::close(fd);
    break;
  }
  return absl::UnavailableError(
      absl::StrCat(temporary, " is being written by another process; try again"));
}

// Fills it durably.
absl::Status Fill(int fd, const std::string& temporary, absl::string_view bytes, mode_t mode) {
  if (::ftruncate(fd, 0) != 0) return Failed("clearing", temporary);
  if (::fchmod(fd, mode) != 0) return Failed("setting the mode of", temporary);
  if (!WriteAll(fd, bytes)) return Failed("writing", temporary);
  if (!SyncToMedium(fd)) return Failed("syncing", temporary);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> ReadWholeFile(const std::string& path, size_t bytes_max) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return Failed("opening", path);
  // The limit says what may be, not what is to be expected: room is made as it is filled.  One byte
  // more than allowed, to see that there is more.
  std::string bytes;
  size_t size = 0;
  for (;;) {
    if (size == bytes.size()) {
      if (size > bytes_max) break;
      bytes.resize(std::min(std::max(2 * size, kFirstBytes), bytes_max + 1));
    }
    const ssize_t got = ::read(file.get(), bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Failed("reading", path);
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  if (size > bytes_max) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is longer than ", bytes_max, " bytes; it is not the file expected"));
  }
  bytes.resize(size);
  return bytes;
}

absl::Status WriteWholeFile(const std::string& path, absl::string_view bytes, unsigned mode) {
  // A fixed name, so that what a crash left behind is cleared away by the next attempt; locked
  // until it is in its place, so that two processes do not write into one.
  const std::string temporary = absl::StrCat(path, ".new");
  const absl::StatusOr<int> opened = OpenAlone(temporary, static_cast<mode_t>(mode));
  if (!opened.ok()) return opened.status();
  const Descriptor file(*opened);
  if (absl::Status written = Fill(file.get(), temporary, bytes, static_cast<mode_t>(mode));
      !written.ok()) {
    ::unlink(temporary.c_str());
    return written;
  }
  if (std::rename(temporary.c_str(), path.c_str()) != 0) {
    const absl::Status failed = Failed("putting the new file in place of", path);
    ::unlink(temporary.c_str());
    return failed;
  }
  const std::string directory = DirectoryOf(path);
  Descriptor parent(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (parent.get() < 0) return Failed("opening", directory);
  if (!SyncToMedium(parent.get())) return Failed("syncing", directory);
  return absl::OkStatus();
}

}  // namespace sotay::seal
