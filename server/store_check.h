// Whether a store is whole: walks every table and holds it against the others.  For `sotayd
// check`, on a store nobody else has open.
//
//   - every key is one of keys.h, every value can be read
//   - every change's id is the hash of its bytes; every device's changes are without gap, each
//     names the one before it, and every one is under a seal that its device's key made
//   - the tree over every unit's log, ids and what the server noted, has the root its head keeps
//   - log, sequence table, history, records and feed name each other
//   - every record is, bit for bit, what its history merges to
//   - the reads of every unit are numbered without gap, as many as are counted
//   - every signature was of what its object was when it took effect, and nothing but a decision
//     changed an object while it was signed
//   - where bytes are gone, an act sealed their dossier; of what one sealed, none are there
//   - of a restored store, the lives that ended join, and each log has the root it had then
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/store.h"
#include "sync/schema.h"
#include "sync/seal/merkle.h"

namespace sotay::server {

// A unit's log: as many entries, and the root of the tree over them.
struct LogReport {
  uint64_t entries = 0;
  seal::MerkleHash root = {};
};

struct StoreReport {
  std::map<std::string, uint64_t> rows;  // table → keys
  uint64_t faults = 0;
  std::vector<std::string> first_faults;  // a sentence each; no content
  std::map<std::string, LogReport> logs;  // by unit
  std::vector<std::string> secrets;       // of each sealed dossier a sentence
};

// Fails as reading the store does.
absl::StatusOr<StoreReport> CheckStore(Store* store, const sync::Schema& schema);

}  // namespace sotay::server
