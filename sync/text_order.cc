#include "sync/text_order.h"

#include <algorithm>

namespace sotay::sync {

TextOrder::Place TextOrder::PlaceOf(uint32_t element) const {
  const uint32_t id = elements_[element].leaf;
  const Leaf& leaf = leaves_[id];
  if (last_.leaf == id && last_.span < leaf.count &&
      element - leaf.spans[last_.span].first < leaf.spans[last_.span].length) {
    return last_;
  }
  uint32_t at = 0;
  while (element - leaf.spans[at].first >= leaf.spans[at].length) ++at;  // unsigned: below is far
  last_ = {id, at};
  return last_;
}

uint64_t TextOrder::Key(uint32_t element) const {
  const Leaf& leaf = leaves_[elements_[element].leaf];
  uint32_t before = 0;
  uint32_t at = 0;
  for (; element - leaf.spans[at].first >= leaf.spans[at].length; ++at) {
    before += leaf.spans[at].length;
  }
  return uint64_t{leaf.place} << 32 | (before + (element - leaf.spans[at].first));
}

void TextOrder::Count(uint32_t id, int32_t shown, int32_t without) {
  Leaf& leaf = leaves_[id];
  const auto more = static_cast<uint32_t>(shown);  // or less: it wraps around
  table_[leaf.place].visible += more;
  if (leaf.place < hint_.place) hint_.before += more;
  visible_ += more;
  leaf.overlay_visible += shown - without;
}

void TextOrder::Changes(uint32_t leaf, uint32_t at) {
  if (at >= hint_.span || leaves_[leaf].place != hint_.place) return;
  hint_.span = 0;
  hint_.within = 0;
}

void TextOrder::Put(uint32_t leaf, uint32_t at, Span span, bool marked) {
  Changes(leaf, at);
  Leaf& into = leaves_[leaf];
  const uint64_t before = into.marks & ((uint64_t{1} << at) - 1);
  into.marks = (into.marks - before) << 1 | uint64_t{marked} << at | before;
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
  if (from.marks != 0) marked_leaves_.push_back(fresh);
  to.marks = from.marks >> kept;
  from.marks &= (uint64_t{1} << kept) - 1;
  from.count = kept;
  uint32_t shown = 0;
  for (uint32_t i = 0; i < to.count; ++i) {
    const Span& span = to.spans[i];
    const uint32_t without = span.dead != 0 ? 0 : span.length;
    uint32_t with = without;
    for (uint32_t at = span.first; at < span.end(); ++at) {
      elements_[at].leaf = fresh;
      if (to.Marked(i)) with += (Shows(at) ? 1u : 0u) - (span.dead != 0 ? 0u : 1u);
    }
    shown += with;
    to.overlay_visible += static_cast<int32_t>(with - without);
  }
  from.overlay_visible -= to.overlay_visible;
  to.place = from.place + 1;
  table_[from.place].visible -= shown;
  table_.insert(table_.begin() + to.place, {fresh, shown});
  for (size_t i = to.place + 1; i < table_.size(); ++i) {
    leaves_[table_[i].leaf].place = static_cast<uint32_t>(i);
  }
  if (hint_.place > from.place) {
    ++hint_.place;
  } else if (hint_.place == from.place) {
    hint_.span = 0;
    hint_.within = 0;
  }
}

TextOrder::Place TextOrder::Roomy(uint32_t element) {
  if (leaves_[elements_[element].leaf].count + 2 > kLeafSpans) Split(elements_[element].leaf);
  return PlaceOf(element);
}

void TextOrder::Append(uint32_t leaf, uint32_t length, bool extends) {
  elements_.push_back({leaf, extends ? uint16_t{0} : kRunStart, 0});
  for (uint32_t i = 1; i < length; ++i) elements_.push_back({leaf, 0, 0});
  Count(leaf, static_cast<int32_t>(length), static_cast<int32_t>(length));
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
    Put(leaf, 0, {first, length, 0}, false);
    return Append(leaf, length, extends);
  }
  const Place place = Roomy(element);
  Span& span = leaves_[place.leaf].spans[place.span];
  if (element + 1 < span.end()) {
    Changes(place.leaf, place.span);
    const Span rest = {element + 1, span.end() - element - 1, span.dead};
    span.length = element + 1 - span.first;
    Put(place.leaf, place.span + 1, rest, leaves_[place.leaf].Marked(place.span));
    Put(place.leaf, place.span + 1, {first, length, 0}, false);
  } else if (extends && span.dead == 0 && span.end() == first) {
    Changes(place.leaf, place.span);
    span.length += length;
  } else {
    Put(place.leaf, place.span + 1, {first, length, 0}, false);
  }
  Append(place.leaf, length, extends);
}

void TextOrder::InsertBefore(uint32_t element, uint32_t length, bool extends) {
  const uint32_t first = size();
  const Place place = Roomy(element);
  Span& span = leaves_[place.leaf].spans[place.span];
  if (element > span.first) {
    Changes(place.leaf, place.span);
    const Span rest = {element, span.end() - element, span.dead};
    span.length = element - span.first;
    Put(place.leaf, place.span + 1, rest, leaves_[place.leaf].Marked(place.span));
    Put(place.leaf, place.span + 1, {first, length, 0}, false);
  } else {
    Put(place.leaf, place.span, {first, length, 0}, false);
  }
  Append(place.leaf, length, extends);
}

