// The part of TextMerge that finds words nobody wrote, made of what two people did side by side.
#include <algorithm>
#include <utility>

#include "sync/text.h"
#include "sync/text_merge.h"
#include "sync/text_stretch.h"
#include "sync/text_words.h"
#include "sync/unicode.h"

namespace sotay::sync {
namespace {

void Unite(const std::vector<uint32_t>& more, std::vector<uint32_t>* set) {
  set->insert(set->end(), more.begin(), more.end());
  std::sort(set->begin(), set->end());
  set->erase(std::unique(set->begin(), set->end()), set->end());
}

}  // namespace

// The places between which, or at which, more than one stands, and one more on either side.  Ranges
// of these, in order.
std::vector<std::pair<size_t, size_t>> TextMerge::Crowded(const Segments& segments,
                                                          const Row& row) const {
  std::vector<std::pair<size_t, size_t>> crowded;
  const std::vector<TextSpan>& pieces = row.places.pieces();
  size_t piece = 0;
  size_t piece_place = 0;
  const auto place_of = [&](uint32_t rank) {  // asked for in ascending order
    while (piece < pieces.size() &&
           RankOf(row, pieces[piece].first + pieces[piece].length - 1) < rank) {
      piece_place += pieces[piece++].length;
    }
    if (piece == pieces.size()) return piece_place;
    uint32_t low = 0;
    uint32_t high = pieces[piece].length;
    while (low < high) {
      const uint32_t middle = low + (high - low) / 2;
      if (RankOf(row, pieces[piece].first + middle) < rank) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return piece_place + low;
  };
  size_t before = 0;
  size_t next = 0;
  for (size_t i = 1; i < segments.size(); ++i) {
    const size_t here = place_of(segments[i].from);
    const size_t from = crowds_.Of(segments[i - 1].crowd).size() > 1 ? before : here;
    const size_t first = std::max(next, std::max<size_t>(from, 1) - 1);
    next = std::max<size_t>(next, std::min<size_t>(here + 2, row.places.size()));
    if (first < next) crowded.emplace_back(first, next);
    before = here;
  }
  return crowded;
}

// The spans from which at most one place divides these words.
std::vector<TextStretch> TextMerge::LeansOn(const std::vector<TextStretch>& words,
                                            const Row& row) const {
  std::vector<TextStretch> spans;
  if (row.regions.empty()) return spans;
  const std::vector<TextSpan>& pieces = row.places.pieces();
  const auto first_of = [&](uint32_t number) {
    return (number & kSpan) != 0 ? row.regions[number & ~kSpan].first : number;
  };
  struct Where {
    size_t piece;
    uint32_t skip;
  };
  // The first place that `past` says is past, which all after it are too.
  const auto find = [&](const auto& past) {
    const auto piece = std::partition_point(
        pieces.begin(), pieces.end(), [&](const TextSpan& p) { return !past(first_of(p.first)); });
    Where where = {static_cast<size_t>(piece - pieces.begin()), 0};
    if (where.piece == 0) return where;
    const TextSpan& straddling = pieces[where.piece - 1];
    uint32_t low = 1;
    uint32_t high = straddling.length;
    while (low < high) {
      const uint32_t middle = low + (high - low) / 2;
      if (past(first_of(straddling.first + middle))) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    if (low < straddling.length) where = {where.piece - 1, low};
    return where;
  };
  const auto take = [&](Where where) {
    const uint32_t number = pieces[where.piece].first + where.skip;
    if ((number & kSpan) == 0) return;
    const Region& region = row.regions[number & ~kSpan];
    spans.push_back({region.first, region.last});
  };
  for (const TextStretch& one : words) {
    Where where = find([&](uint32_t element) { return !Before(element, one.first); });
    for (int i = 0; i < 2 && where.piece + where.skip > 0; ++i) {
      if (where.skip == 0) where = {where.piece - 1, pieces[where.piece - 1].length};
      --where.skip;
      take(where);
    }
    where = find([&](uint32_t element) { return Before(one.last, element); });
    for (int i = 0; i < 2 && where.piece < pieces.size(); ++i) {
      take(where);
      if (++where.skip == pieces[where.piece].length) where = {where.piece + 1, 0};
    }
  }
  return Joined(std::move(spans));
}

// Who stands alone at a joint, and those who made a span it leans on there what it is no more.
std::vector<uint32_t> TextMerge::Leaning(uint32_t made, Stretch joint,
                                         const Version& version) const {
  const auto meeting = [this](const std::vector<TextStretch>& stretches, Stretch with) {
    return std::partition_point(stretches.begin(), stretches.end(),
                                [&](const TextStretch& one) { return rank_[one.last] < with.low; });
  };
  const std::vector<TextStretch>& spans = made_[made].leans_on;
  Stretch wide = joint;
  bool leans = false;
  for (auto span = meeting(spans, joint); span != spans.end(); ++span) {
    const Stretch stretch = StretchOf(*span);
    if (stretch.low > joint.high) break;
    wide = {std::min(wide.low, stretch.low), std::max(wide.high, stretch.high)};
    leans = true;
  }
  if (!leans) return {made};

  const Version& seen = made_[made].seen;
  std::vector<uint32_t> unaware;
  std::vector<uint32_t> there;
  for (uint32_t author = 0; author < version.size(); ++author) {
    if (author == made_[made].author) continue;
    const std::vector<uint32_t>& others = makers_[author].made;
    for (uint32_t i = author < seen.size() ? seen[author] : 0; i < version[author]; ++i) {
      if (Saw(others[i], made)) break;
      unaware.push_back(others[i]);
      const std::vector<TextStretch>& words = made_[others[i]].words;
      const auto over = meeting(words, wide);
      if (over != words.end() && rank_[over->first] <= wide.high) there.push_back(others[i]);
    }
  }
  if (there.empty()) there = std::move(unaware);
  there.push_back(made);
  return Top(std::move(there));
}

void TextMerge::FalseJoints(const Segments& segments, const Version& version, Row* row) {
  const size_t size = row->places.size();
  const std::vector<std::pair<size_t, size_t>> crowded = Crowded(segments, *row);
  if (crowded.empty()) return;
  const std::vector<uint32_t> numbers = row->places.Numbers();
  const auto number = [&](size_t i) { return numbers[i]; };
  const auto rank = [&](size_t i) { return rank_[number(i)]; };
  const auto at = [&](size_t i) { return ScalarOf(number(i)); };
  const auto joined = [&](size_t i) { return JoinedAt(at, size, i); };
  // From where to where those stand who make the place `i` go on the one before it.
  const auto asked = [&](size_t i) {
    const auto mark = [&](size_t m) {
      return m > 0 && m + 1 < size && JoinsDigits(at(m)) && IsDigit(at(m - 1)) &&
             IsDigit(at(m + 1));
    };
    return Stretch{rank(mark(i - 1) ? i - 2 : i - 1), rank(mark(i) ? i + 1 : i)};
  };
  std::vector<Joint> joints;
  const auto look_at = [&](size_t i) {
    if (((number(i - 1) | number(i)) & kSpan) != 0 || !joined(i)) return;
    Joint joint = {i - 1, i, TopBetween(segments, asked(i))};
    if (joint.parties.size() == 1) {
      joint.parties = Leaning(joint.parties.front(), asked(i), version);
    }
    if (joint.parties.size() < 2) return;
    // One of the same parties reached here already: it is the same region.
    if (!joints.empty() && i <= joints.back().reached && joint.parties == joints.back().parties) {
      return;
    }
    const auto goes_on = [&](size_t place) {  // from the one before it
      if (!joined(place)) return false;
      const Stretch between = asked(place);
      for (size_t s = TextStanding::At(segments, between.low);
           s < segments.size() && segments[s].from <= between.high; ++s) {
        for (uint32_t one : crowds_.Of(segments[s].crowd)) {
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
    WidenByAgreed(*row, &joint);
    joints.push_back(std::move(joint));
  };
  for (const auto& [first, past] : crowded) {
    for (size_t i = std::max<size_t>(first, 1); i < past; ++i) look_at(i);
  }
  JoinMeeting(&joints, [](Joint* a, const Joint& b) { Unite(b.parties, &a->parties); });
  for (size_t i = joints.size(); i-- > 0;) SettleJoint(joints[i], row);
}

void TextMerge::WidenByAgreed(const Row& row, Joint* joint) const {
  const auto number = [&](size_t i) { return row.places.At(static_cast<uint32_t>(i)); };
  const Stretch stretch = {rank_[number(joint->low)], rank_[number(joint->high)]};
  for (const Region& region : row.regions) {
    if (!region.agreed) continue;
    const Stretch agreed = StretchOf({region.first, region.last});
    if (stretch.low > agreed.high || agreed.low > stretch.high) continue;
    const auto within = [&](size_t place) {
      const uint32_t there = number(place);
      return (there & kSpan) == 0 && rank_[there] >= agreed.low && rank_[there] <= agreed.high;
    };
    while (joint->low > 0 && within(joint->low - 1)) --joint->low;
    while (joint->high + 1 < row.places.size() && within(joint->high + 1)) ++joint->high;
  }
}

void TextMerge::SettleJoint(const Joint& joint, Row* row) {
  const auto number = [&](size_t i) { return row->places.At(static_cast<uint32_t>(i)); };
  Stretch stretch = {rank_[number(joint.low)], rank_[number(joint.high)]};
  std::vector<Region*> taken;
  for (Region& region : row->regions) {
    if (!region.agreed) continue;
    const Stretch agreed = StretchOf({region.first, region.last});
    if (stretch.low > agreed.high || agreed.low > stretch.high) continue;
    stretch = {std::min(stretch.low, agreed.low), std::max(stretch.high, agreed.high)};
    taken.push_back(&region);
  }
  std::string text;
  for (size_t i = joint.low; i <= joint.high; ++i) AppendScalar(ScalarOf(number(i)), &text);
  const std::vector<uint32_t> authors = Top(joint.parties);
  if (std::all_of(authors.begin(), authors.end(),
                  [&](uint32_t author) { return Read(author, stretch, 0).text == text; })) {
    return;
  }
  for (Region* agreed : taken) agreed->agreed = false;
  row->places.Replace(static_cast<uint32_t>(joint.low),
                      static_cast<uint32_t>(joint.high - joint.low + 1),
                      kSpan | static_cast<uint32_t>(row->regions.size()), 1);
  row->regions.push_back(
      {order_[stretch.low], order_[stretch.high], {authors.begin(), authors.end()}});
}

}  // namespace sotay::sync
