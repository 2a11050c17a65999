// Records somebody has open: news of them come with their history, so that an edit begun before the
// news can be merged with them (Notebook::Hold).  Any thread.
#pragma once

#include <map>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "sync/ids.h"

namespace sotay::sdk {

class HeldRecords {
 public:
  void Hold(const sync::RecordId& id) {
    absl::MutexLock lock(&mutex_);
    ++held_[id];
  }
  void Release(const sync::RecordId& id) {
    absl::MutexLock lock(&mutex_);
    const auto at = held_.find(id);
    if (at != held_.end() && --at->second == 0) held_.erase(at);
  }
  bool Holds(const sync::RecordId& id) const {
    absl::MutexLock lock(&mutex_);
    return held_.count(id) != 0;
  }

 private:
  mutable absl::Mutex mutex_;
  std::map<sync::RecordId, int> held_ ABSL_GUARDED_BY(mutex_);  // by how many
};

}  // namespace sotay::sdk
