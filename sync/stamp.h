// Hybrid logical time of a change: milliseconds since 1970 in the upper 48 bits, a counter in
// the lower 16, of which bit 15 has a meaning of its own (unknown_time.h) (Kulkarni, Demirbas and
// others, "Logical Physical Clocks", 2014).  Stamps
// only break ties between concurrent writes; what came after what is read off the graph of
// changes.  Pure; any thread.
#pragma once

#include <cstdint>

namespace sotay::sync {

using Stamp = uint64_t;

// How far ahead of the server's clock a stamp may be taken at its word.
constexpr int64_t kStampAheadMsMax = 5 * 60 * 1000;
// From this skew on a device's stamps are corrected by it.
constexpr int64_t kSkewCorrectedMsMin = 5 * 60 * 1000;

// `unix_ms` as far as stamps reach, 0 to 2^48-1: a foreign clock that says anything else is taken
// for the nearer end, so that differences of two such times never overflow.
int64_t BoundMs(int64_t unix_ms);

// The earliest stamp of that millisecond; before 1970 and past 48 bits it saturates.
Stamp StampAt(int64_t unix_ms);

// Milliseconds since 1970 of a stamp.
int64_t StampMs(Stamp stamp);

// The stamp for an event at `unix_ms` on a clock that has already given or seen `last`.
// Always greater than `last`; a full counter runs over into the next millisecond.  At the
// end of time (2^64-1) it stays there.
Stamp NextStamp(Stamp last, int64_t unix_ms);

// What the server makes of a claimed stamp.
struct BoundedStamp {
  Stamp stamp = 0;
  bool corrected = false;  // the device's skew was taken off its wall clock
  bool bounded = false;    // the claim was later than could be believed
};

// effective = max(min(claimed, now + 5 min), 1 + after), where `after` is the greatest effective
// stamp of everything the author had seen (so an edit always outranks what it was made on, whatever
// the clocks say).  When the skew is 5 min or more, or `claimed` is past now + 5 min, the device's
// wall clock less the skew stands for the claimed stamp: the stamp of a clock that is slow, or was
// set back, is one after the newest the device had seen, and says nothing of when.  `clock_ms` is
// what that clock said; 0, or later than the stamp: the stamp's milliseconds.
BoundedStamp BoundStamp(Stamp claimed, int64_t clock_ms, int64_t skew_ms, int64_t now_ms,
                        Stamp after);

}  // namespace sotay::sync
