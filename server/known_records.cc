#include "server/known_records.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "sync/status_macros.h"

namespace sotay::server {

absl::StatusOr<KnownRecords> KnownRecords::Of(Store* store, const Directory& directory) {
  KnownRecords known;
  uint64_t total = 0;
  for (const v1::Unit& unit : directory.Units()) {
    // Each record of the unit stands in its feed once.
    uint64_t records = 0;
    SOTAY_RETURN_IF_ERROR(store->VisitFeed(unit.unit_id(), 0, std::numeric_limits<uint64_t>::max(),
                                           [&](const FeedPlace& place, const stored::v1::FeedRow&) {
                                             known.Add(place.record);
                                             ++records;
                                             return true;
                                           }));
    const auto head = directory.Head(unit.unit_id());
    const uint64_t counted = head.has_value() ? head->records() : 0;
    if (records != counted) {
      return absl::DataLossError(absl::StrCat("unit ", unit.unit_id(), " has ", counted,
                                              " records, ", records, " stand in its feed"));
    }
    total += records;
  }
  if (known.hashes_.size() != total) {
    return absl::DataLossError("a record stands in the feeds twice, or two have one hash");
  }
  return known;
}

}  // namespace sotay::server
