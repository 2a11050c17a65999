// Days of the calendar, added and counted as terms of law are; and the days on which offices are
// closed.  An office's clock stands at UTC+07:00 all year.  Pure; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>

#include "sync/day.h"

namespace sotay::sync {

// A day and a minute of it, as they stand in a document: 20261108 and 570 is 09:30.  1440 is its
// end, 24:00.
struct Moment {
  Day day = 0;  // 0: none
  int minute = 0;

  friend bool operator==(const Moment& a, const Moment& b) {
    return a.day == b.day && a.minute == b.minute;
  }
  friend bool operator<(const Moment& a, const Moment& b) {
    return std::tie(a.day, a.minute) < std::tie(b.day, b.minute);
  }
};
constexpr int kMinutesOfDay = 1440;

// Milliseconds since 1970 at which it is that moment at UTC+07:00.
int64_t MsOf(const Moment& moment);

// `days` later.  Past the year 2999 it is the last day of that.
Day AddDays(Day day, int days);
// The same day of the month, or its last where there is none.
Day AddMonths(Day day, int months);
// How many days later `to` is.
int DaysFrom(Day from, Day to);
// Minutes later, over midnight.
Moment AddMinutes(const Moment& moment, int64_t minutes);
int64_t MinutesFrom(const Moment& from, const Moment& to);

// When offices are closed: Saturdays, Sundays, and what a table says (term_table.h).
class DaysOff {
 public:
  void AddDayOff(Day day) { off_.insert(day); }
  void AddWorkDay(Day day) { work_.insert(day); }
  void AddUnsure(Day day) { unsure_.insert(day); }
  void AddYear(int year) { years_.insert(year); }

  bool IsOff(Day day) const;
  // Whether it is certain that the day is off or is not: all holidays of its year are in the table,
  // and it is none of which the table says that it is not.  Those count as days of work, so that
  // what ends does not end too late.
  bool Knows(Day day) const { return years_.count(day / 10'000) != 0 && unsure_.count(day) == 0; }
  // The same of all days after `from`, up to `to`.
  bool KnowsAll(Day from, Day to) const;
  // The day itself, or the first after it on which offices work.
  Day NextWorkDay(Day day) const;
  // The `count`th working day after it.
  Day AddWorkDays(Day day, int count) const;

 private:
  std::set<Day> off_, work_, unsure_;
  std::set<int> years_;
};

}  // namespace sotay::sync
