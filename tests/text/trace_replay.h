// A recorded trace typed into a TextTree, as its people typed it.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "sync/text_tree.h"
#include "tests/text/trace.h"

namespace sotay::tests {

// What a step's author had seen when it was made, for every step: the edits it names and all
// before them.  kInvalidArgument when a step names a later one.
absl::StatusOr<std::vector<sync::TextVersion>> SeenBySteps(const Trace& trace);

// Applies the steps in their order, each on what its author had seen.
absl::Status Replay(const Trace& trace, const std::vector<sync::TextVersion>& seen,
                    sync::TextTree* tree);

}  // namespace sotay::tests
