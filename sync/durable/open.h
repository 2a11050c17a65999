// Opening a store, the only way either side does it; and the store once it is open.  The server's
// and the phone's store files put their keys on top of this.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "leveldb/cache.h"
#include "leveldb/db.h"
#include "leveldb/env.h"
#include "leveldb/filter_policy.h"
#include "leveldb/iterator.h"
#include "leveldb/options.h"
#include "leveldb/write_batch.h"
#include "sync/durable/directory_sync.h"
#include "sync/durable/durable_env.h"
#include "sync/durable/leveldb_status.h"
#include "sync/durable/tail_rule.h"

namespace sotay::durable {

struct StoreOptions {
  // Where the files live; null for the operating system's.  Outlives the store.
  leveldb::Env* base = nullptr;
  // How names are made durable there.  A memory Env needs NoDirectorySync.
  DirectorySync sync_directory = SyncPosixDirectory;
  bool create_if_missing = false;
  bool error_if_exists = false;
  // How much is gathered before it goes to a sorted file; also how much a start has to replay,
  // under a second for this.  Twice this may be in memory.  The more, the less is merged again
  // and again.
  size_t write_buffer_bytes = size_t{64} << 20;
  size_t block_cache_bytes = size_t{8} << 20;
  // Not where values are sealed: there is nothing to find in them.
  bool compress = true;
  // How much room there is for more.  Empty: as the operating system says, or any amount where
  // `base` is given.
  std::function<uint64_t()> free_bytes;
};

// An open store.  Any thread, except the destructor, which wants every iterator gone.
class Store {
 public:
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // For iterators and snapshots.  Write through Write below and not through this: it would
  // neither sync nor notice that writing is over.
  leveldb::DB& db() { return *db_; }

  // Writes the batch, all of it or nothing; returning OK, it survives any crash.  Calls from
  // several threads share one sync.
  // Fails with kResourceExhausted when the disk is full, kUnavailable when it could not be
  // written, kDataLoss when LevelDB found the store damaged.  The batch may then show up or
  // not after the next start.  From the first failure on the store is read-only and every
  // Write fails alike until it is opened again.
  absl::Status Write(leveldb::WriteBatch* batch) ABSL_LOCKS_EXCLUDED(mutex_);

  // Sweeps whatever a file of the store still has and the store has not: the keys to sweep are read
  // out of the files (purge.cc), so nobody needs to remember what was deleted.  Reads the whole
  // store, and before it writes anything: a damaged file is kDataLoss, too little room on the disk
  // kResourceExhausted, and after neither is the store read-only.  Otherwise fails as Sweep.
  absl::Status Purge() ABSL_LOCKS_EXCLUDED(mutex_);

  // The value under `key`.  kNotFound when there is none; kDataLoss when what is stored there
  // is damaged, or a file of the store has gone.
  absl::StatusOr<std::string> Get(absl::string_view key);

  // Over all keys in order.  It steps over damaged blocks, so ask FromLevelDb(it->status())
  // when done, before believing that something is not there.
  std::unique_ptr<leveldb::Iterator> NewIterator();

  // The store as it is now; to be given back soon.  Through these alone, so that Sweep knows of
  // them.
  const leveldb::Snapshot* TakeSnapshot();
  void ReleaseSnapshot(const leveldb::Snapshot* snapshot);

  // Returning OK, what stood under `keys` before and was overwritten or deleted since is in no file
  // of the store: neither in its tables nor in its logs, nor in a log that was cut (tail_rule.h).
  // What the disk keeps of deleted files is not in its power.  Rewrites the files those keys are
  // in; nobody else may write the keys meanwhile.  kUnavailable while somebody still reads what was
  // there: to be called again later with the same keys, which goes on where it stopped unless they
  // were written since.  Otherwise fails as Write does.  One thread at a time.
  absl::Status Sweep(std::vector<std::string> keys) ABSL_LOCKS_EXCLUDED(mutex_);

  // How often a value, the keys in order or a moment was asked for here.
  uint64_t lookups() const { return lookups_.load(std::memory_order_relaxed); }

  // For reads through db(): checksums verified.
  static leveldb::ReadOptions ReadOptions();

  // Whether a write has failed, in Write or behind it.
  bool read_only() const { return !WriteRefusal().ok(); }
  // OK, or what Write would answer.
  absl::Status WriteRefusal() const ABSL_LOCKS_EXCLUDED(mutex_);

  // What the tail rule cut while opening: an operator should be told.
  const std::vector<TailCut>& tail_cuts() const { return tail_cuts_; }

 private:
  friend absl::StatusOr<std::unique_ptr<Store>> Open(const std::string& path,
                                                     const StoreOptions& options);

  Store(std::string path, const StoreOptions& options);
  absl::Status OpenDb(const StoreOptions& options);
  absl::Status CannotBeWritten(const absl::Status& why) const;
  absl::Status Put(leveldb::WriteBatch* batch);
  // sweep.cc
  // How far a sweep came.
  struct Sweeping {
    uint64_t of_before = 0;  // snapshots up to this one
    bool merged = false;     // what stood before is in no table of the store
  };
  void Flush();
  absl::Status WriteAnew(const std::vector<std::string>& keys);
  void Merge(const std::vector<std::string>& keys);
  // The next sweep of what this writes begins anew.
  void BeginSweepsAnew(const leveldb::WriteBatch& batch);
  uint64_t SnapshotsTaken() const;
  bool HasSnapshotUpTo(uint64_t number) const;
  absl::StatusOr<bool> HasFilesOfBefore();
  absl::Status RemoveCutLogs();
  // purge.cc
  absl::Status CheckRoom();
  absl::StatusOr<std::vector<std::string>> Tables();
  absl::StatusOr<std::vector<std::string>> StaleKeys();

  // Set once while opening.  In this order, so that the DB goes first and the Env last.
  const std::string path_;
  const size_t write_buffer_bytes_;
  const std::function<uint64_t()> free_bytes_;
  DurableEnv env_;
  const std::unique_ptr<const leveldb::FilterPolicy> filter_policy_;
  const std::unique_ptr<leveldb::Cache> block_cache_;
  std::vector<TailCut> tail_cuts_;
  std::unique_ptr<leveldb::DB> db_;
  std::atomic<uint64_t> lookups_{0};

  mutable absl::Mutex snapshots_mutex_;
  uint64_t snapshots_taken_ ABSL_GUARDED_BY(snapshots_mutex_) = 0;
  // Those that were not given back, each with its number.
  std::map<const leveldb::Snapshot*, uint64_t> snapshots_ ABSL_GUARDED_BY(snapshots_mutex_);
  mutable absl::Mutex sweeping_mutex_;
  // Sweeps that wait for somebody, by their keys, in order.
  std::map<std::vector<std::string>, Sweeping> sweeping_ ABSL_GUARDED_BY(sweeping_mutex_);
  mutable absl::Mutex mutex_;
  absl::Status write_failure_ ABSL_GUARDED_BY(mutex_);
};

// Opens the store in directory `path`, whose parent must exist: takes its lock, applies the tail
// rule, and lets LevelDB replay its logs.
//   kNotFound            there is no store, and create_if_missing is false
//   kAlreadyExists       there is one, and error_if_exists is true
//   kFailedPrecondition  it is open already; says in which process where that can be known
//   kDataLoss            it is damaged, or only parts of it are there; restore from a backup
//   kResourceExhausted, kUnavailable  the storage could not be read or written
absl::StatusOr<std::unique_ptr<Store>> Open(const std::string& path, const StoreOptions& options);

}  // namespace sotay::durable
