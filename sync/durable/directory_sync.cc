#include "sync/durable/directory_sync.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace sotay::durable {
namespace {

leveldb::Status ErrnoStatus(const std::string& directory, int error) {
  return leveldb::Status::IOError("sync of directory " + directory,
                                  std::generic_category().message(error));
}

int SyncDescriptor(int descriptor) {
#ifdef F_FULLFSYNC
  // There fsync reaches the drive only, not the medium; not every file system offers more.
  if (::fcntl(descriptor, F_FULLFSYNC) == 0) return 0;
#endif
  return ::fsync(descriptor);
}

}  // namespace

leveldb::Status SyncPosixDirectory(const std::string& directory) {
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return ErrnoStatus(directory, errno);
  const int result = SyncDescriptor(descriptor);
  const int error = errno;
  // Nothing was written through this descriptor, so closing it can lose nothing.
  ::close(descriptor);
  return result == 0 ? leveldb::Status::OK() : ErrnoStatus(directory, error);
}

leveldb::Status NoDirectorySync(const std::string& /*directory*/) { return leveldb::Status::OK(); }

std::string DirectoryOf(const std::string& path) {
  const std::string::size_type slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace sotay::durable
