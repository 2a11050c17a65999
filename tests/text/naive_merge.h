// How words merge (docs/words.md), as slowly as it can be said: every character a node that knows
// its children and who deleted it, every stretch a pair of characters, and who stands where found
// by looking at every edit anew.  Written from the page alone; what TextMerge is held against.  One
// thread.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/text/naive_text.h"

namespace sotay::tests {

struct MergeEdit {
  std::string device;  // the device that made it
  std::string id;      // change id: orders authors and readings
  std::set<size_t>
      seen;  // indexes of edits: closed under "seen", all its device's earlier ones too
  std::vector<NaiveSplice> splices;
};

struct MergeReading {
  std::u32string text;
  size_t edit = 0;
  std::u32string brief;  // as it is written within another reading
};

// A sentence to read again, in places of the shown text; its authors by change id.
struct MergeMark {
  size_t position = 0;
  size_t length = 0;
  std::vector<size_t> edits;
};

struct MergeShown {
  std::u32string text;                           // U+FFFC for a span
  std::vector<std::vector<MergeReading>> spans;  // in the order of their places
  std::vector<MergeMark> marks;                  // in order
  std::vector<size_t> typed_by;  // per place: the edit that typed it; npos for a span
};

class NaiveMerge {
 public:
  // `edits` in an order in which each stands after all it has seen.
  explicit NaiveMerge(std::vector<MergeEdit> edits);

  // False when a splice reaches past the text it was made on, or types U+FFFC; such an edit does
  // nothing at all.
  bool fits(size_t edit) const { return fits_[edit]; }

  // `version` is closed under "seen".
  MergeShown At(const std::set<size_t>& version) const;

 private:
  using Edits = std::set<size_t>;

  // The first of characters_ is the root, which nobody typed.
  struct Character {
    char32_t scalar = 0;
    size_t edit = std::string::npos;
    std::vector<size_t> left;
    std::vector<size_t> right;
    Edits deleted_by;
  };
  // Everything from one character to another.
  struct Stretch {
    size_t first = 0;
    size_t last = 0;
  };
  // Places gone and made between places that stay.
  struct Hunk {
    size_t before = 0;
    size_t after = 0;
    size_t gone = 0;
    size_t made = 0;
  };
  struct Place {
    Stretch stretch;
    char32_t scalar = 0;  // U+FFFC for a span
    std::vector<MergeReading> readings;
  };
  struct Row {
    std::vector<Place> places;
    std::vector<Stretch> agreed;
  };
  // What stands in a region.
  struct Told {
    std::u32string text;
    std::u32string brief;  // a span in it as ⟦…⟧
    bool holds_span = false;
    std::vector<size_t> characters;
  };
  // Where tokens run together that nobody wrote so.
  struct FalseJoint {
    Stretch region;
    Edits parties;
  };

  // The order of all characters.
  void TakeOrder();
  void Walk(size_t character);
  size_t Type(size_t after, char32_t scalar, size_t edit, const Edits& version);

  bool Covers(const Stretch& stretch, size_t character) const;
  bool Meet(const Stretch& a, const Stretch& b) const;
  Stretch Hull(const Stretch& a, const Stretch& b) const;
  void JoinThoseThatMeet(std::vector<Stretch>* regions) const;
  void JoinThoseThatMeet(const std::vector<Stretch>& agreed, std::vector<FalseJoint>* joints) const;
  bool Live(size_t character, const Edits& version) const;

  // What an edit does and touches.
  bool Fits(size_t edit, size_t length) const;
  void Take(size_t edit);
  void TakeSplice(size_t edit, const NaiveSplice& splice, std::vector<Place>* places);
  void TakeAgreed(size_t edit, const Row& seen);
  std::vector<Hunk> Hunks(size_t edit, const std::vector<Place>& before,
                          const std::vector<Place>& after) const;
  Stretch TouchedWords(const Hunk& hunk, const std::vector<Place>& before,
                       const std::vector<Place>& after) const;
  std::vector<Stretch> TouchedSentences(const Hunk& hunk, const std::vector<Place>& before,
                                        const std::vector<Place>& after) const;

  // Who stands.
  bool HasSeen(size_t edit, size_t other) const { return edits_[edit].seen.count(other) > 0; }
  Edits Top(const Edits& edits) const;
  std::vector<size_t> ById(const Edits& edits) const;
  Edits VersionOf(size_t edit) const;
  std::vector<Edits> Standing(const std::vector<std::vector<Stretch>>& stretches,
                              const Edits& version) const;
  Edits StandingIn(const Stretch& stretch, const std::vector<Edits>& standing) const;

  // What is shown.
  Told Read(const std::vector<Place>& places, const Stretch& region) const;
  std::vector<Told> ReadingsOf(const std::vector<size_t>& authors, const Stretch& region) const;
  Place Span(const Stretch& region, const std::vector<size_t>& authors,
             const std::vector<Told>& readings) const;
  std::vector<Place> Places(const Edits& version, const std::vector<Place>& spans,
                            const std::set<size_t>& hidden) const;
  void TakeContested(const Edits& version, const std::vector<Edits>& standing,
                     std::vector<Place>* spans, std::vector<Stretch>* agreed,
                     std::set<size_t>* hidden) const;
  std::vector<Stretch> LeansOn(size_t edit) const;
  Edits Leaning(size_t edit, const Stretch& both, const Edits& version) const;
  void TakeFalseJoints(const Edits& version, const std::vector<Place>& places,
                       const std::vector<Edits>& standing, std::vector<Place>* spans,
                       const std::vector<Stretch>& agreed) const;
  Row RowOf(const Edits& version) const;
  const Row& Shown(const Edits& version) const;
  std::vector<MergeMark> Marks(const std::vector<Place>& places, const Edits& version) const;

  static std::u32string TextOf(const std::vector<Place>& places);

  std::vector<MergeEdit> edits_;
  std::vector<bool> fits_;
  std::vector<Character> characters_;
  std::vector<size_t> order_;                    // all characters in their order, without the root
  std::vector<size_t> rank_;                     // per character: its place in order_
  std::vector<std::vector<Stretch>> words_;      // per edit
  std::vector<std::vector<Stretch>> sentences_;  // per edit
  mutable std::map<Edits, Row> shown_;
};

}  // namespace sotay::tests
