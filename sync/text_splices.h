// What one edit does to a text, read once from its text operations.  Value; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

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

  // All text operations one edit has for a text, in their order.  kInvalidArgument when they do not
  // fit each other, or type what is no text or U+FFFC.
  static absl::StatusOr<TextSplices> Read(const std::vector<const v1::TextEdit*>& edits);

  // kInvalidArgument when they are of a text of another length.
  absl::Status CheckFits(uint32_t length) const;

  uint32_t length_before = 0;  // characters of the text they are of
  size_t typed = 0;            // characters
  absl::InlinedVector<One, 1> all;
};

}  // namespace sotay::sync
