// What one pass over a text tells of it.  Everything that comes in is scanned before anything
// else looks at it, most of it more than once, so the usual text costs little: blocks without a
// branch, which compilers make into vector instructions.  Pure.
#pragma once

#include <cstddef>

#include "absl/strings/string_view.h"

namespace sotay::sync {

struct Scan {
  size_t good = 0;                 // bytes of strict UTF-8 from the start
  size_t scalars = 0;              // in them
  bool marks_within_limit = true;  // see MarksWithinLimit (text.h); of what is good
};

Scan ScanText(absl::string_view text);
// The same, scalar by scalar: what ScanText falls back on, and is tested against.
Scan ScanEachScalar(absl::string_view text);

// Decodes the scalar value at `at`, which is within the text; its length in bytes, or 0 when
// there is none.
int DecodeScalar(absl::string_view text, size_t at, char32_t* scalar);

}  // namespace sotay::sync
