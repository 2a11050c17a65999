// A disk that fails in every way a disk may, in memory and the same way each time.  Tests and the
// simulation put it under a DurableEnv (or under LevelDB alone, to see that a test can turn red).
//
// What it models, more harshly than any one file system:
//   - Bytes appended are durable when the *file* was synced; names created, renamed or removed
//     are durable when the *directory* was synced (SyncDirectory, the seam of DurableEnv).
//     Neither implies the other.
//   - A power cut keeps what is durable and, of the rest, what its kind says.
//
// LevelDB's background work runs on one thread of this Env, and a foreground Append waits until
// it is idle; so the same calls come in the same order in every run.  (LevelDB holds no lock in
// Append; a DurableEnv in between gives way before it looks whether writing is over.)  Any thread.
// Everything random follows from the seed given to the call.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "leveldb/env.h"
#include "tests/support/power_cut.h"

namespace sotay::testing {

class FaultEnv : public leveldb::EnvWrapper {
 public:
  // A call that could change the disk, before it does.
  struct Call {
    uint64_t number = 0;  // from 1, since construction
    std::string verb;     // "append", "sync", "flush", "close", "create", "rename", "remove", …
    std::string name;
  };

  // `base` gives clock and detached threads; its files are not used.  See DiskImage to exchange
  // files with it.
  explicit FaultEnv(leveldb::Env* base = leveldb::Env::Default());
  ~FaultEnv() override;

  // The directory seam: pass [&env](const std::string& d) { return env.SyncDirectory(d); }.
  leveldb::Status SyncDirectory(const std::string& directory);

  // What is on the disk now, durable and not.  Stays good afterwards as long as no FailSync
  // strikes.
  DiskMoment Capture() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Starts anew from `image`, all of it durable: files open before are of another world, locks
  // are free, planned faults are forgotten.
  void Restart(const DiskImage& image) ABSL_LOCKS_EXCLUDED(mutex_);
  // Cuts power now and starts anew from what is left.
  void Cut(PowerCut kind, uint64_t seed) { Restart(Survivors(Capture(), kind, seed)); }
  // Everything as a reader sees it now.
  DiskImage Visible() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Called before every call that could change the disk, on the calling thread.  Set it while
  // no call is under way.
  void set_observer(std::function<void(const Call&)> observer) { observer_ = std::move(observer); }
  uint64_t calls() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Faults, counted from the moment they are planned; each replaces its like.
  // The n-th call from now fails and changes nothing.
  void FailCall(uint64_t n) ABSL_LOCKS_EXCLUDED(mutex_);
  // The n-th call from now and all later ones fail and change nothing: the machine is gone.
  void StopAtCall(uint64_t n) ABSL_LOCKS_EXCLUDED(mutex_);
  // The disk takes `bytes` more; the append that reaches the end is half done.  After
  // `failures` failed appends there is space again, without end.
  void FillDisk(uint64_t bytes, uint64_t failures) ABSL_LOCKS_EXCLUDED(mutex_);
  // The n-th read of a file from now fails; 0: none does.  True until it has.
  void FailRead(uint64_t n) { reads_until_failure_ = n; }
  bool WaitsToFailRead() const { return reads_until_failure_ != 0; }
  // The n-th sync of a file from now answers EIO, and what it was to keep becomes zeros; later
  // syncs succeed.  This is what Linux does.
  void FailSync(uint64_t n) ABSL_LOCKS_EXCLUDED(mutex_);
  // While set, syncs of files succeed and keep nothing.
  void LieAboutSync(bool lie) ABSL_LOCKS_EXCLUDED(mutex_);

  leveldb::Status NewSequentialFile(const std::string& name,
                                    leveldb::SequentialFile** file) override;
  leveldb::Status NewRandomAccessFile(const std::string& name,
                                      leveldb::RandomAccessFile** file) override;
  leveldb::Status NewWritableFile(const std::string& name, leveldb::WritableFile** file) override;
  leveldb::Status NewAppendableFile(const std::string& name, leveldb::WritableFile** file) override;
  bool FileExists(const std::string& name) override;
  leveldb::Status GetChildren(const std::string& directory,
                              std::vector<std::string>* children) override;
  leveldb::Status RemoveFile(const std::string& name) override;
  leveldb::Status CreateDir(const std::string& name) override;
  leveldb::Status RemoveDir(const std::string& name) override;
  leveldb::Status GetFileSize(const std::string& name, uint64_t* bytes) override;
  leveldb::Status RenameFile(const std::string& from, const std::string& to) override;
  leveldb::Status LockFile(const std::string& name, leveldb::FileLock** lock) override;
  leveldb::Status UnlockFile(leveldb::FileLock* lock) override;
  leveldb::Status NewLogger(const std::string& name, leveldb::Logger** logger) override;
  void Schedule(void (*work)(void*), void* argument) override;
  // Takes no time, but waits for background work as an Append does.
  void SleepForMicroseconds(int micros) override;

 private:
  class Reader;
  class Writer;
  class Lock;

  // Counts a call and tells the observer; then OK, or the planned fault.
  // Whether this is the read that fails.
  bool IsReadToFail() const {
    uint64_t left = reads_until_failure_;
    while (left != 0 && !reads_until_failure_.compare_exchange_weak(left, left - 1)) {
    }
    return left == 1;
  }
  leveldb::Status Begin(const char* verb, const std::string& name) ABSL_LOCKS_EXCLUDED(mutex_);
  void Change(NameChange change) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::shared_ptr<Inode> Find(const std::string& name) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  leveldb::Status AppendTo(const std::string& name, Inode* inode, const leveldb::Slice& data);
  leveldb::Status SyncFile(const std::string& name, Inode* inode);
  // Waits until background work is idle, unless this is the background thread.
  void WaitForBackground() ABSL_LOCKS_EXCLUDED(background_mutex_);
  void RunBackground();

  std::function<void(const Call&)> observer_;
  mutable std::atomic<uint64_t> reads_until_failure_{0};

  mutable absl::Mutex mutex_;
  DiskNames visible_ ABSL_GUARDED_BY(mutex_);
  DiskNames durable_ ABSL_GUARDED_BY(mutex_);
  // What leads from durable_ to visible_, oldest first.
  std::vector<NameChange> unsynced_names_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> locked_ ABSL_GUARDED_BY(mutex_);
  uint64_t calls_ ABSL_GUARDED_BY(mutex_) = 0;
  // Zero: not planned.
  uint64_t fail_at_call_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t stop_at_call_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t syncs_until_failure_ ABSL_GUARDED_BY(mutex_) = 0;
  bool lie_about_sync_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t space_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  // Zero: space without end.
  uint64_t full_failures_left_ ABSL_GUARDED_BY(mutex_) = 0;

  absl::Mutex background_mutex_;
  std::deque<std::pair<void (*)(void*), void*>> background_work_ ABSL_GUARDED_BY(background_mutex_);
  bool background_busy_ ABSL_GUARDED_BY(background_mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(background_mutex_) = false;
  std::thread background_;
};

}  // namespace sotay::testing
