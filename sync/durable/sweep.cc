// Making sure that what was overwritten or deleted is in no file any more.
//
// LevelDB writes a new value beside the old one and forgets the old one when it merges files. Three
// things keep it on disk: a log or table that holds both (a memtable is written out with every
// version it saw, and a file on the lowest level is merged with nothing), a snapshot, and a file
// that is deleted only once nobody reads it.  So the keys are written once more, on top of
// everything, and pushed down through all levels; and then the directory is held against what the
// store says it consists of.
#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/durable/open.h"
#include "sync/durable/tables.h"

namespace sotay::durable {
namespace {

constexpr size_t kBatchBytes = size_t{4} << 20;
constexpr int kTries = 4;

// What a batch writes.
class KeysOf : public leveldb::WriteBatch::Handler {
 public:
  void Put(const leveldb::Slice& key, const leveldb::Slice&) override {
    keys.push_back(key.ToString());
  }
  void Delete(const leveldb::Slice& key) override { keys.push_back(key.ToString()); }

  std::vector<std::string> keys;
};

absl::Status StillRead() {
  return absl::UnavailableError("somebody still reads what is to go; it is tried again");
}

}  // namespace

const leveldb::Snapshot* Store::TakeSnapshot() {
  lookups_.fetch_add(1, std::memory_order_relaxed);
  absl::MutexLock lock(&snapshots_mutex_);
  const leveldb::Snapshot* const snapshot = db_->GetSnapshot();
  snapshots_[snapshot] = ++snapshots_taken_;
  return snapshot;
}

void Store::ReleaseSnapshot(const leveldb::Snapshot* snapshot) {
  absl::MutexLock lock(&snapshots_mutex_);
  snapshots_.erase(snapshot);
  db_->ReleaseSnapshot(snapshot);
}

uint64_t Store::SnapshotsTaken() const {
  absl::MutexLock lock(&snapshots_mutex_);
  return snapshots_taken_;
}

bool Store::HasSnapshotUpTo(uint64_t number) const {
  absl::MutexLock lock(&snapshots_mutex_);
  return std::any_of(snapshots_.begin(), snapshots_.end(),
                     [number](const auto& taken) { return taken.second <= number; });
}

// A range without keys: what is in memory is written out, and no table is merged.
void Store::Flush() {
  const leveldb::Slice nothing;
  db_->CompactRange(&nothing, &nothing);
}

absl::Status Store::WriteAnew(const std::vector<std::string>& keys) {
  leveldb::WriteBatch batch;
  for (const std::string& key : keys) {
    absl::StatusOr<std::string> value = Get(key);
    if (value.ok()) {
      batch.Put(key, *value);
    } else if (absl::IsNotFound(value.status())) {
      batch.Delete(key);
    } else {
      return value.status();
    }
    if (batch.ApproximateSize() < kBatchBytes && &key != &keys.back()) continue;
    // The values are the same, so no other sweep has to begin anew for it.
    if (absl::Status written = Put(&batch); !written.ok()) return written;
    batch.Clear();
  }
  return absl::OkStatus();
}

// Files that readers had open are deleted with the next table that is written out.
absl::StatusOr<bool> Store::HasFilesOfBefore() {
  std::vector<std::string> names;
  const absl::StatusOr<std::set<uint64_t>> tables = TablesOf(db_.get());
  if (!tables.ok()) return tables.status();
  const leveldb::Status read = env_.GetChildren(path_, &names);
  if (!read.ok()) return FromLevelDb(read);
  int logs = 0;
  for (const std::string& name : names) {
    if (WriteAheadLogNumber(name) != 0) ++logs;
    const auto number = TableNumber(name);
    if (number.has_value() && tables->count(*number) == 0) return true;
  }
  return logs > 1;
}

absl::Status Store::RemoveCutLogs() {
  const std::string directory = absl::StrCat(path_, "/", kCutLogs);
  std::vector<std::string> names;
  // It is made with the first log that is cut.
  if (!env_.GetChildren(directory, &names).ok()) return absl::OkStatus();
  for (const std::string& name : names) {
    if (name == "." || name == "..") continue;
    const leveldb::Status removed = env_.RemoveFile(absl::StrCat(directory, "/", name));
    if (!removed.ok()) return FromLevelDb(removed);
  }
  return absl::OkStatus();
}

absl::Status Store::Sweep(std::vector<std::string> keys) {
  if (absl::Status refusal = WriteRefusal(); !refusal.ok()) return refusal;
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  if (keys.empty()) return absl::OkStatus();
  // What is new under these keys was written before, so later snapshots show nothing old; one that
  // was taken before keeps the old values wherever files are merged, and nothing is done till then.
  Sweeping sweeping;
  {
    absl::MutexLock lock(&sweeping_mutex_);
    sweeping = sweeping_.try_emplace(keys, Sweeping{SnapshotsTaken(), false}).first->second;
  }
  if (HasSnapshotUpTo(sweeping.of_before)) return StillRead();
  if (!sweeping.merged) {
    // Whatever was in memory, and so in the log, is in tables from here on.
    Flush();
    if (absl::Status written = WriteAnew(keys); !written.ok()) return written;
    Merge(keys);
    sweeping.merged = true;
    absl::MutexLock lock(&sweeping_mutex_);
    sweeping_[keys] = sweeping;
  }
  if (absl::Status cut = RemoveCutLogs(); !cut.ok()) return cut;
  for (int left = kTries; left > 0; --left) {
    if (absl::Status refusal = WriteRefusal(); !refusal.ok()) return refusal;
    const absl::StatusOr<bool> kept = HasFilesOfBefore();
    if (kept.ok() && !*kept) {
      absl::MutexLock lock(&sweeping_mutex_);
      sweeping_.erase(keys);
    }
    if (!kept.ok() || !*kept) return kept.status();
    Flush();
  }
  return StillRead();
}

void Store::BeginSweepsAnew(const leveldb::WriteBatch& batch) {
  absl::MutexLock lock(&sweeping_mutex_);
  if (sweeping_.empty()) return;
  KeysOf written;
  batch.Iterate(&written);
  for (auto at = sweeping_.begin(); at != sweeping_.end();) {
    const bool touched = std::any_of(written.keys.begin(), written.keys.end(),
                                     [&of = at->first](const std::string& key) {
                                       return std::binary_search(of.begin(), of.end(), key);
                                     });
    at = touched ? sweeping_.erase(at) : std::next(at);
  }
}

// The tables those keys are in, down through all levels.
void Store::Merge(const std::vector<std::string>& keys) {
  for (auto first = keys.begin(); first != keys.end();) {
    const auto next = std::find_if(first, keys.end(), [&](const std::string& key) {
      return key.substr(0, 1) != first->substr(0, 1);
    });
    const leveldb::Slice from = *first;
    const leveldb::Slice to = *std::prev(next);
    db_->CompactRange(&from, &to);
    first = next;
  }
}

}  // namespace sotay::durable
