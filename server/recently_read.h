// What was read last and is asked for again soon, the newest use first.  What is kept is of rows
// that are written once; when they are written anew after all, all of it is forgotten.  Any thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <list>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace sotay::server {

template <typename Value>
class RecentlyRead {
 public:
  using Kept = std::shared_ptr<const Value>;

  // The one that `is` says it is; null when it is not among them.
  template <typename Is>
  Kept Find(const Is& is) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    const auto at =
        std::find_if(kept_.begin(), kept_.end(), [&is](const Kept& kept) { return is(*kept); });
    if (at == kept_.end()) return nullptr;
    kept_.splice(kept_.begin(), kept_, at);
    return kept_.front();
  }
  // All of them: rows were written anew.
  void Forget() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    kept_.clear();
    ++forgotten_;
  }
  // How often they were forgotten; to be asked before something is read that is to be kept.
  uint64_t forgotten() const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return forgotten_;
  }
  // Not when they were forgotten since: it may have been read before it was written anew.
  void Keep(Kept value, uint64_t forgotten) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    if (forgotten != forgotten_) return;
    kept_.push_front(std::move(value));
    if (kept_.size() > kKept) kept_.pop_back();
  }

 private:
  // A few for each of the threads that read.
  static constexpr size_t kKept = 16;

  mutable absl::Mutex mutex_;
  uint64_t forgotten_ ABSL_GUARDED_BY(mutex_) = 0;
  std::list<Kept> kept_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sotay::server
