// A phone whose clock is wrong by days or years.  Nothing is refused for it, and it neither wins
// nor loses anything by it: the order in which people really wrote decides, and a reader is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <thread>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/stories/stage.h"

namespace sotay::tests {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kDayMs = 24 * 60 * 60 * 1000;
// The server measures the skew as far as a call takes; people are never this quick.
constexpr std::chrono::milliseconds kLater(500);

int DaysSince(absl::CivilDay day) {
  return static_cast<int>(absl::ToCivilDay(absl::Now(), absl::UTCTimeZone()) - day);
}

// (days the clock is ahead, order of meeting)
class WrongClock : public ::testing::TestWithParam<std::tuple<int, size_t>> {
 protected:
  static void SetUpTestSuite() {
    stage_ = std::make_unique<Stage>(Stage::Words{kDam, kQue}, CENSUS_SCHEMA);
  }
  static void TearDownTestSuite() {
    stage_->Close();
    stage_.reset();
  }
  void SetUp() override {
    plot_ = stage_->Phone(kQue, {"new", "census", absl::StrCat("plot_name=Ô ", ++plots_)})
                .value("id", "");
    stage_->Share(kQue);
    const int days = std::get<0>(GetParam());
    stage_->SetClock(kDam, absl::StrCat(days > 0 ? "+" : "", days, "d"));
  }
  void Colours(const std::string& phone, const std::string& colour) {
    stage_->Phone(phone, {"edit", plot_, "map_colour=" + colour});
    std::this_thread::sleep_for(kLater);
  }
  void ExpectColour(const std::string& colour) {
    stage_->Meet(std::get<1>(GetParam()));
    for (const std::string& phone : stage_->phones()) {
      EXPECT_EQ(stage_->Phone(phone, {"show", plot_})["content"]["map_colour"], colour) << phone;
    }
    stage_->ExpectTogether();
  }
  // What the wrong clock wrote last of the plot.
  json WrittenByIt() {
    json found;
    const json shown = stage_->Console({"show", plot_});
    for (const json& change : shown["history"]) {
      if (change["user"] == kDam) found = change;
    }
    return found;
  }

  static std::unique_ptr<Stage> stage_;
  static int plots_;
  std::string plot_;
};

std::unique_ptr<Stage> WrongClock::stage_;
int WrongClock::plots_ = 0;

// Three days fast; and at the first day of 2024, as after an empty battery.
INSTANTIATE_TEST_SUITE_P(DaysAheadInOrder, WrongClock,
                         ::testing::Combine(::testing::Values(3, -DaysSince(absl::CivilDay(2024, 1,
                                                                                           1))),
                                            ::testing::ValuesIn(OrdersOf(3))));

TEST_P(WrongClock, WhoReallyWroteLaterHolds) {
  Colours(kDam, "đỏ");
  Colours(kQue, "xanh");
  ExpectColour("xanh");
  Colours(kQue, "vàng");
  Colours(kDam, "tím");
  ExpectColour("tím");

  // And whoever reads is told.
  const int64_t ahead_ms = std::get<0>(GetParam()) * kDayMs;
  const json change = WrittenByIt();
  ASSERT_TRUE(change.is_object());
  const json& admission = change["admission"];
  const int64_t received_ms = admission["received_ms"];
  constexpr int64_t kMinuteMs = 60'000;
  EXPECT_NEAR(change["claimed_ms"].get<int64_t>(), received_ms + ahead_ms, kMinuteMs)
      << "what the device said stays as it said it";
  EXPECT_NEAR(admission["at_ms"].get<int64_t>(), received_ms, kMinuteMs);
  EXPECT_NEAR(admission["skew_ms"].get<int64_t>(), ahead_ms, kMinuteMs);
  EXPECT_THAT(admission["marks"], ElementsAre("MARK_CLOCK_CORRECTED"));
  for (const json& device : stage_->Console({"devices"})) {
    if (device["user"] == kDam) {
      EXPECT_NEAR(device["skew_ms"].get<int64_t>(), ahead_ms, kMinuteMs);
    }
  }
  EXPECT_THAT(stage_->Console({"quarantine"}), IsEmpty());
}

// Set right between writing and sending: what counts is the clock it was written by.
TEST_P(WrongClock, WhoReallyWroteLaterHoldsThoughTheClockWasSetRightSince) {
  const int64_t ahead_ms = std::get<0>(GetParam()) * kDayMs;
  Colours(kDam, "đỏ");
  Colours(kQue, "xanh");
  stage_->SetClock(kDam, "+0d");
  ExpectColour("xanh");
  const json first = WrittenByIt();
  ASSERT_TRUE(first.is_object());
  constexpr int64_t kMinuteMs = 60'000;
  EXPECT_NEAR(first["admission"]["skew_ms"].get<int64_t>(), ahead_ms, kMinuteMs);
  for (const json& device : stage_->Console({"devices"})) {
    if (device["user"] == kDam) {
      EXPECT_NEAR(device["skew_ms"].get<int64_t>(), 0, kMinuteMs) << "its clock as it is";
    }
  }
  Colours(kQue, "vàng");
  stage_->SetClock(kDam, absl::StrCat(ahead_ms > 0 ? "+" : "", ahead_ms / kDayMs, "d"));
  Colours(kDam, "tím");
  stage_->SetClock(kDam, "+0d");
  ExpectColour("tím");
}

TEST_P(WrongClock, WhenItHappenedIsToBeConfirmed) {
  const std::string id =
      stage_->Phone(kDam, {"new", "inspection", "kind=prison", "occurred_ms=now"}).value("id", "");
  stage_->Share(kDam);
  const json asked = stage_->Phone(kDam, {"status"})["doubtful_times"];
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0]["record"], id);
  EXPECT_NE(stage_->Try(kDam, {"confirm", id}).exit_code, 0) << "by a clock that is wrong";
  stage_->SetClock(kDam, "+0d");
  stage_->Phone(kDam, {"sync"});
  stage_->Phone(kDam, {"confirm", id});
  EXPECT_THAT(stage_->Phone(kDam, {"status"})["doubtful_times"], IsEmpty());
  stage_->Share(kDam);
  EXPECT_THAT(stage_->Phone(kDam, {"status"})["doubtful_times"], IsEmpty());
}

}  // namespace
}  // namespace sotay::tests
