// A text in the user's own editor.  One thread.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sotay::cli {

// The text as it is when the editor ($VISUAL, $EDITOR, else vi) ends.  The file lies in `dir`,
// readable by the user alone, and is gone afterwards.  kFailedPrecondition when the editor
// cannot be started or ends with an error; else as the system fails.
absl::StatusOr<std::string> EditText(const std::string& dir, absl::string_view text);

}  // namespace sotay::cli
