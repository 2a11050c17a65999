// The part of TextMerge that takes an edit: what it made of the row its author saw, what it
// touched, and the spans it leans on.
#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/status_macros.h"
#include "sync/text_merge.h"
#include "sync/text_splices.h"
#include "sync/text_touch.h"
#include "sync/text_words.h"

namespace sotay::sync {
namespace {

constexpr uint32_t kNone = TextOrder::kNone;

}  // namespace

// Calls `visit(TextSpan)` for those of a set that stand in the stretch.
template <typename Visit>
void TextMerge::VisitThose(Stretch stretch, const TextBits& those, const Visit& visit) const {
  for (uint32_t rank = stretch.low; rank <= stretch.high; ++rank) {
    if (those.Has(order_[rank])) visit(TextSpan{order_[rank], 1});
  }
}

absl::Status TextMerge::Add(size_t edit, const ChangeId& change, const DeviceId& device,
                            uint64_t sequence, const VersionVector& seen,
                            const TextSplices& splices) {
  ForgetReadings();
  Made made;
  made.seen = VersionOf(seen);
  const std::shared_ptr<const Shown> before = ShownAt(made.seen);
  SOTAY_RETURN_IF_ERROR(splices.CheckFits(before->row.places.size()));
  if (splices.typed > TextTree::kElementsMax - tree_.elements()) {
    return absl::ResourceExhaustedError(absl::StrCat("text: more than ", TextTree::kElementsMax,
                                                     " characters were ever typed in it"));
  }
  made.author = tree_.Author(device.view());
  if (made.author >= tree_.authors_max()) {
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

  Rewrite rewrite;
  rewrite.before = before;
  rewrite.made = static_cast<uint32_t>(made_.size());
  if (!before->row.regions.empty()) Rank();  // what comes in now stands in no span
  {
    TextTree::EditOfElements typing(&tree_, made.author, before->known);
    std::u32string typed;
    Write(splices, &typing, &made, &rewrite, &typed);
    Touch(rewrite, typed, &made);
    TakeAgreed(&typing, &made, &rewrite);
  }
  std::sort(made.deleted.begin(), made.deleted.end(),
            [](const TextSpan& a, const TextSpan& b) { return a.first < b.first; });
  for (uint32_t span : rewrite.settled) made.settled.push_back(before->row.regions[span].first);
  std::sort(made.settled.begin(), made.settled.end());
  for (const TextSpan& piece : rewrite.places.pieces()) {
    if (!rewrite.IsTyped(piece.first)) continue;
    made.left.push_back({rewrite.NumberOf(piece.first, made), piece.length});
  }
  made.words = Joined(std::move(made.words));
  made.sentences = Joined(std::move(made.sentences));
  made.leans_on = LeansOn(made, rewrite);
  maker.sequences.push_back(sequence);
  maker.made.push_back(rewrite.made);
  made_.push_back(std::move(made));
  Remember(
      {VersionAfter(rewrite.made), nullptr, std::make_shared<const Rewrite>(std::move(rewrite))});
  return absl::OkStatus();
}

uint32_t TextMerge::Rewrite::NumberOf(uint32_t place, const Made& its) const {
  if (!IsTyped(place)) return before->row.places.At(place);
  return its.typed.first + (place - TextProse::Typed(*before->sheet));
}

void TextMerge::Write(const TextSplices& splices, TextTree::EditOfElements* typing, Made* made,
                      Rewrite* rewrite, std::u32string* typed) {
  const Row& row = rewrite->before->row;
  rewrite->places.Append(0, row.places.size());
  const auto take_away = [&](TextSpan elements) {
    typing->Delete(elements);
    made->deleted.push_back(elements);
  };
  const auto take_away_shown = [&](TextSpan numbers) {
    if ((numbers.first & kSpan) == 0) return take_away(numbers);
    for (uint32_t span = numbers.first & ~kSpan; numbers.length > 0; ++span, --numbers.length) {
      const Region& region = row.regions[span];
      rewrite->settled.push_back(span);
      VisitThose(StretchOf({region.first, region.last}), rewrite->before->live, take_away);
    }
  };
  for (const TextSplices::One& splice : splices.all) {
    rewrite->places.Visit(splice.position, splice.deleted, [&](TextSpan places) {
      if (rewrite->IsTyped(places.first)) {
        take_away({rewrite->NumberOf(places.first, *made), places.length});
      } else {
        row.places.Visit(places.first, places.length, take_away_shown);
      }
    });
    const auto length = static_cast<uint32_t>(splice.inserted.size());
    if (length > 0) {
      uint32_t left = TextTree::kBeginning;
      if (splice.position > 0) {
        left = rewrite->NumberOf(rewrite->places.At(splice.position - 1), *made);
        if ((left & kSpan) != 0) left = row.regions[left & ~kSpan].last;
      }
      typing->Type(left, splice.inserted).IgnoreError();  // there is room: it was looked
    }
    rewrite->places.Replace(
        splice.position, splice.deleted,
        TextProse::Typed(*rewrite->before->sheet) + static_cast<uint32_t>(typed->size()), length);
    *typed += splice.inserted;
  }
}

void TextMerge::Touch(const Rewrite& rewrite, const std::u32string& typed, Made* made) {
  const std::vector<Region>& regions = rewrite.before->row.regions;
  const auto stretch_of = [&](const TouchedStretch& touched) {
    TextStretch stretch = {kNone, kNone};
    for (uint32_t low : touched.low) {
      if (low == kNone) continue;
      low = rewrite.NumberOf(low, *made);
      if ((low & kSpan) != 0) low = regions[low & ~kSpan].first;
      if (stretch.first == kNone || Before(low, stretch.first)) stretch.first = low;
    }
    for (uint32_t high : touched.high) {
      if (high == kNone) continue;
      high = rewrite.NumberOf(high, *made);
      if ((high & kSpan) != 0) high = regions[high & ~kSpan].last;
      if (stretch.last == kNone || Before(stretch.last, high)) stretch.last = high;
    }
    return stretch;
  };
  const TextSheet& sheet = *rewrite.before->sheet;
  TextRow before;
  before.Append(0, sheet.size());
  TextProse x(sheet);
  TextProse y(sheet, rewrite.places, typed);
  for (const TouchedPlace& place :
       TouchedBy(before, &x, rewrite.places, &y, [&](uint32_t n) { return rewrite.IsTyped(n); })) {
    made->words.push_back(stretch_of(place.words));
    if (!place.sentences.empty()) made->sentences.push_back(stretch_of(place.sentences));
  }
}

// What was shown once for several who wrote the same becomes one person's when it is touched.
void TextMerge::TakeAgreed(TextTree::EditOfElements* typing, Made* made, Rewrite* rewrite) {
  const std::vector<Region>& regions = rewrite->before->row.regions;
  if (std::none_of(regions.begin(), regions.end(),
                   [](const Region& region) { return region.agreed; })) {
    return;
  }
  Rank();
  TextBits hidden = rewrite->before->live;
  for (const TextSpan& piece : rewrite->before->row.places.pieces()) {
    if ((piece.first & kSpan) == 0) hidden.Remove(piece);
  }
  for (const TextSpan& span : made->deleted) {
    if (span.first < made->typed.first) hidden.Remove(span);
  }
  std::vector<TextStretch>& all = made->words;
  all = Joined(std::move(all));
  for (uint32_t number = 0; number < regions.size(); ++number) {
    if (!regions[number].agreed) continue;
    const Stretch agreed = StretchOf({regions[number].first, regions[number].last});
    const auto words = std::partition_point(
        all.begin(), all.end(), [&](const TextStretch& w) { return rank_[w.last] < agreed.low; });
    if (words == all.end() || rank_[words->first] > agreed.high) continue;
    const Stretch stretch = StretchOf(*words);
    VisitThose(agreed, hidden, [&](TextSpan element) {
      typing->Delete(element);
      made->deleted.push_back(element);
    });
    *words = {order_[std::min(stretch.low, agreed.low)],
              order_[std::max(stretch.high, agreed.high)]};
    rewrite->taken.push_back(number);
  }
}

TextMerge::Shown TextMerge::Finished(const Rewrite& rewrite) {
  const Shown& before = *rewrite.before;
  const Made& made = made_[rewrite.made];
  Shown shown = {VersionAfter(rewrite.made),
                 {},
                 before.words,
                 before.sentences,
                 before.known,
                 before.live,
                 nullptr};
  TextRow& places = shown.row.places;
  for (const TextSpan& piece : rewrite.places.pieces()) {
    if (rewrite.IsTyped(piece.first)) {
      places.Append(rewrite.NumberOf(piece.first, made), piece.length);
    } else {
      before.row.places.Visit(piece.first, piece.length, [&](TextSpan numbers) {
        places.Append(numbers.first, numbers.length);
      });
    }
  }
  shown.row.regions = before.row.regions;
  for (uint32_t span : rewrite.settled) shown.row.regions[span].lasting = false;
  for (uint32_t region : rewrite.taken) shown.row.regions[region].agreed = false;
  Cover(rewrite.made, &shown);
  Finish(&shown);
  return shown;
}

// The spans it left from which at most one place divides its words.
std::vector<TextStretch> TextMerge::LeansOn(const Made& made, const Rewrite& rewrite) const {
  std::vector<TextStretch> spans;
  const Row& row = rewrite.before->row;
  if (row.regions.empty()) return spans;
  const std::vector<TextSpan>& pieces = rewrite.places.pieces();
  const auto first_of = [&](uint32_t place) {
    const uint32_t number = rewrite.NumberOf(place, made);
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
    const uint32_t number = rewrite.NumberOf(pieces[where.piece].first + where.skip, made);
    if ((number & kSpan) == 0) return;
    const Region& region = row.regions[number & ~kSpan];
    spans.push_back({region.first, region.last});
  };
  for (const TextStretch& one : made.words) {
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

}  // namespace sotay::sync
