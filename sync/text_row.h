// A row of characters under edit, and what an edit touches in it (docs/words.md).  A character is
// known by a number whose meaning is the caller's: an element of a TextTree, or a place in a text
// that was.  Numbers that were not in the row before an edit are new.  Values; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "sync/text_order.h"

namespace sotay::sync {

class TextRow {
 public:
  // Numbers `first` and the next, at the end.
  void Append(uint32_t first, uint32_t length);
  // Takes `deleted` places away at `place` and puts `length` numbers from `first` there.
  void Replace(uint32_t place, uint32_t deleted, uint32_t first, uint32_t length);

  uint32_t size() const { return size_; }
  // The number at a place.
  uint32_t At(uint32_t place) const;
  // In order; each: numbers in a row.
  const std::vector<TextSpan>& pieces() const { return pieces_; }
  // Calls `visit(TextSpan)` for what stands at these places.
  void Visit(uint32_t place, uint32_t length, const std::function<void(TextSpan)>& visit) const;
  std::vector<uint32_t> Numbers() const;

 private:
  struct Where {
    size_t piece;
    uint32_t skip;
  };
  Where Find(uint32_t place) const;
  size_t Cut(uint32_t place);

  std::vector<TextSpan> pieces_;
  uint32_t size_ = 0;
  // Where somebody last looked: edits go on where they were.
  mutable size_t hint_piece_ = 0;
  mutable uint32_t hint_place_ = 0;
};

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

// What turning the row `before` into `after` touched, in order.
std::vector<TouchedPlace> TouchedBy(const TextRow& before, const TextRow& after,
                                    const std::function<bool(uint32_t)>& is_new,
                                    const std::function<char32_t(uint32_t)>& scalar);

}  // namespace sotay::sync
