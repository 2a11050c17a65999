// By which clock a change was written, and what a device says of that (docs/decisions/0033).  A
// wall clock may be moved between writing and sending; the clock that counts since the machine
// started may not, so it tells how far.  Pure; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "absl/types/optional.h"
#include "sotay/stored/v1/written_at.pb.h"

namespace sotay::v1 {
class QuarantinedChange;
class SyncRequest;
}  // namespace sotay::v1

namespace sotay::sync {

// A device's clocks at one moment.
struct ClockReading {
  std::string boot;     // which start of the machine; empty: it does not tell
  int64_t boot_ms = 0;  // since then, sleep included
  int64_t wall_ms = 0;
};

// The clock changes were written by.
struct WritingClock {
  int64_t now_ms = 0;    // what it would say now
  bool unknown = false;  // nobody can tell; then `now_ms` is what the clock says
};

// Whether one push may hold changes written by both.
bool SameClock(const WritingClock& a, const WritingClock& b);

// Starts of the machine in which the clock was moved, as far as what was written in them shows.
std::set<std::string> BootsMovedIn(const std::map<uint64_t, stored::v1::WrittenAt>& written);

// `contact`: the newest; without a boot, none.
WritingClock ClockWrittenBy(const stored::v1::WrittenAt& written,
                            const stored::v1::ClockContact& contact,
                            const std::set<std::string>& moved_in, const ClockReading& now);

// Says so in the request that pushes them.
void SayClock(const WritingClock& clock, const ClockReading& now, v1::SyncRequest* request);

// What a server takes a device's clock to be ahead by.
struct SaidSkew {
  int64_t writing_ms = 0;  // of the clock the pushed changes were written by; or kSkewUnknown
  int64_t now_ms = 0;      // of its clock as it is
};
SaidSkew SkewSaid(const v1::SyncRequest& request, int64_t server_now_ms);

// PushInput::skew_ms of a change that is set aside, for when it is taken after all; none: it was
// set aside before that was kept.
void NoteSkew(int64_t skew_ms, v1::QuarantinedChange* aside);
absl::optional<int64_t> SkewNoted(const v1::QuarantinedChange& aside);

}  // namespace sotay::sync
