// Whether a store is whole: walks every table and holds it against the others.  For `sotayd
// check`, on a store nobody else has open.
//
//   - every key is one of keys.h, every value can be read
//   - every change's id is the hash of its bytes; every device's changes are without gap, each
//     names the one before it, and every one is under a seal that its device's key made
//   - log, sequence table, history, records and feed name each other
//   - every record is, bit for bit, what its history merges to
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/store.h"
#include "sync/schema.h"

namespace sotay::server {

struct StoreReport {
  std::map<std::string, uint64_t> rows;  // table → keys
  uint64_t faults = 0;
  std::vector<std::string> first_faults;  // a sentence each; no content
};

// Fails as reading the store does.
absl::StatusOr<StoreReport> CheckStore(Store* store, const sync::Schema& schema);

}  // namespace sotay::server
