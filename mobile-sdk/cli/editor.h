// A text in the user's own editor.  One thread.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sotay::cli {

// The text as it is when the editor ($VISUAL, $EDITOR, else vi) ends.  The file lies in `dir`,
// readable by the user alone, and is gone afterwards.  kFailedPrecondition when the editor
// cannot be started or ends with an error; else as the system fails.
absl::StatusOr<std::string> EditText(const std::string& dir, absl::string_view text);

// Files of such texts that are still in `dir`, in clear: of edits that were cut short while nobody
// has the notebook open.  They have what was typed, so nothing removes them but a person.
std::vector<std::string> InterruptedEdits(const std::string& dir);

}  // namespace sotay::cli
