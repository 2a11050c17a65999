// Draft: a text while somebody types in it.  Takes keystrokes as an editor tells them, each where
// the ones before have left the text, and tells in the end what was done as few edits for
// Notebook::Change: what is typed, or erased, in a row is one.  Nothing of it is on disk until
// then; an app hands it over when the person pauses, leaves the field or puts the phone away.
//
// Positions and lengths are Unicode scalar values of the shown text, where a conflict is one,
// U+FFFC; sync/text.h counts UTF-16 units.  What is typed becomes NFC here, so ask text() what it
// is.  Value that moves; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sotay/notebook.h"

namespace sotay::sync {
class TextBlocks;
}

namespace sotay::sdk {

class Draft {
 public:
  // On the text as the record shows it.  kInvalidArgument when it is not UTF-8.
  static absl::StatusOr<Draft> On(absl::string_view shown);
  Draft(Draft&&) noexcept;
  Draft& operator=(Draft&&) noexcept;
  ~Draft();

  uint32_t length() const;
  std::string text() const;
  bool changed() const { return !runs_.empty(); }
  // How many edits it is so far; a change takes sync::kSplicesMax of them.
  size_t size() const { return runs_.size(); }

  // Puts `typed` in the place of `deleted` characters at `position`.  kInvalidArgument when that
  // reaches past the end, or `typed` is not UTF-8 or holds U+FFFC; then nothing was done.
  absl::Status Splice(uint32_t position, uint32_t deleted, absl::string_view typed);

  // What was done, for Notebook::Change with the view whose text the draft began on.
  std::vector<Edit> Edits(const std::string& field) const;

 private:
  // What was done in a row: `deleted` characters at `position` made way for what was typed.
  struct Run {
    uint32_t position;
    uint32_t deleted;
    size_t typed_from;  // bytes of typed_; up to where the next run's begin
  };

  explicit Draft(std::unique_ptr<sync::TextBlocks> text);
  void Note(uint32_t position, uint32_t deleted, absl::string_view typed);
  bool StaysItself(absl::string_view typed) const;

  std::unique_ptr<sync::TextBlocks> text_;
  std::vector<Run> runs_;
  std::string typed_;     // of all runs
  bool goes_on_ = false;  // what is typed at cursor_ belongs to the last run
  uint32_t cursor_ = 0;   // behind what was last typed
};

}  // namespace sotay::sdk
