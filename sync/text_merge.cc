#include "sync/text_merge.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sotay/v1/change.pb.h"
#include "sync/limits.h"
#include "sync/status_macros.h"
#include "sync/text.h"
#include "sync/text_stretch.h"
#include "sync/text_words.h"

namespace sotay::sync {
namespace {

constexpr uint32_t kNone = TextOrder::kNone;

// One edit's text operations as splices of scalar values, checked against the text they are of.
struct Splices {
  struct One {
    uint32_t position;
    uint32_t deleted;
    std::u32string inserted;
  };

  absl::Status Read(const std::vector<const v1::TextEdit*>& edits, uint32_t length) {
    for (const v1::TextEdit* edit : edits) {
      if (edit->length_before() != length) {
        return absl::InvalidArgumentError(absl::StrCat("text: made on ", edit->length_before(),
                                                       " characters, the version has ", length));
      }
      for (const v1::TextSplice& splice : edit->splices()) {
        One one = {splice.position(), splice.deleted(), {}};
        if (one.position > length || one.deleted > length - one.position) {
          return absl::InvalidArgumentError(
              absl::StrCat("text: ", one.position, "+", one.deleted, " is past the end, ", length));
        }
        if (!DecodeUtf8(splice.inserted(), &one.inserted) ||
            one.inserted.find(kSpanScalar) != std::u32string::npos) {
          return absl::InvalidArgumentError("text: the insertion is no text");
        }
        length = length - one.deleted + static_cast<uint32_t>(one.inserted.size());
        typed += one.inserted.size();
        all.push_back(std::move(one));
      }
    }
    return absl::OkStatus();
  }

