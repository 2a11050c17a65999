// Elements of a TextTree in a row.
#pragma once

#include <cstdint>

namespace sotay::sync {

// Elements that stand side by side, in number and in the text.
struct TextSpan {
  uint32_t first = 0;
  uint32_t length = 0;
};

}  // namespace sotay::sync
