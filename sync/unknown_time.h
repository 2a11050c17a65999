// Stamps of changes of which nobody can tell when they were made (docs/decisions/0033): bit 15 of
// the counter.  Such a stamp is the earliest the change can have; no other has that bit.  Pure; any
// thread.
#pragma once

#include <limits>

#include "sync/stamp.h"

namespace sotay::sync {

// PushInput::skew_ms of changes whose clock was moved, nobody knows how far.
constexpr int64_t kSkewUnknown = std::numeric_limits<int64_t>::min();

bool IsTimeUnknown(Stamp stamp);

// The stamp of a change of unknown time whose author had seen nothing later than `after`.
Stamp StampOfUnknown(Stamp after);

// The earliest stamp of a known time that is not before `stamp`.
Stamp KnownFrom(Stamp stamp);

}  // namespace sotay::sync
