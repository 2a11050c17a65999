// What a device can tell of a clock that was moved, and what a server makes of it.
#include "sync/moved_clock.h"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <set>
#include <string>

#include "sotay/v1/sync_service.pb.h"
#include "sync/unknown_time.h"

namespace sotay::sync {
namespace {

using stored::v1::ClockContact;
using stored::v1::WrittenAt;

constexpr int64_t kNow = 1'794'000'000'000;  // the server's, when it is sent
constexpr int64_t kMinute = 60 * 1000;
constexpr int64_t kHour = 60 * kMinute;
constexpr int64_t kDay = 24 * kHour;
constexpr char kOne[] = "first start";
constexpr char kTwo[] = "second start";

// `started_ms`: true time.
ClockContact Met(const std::string& boot, int64_t started_ms, int64_t at_ms, int64_t skew_ms) {
  ClockContact contact;
  contact.set_boot(boot);
  contact.set_boot_ms(at_ms - started_ms);
  contact.set_wall_ms(at_ms + skew_ms);
  contact.set_skew_ms(skew_ms);
  return contact;
}

WrittenAt Written(const std::string& boot, int64_t started_ms, int64_t at_ms, int64_t ahead_ms) {
  WrittenAt written;
  written.set_boot(boot);
  written.set_boot_ms(at_ms - started_ms);
  written.set_wall_ms(at_ms + ahead_ms);
  return written;
}

class MovedClock : public ::testing::Test {
 protected:
  WritingClock Ask(const WrittenAt& written, int64_t ahead_ms = 0) const {
    const ClockReading now = {kTwo, kNow - kTwoStarted, kNow + ahead_ms};
    return ClockWrittenBy(written, Met(kTwo, kTwoStarted, kNow - kMinute, ahead_ms), moved_in_,
                          now);
  }
  static WrittenAt After(WrittenAt written, const ClockContact& contact) {
    *written.mutable_contact() = contact;
    return written;
  }

