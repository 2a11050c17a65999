#include "sync/text_prose.h"

#include <cstdint>

#include "sync/text_words.h"
#include "sync/unicode.h"

namespace sotay::sync {
namespace {

// What a break comes of: a newline, or the end of a sentence with white space after it.  Asked of
// every character of a long sentence, hence a table.
bool MayBreak(char32_t scalar) {
  constexpr uint64_t kThose = uint64_t{1} << '\n' | uint64_t{1} << '\r' | uint64_t{1} << '.' |
                              uint64_t{1} << '!' | uint64_t{1} << '?';
  if (scalar < 64) return (kThose >> scalar & 1) != 0;
  return scalar >= 0x2026 && (IsNewline(scalar) || EndsSentence(scalar));
}

}  // namespace

bool TextProse::Joins(size_t place) const {
  return JoinedAt([this](size_t i) { return text_[i]; }, text_.size(), place);
}

bool TextProse::Break(size_t place) {
  if (place == 0 || place >= text_.size()) return true;
  const char32_t last = text_[place - 1];
  const char32_t next = text_[place];
  if (IsNewline(last) || IsNewline(next)) return true;
  if (!IsWhite(last)) return EndsSentence(last) && IsWhite(next);
  if (place < white_.from) white_ = {};
  size_t white = place;
  while (white > white_.from && IsWhite(text_[white - 1])) --white;
  if (white == white_.from) white = white_.found;
  white_ = {place, white};
  return white == 0 || EndsSentence(text_[white - 1]);
}

// After white space there is a break when a sentence has ended before it, and else after the
// newlines in it; nowhere else.
size_t TextProse::Start(size_t place) {
  size_t at = place;
  while (at > 0 && IsWhite(text_[at - 1])) --at;
  if (at > 0) --at;  // on the last character before `place` that is no white space
  const size_t from = at;
  size_t found = 0;
  for (; at > 0 && at != started_.from; --at) {
    const char32_t last = text_[at - 1];
    if (!MayBreak(last)) continue;
    size_t white = at;
    while (white > 0 && IsWhite(text_[white - 1])) --white;
    if (white > 0 && !EndsSentence(text_[white - 1])) {
      found = at;  // after a newline
      break;
    }
    if (white < at || IsWhite(text_[at])) {
      found = at;
      while (IsWhite(text_[found])) ++found;
      break;
    }
  }
  if (at > 0 && at == started_.from) found = started_.found;
  if (at == 0 && from > 0) {
    while (IsWhite(text_[found])) ++found;
  }
  started_ = {from, found};
  return found;
}

size_t TextProse::NextBreak(size_t place) {
  const size_t size = text_.size();
  bool ended = false;
  for (bool first = true; ++place < size; first = false) {
    const char32_t last = text_[place - 1];
    const char32_t next = text_[place];
    if (IsNewline(last) || IsNewline(next)) return place;
    if (!IsWhite(last)) {
      ended = EndsSentence(last);
    } else if (first) {
      ended = Break(place);
    }
    if (ended && (IsWhite(last) || IsWhite(next))) return place;
    if (ended) continue;
    while (place + 1 < size && !MayBreak(text_[place]) && !MayBreak(text_[place + 1])) ++place;
  }
  return size;
}

size_t TextProse::End(size_t place) {
  if (place < ended_.from) return ended_.found;
  const size_t size = text_.size();
  while (place < size && IsWhite(text_[place])) ++place;
  if (place == size) return size;
  const size_t found = NextBreak(place);
  size_t word = found;
  while (IsWhite(text_[word - 1])) --word;
  ended_ = {word, found};
  return found;
}

void TextProse::Trim(size_t* from, size_t* to) const {
  while (*from < *to && IsWhite(text_[*from])) ++*from;
  while (*from < *to && IsWhite(text_[*to - 1])) --*to;
}

}  // namespace sotay::sync
