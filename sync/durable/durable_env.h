// The Env under every store of ours: LevelDB's view of the file system, made honest.  It stands
// between LevelDB and the base Env and is the reason "told means kept" holds on a full disk.
//
// LevelDB 1.23 goes on after a failed append: it writes the next record where it believes the
// file ends, tells the caller "synced", and finds all of it unreadable at the next start.  It
// does not sync a directory after renaming CURRENT, does not sync a log it leaves behind, and
// does not look at what closing a file returned.  Here instead:
//
//   - The first failed write of any kind ends all writing (*fail-stop*): from then on every
//     append, flush, sync, new file, rename and removal answers IOError naming that first
//     failure, and touches nothing.  Only a new DurableEnv, that is a reopened store, writes
//     again.  Reads go on.  Removals stop too, since LevelDB would otherwise tidy away the
//     MANIFEST that a rename of unknown outcome may just have put in force.
//   - A new file's name is durable when its first Sync returns; a rename or a new directory is
//     durable when the call returns.
//   - A file is never closed with unsynced bytes.
//
// LOG and LOG.old, LevelDB's diary, hold no data: failing to move them poisons nothing.
#pragma once

#include <map>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "leveldb/env.h"
#include "sync/durable/directory_sync.h"

namespace sotay::durable {

// Any thread.  Must outlive every DB and file opened through it; `base` must outlive it.
class DurableEnv : public leveldb::EnvWrapper {
 public:
  explicit DurableEnv(leveldb::Env* base, DirectorySync sync_directory = SyncPosixDirectory);
  // Gives back locks that were held and never taken over.
  ~DurableEnv() override;

  // Whether a write has failed, and writing is over.
  bool poisoned() const ABSL_LOCKS_EXCLUDED(mutex_);
  // OK, or the failure that ended writing: kResourceExhausted for a full disk, else
  // kUnavailable.  Says which call on which file, and what the system answered.
  absl::Status first_failure() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Locks `file` as LockFile does, before LevelDB comes to do it; its next LockFile of the same
  // name takes this lock over.  So a directory can be inspected and mended with no moment in
  // which another process could step in.
  leveldb::Status HoldLock(const std::string& file) ABSL_LOCKS_EXCLUDED(mutex_);

  leveldb::Status NewWritableFile(const std::string& name, leveldb::WritableFile** file) override;
  leveldb::Status NewAppendableFile(const std::string& name, leveldb::WritableFile** file) override;
  leveldb::Status RenameFile(const std::string& from, const std::string& to) override;
  leveldb::Status RemoveFile(const std::string& name) override;
  leveldb::Status CreateDir(const std::string& name) override;
  leveldb::Status RemoveDir(const std::string& name) override;
  leveldb::Status LockFile(const std::string& name, leveldb::FileLock** lock) override;
  leveldb::Status UnlockFile(leveldb::FileLock* lock) override;

 private:
  class File;

  // OK, or the refusal of a write to `name` after the first failure.
  leveldb::Status Refusal(const std::string& name) const ABSL_LOCKS_EXCLUDED(mutex_);
  // Passes `status` through; ends all writing when it is not OK.
  leveldb::Status Watch(absl::string_view verb, const std::string& name, leveldb::Status status)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Wraps what the base answered to a request for a file to write.
  leveldb::Status Wrap(const std::string& name, leveldb::Status status,
                       leveldb::WritableFile** file);
  // Locks through the base unless this process has the file already: LevelDB's own answer to
  // that question opens and closes the file, which silently drops the lock it asked about.
  leveldb::Status LockOnce(const std::string& file, leveldb::FileLock** lock)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Set once at construction.
  const DirectorySync sync_directory_;

  mutable absl::Mutex mutex_;
  leveldb::Status first_failure_ ABSL_GUARDED_BY(mutex_);
  // Taken by HoldLock and not yet taken over.
  std::map<std::string, leveldb::FileLock*> held_locks_ ABSL_GUARDED_BY(mutex_);
  // Under which key each lock of ours stands in the process-wide list.
  std::map<leveldb::FileLock*, std::string> lock_keys_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sotay::durable
