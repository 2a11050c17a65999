// The part of TextMerge that finds words nobody wrote, made of what two people did side by side.
#include <algorithm>
#include <cstddef>
#include <functional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/types/optional.h"
#include "sync/text.h"
#include "sync/text_merge.h"
#include "sync/text_stretch.h"
#include "sync/text_words.h"
#include "sync/unicode.h"

namespace sotay::sync {
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
    const size_t from = crowds_.Size(segments[i - 1].crowd) > 1 ? before : here;
    const size_t first = std::max(next, std::max<size_t>(from, 1) - 1);
    next = std::max<size_t>(next, std::min<size_t>(here + 2, row.places.size()));
    if (first < next) crowded.emplace_back(first, next);
    before = here;
  }
  return crowded;
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

// Looks for the places of a row that make words nobody wrote.
class TextMerge::Joints {
 public:
  Joints(const TextMerge& merge, const Segments& segments, const Version& version, const Row& row)
      : merge_(merge), segments_(segments), version_(version), row_(row) {}

  // What comes of it that the place `i` goes on the one before it, if that is a false joint.  Asked
  // for in ascending order; a region is told once.
  absl::optional<Joint> At(size_t i) {
    if (((Number(i - 1) | Number(i)) & kSpan) != 0 || !Joined(i)) return absl::nullopt;
    Joint joint = {i - 1, i, merge_.TopBetween(segments_, Asked(i))};
    if (joint.parties.size() == 1) {
      joint.parties = merge_.Leaning(joint.parties.front(), Asked(i), version_);
    }
    if (joint.parties.size() < 2) return absl::nullopt;
    Enter(i);
    // One of the same parties reached here already: it is the same region.
    size_t& reached = reached_[joint.parties];
    if (i <= reached) return absl::nullopt;
    Widen(i, &joint);
    reached = joint.high;
    merge_.WidenByAgreed(row_, &joint);
    return joint;
  }

 private:
  uint32_t Number(size_t i) const {
    const auto place = static_cast<uint32_t>(i);
    if (place - piece_.place >= piece_.numbers.length) piece_ = row_.places.PieceOf(place);
    return piece_.numbers.first + (place - piece_.place);
  }
  char32_t Scalar(size_t i) const {
    const uint32_t number = Number(i);
    return (number & kSpan) != 0 ? kSpanScalar : merge_.tree_.scalar(number);
  }
  uint32_t Rank(size_t i) const { return merge_.rank_[Number(i)]; }
  bool Joined(size_t i) const {
    return JoinedAt([this](size_t place) { return Scalar(place); }, row_.places.size(), i);
  }
  bool IsMark(size_t i) const {
    return i > 0 && i + 1 < row_.places.size() && JoinsDigits(Scalar(i)) &&
           IsDigit(Scalar(i - 1)) && IsDigit(Scalar(i + 1));
  }
  // From where to where those stand who make the place `i` go on the one before it.
  Stretch Asked(size_t i) const {
    return {Rank(IsMark(i - 1) ? i - 2 : i - 1), Rank(IsMark(i) ? i + 1 : i)};
  }
  bool SawAll(uint32_t one, const std::vector<uint32_t>& parties) const {
    return std::all_of(parties.begin(), parties.end(),
                       [&](uint32_t party) { return merge_.Saw(one, party); });
  }
  bool GoesOn(size_t i, const std::vector<uint32_t>& parties) const {
    if (!Joined(i)) return false;
    const Stretch between = Asked(i);
    bool seen = false;
    for (size_t s = TextStanding::At(segments_, between.low);
         !seen && s < segments_.size() && segments_[s].from <= between.high; ++s) {
      merge_.crowds_.VisitAll(segments_[s].crowd,
                              [&](uint32_t one) { seen = seen || SawAll(one, parties); });
    }
    return !seen;
  }

