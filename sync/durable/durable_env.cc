#include "sync/durable/durable_env.h"

#include <filesystem>
#include <memory>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "sync/durable/leveldb_status.h"

namespace sotay::durable {
namespace {

// The lock files this process holds, whatever Env it holds them through.
struct ProcessLocks {
  absl::Mutex mutex;
  std::set<std::string> keys ABSL_GUARDED_BY(mutex);
};

ProcessLocks& LocksOfThisProcess() {
  static ProcessLocks* const kLocks = new ProcessLocks;
  return *kLocks;
}

// One key for one file: on the real file system two spellings of a path are the same file,
// while equal paths in two memory Envs are two files.
std::string LockKey(leveldb::Env* base, const std::string& file) {
  if (base != leveldb::Env::Default()) {
    return absl::StrCat(absl::Hex(reinterpret_cast<uintptr_t>(base)), " ", file);
  }
  std::error_code error;
  const std::filesystem::path canonical = std::filesystem::weakly_canonical(file, error);
  return error ? file : canonical.string();
}

bool IsDiary(const std::string& name) {
  const std::string base_name = name.substr(name.rfind('/') + 1);
  return base_name == "LOG" || base_name == "LOG.old";
}

// A sorted table: read by nobody before it is synced and closed.
bool IsTable(const std::string& name) { return absl::EndsWith(name, ".ldb"); }

}  // namespace

// One file being written.  As LevelDB's files, used by one thread at a time.
class DurableEnv::File : public leveldb::WritableFile {
 public:
  File(DurableEnv* env, std::string name, leveldb::WritableFile* base)
      : env_(env), name_(std::move(name)), table_(IsTable(name_)), base_(base) {}

  // LevelDB leaves a log behind by deleting the object, without closing it.
  ~File() override {
    if (!closed_) Close();
  }

  leveldb::Status Append(const leveldb::Slice& data) override {
    // Takes no time.  A base Env under which threads take turns may let a background write come
    // first here, so that whether it failed before this one is decided by order, not by chance.
    env_->target()->SleepForMicroseconds(0);
    if (leveldb::Status refusal = env_->Refusal(name_); !refusal.ok()) return refusal;
    unsynced_ = true;
    return env_->Watch("append to", name_, base_->Append(data));
  }

  // LevelDB asks for it after every block of a table, which is a call to the system for each 4 kB.
  leveldb::Status Flush() override {
    if (leveldb::Status refusal = env_->Refusal(name_); !refusal.ok()) return refusal;
    if (table_) return leveldb::Status::OK();
    return env_->Watch("flush", name_, base_->Flush());
  }

  leveldb::Status Sync() override {
    if (leveldb::Status refusal = env_->Refusal(name_); !refusal.ok()) return refusal;
    if (leveldb::Status synced = env_->Watch("sync", name_, base_->Sync()); !synced.ok()) {
      return synced;
    }
    unsynced_ = false;
    if (name_durable_) return leveldb::Status::OK();
    leveldb::Status named =
        env_->Watch("keep the name of", name_, env_->sync_directory_(DirectoryOf(name_)));
    name_durable_ = named.ok();
    return named;
  }

  leveldb::Status Close() override {
    closed_ = true;
    leveldb::Status ready = unsynced_ ? Sync() : env_->Refusal(name_);
    // Closed in any case, to give the descriptor back.
    leveldb::Status closed = base_->Close();
    if (!ready.ok()) return ready;
    return env_->Watch("close", name_, closed);
  }

