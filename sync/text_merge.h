// What several people made of one text, words kept whole: docs/words.md in code.  Takes edits in
// any order in which each comes after all it has seen, and says what is shown at any version: the
// text, the spans in conflict with their readings, the sentences to read again, and who typed what.
// A function of the set of edits.
//
// Held only while a record's history is loaded (history.h); a record keeps what was shown, and an
// edit that has seen everything is applied to that alone (text_shown.h).  Value; one thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "sync/ids.h"
#include "sync/text_row.h"
#include "sync/text_tree.h"
#include "sync/version_vector.h"

namespace sotay::v1 {
class TextEdit;
}

namespace sotay::sync {

// One author's reading of a passage.
struct TextReading {
  std::string text;
  size_t edit = 0;  // as it was numbered when it was added
};

// A sentence people changed without knowing of each other.
struct TextAgain {
  uint32_t position = 0;  // scalar values of the shown text
  uint32_t length = 0;
  std::vector<size_t> edits;
};

struct TextMerged {
  std::string text;                             // U+FFFC for each span
  std::vector<std::vector<TextReading>> spans;  // in the order of the text
  std::vector<TextAgain> again;                 // the same
  std::vector<size_t> top;                      // edits of the text that no other has seen
  uint64_t typed = 0;                           // characters ever typed in it
};

// Characters in a row that one edit typed; a span stands alone.
struct TextBlame {
  uint32_t position = 0;
  uint32_t length = 0;
  size_t edit = 0;    // of a span: any of its readings'
  bool span = false;  // who typed it is told by its readings
};

class TextMerge {
 public:
  // Versions are asked for by what somebody had seen of the record.
  //
  // Adds an edit of `device`'s change `sequence`, made by somebody who had `seen` that much: all
  // its text operations, in order.  kInvalidArgument when it does not fit the text it was made on,
  // kResourceExhausted past a limit of TextTree; then nothing was added.
  absl::Status Add(size_t edit, const ChangeId& change, const DeviceId& device, uint64_t sequence,
                   const VersionVector& seen, const std::vector<const v1::TextEdit*>& edits);

  // Whether anything was written in it.
  bool HasAny(const VersionVector& version) const { return !VersionOf(version).empty(); }
  TextMerged At(const VersionVector& version);
  // From the beginning of the text shown at `version` to its end.
  std::vector<TextBlame> BlameAt(const VersionVector& version);

 private:
  using Version = std::vector<uint32_t>;  // how many edits of each author; no zeros at the end
  static constexpr uint32_t kSpan = uint32_t{1} << 31;  // in a row: a span, by its number

  struct Stretch {
    uint32_t low;
    uint32_t high;
  };
  struct Made {
    size_t edit;
    ChangeId change;
    uint32_t author;
    uint32_t ordinal;  // of its author's, from 0
    Version seen;
    uint32_t first_element;
    uint32_t events_after;  // its author's
    uint64_t typed;
    std::vector<TouchedStretch> words;
    std::vector<TouchedStretch> sentences;
  };
  struct Maker {
    DeviceId device;
    std::vector<uint64_t> sequences;
    std::vector<uint32_t> made;
  };
  // A stretch about which people disagree, or wrote the same.
  struct Region {
    uint32_t first;
    uint32_t last;
    std::vector<uint32_t> authors;  // by change id
    bool agreed = false;
  };
  // What is shown: numbers of elements, and of regions with kSpan.
  struct Row {
    TextRow places;
    std::vector<Region> regions;
  };
  // Which edits stand from a rank on.
  using Standing = std::map<uint32_t, std::vector<uint32_t>>;
  // Places of a row that make a word nobody wrote.
  struct Joint {
    size_t low;
    size_t high;
    std::vector<uint32_t> parties;
    size_t reached = 0;  // `high`, before it was widened
  };
  // What stands in a stretch at the version of an edit, spans written out.
  struct Reading {
    std::string text;
    std::vector<uint32_t> elements;
    bool whole = true;  // no span in it
  };
  using ReadingKey = std::tuple<uint32_t, uint32_t, uint32_t, int>;  // edit, elements, depth

  Version VersionOf(const VersionVector& version) const;
  Version VersionAfter(uint32_t made) const;
  TextVersion TreeVersion(const Version& version) const;
  bool Saw(uint32_t later, uint32_t earlier) const;
  std::vector<uint32_t> Top(std::vector<uint32_t> made) const;
  char32_t ScalarOf(uint32_t number) const;

  void Touch(const TextRow& before, Made* made, Row* after);
  void TakeAgreed(const TextRow& before, Made* made, Row* after);
  void Rank();
  Stretch StretchOf(const TouchedStretch& touched) const;
  std::vector<Stretch> Stretches(uint32_t made, bool words) const;

  std::shared_ptr<const Row> RowAt(const Version& version);
  void Remember(Version version, std::shared_ptr<const Row> row);
  Row Work(const Version& version);
  Standing Paint(const Version& version, bool words) const;
  std::vector<uint32_t> TopBetween(const Standing& standing, Stretch stretch) const;
  std::vector<Stretch> Contested(const Standing& standing) const;
  bool Widen(const Standing& standing, Stretch* region) const;
  void FalseJoints(const Standing& standing, Row* row);
  void WidenByAgreed(const std::vector<uint32_t>& numbers, const Row& row, Joint* joint) const;
  void SettleJoint(const std::vector<uint32_t>& numbers, const Joint& joint, Row* row);

  const Reading& Read(uint32_t author, Stretch stretch, int depth);
  std::string Written(const Region& region, int depth);
  void FindAgain(const Version& version, const Row& row, const std::vector<uint32_t>& numbers,
                 std::vector<TextAgain>* again);

  TextTree tree_;
  std::vector<Maker> makers_;  // by the tree's number of the author
  std::vector<Made> made_;
  std::vector<uint32_t> order_;  // elements by rank, as of the last Rank()
  std::vector<uint32_t> rank_;   // by element
  std::vector<std::pair<Version, std::shared_ptr<const Row>>> memo_;  // asked for last stands last
  // A reading never changes: what is typed into its stretch later is typed by one of its parties.
  std::map<ReadingKey, Reading> readings_;
};

}  // namespace sotay::sync
