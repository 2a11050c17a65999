// Who typed what of a text, with the text itself.  Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "sync/history.h"
#include "sync/ids.h"

namespace sotay::sync {

// Characters that one person typed in one change; a conflict stands alone.
struct BlameRun {
  uint32_t position = 0;  // Unicode scalar values; a conflict is one
  uint32_t length = 0;
  std::string text;       // of a conflict: as WrittenOut writes it
  bool conflict = false;  // then the author is that of one of its readings
  Author author;
};

// Everything that one who made change `at` had seen of the record, and that change; everything
// there is without it.  kNotFound when it is not in the history.
absl::StatusOr<VersionVector> VersionOf(const History& history, absl::optional<ChangeId> at);

// From the beginning of TEXT field `field` to its end, as it was then.
std::vector<BlameRun> Blame(History* history, uint32_t field, const VersionVector& version);

}  // namespace sotay::sync
