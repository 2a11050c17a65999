// Who listens to which unit's log, and what they have been told.  Last beat of the corridor:
// the hub says that a unit has grown; each listener then asks for its news when it is ready to
// send them, so that to a slow one many changes come as one.
//
// Every time a watch has something to say its caller is looked up anew: a revoked device, or a
// unit its user has lost, ends the watch within a tick.
//
// Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/optional.h"
#include "server/directory.h"
#include "sotay/v1/sync_service.pb.h"

namespace sotay::server {

// A phone's radio and a router's table both forget a silent connection after half a minute.
constexpr int64_t kHeartbeatMs = 20'000;
// Open watches; each costs its connection and some 500 bytes.
constexpr size_t kWatchesMax = 20'000;

class Watchers {
 public:
  // What a watch has to send; `end` not OK: nothing more, and why.
  struct News {
    absl::Status end;
    std::vector<v1::Cursor> cursors;
  };

  explicit Watchers(const Directory* directory) : directory_(*directory) {}

  // Begins a watch.  `wake` is called, on any thread and without a lock held, when Take may
  // have something; it must not block and must not call back.  The first Take always has.
  // NOT_FOUND for a unit the caller may not read, CURSOR_INVALID as for a feed, BUSY when there
  // are too many watches or the server is stopping.
  absl::StatusOr<uint64_t> Add(const Caller& caller, const std::vector<v1::Cursor>& cursors,
                               int64_t now_ms, std::function<void()> wake)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Ends it; `wake` is not called any more once this has returned from the last Wake.
  void Remove(uint64_t watch) ABSL_LOCKS_EXCLUDED(mutex_);

  // What there is to send now; nothing when there is nothing new and no heartbeat is due.
  absl::optional<News> Take(uint64_t watch, int64_t now_ms) ABSL_LOCKS_EXCLUDED(mutex_);

  // A unit's log has grown, or something was said of who sees which of its dossiers.
  void Wake(const std::string& unit) ABSL_LOCKS_EXCLUDED(mutex_);
  // To be called about once a second: wakes those whose heartbeat is due or whose right ended.
  void Tick(int64_t now_ms) ABSL_LOCKS_EXCLUDED(mutex_);
  // Ends all watches, present and future: the server stops.
  void EndAll() ABSL_LOCKS_EXCLUDED(mutex_);

  size_t size() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Watch {
    sync::DeviceId device;
    std::string key;  // it was begun with; the watch ends with it
    // What the caller knows of a unit.
    struct Told {
      uint64_t position = 0;
      uint64_t access = 0;  // Cursor.access
    };
    std::map<std::string, Told> told;  // by unit
    int64_t told_ms = 0;
    bool first = true;
    std::shared_ptr<const std::function<void()>> wake;
  };

  // OK, or why the watch ends.
  absl::Status Right(const Watch& watch) const;

  const Directory& directory_;
  mutable absl::Mutex mutex_;
  uint64_t last_ ABSL_GUARDED_BY(mutex_) = 0;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<uint64_t, Watch> watches_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sotay::server
