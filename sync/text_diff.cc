#include "sync/text_diff.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "sotay/v1/change.pb.h"
#include "sync/limits.h"
#include "sync/sequence_diff.h"
#include "sync/text.h"
#include "sync/text_units.h"

namespace sotay::sync {
namespace {

// More than two words side by side that all changed are not paired: that they are as many on both
// sides is chance.
constexpr uint32_t kPairedWordsMax = 2;

bool IsTail(char c) { return (static_cast<uint8_t>(c) & 0xC0) == 0x80; }

uint32_t Scalars(absl::string_view text) {
  return static_cast<uint32_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !IsTail(c); }));
}

// Bytes of the whole characters that are alike at the beginning of both.
size_t CommonHead(absl::string_view a, absl::string_view b) {
  const size_t shorter = std::min(a.size(), b.size());
  size_t head = 0;
  while (head < shorter && a[head] == b[head]) ++head;
  while (head > 0 &&
         ((head < a.size() && IsTail(a[head])) || (head < b.size() && IsTail(b[head])))) {
    --head;
  }
  return head;
}

size_t CommonTail(absl::string_view a, absl::string_view b) {
  const size_t shorter = std::min(a.size(), b.size());
  size_t tail = 0;
  while (tail < shorter && a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) ++tail;
  while (tail > 0 && IsTail(a[a.size() - tail])) --tail;
  return tail;
}

// TextUnits of the text before, and what stands in their place afterwards.
struct Passage {
  uint32_t a;
  uint32_t a_end;
  uint32_t b;
  uint32_t b_end;

  uint32_t size() const { return a_end - a + (b_end - b); }
};

class Difference {
 public:
  Difference(const TextUnits& a, const TextUnits& b)
      : a_(a), b_(b), gone_(a.size(), false), come_(b.size(), false) {
    Passage all = {0, a_.size(), 0, b_.size()};
    Trim(&all);
    MarkChanges(all);
    CollectHunks();
    for (size_t i = 0; i < hunks_.size(); ++i) Slide(i);
    Limit();
  }

  void ToSplices(v1::TextEdit* edit) const;

 private:
  struct Words {
    std::vector<uint32_t> a;  // the units that are words
    std::vector<uint32_t> b;
    std::vector<Match> matches;  // indices in these
  };
  // What a splice takes out and puts in.
  struct Piece {
    uint32_t place;  // in the text before
    absl::string_view out;
    absl::string_view in;
  };
  enum class By { kLine, kWord, kNothing };

  // What is alike at both ends is left out.
  void Trim(Passage* passage) const {
    while (passage->a < passage->a_end && passage->b < passage->b_end &&
           a_[passage->a] == b_[passage->b]) {
      ++passage->a;
      ++passage->b;
    }
    while (passage->a < passage->a_end && passage->b < passage->b_end &&
           a_[passage->a_end - 1] == b_[passage->b_end - 1]) {
      --passage->a_end;
      --passage->b_end;
    }
  }
  void MarkAll(const Passage& passage) {
    std::fill(gone_.begin() + passage.a, gone_.begin() + passage.a_end, true);
    std::fill(come_.begin() + passage.b, come_.begin() + passage.b_end, true);
  }
  Words CommonWords(const Passage& passage, int64_t* steps) const;
  // The spans of b with those of a that they are: all of them, if there are enough.
  std::vector<Match> SpansThatStay(const Passage& passage, int64_t* steps) const;
  void MarkChanges(const Passage& all);
  void MarkBetweenSpans(const Passage& all, int64_t* steps);
  // Of a passage none of whose words stays.
  void MarkRewritten(Passage passage, By by);
  // The units that are matched, without those that are by chance.
  std::vector<Match> Meant(const Words& words) const;
  void CollectHunks();
  void Slide(size_t hunk);
  void Limit();
  Piece PieceOf(const Passage& hunk) const;

  const TextUnits& a_;
  const TextUnits& b_;
  std::vector<bool> gone_;  // by unit of a
  std::vector<bool> come_;  // by unit of b
  std::vector<Passage> hunks_;
};

