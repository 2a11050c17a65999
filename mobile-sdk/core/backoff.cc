#include "mobile-sdk/core/backoff.h"

#include <algorithm>

namespace sotay::sdk {
namespace {

// 1 s · 2^7 is over 120 s; doubling further would only overflow.
constexpr int kDoublingsMax = 7;

}  // namespace

int64_t Backoff::Uniform(int64_t bound) {
  uint64_t chance = 0;
  random_bytes_(&chance, sizeof(chance));
  // 64 bits over at most 2^17 values: the bias is far below what anyone could notice.
  return 1 + static_cast<int64_t>(chance % static_cast<uint64_t>(bound));
}

int64_t Backoff::Next(int64_t at_least_ms) {
  const int doublings = std::min(failures_, kDoublingsMax);
  failures_ = std::min(failures_ + 1, kDoublingsMax + 1);
  const int64_t bound = std::min(kBackoffMsMax, kBackoffMsMin << doublings);
  return std::clamp<int64_t>(at_least_ms, 0, kRetryAfterMsMax) + Uniform(bound);
}

}  // namespace sotay::sdk
