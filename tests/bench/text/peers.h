// What other libraries take for the same traces: runs tests/bench/peers and reads what it tells.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"

namespace sotay::bench {

struct PeerFigures {
  std::string trace;
  std::string peer;
  absl::optional<double> type_ms, merge_ms, arrive_ms, load_ms, bytes_packed, memory_bytes;
  absl::optional<double> bytes_collected;  // once it has dropped deleted text
};

// kFailedPrecondition when node or a library is not there, or a library ended on a wrong text.
absl::StatusOr<std::vector<PeerFigures>> MeasurePeers(const std::vector<std::string>& traces,
                                                      int runs, bool quick);

}  // namespace sotay::bench
