// How long a server may answer everything but by what key it signs.  One that fails at that for
// ever would otherwise have got around the alarm over a key that no handover leads to.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mobile-sdk/core/lineage.h"
#include "mobile-sdk/core/store.h"

namespace sotay::sdk {

// Both: an hour of trouble is none, and neither is a clock that leaps.
constexpr uint64_t kUnshownTimesMax = 10;
constexpr int64_t kUnshownMsMax = int64_t{24} * 60 * 60 * 1000;

// Counts a contact at which it could not be asked, in the batch; after too many `shown` says that
// the server cannot show it, which is a dispute.  Any other contact ends the count.  `now_ms`: the
// device's clock.
absl::Status LosePatience(const Store& store, int64_t now_ms, HandoversShown* shown,
                          StoreBatch* batch);

// Since when it has not shown it; 0: it has, or was not asked.
absl::StatusOr<int64_t> UnshownSinceMs(const Store& store);

}  // namespace sotay::sdk
