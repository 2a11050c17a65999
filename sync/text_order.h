// The characters of a text in document order, the deleted ones included, as spans of elements that
// were typed one after the other.  An element is a character by the number it came under; where it
// stands never changes, only whether it still shows.  Half of TextTree (text_tree.h), which
// decides where elements go; this knows where they are.
//
// Spans lie in leaves of 32, and one table lists the leaves in order with how much of each shows:
// two levels, no recursion.  An overlay shows the text as it was in an earlier version, without
// moving anything.  Value; one thread.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sync/text_bits.h"
#include "sync/text_span.h"

namespace sotay::sync {

class TextOrder {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;
  static constexpr uint32_t kDeathsMax = 0x1FFF;  // of one element
  static constexpr uint32_t kSizeMax = (1u << 30) - 1;

  uint32_t size() const { return static_cast<uint32_t>(elements_.size()); }
  // Characters that show: under an overlay, in its version.
  uint32_t visible() const { return visible_; }

  // Puts `length` new elements, numbered from size(), after `element` (kNone: at the very
  // beginning), or before it.  With `extends` they go on the run of the element before them in
  // number.
  void InsertAfter(uint32_t element, uint32_t length, bool extends);
  void InsertBefore(uint32_t element, uint32_t length, bool extends);
  // A deletion of these.  Each may be deleted several times, by people who did not know of each
  // other.
  void Delete(TextSpan span);

  // The character that shows at `index`, with those that follow it in number and in the text;
  // `index` is less than visible().
  TextSpan At(uint32_t index) const;
  // The first element; kNone when there is none.  Under an overlay, the first its version has.
  uint32_t First() const;
  // The one after `element`; kNone at the end.  Under an overlay, the next its version has.
  uint32_t After(uint32_t element) const;
  // Ascending in the order of the text, until something is put in.
  uint64_t Key(uint32_t element) const;
  bool Deleted(uint32_t element) const { return (elements_[element].fate & kDeaths) != 0; }
  // Whether the next element in number goes on the run of this one.
  bool GoesOn(uint32_t element) const {
    return element + 1 < size() && (elements_[element + 1].fate & kRunStart) == 0;
  }
  // Two bits of each element for whoever puts them in order.
  uint32_t Sides(uint32_t element) const { return (elements_[element].fate & kSides) / kSide; }
  void AddSides(uint32_t element, uint32_t sides) {
    uint16_t& fate = elements_[element].fate;
    fate = static_cast<uint16_t>(fate | sides * kSide);
  }

  // The overlay of an earlier version: first everything it lacks is hidden, then every deletion it
  // lacks is undone.  Insert and Delete mean the version and the whole.
  void Hide(TextSpan inserted);
  void Undelete(TextSpan deleted);
  bool Hidden(uint32_t element) const {
    if (known_ != nullptr) return element < known_end_ && !known_->Has(element);
    return (elements_[element].mark & kHidden) != 0;
  }
  void EndOverlay();

  // As an overlay for First, After and Hidden alone: the version has these elements, and all that
  // come in from now on.  Null: no more.
  void ShowOnly(const TextBits* known) {
    known_ = known;
    known_end_ = size();
  }

  // Whether it shows; under an overlay, in its version.
  bool Shows(uint32_t element) const {
    const Element& one = elements_[element];
    return (one.mark & kHidden) == 0 && (one.mark & kDeaths) == (one.fate & kDeaths);
  }

  // Calls `visit(TextSpan)` for what shows, in order.
  template <typename Visit>
  void VisitVisible(const Visit& visit) const;
  // The same for everything, whatever the overlay.
  template <typename Visit>
  void VisitAll(const Visit& visit) const;

 private:
  static constexpr uint32_t kLeafSpans = 32;
  static_assert(kLeafSpans < 64);                // bits of Leaf::marks
  static constexpr uint16_t kRunStart = 0x8000;  // in a fate: no span reaches across it
  static constexpr uint16_t kSides = 0x6000;
  static constexpr uint16_t kSide = 0x2000;
  static constexpr uint16_t kDeaths = kDeathsMax;  // in a fate: how often it was deleted
  static constexpr uint16_t kHidden = 0x8000;      // in a mark; below it: how many deaths to undo

