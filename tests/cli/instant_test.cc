#include "mobile-sdk/cli/instant.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace sotay::cli {
namespace {

using ::testing::HasSubstr;
using tests::StatusIs;

constexpr int64_t kFifthOfNovember = 1'793'811'600'000;  // 05/11/2026 00:00 ICT
constexpr int64_t kMinute = 60'000;

int64_t Read(const char* text) {
  const auto ms = ParseInstant(text, 42);
  EXPECT_TRUE(ms.ok()) << ms.status();
  return ms.value_or(-1);
}

TEST(ParseInstant, ReadsTheDayFirst) {
  EXPECT_EQ(Read("05/11/2026"), kFifthOfNovember);
  EXPECT_EQ(Read("5/11/2026"), kFifthOfNovember);
  EXPECT_EQ(Read("05112026"), kFifthOfNovember);
  EXPECT_EQ(Read(" 05/11/2026  07:15 "), kFifthOfNovember + (7 * 60 + 15) * kMinute);
  EXPECT_EQ(Read("05112026 7:15"), kFifthOfNovember + (7 * 60 + 15) * kMinute);
}

TEST(ParseInstant, TakesNowAndMilliseconds) {
  EXPECT_EQ(Read("now"), 42);
  EXPECT_EQ(Read("1793811600000"), kFifthOfNovember);
}

TEST(ParseInstant, RefusesTheMonthFirstAndSaysWhy) {
  EXPECT_THAT(
      ParseInstant("11/25/2026", 0),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no month 25; the day comes first")));
  EXPECT_THAT(ParseInstant("11252026", 0),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no month 25")));
}

TEST(ParseInstant, RefusesWhatIsInNoCalendarAndOnNoClock) {
  for (const char* text : {"31/02/2026", "00/01/2026", "29/02/2027", "1/0/2026", "05/11/26",
                           "05/11/1026", "05/11/2026 24:00", "05/11/2026 07:60", "05/11/2026 7",
                           "2026-11-05", "05-11-2026", "hôm qua", "", "5/11",
                           "05/11/2026 07:15 sáng", "5112026", "+5/11/2026", "05/11/2026 7:5"}) {
    EXPECT_THAT(ParseInstant(text, 0), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
  EXPECT_EQ(Read("29/02/2028"), 1'835'370'000'000);
}

TEST(InstantInWords, IsInIctAndReadsBack) {
  EXPECT_EQ(InstantInWords(kFifthOfNovember), "05/11/2026 00:00");
  EXPECT_EQ(InstantInWords(kFifthOfNovember - kMinute), "04/11/2026 23:59");
  EXPECT_EQ(Read(InstantInWords(kFifthOfNovember + 435 * kMinute).c_str()),
            kFifthOfNovember + 435 * kMinute);
}

TEST(ParseInstantAs, FollowsTheFormatItIsGiven) {
  EXPECT_EQ(*ParseInstantAs("11/05/2026", "mm/dd/yyyy", 7 * 60), kFifthOfNovember);
  EXPECT_EQ(*ParseInstantAs("11/5/2026", "mm/dd/yyyy", 7 * 60), kFifthOfNovember);
  EXPECT_EQ(*ParseInstantAs("2026-11-05T06:30", "yyyy-mm-ddTHH:MM", 0),
            kFifthOfNovember + (13 * 60 + 30) * kMinute);
  EXPECT_THAT(ParseInstantAs("05.11.2026", "dd/mm/yyyy", 0),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not written as dd/mm/yyyy")));
  EXPECT_THAT(ParseInstantAs("05/11/2026 07:00", "dd/mm/yyyy", 0),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ParseInstantAs("05/2026", "dd/yyyy", 0),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("needs dd, mm and yyyy")));
}

TEST(ParseZone, ReadsMinutesEastOfGreenwich) {
  EXPECT_EQ(*ParseZone("+07:00"), 420);
  EXPECT_EQ(*ParseZone("-05:30"), -330);
  for (const char* zone : {"07:00", "+7:00", "+15:00", "ICT", "", "+07.00"}) {
    EXPECT_THAT(ParseZone(zone), StatusIs(absl::StatusCode::kInvalidArgument)) << zone;
  }
}

TEST(AgoInWords, SpeaksBothLanguages) {
  const Voice vi(Language::kVietnamese);
  const Voice en(Language::kEnglish);
  const int64_t now = kFifthOfNovember;
  EXPECT_EQ(AgoInWords(vi, now - 3 * kMinute, now), "3 phút trước");
  EXPECT_EQ(AgoInWords(en, now - 49 * 60 * kMinute, now), "2 d ago");
  EXPECT_EQ(AgoInWords(vi, 0, now), "chưa bao giờ");
  EXPECT_EQ(AgoInWords(vi, now + 5 * kMinute, now), "vừa xong");
  EXPECT_EQ(SpanInWords(vi, -90 * kMinute), "−1 giờ");
  EXPECT_EQ(SpanInWords(vi, 0), "0 giây");
  EXPECT_EQ(SpanInWords(vi, -40), "0 giây");
  EXPECT_EQ(SpanInWords(vi, 3 * 24 * 60 * kMinute - 100), "3 ngày");
}

TEST(ParseSeconds, TakesAUnitOrSeconds) {
  EXPECT_EQ(*ParseSeconds("90s"), 90u);
  EXPECT_EQ(*ParseSeconds("15m"), 900u);
  EXPECT_EQ(*ParseSeconds("2h"), 7200u);
  EXPECT_EQ(*ParseSeconds("7d"), 604800u);
  EXPECT_EQ(*ParseSeconds("900"), 900u);
  for (const char* text : {"", "m", "-5m", "5 m", "1.5h", "999999999d"}) {
    EXPECT_THAT(ParseSeconds(text), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
}

}  // namespace
}  // namespace sotay::cli
