#include "sync/stamp.h"

#include <gtest/gtest.h>

#include <limits>

#include "sync/unknown_time.h"

namespace sotay::sync {
namespace {

constexpr Stamp kStampMax = std::numeric_limits<Stamp>::max();
constexpr int64_t kNow = 1'794'000'000'000;
constexpr int64_t kMinute = 60 * 1000;
constexpr int64_t kDay = 24 * 60 * kMinute;
constexpr int64_t kYear = 365 * kDay;
constexpr int64_t kMsMax = (int64_t{1} << 48) - 1;

TEST(Stamp, HoldsMillisecondsAboveACounter) {
  EXPECT_EQ(StampAt(1), Stamp{1} << 16);
  EXPECT_EQ(StampMs(StampAt(kNow)), kNow);
  EXPECT_EQ(StampMs(StampAt(kNow) | 0xFFFF), kNow);
}

TEST(Stamp, SaturatesBefore1970AndPast48Bits) {
  EXPECT_EQ(StampAt(0), 0u);
  EXPECT_EQ(StampAt(-1), 0u);
  EXPECT_EQ(StampAt(std::numeric_limits<int64_t>::min()), 0u);
  EXPECT_EQ(StampAt(kMsMax), kStampMax - 0xFFFF);
  EXPECT_EQ(StampAt(kMsMax + 1), kStampMax - 0xFFFF);
  EXPECT_EQ(StampAt(std::numeric_limits<int64_t>::max()), kStampMax - 0xFFFF);
}

TEST(Stamp, TakesATimeOutOfRangeForTheNearerEnd) {
  EXPECT_EQ(BoundMs(kNow), kNow);
  EXPECT_EQ(BoundMs(-1), 0);
  EXPECT_EQ(BoundMs(std::numeric_limits<int64_t>::min()), 0);
  EXPECT_EQ(BoundMs(kMsMax), kMsMax);
  EXPECT_EQ(BoundMs(std::numeric_limits<int64_t>::max()), kMsMax);
}

TEST(NextStamp, FollowsTheClockWhenItMoves) {
  EXPECT_EQ(NextStamp(StampAt(kNow), kNow + 1), StampAt(kNow + 1));
}

TEST(NextStamp, CountsWhenTheClockStandsOrGoesBack) {
  EXPECT_EQ(NextStamp(StampAt(kNow), kNow), StampAt(kNow) + 1);
  EXPECT_EQ(NextStamp(StampAt(kNow), kNow - kYear), StampAt(kNow) + 1);
}

TEST(NextStamp, RunsAFullCounterIntoTheNextMillisecond) {
  EXPECT_EQ(NextStamp(StampAt(kNow) | 0x7FFE, kNow), StampAt(kNow) | 0x7FFF);
  EXPECT_EQ(NextStamp(StampAt(kNow) | 0x7FFF, kNow), StampAt(kNow + 1));
  EXPECT_EQ(NextStamp(StampAt(kNow) | 0xFFFF, kNow), StampAt(kNow + 1));
}

TEST(NextStamp, PassesOverStampsOfUnknownTimes) {
  EXPECT_EQ(NextStamp(StampAt(kNow) | 0x9000, kNow), StampAt(kNow + 1));
}

TEST(NextStamp, StaysAtTheEndOfTime) {
  EXPECT_EQ(NextStamp(kStampMax, kNow), kStampMax);
  EXPECT_EQ(NextStamp(kStampMax - 1, kNow), kStampMax);
}

struct BoundCase {
  const char* what;
  Stamp claimed;
  int64_t skew_ms;
  Stamp after;
  Stamp stamp;
  bool corrected;
  bool bounded;
  int64_t clock_ms = 0;
};

class BoundStampTable : public ::testing::TestWithParam<BoundCase> {};

TEST_P(BoundStampTable, Gives) {
  const BoundCase& c = GetParam();
  const BoundedStamp bounded = BoundStamp(c.claimed, c.clock_ms, c.skew_ms, kNow, c.after);
  EXPECT_EQ(bounded.stamp, c.stamp) << c.what;
  EXPECT_EQ(bounded.corrected, c.corrected) << c.what;
  EXPECT_EQ(bounded.bounded, c.bounded) << c.what;
}

const BoundCase kBoundCases[] = {
    {"a claim as it stands", StampAt(kNow) + 7, 0, 0, StampAt(kNow) + 7, false, false},
    {"a claim from months in the field", StampAt(kNow - 60 * kDay), 0, 0, StampAt(kNow - 60 * kDay),
     false, false},
    {"1970, clock said to be right", 0, 0, 0, 1, false, false},
    {"1970, after what its author saw", 0, 0, StampAt(kNow), StampAt(kNow) + 1, false, false},
    {"1970, known to be slow", StampAt(0), -kNow, 0, StampAt(kNow), true, false},
    {"five minutes ahead is believed", StampAt(kNow + 5 * kMinute), 0, 0,
     StampAt(kNow + 5 * kMinute), false, false},
    {"a counter past five minutes is not", StampAt(kNow + 5 * kMinute) + 1, 0, 0,
     StampAt(kNow + 5 * kMinute), false, true},
    {"fifty years ahead, not known to be", StampAt(kNow + 50 * kYear), 0, 0,
     StampAt(kNow + 5 * kMinute), false, true},
    {"fifty years ahead, known to be", StampAt(kNow + 50 * kYear) + 3, 50 * kYear, 0,
     StampAt(kNow) + 3, true, false},
    {"the greatest claim there is", kStampMax, 0, 0, StampAt(kNow + 5 * kMinute), false, true},
    {"the greatest claim and skew", kStampMax, std::numeric_limits<int64_t>::max(), 0, 0x7FFF, true,
     false},
    {"the greatest claim, least skew", kStampMax, std::numeric_limits<int64_t>::min(), 0,
     StampAt(kNow + 5 * kMinute), true, true},
    {"a skew just under five minutes stays", StampAt(kNow), 5 * kMinute - 1, 0, StampAt(kNow),
     false, false},
    {"five minutes of skew are taken off", StampAt(kNow + 5 * kMinute), 5 * kMinute, 0,
     StampAt(kNow), true, false},
    {"five minutes behind are added", StampAt(kNow - 5 * kMinute), -5 * kMinute, 0, StampAt(kNow),
     true, false},
    {"a skew larger than the claim", StampAt(kMinute), kDay, 0, 1, true, false},
    {"what was seen outranks the bound", kStampMax, 0, StampAt(kNow + kDay),
     StampAt(kNow + kDay) + 1, false, true},
    {"an equal stamp moves on", StampAt(kNow), 0, StampAt(kNow), StampAt(kNow) + 1, false, false},
    {"a later stamp stays", StampAt(kNow) + 1, 0, StampAt(kNow), StampAt(kNow) + 1, false, false},
    {"nothing is after the end of time", StampAt(kNow), 0, kStampMax, StampAt(kNow), false, false},
    // A slow clock's stamps stand one after the newest its device had seen.
    {"years behind, an hour ago", StampAt(kNow - kDay) + 1, -2 * kYear, 0,
     StampAt(kNow - 60 * kMinute), true, false, kNow - 2 * kYear - 60 * kMinute},
    {"behind, and made on what came after", StampAt(kNow - kDay) + 1, -kDay, StampAt(kNow),
     StampAt(kNow) + 1, true, false, kNow - kDay - kMinute},
    {"a fast clock is its stamp", StampAt(kNow + 3 * kDay) + 2, 3 * kDay, 0, StampAt(kNow) + 2,
     true, false, kNow + 3 * kDay},
    {"was ahead, and was set right", StampAt(kNow + 3 * kDay) + 9, 0, 0, StampAt(kNow - kMinute),
     false, true, kNow - kMinute},
    {"a clock later than its own stamp", StampAt(kNow + kDay), kDay, 0, StampAt(kNow), true, false,
     kNow + 9 * kDay},
    {"a clock before 1970", StampAt(kNow), -kDay, 0, StampAt(kDay), true, false, -kYear},
    {"a claim to be of unknown time is none", StampAt(kNow) | 0x8001, 0, 0, StampAt(kNow + 1),
     false, false},
    {"after a time that is unknown", StampAt(kNow), 0, StampAt(kNow) | 0x8000, StampAt(kNow + 1),
     false, false},
    {"believed, whatever the wall clock says", StampAt(kNow) + 1, 0, 0, StampAt(kNow) + 1, false,
     false, kNow - kYear},
};
INSTANTIATE_TEST_SUITE_P(Claims, BoundStampTable, ::testing::ValuesIn(kBoundCases));

TEST(StampOfUnknown, IsTheEarliestAfterWhatTheAuthorHadSeen) {
  EXPECT_EQ(StampOfUnknown(0), 0x8001u);
  EXPECT_EQ(StampOfUnknown(StampAt(kNow) + 7), StampAt(kNow) | 0x8008);
  EXPECT_EQ(StampOfUnknown(StampAt(kNow) | 0x8008), StampAt(kNow) | 0x8009);
  EXPECT_EQ(StampOfUnknown(StampAt(kNow) | 0xFFFF), StampAt(kNow + 1) | 0x8000);
  EXPECT_EQ(StampOfUnknown(kStampMax), kStampMax);
  EXPECT_TRUE(IsTimeUnknown(StampOfUnknown(StampAt(kNow) | 0x7FFF)));
  EXPECT_FALSE(IsTimeUnknown(StampAt(kNow) | 0x7FFF));
  EXPECT_FALSE(IsTimeUnknown(kStampMax));
}

TEST(BoundStamp, AlwaysOutranksWhatTheAuthorHadSeen) {
  Stamp after = 0;
  const Stamp claims[] = {0, 1, StampAt(kNow), StampAt(kNow + kYear), kStampMax, StampAt(1)};
  const int64_t skews[] = {0, kYear, -kYear, 50 * kYear, 5 * kMinute, -kNow};
  for (int round = 0; round < 1000; ++round) {
    const Stamp claimed = claims[static_cast<size_t>(round) % 6];
    const int64_t skew = skews[static_cast<size_t>(round) / 6 % 6];
    const Stamp stamp = BoundStamp(claimed, 0, skew, kNow, after).stamp;
    ASSERT_GT(stamp, after) << "round " << round;
    after = stamp;
  }
  // A liar gains five minutes and a step for each change, never more.
  EXPECT_LE(after, StampAt(kNow + 5 * kMinute) + 1000);
}

}  // namespace
}  // namespace sotay::sync