  // The first place from `i` on that is no letter or is of another piece: those before it are of
  // one token.  A token may be as long as the text.
  size_t LettersFrom(size_t i) const {
    if ((Number(i) & kSpan) != 0) return i;
    const char32_t* const scalars = merge_.tree_.scalars().data() + piece_.numbers.first;
    const size_t end = piece_.place + piece_.numbers.length;
    while (i < end && IsWordScalar(scalars[i - piece_.place])) ++i;
    return i;
  }
  // The token the place `i` goes on in.
  void Enter(size_t i) {
    if (i < end_) return;
    begin_ = i - 1;
    end_ = i;
    while (Joined(begin_)) --begin_;
    while (Joined(end_)) end_ = std::max(end_ + 1, LettersFrom(end_));
    reached_.clear();
    std::vector<uint32_t> crowds;
    for (size_t s = TextStanding::At(segments_, Rank(begin_));
         s < segments_.size() && segments_[s].from <= Rank(end_ - 1); ++s) {
      crowds.push_back(segments_[s].crowd);
    }
    standing_.clear();
    for (uint32_t one : merge_.crowds_.Members(std::move(crowds))) {
      standing_.emplace_back(merge_.made_[one].seen_end, one);
    }
    std::sort(standing_.begin(), standing_.end(), std::greater<>());
  }
  // The first place of the token that stands at `rank` or after it.
  size_t PlaceAt(uint32_t rank) const {
    size_t low = begin_;
    for (size_t high = end_; low < high;) {
      const size_t middle = low + (high - low) / 2;
      if (Rank(middle) < rank) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
  // As far as the places go on, either way.  Somebody who has seen all parties stands where the
  // words are of one who has, and nowhere else; so what is far from these need not be walked.
  void Widen(size_t i, Joint* joint) const {
    size_t low = begin_;
    size_t high = end_ - 1;
    const uint32_t latest = *std::max_element(joint->parties.begin(), joint->parties.end());
    for (const auto& [seen_end, one] : standing_) {
      if (seen_end <= latest) break;
      if (!SawAll(one, joint->parties)) continue;
      const std::vector<TextStretch>& words = merge_.made_[one].words;
      const auto past = std::partition_point(words.begin(), words.end(), [&](const TextStretch& w) {
        return merge_.rank_[w.first] <= Rank(i);
      });
      if (past != words.begin()) {
        const size_t place = PlaceAt(std::min(merge_.rank_[std::prev(past)->last], Rank(i)));
        low = std::max(low, std::min(place + kAsked, i - 1));
      }
      const auto over = std::partition_point(words.begin(), words.end(), [&](const TextStretch& w) {
        return merge_.rank_[w.last] < Rank(i - 1);
      });
      if (over != words.end()) {
        const size_t place = PlaceAt(std::max(merge_.rank_[over->first], Rank(i - 1)) + 1);
        high = std::min(high, std::max(place, i + kAsked) - kAsked);
      }
    }
    joint->low = low;
    joint->high = high;
    while (GoesOn(joint->low, joint->parties)) --joint->low;
    while (GoesOn(joint->high + 1, joint->parties)) ++joint->high;
  }

  // More than the places that are asked for one.
  static constexpr size_t kAsked = 4;

  const TextMerge& merge_;
  const Segments& segments_;
  const Version& version_;
  const Row& row_;
  mutable TextRow::Piece piece_ = {0, {0, 0}};  // where somebody last looked
  // The token looked at, who stands in it, and how far the joints of the same parties reach.
  size_t begin_ = 0;
  size_t end_ = 0;
  std::vector<std::pair<uint32_t, uint32_t>> standing_;  // by how late an edit they have seen
  absl::flat_hash_map<std::vector<uint32_t>, size_t> reached_;
};

// At most `max` of them.
std::vector<TextMerge::Joint> TextMerge::JointsOf(const Segments& segments, const Version& version,
                                                  const Row& row, size_t max) const {
  std::vector<Joint> joints;
  const std::vector<std::pair<size_t, size_t>> crowded = Crowded(segments, row);
  if (crowded.empty()) return joints;
  Joints those(*this, segments, version, row);
  for (const auto& [first, past] : crowded) {
    for (size_t i = std::max<size_t>(first, 1); i < past; ++i) {
      if (absl::optional<Joint> joint = those.At(i)) joints.push_back(*std::move(joint));
      if (joints.size() == max) return joints;
    }
  }
  return joints;
}

bool TextMerge::CalmAt(const VersionVector& asked) {
  const std::shared_ptr<const Shown> shown = ShownAt(VersionOf(asked));
  if (!shown->row.regions.empty()) return false;
  Rank();
  const Segments segments = shown->words.Segments(rank_, tree_.elements());
  return std::all_of(segments.begin(), segments.end(),
                     [&](const auto& one) { return crowds_.Size(one.crowd) < 2; }) &&
         JointsOf(segments, shown->version, shown->row, 1).empty();
}

void TextMerge::FalseJoints(const Segments& segments, const Version& version, Row* row) {
  row->places.Index();
  std::vector<Joint> joints = JointsOf(segments, version, *row, SIZE_MAX);
  JoinMeeting(&joints, [](Joint* a, const Joint& b) {
    a->parties.insert(a->parties.end(), b.parties.begin(), b.parties.end());
  });
  const size_t contested = row->regions.size();
  for (size_t i = joints.size(); i-- > 0;) SettleJoint(joints[i], contested, row);
}

std::vector<size_t> TextMerge::AgreedIn(const Row& row, size_t count, Stretch stretch) const {
  std::vector<size_t> agreed;
  const auto end = row.regions.begin() + static_cast<std::ptrdiff_t>(count);
  auto at = std::partition_point(row.regions.begin(), end, [&](const Region& region) {
    return rank_[region.last] < stretch.low;
  });
  for (; at != end && rank_[at->first] <= stretch.high; ++at) {
    if (at->agreed) agreed.push_back(static_cast<size_t>(at - row.regions.begin()));
  }
  return agreed;
}

void TextMerge::WidenByAgreed(const Row& row, Joint* joint) const {
  const auto number = [&](size_t i) { return row.places.At(static_cast<uint32_t>(i)); };
  const Stretch stretch = {rank_[number(joint->low)], rank_[number(joint->high)]};
  for (size_t region : AgreedIn(row, row.regions.size(), stretch)) {
    const Stretch agreed = StretchOf({row.regions[region].first, row.regions[region].last});
    const auto within = [&](size_t place) {
      const uint32_t there = number(place);
      return (there & kSpan) == 0 && rank_[there] >= agreed.low && rank_[there] <= agreed.high;
    };
    while (joint->low > 0 && within(joint->low - 1)) --joint->low;
    while (joint->high + 1 < row.places.size() && within(joint->high + 1)) ++joint->high;
  }
}

void TextMerge::SettleJoint(const Joint& joint, size_t contested, Row* row) {
  const auto number = [&](size_t i) { return row->places.At(static_cast<uint32_t>(i)); };
  Stretch stretch = {rank_[number(joint.low)], rank_[number(joint.high)]};
  const std::vector<size_t> taken = AgreedIn(*row, contested, stretch);
  for (size_t region : taken) {
    const Stretch agreed = StretchOf({row->regions[region].first, row->regions[region].last});
    stretch = {std::min(stretch.low, agreed.low), std::max(stretch.high, agreed.high)};
  }
  std::string text;
  row->places.Visit(static_cast<uint32_t>(joint.low),
                    static_cast<uint32_t>(joint.high - joint.low + 1), [&](TextSpan numbers) {
                      AppendScalars(tree_.scalars().data() + numbers.first, numbers.length, &text);
                    });
  const std::vector<uint32_t> authors = Top(joint.parties);
  if (std::all_of(authors.begin(), authors.end(),
                  [&](uint32_t author) { return Read(author, stretch, 0).text == text; })) {
    return;
  }
  for (size_t region : taken) row->regions[region].agreed = false;
  row->places.Replace(static_cast<uint32_t>(joint.low),
                      static_cast<uint32_t>(joint.high - joint.low + 1),
                      kSpan | static_cast<uint32_t>(row->regions.size()), 1);
  row->regions.push_back(
      {order_[stretch.low], order_[stretch.high], {authors.begin(), authors.end()}});
}

}  // namespace sotay::sync
