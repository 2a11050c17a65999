#include "sync/durable/open.h"

#include <cerrno>
#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "sync/durable/lock_holder.h"

namespace sotay::durable {
namespace {

// Ten bits a key make one wrong guess in a hundred, LevelDB's own advice.
constexpr int kBloomBitsPerKey = 10;

leveldb::Slice ToSlice(absl::string_view bytes) {
  return leveldb::Slice(bytes.data(), bytes.size());
}

absl::Status Prefixed(const std::string& path, const absl::Status& status,
                      absl::string_view advice) {
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat("store ", path, ": ", status.message(), advice));
}

std::function<uint64_t()> RoomOf(const std::string& path, const StoreOptions& options) {
  if (options.free_bytes || options.base != nullptr) return options.free_bytes;
  return [path] {
    std::error_code error;
    const auto room = std::filesystem::space(path, error);
    // Whoever cannot be asked has not said no.
    return error ? std::numeric_limits<uint64_t>::max() : uint64_t{room.available};
  };
}

// What failed while opening, with what to do about it.
absl::Status OpenFailure(const std::string& path, const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kDataLoss:
      return Prefixed(path, status,
                      absl::StrContains(status.message(), "restore from a backup")
                          ? ""
                          : "; it is damaged: restore from a backup");
    case absl::StatusCode::kResourceExhausted:
      return Prefixed(path, status, "; free some space and open it again");
    default:
      return Prefixed(path, status, "");
  }
}

absl::Status LockFailure(const std::string& path, const leveldb::Status& status) {
  const std::string text = status.ToString();
  std::string holder;
  if (absl::StrContains(text, "already held by process")) {
    holder = "this very process";
  } else if (absl::StrContains(text, "lock ") &&
             (absl::StrContains(text, std::generic_category().message(EAGAIN)) ||
              absl::StrContains(text, std::generic_category().message(EACCES)))) {
    const absl::optional<int> process = ProcessHoldingLock(absl::StrCat(path, "/LOCK"));
    holder = process.has_value() ? absl::StrCat("process ", *process) : "another process";
  } else {
    return OpenFailure(path, FromLevelDb(status));
  }
  return absl::FailedPreconditionError(
      absl::StrCat("store ", path, " is already open in ", holder,
                   "; close it there, or give this one a directory of its own"));
}

// Whether `child` can only be part of a store that was in use.  A first start that a crash
// interrupted leaves MANIFEST-000001 at most.
bool IsOfUsedStore(leveldb::Env* env, const std::string& path, const std::string& child) {
  if (absl::StartsWith(child, "MANIFEST-")) return child != "MANIFEST-000001";
  if (absl::EndsWith(child, ".ldb") || absl::EndsWith(child, ".sst")) return true;
  uint64_t bytes = 0;
  return WriteAheadLogNumber(child) != 0 &&
         env->GetFileSize(absl::StrCat(path, "/", child), &bytes).ok() && bytes > 0;
}

