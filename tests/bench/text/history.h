// A recorded trace as the history of a note: the edits its people would have made with our apps,
// what is typed or erased in a row being one, and a change going on as long as nobody else's came
// in between.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sotay/v1/change.pb.h"
#include "sync/admitted_edit.h"
#include "tests/text/trace.h"

namespace sotay::bench {

struct NoteChange {
  uint32_t author = 0;
  std::vector<uint32_t> parents;  // of the changes before it
  v1::TextEdit edit;
};

// kInvalidArgument when the trace does not fit together.
absl::StatusOr<std::vector<NoteChange>> ChangesOf(const tests::Trace& trace);

// The same as a server tells phones it; what other libraries do not keep (times, users) is empty.
std::vector<sync::AdmittedEdit> AdmittedEditsOf(const std::vector<NoteChange>& changes);

// The changes one after the other, with who made them on what.
std::string Encode(const std::vector<NoteChange>& changes);

// The text all of them leave in an empty note, in the order of characters (TextTree): what other
// libraries do.
absl::StatusOr<std::string> Merged(absl::string_view encoded);

// A change as a server has it: who made it, on what, and the bytes of its text operation.
struct StoredChange {
  uint32_t author = 0;
  std::vector<uint32_t> parents;
  std::string edit;
};
std::vector<StoredChange> StoredOf(const std::vector<NoteChange>& changes);

// What the word rule makes of a history.
struct ByWords {
  std::string text;
  size_t taken = 0;      // changes
  size_t conflicts = 0;  // places with several readings, after these
};

// All of them in an empty note by the word rule, as a server does that loads the history of a
// record.  A trace whose authors wrote in one word at a time comes to an end there: they saw
// letters mixed and typed on in that, where the rule shows both readings as one place.
absl::StatusOr<ByWords> MergedByWords(const std::vector<StoredChange>& changes);

}  // namespace sotay::bench
