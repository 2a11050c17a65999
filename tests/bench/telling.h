// Whether the time of an answer tells that something is there: asked for what is not theirs and for
// what is not there, in turn, by every call that takes an id; by a stranger, by a colleague to whom
// a dossier is not open, and by those whose right depends on its field of work.
#pragma once

#include "absl/status/status.h"
#include "tests/bench/stage.h"

namespace sotay::bench {

// Adds the figures to the stage's table.  A failure means that nothing could be measured.
absl::Status MeasureTelling(Stage* stage);

}  // namespace sotay::bench
