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
  const std::vector<TextSpan>& pieces() const {
    if (!after_.empty()) MoveGap(piece_count());
    return before_;
  }
  // For a row that will not change: places are found at once, wherever somebody looked last.
  void Index();
  // The piece that holds a place, and the place it begins at.
  struct Piece {
    uint32_t place;
    TextSpan numbers;
  };
  Piece PieceOf(uint32_t place) const;
  // Calls `visit(TextSpan)` for what stands at these places.
  void Visit(uint32_t place, uint32_t length, const std::function<void(TextSpan)>& visit) const;
  std::vector<uint32_t> Numbers() const;

 private:
  struct Where {
    size_t piece;
    uint32_t skip;
  };
  size_t piece_count() const { return before_.size() + after_.size(); }
  TextSpan& piece(size_t i) const {
    return i < before_.size() ? before_[i] : after_[after_.size() - 1 - (i - before_.size())];
  }
  // Splits the pieces before the i-th.
  void MoveGap(size_t i) const;
  Where Find(uint32_t place) const;
  size_t Cut(uint32_t place);

  // The pieces before the place of the last edit, and those after it, the last one first: thousands
  // of splices at one place cost no more than they are.
  mutable std::vector<TextSpan> before_;
  mutable std::vector<TextSpan> after_;
  uint32_t size_ = 0;
  std::vector<uint32_t> starts_;  // the place of each piece, if there is an index
  // Where somebody last looked: edits go on where they were.
  mutable size_t hint_piece_ = 0;
  mutable uint32_t hint_place_ = 0;
};

}  // namespace sotay::sync
