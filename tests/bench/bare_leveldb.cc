#include "tests/bench/bare_leveldb.h"

#include <algorithm>
#include <chrono>

#include "absl/strings/str_cat.h"
#include "leveldb/write_batch.h"

namespace sotay::bench {

absl::StatusOr<BareLevelDb> BareLevelDb::Create(const std::string& dir) {
  leveldb::Options options;
  options.create_if_missing = true;
  options.error_if_exists = true;
  leveldb::DB* db = nullptr;
  const leveldb::Status status = leveldb::DB::Open(options, dir, &db);
  if (!status.ok())
    return absl::UnavailableError(absl::StrCat("bare LevelDB: ", status.ToString()));
  return BareLevelDb(std::unique_ptr<leveldb::DB>(db));
}

absl::StatusOr<double> BareLevelDb::Write(const std::vector<Pair>& pairs, size_t batch) {
  leveldb::WriteOptions synced;
  synced.sync = true;
  const auto begin = std::chrono::steady_clock::now();
  for (size_t first = 0; first < pairs.size(); first += batch) {
    leveldb::WriteBatch group;
    const size_t end = std::min(pairs.size(), first + batch);
    for (size_t i = first; i < end; ++i) group.Put(pairs[i].key, pairs[i].value);
    const leveldb::Status status = db_->Write(synced, &group);
    if (!status.ok()) {
      return absl::UnavailableError(absl::StrCat("bare LevelDB: ", status.ToString()));
    }
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace sotay::bench
