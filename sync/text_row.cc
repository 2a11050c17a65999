#include "sync/text_row.h"

#include <algorithm>

#include "sync/text_words.h"

namespace sotay::sync {
namespace {

constexpr uint32_t kNone = TextOrder::kNone;

// A row with its characters at hand.
struct Flat {
  Flat(const TextRow& row, const std::function<char32_t(uint32_t)>& scalar)
      : numbers(row.Numbers()) {
    scalars.reserve(numbers.size());
    for (uint32_t number : numbers) scalars.push_back(scalar(number));
    breaks = SentenceBreaks(*this, size());
    // White space between sentences is of neither.
    starts.assign(size() + 1, 0);
    for (size_t i = 1, last = 0; i <= size(); ++i) {
      if (breaks[i - 1]) last = i - 1;
      starts[i] = IsWhite(scalars[i - 1]) ? starts[i - 1] : last;
    }
    ends.assign(size() + 1, size());
    for (size_t i = size(), next = size(); i-- > 0;) {
      if (breaks[i + 1]) next = i + 1;
      ends[i] = IsWhite(scalars[i]) ? ends[i + 1] : next;
    }
  }

  size_t size() const { return numbers.size(); }
  char32_t operator()(size_t i) const { return scalars[i]; }
  bool Joins(size_t i) const { return JoinedAt(*this, size(), i); }

  std::vector<uint32_t> numbers;
  std::vector<char32_t> scalars;
  std::vector<bool> breaks;
  std::vector<size_t> starts;  // of the sentence before each place, and before the end
  std::vector<size_t> ends;    // of the sentence after it
};

// Finds, for places asked in ascending order, how far something reaches back; what was walked
// once is not walked again.
class Backwards {
 public:
  // Where the token begins that goes on at `place`; `place` itself when none does.
  size_t Token(const Flat& row, size_t place) {
    size_t at = place;
    while (at > from_ && row.Joins(at)) --at;
    return Keep(place, at == from_ && row.Joins(at) ? start_ : at);
  }

 private:
  size_t Keep(size_t place, size_t start) {
    from_ = place;
    return start_ = start;
  }

  size_t from_ = 0;  // asked last
  size_t start_ = 0;
};

// The same the other way, for places asked in descending order.
class Forwards {
 public:
  explicit Forwards(const Flat& row) : from_(row.size()), end_(row.size()) {}

  size_t Token(const Flat& row, size_t place) {
    size_t at = place;
    while (at < from_ && row.Joins(at)) ++at;
    return Keep(place, at == from_ && row.Joins(at) ? end_ : at);
  }

 private:
  size_t Keep(size_t place, size_t end) {
    from_ = place;
    return end_ = end;
  }

