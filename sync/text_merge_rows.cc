// The part of TextMerge that finds what a version shows: who stands where, and what is in conflict.
#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "sync/text.h"
#include "sync/text_merge.h"
#include "sync/text_stretch.h"

namespace sotay::sync {
namespace {

constexpr uint32_t kNone = TextOrder::kNone;
constexpr size_t kShownMax = 64;
// Of all versions that are remembered, together: thirty megabytes of their characters, and more
// where runs are short.  An edit nobody asked for yet keeps the version it was made on as well.
constexpr size_t kShownElementsMax = size_t{1} << 23;

}  // namespace

void TextMerge::Remember(Remembered remembered) {
  while (memo_.size() >= kShownMax ||
         (memo_.size() > 2 && memo_.size() * tree_.elements() > kShownElementsMax)) {
    memo_.erase(memo_.begin());
  }
  memo_.push_back(std::move(remembered));
}

std::shared_ptr<const TextMerge::Shown> TextMerge::Take(Remembered* remembered) {
  if (remembered->shown == nullptr) {
    remembered->shown = std::make_shared<const Shown>(Finished(*remembered->rewrite));
    remembered->rewrite = nullptr;
  }
  return remembered->shown;
}

void TextMerge::Finish(Shown* shown) const {
  shown->row.places.Index();
  shown->sheet = std::make_unique<const TextSheet>(ScalarsOf(shown->row.places));
}

std::shared_ptr<const TextMerge::Shown> TextMerge::ShownAt(const Version& version) {
  const auto known = std::find_if(memo_.begin(), memo_.end(),
                                  [&](const Remembered& one) { return one.version == version; });
  if (known != memo_.end()) {
    std::rotate(known, known + 1, memo_.end());
    return Take(&memo_.back());
  }
  auto shown = std::make_shared<const Shown>(Work(version));
  Remember({version, shown, nullptr});
  return shown;
}

// Of all that are remembered and that the version has seen, the one that lacks least.
std::shared_ptr<const TextMerge::Shown> TextMerge::Nearest(const Version& version) {
  Remembered* nearest = nullptr;
  uint64_t most = 0;
  for (Remembered& one : memo_) {
    const Version& has = one.version;
    if (has.size() > version.size()) continue;
    if (!has.empty() && has.back() > version[has.size() - 1]) continue;  // most of them
    if (!std::equal(has.begin(), has.end(), version.begin(), std::less_equal<>())) {
      continue;
    }
    const uint64_t count = std::accumulate(has.begin(), has.end(), uint64_t{0});
    if (nearest != nullptr && count < most) continue;
    nearest = &one;
    most = count;
  }
  return nearest == nullptr ? nullptr : Take(nearest);
}

// In causal order, each covers what it has seen.
void TextMerge::Cover(uint32_t one, Shown* shown) {
  const Made& made = made_[one];
  const auto seen = [&](uint32_t other) { return Saw(one, other); };
  absl::flat_hash_map<uint32_t, uint32_t> found;
  const auto with = [&](uint32_t crowd) {
    const auto [at, fresh] = found.emplace(crowd, 0);
    if (fresh) at->second = crowds_.With(crowd, one, made.seen_end, seen);
    return at->second;
  };
  shown->words.Cover(made.words, tree_, with);
  shown->sentences.Cover(made.sentences, tree_, with);
  const uint32_t size = std::max(shown->known.size(), made.typed.first + made.typed.length);
  shown->known.Resize(size);
  shown->live.Resize(size);
  shown->known.Add(made.typed);
  shown->live.Add(made.typed);
  for (const TextSpan& deleted : made.deleted) shown->live.Remove(deleted);
}

TextMerge::Shown TextMerge::Work(const Version& version) {
  Rank();
  Shown shown;
  std::vector<Region> lasting;
  if (const std::shared_ptr<const Shown> nearest = Nearest(version); nearest != nullptr) {
    shown.version = nearest->version;
    shown.words = nearest->words;
    shown.sentences = nearest->sentences;
    shown.known = nearest->known;
    shown.live = nearest->live;
    std::copy_if(nearest->row.regions.begin(), nearest->row.regions.end(),
                 std::back_inserter(lasting), [](const Region& region) { return region.lasting; });
  } else if (base_ != nullptr) {
    const auto size = static_cast<uint32_t>(base_->text.size());
    shown.known.Resize(size);
    shown.known.Add({0, size});
    shown.live = shown.known;
  }
  std::vector<uint32_t> lacking;
  for (uint32_t author = 0; author < version.size(); ++author) {
    const std::vector<uint32_t>& made = makers_[author].made;
    const uint32_t has = author < shown.version.size() ? shown.version[author] : 0;
    lacking.insert(lacking.end(), made.begin() + has, made.begin() + version[author]);
  }
  std::sort(lacking.begin(), lacking.end());
  std::vector<Stretch> touched;  // since then
  for (uint32_t one : lacking) {
    Cover(one, &shown);
    for (const TextStretch& words : made_[one].words) touched.push_back(StretchOf(words));
  }
  JoinMeeting(&touched, [](Stretch*, const Stretch&) {});
  shown.version = version;

  lasting.erase(std::remove_if(lasting.begin(), lasting.end(),
                               [&](const Region& region) {
                                 const auto over = std::partition_point(
                                     touched.begin(), touched.end(), [&](const Stretch& t) {
                                       return t.high < rank_[region.first];
                                     });
                                 return over != touched.end() && over->low <= rank_[region.last];
                               }),
                lasting.end());
  std::vector<Stretch> known;
  for (const Region& region : lasting) known.push_back(StretchOf({region.first, region.last}));

  const Segments segments = shown.words.Segments(rank_, tree_.elements());
  std::vector<Region> contested;
  Wanted wanted;
  size_t was = 0;  // all in the order of the text
  for (const Stretch& stretch : Contested(segments, known)) {
    while (was < known.size() && known[was].low < stretch.low) ++was;
    if (was < known.size() && known[was].low == stretch.low && known[was].high == stretch.high) {
      contested.push_back(std::move(lasting[was]));
      continue;
    }
    const std::vector<uint32_t> authors = TopBetween(segments, stretch);
    if (authors.size() < 2) continue;
    for (uint32_t author : authors) wanted.emplace_back(author, stretch);
    contested.push_back(
        {order_[stretch.low], order_[stretch.high], {authors.begin(), authors.end()}});
  }
  ReadAll(std::move(wanted));
  Settle(std::move(contested), &shown);
  FalseJoints(segments, version, &shown.row);
  Finish(&shown);
  return shown;
}

std::vector<uint32_t> TextMerge::TopBetween(const Segments& segments, Stretch stretch) const {
  std::vector<uint32_t> crowds;
  for (size_t i = TextStanding::At(segments, stretch.low);
       i < segments.size() && segments[i].from <= stretch.high; ++i) {
    crowds.push_back(segments[i].crowd);
  }
  return Top(crowds_.Members(std::move(crowds)));
}

// Each is as wide as the stretches of all who stand in it.
std::vector<TextMerge::Stretch> TextMerge::Contested(const Segments& segments,
                                                     const std::vector<Stretch>& known) const {
  struct Found {
    Stretch stretch;
    size_t first;  // of its segments
  };
  std::vector<Found> found;
  // From the first to the last of all stretches of a crowd: a region that holds this need not ask
  // the crowd again.
  absl::flat_hash_map<uint32_t, Stretch> reaches;
  for (size_t seed = 0; seed + 1 < segments.size(); ++seed) {
    if (crowds_.Size(segments[seed].crowd) < 2) continue;
    if (!found.empty() && segments[seed].from <= found.back().stretch.high) continue;
    Stretch region = {segments[seed].from, segments[seed].from};
    const auto widen_by = [&](size_t segment) {
      const auto was = std::partition_point(known.begin(), known.end(), [&](const Stretch& k) {
        return k.high < segments[segment].from;
      });
      if (was != known.end() && was->low <= segments[segment].from) {
        region = {std::min(region.low, was->low), std::max(region.high, was->high)};
        return;
      }
      const uint32_t crowd = segments[segment].crowd;
      Stretch& reach = reaches.try_emplace(crowd, Stretch{kNone, 0}).first->second;
      if (reach.low <= reach.high && region.low <= reach.low && reach.high <= region.high) return;
      crowds_.VisitAll(crowd, [&](uint32_t one) {
        const std::vector<TextStretch>& words = made_[one].words;
        const auto over = std::partition_point(
            words.begin(), words.end(),
            [&](const TextStretch& w) { return rank_[w.last] < segments[segment].from; });
        const Stretch stretch = StretchOf(*over);
        region = {std::min(region.low, stretch.low), std::max(region.high, stretch.high)};
        reach.low = std::min(reach.low, rank_[words.front().first]);
        reach.high = std::max(reach.high, rank_[words.back().last]);
      });
    };
    size_t first = seed;
    size_t last = seed;
    widen_by(seed);
    for (bool wider = true; wider;) {
      wider = false;
      while (last + 1 < segments.size() && segments[last + 1].from <= region.high) {
        widen_by(++last);
        wider = true;
      }
      while (segments[first].from > region.low) {
        wider = true;
        if (!found.empty() && segments[first - 1].from <= found.back().stretch.high) {
          region.low = std::min(region.low, found.back().stretch.low);
          first = found.back().first;
          found.pop_back();
        } else {
          widen_by(--first);
        }
      }
    }
    found.push_back({region, first});
  }
  std::vector<Stretch> regions;
  for (const Found& one : found) regions.push_back(one.stretch);
  return regions;
}

// Each as long as its elements stand side by side, in the order of the text.
std::vector<TextSpan> TextMerge::LiveInOrder(const TextBits& live) const {
  std::vector<TextSpan> pieces;
  const auto side_by_side = [&](TextSpan elements) {
    for (uint32_t i = 0; i < elements.length; ++i) {
      const uint32_t element = elements.first + i;
      if (i > 0 && rank_[element] == rank_[element - 1] + 1) {
        ++pieces.back().length;
      } else {
        pieces.push_back({element, 1});
      }
    }
  };
  // Few live ones are sooner put in order than found among all.
  if (live.Count() < spans_.size() / 4) {
    live.VisitIn({0, live.size()}, side_by_side);
    std::sort(pieces.begin(), pieces.end(), [this](const TextSpan& a, const TextSpan& b) {
      return rank_[a.first] < rank_[b.first];
    });
  } else {
    for (const TextSpan& span : spans_) {
      live.VisitIn(span, [&](TextSpan piece) { pieces.push_back(piece); });
    }
  }
  return pieces;
}

// Fills the row: what nobody disputes, and for each contested region what its authors left.  Those
// that are not known to last have to be looked at.
void TextMerge::Settle(std::vector<Region> contested, Shown* shown) {
  Row& row = shown->row;
  const std::vector<TextSpan> pieces = LiveInOrder(shown->live);
  auto piece = pieces.begin();
  uint32_t skip = 0;  // of the piece
  const auto visit_until = [&](uint32_t end, const auto& visit) {
    while (piece != pieces.end()) {
      const uint32_t first = piece->first + skip;
      if (rank_[first] >= end) return;
      const uint32_t count = std::min(piece->length - skip, end - rank_[first]);
      visit(TextSpan{first, count});
      skip += count;
      if (skip == piece->length) {
        ++piece;
        skip = 0;
      }
    }
  };
  const auto show = [&](TextSpan elements) { row.places.Append(elements.first, elements.length); };
  std::vector<TextSpan> standing;
  for (Region& region : contested) {
    const Stretch stretch = StretchOf({region.first, region.last});
    visit_until(stretch.low, show);
    standing.clear();
    visit_until(stretch.high + 1, [&](TextSpan elements) { standing.push_back(elements); });
    if (!region.lasting) {
      std::string text;
      for (const TextSpan& elements : standing) {
        for (uint32_t i = 0; i < elements.length; ++i) {
          AppendScalar(tree_.scalar(elements.first + i), &text);
        }
      }
      const Reading* first = nullptr;
      const Reading* chosen = nullptr;
      bool alike = true;
      for (uint32_t author : region.authors) {
        const Reading& reading = Read(author, stretch, 0);
        if (first == nullptr) first = &reading;
        alike = reading.text == first->text;
        if (!alike) break;
        if (chosen == nullptr && reading.whole &&
            std::all_of(reading.elements.begin(), reading.elements.end(),
                        [&](TextSpan span) { return shown->live.HasAll(span); })) {
          chosen = &reading;
        }
      }
      if (alike && first->text == text) {
        std::for_each(standing.begin(), standing.end(), show);
        continue;
      }
      region.agreed = alike && chosen != nullptr;
      region.lasting = !region.agreed;
      if (region.agreed) std::for_each(chosen->elements.begin(), chosen->elements.end(), show);
    }
    if (region.lasting) row.places.Append(kSpan | static_cast<uint32_t>(row.regions.size()), 1);
    row.regions.push_back(std::move(region));
  }
  visit_until(tree_.elements(), show);
}

uint32_t TextMerge::RankOf(const Row& row, uint32_t number) const {
  return rank_[(number & kSpan) != 0 ? row.regions[number & ~kSpan].first : number];
}

TextMerge::Stretch TextMerge::StretchBetween(const Row& row, uint32_t first, uint32_t last) const {
  return {RankOf(row, first), rank_[(last & kSpan) != 0 ? row.regions[last & ~kSpan].last : last]};
}

}  // namespace sotay::sync
