// A text with its conflicts written out, for people and for editors of plain text, and back.  Pure;
// any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "sync/merged_record.h"

namespace sotay::sync {

// The text of a slot, "" when it has none, each span written as ⟦one reading | the other⟧.
std::string WrittenOut(const FieldSlot* slot);

// The spans alone, so written, in order.
std::vector<std::string> SpansWritten(const FieldSlot* slot);

// A sentence to be read again, as it is shown, spans written out.
struct ReadAgain {
  std::string text;
  uint32_t position = 0;  // of the shown text, Unicode scalar values
  uint32_t length = 0;
  std::vector<size_t> authors;  // of the record
};
std::vector<ReadAgain> SentencesAgain(const FieldSlot* slot);

// What somebody made of WrittenOut: spans they left as they were stand as U+FFFC again; one they
// changed is what they wrote, and thus settled.
std::string TakenBack(absl::string_view edited, const FieldSlot* slot);

}  // namespace sotay::sync
