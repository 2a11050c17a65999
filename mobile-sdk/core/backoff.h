// How long to wait after a failure: full jitter, so that two thousand phones that lost one server
// do not come back in one second.
//
//   wait = at_least + uniform(1 ms … min(120 s, 1 s · 2^n)),  n = failures in a row before this
//
// Value; not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

namespace sotay::sdk {

constexpr int64_t kBackoffMsMin = 1'000;
constexpr int64_t kBackoffMsMax = 120'000;
// A server that asks for more has lost its mind, or is not ours.
constexpr int64_t kRetryAfterMsMax = 3'600'000;

class Backoff {
 public:
  explicit Backoff(std::function<void(void*, size_t)> random_bytes)
      : random_bytes_(std::move(random_bytes)) {}

  // Counts a failure; the milliseconds to wait.  `at_least_ms`: what the server asked for.
  int64_t Next(int64_t at_least_ms = 0);
  // It worked, or there is reason to believe it would.
  void Reset() { failures_ = 0; }
  // In a row.
  int failures() const { return failures_; }

  // Uniform in 1 … `bound`.
  int64_t Uniform(int64_t bound);

 private:
  std::function<void(void*, size_t)> random_bytes_;
  int failures_ = 0;
};

}  // namespace sotay::sdk
