#include "sync/text_row.h"

#include <algorithm>

namespace sotay::sync {

void TextRow::Append(uint32_t first, uint32_t length) {
  if (length == 0) return;
  size_ += length;
  if (!pieces_.empty() && pieces_.back().first + pieces_.back().length == first) {
    pieces_.back().length += length;
    return;
  }
  pieces_.push_back({first, length});
}

TextRow::Where TextRow::Find(uint32_t place) const {
  if (hint_piece_ >= pieces_.size() || hint_place_ > place) {
    // Back from there, or from the beginning, whichever is nearer.
    if (hint_piece_ < pieces_.size() && hint_place_ - place < place) {
      while (hint_place_ > place) hint_place_ -= pieces_[--hint_piece_].length;
    } else {
      hint_piece_ = 0;
      hint_place_ = 0;
    }
  }
  while (hint_piece_ < pieces_.size() && place - hint_place_ >= pieces_[hint_piece_].length) {
    hint_place_ += pieces_[hint_piece_++].length;
  }
  return {hint_piece_, place - hint_place_};
}

uint32_t TextRow::At(uint32_t place) const {
  const Where where = Find(place);
  return pieces_[where.piece].first + where.skip;
}

size_t TextRow::Cut(uint32_t place) {
  const Where where = Find(place);
  if (where.skip == 0) return where.piece;
  TextSpan& head = pieces_[where.piece];
  const TextSpan tail = {head.first + where.skip, head.length - where.skip};
  head.length = where.skip;
  pieces_.insert(pieces_.begin() + static_cast<std::ptrdiff_t>(where.piece + 1), tail);
  return where.piece + 1;
}

void TextRow::Replace(uint32_t place, uint32_t deleted, uint32_t first, uint32_t length) {
  const auto from = static_cast<std::ptrdiff_t>(Cut(place));
  const auto to = static_cast<std::ptrdiff_t>(Cut(place + deleted));
  size_ = size_ - deleted + length;
  const auto begin = pieces_.begin();
  hint_piece_ = static_cast<size_t>(from);
  hint_place_ = place;
  if (length == 0) {
    pieces_.erase(begin + from, begin + to);
  } else if (from < to) {
    pieces_[static_cast<size_t>(from)] = {first, length};
    pieces_.erase(begin + from + 1, begin + to);
  } else if (from > 0 && pieces_[static_cast<size_t>(from - 1)].first +
                                 pieces_[static_cast<size_t>(from - 1)].length ==
                             first) {
    pieces_[static_cast<size_t>(from - 1)].length += length;
    hint_place_ += length;
  } else {
    pieces_.insert(begin + from, {first, length});
  }
}

void TextRow::Visit(uint32_t place, uint32_t length,
                    const std::function<void(TextSpan)>& visit) const {
  Where where = Find(place);
  while (length > 0) {
    const TextSpan& piece = pieces_[where.piece];
    const uint32_t take = std::min(length, piece.length - where.skip);
    visit({piece.first + where.skip, take});
    length -= take;
    where = {where.piece + 1, 0};
  }
}

std::vector<uint32_t> TextRow::Numbers() const {
  std::vector<uint32_t> numbers;
  numbers.reserve(size_);
  for (const TextSpan& piece : pieces_) {
    for (uint32_t i = 0; i < piece.length; ++i) numbers.push_back(piece.first + i);
  }
  return numbers;
}

}  // namespace sotay::sync
