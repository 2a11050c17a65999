// The access log: who read which record, when, from which device, by which rule.  Every service
// that shows records notes here what it has shown, before it answers; what cannot be noted is
// answered BUSY.  Rows are gathered (access_gathering.h) and written by the hub's thread, all in
// one batch, within a second or so: whoever looks at them asks for that first.
//
// A crash loses the rows that were gathered and not written: reads of the last second.  When the
// store cannot be written any more, reading goes on and is recorded no longer; the operator is
// told so, and of each such read as far as the event log is bounded.
//
// Thread-safe.
#pragma once

#include <cstdint>
#include <functional>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "server/access_gathering.h"
#include "server/directory.h"
#include "server/hub.h"
#include "server/shown.h"
#include "server/store.h"
#include "sotay/v1/access_service.pb.h"

namespace sotay::server {

class AccessLog {
 public:
  // What it is given outlives it, and the hub is drained before it goes.
  AccessLog(Store* store, Hub* hub, std::function<int64_t()> now_ms, GatheringLimits limits = {})
      : store_(*store), hub_(*hub), now_ms_(std::move(now_ms)), gathering_(limits) {}

  // Notes what `answered` has shown, or that it was refused as not there or not the caller's.
  // `asked` has the kind, and what of the question is kept.  BUSY: it must not be shown.
  absl::Status Note(const Caller& caller, const v1::AccessEntry& asked, const ShownParts& shown,
                    const absl::Status& answered) ABSL_LOCKS_EXCLUDED(mutex_);

  // What `read(shown)` answers, noted.
  template <typename Read>
  auto Answer(const Caller& caller, const v1::AccessEntry& asked, Read read) {
    ShownParts shown;
    auto answer = read(&shown);
    absl::Status noted = Note(caller, asked, shown, answer.status());
    if (!noted.ok()) answer = std::move(noted);
    return answer;
  }

  // Calls `written` when everything noted before is on disk, or never will be: on the hub's
  // thread or the caller's.  With BUSY when it will be later.
  void Flush(std::function<void(absl::Status)> written) ABSL_LOCKS_EXCLUDED(mutex_);
  // To be called about once a second.
  void Tick() ABSL_LOCKS_EXCLUDED(mutex_);
  // Writes what is left, when the hub is drained and nobody reads any more.
  void Close() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  std::vector<v1::AccessEntry> Take() ABSL_LOCKS_EXCLUDED(mutex_);
  // The store cannot be written; `lost` rows were not.
  void GiveUp(size_t lost) ABSL_LOCKS_EXCLUDED(mutex_);

  Store& store_;
  Hub& hub_;
  const std::function<int64_t()> now_ms_;

  absl::Mutex mutex_;
  Gathering gathering_ ABSL_GUARDED_BY(mutex_);
  int writing_ ABSL_GUARDED_BY(mutex_) = 0;  // flushes the hub has still to do
  bool failed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace sotay::server
