// What one edit does to a text, read from its text operations and checked against the text they are
// of.  Value; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace sotay::v1 {
class TextEdit;
}

namespace sotay::sync {

struct TextSplices {
  // Replaces `deleted` characters at `position` of what the ones before it have left.
  struct One {
    uint32_t position;
    uint32_t deleted;
    std::u32string inserted;
  };

  // Of a text of `length` characters.  kInvalidArgument when they do not fit it, or type what is no
  // text or U+FFFC.
  absl::Status Read(const std::vector<const v1::TextEdit*>& edits, uint32_t length);

  std::vector<One> all;
  size_t typed = 0;
};

}  // namespace sotay::sync
