// What is gathered to be written.  LevelDB's types stop at store_commit.cc.
#pragma once

#include <memory>
#include <vector>

#include "server/unfiled_births.h"
#include "sync/ids.h"

namespace leveldb {
class WriteBatch;
}  // namespace leveldb

namespace sotay::server {

class Store;

// What one commit will write, all of it or nothing.  Empty until something is put on it.
class Sheet {
 public:
  Sheet();
  Sheet(Sheet&&) noexcept;
  Sheet& operator=(Sheet&&) noexcept;
  ~Sheet();

 private:
  friend class Store;
  std::unique_ptr<leveldb::WriteBatch> batch_;
  std::vector<BirthPlace> births_;         // records born by it, which get no row yet
  std::vector<sync::RecordId> rewritten_;  // records that were there, and get a new row; in order
};

}  // namespace sotay::server
