// How long a notebook may be read without a contact with its server (docs/decisions/0034).  Reading
// what others wrote ends; writing and sending never do.  Pure; any thread.
#pragma once

#include <cstdint>

#include "absl/types/optional.h"
#include "sotay/stored/v1/written_at.pb.h"
#include "sync/moved_clock.h"

namespace sotay::v1 {
class Directory;
}

namespace sotay::sync {

// A fortnight: who is away for longer has somebody bring them the file.
constexpr uint32_t kOfflineDaysMax = 14;
constexpr uint32_t kOfflineDays = 7;  // where nobody says otherwise
constexpr int64_t kDayMs = int64_t{24} * 60 * 60 * 1000;

// The organisation's word, as it goes to its devices with the names; 0: without end.
void SayOfflineDays(uint32_t days, v1::Directory* directory);
// As it was heard; 0 also of a server that says nothing.  What is over kOfflineDaysMax counts as
// that.
uint32_t OfflineDays(const v1::Directory& directory);

// How long ago the contact was, as far as the device's clocks tell; never negative.
//   - In the start of the machine it was in, the clock that counts since then: nobody sets that.
//   - In another one the wall clock, or the time since this one began, whichever says more.
//   - Where the machine does not tell its starts, the wall clock.
int64_t SinceContactMs(const stored::v1::ClockContact& contact, const ClockReading& now);

// What is left of `days` after the contact; 0: they are over.  Nothing for 0 days: they never are.
absl::optional<int64_t> LeaseLeftMs(uint32_t days, const stored::v1::ClockContact& contact,
                                    const ClockReading& now);

}  // namespace sotay::sync
