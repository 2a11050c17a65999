// Which records there are, as far as memory can tell: what is not among them is surely not in the
// store.  Nearly every push brings notes that are new, and to find each absent in the store is a
// fourteenth of what a new note costs; here that is one look at a table of hashes, 9 to 18 bytes a
// record.  Read from the feed once, at the start: some milliseconds for 50,000 records.
//
// Value; one thread.
#pragma once

#include <cstddef>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "server/directory.h"
#include "server/store.h"
#include "sync/ids.h"

namespace sotay::server {

class KnownRecords {
 public:
  // Everything that is there.  Fails as the store does, and with kDataLoss when a unit's feed does
  // not have as many records as the unit: then what it lacks would pass for new.
  static absl::StatusOr<KnownRecords> Of(Store* store, const Directory& directory);

  void Add(const sync::RecordId& record) { hashes_.insert(absl::HashOf(record)); }
  // False: it is not there.  Two may have one hash, so true means that the store has to be asked.
  bool MayHave(const sync::RecordId& record) const {
    return hashes_.contains(absl::HashOf(record));
  }

 private:
  absl::flat_hash_set<size_t> hashes_;
};

}  // namespace sotay::server
