// A row of characters under edit.  A character is known by a number whose meaning is the caller's:
// an element of a TextTree, or a place in a text that was.  Value; one thread.
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

}  // namespace sotay::sync