  std::vector<One> all;
  size_t typed = 0;
};

}  // namespace

TextMerge::Version TextMerge::VersionOf(const VersionVector& version) const {
  Version counts;
  for (const Maker& maker : makers_) {
    const auto past = std::partition_point(
        maker.sequences.begin(), maker.sequences.end(),
        [&](uint64_t sequence) { return version.Has(maker.device, sequence); });
    counts.push_back(static_cast<uint32_t>(past - maker.sequences.begin()));
  }
  while (!counts.empty() && counts.back() == 0) counts.pop_back();
  return counts;
}

TextVersion TextMerge::TreeVersion(const Version& version) const {
  TextVersion events;
  for (size_t i = 0; i < version.size(); ++i) {
    events.push_back(version[i] == 0 ? 0 : made_[makers_[i].made[version[i] - 1]].events_after);
  }
  return events;
}

bool TextMerge::Saw(uint32_t later, uint32_t earlier) const {
  const Version& seen = made_[later].seen;
  const Made& other = made_[earlier];
  return other.author < seen.size() && seen[other.author] > other.ordinal;
}

std::vector<uint32_t> TextMerge::Top(std::vector<uint32_t> made) const {
  std::sort(made.begin(), made.end(), std::greater<>());
  made.erase(std::unique(made.begin(), made.end()), made.end());
  std::vector<uint32_t> top;
  for (uint32_t one : made) {
    if (std::none_of(top.begin(), top.end(), [&](uint32_t t) { return Saw(t, one); })) {
      top.push_back(one);
    }
  }
  std::sort(top.begin(), top.end(),
            [this](uint32_t a, uint32_t b) { return made_[a].change < made_[b].change; });
  return top;
}

TextMerge::Version TextMerge::VersionAfter(uint32_t made) const {
  const Made& one = made_[made];
  Version version = one.seen;
  if (version.size() <= one.author) version.resize(one.author + 1, 0);
  version[one.author] = one.ordinal + 1;
  return version;
}

char32_t TextMerge::ScalarOf(uint32_t number) const {
  return (number & kSpan) != 0 ? kSpanScalar : tree_.scalar(number);
}

// --- taking an edit ---------------------------------------------------------------------------

absl::Status TextMerge::Add(size_t edit, const ChangeId& change, const DeviceId& device,
                            uint64_t sequence, const VersionVector& seen,
                            const std::vector<const v1::TextEdit*>& edits) {
  Made made;
  made.seen = VersionOf(seen);
  const std::shared_ptr<const Row> before = RowAt(made.seen);
  Splices splices;
  SOTAY_RETURN_IF_ERROR(splices.Read(edits, before->places.size()));
  if (splices.typed > TextTree::kElementsMax - tree_.elements()) {
    return absl::ResourceExhaustedError(absl::StrCat("text: more than ", TextTree::kElementsMax,
                                                     " characters were ever typed in it"));
  }
  made.author = tree_.Author(device.view());
  if (made.author >= TextTree::kAuthorsMax) {
    return absl::ResourceExhaustedError(
        absl::StrCat("text: more than ", TextTree::kAuthorsMax, " devices wrote in it"));
  }
  if (made.author == makers_.size()) makers_.push_back({device, {}, {}});
  Maker& maker = makers_[made.author];
  made.edit = edit;
  made.change = change;
  made.ordinal = static_cast<uint32_t>(maker.made.size());
  made.first_element = tree_.elements();
  made.typed = splices.typed;

  Row after = *before;
  {
    TextTree::Edit typing(&tree_, made.author, TreeVersion(made.seen));
    for (const Splices::One& splice : splices.all) {
      after.places.Visit(splice.position, splice.deleted, [&](TextSpan numbers) {
        if ((numbers.first & kSpan) == 0) return typing.Delete(numbers);
        for (uint32_t i = 0; i < numbers.length; ++i) {
          const Region& region = after.regions[(numbers.first & ~kSpan) + i];
          typing.DeleteStretch(region.first, region.last);
        }
      });
      uint32_t first = 0;
      if (!splice.inserted.empty()) {
        uint32_t left = TextTree::kBeginning;
        if (splice.position > 0) left = after.places.At(splice.position - 1);
        if (left != TextTree::kBeginning && (left & kSpan) != 0) {
          left = after.regions[left & ~kSpan].last;
        }
        SOTAY_ASSIGN_OR_RETURN(first, typing.Type(left, splice.inserted));
      }
      after.places.Replace(splice.position, splice.deleted, first,
                           static_cast<uint32_t>(splice.inserted.size()));
    }
  }
  Touch(before->places, &made, &after);
  made.events_after = tree_.version()[made.author];
  maker.sequences.push_back(sequence);
  maker.made.push_back(static_cast<uint32_t>(made_.size()));
  made_.push_back(std::move(made));
  Remember(VersionAfter(static_cast<uint32_t>(made_.size() - 1)),
           std::make_shared<const Row>(std::move(after)));
  return absl::OkStatus();
}

void TextMerge::Touch(const TextRow& before, Made* made, Row* after) {
  const auto ends = [&](TouchedStretch stretch) {
    for (uint32_t& low : stretch.low) {
      if (low != kNone && (low & kSpan) != 0) low = after->regions[low & ~kSpan].first;
    }
    for (uint32_t& high : stretch.high) {
      if (high != kNone && (high & kSpan) != 0) high = after->regions[high & ~kSpan].last;
    }
    return stretch;
  };
  for (const TouchedPlace& place : TouchedBy(
           before, after->places,
           [made](uint32_t n) { return (n & kSpan) == 0 && n >= made->first_element; },
           [this](uint32_t n) { return ScalarOf(n); })) {
    made->words.push_back(ends(place.words));
    if (!place.sentences.empty()) made->sentences.push_back(ends(place.sentences));
  }
  TakeAgreed(before, made, after);
}

// What was shown once for several who wrote the same becomes one person's when it is touched.
void TextMerge::TakeAgreed(const TextRow& before, Made* made, Row* after) {
  if (std::none_of(after->regions.begin(), after->regions.end(),
                   [](const Region& region) { return region.agreed; })) {
    return;
  }
  Rank();
  std::vector<bool> shown(tree_.elements(), false);
  for (uint32_t number : before.Numbers()) {
    if ((number & kSpan) == 0) shown[number] = true;
  }
  TextTree::Edit typing(&tree_, made->author, TreeVersion(made->seen));
  for (bool again = true; again;) {
    again = false;
    for (Region& region : after->regions) {
      if (!region.agreed) continue;
      const Stretch agreed = {rank_[region.first], rank_[region.last]};
      for (TouchedStretch& words : made->words) {
        const Stretch stretch = StretchOf(words);
        if (!region.agreed || stretch.low > agreed.high || agreed.low > stretch.high) continue;
        for (uint32_t rank = agreed.low; rank <= agreed.high; ++rank) {
          const uint32_t element = order_[rank];
          if (element < made->first_element && !shown[element]) typing.DeleteShown(element);
        }
        words.low[0] = order_[std::min(stretch.low, agreed.low)];
        words.high[0] = order_[std::max(stretch.high, agreed.high)];
        words.low[1] = words.high[1] = kNone;
        region.agreed = false;
        again = true;
      }
    }
  }
}

void TextMerge::Rank() {
  if (rank_.size() == tree_.elements()) return;
  order_ = tree_.Order();
  rank_.resize(order_.size());
  for (size_t i = 0; i < order_.size(); ++i) rank_[order_[i]] = static_cast<uint32_t>(i);
}

TextMerge::Stretch TextMerge::StretchOf(const TouchedStretch& touched) const {
  Stretch stretch = {kNone, 0};
  for (uint32_t low : touched.low) {
    if (low != kNone) stretch.low = std::min(stretch.low, rank_[low]);
  }
  for (uint32_t high : touched.high) {
    if (high != kNone) stretch.high = std::max(stretch.high, rank_[high]);
  }
  return stretch;
}

std::vector<TextMerge::Stretch> TextMerge::Stretches(uint32_t made, bool words) const {
  std::vector<Stretch> stretches;
  for (const TouchedStretch& touched : words ? made_[made].words : made_[made].sentences) {
    stretches.push_back(StretchOf(touched));
  }
  JoinMeeting(&stretches, [](Stretch*, const Stretch&) {});
  return stretches;
}

// --- telling ----------------------------------------------------------------------------------

TextMerged TextMerge::At(const VersionVector& asked) {
  TextMerged merged;
  const Version version = VersionOf(asked);
  const std::shared_ptr<const Row> row = RowAt(version);
  Rank();
  const std::vector<uint32_t> numbers = row->places.Numbers();
  for (uint32_t number : numbers) {
    AppendScalar(ScalarOf(number), &merged.text);
    if ((number & kSpan) == 0) continue;
    const Region& region = row->regions[number & ~kSpan];
    std::vector<TextReading>& readings = merged.spans.emplace_back();
    for (uint32_t author : region.authors) {
      const Reading& reading = Read(author, {rank_[region.first], rank_[region.last]}, 0);
      readings.push_back({reading.text, made_[author].edit});
    }
  }
  FindAgain(version, *row, numbers, &merged.again);
  std::vector<uint32_t> last;
  for (size_t i = 0; i < version.size(); ++i) {
    if (version[i] > 0) last.push_back(makers_[i].made[version[i] - 1]);
    for (size_t k = 0; k < version[i]; ++k) merged.typed += made_[makers_[i].made[k]].typed;
  }
  for (uint32_t one : Top(std::move(last))) merged.top.push_back(made_[one].edit);
  return merged;
}

std::vector<TextBlame> TextMerge::BlameAt(const VersionVector& version) {
  std::vector<TextBlame> blame;
  const std::shared_ptr<const Row> row = RowAt(VersionOf(version));
  uint32_t position = 0;
  for (uint32_t number : row->places.Numbers()) {
    TextBlame one = {position++, 1, 0, (number & kSpan) != 0};
    if (one.span) {
      one.edit = made_[row->regions[number & ~kSpan].authors.front()].edit;
    } else {
      const TextOrigin origin = tree_.OriginOf(number);
      const std::vector<uint32_t>& made = makers_[origin.author].made;
      const auto typed = std::partition_point(made.begin(), made.end(), [&](uint32_t m) {
        return made_[m].events_after <= origin.event;
      });
      one.edit = made_[*typed].edit;
    }
    if (!blame.empty() && !one.span && !blame.back().span && blame.back().edit == one.edit) {
      ++blame.back().length;
    } else {
      blame.push_back(one);
    }
  }
  return blame;
}

}  // namespace sotay::sync
