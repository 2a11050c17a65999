// The one writer of the server.  Callers hand it pushes that were already unpacked, hashed and
// verified, and administrative mutations; its thread takes what is waiting as a group, loads,
// decides, and hands what is to be written, once for all of them, to the scribe (scribe.h), who
// tells everybody when it is durable.  Then come the held changes that waited for one of these.
//
// While a group is being synced to disk the next one is decided, and the one after that gathers,
// so the busier it is the larger the groups, and the fewer syncs a change costs (*group commit*).
//
// When the store cannot be written the hub refuses all writing with STORAGE until the server is
// started again; reading goes on.
//
// Submit: any thread.  RunOnce and Flush: the hub's own thread, or, when none was started, one
// thread of the caller's choice: a simulation runs hub and phones in one.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "server/group.h"
#include "server/pen.h"
#include "server/release.h"
#include "server/scribe.h"
#include "server/watchers.h"

namespace sotay::server {

struct HubOptions {
  // Server clock, milliseconds since 1970.
  std::function<int64_t()> now_ms;
  // Told, on the hub's thread or the scribe's, what was damaged or could not be written.
  std::function<void(const absl::Status&)> failed;
  // A group is full at so many changes or bytes: some 10 ms of work, so that nobody waits long.
  size_t group_changes_max = 500;
  size_t group_bytes_max = size_t{2} << 20;
  // Bytes of pushes that may wait: a second of full load.  Past it callers are told BUSY.
  size_t queue_bytes_max = size_t{32} << 20;
  // Contacts of devices that only pull are written this often.
  int64_t contacts_ms = 30'000;
  // What is left to be done of sealed dossiers is tried this often.
  int64_t secrets_ms = 10'000;
};

class Hub {
 public:
  // What became of a push.  Called once, on the scribe's thread or the hub's (or the submitter's,
  // when the push is refused at once); must not block.
  using PushDone = PushJob::Done;
  // Administration: runs on the hub's thread with the pen.
  using Mutation = std::function<void(Pen*)>;

  Hub(Store* store, Directory* directory, const sync::Schema* schema, Watchers* watchers,
      HubOptions options);
  // Drains.
  ~Hub();

  void Start();
  // Takes everything that is waiting, writes the contacts, and ends the threads.  Whoever submits
  // from then on is told BUSY.
  void Drain() ABSL_LOCKS_EXCLUDED(mutex_);

  void Submit(Push push, PushDone done) ABSL_LOCKS_EXCLUDED(mutex_);
  // Not OK (BUSY, STORAGE): the mutation will never run.
  absl::Status Submit(Mutation mutation) ABSL_LOCKS_EXCLUDED(mutex_);

  // Takes one group, one mutation or one batch of releases.  False when there was nothing.
  bool RunOnce() ABSL_LOCKS_EXCLUDED(mutex_);
  // Writes what is known of contacts.
  void Flush();

  // Whether the store has failed.
  bool failed() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Job {
    PushJob push;
    Mutation mutation;  // when not empty: this instead
  };

  void Run();
  // What is to be done next; a mutation always comes alone.
  std::vector<Job> TakeJobs() ABSL_LOCKS_EXCLUDED(mutex_);
  // Why nothing can be taken, or OK.
  absl::Status Refusal(size_t bytes) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  void RunGroup(std::vector<Job> jobs);
  void RunReleases();
  // Another day: whose last day it was is said anew.
  void TurnDay();
  // What proved to be secret goes, as far as it has not.
  void GoOnWithSecrets();
  // And what was released as such leaves the files; somebody may read them just now.
  void SweepReleased();
  // What was decided satisfies what was held for it.
  void Note(const HeldNews& news);
  // The store could not be written.
  void Fail(const absl::Status& why) ABSL_LOCKS_EXCLUDED(mutex_);

  Directory& directory_;
  const HubOptions options_;
  Scribe scribe_;

  // The hub's thread alone.
  Pen pen_;
  Waiting waiting_;
  std::set<HeldChange> to_release_;
  int64_t contacts_written_ms_ = 0;
  sync::Day day_ = 0;
  int64_t secrets_tried_ms_ = 0;
  std::vector<std::vector<std::string>> to_sweep_;  // rows of one release each

  mutable absl::Mutex mutex_;
  std::deque<Job> queue_ ABSL_GUARDED_BY(mutex_);
  size_t queue_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool failed_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace sotay::server