Difference::Words Difference::CommonWords(const Passage& passage, int64_t* steps) const {
  Words words = {a_.Those(passage.a, passage.a_end, &TextUnits::word),
                 b_.Those(passage.b, passage.b_end, &TextUnits::word),
                 {}};
  absl::flat_hash_map<absl::string_view, uint32_t> numbers;
  const auto numbered = [&](const TextUnits& units, const std::vector<uint32_t>& places) {
    std::vector<uint32_t> ids;
    ids.reserve(places.size());
    for (const uint32_t i : places) {
      ids.push_back(
          numbers.try_emplace(units[i], static_cast<uint32_t>(numbers.size())).first->second);
    }
    return ids;
  };
  const std::vector<uint32_t> ids = numbered(a_, words.a);
  words.matches = CommonSubsequence(ids, numbered(b_, words.b), steps);
  return words;
}

std::vector<Match> Difference::SpansThatStay(const Passage& passage, int64_t* steps) const {
  const std::vector<uint32_t> of_a = a_.Those(passage.a, passage.a_end, &TextUnits::span);
  const std::vector<uint32_t> of_b = b_.Those(passage.b, passage.b_end, &TextUnits::span);
  std::vector<Match> stay;
  if (of_b.empty() || of_b.size() > of_a.size()) return stay;
  if (of_b.size() < of_a.size()) {  // the words around them tell which
    const Words words = CommonWords(passage, steps);
    for (const Match& match : words.matches) {
      if (a_.span(words.a[match.a])) stay.push_back({words.a[match.a], words.b[match.b]});
    }
    if (stay.size() == of_b.size()) return stay;
    stay.clear();
  }
  for (size_t i = 0; i < of_b.size(); ++i) stay.push_back({of_a[i], of_b[i]});
  return stay;
}

void Difference::MarkChanges(const Passage& all) {
  int64_t steps = kDiffSteps / 2;
  const std::vector<Match> spans = SpansThatStay(all, &steps);
  steps = std::max<int64_t>(steps, 0) + kDiffSteps / 2;
  uint32_t size = all.size();
  Passage part = all;
  for (size_t i = 0; i <= spans.size(); ++i) {
    if (i < spans.size()) {
      part.a_end = spans[i].a;
      part.b_end = spans[i].b;
    }
    const int64_t share = size == 0 ? 0 : std::max<int64_t>(steps, 0) * part.size() / size;
    int64_t left = share;
    MarkBetweenSpans(part, &left);
    steps -= share - left;
    size -= part.size();
    part = {part.a_end + 1, all.a_end, part.b_end + 1, all.b_end};
  }
}

void Difference::MarkBetweenSpans(const Passage& all, int64_t* steps) {
  Passage gap = all;
  for (const Match& match : Meant(CommonWords(all, steps))) {
    gap.a_end = match.a;
    gap.b_end = match.b;
    MarkRewritten(gap, By::kLine);
    gap = {match.a + 1, all.a_end, match.b + 1, all.b_end};
  }
  MarkRewritten(gap, By::kLine);
}

std::vector<Match> Difference::Meant(const Words& words) const {
  const std::vector<Match>& matches = words.matches;
  const auto breaks = [](const TextUnits& units, uint32_t from, uint32_t to) {
    for (uint32_t i = from + 1; i <= to; ++i) {
      if (units.sentence_break(i)) return true;
    }
    return false;
  };
  std::vector<Match> meant;
  Match last = {0, 0};  // after the run before: the first words that do not stay
  for (size_t from = 0, to; from < matches.size(); from = to) {
    to = from + 1;
    while (to < matches.size() && matches[to].a == matches[to - 1].a + 1 &&
           matches[to].b == matches[to - 1].b + 1) {
      ++to;
    }
    const Match first = matches[from];
    const Match past = {matches[to - 1].a + 1, matches[to - 1].b + 1};
    const Match next = to < matches.size() ? matches[to]
                                           : Match{static_cast<uint32_t>(words.a.size()),
                                                   static_cast<uint32_t>(words.b.size())};
    const size_t rewritten =
        std::min({first.a - last.a, first.b - last.b, next.a - past.a, next.b - past.b});
    if (rewritten <= 2 * (to - from) || breaks(a_, words.a[first.a - 1], words.a[past.a]) ||
        breaks(b_, words.b[first.b - 1], words.b[past.b])) {
      for (size_t i = from; i < to; ++i) {
        meant.push_back({words.a[matches[i].a], words.b[matches[i].b]});
      }
    }
    last = past;
  }
  return meant;
}

