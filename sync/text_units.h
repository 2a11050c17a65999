// A text cut into the units its differences are told in: tokens (docs/words.md) and, outside of
// tokens, single characters; U+FFFC, which stands for a conflict, is one of its own.  Value; the
// text outlives it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "sync/text_words.h"
#include "sync/unicode.h"

namespace sotay::sync {

class TextUnits {
 public:
  TextUnits(absl::string_view text, const std::u32string& scalars);

  uint32_t size() const { return static_cast<uint32_t>(units_.size() - 1); }
  bool span(uint32_t i) const { return units_[i].first == kSpanScalar; }
  bool word(uint32_t i) const { return IsWordScalar(units_[i].first) || span(i); }
  bool newline(uint32_t i) const { return IsNewline(units_[i].first); }
  bool white(uint32_t i) const { return IsWhite(units_[i].first); }
  bool sentence_break(uint32_t i) const { return units_[i].sentence_break; }  // before it
  uint32_t place(uint32_t i) const { return units_[i].place; }
  absl::string_view Text(uint32_t i, uint32_t end) const {
    return text_.substr(units_[i].byte, units_[end].byte - units_[i].byte);
  }
  absl::string_view operator[](uint32_t i) const { return Text(i, i + 1); }
  // The units before `end` from `i` on of which `is` holds.
  std::vector<uint32_t> Those(uint32_t i, uint32_t end,
                              bool (TextUnits::*is)(uint32_t) const) const;

 private:
  struct Unit {
    uint32_t byte;
    uint32_t place;  // scalar values before it
    char32_t first;
    bool sentence_break;
  };

  absl::string_view text_;
  std::vector<Unit> units_;  // and one for the end
};

}  // namespace sotay::sync
