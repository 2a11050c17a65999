#include "sync/text_prose.h"

#include <algorithm>
#include <utility>

#include "sync/text_words.h"
#include "sync/unicode.h"

namespace sotay::sync {
namespace {

// What a break comes of: a newline, or the end of a sentence with white space after it.
bool MayBreak(char32_t scalar) {
  constexpr uint64_t kThose = uint64_t{1} << '\n' | uint64_t{1} << '\r' | uint64_t{1} << '.' |
                              uint64_t{1} << '!' | uint64_t{1} << '?';
  if (scalar < 64) return (kThose >> scalar & 1) != 0;
  return scalar >= 0x2026 && (IsNewline(scalar) || EndsSentence(scalar));
}

}  // namespace

TextSheet::TextSheet(std::u32string scalars)
    : scalars_(std::move(scalars)), blocks_(scalars_.size() / kBlock + 1) {}

uint64_t TextSheet::BreakersIn(uint32_t block) const {
  Block& found = blocks_[block];
  if (!found.looked) {
    const uint32_t from = block * kBlock;
    const uint32_t to = std::min(from + kBlock, size());
    for (uint32_t i = from; i < to; ++i) {
      found.breakers |= uint64_t{MayBreak(scalars_[i])} << (i - from);
    }
    found.looked = true;
  }
  return found.breakers;
}

uint32_t TextSheet::LastBreaker(uint32_t from, uint32_t to) const {
  if (from >= to) return to;
  const uint32_t last = (to - 1) / kBlock;
  for (uint32_t block = last + 1; block-- > from / kBlock;) {
    uint64_t those = BreakersIn(block);
    if (block == last) those &= ~uint64_t{0} >> (kBlock - 1 - (to - 1) % kBlock);
    if (those == 0) continue;
    const uint32_t found =
        block * kBlock + kBlock - 1 - static_cast<uint32_t>(__builtin_clzll(those));
    return found >= from ? found : to;
  }
  return to;
}

uint32_t TextSheet::NextBreaker(uint32_t from, uint32_t to) const {
  for (uint32_t block = from / kBlock; block * kBlock < to; ++block) {
    uint64_t those = BreakersIn(block);
    if (block == from / kBlock) those &= ~uint64_t{0} << from % kBlock;
    if (those == 0) continue;
    return std::min(to, block * kBlock + static_cast<uint32_t>(__builtin_ctzll(those)));
  }
  return to;
}

TextProse::TextProse(const TextSheet& sheet) : sheet_(sheet), size_(sheet.size()) {
  if (size_ > 0) pieces_.push_back({0, 0, sheet.size()});
}

TextProse::TextProse(const TextSheet& sheet, const TextRow& row, const std::u32string& typed)
    : sheet_(sheet), typed_(&typed) {
  for (const TextSpan& piece : row.pieces()) {
    pieces_.push_back({size_, piece.first, piece.length});
    size_ += piece.length;
  }
}

size_t TextProse::PieceAt(size_t place) const {
  const auto past = std::upper_bound(pieces_.begin(), pieces_.end(), place,
                                     [](size_t p, const Piece& piece) { return p < piece.from; });
  return static_cast<size_t>(past - pieces_.begin()) - 1;
}

uint32_t TextProse::Number(size_t place) const { return pieces_[PieceAt(place)].NumberOf(place); }

TextProse::Run TextProse::RunAt(size_t place) const {
  const Piece& piece = pieces_[PieceAt(place)];
  const bool old = piece.number < sheet_.size();
  return {piece.from, piece.length,
          old ? sheet_.scalars().data() + piece.number
              : typed_->data() + (piece.number - Typed(sheet_))};
}

size_t TextProse::LastBreaker(size_t from, size_t to) const {
  if (from >= to) return to;
  for (size_t i = PieceAt(to - 1) + 1; i-- > 0 && pieces_[i].from + pieces_[i].length > from;) {
    const Piece& piece = pieces_[i];
    const size_t low = std::max(from, piece.from);
    size_t high = std::min(to, piece.from + piece.length);
    if (piece.number < sheet_.size()) {
      const uint32_t end = piece.NumberOf(high);
      const uint32_t found = sheet_.LastBreaker(piece.NumberOf(low), end);
      if (found != end) return piece.from + (found - piece.number);
      continue;
    }
    while (high > low) {
      if (MayBreak((*this)(--high))) return high;
    }
  }
  return to;
}

size_t TextProse::NextBreaker(size_t from, size_t to) const {
  if (from >= to) return to;
  for (size_t i = PieceAt(from); i < pieces_.size() && pieces_[i].from < to; ++i) {
    const Piece& piece = pieces_[i];
    size_t low = std::max(from, piece.from);
    const size_t high = std::min(to, piece.from + piece.length);
    if (piece.number < sheet_.size()) {
      const uint32_t end = piece.NumberOf(high);
      const uint32_t found = sheet_.NextBreaker(piece.NumberOf(low), end);
      if (found != end) return piece.from + (found - piece.number);
      continue;
    }
    for (; low < high; ++low) {
      if (MayBreak((*this)(low))) return low;
    }
  }
  return to;
}

bool TextProse::Joins(size_t place) const { return JoinedAt(*this, size_, place); }

bool TextProse::Break(size_t place) {
  if (place == 0 || place >= size_) return true;
  const char32_t last = (*this)(place - 1);
  const char32_t next = (*this)(place);
  if (IsNewline(last) || IsNewline(next)) return true;
  if (!IsWhite(last)) return EndsSentence(last) && IsWhite(next);
  if (place < white_.from) white_ = {};
  size_t white = place;
  while (white > white_.from && IsWhite((*this)(white - 1))) --white;
  if (white == white_.from) white = white_.found;
  white_ = {place, white};
  return white == 0 || EndsSentence((*this)(white - 1));
}

// After white space there is a break when a sentence has ended before it, and else after the
// newlines in it; nowhere else.
size_t TextProse::Start(size_t place) {
  size_t at = place;
  while (at > 0 && IsWhite((*this)(at - 1))) --at;
  if (at > 0) --at;  // on the last character before `place` that is no white space
  const size_t from = at;
  size_t found = 0;
  const size_t until = started_.from <= at ? started_.from : 0;
  for (; at > until; --at) {
    const size_t breaker = LastBreaker(until, at);
    if (breaker == at) {
      at = until;
      break;
    }
    at = breaker + 1;
    size_t white = at;
    while (white > 0 && IsWhite((*this)(white - 1))) --white;
    if (white > 0 && !EndsSentence((*this)(white - 1))) {
      found = at;  // after a newline
      break;
    }
    if (white < at || IsWhite((*this)(at))) {
      found = at;
      while (IsWhite((*this)(found))) ++found;
      break;
    }
  }
  if (at > 0 && at == started_.from) found = started_.found;
  if (at == 0 && from > 0) {
    while (IsWhite((*this)(found))) ++found;
  }
  started_ = {from, found};
  return found;
}

size_t TextProse::NextBreak(size_t place) {
  const size_t size = size_;
  bool ended = false;
  for (bool first = true; ++place < size; first = false) {
    const char32_t last = (*this)(place - 1);
    const char32_t next = (*this)(place);
    if (IsNewline(last) || IsNewline(next)) return place;
    if (!IsWhite(last)) {
      ended = EndsSentence(last);
    } else if (first) {
      ended = Break(place);
    }
    if (ended && (IsWhite(last) || IsWhite(next))) return place;
    if (ended) continue;
    place = std::max(place, NextBreaker(place, size) - 1);
  }
  return size;
}

size_t TextProse::End(size_t place) {
  if (place < ended_.from) return ended_.found;
  const size_t size = size_;
  while (place < size && IsWhite((*this)(place))) ++place;
  if (place == size) return size;
  const size_t found = NextBreak(place);
  size_t word = found;
  while (IsWhite((*this)(word - 1))) --word;
  ended_ = {word, found};
  return found;
}

void TextProse::Trim(size_t* from, size_t* to) const {
  while (*from < *to && IsWhite((*this)(*from))) ++*from;
  while (*from < *to && IsWhite((*this)(*to - 1))) --*to;
}

}  // namespace sotay::sync
