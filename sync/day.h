// Days as an office counts them: yyyymmdd in the calendar at UTC+07:00, where there is no summer
// time.  Pure; any thread.
#pragma once

#include <cstdint>

namespace sotay::sync {

// 20260705; 0: none.  Greater is later.
using Day = int32_t;

// The day it is at `now_ms`, milliseconds since 1970.
Day DayOf(int64_t now_ms);

// Whether there is such a day, from 1900 to 9999.
bool IsDay(Day day);

// Whether `day` is within a term from `from` (0: always) to `to` (0: without an end), both
// included.
inline bool InTerm(Day day, Day from, Day to) { return from <= day && (to == 0 || day <= to); }

}  // namespace sotay::sync
