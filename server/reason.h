// Why somebody decided something, as they must say it with every act that stays.  Any thread.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace sotay::server {

// INVALID_ARGUMENT when it is empty, too long or no text.
absl::Status CheckReason(const std::string& reason);

}  // namespace sotay::server