void Difference::MarkRewritten(Passage passage, By by) {
  Trim(&passage);
  if (passage.a == passage.a_end || passage.b == passage.b_end || by == By::kNothing) {
    return MarkAll(passage);
  }
  const auto is_pivot = by == By::kLine ? &TextUnits::newline : &TextUnits::word;
  const std::vector<uint32_t> of_a = a_.Those(passage.a, passage.a_end, is_pivot);
  const std::vector<uint32_t> of_b = b_.Those(passage.b, passage.b_end, is_pivot);
  const By inner = by == By::kLine ? By::kWord : By::kNothing;
  if (of_a.size() != of_b.size() || of_a.empty() ||
      (by == By::kWord && of_a.size() > kPairedWordsMax)) {
    return by == By::kLine ? MarkRewritten(passage, inner) : MarkAll(passage);
  }
  Passage part = passage;
  for (size_t i = 0; i < of_a.size(); ++i) {
    part.a_end = of_a[i];
    part.b_end = of_b[i];
    MarkRewritten(part, inner);
    part = {of_a[i] + 1, passage.a_end, of_b[i] + 1, passage.b_end};
    if (a_[of_a[i]] != b_[of_b[i]]) MarkAll({of_a[i], of_a[i] + 1, of_b[i], of_b[i] + 1});
  }
  MarkRewritten(part, inner);
}

void Difference::CollectHunks() {
  for (uint32_t i = 0, j = 0; i < a_.size() || j < b_.size();) {
    Passage hunk = {i, i, j, j};
    while (hunk.a_end < a_.size() && gone_[hunk.a_end]) ++hunk.a_end;
    while (hunk.b_end < b_.size() && come_[hunk.b_end]) ++hunk.b_end;
    if (hunk.a < hunk.a_end || hunk.b < hunk.b_end) hunks_.push_back(hunk);
    i = hunk.a_end + 1;
    j = hunk.b_end + 1;
  }
}

void Difference::Slide(size_t at) {
  Passage& hunk = hunks_[at];
  if (hunk.a < hunk.a_end && hunk.b < hunk.b_end) return;
  const bool inserted = hunk.a == hunk.a_end;
  const TextUnits& units = inserted ? b_ : a_;
  const uint32_t from = inserted ? hunk.b : hunk.a;
  const uint32_t length = inserted ? hunk.b_end - from : hunk.a_end - from;
  // One unit at least stays between two hunks.
  uint32_t lowest = from;
  const uint32_t room = at == 0 ? hunk.a : hunk.a - hunks_[at - 1].a_end - 1;
  while (from - lowest < room && units[lowest - 1] == units[lowest + length - 1]) --lowest;
  uint32_t highest = from;
  const uint32_t room_after =
      at + 1 == hunks_.size() ? a_.size() - hunk.a_end : hunks_[at + 1].a - hunk.a_end - 1;
  while (highest - from < room_after && units[highest] == units[highest + length]) ++highest;
  const auto worth = [&units](uint32_t i) {
    const bool after_white = i > 0 && units.white(i - 1);
    const int start = units.white(i) ? (after_white ? 0 : 2) : (i == 0 || after_white ? 1 : 0);
    return (units.sentence_break(i) ? 4 : 0) + start;
  };
  uint32_t best = lowest;
  for (uint32_t i = lowest + 1; i <= highest; ++i) {
    if (worth(i) >= worth(best)) best = i;
  }
  hunk.a += best - from;  // wraps around and back when it is less
  hunk.a_end += best - from;
  hunk.b += best - from;
  hunk.b_end += best - from;
}

