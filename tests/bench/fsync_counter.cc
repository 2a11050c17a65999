// Counts fsync and fdatasync of the process it is preloaded into (LD_PRELOAD), for the bench
// alone: nothing of the product knows of it.  The count stands in a file that both processes map,
// named by SOTAY_FSYNC_COUNT; without that variable calls pass through uncounted.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>

namespace {

using SyncCall = int (*)(int);
using Counter = std::atomic<uint64_t>;
static_assert(Counter::is_always_lock_free, "the count is shared between processes");

Counter* MapCounter() {
  const char* const path = std::getenv("SOTAY_FSYNC_COUNT");
  if (path == nullptr) return nullptr;
  const int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return nullptr;
  void* const page = mmap(nullptr, sizeof(Counter), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  return page == MAP_FAILED ? nullptr : static_cast<Counter*>(page);
}

int CountAndCall(SyncCall real, int fd) {
  static Counter* const counter = MapCounter();
  if (counter != nullptr) counter->fetch_add(1, std::memory_order_relaxed);
  return real(fd);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int fsync(int fd) {
  static const auto real = reinterpret_cast<SyncCall>(dlsym(RTLD_NEXT, "fsync"));
  return CountAndCall(real, fd);
}

extern "C" __attribute__((visibility("default"))) int fdatasync(int fd) {
  static const auto real = reinterpret_cast<SyncCall>(dlsym(RTLD_NEXT, "fdatasync"));
  return CountAndCall(real, fd);
}
