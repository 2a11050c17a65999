// A part of a text's history that begins with a text everybody has seen who writes in it (an era,
// text_history.h).  As long as each edit has seen all before it, it is text under somebody's hands
// and nothing else; from the first that has not, it is merged.  Value; one thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/optional.h"
#include "sync/ids.h"
#include "sync/text_blocks.h"
#include "sync/text_merge.h"
#include "sync/text_splices.h"
#include "sync/version_vector.h"

namespace sotay::sync {

// An edit as it was handed over: TextMerge::Add.
struct TextMade {
  size_t edit = 0;
  ChangeId change;
  DeviceId device;
  uint64_t sequence = 0;
  VersionVector seen;
  TextSplices splices;
};
using TextMadeRef = std::shared_ptr<const TextMade>;

class TextEra {
 public:
  explicit TextEra(std::shared_ptr<const TextBase> base);

  // Fails as TextMerge::Add; then nothing was added.
  absl::Status Add(TextMadeRef made);
  // Of a version of which it has every edit it lacks of the base.
  TextMerged At(const VersionVector& version);

  // All its edits.
  const VersionVector& everything() const { return everything_; }
  size_t size() const { return made_.size(); }
  // Whether each has seen all before it.
  bool straight() const { return straight_.has_value(); }
  // Whether the next era may begin with what is shown there.
  bool CalmAt(const VersionVector& version) { return straight() || merge_->CalmAt(version); }

 private:
  TextMerged Straight() const;
  void Merge();

  std::shared_ptr<const TextBase> base_;
  std::vector<TextMadeRef> made_;
  VersionVector everything_;
  uint64_t typed_ = 0;
  // One of the two.
  absl::optional<TextBlocks> straight_;
  absl::optional<TextMerge> merge_;
};

}  // namespace sotay::sync
