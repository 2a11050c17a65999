#include "sync/seal/whole_file.h"

#include <fcntl.h>
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

// Fills `temporary` durably; the caller removes it when this fails.
absl::Status WriteTemporary(const std::string& temporary, absl::string_view bytes, mode_t mode) {
  Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (file.get() < 0) return Failed("creating", temporary);
  if (::fchmod(file.get(), mode) != 0) return Failed("setting the mode of", temporary);
  if (!WriteAll(file.get(), bytes)) return Failed("writing", temporary);
  if (!SyncToMedium(file.get())) return Failed("syncing", temporary);
  if (!file.Close()) return Failed("closing", temporary);
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
  // A fixed name, so that what a crash left behind is cleared away by the next attempt.
  const std::string temporary = absl::StrCat(path, ".new");
  if (::unlink(temporary.c_str()) != 0 && errno != ENOENT) return Failed("clearing", temporary);
  if (absl::Status written = WriteTemporary(temporary, bytes, static_cast<mode_t>(mode));
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
