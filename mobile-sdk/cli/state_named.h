// A state as it is typed.  Pure; any thread.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "sync/schema.h"

namespace sotay::cli {

// The whole name of the state that is typed, as on a phone, without what all of them begin with:
// "submitted" of notes is NOTE_STATE_SUBMITTED.  `type`: of which; empty: of any.  kInvalidArgument
// when there is none, or several.
absl::StatusOr<std::string> StateNamed(const sync::Schema& schema, const std::string& type,
                                       const std::string& state);

}  // namespace sotay::cli
