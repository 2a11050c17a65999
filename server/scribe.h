// The scribe writes what the pen has decided, on a thread of its own, so that the next group is
// decided while this one is being synced.  What it has written it makes known: the directory
// first, then those who watch, then whoever waits for the answer.  One sheet at a time: what is
// durable is always the beginning of what was decided.
//
// When nothing is to be written it files what births are without a row (unfiled_births.h).
//
// When the store could not be written, this and every later sheet is answered with STORAGE
// (refusal.h), and nobody hears of what was on it.
#pragma once

#include <functional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "server/directory.h"
#include "server/store.h"
#include "server/watchers.h"

namespace sotay::server {

class Scribe {
 public:
  // What became of a sheet.  Called once, on the scribe's thread; must not block.
  using Written = std::function<void(absl::Status)>;

  // `failed` is told why the store could not be written, for each sheet that was not, before
  // its answer is given; and why births could not be filed.
  Scribe(Store* store, Directory* directory, Watchers* watchers,
         std::function<void(const absl::Status&)> failed);
  // Finishes what it was given.
  ~Scribe();

  // Until then, and after Stop, everything is written at once on the caller's thread.
  void Start() ABSL_LOCKS_EXCLUDED(mutex_);
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

  // The rest is for one thread, the pen's.
  // Takes the sheet once the one before is written, and leaves an empty one.  `tables`: those on
  // the sheet.
  void Write(Sheet* sheet, Tables tables, Written written) ABSL_LOCKS_EXCLUDED(mutex_);
  // The same, on this thread; returns when it is written.
  absl::Status WriteNow(Sheet* sheet, const Tables& tables) ABSL_LOCKS_EXCLUDED(mutex_);
  // Returns when everything it was given is written and answered.
  void Settle() ABSL_LOCKS_EXCLUDED(mutex_);
  bool busy() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Run() ABSL_LOCKS_EXCLUDED(mutex_);
  bool WaitForSheet() ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status Keep(Sheet* sheet, const Tables& tables);

  Store& store_;
  Directory& directory_;
  Watchers& watchers_;
  const std::function<void(const absl::Status&)> failed_;

  // The thread's while busy_, the pen's otherwise.
  Sheet sheet_;
  Tables tables_;
  Written written_;

  mutable absl::Mutex mutex_;
  bool busy_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool unfiled_ ABSL_GUARDED_BY(mutex_) = false;  // there are births to file once it is quiet
  std::thread thread_;
};

}  // namespace sotay::server
