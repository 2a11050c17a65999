// The threads that read the store for callers.  The threads of the transport must never wait
// for a disk, and the hub's never reads for others.  Thread-safe.
#pragma once

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace sotay::server {

class ReaderPool {
 public:
  // At most `waiting_max` readings wait; a reading takes some milliseconds.
  ReaderPool(int threads, size_t waiting_max);
  // Finishes what waits.
  ~ReaderPool();

  // Runs `reading` soon, on one of the threads.  False when too many wait: it will not run.
  bool Run(std::function<void()> reading) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Work() ABSL_LOCKS_EXCLUDED(mutex_);

  const size_t waiting_max_;
  absl::Mutex mutex_;
  std::deque<std::function<void()>> waiting_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace sotay::server
