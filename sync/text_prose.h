// A text by its words and sentences (docs/words.md).  Places are asked for in ascending order; what
// was walked once is not walked again, so all answers together cost no more than the text is long.
// Values; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "sync/text_row.h"

namespace sotay::sync {

// The characters of a text, and of which of them a break may come: that is looked for where
// somebody asks, and once for all who edit it.  A conflict stands in the text as U+FFFC.
class TextSheet {
 public:
  explicit TextSheet(std::u32string scalars);

  const std::u32string& scalars() const { return scalars_; }
  uint32_t size() const { return static_cast<uint32_t>(scalars_.size()); }
  // The last place in [from, to) of which a break may come, and the first; `to` when there is none.
  uint32_t LastBreaker(uint32_t from, uint32_t to) const;
  uint32_t NextBreaker(uint32_t from, uint32_t to) const;

 private:
  static constexpr uint32_t kBlock = 64;  // places, a bit each
  struct Block {
    uint64_t breakers = 0;
    bool looked = false;
  };
  uint64_t BreakersIn(uint32_t block) const;

  std::u32string scalars_;
  mutable std::vector<Block> blocks_;
};

class TextProse {
 public:
  // What is on the sheet, as it is.
  explicit TextProse(const TextSheet& sheet);
  // What somebody made of it: a row of places of the sheet and, numbered from Typed(sheet) on, of
  // what was typed.  Sheet, row and `typed` outlive it.
  TextProse(const TextSheet& sheet, const TextRow& row, const std::u32string& typed);
  // One more than the sheet has places, so that what stands at its end is not joined to these.
  static uint32_t Typed(const TextSheet& sheet) { return sheet.size() + 1; }

  size_t size() const { return size_; }
  char32_t operator()(size_t place) const {
    if (place - run_.from >= run_.length) run_ = RunAt(place);  // unsigned: below is far
    return run_.scalars[place - run_.from];
  }
  // Of the row.
  uint32_t Number(size_t place) const;

  // Whether the places before and at `place` are of one token.
  bool Joins(size_t place) const;
  // Whether there is a break before `place`.
  bool Break(size_t place);
  // The nearest break past `place`, which is one itself.
  size_t NextBreak(size_t place);
  // Where the sentence begins that goes on, or has ended, before `place`; white space between
  // sentences is of neither.
  size_t Start(size_t place);
  // Where the sentence ends that goes on, or begins, after `place`.
  size_t End(size_t place);
  // Takes the white space at either end off [from, to).
  void Trim(size_t* from, size_t* to) const;

 private:
  struct Walk {
    size_t from = 0;  // asked last
    size_t found = 0;
  };
  struct Piece {
    size_t from;  // its place
    uint32_t number;
    uint32_t length;

    uint32_t NumberOf(size_t place) const { return number + static_cast<uint32_t>(place - from); }
  };
  // A piece, by what is in it.
  struct Run {
    size_t from = 0;
    size_t length = 0;
    const char32_t* scalars = nullptr;
  };

  size_t PieceAt(size_t place) const;
  Run RunAt(size_t place) const;
  // As of a sheet.
  size_t LastBreaker(size_t from, size_t to) const;
  size_t NextBreaker(size_t from, size_t to) const;

  const TextSheet& sheet_;
  const std::u32string* typed_ = nullptr;
  std::vector<Piece> pieces_;
  size_t size_ = 0;
  mutable Run run_;  // where somebody last looked
  Walk white_;       // from: over white space back from there, to `found`
  Walk started_;     // from: the sentence before it starts at `found`
  Walk ended_;       // from: past the last word of the sentence that ends at `found`
};

}  // namespace sotay::sync
