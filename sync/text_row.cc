#include "sync/text_row.h"

#include <algorithm>

namespace sotay::sync {

void TextRow::Append(uint32_t first, uint32_t length) {
  if (length == 0) return;
  starts_.clear();
  size_ += length;
  MoveGap(piece_count());
  if (!before_.empty() && before_.back().first + before_.back().length == first) {
    before_.back().length += length;
    return;
  }
  before_.push_back({first, length});
}

void TextRow::MoveGap(size_t i) const {
  while (before_.size() > i) {
    after_.push_back(before_.back());
    before_.pop_back();
  }
  while (before_.size() < i) {
    before_.push_back(after_.back());
    after_.pop_back();
  }
}

void TextRow::Index() {
  starts_.clear();
  starts_.reserve(piece_count());
  uint32_t place = 0;
  for (const TextSpan& piece : pieces()) {
    starts_.push_back(place);
    place += piece.length;
  }
}

TextRow::Where TextRow::Find(uint32_t place) const {
  const size_t count = piece_count();
  if (!starts_.empty()) {
    if (place >= size_) return {count, 0};
    const auto holds = [&](size_t i) {
      return i < count && starts_[i] <= place && (i + 1 == count || place < starts_[i + 1]);
    };
    if (holds(hint_piece_ + 1)) {
      ++hint_piece_;
    } else if (holds(hint_piece_ - 1)) {  // unsigned: below is far
      --hint_piece_;
    } else if (!holds(hint_piece_)) {
      const auto past = std::upper_bound(starts_.begin(), starts_.end(), place);
      hint_piece_ = static_cast<size_t>(past - starts_.begin()) - 1;
    }
    hint_place_ = starts_[hint_piece_];
    return {hint_piece_, place - hint_place_};
  }
  if (hint_piece_ >= count || hint_place_ > place) {
    // Back from there, or from the beginning, whichever is nearer.
    if (hint_piece_ < count && hint_place_ - place < place) {
      while (hint_place_ > place) hint_place_ -= piece(--hint_piece_).length;
    } else {
      hint_piece_ = 0;
      hint_place_ = 0;
    }
  }
  while (hint_piece_ < count && place - hint_place_ >= piece(hint_piece_).length) {
    hint_place_ += piece(hint_piece_++).length;
  }
  return {hint_piece_, place - hint_place_};
}

uint32_t TextRow::At(uint32_t place) const {
  const Where where = Find(place);
  return piece(where.piece).first + where.skip;
}

TextRow::Piece TextRow::PieceOf(uint32_t place) const {
  const Where where = Find(place);
  return {place - where.skip, piece(where.piece)};
}

// The index of the piece that begins at `place`, which is made to begin there.
size_t TextRow::Cut(uint32_t place) {
  const Where where = Find(place);
  if (where.skip == 0) return where.piece;
  MoveGap(where.piece + 1);
  TextSpan& head = before_.back();
  after_.push_back({head.first + where.skip, head.length - where.skip});
  head.length = where.skip;
  return where.piece + 1;
}

void TextRow::Replace(uint32_t place, uint32_t deleted, uint32_t first, uint32_t length) {
  starts_.clear();
  const size_t from = Cut(place);
  const size_t to = Cut(place + deleted);
  size_ = size_ - deleted + length;
  MoveGap(to);
  before_.resize(from);
  hint_piece_ = from;
  hint_place_ = place;
  if (length == 0) return;
  if (from > 0 && before_.back().first + before_.back().length == first) {
    before_.back().length += length;
    hint_place_ += length;
  } else {
    before_.push_back({first, length});
  }
}

void TextRow::Visit(uint32_t place, uint32_t length,
                    const std::function<void(TextSpan)>& visit) const {
  Where where = Find(place);
  while (length > 0) {
    const TextSpan there = piece(where.piece);
    const uint32_t take = std::min(length, there.length - where.skip);
    visit({there.first + where.skip, take});
    length -= take;
    where = {where.piece + 1, 0};
  }
}

std::vector<uint32_t> TextRow::Numbers() const {
  std::vector<uint32_t> numbers(size_);
  uint32_t* at = numbers.data();
  for (const TextSpan& run : pieces()) {
    for (uint32_t i = 0; i < run.length; ++i) *at++ = run.first + i;
  }
  return numbers;
}

}  // namespace sotay::sync
