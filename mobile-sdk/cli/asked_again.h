// A call that is made again while the server says that it is busy: one that notes every read takes
// so many a second, and says how long to wait.  One thread.
#pragma once

#include <algorithm>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "mobile-sdk/core/link.h"

namespace sotay::cli {

inline constexpr int kBusyTimesMax = 60;
inline constexpr uint32_t kBusyMsMax = 5'000;

// What `call` answers; of a server that stays busy, that it is.
template <typename Call>
auto AskedAgain(const Call& call) {
  for (int busy = 0;; ++busy) {
    auto answer = call();
    const uint32_t wait_ms = answer.ok() ? 0 : sdk::DetailOf(answer.status()).retry_after_ms();
    if (!absl::IsUnavailable(answer.status()) || wait_ms == 0 || busy == kBusyTimesMax) {
      return answer;
    }
    absl::SleepFor(absl::Milliseconds(std::min(wait_ms, kBusyMsMax)));
  }
}

}  // namespace sotay::cli
