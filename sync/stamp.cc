#include "sync/stamp.h"

#include <algorithm>
#include <limits>

#include "sync/unknown_time.h"

namespace sotay::sync {
namespace {

constexpr int kCounterBits = 16;
constexpr int64_t kMsMax = (int64_t{1} << 48) - 1;
constexpr Stamp kUnknownBit = Stamp{1} << (kCounterBits - 1);

}  // namespace

int64_t BoundMs(int64_t unix_ms) { return std::clamp<int64_t>(unix_ms, 0, kMsMax); }

Stamp StampAt(int64_t unix_ms) { return static_cast<Stamp>(BoundMs(unix_ms)) << kCounterBits; }

int64_t StampMs(Stamp stamp) { return static_cast<int64_t>(stamp >> kCounterBits); }

// At the end of time there is nothing but the end.
bool IsTimeUnknown(Stamp stamp) { return (stamp & kUnknownBit) != 0 && StampMs(stamp) != kMsMax; }

Stamp StampOfUnknown(Stamp after) {
  if (StampMs(after) == kMsMax) return after;
  return (after + 1) | kUnknownBit;
}

Stamp KnownFrom(Stamp stamp) { return IsTimeUnknown(stamp) ? StampAt(StampMs(stamp) + 1) : stamp; }

Stamp NextStamp(Stamp last, int64_t unix_ms) {
  if (last == std::numeric_limits<Stamp>::max()) return last;
  return KnownFrom(std::max(last + 1, StampAt(unix_ms)));
}

BoundedStamp BoundStamp(Stamp claimed, int64_t clock_ms, int64_t skew_ms, int64_t now_ms,
                        Stamp after) {
  BoundedStamp result;
  result.stamp = claimed;
  result.corrected = skew_ms >= kSkewCorrectedMsMin || skew_ms <= -kSkewCorrectedMsMin;
  const Stamp believable = StampAt(now_ms + kStampAheadMsMax);
  if (result.corrected || claimed > believable) {
    const bool by_clock = clock_ms != 0 && BoundMs(clock_ms) < StampMs(claimed);
    const Stamp counter = by_clock ? 0 : claimed & (kUnknownBit - 1);
    // Both terms are below 2^49 in size, so the difference cannot overflow.
    const int64_t skew = result.corrected ? std::clamp<int64_t>(skew_ms, -kMsMax, kMsMax) : 0;
    result.stamp = StampAt((by_clock ? BoundMs(clock_ms) : StampMs(claimed)) - skew) | counter;
  }
  result.bounded = (result.corrected ? result.stamp : claimed) > believable;
  result.stamp = KnownFrom(std::min(result.stamp, believable));
  if (result.stamp <= after && after != std::numeric_limits<Stamp>::max()) {
    result.stamp = KnownFrom(after + 1);
  }
  return result;
}

}  // namespace sotay::sync
