// Which edits stand where in a text, at one version (docs/words.md, "Who stands").  The text is cut
// into segments, each with the set of edits that stand in all of it.  A border is put directly
// before or directly after an element, so it stays where it is whatever is typed next to it later.
// Values; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "sync/text_tree.h"

namespace sotay::sync {

// A stretch of a text, by its first and its last element.
struct TextStretch {
  uint32_t first;
  uint32_t last;
};

// Sets of edits, each known by a number: few sets stand in many places.  A set is held as another
// without its highest edit, since people who come later stand with those who were there.
class TextCrowds {
 public:
  static constexpr uint32_t kNobody = 0;

  uint32_t Size(uint32_t crowd) const { return crowds_[crowd].size; }
  // Calls `visit(uint32_t)` for each edit, in descending order.
  template <typename Visit>
  void VisitAll(uint32_t crowd, const Visit& visit) const {
    for (; crowd != kNobody; crowd = crowds_[crowd].others) visit(crowds_[crowd].last);
  }
  // All who are in any of these sets, ascending.  What sets have in common is walked once.
  std::vector<uint32_t> Members(std::vector<uint32_t> crowds) const;
  // The set with `edit` in it and without those it has seen, which are all below `seen_end`.
  uint32_t With(uint32_t crowd, uint32_t edit, uint32_t seen_end,
                const std::function<bool(uint32_t)>& has_seen);

 private:
  struct Crowd {
    uint32_t last;
    uint32_t others;
    uint32_t fewer;  // one without some of its last, for long ways
    uint32_t size;
  };
  // Those of the set that are below `edit`.
  uint32_t Below(uint32_t crowd, uint32_t edit) const;
  uint32_t And(uint32_t crowd, uint32_t last);

  std::vector<Crowd> crowds_ = {{0, kNobody, kNobody, 0}};
  absl::flat_hash_map<uint64_t, uint32_t> numbers_;  // by others and last
};

class TextStanding {
 public:
  // From `from` on, by the places elements have at the moment, until the next one.  No segment is
  // in two stretches of one edit.
  struct Segment {
    uint32_t from;
    uint32_t crowd;
  };

  // One edit covers these stretches, which are in order and do not meet; `crowd_with(crowd)` is the
  // set that is left.
  void Cover(const std::vector<TextStretch>& stretches, const TextTree& tree,
             const std::function<uint32_t(uint32_t)>& crowd_with);
  // Each with a place at least, the first from 0, the last of nobody at `size`.  `rank` is the
  // place of each element.
  std::vector<Segment> Segments(const std::vector<uint32_t>& rank, uint32_t size) const;
  // The index of the one that holds a place.
  static size_t At(const std::vector<Segment>& segments, uint32_t place);

 private:
  // Before or after an element; the first of all before everything.
  struct Border {
    uint32_t element;
    uint32_t after : 1;
    uint32_t crowd : 31;  // who stands from here on
  };
  // By the places of elements; of two borders between the same elements, the one after comes before
  // the one before.
  static uint64_t Key(const Border& border, const TextTree& tree) {
    return border.element == TextTree::kBeginning
               ? 0
               : 4 * tree.OrderKey(border.element) + (border.after != 0 ? 3 : 1);
  }

  std::vector<Border> borders_ = {{TextTree::kBeginning, 0, TextCrowds::kNobody}};
};

}  // namespace sotay::sync
