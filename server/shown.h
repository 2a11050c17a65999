// What an answer has shown, for the access log (access_log.h): readers fill it in while they read,
// unit by unit.  Values; any thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace sotay::server {

// Of one unit: how many records, and the least and the greatest place among them (positions of
// the unit's log; of quarantine, arrivals).
struct Shown {
  std::string unit;
  std::string record;  // 16 bytes, of an answer about one record
  uint64_t from = 0;
  uint64_t to = 0;
  uint32_t count = 0;
};

// One for each unit of which something was shown.
using ShownParts = std::vector<Shown>;

inline void AddShown(ShownParts* parts, absl::string_view unit, uint64_t place) {
  const auto part = std::find_if(parts->begin(), parts->end(),
                                 [unit](const Shown& known) { return known.unit == unit; });
  if (part == parts->end()) {
    parts->push_back({std::string(unit), "", place, place, 1});
    return;
  }
  part->from = std::min(part->from, place);
  part->to = std::max(part->to, place);
  ++part->count;
}

}  // namespace sotay::server
