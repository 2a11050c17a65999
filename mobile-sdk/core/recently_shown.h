// The records shown last, so that typing on in one note does not lay its whole outbox on again
// with every word.  Holds what ShownReader would read anew; whoever settles an answer clears it.
// Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/optional.h"
#include "sync/ids.h"

namespace sotay::sdk {

// A shown record, serialised: that drops what a long history leaves behind in memory.
struct ShownBytes {
  std::string record;
  uint64_t newest_pending = 0;
};

class RecentlyShown {
 public:
  absl::optional<ShownBytes> Get(const sync::RecordId& id) const;
  void Put(const sync::RecordId& id, ShownBytes shown);
  void Clear();

 private:
  mutable absl::Mutex mutex_;
  std::map<sync::RecordId, ShownBytes> shown_ ABSL_GUARDED_BY(mutex_);
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace sotay::sdk
