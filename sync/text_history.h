// The history of a text: all edits to it, and what is shown at any version of them (docs/words.md).
// It says what TextMerge says of the same edits, at the cost of those that were made while others
// wrote, too.
//
// Most histories are long and seldom contested.  So this one is cut into eras: every edit of an
// era has seen all of the eras before it, and at its beginning nobody disagreed about a word.  Then
// the text of that moment is all an era needs of the past.  Who stood where before no longer
// matters: whoever comes later has seen them all, so where one of these stands the others do not,
// and where none does everything is as it was, false joints too.  New characters stand beside the
// same neighbours, deleted ones left out, in the same order of siblings.  Sentences to be read
// again are told of the base as long as nobody touches them.  (The proof is tests/text: every
// version of random histories, with eras as short as one edit, against the page said naively.)
//
// An edit that has not seen what came before its era joins eras again; whoever does that on
// purpose, over and over, ends with one era, which costs what TextMerge does.  Value; one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/types/optional.h"
#include "sync/text_era.h"
#include "sync/text_merge.h"
#include "sync/text_splices.h"
#include "sync/version_vector.h"

namespace sotay::sync {

class TextHistory {
 public:
  // Edits an era has at least: to begin one costs as much as some edits of the last.  Half as many
  // come after its end before that is believed: what is on its way has not seen it.
  static constexpr size_t kEraMin = 16;

  explicit TextHistory(size_t era_min = kEraMin);

  // As of TextMerge.
  absl::Status Add(size_t edit, const ChangeId& change, const DeviceId& device, uint64_t sequence,
                   const VersionVector& seen, TextSplices splices);
  // Makes ready for an edit whose author has `seen` that much: copies this is tried on need not.
  void MakeReadyFor(const VersionVector& seen) { GoBackTo(seen); }
  bool HasAny(const VersionVector& version) const;
  TextMerged At(const VersionVector& version);
  std::vector<TextBlame> BlameAt(const VersionVector& version);

  size_t eras() const { return eras_.size(); }

 private:
  struct Beginning {
    size_t first;           // of made_
    VersionVector before;   // everything before that
    uint64_t typed_before;  // characters
    std::shared_ptr<const TextBase> base;
  };

  void Begin(Beginning beginning);
  // Makes the last era anew, from its beginning.
  void Rebuild();
  void GoBackTo(const VersionVector& seen);
  // Ends the era where it may, the next edit's author having `seen` that much.
  void EndEra(const VersionVector& seen);
  void CutStraight(const VersionVector& seen);
  TextMerge* Whole();

  size_t era_min_;
  std::vector<TextMadeRef> made_;   // in order of arrival
  std::vector<Beginning> eras_;     // at least one
  TextEra era_;                     // the last
  absl::optional<Beginning> next_;  // of the next, without its base: whoever came since has seen it
  size_t try_at_ = 0;               // how many edits there are when it is looked for that again
  size_t rebuilt_ = 0;              // edits that were merged anew, over and over
  VersionVector everything_;
  absl::flat_hash_set<DeviceId> devices_;
  uint64_t typed_ = 0;
  absl::optional<TextMerge> whole_;  // without eras: made when somebody asks what eras cannot tell
  size_t whole_size_ = 0;            // of made_
};

}  // namespace sotay::sync