  struct Element {
    uint32_t leaf;
    uint16_t fate;
    uint16_t mark;  // of the overlay
  };
  struct Span {
    uint32_t first;
    uint32_t length : 31;
    uint32_t dead : 1;

    uint32_t end() const { return first + length; }
  };
  struct Leaf {
    std::array<Span, kLeafSpans> spans;
    uint32_t count = 0;
    uint32_t place = 0;           // its index in table_
    int32_t overlay_visible = 0;  // what the overlay adds to what shows
    uint64_t marks = 0;           // a bit for each span of which an element may have a mark

    bool Marked(uint32_t span) const { return (marks >> span & 1) != 0; }
  };
  struct Entry {
    uint32_t leaf;
    uint32_t visible;  // under an overlay, in its version
  };
  struct Place {
    uint32_t leaf;
    uint32_t span;
  };

  Place PlaceOf(uint32_t element) const;
  // Makes sure of room for two more spans in the leaf `element` is in.
  Place Roomy(uint32_t element);
  void Split(uint32_t leaf);
  void Put(uint32_t leaf, uint32_t at, Span span, bool marked);
  // What is before the `at`-th span of a leaf stays as it is; what is from there on may not.
  void Changes(uint32_t leaf, uint32_t at);
  // So many more show; and so many without the overlay.
  void Count(uint32_t leaf, int32_t shown, int32_t without);
  void Append(uint32_t leaf, uint32_t length, bool extends);
  // Marks `length` elements from the span at `place` dead, from `first` on.
  void Kill(Place place, uint32_t first, uint32_t length);
  void JoinDead(uint32_t leaf, uint32_t at);
  void Mark(Place place);
  // Calls `visit(Element*)` for each of the elements, which marks it.
  template <typename Visit>
  void MarkEach(TextSpan elements, const Visit& visit);
  // What shows from the `skip`-th of the leaf's shown elements on, in its span.
  TextSpan ShownIn(uint32_t leaf, uint32_t skip) const;

  std::vector<Leaf> leaves_;
  std::vector<Entry> table_;
  std::vector<Element> elements_;
  uint32_t visible_ = 0;

  const TextBits* known_ = nullptr;
  uint32_t known_end_ = 0;
  std::vector<TextSpan> marked_;
  std::vector<uint32_t> marked_leaves_;

  // Where somebody last looked, and how much shows before it: typing goes on where it was.
  struct Hint {
    uint32_t place = 0;   // in table_
    uint32_t before = 0;  // what shows before that leaf
    uint32_t span = 0;
    uint32_t within = 0;  // what shows in the leaf before that span, if there is no overlay
  };
  mutable Hint hint_;
  mutable Place last_ = {0, 0};  // of the element looked for last
};

template <typename Visit>
void TextOrder::VisitAll(const Visit& visit) const {
  for (const Entry& entry : table_) {
    const Leaf& leaf = leaves_[entry.leaf];
    for (uint32_t i = 0; i < leaf.count; ++i) {
      visit(TextSpan{leaf.spans[i].first, leaf.spans[i].length});
    }
  }
}

template <typename Visit>
void TextOrder::VisitVisible(const Visit& visit) const {
  for (const Entry& entry : table_) {
    const Leaf& leaf = leaves_[entry.leaf];
    for (uint32_t i = 0; i < leaf.count; ++i) {
      const Span& span = leaf.spans[i];
      if (!leaf.Marked(i)) {
        if (span.dead == 0) visit(TextSpan{span.first, span.length});
        continue;
      }
      for (uint32_t at = span.first; at < span.end();) {
        if (!Shows(at)) {
          ++at;
          continue;
        }
        const uint32_t from = at;
        while (at < span.end() && Shows(at)) ++at;
        visit(TextSpan{from, at - from});
      }
    }
  }
}

}  // namespace sotay::sync
