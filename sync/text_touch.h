// What an edit touches in a row of characters: the words and the sentences around each place where
// it changed it (docs/words.md).  Pure; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "sync/text_order.h"
#include "sync/text_prose.h"
#include "sync/text_row.h"

namespace sotay::sync {

// A stretch by the characters it may begin and end with: the first and the last of these in the
// order of all characters.  kNone where there is none.
struct TouchedStretch {
  uint32_t low[2] = {TextOrder::kNone, TextOrder::kNone};
  uint32_t high[2] = {TextOrder::kNone, TextOrder::kNone};

  bool empty() const { return low[0] == TextOrder::kNone && low[1] == TextOrder::kNone; }
};

// Where an edit changed a row: at place p of the row before and q of the row after, d places went
// and s came.
struct TouchedPlace {
  uint32_t p, d, q, s;
  TouchedStretch words;
  TouchedStretch sentences;  // may be empty
};

// What turning the row `before` into `after` touched, in order.  `x` and `y` are the same rows with
// their characters.
std::vector<TouchedPlace> TouchedBy(const TextRow& before, TextProse* x, const TextRow& after,
                                    TextProse* y, const std::function<bool(uint32_t)>& is_new);

}  // namespace sotay::sync
