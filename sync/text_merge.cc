#include "sync/text_merge.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sotay/v1/change.pb.h"
#include "sync/limits.h"
#include "sync/status_macros.h"
#include "sync/text.h"
#include "sync/text_stretch.h"
#include "sync/text_touch.h"
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
  for (const auto& [device, through] : version.entries()) {
    const uint32_t author = tree_.Find(device.view());
    if (author >= makers_.size()) continue;
    const std::vector<uint64_t>& sequences = makers_[author].sequences;
    const auto past = std::upper_bound(sequences.begin(), sequences.end(), through);
    if (past == sequences.begin()) continue;
    if (counts.size() <= author) counts.resize(author + 1, 0);
    counts[author] = static_cast<uint32_t>(past - sequences.begin());
  }
  return counts;
}

bool TextMerge::Saw(uint32_t later, uint32_t earlier) const {
  const Version& seen = made_[later].seen;
  const Made& other = made_[earlier];
  return other.author < seen.size() && seen[other.author] > other.ordinal;
}

std::vector<uint32_t> TextMerge::Top(std::vector<uint32_t> made) const {
  std::sort(made.begin(), made.end());
  made.erase(std::unique(made.begin(), made.end()), made.end());
  size_t all_seen = 0;
  for (uint32_t one : made) all_seen += made_[one].seen.size();
  std::vector<uint32_t> top;
  if (made.size() * made.size() < all_seen) {
    for (auto one = made.rbegin(); one != made.rend(); ++one) {
      if (std::none_of(top.begin(), top.end(), [&](uint32_t t) { return Saw(t, *one); })) {
        top.push_back(*one);
      }
    }
  } else {
    Version seen;  // by any of them: nobody has seen an edit of their own but the earlier ones
    for (uint32_t one : made) {
      const Version& its = made_[one].seen;
      if (seen.size() < its.size()) seen.resize(its.size(), 0);
      for (size_t i = 0; i < its.size(); ++i) seen[i] = std::max(seen[i], its[i]);
    }
    std::copy_if(made.begin(), made.end(), std::back_inserter(top), [&](uint32_t one) {
      const Made& its = made_[one];
      return its.author >= seen.size() || seen[its.author] <= its.ordinal;
    });
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

std::u32string TextMerge::ScalarsOf(const TextRow& row) const {
  std::u32string scalars;
  scalars.reserve(row.size());
  for (const TextSpan& piece : row.pieces()) {
    if ((piece.first & kSpan) != 0) {
      scalars.append(piece.length, kSpanScalar);
    } else {
      scalars.append(tree_.scalars(), piece.first, piece.length);
    }
  }
  return scalars;
}

// --- taking an edit ---------------------------------------------------------------------------

absl::Status TextMerge::Add(size_t edit, const ChangeId& change, const DeviceId& device,
                            uint64_t sequence, const VersionVector& seen,
                            const std::vector<const v1::TextEdit*>& edits) {
  ForgetReadings();
  Made made;
  made.seen = VersionOf(seen);
  const std::shared_ptr<const Shown> before = ShownAt(made.seen);
  Splices splices;
  SOTAY_RETURN_IF_ERROR(splices.Read(edits, before->row.places.size()));
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
  made.seen_end = 0;
  for (uint32_t author = 0; author < made.seen.size(); ++author) {
    if (made.seen[author] == 0) continue;
    made.seen_end = std::max(made.seen_end, makers_[author].made[made.seen[author] - 1] + 1);
  }
  made.typed = {tree_.elements(), static_cast<uint32_t>(splices.typed)};

  auto after = std::make_shared<Shown>(*before);
  after->known.Resize(tree_.elements());
  after->live.Resize(tree_.elements());
  if (!before->row.regions.empty()) Rank();  // what comes in now stands in no span
  {
    const TextBits known = after->known;
    TextTree::EditOfElements typing(&tree_, made.author, known);
    Row& row = after->row;
    for (const Splices::One& splice : splices.all) {
      row.places.Visit(splice.position, splice.deleted, [&](TextSpan numbers) {
        if ((numbers.first & kSpan) == 0) {
          typing.Delete(numbers);
          return made.deleted.push_back(numbers);
        }
        for (uint32_t i = 0; i < numbers.length; ++i) {
          Region& region = row.regions[(numbers.first & ~kSpan) + i];
          region.lasting = false;
          made.settled.push_back(region.first);
          DeleteThose(StretchOf({region.first, region.last}), &after->live, &typing, &made);
        }
      });
      uint32_t first = 0;
      if (!splice.inserted.empty()) {
        uint32_t left = TextTree::kBeginning;
        if (splice.position > 0) left = row.places.At(splice.position - 1);
        if (left != TextTree::kBeginning && (left & kSpan) != 0) {
          left = row.regions[left & ~kSpan].last;
        }
        SOTAY_ASSIGN_OR_RETURN(first, typing.Type(left, splice.inserted));
      }
      row.places.Replace(splice.position, splice.deleted, first,
                         static_cast<uint32_t>(splice.inserted.size()));
    }
    Touch(before->row.places, &made, after.get());
    TakeAgreed(before->row.places, &typing, &made, after.get());
  }
  std::sort(made.deleted.begin(), made.deleted.end(),
            [](const TextSpan& a, const TextSpan& b) { return a.first < b.first; });
  std::sort(made.settled.begin(), made.settled.end());
  for (const TextSpan& piece : after->row.places.pieces()) {
    const uint32_t end = piece.first + piece.length;
    if ((piece.first & kSpan) != 0 || end <= made.typed.first) continue;
    const uint32_t first = std::max(piece.first, made.typed.first);
    made.left.push_back({first, end - first});
  }
  made.words = Joined(std::move(made.words));
  made.sentences = Joined(std::move(made.sentences));
  made.leans_on = LeansOn(made.words, after->row);
  maker.sequences.push_back(sequence);
  maker.made.push_back(static_cast<uint32_t>(made_.size()));
  made_.push_back(std::move(made));
  const auto number = static_cast<uint32_t>(made_.size() - 1);
  after->version = VersionAfter(number);
  Cover(number, after.get());
  Remember(std::move(after));
  return absl::OkStatus();
}

void TextMerge::DeleteThose(Stretch stretch, TextBits* those, TextTree::EditOfElements* typing,
                            Made* made) const {
  for (uint32_t rank = stretch.low; rank <= stretch.high; ++rank) {
    const TextSpan element = {order_[rank], 1};
    if (!those->Has(element.first)) continue;
    those->Remove(element);
    typing->Delete(element);
    made->deleted.push_back(element);
  }
}

void TextMerge::Touch(const TextRow& before, Made* made, Shown* after) {
  const std::vector<Region>& regions = after->row.regions;
  const auto stretch_of = [&](const TouchedStretch& touched) {
    TextStretch stretch = {kNone, kNone};
    for (uint32_t low : touched.low) {
      if (low == kNone) continue;
      if ((low & kSpan) != 0) low = regions[low & ~kSpan].first;
      if (stretch.first == kNone || Before(low, stretch.first)) stretch.first = low;
    }
    for (uint32_t high : touched.high) {
      if (high == kNone) continue;
      if ((high & kSpan) != 0) high = regions[high & ~kSpan].last;
      if (stretch.last == kNone || Before(stretch.last, high)) stretch.last = high;
    }
    return stretch;
  };
  TextProse x(ScalarsOf(before));
  TextProse y(ScalarsOf(after->row.places));
  for (const TouchedPlace& place : TouchedBy(before, &x, after->row.places, &y, [made](uint32_t n) {
         return (n & kSpan) == 0 && n >= made->typed.first;
       })) {
    made->words.push_back(stretch_of(place.words));
    if (!place.sentences.empty()) made->sentences.push_back(stretch_of(place.sentences));
  }
}

// What was shown once for several who wrote the same becomes one person's when it is touched.
void TextMerge::TakeAgreed(const TextRow& before, TextTree::EditOfElements* typing, Made* made,
                           Shown* after) {
  std::vector<Region>& regions = after->row.regions;
  if (std::none_of(regions.begin(), regions.end(),
                   [](const Region& region) { return region.agreed; })) {
    return;
  }
  Rank();
  TextBits hidden = after->live;
  for (const TextSpan& piece : before.pieces()) {
    if ((piece.first & kSpan) == 0) hidden.Remove(piece);
  }
  for (const TextSpan& span : made->deleted) hidden.Remove(span);
  std::vector<TextStretch>& all = made->words;
  all = Joined(std::move(all));
  for (Region& region : regions) {
    if (!region.agreed) continue;
    const Stretch agreed = StretchOf({region.first, region.last});
    const auto words = std::partition_point(
        all.begin(), all.end(), [&](const TextStretch& w) { return rank_[w.last] < agreed.low; });
    if (words == all.end() || rank_[words->first] > agreed.high) continue;
    const Stretch stretch = StretchOf(*words);
    DeleteThose(agreed, &hidden, typing, made);
    *words = {order_[std::min(stretch.low, agreed.low)],
              order_[std::max(stretch.high, agreed.high)]};
    region.agreed = false;
  }
}

std::vector<TextStretch> TextMerge::Joined(std::vector<TextStretch> stretches) const {
  struct Keyed {
    uint64_t low, high;
    uint32_t first, last;
  };
  std::vector<Keyed> keyed;
  for (const TextStretch& one : stretches) {
    keyed.push_back({tree_.OrderKey(one.first), tree_.OrderKey(one.last), one.first, one.last});
  }
  JoinMeeting(&keyed, [](Keyed* a, const Keyed& b) {
    if (a->high == b.high) a->last = b.last;
  });
  stretches.clear();
  for (const Keyed& one : keyed) stretches.push_back({one.first, one.last});
  return stretches;
}

void TextMerge::Rank() {
  if (rank_.size() == tree_.elements()) return;
  spans_ = tree_.Order();
  order_.resize(tree_.elements());
  rank_.resize(tree_.elements());
  uint32_t rank = 0;
  for (const TextSpan& span : spans_) {
    for (uint32_t i = 0; i < span.length; ++i, ++rank) {
      order_[rank] = span.first + i;
      rank_[span.first + i] = rank;
    }
  }
}

// --- telling ----------------------------------------------------------------------------------

TextMerged TextMerge::At(const VersionVector& asked) {
  ForgetReadings();
  TextMerged merged;
  const std::shared_ptr<const Shown> shown = ShownAt(VersionOf(asked));
  Rank();
  Wanted wanted;
  for (const Region& region : shown->row.regions) {
    if (region.agreed) continue;
    for (uint32_t author : region.authors) {
      wanted.emplace_back(author, StretchOf({region.first, region.last}));
    }
  }
  ReadAll(std::move(wanted));
  TextProse prose(ScalarsOf(shown->row.places));
  for (size_t i = 0; i < prose.size(); ++i) AppendScalar(prose(i), &merged.text);
  for (const TextSpan& piece : shown->row.places.pieces()) {
    if ((piece.first & kSpan) == 0) continue;
    for (uint32_t number = piece.first; number < piece.first + piece.length; ++number) {
      const Region& region = shown->row.regions[number & ~kSpan];
      std::vector<TextReading>& readings = merged.spans.emplace_back();
      for (uint32_t author : region.authors) {
        const Reading& reading = Read(author, StretchOf({region.first, region.last}), 0);
        readings.push_back({reading.text, made_[author].edit});
      }
    }
  }
  FindAgain(*shown, &prose, &merged.again);
  const Version& version = shown->version;
  std::vector<uint32_t> last;
  for (size_t i = 0; i < version.size(); ++i) {
    if (version[i] > 0) last.push_back(makers_[i].made[version[i] - 1]);
    for (size_t k = 0; k < version[i]; ++k) merged.typed += made_[makers_[i].made[k]].typed.length;
  }
  for (uint32_t one : Top(std::move(last))) merged.top.push_back(made_[one].edit);
  return merged;
}

std::vector<TextBlame> TextMerge::BlameAt(const VersionVector& version) {
  std::vector<TextBlame> blame;
  const std::shared_ptr<const Shown> shown = ShownAt(VersionOf(version));
  uint32_t position = 0;
  for (uint32_t number : shown->row.places.Numbers()) {
    TextBlame one = {position++, 1, 0, (number & kSpan) != 0};
    if (one.span) {
      one.edit = made_[shown->row.regions[number & ~kSpan].authors.front()].edit;
    } else {
      const auto past = std::partition_point(
          made_.begin(), made_.end(), [&](const Made& m) { return m.typed.first <= number; });
      one.edit = std::prev(past)->edit;
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
