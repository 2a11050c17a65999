// What the disk and LevelDB could do at best: a plain leveldb::DB, as anybody opens one, with
// synced batches and nothing else around it.  The measure our own ingest is held to.
// One thread at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "leveldb/db.h"

namespace sotay::bench {

class BareLevelDb {
 public:
  // A new database in `dir`, which must not exist.
  static absl::StatusOr<BareLevelDb> Create(const std::string& dir);

  struct Pair {
    std::string key;
    std::string value;
  };
  // Seconds to write all pairs, in order, in synced batches of `batch` pairs.
  absl::StatusOr<double> Write(const std::vector<Pair>& pairs, size_t batch);

 private:
  explicit BareLevelDb(std::unique_ptr<leveldb::DB> db) : db_(std::move(db)) {}

  std::unique_ptr<leveldb::DB> db_;
};

}  // namespace sotay::bench