  size_t from_;
  size_t end_;
};

std::vector<TouchedPlace> Hunks(const Flat& before, const Flat& after,
                                const std::function<bool(uint32_t)>& is_new) {
  std::vector<TouchedPlace> hunks;
  size_t p = 0;
  size_t q = 0;
  while (p < before.size() || q < after.size()) {
    if (p < before.size() && q < after.size() && before.numbers[p] == after.numbers[q]) {
      ++p;
      ++q;
      continue;
    }
    TouchedPlace hunk = {};
    hunk.p = static_cast<uint32_t>(p);
    hunk.q = static_cast<uint32_t>(q);
    while (q < after.size() && is_new(after.numbers[q])) ++q;
    // What is next in both, the old one at q: everything before it is gone.
    while (p < before.size() && (q >= after.size() || before.numbers[p] != after.numbers[q])) ++p;
    // New ones may follow what is gone.
    hunk.d = static_cast<uint32_t>(p) - hunk.p;
    hunk.s = static_cast<uint32_t>(q) - hunk.q;
    hunks.push_back(hunk);
  }
  return hunks;
}

// The first and the last that are not white space in [from, to).
void Trim(const Flat& row, size_t* from, size_t* to) {
  while (*from < *to && IsWhite(row(*from))) ++*from;
  while (*from < *to && IsWhite(row(*to - 1))) --*to;
}

void AddRange(const Flat& row, size_t from, size_t to, size_t which, TouchedStretch* stretch) {
  if (from >= to) return;
  stretch->low[which] = row.numbers[from];
  stretch->high[which] = row.numbers[to - 1];
}

}  // namespace

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
  if (length == 0) {
    pieces_.erase(begin + from, begin + to);
  } else if (from < to) {
    pieces_[static_cast<size_t>(from)] = {first, length};
    pieces_.erase(begin + from + 1, begin + to);
  } else if (from > 0 && pieces_[static_cast<size_t>(from - 1)].first +
                                 pieces_[static_cast<size_t>(from - 1)].length ==
                             first) {
    pieces_[static_cast<size_t>(from - 1)].length += length;
  } else {
    pieces_.insert(begin + from, {first, length});
  }
  hint_piece_ = pieces_.size();
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

std::vector<TouchedPlace> TouchedBy(const TextRow& before, const TextRow& after,
                                    const std::function<bool(uint32_t)>& is_new,
                                    const std::function<char32_t(uint32_t)>& scalar) {
  const Flat x(before, scalar);
  const Flat y(after, scalar);
  std::vector<TouchedPlace> hunks = Hunks(x, y, is_new);
  struct Reach {
    size_t word_x, word_y;
  };
  std::vector<Reach> left;
  std::vector<Reach> right(hunks.size());
  Backwards token_x, token_y;
  for (const TouchedPlace& hunk : hunks) {
    left.push_back({hunk.p - token_x.Token(x, hunk.p), hunk.q - token_y.Token(y, hunk.q)});
  }
  Forwards token_x_end(x), token_y_end(y);
  for (size_t i = hunks.size(); i-- > 0;) {
    const size_t p = hunks[i].p + hunks[i].d;
    const size_t q = hunks[i].q + hunks[i].s;
    right[i] = {token_x_end.Token(x, p) - p, token_y_end.Token(y, q) - q};
  }
  for (size_t i = 0; i < hunks.size(); ++i) {
    TouchedPlace& hunk = hunks[i];
    const size_t p_end = hunk.p + hunk.d;
    const size_t q_end = hunk.q + hunk.s;
    AddRange(x, hunk.p, p_end, 0, &hunk.words);
    AddRange(y, hunk.q, q_end, 1, &hunk.words);
    const Reach& to_left = left[i];
    const Reach& to_right = right[i];
    if (to_left.word_x + to_left.word_y > 0) {
      hunk.words.low[0] = to_left.word_x > 0 ? x.numbers[hunk.p - to_left.word_x] : kNone;
      hunk.words.low[1] = to_left.word_y > 0 ? y.numbers[hunk.q - to_left.word_y] : kNone;
    }
    if (to_right.word_x + to_right.word_y > 0) {
      hunk.words.high[0] = to_right.word_x > 0 ? x.numbers[p_end + to_right.word_x - 1] : kNone;
      hunk.words.high[1] = to_right.word_y > 0 ? y.numbers[q_end + to_right.word_y - 1] : kNone;
    }

    // Before, gone, new, after: each without the white space at its ends.
    size_t before_from = hunk.p;
    size_t before_to = hunk.p;
    if (!x.breaks[hunk.p] || !y.breaks[hunk.q]) before_from = x.starts[hunk.p];
    size_t after_from = q_end;
    size_t after_to = q_end;
    if (!x.breaks[p_end] || !y.breaks[q_end]) after_to = y.ends[q_end];
    size_t gone_from = hunk.p;
    size_t gone_to = p_end;
    size_t new_from = hunk.q;
    size_t new_to = q_end;
    Trim(x, &before_from, &before_to);
    Trim(x, &gone_from, &gone_to);
    Trim(y, &new_from, &new_to);
    Trim(y, &after_from, &after_to);
    TouchedStretch& sentences = hunk.sentences;
    AddRange(x, gone_from, gone_to, 0, &sentences);
    AddRange(y, new_from, new_to, 1, &sentences);
    if (before_from < before_to) {
      const bool alone = sentences.empty();
      sentences.low[0] = x.numbers[before_from];
      sentences.low[1] = kNone;
      if (alone) sentences.high[0] = x.numbers[before_to - 1];
    }
    if (after_from < after_to) {
      if (sentences.empty()) sentences.low[0] = y.numbers[after_from];
      sentences.high[0] = y.numbers[after_to - 1];
      sentences.high[1] = kNone;
    }
  }
  return hunks;
}

}  // namespace sotay::sync
