#include "sync/day.h"

#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace sotay::sync {
namespace {

constexpr int kHoursAheadOfUtc = 7;

}  // namespace

Day DayOf(int64_t now_ms) {
  static const auto* const kZone =
      new absl::TimeZone(absl::FixedTimeZone(kHoursAheadOfUtc * 60 * 60));
  const absl::CivilDay day = absl::ToCivilDay(absl::FromUnixMillis(now_ms), *kZone);
  return static_cast<Day>(day.year() * 10'000 + day.month() * 100 + day.day());
}

bool IsDay(Day day) {
  const int year = day / 10'000;
  const int month = day / 100 % 100;
  if (year < 1900 || year > 9999 || month < 1 || month > 12) return false;
  // The calendar would make the 1st of March of a 31st of February.
  const absl::CivilDay civil(year, month, day % 100);
  return day % 100 >= 1 && civil.month() == month && civil.day() == day % 100;
}

}  // namespace sotay::sync
