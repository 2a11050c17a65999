#include "mobile-sdk/cli/day_words.h"

#include "absl/strings/str_cat.h"
#include "mobile-sdk/cli/instant.h"
#include "sync/day.h"
#include "sync/status_macros.h"

namespace sotay::cli {

std::string DayInWords(int32_t day) {
  if (day == 0) return "";
  const auto two = [](int number) { return absl::StrCat(number < 10 ? "0" : "", number); };
  return absl::StrCat(two(day % 100), "/", two(day / 100 % 100), "/", day / 10'000);
}

absl::StatusOr<int32_t> DayOfWord(const std::string& word, int64_t now_ms) {
  if (word.empty()) return 0;
  SOTAY_ASSIGN_OR_RETURN(const int64_t ms, ParseInstant(word, now_ms));
  return sync::DayOf(ms);
}

}  // namespace sotay::cli
