// Draft: a text while somebody types in it.  Takes keystrokes as an editor tells them, each where
// the ones before have left the text, and tells in the end what was done as few edits for
// Notebook::Change: what is typed, or erased, in a row is one.  Nothing of it is on disk until
// then; an app hands it over when the person pauses, leaves the field or puts the phone away.
//
// Positions and lengths are Unicode scalar values of the shown text, where a conflict is one,
// U+FFFC; sync/text.h counts UTF-16 units.  What is typed becomes NFC here, so ask text() what it
// is. Value; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sotay/notebook.h"

namespace sotay::sdk {

class Draft {
 public:
  // On the text as the record shows it.  kInvalidArgument when it is not UTF-8.
  static absl::StatusOr<Draft> On(absl::string_view shown);

  uint32_t length() const {
    return static_cast<uint32_t>(scalars_.size() - (gap_end_ - gap_begin_));
  }
  std::string text() const;
  bool changed() const { return !runs_.empty(); }
  // How many edits it is so far; a change takes sync::kSplicesMax of them.
  size_t size() const { return runs_.size(); }

  // Puts `typed` in the place of `deleted` characters at `position`.  kInvalidArgument when that
  // reaches past the end, or `typed` is not UTF-8 or holds U+FFFC; then nothing was done.
  absl::Status Splice(uint32_t position, uint32_t deleted, absl::string_view typed) {
    if (deleted == 0 && typed.size() == 1 && position == gap_begin_ && gap_begin_ < gap_end_ &&
        goes_on_ &&
        (typed[0] == '\n' || (typed[0] >= ' ' && typed[0] <= '~'))) {  // most keystrokes
      scalars_[gap_begin_++] = static_cast<unsigned char>(typed[0]);
      typed_.push_back(typed[0]);
      return absl::OkStatus();
    }
    return SpliceAnywhere(position, deleted, typed);
  }

  // What was done, for Notebook::Change with the view whose text the draft began on.
  std::vector<Edit> Edits(const std::string& field) const;

 private:
  // What was done in a row: `deleted` characters at `position` made way for what was typed.
  struct Run {
    uint32_t position;
    uint32_t deleted;
    size_t typed_from;  // bytes of typed_; up to where the next run's begin
  };

  Draft() = default;
  absl::Status SpliceAnywhere(uint32_t position, uint32_t deleted, absl::string_view typed);
  void MoveGap(size_t position, size_t room);
  void Note(uint32_t position, uint32_t deleted, const std::string& typed);
  bool StaysItself(absl::string_view typed) const;

  // The text, with room at the place where somebody types.
  std::vector<char32_t> scalars_;
  size_t gap_begin_ = 0;
  size_t gap_end_ = 0;

  std::vector<Run> runs_;
  std::string typed_;     // of all runs
  bool goes_on_ = false;  // what is typed at the gap belongs to the last run
};

}  // namespace sotay::sdk
