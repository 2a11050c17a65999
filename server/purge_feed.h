// Taking a dossier's records out of their unit's feed (purge.h).
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/store.h"
#include "sync/ids.h"

namespace sotay::server {

// What is to be written, and erased, so that nothing in the feed of `unit` is of `dossier`.
struct FeedPurge {
  std::vector<std::pair<std::string, std::string>> puts;  // runs of births without its own
  std::vector<std::string> erased;
  std::set<sync::RecordId> records;  // that stood there, or were born there
  uint64_t others = 0;               // records that stay
};
absl::StatusOr<FeedPurge> PlanFeedPurge(Store* store, const std::string& unit,
                                        absl::string_view dossier);

}  // namespace sotay::server
