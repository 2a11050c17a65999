// What an answer has shown, for the access log (access_log.h): readers fill it in while they read,
// unit by unit.  Values; any thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
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
  std::string lines = {};    // of the table of rights, by which; joined by commas
  std::string dossier = {};  // 16 bytes: everything is of it; empty: of any
  // What stands behind its last place was kept back: there is another part for what comes then.
  bool closed = false;
};

// One for each unit of which something was shown, or more where something between was kept back.
using ShownParts = std::vector<Shown>;

// Adds a line's name to those of a part, once.
inline void AddLine(Shown* part, absl::string_view line) {
  for (const absl::string_view known : absl::StrSplit(part->lines, ',')) {
    if (known == line) return;
  }
  absl::StrAppend(&part->lines, part->lines.empty() ? "" : ",", line);
}

inline void AddShown(ShownParts* parts, absl::string_view unit, uint64_t place,
                     absl::string_view line = {}, absl::string_view dossier = {}) {
  const auto part = std::find_if(parts->begin(), parts->end(), [&](const Shown& known) {
    return known.unit == unit && known.dossier == dossier && !known.closed;
  });
  if (part == parts->end()) {
    parts->push_back(
        {std::string(unit), "", place, place, 1, std::string(line), std::string(dossier)});
    return;
  }
  part->from = std::min(part->from, place);
  part->to = std::max(part->to, place);
  ++part->count;
  if (!line.empty()) AddLine(&*part, line);
}

// What stands at the next place of the unit is kept back.
inline void CloseShown(ShownParts* parts, absl::string_view unit) {
  for (Shown& part : *parts) part.closed = part.closed || part.unit == unit;
}

}  // namespace sotay::server