void TextOrder::JoinDead(uint32_t id, uint32_t at) {
  Leaf& leaf = leaves_[id];
  if (at == 0 || at >= leaf.count) return;
  Span& before = leaf.spans[at - 1];
  const Span& span = leaf.spans[at];
  if (before.dead == 0 || span.dead == 0 || before.end() != span.first) return;
  if ((elements_[span.first].fate & kRunStart) != 0) return;
  Changes(id, at);
  before.length += span.length;
  const uint64_t below = leaf.marks & ((uint64_t{1} << at) - 1);
  const uint64_t joined = uint64_t{leaf.Marked(at)} << (at - 1);
  leaf.marks = leaf.marks >> (at + 1) << at | below | joined;
  std::copy(leaf.spans.begin() + at + 1, leaf.spans.begin() + leaf.count, leaf.spans.begin() + at);
  --leaf.count;
}

void TextOrder::Kill(Place place, uint32_t first, uint32_t length) {
  Changes(place.leaf, place.span);
  Span& span = leaves_[place.leaf].spans[place.span];
  const bool marked = leaves_[place.leaf].Marked(place.span);
  const Span before = {span.first, first - span.first, 0};
  const Span after = {first + length, span.end() - first - length, 0};
  span = {first, length, 1};
  if (after.length > 0) Put(place.leaf, place.span + 1, after, marked);
  if (before.length > 0) Put(place.leaf, place.span++, before, marked);
  JoinDead(place.leaf, place.span + 1);
  JoinDead(place.leaf, place.span);
}

void TextOrder::Delete(TextSpan deleted) {
  const uint32_t end = deleted.first + deleted.length;
  for (uint32_t first = deleted.first; first < end;) {
    const Place place = Roomy(first);
    const Span span = leaves_[place.leaf].spans[place.span];
    const uint32_t length = std::min(span.end(), end) - first;
    const int32_t without = span.dead != 0 ? 0 : -static_cast<int32_t>(length);
    int32_t shown = without;
    if (!leaves_[place.leaf].Marked(place.span)) {
      for (uint32_t at = first; at < first + length; ++at) ++elements_[at].fate;
    } else {
      shown = 0;
      for (uint32_t at = first; at < first + length; ++at) {
        shown -= Shows(at) ? 1 : 0;
        ++elements_[at].fate;
        shown += Shows(at) ? 1 : 0;
      }
    }
    if (span.dead == 0) Kill(place, first, length);
    Count(place.leaf, shown, without);
    first += length;
  }
}

TextSpan TextOrder::ShownIn(uint32_t id, uint32_t skip) const {
  const Leaf& leaf = leaves_[id];
  for (uint32_t i = 0;; ++i) {
    const Span& span = leaf.spans[i];
    if (!leaf.Marked(i)) {
      if (span.dead != 0) continue;
      if (skip < span.length) {
        last_ = {id, i};
        return {span.first + skip, span.length - skip};
      }
      skip -= span.length;
      continue;
    }
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
  Hint& hint = hint_;
  const auto move_to = [&hint](uint32_t place, uint32_t before) { hint = {place, before, 0, 0}; };
  while (index < hint.before) {
    move_to(hint.place - 1, hint.before - table_[hint.place - 1].visible);
  }
  while (index - hint.before >= table_[hint.place].visible) {
    move_to(hint.place + 1, hint.before + table_[hint.place].visible);
  }
  const uint32_t id = table_[hint.place].leaf;
  const Leaf& leaf = leaves_[id];
  const uint32_t left = index - hint.before;
  if (leaf.marks != 0) return ShownIn(id, left);
  while (left < hint.within) {
    const Span& span = leaf.spans[--hint.span];
    if (span.dead == 0) hint.within -= span.length;
  }
  for (;; ++hint.span) {
    const Span& span = leaf.spans[hint.span];
    if (span.dead != 0) continue;
    if (left - hint.within < span.length) break;
    hint.within += span.length;
  }
  last_ = {id, hint.span};
  const Span& span = leaf.spans[hint.span];
  const uint32_t skip = left - hint.within;
  return {span.first + skip, span.length - skip};
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

void TextOrder::Mark(Place place) {
  uint64_t& marks = leaves_[place.leaf].marks;
  if (marks == 0) marked_leaves_.push_back(place.leaf);
  marks |= uint64_t{1} << place.span;
}

template <typename Visit>
void TextOrder::MarkEach(TextSpan elements, const Visit& visit) {
  marked_.push_back(elements);
  const uint32_t end = elements.first + elements.length;
  for (uint32_t first = elements.first; first < end;) {
    const Place place = PlaceOf(first);
    Mark(place);
    const Span& span = leaves_[place.leaf].spans[place.span];
    int32_t shown = 0;
    for (const uint32_t past = std::min(end, span.end()); first < past; ++first) {
      shown -= Shows(first) ? 1 : 0;
      visit(&elements_[first]);
      shown += Shows(first) ? 1 : 0;
    }
    Count(place.leaf, shown, 0);
  }
}

void TextOrder::Hide(TextSpan inserted) {
  MarkEach(inserted, [](Element* element) { element->mark = kHidden; });
}

void TextOrder::Undelete(TextSpan deleted) {
  MarkEach(deleted, [](Element* element) {
    if ((element->mark & kHidden) == 0) ++element->mark;
  });
}

void TextOrder::EndOverlay() {
  for (const uint32_t id : marked_leaves_) {
    leaves_[id].marks = 0;
    Count(id, -leaves_[id].overlay_visible, 0);
  }
  for (const TextSpan& elements : marked_) {
    for (uint32_t i = 0; i < elements.length; ++i) elements_[elements.first + i].mark = 0;
  }
  marked_leaves_.clear();
  marked_.clear();
}

}  // namespace sotay::sync
