// What several people made of one text, words kept whole: docs/words.md in code.  Takes edits in
// any order in which each comes after all it has seen, and says what is shown at any version: the
// text, the spans in conflict with their readings, the sentences to read again, and who typed what.
// A function of the set of edits.
//
// Held only while a record's history is loaded (history.h); a record keeps what was shown, and an
// edit that has seen everything is applied to that alone (text_disputes.h).  Value; one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "sync/ids.h"
#include "sync/text_bits.h"
#include "sync/text_prose.h"
#include "sync/text_row.h"
#include "sync/text_standing.h"
#include "sync/text_tree.h"
#include "sync/version_vector.h"

namespace sotay::sync {

struct TextSplices;

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
  // On a base: a sentence nobody touched since is none of the base's, so who is to read it again
  // cannot be told from that alone.  The rest holds.
  bool unsure = false;
};

// A text everybody has seen who writes from then on, with no conflict in it.
struct TextBase {
  std::u32string text;
  std::vector<TextAgain> again;
  std::vector<size_t> top;  // as in TextMerged
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
  TextMerge() = default;
  // Edits come on top of `base`, which no version names.  Nobody is blamed for it.
  explicit TextMerge(std::shared_ptr<const TextBase> base);

  // Versions are asked for by what somebody had seen of the record.
  //
  // Adds an edit of `device`'s change `sequence`, made by somebody who had `seen` that much.
  // kInvalidArgument when it does not fit the text it was made on, kResourceExhausted past a limit
  // of TextTree; then nothing was added.
  absl::Status Add(size_t edit, const ChangeId& change, const DeviceId& device, uint64_t sequence,
                   const VersionVector& seen, const TextSplices& splices);

  // Whether anything was written in it.
  bool HasAny(const VersionVector& version) const { return !VersionOf(version).empty(); }
  TextMerged At(const VersionVector& version);
  // Whether what is shown there can be a base: nobody stands at one place with somebody else, nor
  // beside them in one word (text_history.h says why that is enough).
  bool CalmAt(const VersionVector& version);
  // From the beginning of the text shown at `version` to its end.
  std::vector<TextBlame> BlameAt(const VersionVector& version);

 private:
  using Version = std::vector<uint32_t>;  // how many edits of each author; no zeros at the end
  static constexpr uint32_t kSpan = uint32_t{1} << 31;  // in a row: a span, by its number

