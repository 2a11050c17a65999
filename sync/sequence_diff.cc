#include "sync/sequence_diff.h"

#include <algorithm>

namespace sotay::sync {
namespace {

constexpr uint32_t kNone = UINT32_MAX;

// A part of either sequence, to be compared with the other.
struct Range {
  uint32_t a;
  uint32_t a_end;
  uint32_t b;
  uint32_t b_end;

  uint32_t size() const { return a_end - a + (b_end - b); }
};

class Comparison {
 public:
  Comparison(const std::vector<uint32_t>& a, const std::vector<uint32_t>& b)
      : a_(a),
        b_(b),
        match_of_(a.size(), kNone),
        forward_(a.size() + b.size() + 3),
        backward_(a.size() + b.size() + 3) {}

  // Finds what `whole` has in common; what `steps` does not suffice for is added to `unsolved`.
  void Solve(const Range& whole, int64_t* steps, std::vector<Range>* unsolved);
  // Matches what stands once on either side of `range`, in the same order; what lies between is
  // added to `gaps`, unless there is nothing to match.
  void Anchor(const Range& range, std::vector<Range>* gaps);

  std::vector<Match> Matches() const {
    std::vector<Match> matches;
    for (uint32_t i = 0; i < a_.size(); ++i) {
      if (match_of_[i] != kNone) matches.push_back({i, match_of_[i]});
    }
    return matches;
  }

 private:
  struct Seen {
    uint32_t in_a = 0;
    uint32_t in_b = 0;
    uint32_t at_b = 0;
  };

  // A run of equal elements, maybe none, that a shortest way through `range` passes halfway.
  // `range` begins and ends with differences and is empty on neither side.  False when steps ran
  // out.
  bool MiddleSnake(const Range& range, int64_t* steps, Range* snake);

