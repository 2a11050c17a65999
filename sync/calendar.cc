#include "sync/calendar.h"

#include <algorithm>

#include "absl/time/civil_time.h"

namespace sotay::sync {
namespace {

constexpr Day kLastDay = 29991231;
constexpr int64_t kMinuteMs = 60'000;
constexpr int64_t kZoneMinutes = 7 * 60;

absl::CivilDay CivilOf(Day day) { return absl::CivilDay(day / 10'000, day / 100 % 100, day % 100); }

Day DayOfCivil(absl::CivilDay day) {
  if (day.year() > kLastDay / 10'000) return kLastDay;
  return static_cast<Day>(day.year() * 10'000 + day.month() * 100 + day.day());
}

}  // namespace

int64_t MsOf(const Moment& moment) {
  const int64_t days = CivilOf(moment.day) - absl::CivilDay(1970, 1, 1);
  return (days * kMinutesOfDay + moment.minute - kZoneMinutes) * kMinuteMs;
}

Day AddDays(Day day, int days) { return DayOfCivil(CivilOf(day) + days); }

Day AddMonths(Day day, int months) {
  const absl::CivilMonth month = absl::CivilMonth(CivilOf(day)) + months;
  const absl::CivilDay last = absl::CivilDay(month + 1) - 1;
  return DayOfCivil(absl::CivilDay(month) + std::min(day % 100, last.day()) - 1);
}

int DaysFrom(Day from, Day to) { return static_cast<int>(CivilOf(to) - CivilOf(from)); }

Moment AddMinutes(const Moment& moment, int64_t minutes) {
  const int64_t all = moment.minute + minutes;
  int64_t days = all / kMinutesOfDay;
  int64_t left = all % kMinutesOfDay;
  if (left < 0) {
    left += kMinutesOfDay;
    --days;
  }
  return {DayOfCivil(CivilOf(moment.day) + days), static_cast<int>(left)};
}

int64_t MinutesFrom(const Moment& from, const Moment& to) {
  return int64_t{DaysFrom(from.day, to.day)} * kMinutesOfDay + to.minute - from.minute;
}

bool DaysOff::KnowsAll(Day from, Day to) const {
  for (int year = from / 10'000; year <= to / 10'000; ++year) {
    if (years_.count(year) == 0) return false;
  }
  const auto unsure = unsure_.upper_bound(from);
  return unsure == unsure_.end() || *unsure > to;
}

bool DaysOff::IsOff(Day day) const {
  if (unsure_.count(day) != 0) return false;
  if (off_.count(day) != 0) return true;
  const absl::Weekday weekday = absl::GetWeekday(CivilOf(day));
  const bool weekend = weekday == absl::Weekday::saturday || weekday == absl::Weekday::sunday;
  return weekend && work_.count(day) == 0;
}

Day DaysOff::NextWorkDay(Day day) const {
  while (IsOff(day) && day < kLastDay) day = AddDays(day, 1);
  return day;
}

Day DaysOff::AddWorkDays(Day day, int count) const {
  for (; count > 0 && day < kLastDay; --count) day = NextWorkDay(AddDays(day, 1));
  return day;
}

}  // namespace sotay::sync