  static constexpr int64_t kOneStarted = kNow - 10 * kDay;
  static constexpr int64_t kTwoStarted = kNow - kDay;
  std::set<std::string> moved_in_;
};

TEST_F(MovedClock, InOneStartItIsKnownHowFar) {
  const WritingClock fast = Ask(Written(kTwo, kTwoStarted, kNow - kHour, 3 * kDay));
  EXPECT_FALSE(fast.unknown);
  EXPECT_EQ(fast.now_ms, kNow + 3 * kDay) << "what the clock it was written by would say now";
  EXPECT_EQ(Ask(Written(kTwo, kTwoStarted, kNow - kHour, 0), 3 * kDay).now_ms, kNow)
      << "moved ahead since";
}

TEST_F(MovedClock, AClockThatOnlyDriftedWasNotMoved) {
  EXPECT_EQ(Ask(Written(kTwo, kTwoStarted, kNow - kHour, 9'999)).now_ms, kNow);
  EXPECT_EQ(Ask(Written(kTwo, kTwoStarted, kNow - kHour, 10'000)).now_ms, kNow + 10'000);
}

TEST_F(MovedClock, AMeetingInTheStartItWasWrittenInTellsToo) {
  const WrittenAt fast = After(Written(kOne, kOneStarted, kNow - 2 * kDay, 3 * kDay),
                               Met(kOne, kOneStarted, kNow - 3 * kDay, 3 * kDay));
  EXPECT_EQ(Ask(fast).now_ms, kNow + 3 * kDay);
  const WrittenAt moved = After(Written(kOne, kOneStarted, kNow - 2 * kDay, 4 * kDay),
                                Met(kOne, kOneStarted, kNow - 3 * kDay, 3 * kDay));
  EXPECT_EQ(Ask(moved).now_ms, kNow + 4 * kDay) << "moved between meeting and writing as well";
}

TEST_F(MovedClock, ARestartAloneMakesNothingUnknown) {
  const ClockContact met = Met("before all", kNow - 20 * kDay, kNow - 12 * kDay, 0);
  const WritingClock clock = Ask(After(Written(kOne, kOneStarted, kNow - 2 * kDay, 0), met));
  EXPECT_FALSE(clock.unknown);
  EXPECT_EQ(clock.now_ms, kNow);
  const ClockContact fast = Met("before all", kNow - 20 * kDay, kNow - 12 * kDay, 3 * kDay);
  EXPECT_FALSE(
      Ask(After(Written(kOne, kOneStarted, kNow - 2 * kDay, 3 * kDay), fast), 3 * kDay).unknown)
      << "wrong all the time, and by as much";
}

TEST_F(MovedClock, AnotherStartWithEvidenceOfAMoveIsUnknown) {
  const ClockContact met = Met("before all", kNow - 20 * kDay, kNow - 12 * kDay, 0);
  const auto unknown = [&](int64_t ahead_ms, int64_t ahead_now_ms = 0) {
    return Ask(After(Written(kOne, kOneStarted, kNow - 2 * kDay, ahead_ms), met), ahead_now_ms)
        .unknown;
  };
  EXPECT_TRUE(unknown(3 * kDay)) << "written after now";
  EXPECT_TRUE(unknown(-900 * kDay)) << "written before it last met the server";
  EXPECT_TRUE(unknown(0, 5 * kMinute)) << "off by more than then";
  EXPECT_FALSE(unknown(0, 5 * kMinute - 1));
  EXPECT_FALSE(Ask(Written(kOne, kOneStarted, kNow - 2 * kDay, -900 * kDay)).unknown)
      << "it had never met the server, and nothing shows";
}

TEST_F(MovedClock, AStartInWhichItIsSeenToMoveIsUnknown) {
  std::map<uint64_t, WrittenAt> written;
  written[7] = Written(kOne, kOneStarted, kNow - 3 * kDay, -kDay);
  written[8] = Written(kOne, kOneStarted, kNow - 2 * kDay, -kDay + 5 * kMinute - 1);
  EXPECT_EQ(BootsMovedIn(written).count(kOne), 0u);
  written[9] = Written(kOne, kOneStarted, kNow - 2 * kDay, -kDay + 5 * kMinute);
  moved_in_ = BootsMovedIn(written);
  EXPECT_EQ(moved_in_, (std::set<std::string>{kOne}));
  EXPECT_TRUE(Ask(written[7]).unknown);
}

TEST_F(MovedClock, WhoeverCannotTellSaysWhatItsClockSays) {
  EXPECT_EQ(Ask(Written("", 0, kNow - kHour, 3 * kDay)).now_ms, kNow);
  EXPECT_FALSE(Ask(Written("", 0, kNow - kHour, 3 * kDay)).unknown);
}

TEST(SkewSaid, IsThatOfTheClockItWasWrittenBy) {
  const ClockReading now = {kTwo, kHour, kNow + kHour};
  v1::SyncRequest request;
  SayClock({kNow + 3 * kDay, false}, now, &request);
  v1::SyncRequest received;
  ASSERT_TRUE(received.ParseFromString(request.SerializeAsString()));
  EXPECT_EQ(received.device_now_ms(), kNow + 3 * kDay) << "what a server of before understands";
  EXPECT_EQ(SkewSaid(received, kNow).writing_ms, 3 * kDay);
  EXPECT_EQ(SkewSaid(received, kNow).now_ms, kHour);
}

TEST(SkewSaid, IsUnknownWhereTheDeviceSaysSo) {
  const ClockReading now = {kTwo, kHour, kNow + kHour};
  v1::SyncRequest request;
  SayClock({now.wall_ms, true}, now, &request);
  EXPECT_EQ(SkewSaid(request, kNow).writing_ms, kSkewUnknown);
  EXPECT_EQ(SkewSaid(request, kNow).now_ms, kHour);
}

TEST(SkewSaid, OfADeviceOfBeforeIsWhatItsClockSays) {
  v1::SyncRequest request;
  EXPECT_EQ(SkewSaid(request, kNow).writing_ms, 0) << "it says nothing";
  request.set_device_now_ms(kNow + kDay);
  EXPECT_EQ(SkewSaid(request, kNow).writing_ms, kDay);
  request.set_device_now_ms(std::numeric_limits<int64_t>::min());
  EXPECT_EQ(SkewSaid(request, kNow).writing_ms, -(int64_t{1} << 48) - kNow);
  v1::SyncRequest plain;
  SayClock({kNow, false}, {kTwo, kHour, kNow}, &plain);
  EXPECT_TRUE(plain.GetReflection()->GetUnknownFields(plain).empty()) << "nothing to say beside";
}

}  // namespace
}  // namespace sotay::sync
