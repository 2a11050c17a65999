// Finding what is to be swept, without anybody having kept a list: the keys that stand in a file
// more than once, or as deleted, whenever that was.
#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "leveldb/table.h"
#include "sync/durable/open.h"
#include "sync/durable/tables.h"

namespace sotay::durable {
namespace {

// Of a table's keys: what follows the user's key is a sequence number, and in its lowest byte
// whether it was written or deleted (LevelDB's doc/table_format.md and db/dbformat.h).
constexpr size_t kTrailerBytes = 8;
constexpr char kDeleted = 0;

absl::Status Merging(const std::string& path) {
  return absl::UnavailableError(absl::StrCat("store ", path,
                                             ": its files are being merged, or somebody reads what "
                                             "was merged; the purge is tried again later"));
}

// Adds the keys of one table to `all`, those of them that are deleted to `stale` as well.
absl::Status ReadKeys(leveldb::Env* env, const std::string& path, std::vector<std::string>* all,
                      std::vector<std::string>* stale) {
  uint64_t bytes = 0;
  leveldb::RandomAccessFile* file = nullptr;
  leveldb::Status read = env->GetFileSize(path, &bytes);
  if (read.ok()) read = env->NewRandomAccessFile(path, &file);
  const std::unique_ptr<leveldb::RandomAccessFile> owned(file);
  // It was merged away meanwhile; whoever asks looks again.
  if (!read.ok() && !env->FileExists(path)) return absl::OkStatus();
  if (!read.ok()) return FromLevelDb(read);
  leveldb::Options options;
  options.env = env;
  options.paranoid_checks = true;
  leveldb::Table* opened = nullptr;
  read = leveldb::Table::Open(options, file, bytes, &opened);
  const std::unique_ptr<leveldb::Table> table(opened);
  if (!read.ok()) return FromLevelDb(read);
  leveldb::ReadOptions whole = Store::ReadOptions();
  whole.fill_cache = false;
  const std::unique_ptr<leveldb::Iterator> at(table->NewIterator(whole));
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    std::string key = at->key().ToString();
    if (key.size() < kTrailerBytes) {
      return absl::DataLossError(absl::StrCat(path, ": a key of ", key.size(), " bytes"));
    }
    const char kind = key[key.size() - kTrailerBytes];
    key.resize(key.size() - kTrailerBytes);
    if (kind == kDeleted) stale->push_back(key);
    all->push_back(std::move(key));
  }
  return FromLevelDb(at->status());
}

}  // namespace

// Sweeping writes a file anew before the old one goes: in the worst case all of them, and what is
// in memory.
absl::Status Store::CheckRoom() {
  if (!free_bytes_) return absl::OkStatus();
  std::vector<std::string> names;
  const leveldb::Status read = env_.GetChildren(path_, &names);
  if (!read.ok()) return FromLevelDb(read);
  uint64_t wanted = 2 * uint64_t{write_buffer_bytes_};
  for (const std::string& name : names) {
    uint64_t bytes = 0;
    if (TableNumber(name).has_value() &&
        env_.GetFileSize(absl::StrCat(path_, "/", name), &bytes).ok()) {
      wanted += bytes;
    }
  }
  const uint64_t room = free_bytes_();
  if (room >= wanted) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat("store ", path_, ": to purge it takes ", wanted,
                                                   " free bytes, there are ", room,
                                                   "; free some space, then it is tried again"));
}

// Those the store consists of, when there are no others beside them: one that is just being written
// has no end yet, and one that waits for its readers has what is to go.
absl::StatusOr<std::vector<std::string>> Store::Tables() {
  const absl::StatusOr<std::set<uint64_t>> own = TablesOf(db_.get());
  if (!own.ok()) return own.status();
  const absl::StatusOr<std::map<uint64_t, std::string>> here = TablesIn(&env_, path_);
  if (!here.ok()) return here.status();
  const absl::StatusOr<std::set<uint64_t>> still = TablesOf(db_.get());
  if (!still.ok()) return still.status();
  if (*own != *still) return Merging(path_);
  for (const uint64_t number : *own) {
    if (here->count(number) != 0) continue;
    return absl::DataLossError(absl::StrCat("store ", path_, ": table ", number, " has gone"));
  }
  if (here->size() != own->size()) return Merging(path_);
  std::vector<std::string> names;
  for (const auto& [number, name] : *here) names.push_back(name);
  return names;
}

absl::StatusOr<std::vector<std::string>> Store::StaleKeys() {
  constexpr int kTries = 8;
  const auto look = [this]() -> absl::StatusOr<std::vector<std::string>> {
    // Waits for the merge that is under way as well: LevelDB does one at a time.
    Flush();
    if (absl::Status refusal = WriteRefusal(); !refusal.ok()) return refusal;
    const absl::StatusOr<std::vector<std::string>> before = Tables();
    if (!before.ok()) return before;
    std::vector<std::string> all;
    std::vector<std::string> stale;
    for (const std::string& name : *before) {
      const absl::Status keys = ReadKeys(&env_, absl::StrCat(path_, "/", name), &all, &stale);
      if (!keys.ok()) return keys;
    }
    const absl::StatusOr<std::vector<std::string>> after = Tables();
    if (!after.ok()) return after;
    // What was merged meanwhile may have been read in none of its files, or in both.
    if (*after != *before) return Merging(path_);
    std::sort(all.begin(), all.end());
    for (auto at = all.begin(); (at = std::adjacent_find(at, all.end())) != all.end(); ++at) {
      stale.push_back(*at);
    }
    return stale;
  };
  absl::StatusOr<std::vector<std::string>> keys = look();
  for (int left = kTries; absl::IsUnavailable(keys.status()) && left > 0; --left) keys = look();
  return keys;
}

absl::Status Store::Purge() {
  if (absl::Status refusal = WriteRefusal(); !refusal.ok()) return refusal;
  if (absl::Status room = CheckRoom(); !room.ok()) return room;
  absl::StatusOr<std::vector<std::string>> keys = StaleKeys();
  if (!keys.ok()) return keys.status();
  if (absl::Status swept = Sweep(*std::move(keys)); !swept.ok()) return swept;
  // Where there was nothing to sweep, there may be a log that was cut.
  return RemoveCutLogs();
}

}  // namespace sotay::durable
