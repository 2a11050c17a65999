#include "sync/text_order.h"

#include <algorithm>

namespace sotay::sync {

TextOrder::Place TextOrder::PlaceOf(uint32_t element) const {
  const uint32_t id = leaf_of_[element];
  const Leaf& leaf = leaves_[id];
  if (last_.leaf == id && last_.span < leaf.count &&
      element - leaf.spans[last_.span].first < leaf.spans[last_.span].length) {
    return last_;
  }
  uint32_t at = 0;
  while (element - leaf.spans[at].first >= leaf.spans[at].length) ++at;  // unsigned: below is far
  return {id, at};
}

uint64_t TextOrder::Key(uint32_t element) const {
  const Leaf& leaf = leaves_[leaf_of_[element]];
  uint32_t before = 0;
  uint32_t at = 0;
  for (; element - leaf.spans[at].first >= leaf.spans[at].length; ++at) {
    before += leaf.spans[at].length;
  }
  return uint64_t{leaf.place} << 32 | (before + (element - leaf.spans[at].first));
}

void TextOrder::Count(uint32_t leaf, int32_t shown, int32_t overlay) {
  Entry& entry = table_[leaves_[leaf].place];
  entry.visible = static_cast<uint32_t>(static_cast<int32_t>(entry.visible) + shown);
  if (leaves_[leaf].place < hint_place_) {
    hint_before_ = static_cast<uint32_t>(static_cast<int32_t>(hint_before_) + shown);
  }
  visible_ += shown;
  leaves_[leaf].overlay_visible += overlay;
  overlay_visible_ += overlay;
}

void TextOrder::Put(uint32_t leaf, uint32_t at, Span span) {
  Leaf& into = leaves_[leaf];
  std::copy_backward(into.spans.begin() + at, into.spans.begin() + into.count,
                     into.spans.begin() + into.count + 1);
  into.spans[at] = span;
  ++into.count;
}

void TextOrder::Split(uint32_t id) {
  const auto fresh = static_cast<uint32_t>(leaves_.size());
  leaves_.emplace_back();
  Leaf& from = leaves_[id];
  Leaf& to = leaves_[fresh];
  const uint32_t kept = from.count / 2;
  std::copy(from.spans.begin() + kept, from.spans.begin() + from.count, to.spans.begin());
  to.count = from.count - kept;
  from.count = kept;
  uint32_t shown = 0;
  for (uint32_t i = 0; i < to.count; ++i) {
    const Span& span = to.spans[i];
    if (!span.dead) shown += span.length;
    for (uint32_t at = span.first; at < span.end(); ++at) {
      leaf_of_[at] = fresh;
      if (from.marked == 0 || marks_[at] == 0) continue;
      ++to.marked;
      to.overlay_visible += (Shows(at) ? 1 : 0) - (span.dead ? 0 : 1);
    }
  }
  from.marked -= to.marked;
  from.overlay_visible -= to.overlay_visible;
  to.place = from.place + 1;
  table_[from.place].visible -= shown;
  table_.insert(table_.begin() + to.place, {fresh, shown});
  for (size_t i = to.place + 1; i < table_.size(); ++i) {
    leaves_[table_[i].leaf].place = static_cast<uint32_t>(i);
  }
  if (hint_place_ > from.place) {
    hint_place_ = 0;
    hint_before_ = 0;
  }
}

TextOrder::Place TextOrder::Roomy(uint32_t element) {
  if (leaves_[leaf_of_[element]].count + 2 > kLeafSpans) Split(leaf_of_[element]);
  return PlaceOf(element);
}

void TextOrder::Append(uint32_t leaf, uint32_t length, bool extends) {
  if (!extends) fates_.push_back(kRunStart);
  fates_.resize(leaf_of_.size() + length, 0);
  leaf_of_.resize(leaf_of_.size() + length, leaf);
  if (overlaid_) marks_.resize(leaf_of_.size(), 0);
  Count(leaf, static_cast<int32_t>(length), 0);
}

void TextOrder::InsertAfter(uint32_t element, uint32_t length, bool extends) {
  const uint32_t first = size();
  if (element == kNone) {
    if (table_.empty()) {
      leaves_.emplace_back();
      table_.push_back({0, 0});
    } else if (leaves_[table_.front().leaf].count + 1 > kLeafSpans) {
      Split(table_.front().leaf);
    }
    const uint32_t leaf = table_.front().leaf;
    Put(leaf, 0, {first, length, 0});
    return Append(leaf, length, extends);
  }
  const Place place = Roomy(element);
  Span& span = leaves_[place.leaf].spans[place.span];
  if (element + 1 < span.end()) {
    const Span rest = {element + 1, span.end() - element - 1, span.dead};
    span.length = element + 1 - span.first;
    Put(place.leaf, place.span + 1, rest);
    Put(place.leaf, place.span + 1, {first, length, 0});
  } else if (extends && !span.dead && span.end() == first) {
    span.length += length;
  } else {
    Put(place.leaf, place.span + 1, {first, length, 0});
  }
  Append(place.leaf, length, extends);
}

void TextOrder::InsertBefore(uint32_t element, uint32_t length, bool extends) {
  const uint32_t first = size();
  const Place place = Roomy(element);
  Span& span = leaves_[place.leaf].spans[place.span];
  if (element > span.first) {
    const Span rest = {element, span.end() - element, span.dead};
    span.length = element - span.first;
    Put(place.leaf, place.span + 1, rest);
    Put(place.leaf, place.span + 1, {first, length, 0});
  } else {
    Put(place.leaf, place.span, {first, length, 0});
  }
  Append(place.leaf, length, extends);
}

void TextOrder::JoinDead(uint32_t id, uint32_t at) {
  Leaf& leaf = leaves_[id];
  if (at == 0 || at >= leaf.count) return;
  Span& before = leaf.spans[at - 1];
  const Span& span = leaf.spans[at];
  if (!before.dead || !span.dead || before.end() != span.first) return;
  if ((fates_[span.first] & kRunStart) != 0) return;
  before.length += span.length;
  std::copy(leaf.spans.begin() + at + 1, leaf.spans.begin() + leaf.count, leaf.spans.begin() + at);
  --leaf.count;
}

void TextOrder::Kill(Place place, uint32_t first, uint32_t length) {
  Span& span = leaves_[place.leaf].spans[place.span];
  const Span before = {span.first, first - span.first, 0};
  const Span after = {first + length, span.end() - first - length, 0};
  span = {first, length, 1};
  if (after.length > 0) Put(place.leaf, place.span + 1, after);
  if (before.length > 0) Put(place.leaf, place.span++, before);
  JoinDead(place.leaf, place.span + 1);
  JoinDead(place.leaf, place.span);
}

void TextOrder::Delete(TextSpan deleted) {
  const uint32_t end = deleted.first + deleted.length;
  for (uint32_t first = deleted.first; first < end;) {
    const Place place = Roomy(first);
    const Span span = leaves_[place.leaf].spans[place.span];
    const uint32_t length = std::min(span.end(), end) - first;
    int32_t shown = 0;
    int32_t overlay = 0;
    for (uint32_t at = first; at < first + length; ++at) {
      const int showed = Shows(at) ? 1 : 0;
      ++fates_[at];
      shown -= span.dead ? 0 : 1;
      overlay += (Shows(at) ? 1 : 0) - showed + (span.dead ? 0 : 1);
    }
    if (!span.dead) Kill(place, first, length);
    Count(place.leaf, shown, overlay);
    first += length;
  }
}

TextSpan TextOrder::ShownIn(const Leaf& leaf, uint32_t skip) const {
  for (uint32_t i = 0;; ++i) {
    const Span& span = leaf.spans[i];
    for (uint32_t from = span.first; from < span.end(); ++from) {
      if (!Shows(from)) continue;
      if (skip-- > 0) continue;
      uint32_t end = from + 1;
      while (end < span.end() && Shows(end)) ++end;
      return {from, end - from};
    }
  }
}

TextSpan TextOrder::At(uint32_t index) const {
  uint32_t place = 0;
  uint32_t before = 0;
  if (overlaid_) {
    for (;; ++place) {
      const auto shown = static_cast<uint32_t>(static_cast<int32_t>(table_[place].visible) +
                                               leaves_[table_[place].leaf].overlay_visible);
      if (index - before < shown) break;
      before += shown;
    }
  } else {
    place = hint_place_;
    before = hint_before_;
    while (index < before) before -= table_[--place].visible;
    while (index - before >= table_[place].visible) before += table_[place++].visible;
    hint_place_ = place;
    hint_before_ = before;
  }
  const Leaf& leaf = leaves_[table_[place].leaf];
  uint32_t left = index - before;
  if (leaf.marked > 0) return ShownIn(leaf, left);
  uint32_t at = 0;
  for (;; ++at) {
    const Span& span = leaf.spans[at];
    if (span.dead) continue;
    if (left < span.length) break;
    left -= span.length;
  }
  last_ = {table_[place].leaf, at};
  return {leaf.spans[at].first + left, leaf.spans[at].length - left};
}

uint32_t TextOrder::First() const {
  if (table_.empty()) return kNone;
  const uint32_t first = leaves_[table_.front().leaf].spans[0].first;
  return Hidden(first) ? After(first) : first;
}

uint32_t TextOrder::After(uint32_t element) const {
  Place place = PlaceOf(element);
  const Span& span = leaves_[place.leaf].spans[place.span];
  if (element + 1 < span.end() && !Hidden(element + 1)) return element + 1;
  // What a version lacks of a span is its end, since a span is of one run: whole spans are
  // skipped.
  for (;;) {
    if (++place.span == leaves_[place.leaf].count) {
      const uint32_t next = leaves_[place.leaf].place + 1;
      if (next == table_.size()) return kNone;
      place = {table_[next].leaf, 0};
    }
    const uint32_t first = leaves_[place.leaf].spans[place.span].first;
    if (!Hidden(first)) return first;
  }
}

void TextOrder::Mark(uint32_t element, uint16_t mark) {
  const int showed = Shows(element) ? 1 : 0;
  Leaf& leaf = leaves_[leaf_of_[element]];
  if (marks_[element] == 0) ++leaf.marked;
  marks_[element] = mark;
  const int change = (Shows(element) ? 1 : 0) - showed;
  leaf.overlay_visible += change;
  overlay_visible_ += change;
}

void TextOrder::Hide(TextSpan inserted) {
  overlaid_ = true;
  marks_.resize(size(), 0);
  marked_.push_back(inserted);
  for (uint32_t i = 0; i < inserted.length; ++i) Mark(inserted.first + i, kHidden);
}

void TextOrder::Undelete(TextSpan deleted) {
  overlaid_ = true;
  marks_.resize(size(), 0);
  marked_.push_back(deleted);
  for (uint32_t i = 0; i < deleted.length; ++i) {
    const uint32_t element = deleted.first + i;
    if ((marks_[element] & kHidden) == 0) {
      Mark(element, static_cast<uint16_t>(marks_[element] + 1));
    }
  }
}

void TextOrder::EndOverlay() {
  for (const TextSpan& span : marked_) {
    for (uint32_t i = 0; i < span.length; ++i) {
      const uint32_t element = span.first + i;
      marks_[element] = 0;
      Leaf& leaf = leaves_[leaf_of_[element]];
      leaf.marked = 0;
      leaf.overlay_visible = 0;
    }
  }
  marked_.clear();
  overlaid_ = false;
  overlay_visible_ = 0;
}

}  // namespace sotay::sync
