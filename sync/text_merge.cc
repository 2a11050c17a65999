#include "sync/text_merge.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "sync/text.h"
#include "sync/text_stretch.h"
#include "sync/text_words.h"

namespace sotay::sync {

TextMerge::TextMerge(std::shared_ptr<const TextBase> base) : base_(std::move(base)) {
  if (base_->text.empty()) return;
  tree_.Begin(base_->text);
  makers_.emplace_back();  // who typed it
}

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
  TextProse prose(*shown->sheet);
  AppendScalars(shown->sheet->scalars().data(), shown->sheet->size(), &merged.text);
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
  if (base_ != nullptr) KeepAgain(*shown, &merged);
  const Version& version = shown->version;
  std::vector<uint32_t> last;
  for (size_t i = 0; i < version.size(); ++i) {
    if (version[i] > 0) last.push_back(makers_[i].made[version[i] - 1]);
    for (size_t k = 0; k < version[i]; ++k) merged.typed += made_[makers_[i].made[k]].typed.length;
  }
  if (last.empty() && base_ != nullptr) merged.top = base_->top;
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