  // By places in the order of all elements, as of the last Rank().
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
    uint32_t seen_end;  // past the last edit it has seen
    TextSpan typed;
    std::vector<TextSpan> deleted;  // in order of their numbers
    // What it left of its own, in the order of the text; and the first elements of the spans whose
    // places it deleted, ascending.  With what it deleted, that is what it made of the row it saw.
    std::vector<TextSpan> left;
    std::vector<uint32_t> settled;
    std::vector<TextStretch> words;  // in order, none meets another
    std::vector<TextStretch> sentences;
    std::vector<TextStretch> leans_on;  // spans it was shown beside its words
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
    absl::InlinedVector<uint32_t, 2> authors;  // by change id
    bool agreed = false;
    // A span by who stands in it and by nothing around it, that nobody settled: the same at every
    // version that adds no edit that touches it.
    bool lasting = false;
  };
  // What is shown: numbers of elements, and of regions with kSpan.
  struct Row {
    TextRow places;
    std::vector<Region> regions;
  };
  // Everything about a version.
  struct Shown {
    Version version;
    Row row;
    TextStanding words;
    TextStanding sentences;
    TextBits known;                          // what it has
    TextBits live;                           // and nobody of it deleted
    std::unique_ptr<const TextSheet> sheet;  // the row's characters
  };
  // What an edit made of what its author was shown.  Most of these nobody asks for: they are worked
  // out when somebody does.
  struct Rewrite {
    std::shared_ptr<const Shown> before;
    TextRow places;  // of the row before; TextProse::Typed and on: what was typed
    uint32_t made;
    std::vector<uint32_t> settled;  // numbers of spans
    std::vector<uint32_t> taken;    // and of agreed regions

    bool IsTyped(uint32_t place) const { return place >= before->row.places.size(); }
    // In the row before, or an element.
    uint32_t NumberOf(uint32_t place, const Made& its) const;
  };
  struct Remembered {
    Version version;
    std::shared_ptr<const Shown> shown;  // null while it is a rewrite
    std::shared_ptr<const Rewrite> rewrite;
  };
  using Segments = std::vector<TextStanding::Segment>;
  // Places of a row that make a word nobody wrote.
  struct Joint {
    size_t low;
    size_t high;
    std::vector<uint32_t> parties;
  };
  class Joints;
  // What stands in a stretch at the version of an edit, spans written out.
  struct Reading {
    std::string text;
    std::vector<TextSpan> elements;
    bool whole = true;  // no span in it
  };
  using ReadingKey = std::tuple<uint32_t, uint32_t, uint32_t, int>;  // edit, elements, depth
  using Wanted = std::vector<std::pair<uint32_t, Stretch>>;          // readings, by their edit

  Version VersionOf(const VersionVector& version) const;
  Version VersionAfter(uint32_t made) const;
  bool Saw(uint32_t later, uint32_t earlier) const;
  std::vector<uint32_t> Top(std::vector<uint32_t> made) const;
  std::u32string ScalarsOf(const TextRow& row) const;

  void Write(const TextSplices& splices, TextTree::EditOfElements* typing, Made* made,
             Rewrite* rewrite, std::u32string* typed);
  void Touch(const Rewrite& rewrite, const std::u32string& typed, Made* made);
  void TakeAgreed(TextTree::EditOfElements* typing, Made* made, Rewrite* rewrite);
  template <typename Visit>
  void VisitThose(Stretch stretch, const TextBits& those, const Visit& visit) const;
  std::vector<TextStretch> Joined(std::vector<TextStretch> stretches) const;
  std::vector<TextStretch> LeansOn(const Made& made, const Rewrite& rewrite) const;
  void Rank();
  bool Before(uint32_t a, uint32_t b) const { return tree_.OrderKey(a) < tree_.OrderKey(b); }
  Stretch StretchOf(const TextStretch& stretch) const {
    return {rank_[stretch.first], rank_[stretch.last]};
  }

  std::shared_ptr<const Shown> ShownAt(const Version& version);
  Shown Finished(const Rewrite& rewrite);
  void Finish(Shown* shown) const;
  void Remember(Remembered remembered);
  // Null when there is none.
  std::shared_ptr<const Shown> Nearest(const Version& version);
  std::shared_ptr<const Shown> Take(Remembered* remembered);
  void Cover(uint32_t one, Shown* shown);
  Shown Work(const Version& version);
  std::vector<uint32_t> TopBetween(const Segments& segments, Stretch stretch) const;
  // `known`: regions, in order, in which nothing has changed.
  std::vector<Stretch> Contested(const Segments& segments, const std::vector<Stretch>& known) const;
  void Settle(std::vector<Region> contested, Shown* shown);
  std::vector<TextSpan> LiveInOrder(const TextBits& live) const;
  uint32_t RankOf(const Row& row, uint32_t number) const;
  // From one number of a row to another.
  Stretch StretchBetween(const Row& row, uint32_t first, uint32_t last) const;
  std::vector<Joint> JointsOf(const Segments& segments, const Version& version, const Row& row,
                              size_t max) const;
  void FalseJoints(const Segments& segments, const Version& version, Row* row);
  std::vector<uint32_t> Leaning(uint32_t made, Stretch joint, const Version& version) const;
  std::vector<std::pair<size_t, size_t>> Crowded(const Segments& segments, const Row& row) const;
  // Those that meet a stretch, of the first `count` regions of a row: of those that are contested.
  std::vector<size_t> AgreedIn(const Row& row, size_t count, Stretch stretch) const;
  void WidenByAgreed(const Row& row, Joint* joint) const;
  void SettleJoint(const Joint& joint, size_t contested, Row* row);

  const Reading& Read(uint32_t author, Stretch stretch, int depth);
  Reading ReadAnew(uint32_t author, Stretch stretch, int depth);
  void ReadAll(Wanted wanted);
  void ForgetReadings();
  std::string Written(const Region& region, int depth);
  void FindAgain(const Shown& shown, TextProse* prose, std::vector<TextAgain>* again);
  // Those of the base that nobody touched since.
  void KeepAgain(const Shown& shown, TextMerged* merged);

  std::shared_ptr<const TextBase> base_;  // its characters are the first elements; null: none
  TextTree tree_;
  std::vector<Maker> makers_;  // by the tree's number of the author
  std::vector<Made> made_;
  TextCrowds crowds_;
  std::vector<uint32_t> order_;   // elements by rank, as of the last Rank()
  std::vector<uint32_t> rank_;    // by element
  std::vector<TextSpan> spans_;   // order_ as spans
  std::vector<Remembered> memo_;  // asked for last stands last
  // A reading never changes: what is typed into its stretch later is typed by one of its parties.
  absl::flat_hash_map<ReadingKey, std::shared_ptr<const Reading>> readings_;
  size_t readings_bytes_ = 0;
};

}  // namespace sotay::sync
