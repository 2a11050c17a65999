// Which records of a dossier stand for files, or may have such under them (sync/attaching.h): what
// a signature in it is asked about.  Kept in memory alone: the feed's rows name each record's type
// and dossier, so the first question about a unit reads its feed once, and later ones only what was
// written since.  One thread: the pen's.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "server/store.h"
#include "sync/ids.h"
#include "sync/schema.h"

namespace sotay::server {

class Hanging {
 public:
  // Both outlive it.
  Hanging(Store* store, const sync::Schema* schema) : store_(*store), schema_(*schema) {}

  // Of a dossier of the unit, as they were when its newest position was `head`.  Some of them may
  // have left since.
  absl::StatusOr<std::set<sync::RecordId>> In(const std::string& unit, uint64_t head,
                                              const sync::RecordId& dossier);

 private:
  struct OfUnit {
    uint64_t read = 0;  // everything up to this position was looked at
    std::map<std::string, std::set<sync::RecordId>> records;  // by dossier
  };

  Store& store_;
  const sync::Schema& schema_;
  std::map<std::string, OfUnit> units_;
};

}  // namespace sotay::server
