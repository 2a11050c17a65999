// How a fuzz target says what must hold.  Ends the process, which libFuzzer reports together with
// the input that led there.  With this header comes silence: libraries' own complaints about inputs
// that are meant to be wrong are not printed.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace sotay::fuzz {

// `promise` is the sentence that was to be true.
void Require(bool kept, const char* promise);

// The same for a call that must succeed; says what it said.
void RequireOk(const absl::Status& status, const char* promise);

}  // namespace sotay::fuzz