// Too many hunks: those with the least between them become one.
void Difference::Limit() {
  if (hunks_.size() <= static_cast<size_t>(kSplicesMax)) return;
  struct Between {
    uint32_t places;
    uint32_t hunk;  // after it
  };
  std::vector<Between> between;
  for (uint32_t i = 1; i < hunks_.size(); ++i) {
    const uint32_t from = hunks_[i - 1].a_end;
    const bool spans = !a_.Those(from, hunks_[i].a, &TextUnits::span).empty();  // to be kept
    between.push_back({spans ? UINT32_MAX : a_.place(hunks_[i].a) - a_.place(from), i});
  }
  const auto joined = between.begin() + static_cast<std::ptrdiff_t>(hunks_.size()) - kSplicesMax;
  std::nth_element(between.begin(), joined, between.end(), [](const Between& x, const Between& y) {
    return x.places != y.places ? x.places < y.places : x.hunk < y.hunk;
  });
  std::vector<bool> joins(hunks_.size(), false);
  for (auto at = between.begin(); at != joined; ++at) joins[at->hunk] = true;
  std::vector<Passage> fewer;
  for (size_t i = 0; i < hunks_.size(); ++i) {
    if (!joins[i]) {
      fewer.push_back(hunks_[i]);
    } else {
      fewer.back().a_end = hunks_[i].a_end;
      fewer.back().b_end = hunks_[i].b_end;
    }
  }
  hunks_ = std::move(fewer);
}

Difference::Piece Difference::PieceOf(const Passage& hunk) const {
  Piece piece = {a_.place(hunk.a), a_.Text(hunk.a, hunk.a_end), b_.Text(hunk.b, hunk.b_end)};
  if (piece.out.empty() || piece.in.empty()) return piece;
  const auto both_long = [this](uint32_t i, uint32_t j) {
    return std::min(a_[i].size(), b_[j].size()) > kDiffWordBytesMax;
  };
  if (both_long(hunk.a, hunk.b)) {
    const size_t head = CommonHead(piece.out, piece.in);
    piece.place += Scalars(piece.out.substr(0, head));
    piece.out.remove_prefix(head);
    piece.in.remove_prefix(head);
  }
  if (both_long(hunk.a_end - 1, hunk.b_end - 1)) {
    const size_t tail = CommonTail(piece.out, piece.in);
    piece.out.remove_suffix(tail);
    piece.in.remove_suffix(tail);
  }
  return piece;
}

void Difference::ToSplices(v1::TextEdit* edit) const {
  std::vector<Piece> pieces;
  for (const Passage& hunk : hunks_) pieces.push_back(PieceOf(hunk));
  size_t bytes = a_.Text(0, a_.size()).size();
  size_t most = bytes;
  for (const Piece& piece : pieces) {
    bytes = bytes - piece.out.size() + piece.in.size();
    most = std::max(most, bytes);
  }
  const bool shortening_first = most > kTextBytesMax;
  for (const bool growing : {false, true}) {
    if (growing && !shortening_first) break;
    uint32_t added = 0;  // by the splices so far to what is before here; may wrap around
    for (const Piece& piece : pieces) {
      const uint32_t deleted = Scalars(piece.out);
      const bool now = !shortening_first || (piece.in.size() > piece.out.size()) == growing;
      if (now) {
        v1::TextSplice* splice = edit->add_splices();
        splice->set_position(piece.place + added);
        splice->set_deleted(deleted);
        splice->set_inserted(piece.in.data(), piece.in.size());
      }
      if (now || growing) added += Scalars(piece.in) - deleted;
    }
  }
}

}  // namespace

v1::TextEdit DiffText(absl::string_view before, absl::string_view after) {
  v1::TextEdit edit;
  std::u32string old_scalars;
  std::u32string new_scalars;
  const bool lawful = DecodeUtf8(before, &old_scalars) && DecodeUtf8(after, &new_scalars);
  edit.set_length_before(static_cast<uint32_t>(old_scalars.size()));
  if (before == after) return edit;
  if (!lawful) {  // for ApplyTextEdit to refuse
    v1::TextSplice* splice = edit.add_splices();
    splice->set_deleted(edit.length_before());
    splice->set_inserted(after.data(), after.size());
    return edit;
  }
  const TextUnits a(before, old_scalars);
  const TextUnits b(after, new_scalars);
  Difference(a, b).ToSplices(&edit);
  return edit;
}

}  // namespace sotay::sync
