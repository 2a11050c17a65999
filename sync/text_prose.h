// A text by its words and sentences (docs/words.md).  Places are asked for in ascending order; what
// was walked once is not walked again, so all answers together cost no more than the text is long.
// Value; one thread.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

namespace sotay::sync {

class TextProse {
 public:
  // A conflict stands in the text as U+FFFC.
  explicit TextProse(std::u32string text) : text_(std::move(text)) {}

  size_t size() const { return text_.size(); }
  char32_t operator()(size_t place) const { return text_[place]; }

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

  std::u32string text_;
  Walk white_;    // from: over white space back from there, to `found`
  Walk started_;  // from: the sentence before it starts at `found`
  Walk ended_;    // from: past the last word of the sentence that ends at `found`
};

}  // namespace sotay::sync
