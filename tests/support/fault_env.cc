#include "tests/support/fault_env.h"

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace sotay::testing {
namespace {

leveldb::Status ErrnoStatus(const std::string& name, int error) {
  const std::string text = std::generic_category().message(error);
  return error == ENOENT ? leveldb::Status::NotFound(name, text)
                         : leveldb::Status::IOError(name, text);
}

class SilentLogger : public leveldb::Logger {
 public:
  void Logv(const char* /*format*/, std::va_list /*arguments*/) override {}
};

}  // namespace

// A cursor over one file, and random access to it.
class FaultEnv::Reader : public leveldb::SequentialFile, public leveldb::RandomAccessFile {
 public:
  Reader(FaultEnv* env, std::shared_ptr<Inode> inode) : env_(*env), inode_(std::move(inode)) {}

  leveldb::Status Read(uint64_t offset, size_t n, leveldb::Slice* result,
                       char* scratch) const override {
    if (env_.IsReadToFail()) return ErrnoStatus("a file", EIO);
    absl::MutexLock lock(&inode_->mutex);
    const size_t begin = std::min<size_t>(offset, inode_->bytes.size());
    *result = leveldb::Slice(scratch, inode_->bytes.copy(scratch, n, begin));
    return leveldb::Status::OK();
  }

  leveldb::Status Read(size_t n, leveldb::Slice* result, char* scratch) override {
    leveldb::Status read = Read(offset_, n, result, scratch);
    offset_ += result->size();
    return read;
  }

  leveldb::Status Skip(uint64_t n) override {
    offset_ += n;
    return leveldb::Status::OK();
  }

 private:
  const FaultEnv& env_;
  const std::shared_ptr<Inode> inode_;
  uint64_t offset_ = 0;
};

class FaultEnv::Writer : public leveldb::WritableFile {
 public:
  Writer(FaultEnv* env, std::string name, std::shared_ptr<Inode> inode)
      : env_(env), name_(std::move(name)), inode_(std::move(inode)) {}

  leveldb::Status Append(const leveldb::Slice& data) override {
    return env_->AppendTo(name_, inode_.get(), data);
  }
  leveldb::Status Flush() override { return env_->Begin("flush", name_); }
  leveldb::Status Sync() override { return env_->SyncFile(name_, inode_.get()); }
  leveldb::Status Close() override { return env_->Begin("close", name_); }

 private:
  FaultEnv* const env_;
  const std::string name_;
  const std::shared_ptr<Inode> inode_;
};

class FaultEnv::Lock : public leveldb::FileLock {
 public:
  explicit Lock(std::string locked) : name(std::move(locked)) {}
  const std::string name;
};

FaultEnv::FaultEnv(leveldb::Env* base) : EnvWrapper(base) {}

FaultEnv::~FaultEnv() {
  {
    absl::MutexLock lock(&background_mutex_);
    stopping_ = true;
  }
  if (background_.joinable()) background_.join();
}

// ---- Calls that change the disk ----

leveldb::Status FaultEnv::Begin(const char* verb, const std::string& name) {
  uint64_t number = 0;
  {
    absl::MutexLock lock(&mutex_);
    number = ++calls_;
  }
  if (observer_) observer_(Call{number, verb, name});
  absl::MutexLock lock(&mutex_);
  const bool stopped = stop_at_call_ != 0 && number >= stop_at_call_;
  if (stopped || number == fail_at_call_) {
    return leveldb::Status::IOError(name, stopped ? "the machine is gone" : "a planned fault");
  }
  return leveldb::Status::OK();
}

void FaultEnv::Change(NameChange change) {
  change.ApplyTo(&visible_);
  unsynced_names_.push_back(std::move(change));
}

leveldb::Status FaultEnv::AppendTo(const std::string& name, Inode* inode,
                                   const leveldb::Slice& data) {
  WaitForBackground();
  if (leveldb::Status fault = Begin("append", name); !fault.ok()) return fault;
  absl::MutexLock lock(&mutex_);
  absl::MutexLock inode_lock(&inode->mutex);
  if (full_failures_left_ == 0 || data.size() <= space_bytes_) {
    if (full_failures_left_ != 0) space_bytes_ -= data.size();
    inode->bytes.append(data.data(), data.size());
    return leveldb::Status::OK();
  }
  inode->bytes.append(data.data(), space_bytes_);
  space_bytes_ = 0;
  --full_failures_left_;
  return ErrnoStatus(name, ENOSPC);
}

leveldb::Status FaultEnv::SyncFile(const std::string& name, Inode* inode) {
  if (leveldb::Status fault = Begin("sync", name); !fault.ok()) return fault;
  absl::MutexLock lock(&mutex_);
  absl::MutexLock inode_lock(&inode->mutex);
  if (syncs_until_failure_ != 0 && --syncs_until_failure_ == 0) {
    std::fill(inode->bytes.begin() + static_cast<std::ptrdiff_t>(inode->synced), inode->bytes.end(),
              '\0');
    return ErrnoStatus(name, EIO);
  }
  if (!lie_about_sync_) inode->synced = inode->bytes.size();
  return leveldb::Status::OK();
}

leveldb::Status FaultEnv::SyncDirectory(const std::string& directory) {
  if (leveldb::Status fault = Begin("sync directory", directory); !fault.ok()) return fault;
  absl::MutexLock lock(&mutex_);
  std::vector<NameChange> others;
  for (NameChange& change : unsynced_names_) {
    if (change.Place() == directory) {
      change.ApplyTo(&durable_);
    } else {
      others.push_back(std::move(change));
    }
  }
  unsynced_names_ = std::move(others);
  return leveldb::Status::OK();
}

leveldb::Status FaultEnv::NewWritableFile(const std::string& name, leveldb::WritableFile** file) {
  *file = nullptr;
  if (leveldb::Status fault = Begin("create", name); !fault.ok()) return fault;
  auto inode = std::make_shared<Inode>();
  absl::MutexLock lock(&mutex_);
  Change({NameChange::kLink, name, "", inode});
  *file = new Writer(this, name, std::move(inode));
  return leveldb::Status::OK();
}

leveldb::Status FaultEnv::NewAppendableFile(const std::string& name, leveldb::WritableFile** file) {
  {
    absl::MutexLock lock(&mutex_);
    if (std::shared_ptr<Inode> inode = Find(name)) {
      *file = new Writer(this, name, std::move(inode));
      return leveldb::Status::OK();
    }
  }
  return NewWritableFile(name, file);
}

leveldb::Status FaultEnv::RemoveFile(const std::string& name) {
  if (leveldb::Status fault = Begin("remove", name); !fault.ok()) return fault;
  absl::MutexLock lock(&mutex_);
  std::shared_ptr<Inode> inode = Find(name);
  if (inode == nullptr) return ErrnoStatus(name, ENOENT);
  Change({NameChange::kUnlink, name, "", std::move(inode)});
  return leveldb::Status::OK();
}

leveldb::Status FaultEnv::RenameFile(const std::string& from, const std::string& to) {
  if (leveldb::Status fault = Begin("rename", to); !fault.ok()) return fault;
  absl::MutexLock lock(&mutex_);
  std::shared_ptr<Inode> inode = Find(from);
  if (inode == nullptr) return ErrnoStatus(from, ENOENT);
  Change({NameChange::kRename, from, to, std::move(inode)});
  return leveldb::Status::OK();
}

leveldb::Status FaultEnv::CreateDir(const std::string& name) {
  if (leveldb::Status fault = Begin("make directory", name); !fault.ok()) return fault;
  absl::MutexLock lock(&mutex_);
  if (visible_.directories.contains(name)) return ErrnoStatus(name, EEXIST);
  Change({NameChange::kMakeDirectory, name, "", nullptr});
  return leveldb::Status::OK();
}

leveldb::Status FaultEnv::RemoveDir(const std::string& name) {
  if (leveldb::Status fault = Begin("drop directory", name); !fault.ok()) return fault;
  absl::MutexLock lock(&mutex_);
  if (!visible_.directories.contains(name)) return ErrnoStatus(name, ENOENT);
  Change({NameChange::kDropDirectory, name, "", nullptr});
  return leveldb::Status::OK();
}

// ---- Calls that only look ----

std::shared_ptr<Inode> FaultEnv::Find(const std::string& name) const {
  auto found = visible_.files.find(name);
  return found == visible_.files.end() ? nullptr : found->second;
}

leveldb::Status FaultEnv::NewSequentialFile(const std::string& name,
                                            leveldb::SequentialFile** file) {
  absl::MutexLock lock(&mutex_);
  std::shared_ptr<Inode> inode = Find(name);
  *file = inode == nullptr ? nullptr : new Reader(this, inode);
  return inode == nullptr ? ErrnoStatus(name, ENOENT) : leveldb::Status::OK();
}

leveldb::Status FaultEnv::NewRandomAccessFile(const std::string& name,
                                              leveldb::RandomAccessFile** file) {
  absl::MutexLock lock(&mutex_);
  std::shared_ptr<Inode> inode = Find(name);
  *file = inode == nullptr ? nullptr : new Reader(this, inode);
  return inode == nullptr ? ErrnoStatus(name, ENOENT) : leveldb::Status::OK();
}

bool FaultEnv::FileExists(const std::string& name) {
  absl::MutexLock lock(&mutex_);
  return Find(name) != nullptr || visible_.directories.contains(name);
}

leveldb::Status FaultEnv::GetChildren(const std::string& directory,
                                      std::vector<std::string>* children) {
  children->clear();
  absl::MutexLock lock(&mutex_);
  const auto add = [&](const std::string& path) {
    if (ParentOf(path) == directory) children->push_back(path.substr(directory.size() + 1));
  };
  for (const auto& [name, inode] : visible_.files) add(name);
  for (const std::string& name : visible_.directories) add(name);
  return children->empty() && !visible_.directories.contains(directory)
             ? ErrnoStatus(directory, ENOENT)
             : leveldb::Status::OK();
}

leveldb::Status FaultEnv::GetFileSize(const std::string& name, uint64_t* bytes) {
  absl::MutexLock lock(&mutex_);
  std::shared_ptr<Inode> inode = Find(name);
  if (inode == nullptr) return ErrnoStatus(name, ENOENT);
  absl::MutexLock inode_lock(&inode->mutex);
  *bytes = inode->bytes.size();
  return leveldb::Status::OK();
}

leveldb::Status FaultEnv::LockFile(const std::string& name, leveldb::FileLock** lock) {
  absl::MutexLock mutex_lock(&mutex_);
  const bool free = locked_.insert(name).second;
  *lock = free ? new Lock(name) : nullptr;
  return free ? leveldb::Status::OK()
              : leveldb::Status::IOError("lock " + name, "already held by process");
}

leveldb::Status FaultEnv::UnlockFile(leveldb::FileLock* lock) {
  const std::unique_ptr<Lock> ours(static_cast<Lock*>(lock));
  absl::MutexLock mutex_lock(&mutex_);
  locked_.erase(ours->name);
  return leveldb::Status::OK();
}

leveldb::Status FaultEnv::NewLogger(const std::string& /*name*/, leveldb::Logger** logger) {
  *logger = new SilentLogger;
  return leveldb::Status::OK();
}

// ---- Background work ----

void FaultEnv::Schedule(void (*work)(void*), void* argument) {
  absl::MutexLock lock(&background_mutex_);
  background_work_.emplace_back(work, argument);
  if (!background_.joinable()) background_ = std::thread([this] { RunBackground(); });
}

void FaultEnv::SleepForMicroseconds(int /*micros*/) { WaitForBackground(); }

void FaultEnv::RunBackground() {
  background_mutex_.Lock();
  for (;;) {
    const auto ready = [this]() ABSL_SHARED_LOCKS_REQUIRED(background_mutex_) {
      return stopping_ || !background_work_.empty();
    };
    background_mutex_.Await(absl::Condition(&ready));
    if (background_work_.empty()) break;
    const auto [work, argument] = background_work_.front();
    background_work_.pop_front();
    background_busy_ = true;
    background_mutex_.Unlock();
    work(argument);
    background_mutex_.Lock();
    background_busy_ = false;
  }
  background_mutex_.Unlock();
}

void FaultEnv::WaitForBackground() {
  absl::MutexLock lock(&background_mutex_);
  if (background_.get_id() == std::this_thread::get_id()) return;
  const auto idle = [this]() ABSL_SHARED_LOCKS_REQUIRED(background_mutex_) {
    return background_work_.empty() && !background_busy_;
  };
  background_mutex_.Await(absl::Condition(&idle));
}

// ---- Faults ----

uint64_t FaultEnv::calls() const {
  absl::MutexLock lock(&mutex_);
  return calls_;
}

void FaultEnv::FailCall(uint64_t n) {
  absl::MutexLock lock(&mutex_);
  fail_at_call_ = calls_ + n;
}

void FaultEnv::StopAtCall(uint64_t n) {
  absl::MutexLock lock(&mutex_);
  stop_at_call_ = calls_ + n;
}

void FaultEnv::FillDisk(uint64_t bytes, uint64_t failures) {
  absl::MutexLock lock(&mutex_);
  space_bytes_ = bytes;
  full_failures_left_ = failures;
}

void FaultEnv::FailSync(uint64_t n) {
  absl::MutexLock lock(&mutex_);
  syncs_until_failure_ = n;
}

void FaultEnv::LieAboutSync(bool lie) {
  absl::MutexLock lock(&mutex_);
  lie_about_sync_ = lie;
}

// ---- Power ----

DiskMoment FaultEnv::Capture() const {
  DiskMoment moment;
  absl::MutexLock lock(&mutex_);
  moment.durable = durable_;
  moment.changes = unsynced_names_;
  const auto note = [&](const std::shared_ptr<Inode>& inode) {
    if (inode == nullptr) return;
    absl::MutexLock inode_lock(&inode->mutex);
    moment.extents[inode.get()] = {inode->bytes.size(), inode->synced};
  };
  for (const auto& [name, inode] : durable_.files) note(inode);
  for (const NameChange& change : unsynced_names_) note(change.inode);
  return moment;
}

void FaultEnv::Restart(const DiskImage& image) {
  WaitForBackground();
  DiskNames names;
  names.directories = image.directories;
  for (const auto& [name, bytes] : image.files) {
    auto inode = std::make_shared<Inode>();
    absl::MutexLock inode_lock(&inode->mutex);
    inode->bytes = bytes;
    inode->synced = bytes.size();
    names.files[name] = inode;
  }
  absl::MutexLock lock(&mutex_);
  visible_ = durable_ = std::move(names);
  unsynced_names_.clear();
  locked_.clear();
  fail_at_call_ = stop_at_call_ = syncs_until_failure_ = full_failures_left_ = 0;
  lie_about_sync_ = false;
  reads_until_failure_ = 0;
}

DiskImage FaultEnv::Visible() const {
  DiskImage image;
  absl::MutexLock lock(&mutex_);
  image.directories = visible_.directories;
  for (const auto& [name, inode] : visible_.files) {
    absl::MutexLock inode_lock(&inode->mutex);
    image.files[name] = inode->bytes;
  }
  return image;
}

}  // namespace sotay::testing
