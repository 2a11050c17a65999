// The half of TextMerge that finds what a version shows: who stands where, what is in conflict, and
// how each person reads it.
#include <algorithm>
#include <utility>

#include "sync/text.h"
#include "sync/text_merge.h"
#include "sync/text_stretch.h"
#include "sync/text_words.h"
#include "sync/unicode.h"

namespace sotay::sync {
namespace {

constexpr size_t kRowsKept = 16;

void Unite(const std::vector<uint32_t>& more, std::vector<uint32_t>* set) {
  for (uint32_t one : more) {
    if (std::find(set->begin(), set->end(), one) == set->end()) set->push_back(one);
  }
}

}  // namespace

void TextMerge::Remember(Version version, std::shared_ptr<const Row> row) {
  if (memo_.size() == kRowsKept) memo_.erase(memo_.begin());
  memo_.emplace_back(std::move(version), std::move(row));
}

std::shared_ptr<const TextMerge::Row> TextMerge::RowAt(const Version& version) {
  const auto known = std::find_if(memo_.begin(), memo_.end(),
                                  [&](const auto& one) { return one.first == version; });
  if (known != memo_.end()) {
    std::rotate(known, known + 1, memo_.end());
    return memo_.back().second;
  }
  auto row = std::make_shared<const Row>(Work(version));
  Remember(version, row);
  return row;
}

// In causal order, each covers what it has seen.
TextMerge::Standing TextMerge::Paint(const Version& version, bool words) const {
  Standing standing;
  standing[0];
  const auto cut = [&](uint32_t rank) {
    auto at = standing.lower_bound(rank);
    if (at == standing.end() || at->first != rank) {
      at = standing.emplace_hint(at, rank, std::prev(at)->second);
    }
    return at;
  };
  for (uint32_t one = 0; one < made_.size(); ++one) {
    const Made& made = made_[one];
    if (made.author >= version.size() || made.ordinal >= version[made.author]) continue;
    for (const Stretch& stretch : Stretches(one, words)) {
      auto at = cut(stretch.low);
      const auto end = cut(stretch.high + 1);
      while (at != end) {
        std::vector<uint32_t>& there = at->second;
        there.erase(std::remove_if(there.begin(), there.end(),
                                   [&](uint32_t other) { return Saw(one, other); }),
                    there.end());
        there.push_back(one);
        const bool same = at->first != stretch.low && std::prev(at)->second == there;
        at = same ? standing.erase(at) : std::next(at);
      }
    }
  }
  return standing;
}

std::vector<uint32_t> TextMerge::TopBetween(const Standing& standing, Stretch stretch) const {
  std::vector<uint32_t> all;
  for (auto at = std::prev(standing.upper_bound(stretch.low));
       at != standing.end() && at->first <= stretch.high; ++at) {
    Unite(at->second, &all);
  }
  return Top(std::move(all));
}

std::vector<TextMerge::Stretch> TextMerge::Contested(const Standing& standing) const {
  std::vector<Stretch> regions;
  for (auto at = standing.begin(); at != standing.end(); ++at) {
    if (at->second.size() < 2) continue;
    const uint32_t end = std::next(at)->first;  // nobody stands past the last character
    for (uint32_t one : at->second) {
      for (const Stretch& stretch : Stretches(one, true)) {
        if (stretch.low < end && at->first <= stretch.high) regions.push_back(stretch);
      }
    }
  }
  for (bool wider = true; wider;) {
    JoinMeeting(&regions, [](Stretch*, const Stretch&) {});
    wider = false;
    for (Stretch& region : regions) wider = Widen(standing, &region) || wider;
  }
  return regions;
}

// By the stretches of all who stand in it; whether that made it any wider.
bool TextMerge::Widen(const Standing& standing, Stretch* region) const {
  const Stretch before = *region;
  for (auto at = std::prev(standing.upper_bound(before.low));
       at != standing.end() && at->first <= before.high; ++at) {
    const uint32_t from = std::max(at->first, before.low);
    const uint32_t to = std::min(std::next(at)->first - 1, before.high);
    for (uint32_t one : at->second) {
      for (const Stretch& stretch : Stretches(one, true)) {
        if (stretch.low > to || stretch.high < from) continue;
        region->low = std::min(region->low, stretch.low);
        region->high = std::max(region->high, stretch.high);
      }
    }
  }
  return region->low != before.low || region->high != before.high;
}

TextMerge::Row TextMerge::Work(const Version& version) {
  Row row;
  Rank();
  const Standing standing = Paint(version, true);
  const std::vector<bool> live = tree_.LiveAt(TreeVersion(version));
  uint32_t rank = 0;
  const auto show_until = [&](uint32_t end) {
    for (; rank < end; ++rank) {
      if (live[order_[rank]]) row.places.Append(order_[rank], 1);
    }
  };
  for (const Stretch& stretch : Contested(standing)) {
    Region region = {order_[stretch.low], order_[stretch.high], TopBetween(standing, stretch)};
    if (region.authors.size() < 2) continue;
    show_until(stretch.low);
    std::string text;
    for (uint32_t at = stretch.low; at <= stretch.high; ++at) {
      if (live[order_[at]]) AppendScalar(tree_.scalar(order_[at]), &text);
    }
    bool alike = true;
    const Reading* shown = nullptr;
    for (uint32_t author : region.authors) {
      const Reading& reading = Read(author, stretch, 0);
      alike = alike && reading.text == Read(region.authors.front(), stretch, 0).text;
      const bool lives = std::all_of(reading.elements.begin(), reading.elements.end(),
                                     [&](uint32_t element) { return live[element]; });
      if (shown == nullptr && reading.whole && lives) shown = &reading;
    }
    if (alike && Read(region.authors.front(), stretch, 0).text == text) continue;
    rank = stretch.high + 1;
    region.agreed = alike && shown != nullptr;
    if (region.agreed) {
      for (uint32_t element : shown->elements) row.places.Append(element, 1);
    } else {
      row.places.Append(kSpan | static_cast<uint32_t>(row.regions.size()), 1);
    }
    row.regions.push_back(std::move(region));
  }
  show_until(static_cast<uint32_t>(order_.size()));
  FalseJoints(standing, &row);
  return row;
}

// Words that nobody wrote, made of what two people did side by side.
void TextMerge::FalseJoints(const Standing& standing, Row* row) {
  if (standing.size() < 2) return;
  const std::vector<uint32_t> numbers = row->places.Numbers();
  const auto at = [&](size_t i) { return ScalarOf(numbers[i]); };
  const auto joined = [&](size_t i) { return JoinedAt(at, numbers.size(), i); };
  // From where to where those stand who make the place `i` go on the one before it.
  const auto asked = [&](size_t i) {
    const auto mark = [&](size_t m) {
      return m > 0 && m + 1 < numbers.size() && JoinsDigits(at(m)) && IsDigit(at(m - 1)) &&
             IsDigit(at(m + 1));
    };
    return Stretch{rank_[numbers[mark(i - 1) ? i - 2 : i - 1]],
                   rank_[numbers[mark(i) ? i + 1 : i]]};
  };
  std::vector<Joint> joints;
  auto here = standing.begin();
  for (size_t i = 1; i < numbers.size(); ++i) {
    if (((numbers[i - 1] | numbers[i]) & kSpan) != 0) continue;
    while (std::next(here) != standing.end() && std::next(here)->first <= rank_[numbers[i - 1]]) {
      ++here;
    }
    const bool one_segment =
        std::next(here) == standing.end() || std::next(here)->first > rank_[numbers[i]];
    // Of what one edit stands for, only a mark between digits may hang on a digit of another's.
    if (one_segment && here->second.size() < 2 && !JoinsDigits(at(i - 1)) && !JoinsDigits(at(i))) {
      continue;
    }
    if (!joined(i)) continue;
    Joint joint = {i - 1, i, TopBetween(standing, asked(i))};
    if (joint.parties.size() < 2) continue;
    // One of the same parties reached here already: it is the same region.
    if (!joints.empty() && i <= joints.back().reached && joint.parties == joints.back().parties) {
      continue;
    }
    const auto goes_on = [&](size_t place) {  // from the one before it
      if (!joined(place)) return false;
      const Stretch between = asked(place);
      auto there = std::prev(standing.upper_bound(between.low));
      for (; there != standing.end() && there->first <= between.high; ++there) {
        for (uint32_t one : there->second) {
          if (std::all_of(joint.parties.begin(), joint.parties.end(),
                          [&](uint32_t party) { return Saw(one, party); })) {
            return false;
          }
        }
      }
      return true;
    };
    while (goes_on(joint.low)) --joint.low;
    while (goes_on(joint.high + 1)) ++joint.high;
    joint.reached = joint.high;
    WidenByAgreed(numbers, *row, &joint);
    joints.push_back(std::move(joint));
  }
  JoinMeeting(&joints, [](Joint* a, const Joint& b) { Unite(b.parties, &a->parties); });
  for (size_t i = joints.size(); i-- > 0;) SettleJoint(numbers, joints[i], row);
}

void TextMerge::WidenByAgreed(const std::vector<uint32_t>& numbers, const Row& row,
                              Joint* joint) const {
  const Stretch stretch = {rank_[numbers[joint->low]], rank_[numbers[joint->high]]};
  for (const Region& region : row.regions) {
    const Stretch agreed = {rank_[region.first], rank_[region.last]};
    if (!region.agreed || stretch.low > agreed.high || agreed.low > stretch.high) continue;
    const auto within = [&](size_t place) {
      return (numbers[place] & kSpan) == 0 && rank_[numbers[place]] >= agreed.low &&
             rank_[numbers[place]] <= agreed.high;
    };
    while (joint->low > 0 && within(joint->low - 1)) --joint->low;
    while (joint->high + 1 < numbers.size() && within(joint->high + 1)) ++joint->high;
  }
}

void TextMerge::SettleJoint(const std::vector<uint32_t>& numbers, const Joint& joint, Row* row) {
  Stretch stretch = {rank_[numbers[joint.low]], rank_[numbers[joint.high]]};
  std::vector<Region*> taken;
  for (Region& region : row->regions) {
    const Stretch agreed = {rank_[region.first], rank_[region.last]};
    if (!region.agreed || stretch.low > agreed.high || agreed.low > stretch.high) continue;
    stretch = {std::min(stretch.low, agreed.low), std::max(stretch.high, agreed.high)};
    taken.push_back(&region);
  }
  std::string text;
  for (size_t i = joint.low; i <= joint.high; ++i) AppendScalar(ScalarOf(numbers[i]), &text);
  Region region = {order_[stretch.low], order_[stretch.high], Top(joint.parties)};
  if (std::all_of(region.authors.begin(), region.authors.end(),
                  [&](uint32_t author) { return Read(author, stretch, 0).text == text; })) {
    return;
  }
  for (Region* agreed : taken) agreed->agreed = false;
  row->places.Replace(static_cast<uint32_t>(joint.low),
                      static_cast<uint32_t>(joint.high - joint.low + 1),
                      kSpan | static_cast<uint32_t>(row->regions.size()), 1);
  row->regions.push_back(std::move(region));
}

// --- reading ----------------------------------------------------------------------------------

const TextMerge::Reading& TextMerge::Read(uint32_t author, Stretch stretch, int depth) {
  const ReadingKey key = {author, order_[stretch.low], order_[stretch.high], depth};
  if (const auto known = readings_.find(key); known != readings_.end()) return known->second;
  Reading reading;
  const std::shared_ptr<const Row> row = RowAt(VersionAfter(author));
  for (const TextSpan& piece : row->places.pieces()) {
    for (uint32_t number = piece.first; number < piece.first + piece.length; ++number) {
      if ((number & kSpan) != 0) {
        const Region& region = row->regions[number & ~kSpan];
        if (rank_[region.last] < stretch.low || rank_[region.first] > stretch.high) continue;
        reading.whole = false;
        reading.text += Written(region, depth);
      } else if (rank_[number] >= stretch.low && rank_[number] <= stretch.high) {
        reading.elements.push_back(number);
        AppendScalar(tree_.scalar(number), &reading.text);
      }
    }
  }
  return readings_.emplace(key, std::move(reading)).first->second;
}

std::string TextMerge::Written(const Region& region, int depth) {
  if (depth > 0) return "⟦…⟧";
  std::string written = "⟦";
  for (uint32_t author : region.authors) {
    if (author != region.authors.front()) written += " | ";
    written += Read(author, {rank_[region.first], rank_[region.last]}, depth + 1).text;
  }
  return written + "⟧";
}

void TextMerge::FindAgain(const Version& version, const Row& row,
                          const std::vector<uint32_t>& numbers, std::vector<TextAgain>* again) {
  const Standing standing = Paint(version, false);
  const auto at = [&](size_t i) { return ScalarOf(numbers[i]); };
  const std::vector<bool> breaks = SentenceBreaks(at, numbers.size());
  const auto region_of = [&](size_t i) { return row.regions[numbers[i] & ~kSpan]; };
  for (size_t from = 0, next = 0; from < numbers.size(); from = next) {
    next = from + 1;
    while (!breaks[next]) ++next;
    size_t to = next;
    while (from < to && IsWhite(at(from))) ++from;
    while (from < to && IsWhite(at(to - 1))) --to;
    if (from == to) continue;
    const Stretch stretch = {
        rank_[(numbers[from] & kSpan) != 0 ? region_of(from).first : numbers[from]],
        rank_[(numbers[to - 1] & kSpan) != 0 ? region_of(to - 1).last : numbers[to - 1]]};
    const std::vector<uint32_t> authors = TopBetween(standing, stretch);
    if (authors.size() < 2) continue;
    std::string text;
    for (size_t i = from; i < to; ++i) {
      if ((numbers[i] & kSpan) != 0) {
        text += Written(region_of(i), 0);
      } else {
        AppendScalar(at(i), &text);
      }
    }
    if (std::all_of(authors.begin(), authors.end(),
                    [&](uint32_t author) { return Read(author, stretch, 0).text == text; })) {
      continue;
    }
    TextAgain& mark = again->emplace_back();
    mark.position = static_cast<uint32_t>(from);
    mark.length = static_cast<uint32_t>(to - from);
    for (uint32_t author : authors) mark.edits.push_back(made_[author].edit);
  }
}

}  // namespace sotay::sync
