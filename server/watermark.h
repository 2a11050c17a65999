// Up to where each device's changes are in a backup that was read back.  The backup's thread sets
// it, every Sync answer says it (SyncResponse.backed_up_through).  Thread-safe.
#pragma once

#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "sotay/stored/v1/backup.pb.h"
#include "sync/ids.h"

namespace sotay::server {

class Watermark {
 public:
  // Replaces all of it.
  void Set(const stored::v1::BackupMark& mark) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    through_.clear();
    for (const stored::v1::DeviceMark& device : mark.devices()) {
      const auto id = sync::DeviceId::From(device.device_id());
      if (id.has_value()) through_[*id] = device.accepted_through();
    }
  }

  // 0: nothing of it is.
  uint64_t Through(const sync::DeviceId& device) const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    const auto found = through_.find(device);
    return found == through_.end() ? 0 : found->second;
  }

 private:
  mutable absl::Mutex mutex_;
  absl::flat_hash_map<sync::DeviceId, uint64_t> through_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sotay::server
