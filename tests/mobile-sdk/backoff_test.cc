#include "mobile-sdk/core/backoff.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>

namespace sotay::sdk {
namespace {

std::function<void(void*, size_t)> Seeded(uint64_t seed) {
  return [random = std::mt19937_64(seed)](void* out, size_t size) mutable {
    for (size_t i = 0; i < size; ++i) static_cast<unsigned char*>(out)[i] = random() & 0xff;
  };
}

TEST(Backoff, StaysBetweenAMillisecondAndTheDoublingBound) {
  for (uint64_t seed = 0; seed < 500; ++seed) {
    Backoff backoff(Seeded(seed));
    int64_t bound = 1'000;
    for (int failure = 0; failure < 20; ++failure) {
      const int64_t wait = backoff.Next();
      ASSERT_GE(wait, 1) << "seed " << seed << " failure " << failure;
      ASSERT_LE(wait, bound) << "seed " << seed << " failure " << failure;
      bound = std::min<int64_t>(bound * 2, 120'000);
    }
  }
}

TEST(Backoff, SpreadsOverTheWholeIntervalAndNotOnlyItsEnd) {
  // Two thousand phones whose server has been away for long.
  int in_tenth[10] = {};
  for (uint64_t seed = 0; seed < 2'000; ++seed) {
    Backoff backoff(Seeded(seed));
    for (int failure = 0; failure < 10; ++failure) backoff.Next();
    ++in_tenth[(backoff.Next() - 1) * 10 / kBackoffMsMax];
  }
  for (const int phones : in_tenth) {
    EXPECT_GT(phones, 120);
    EXPECT_LT(phones, 280);
  }
}

TEST(Backoff, WaitsAtLeastAsLongAsTheServerAsked) {
  Backoff backoff(Seeded(7));
  for (int failure = 0; failure < 20; ++failure) {
    const int64_t wait = backoff.Next(5'000);
    EXPECT_GT(wait, 5'000);
    EXPECT_LE(wait, 5'000 + kBackoffMsMax);
  }
  EXPECT_LE(backoff.Next(1'000'000'000), kRetryAfterMsMax + kBackoffMsMax);
}

TEST(Backoff, BeginsAnewAfterASuccess) {
  Backoff backoff(Seeded(3));
  for (int failure = 0; failure < 9; ++failure) backoff.Next();
  EXPECT_EQ(backoff.failures(), 8);  // counted as far as it matters
  backoff.Reset();
  EXPECT_EQ(backoff.failures(), 0);
  EXPECT_LE(backoff.Next(), 1'000);
}

}  // namespace
}  // namespace sotay::sdk
