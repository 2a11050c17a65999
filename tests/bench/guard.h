// What the guard costs where it has something to keep back: of a phone's catch-up, and of the lists
// that ask it record by record.
#pragma once

#include "absl/status/status.h"
#include "tests/bench/stage.h"

namespace sotay::bench {

// Adds the figures to the stage's table.  A failure means that nothing could be measured.
absl::Status MeasureGuard(Stage* stage);

}  // namespace sotay::bench
