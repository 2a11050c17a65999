// How long a notebook is read without a contact (docs/decisions/0034): the rule by a table of what
// clocks may do, and by chance against the true time.
#include "sync/offline_lease.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <string>

#include "sotay/v1/sync_service.pb.h"

namespace sotay::sync {
namespace {

constexpr int64_t kNow = 1'794'000'000'000;
constexpr int64_t kHour = 60 * 60 * 1000;

stored::v1::ClockContact Met(const std::string& boot, int64_t boot_ms, int64_t wall_ms) {
  stored::v1::ClockContact contact;
  contact.set_boot(boot);
  contact.set_boot_ms(boot_ms);
  contact.set_wall_ms(wall_ms);
  return contact;
}

TEST(OfflineLease, GoesByWhatTheClocksTell) {
  const auto met = Met("one", 5 * kHour, kNow);
  struct Row {
    const char* what;
    ClockReading now;
    int64_t since_ms;
  };
  for (const Row& row : {
           Row{"nothing happened", {"one", 5 * kHour, kNow}, 0},
           Row{"a day went", {"one", 29 * kHour, kNow + kDayMs}, kDayMs},
           Row{"the clock was set back a year", {"one", 29 * kHour, kNow - 365 * kDayMs}, kDayMs},
           Row{"it jumped three weeks ahead", {"one", 6 * kHour, kNow + 21 * kDayMs}, kHour},
           Row{"another start", {"two", kHour, kNow + 3 * kDayMs}, 3 * kDayMs},
           Row{"another start, set back", {"two", kHour, kNow - 3 * kDayMs}, kHour},
           Row{"another start, set back long ago", {"two", 9 * kDayMs, kNow + kHour}, 9 * kDayMs},
           Row{"a machine that tells no start", {"", 0, kNow + 2 * kDayMs}, 2 * kDayMs},
           Row{"the same, set back", {"", 0, kNow - kHour}, 0},
       }) {
    EXPECT_EQ(SinceContactMs(met, row.now), row.since_ms) << row.what;
  }
  // Of a contact whose start is not known there is the wall clock; since this start it may have
  // been.
  EXPECT_EQ(SinceContactMs(Met("", 0, kNow), {"two", 9 * kDayMs, kNow + kHour}), kHour);
}

TEST(OfflineLease, EndsWithItsDays) {
  const auto met = Met("one", 0, kNow);
  const auto left = [&](uint32_t days, int64_t since_ms) {
    return LeaseLeftMs(days, met, {"one", since_ms, kNow});
  };
  EXPECT_EQ(left(0, 900 * kDayMs), absl::nullopt) << "without end";
  EXPECT_EQ(left(7, 0), 7 * kDayMs);
  EXPECT_EQ(left(7, 7 * kDayMs - 1), 1);
  EXPECT_EQ(left(7, 7 * kDayMs), 0);
  EXPECT_EQ(left(7, std::numeric_limits<int64_t>::max()), 0);
  EXPECT_EQ(left(14, 13 * kDayMs), kDayMs);
  // Clocks that say anything, in another start.
  for (const int64_t wild : {std::numeric_limits<int64_t>::min(), int64_t{-1}, int64_t{0},
                             std::numeric_limits<int64_t>::max()}) {
    const auto any = LeaseLeftMs(7, Met("two", wild, wild), {"one", wild, wild});
    ASSERT_TRUE(any.has_value());
    EXPECT_GE(*any, 0);
    EXPECT_LE(*any, 7 * kDayMs);
  }
}

// A device and the true time: whatever people do to its clock, in the start of the contact the rule
// says how long it really was; in a later one no less than since that began, and just how long it
// was where the clock was left alone.
TEST(OfflineLease, IsNotFooledWithinAStart) {
  std::mt19937_64 chance(20261201);
  const auto upto = [&](int64_t n) {
    return static_cast<int64_t>(chance() % static_cast<uint64_t>(n));
  };
  for (int round = 0; round < 20'000; ++round) {
    int64_t true_ms = kNow;
    int64_t ahead_ms = upto(2) == 0 ? 0 : upto(60 * kDayMs) - 30 * kDayMs;
    int64_t started_ms = true_ms - upto(30 * kDayMs);
    int boot = 0;
    const auto clocks = [&] {
      return ClockReading{std::to_string(boot), true_ms - started_ms, true_ms + ahead_ms};
    };
    const ClockReading at = clocks();
    const auto met = Met(at.boot, at.boot_ms, at.wall_ms);
    bool moved = false;
    for (int64_t step = upto(6); step > 0; --step) {
      true_ms += upto(4 * kDayMs);
      switch (upto(3)) {
        case 0:
          ahead_ms += upto(40 * kDayMs) - 20 * kDayMs;
          moved = true;
          break;
        case 1:
          started_ms = true_ms;
          ++boot;
          break;
        default:
          break;
      }
    }
    const int64_t since_ms = SinceContactMs(met, clocks());
    if (boot == 0 || !moved) {
      ASSERT_EQ(since_ms, true_ms - kNow) << "round " << round;
    } else {
      ASSERT_GE(since_ms, true_ms - started_ms) << "round " << round;
      ASSERT_EQ(since_ms, std::max(true_ms - started_ms, true_ms + ahead_ms - at.wall_ms));
    }
  }
}

TEST(OfflineLease, GoesWithTheNamesThroughBuildsThatDoNotKnowIt) {
  v1::Directory directory;
  directory.add_units()->set_unit_id("kv1");
  EXPECT_EQ(OfflineDays(directory), 0u) << "a server of before";
  SayOfflineDays(9, &directory);
  v1::Directory kept;
  ASSERT_TRUE(kept.ParseFromString(directory.SerializeAsString()));
  EXPECT_EQ(OfflineDays(kept), 9u);
  EXPECT_EQ(kept.units_size(), 1);
  v1::Directory much;
  SayOfflineDays(4'000'000'000, &much);
  EXPECT_EQ(OfflineDays(much), kOfflineDaysMax);
}

}  // namespace
}  // namespace sotay::sync
