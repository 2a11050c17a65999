#include "sync/text_touch.h"

#include <algorithm>

namespace sotay::sync {
namespace {

constexpr uint32_t kNone = TextOrder::kNone;

// Finds, for places asked in ascending order, how far a token reaches back; what was walked once is
// not walked again.
class Backwards {
 public:
  // How many places before `place` are of the token that goes on there.
  size_t Token(const TextProse& row, size_t place) {
    size_t at = place;
    while (at > from_ && row.Joins(at)) --at;
    start_ = at == from_ && at > 0 && row.Joins(at) ? start_ : at;
    from_ = place;
    return place - start_;
  }

 private:
  size_t from_ = 0;  // asked last
  size_t start_ = 0;
};

// The same the other way, for places asked in descending order.
class Forwards {
 public:
  explicit Forwards(size_t size) : from_(size), end_(size) {}

  size_t Token(const TextProse& row, size_t place) {
    size_t at = place;
    while (at < from_ && row.Joins(at)) ++at;
    end_ = at == from_ && row.Joins(at) ? end_ : at;
    from_ = place;
    return end_ - place;
  }

 private:
  size_t from_;
  size_t end_;
};

// A row's pieces, one after the other.
class Pieces {
 public:
  explicit Pieces(const TextRow& row) : pieces_(row.pieces()) {}

  bool done() const { return piece_ == pieces_.size(); }
  uint32_t number() const { return pieces_[piece_].first + skip_; }
  uint32_t left() const { return pieces_[piece_].length - skip_; }
  uint32_t place() const { return place_; }
  void Skip(uint32_t places) {
    place_ += places;
    skip_ += places;
    if (skip_ == pieces_[piece_].length) {
      ++piece_;
      skip_ = 0;
    }
  }

 private:
  const std::vector<TextSpan>& pieces_;
  size_t piece_ = 0;
  uint32_t skip_ = 0;
  uint32_t place_ = 0;
};

std::vector<TouchedPlace> Hunks(const TextRow& before, const TextRow& after,
                                const std::function<bool(uint32_t)>& is_new) {
  std::vector<TouchedPlace> hunks;
  Pieces was(before);
  Pieces is(after);
  while (!was.done() || !is.done()) {
    if (!was.done() && !is.done() && was.number() == is.number()) {
      const uint32_t same = std::min(was.left(), is.left());
      was.Skip(same);
      is.Skip(same);
      continue;
    }
    TouchedPlace hunk = {};
    hunk.p = was.place();
    hunk.q = is.place();
    while (!is.done() && is_new(is.number())) is.Skip(1);
    // What is next in both, the old one: everything before it is gone.
    while (!was.done() && (is.done() || was.number() != is.number())) was.Skip(1);
    hunk.d = was.place() - hunk.p;
    hunk.s = is.place() - hunk.q;
    hunks.push_back(hunk);
  }
  return hunks;
}

void AddRange(const TextProse& row, size_t from, size_t to, size_t which, TouchedStretch* stretch) {
  if (from >= to) return;
  stretch->low[which] = row.Number(from);
  stretch->high[which] = row.Number(to - 1);
}

// How many places of a token stand before a hunk, or after it, in both rows.
struct Reach {
  size_t x, y;
};

void TouchWords(const TextProse& x, const TextProse& y, Reach left, Reach right,
                TouchedPlace* hunk) {
  const size_t p_end = hunk->p + hunk->d;
  const size_t q_end = hunk->q + hunk->s;
  TouchedStretch& words = hunk->words;
  AddRange(x, hunk->p, p_end, 0, &words);
  AddRange(y, hunk->q, q_end, 1, &words);
  if (left.x + left.y > 0) {
    words.low[0] = left.x > 0 ? x.Number(hunk->p - left.x) : kNone;
    words.low[1] = left.y > 0 ? y.Number(hunk->q - left.y) : kNone;
  }
  if (right.x + right.y > 0) {
    words.high[0] = right.x > 0 ? x.Number(p_end + right.x - 1) : kNone;
    words.high[1] = right.y > 0 ? y.Number(q_end + right.y - 1) : kNone;
  }
}

// Before, gone, new, after: each without the white space at its ends.
void TouchSentences(TextProse& x, TextProse& y, TouchedPlace* hunk) {
  const size_t p_end = hunk->p + hunk->d;
  const size_t q_end = hunk->q + hunk->s;
  size_t before_from = hunk->p;
  size_t before_to = hunk->p;
  if (!x.Break(hunk->p) || !y.Break(hunk->q)) before_from = x.Start(hunk->p);
  size_t after_from = q_end;
  size_t after_to = q_end;
  if (!x.Break(p_end) || !y.Break(q_end)) after_to = y.End(q_end);
  size_t gone_from = hunk->p;
  size_t gone_to = p_end;
  size_t new_from = hunk->q;
  size_t new_to = q_end;
  x.Trim(&before_from, &before_to);
  x.Trim(&gone_from, &gone_to);
  y.Trim(&new_from, &new_to);
  y.Trim(&after_from, &after_to);
  TouchedStretch& sentences = hunk->sentences;
  AddRange(x, gone_from, gone_to, 0, &sentences);
  AddRange(y, new_from, new_to, 1, &sentences);
  if (before_from < before_to) {
    const bool alone = sentences.empty();
    sentences.low[0] = x.Number(before_from);
    sentences.low[1] = kNone;
    if (alone) sentences.high[0] = x.Number(before_to - 1);
  }
  if (after_from < after_to) {
    if (sentences.empty()) sentences.low[0] = y.Number(after_from);
    sentences.high[0] = y.Number(after_to - 1);
    sentences.high[1] = kNone;
  }
}

}  // namespace

std::vector<TouchedPlace> TouchedBy(const TextRow& before, TextProse* x, const TextRow& after,
                                    TextProse* y, const std::function<bool(uint32_t)>& is_new) {
  std::vector<TouchedPlace> hunks = Hunks(before, after, is_new);
  std::vector<Reach> right(hunks.size());
  Forwards right_x(before.size());
  Forwards right_y(after.size());
  for (size_t i = hunks.size(); i-- > 0;) {
    right[i] = {right_x.Token(*x, hunks[i].p + hunks[i].d),
                right_y.Token(*y, hunks[i].q + hunks[i].s)};
  }
  Backwards left_x;
  Backwards left_y;
  for (size_t i = 0; i < hunks.size(); ++i) {
    const Reach left = {left_x.Token(*x, hunks[i].p), left_y.Token(*y, hunks[i].q)};
    TouchWords(*x, *y, left, right[i], &hunks[i]);
    TouchSentences(*x, *y, &hunks[i]);
  }
  return hunks;
}

}  // namespace sotay::sync