// Without CURRENT LevelDB takes a directory for new, and deletes as leftovers all it finds there.
absl::Status CheckNotBeheaded(leveldb::Env* env, const std::string& path) {
  const std::string current = absl::StrCat(path, "/CURRENT");
  std::vector<std::string> children;
  if (env->FileExists(current) || !env->GetChildren(path, &children).ok()) return absl::OkStatus();
  for (const std::string& child : children) {
    // Asked again, for without the lock another process may have finished creating the store.
    if (IsOfUsedStore(env, path, child) && !env->FileExists(current)) {
      return absl::DataLossError(absl::StrCat("CURRENT is missing though there is ", child,
                                              "; nothing was changed; restore from a backup"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

Store::Store(std::string path, const StoreOptions& options)
    : path_(std::move(path)),
      write_buffer_bytes_(options.write_buffer_bytes),
      free_bytes_(RoomOf(path_, options)),
      env_(options.base != nullptr ? options.base : leveldb::Env::Default(),
           options.sync_directory),
      filter_policy_(leveldb::NewBloomFilterPolicy(kBloomBitsPerKey)),
      block_cache_(leveldb::NewLRUCache(options.block_cache_bytes)) {}

absl::Status Store::OpenDb(const StoreOptions& options) {
  leveldb::Options db_options;
  db_options.env = &env_;
  db_options.create_if_missing = options.create_if_missing;
  db_options.error_if_exists = options.error_if_exists;
  db_options.paranoid_checks = true;
  // A log that was read once is never appended to: that is how records came to stand after a
  // torn one.
  db_options.reuse_logs = false;
  db_options.write_buffer_size = options.write_buffer_bytes;
  db_options.block_cache = block_cache_.get();
  db_options.compression = options.compress ? leveldb::kSnappyCompression : leveldb::kNoCompression;
  db_options.filter_policy = filter_policy_.get();
  leveldb::DB* db = nullptr;
  leveldb::Status opened = leveldb::DB::Open(db_options, path_, &db);
  db_.reset(db);
  // A key cannot be missing here, so a file is.
  if (opened.IsNotFound()) return absl::DataLossError(opened.ToString());
  // LevelDB opens happily after some failed writes; what it did since was refused by the Env.
  return opened.ok() ? env_.first_failure() : FromLevelDb(opened);
}

absl::Status Store::CannotBeWritten(const absl::Status& why) const {
  const bool keeps_code = why.code() == absl::StatusCode::kResourceExhausted ||
                          why.code() == absl::StatusCode::kDataLoss;
  return absl::Status(keeps_code ? why.code() : absl::StatusCode::kUnavailable,
                      absl::StrCat("store ", path_, ": storage cannot be written (", why.message(),
                                   "); it is read-only until it is opened again"));
}

absl::Status Store::WriteRefusal() const {
  {
    absl::MutexLock lock(&mutex_);
    if (!write_failure_.ok()) return write_failure_;
  }
  const absl::Status failure = env_.first_failure();
  return failure.ok() ? failure : CannotBeWritten(failure);
}

absl::Status Store::Write(leveldb::WriteBatch* batch) {
  const absl::Status written = Put(batch);
  if (written.ok()) BeginSweepsAnew(*batch);
  return written;
}

absl::Status Store::Put(leveldb::WriteBatch* batch) {
  if (absl::Status refusal = WriteRefusal(); !refusal.ok()) return refusal;
  leveldb::WriteOptions options;
  options.sync = true;
  leveldb::Status written = db_->Write(options, batch);
  if (written.ok()) return absl::OkStatus();
  // The Env's words when it has some: they name the call that failed first.
  const absl::Status first = env_.first_failure();
  absl::Status failure = CannotBeWritten(first.ok() ? FromLevelDb(written) : first);
  absl::MutexLock lock(&mutex_);
  if (write_failure_.ok()) write_failure_ = failure;
  return write_failure_;
}

absl::StatusOr<std::string> Store::Get(absl::string_view key) {
  lookups_.fetch_add(1, std::memory_order_relaxed);
  std::string value;
  leveldb::Status read = db_->Get(ReadOptions(), ToSlice(key), &value);
  if (read.ok()) return value;
  if (IsMissingFile(read)) {
    return absl::DataLossError(absl::StrCat("store ", path_, ": a file has gone (", read.ToString(),
                                            "); restore from a backup"));
  }
  return FromLevelDb(read);
}

std::unique_ptr<leveldb::Iterator> Store::NewIterator() {
  lookups_.fetch_add(1, std::memory_order_relaxed);
  return std::unique_ptr<leveldb::Iterator>(db_->NewIterator(ReadOptions()));
}

leveldb::ReadOptions Store::ReadOptions() {
  leveldb::ReadOptions options;
  options.verify_checksums = true;
  return options;
}

absl::StatusOr<std::unique_ptr<Store>> Open(const std::string& path, const StoreOptions& options) {
  std::unique_ptr<Store> store(new Store(path, options));
  DurableEnv& env = store->env_;
  const std::string current = absl::StrCat(path, "/CURRENT");
  if (env.FileExists(current)) {
    if (options.error_if_exists) {
      return absl::AlreadyExistsError(absl::StrCat("there is a store in ", path, " already"));
    }
  } else if (options.create_if_missing) {
    // Fails when it is there already; if it could not be made, locking says so.
    env.CreateDir(path);
  } else {
    // Answered without the lock, whose file would be litter in a directory that is no store.
    absl::Status whole = CheckNotBeheaded(&env, path);
    return whole.ok() ? absl::NotFoundError(absl::StrCat("there is no store in ", path))
                      : OpenFailure(path, whole);
  }
  leveldb::Status locked = env.HoldLock(absl::StrCat(path, "/LOCK"));
  if (!locked.ok()) return LockFailure(path, locked);
  if (absl::Status whole = CheckNotBeheaded(&env, path); !whole.ok()) {
    return OpenFailure(path, whole);
  }
  absl::StatusOr<std::vector<TailCut>> cuts = ApplyTailRule(&env, path);
  if (!cuts.ok()) return OpenFailure(path, cuts.status());
  store->tail_cuts_ = *std::move(cuts);
  if (absl::Status opened = store->OpenDb(options); !opened.ok()) {
    return OpenFailure(path, opened);
  }
  return store;
}

}  // namespace sotay::durable
