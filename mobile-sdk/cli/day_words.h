// Days as people write them.  Pure; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace sotay::cli {

// "05/11/2026"; empty for none (0).
std::string DayInWords(int32_t day);
// The day of what was typed as "5/11/2026"; 0 when nothing was.  Fails as ParseInstant.
absl::StatusOr<int32_t> DayOfWord(const std::string& word, int64_t now_ms);

}  // namespace sotay::cli