  const std::vector<uint32_t>& a_;
  const std::vector<uint32_t>& b_;
  std::vector<uint32_t> match_of_;  // by element of a
  // How far one gets on each diagonal, from the beginning and from the end.
  std::vector<int32_t> forward_;
  std::vector<int32_t> backward_;
  std::vector<Seen> seen_;  // by value
};

bool Comparison::MiddleSnake(const Range& range, int64_t* steps, Range* snake) {
  const auto n = static_cast<int32_t>(range.a_end - range.a);
  const auto m = static_cast<int32_t>(range.b_end - range.b);
  const int32_t delta = n - m;
  const bool odd = delta % 2 != 0;
  const uint32_t* const a = a_.data() + range.a;
  const uint32_t* const b = b_.data() + range.b;
  int32_t* const forward = forward_.data() + m + 1;  // diagonals -m-1 to n+1
  int32_t* const backward = backward_.data() + m + 1;
  forward[1] = 0;
  backward[1] = 0;
  const auto start = [](const int32_t* reach, int32_t d, int32_t k) {
    return k == -d || (k != d && reach[k - 1] < reach[k + 1]) ? reach[k + 1] : reach[k - 1] + 1;
  };
  for (int32_t d = 0; d <= (n + m + 1) / 2; ++d) {
    const int32_t first = -(d - 2 * std::max(0, d - m));
    const int32_t last = d - 2 * std::max(0, d - n);
    for (int32_t k = first; k <= last; k += 2) {
      const int32_t from = start(forward, d, k);
      int32_t x = from;
      while (x < n && x - k < m && a[x] == b[x - k]) ++x;
      forward[k] = x;
      *steps -= 1 + x - from;
      if (*steps < 0) return false;
      const int32_t other = delta - k;  // the same diagonal, seen from the end
      if (odd && x <= n && x - k <= m && other > -d && other < d && x + backward[other] >= n) {
        *snake = {range.a + static_cast<uint32_t>(from), range.a + static_cast<uint32_t>(x),
                  range.b + static_cast<uint32_t>(from - k),
                  range.b + static_cast<uint32_t>(x - k)};
        return true;
      }
    }
    for (int32_t k = first; k <= last; k += 2) {
      const int32_t from = start(backward, d, k);
      int32_t x = from;
      while (x < n && x - k < m && a[n - 1 - x] == b[m - 1 - x + k]) ++x;
      backward[k] = x;
      *steps -= 1 + x - from;
      if (*steps < 0) return false;
      const int32_t other = delta - k;
      if (!odd && x <= n && x - k <= m && other >= -d && other <= d && x + forward[other] >= n) {
        *snake = {range.a_end - static_cast<uint32_t>(x), range.a_end - static_cast<uint32_t>(from),
                  range.b_end - static_cast<uint32_t>(x - k),
                  range.b_end - static_cast<uint32_t>(from - k)};
        return true;
      }
    }
  }
  return false;
}

void Comparison::Solve(const Range& whole, int64_t* steps, std::vector<Range>* unsolved) {
  std::vector<Range> open = {whole};  // as deep as differences can be halved
  while (!open.empty()) {
    Range range = open.back();
    open.pop_back();
    while (range.a < range.a_end && range.b < range.b_end && a_[range.a] == b_[range.b]) {
      match_of_[range.a++] = range.b++;
    }
    while (range.a < range.a_end && range.b < range.b_end &&
           a_[range.a_end - 1] == b_[range.b_end - 1]) {
      match_of_[--range.a_end] = --range.b_end;
    }
    if (range.a == range.a_end || range.b == range.b_end) continue;
    Range snake;
    if (!MiddleSnake(range, steps, &snake)) {
      unsolved->push_back(range);
      continue;
    }
    for (uint32_t i = snake.a, j = snake.b; i < snake.a_end; ++i, ++j) match_of_[i] = j;
    open.push_back({snake.a_end, range.a_end, snake.b_end, range.b_end});
    open.push_back({range.a, snake.a, range.b, snake.b});
  }
}

void Comparison::Anchor(const Range& range, std::vector<Range>* gaps) {
  if (seen_.empty()) {
    seen_.resize(size_t{1} + std::max(*std::max_element(a_.begin(), a_.end()),
                                      *std::max_element(b_.begin(), b_.end())));
  }
  for (uint32_t i = range.a; i < range.a_end; ++i) seen_[a_[i]] = {};
  for (uint32_t j = range.b; j < range.b_end; ++j) seen_[b_[j]] = {};
  for (uint32_t i = range.a; i < range.a_end; ++i) ++seen_[a_[i]].in_a;
  for (uint32_t j = range.b; j < range.b_end; ++j) {
    Seen& seen = seen_[b_[j]];
    ++seen.in_b;
    seen.at_b = j;
  }
  // The longest ascending subsequence: ends[l] closes the one of length l + 1 that ends lowest.
  struct Link {
    Match match;
    uint32_t before;  // in links
  };
  std::vector<Link> links;
  std::vector<uint32_t> ends;
  for (uint32_t i = range.a; i < range.a_end; ++i) {
    const Seen& seen = seen_[a_[i]];
    if (seen.in_a != 1 || seen.in_b != 1) continue;
    const auto at = std::lower_bound(
        ends.begin(), ends.end(), seen.at_b,
        [&](uint32_t link, uint32_t place) { return links[link].match.b < place; });
    links.push_back({{i, seen.at_b}, at == ends.begin() ? kNone : *(at - 1)});
    const auto added = static_cast<uint32_t>(links.size() - 1);
    if (at == ends.end()) {
      ends.push_back(added);
    } else {
      *at = added;
    }
  }
  if (ends.empty()) return;
  Range rest = range;
  for (uint32_t at = ends.back(); at != kNone; at = links[at].before) {
    const Match& match = links[at].match;
    match_of_[match.a] = match.b;
    gaps->push_back({match.a + 1, rest.a_end, match.b + 1, rest.b_end});
    rest.a_end = match.a;
    rest.b_end = match.b;
  }
  gaps->push_back(rest);
}

}  // namespace

std::vector<Match> CommonSubsequence(const std::vector<uint32_t>& a, const std::vector<uint32_t>& b,
                                     int64_t* steps) {
  Comparison comparison(a, b);
  const int64_t held = *steps / 2;
  *steps -= held;
  std::vector<Range> unsolved;
  comparison.Solve({0, static_cast<uint32_t>(a.size()), 0, static_cast<uint32_t>(b.size())}, steps,
                   &unsolved);
  *steps += held;
  std::vector<Range> gaps;
  for (const Range& range : unsolved) comparison.Anchor(range, &gaps);
  int64_t size = 0;
  for (const Range& gap : gaps) size += gap.size();
  for (const Range& gap : gaps) {
    if (size == 0) break;
    const int64_t share = std::max<int64_t>(*steps, 0) * gap.size() / size;
    size -= gap.size();
    int64_t left = share;
    std::vector<Range> given_up;
    comparison.Solve(gap, &left, &given_up);
    *steps -= share - left;
  }
  return comparison.Matches();
}

}  // namespace sotay::sync
