// The tables that follow from the others: a record's history (`y`), the record as merged (`r`), its
// place in the feed (`f`) and which signature of it stands (`i`), made again from the logs and from
// what was set aside.  For a restore: a backup does not hold them.  The merging is the store's own,
// as for `sotayd check`.
//
// Memory is bounded; twice a record's entries are read.  One thread, on a store nobody else has.
#pragma once

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "server/store.h"
#include "sync/schema.h"

namespace sotay::server {

// How far it has come, now and then: entries of all logs, then records.
using ReplayProgress = std::function<void(const char* what, uint64_t done)>;

// Fails with kDataLoss when an entry cannot be read or does not merge, and as writing does; then
// the store is not to be used.
absl::Status MakeDerivedTables(Store* store, const sync::Schema& schema,
                               const ReplayProgress& progress);

}  // namespace sotay::server