 private:
  DurableEnv* const env_;
  const std::string name_;
  const bool table_;
  const std::unique_ptr<leveldb::WritableFile> base_;
  bool unsynced_ = false;
  bool name_durable_ = false;
  bool closed_ = false;
};

DurableEnv::DurableEnv(leveldb::Env* base, DirectorySync sync_directory)
    : EnvWrapper(base), sync_directory_(std::move(sync_directory)) {}

DurableEnv::~DurableEnv() {
  std::map<std::string, leveldb::FileLock*> held;
  {
    absl::MutexLock lock(&mutex_);
    held.swap(held_locks_);
  }
  for (const auto& [file, file_lock] : held) UnlockFile(file_lock);
}

bool DurableEnv::poisoned() const {
  absl::MutexLock lock(&mutex_);
  return !first_failure_.ok();
}

absl::Status DurableEnv::first_failure() const {
  absl::MutexLock lock(&mutex_);
  return FromLevelDb(first_failure_);
}

leveldb::Status DurableEnv::Refusal(const std::string& name) const {
  absl::MutexLock lock(&mutex_);
  if (first_failure_.ok()) return leveldb::Status::OK();
  return leveldb::Status::IOError(
      name, "left as it is, because an earlier write failed: " + first_failure_.ToString());
}

leveldb::Status DurableEnv::Watch(absl::string_view verb, const std::string& name,
                                  leveldb::Status status) {
  if (status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  if (first_failure_.ok()) {
    first_failure_ =
        leveldb::Status::IOError(absl::StrCat("could not ", verb, " ", name), status.ToString());
  }
  return status;
}

leveldb::Status DurableEnv::Wrap(const std::string& name, leveldb::Status status,
                                 leveldb::WritableFile** file) {
  if (status.ok()) {
    *file = new File(this, name, *file);
    return status;
  }
  *file = nullptr;
  return Watch("create", name, std::move(status));
}

leveldb::Status DurableEnv::NewWritableFile(const std::string& name, leveldb::WritableFile** file) {
  *file = nullptr;
  if (leveldb::Status refusal = Refusal(name); !refusal.ok()) return refusal;
  return Wrap(name, target()->NewWritableFile(name, file), file);
}

leveldb::Status DurableEnv::NewAppendableFile(const std::string& name,
                                              leveldb::WritableFile** file) {
  *file = nullptr;
  if (leveldb::Status refusal = Refusal(name); !refusal.ok()) return refusal;
  return Wrap(name, target()->NewAppendableFile(name, file), file);
}

leveldb::Status DurableEnv::RenameFile(const std::string& from, const std::string& to) {
  if (leveldb::Status refusal = Refusal(to); !refusal.ok()) return refusal;
  leveldb::Status renamed = target()->RenameFile(from, to);
  if (IsDiary(from)) return renamed;
  if (!Watch("rename to", to, renamed).ok()) return renamed;
  return Watch("keep the name of", to, sync_directory_(DirectoryOf(to)));
}

leveldb::Status DurableEnv::RemoveFile(const std::string& name) {
  if (leveldb::Status refusal = Refusal(name); !refusal.ok()) return refusal;
  // A file that stays is only clutter, and LevelDB removes some that never were.
  return target()->RemoveFile(name);
}

leveldb::Status DurableEnv::CreateDir(const std::string& name) {
  if (leveldb::Status refusal = Refusal(name); !refusal.ok()) return refusal;
  // LevelDB asks for directories that exist already; that is no failure of storage.
  leveldb::Status created = target()->CreateDir(name);
  if (!created.ok()) return created;
  return Watch("keep the name of", name, sync_directory_(DirectoryOf(name)));
}

leveldb::Status DurableEnv::RemoveDir(const std::string& name) {
  if (leveldb::Status refusal = Refusal(name); !refusal.ok()) return refusal;
  return target()->RemoveDir(name);
}

leveldb::Status DurableEnv::HoldLock(const std::string& file) {
  leveldb::FileLock* file_lock = nullptr;
  leveldb::Status locked = LockOnce(file, &file_lock);
  if (!locked.ok()) return locked;
  absl::MutexLock lock(&mutex_);
  held_locks_[file] = file_lock;
  return locked;
}

leveldb::Status DurableEnv::LockFile(const std::string& name, leveldb::FileLock** lock) {
  {
    absl::MutexLock mutex_lock(&mutex_);
    if (auto held = held_locks_.find(name); held != held_locks_.end()) {
      *lock = held->second;
      held_locks_.erase(held);
      return leveldb::Status::OK();
    }
  }
  return LockOnce(name, lock);
}

leveldb::Status DurableEnv::LockOnce(const std::string& file, leveldb::FileLock** lock) {
  *lock = nullptr;
  const std::string key = LockKey(target(), file);
  ProcessLocks& process_locks = LocksOfThisProcess();
  // Held throughout, so that two threads cannot both ask the base.
  absl::MutexLock process_lock(&process_locks.mutex);
  if (process_locks.keys.contains(key)) {
    return leveldb::Status::IOError("lock " + file, "already held by process");
  }
  leveldb::Status locked = target()->LockFile(file, lock);
  if (!locked.ok()) return locked;
  process_locks.keys.insert(key);
  absl::MutexLock mutex_lock(&mutex_);
  lock_keys_[*lock] = key;
  return locked;
}

leveldb::Status DurableEnv::UnlockFile(leveldb::FileLock* lock) {
  ProcessLocks& process_locks = LocksOfThisProcess();
  absl::MutexLock process_lock(&process_locks.mutex);
  std::string key;
  {
    absl::MutexLock mutex_lock(&mutex_);
    if (auto found = lock_keys_.find(lock); found != lock_keys_.end()) {
      key = found->second;
      lock_keys_.erase(found);
    }
  }
  // Given back before the key is: `lock` is gone after this call.
  leveldb::Status unlocked = target()->UnlockFile(lock);
  if (unlocked.ok()) process_locks.keys.erase(key);
  return unlocked;
}

}  // namespace sotay::durable
