// A clock that is moved between writing and sending (docs/decisions/0033), over whole phones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sync/fragment.h"
#include "sync/unknown_time.h"
#include "tests/mobile-sdk/two_phones.h"

namespace sotay::sdk {
namespace {

using sync::RecordId;
using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using tests::IsOk;
using tests::Phone;
using tests::Set;

constexpr int64_t kMinute = 60 * 1000;
constexpr int64_t kHour = 60 * kMinute;
constexpr int64_t kDay = 24 * kHour;

class MovedClock : public tests::TwoPhones {
 protected:
  MovedClock() {
    Start(nguyet_, "one");
    Start(binh_, "binh's");
    auto term = nguyet_->Create("deadline", "", root_, {Set("rule_id", "report.resolve")});
    EXPECT_THAT(term, IsOk());
    term_ = *term;
    Meet();
    Pass(kHour);
  }

  // The machine starts, and its clock says the true time and `ahead_ms`.
  void Start(Phone& phone, const std::string& boot, int64_t ahead_ms = 0) {
    phone.since_boot = {boot, 0};
    phone.clock_ms = office_.now_ms + ahead_ms;
  }
  void Pass(int64_t ms) {
    office_.now_ms += ms;
    for (Phone* phone : {&nguyet_, &binh_}) {
      phone->clock_ms += ms;
      phone->since_boot.ms += ms;
    }
  }
  void Warn(Phone& phone, int days) {
    EXPECT_THAT(phone->Change(term_, {Set("warn_days", absl::StrCat(days))}), IsOk());
    Pass(kHour);
  }
  void Meet() {
    for (Phone* phone : {&nguyet_, &binh_, &nguyet_}) EXPECT_THAT((*phone)->Sync(), IsOk());
  }
  // What stands, the shown one first, on both phones.
  std::vector<uint64_t> Days() {
    std::vector<uint64_t> days;
    const auto view = nguyet_->Read(term_);
    const sync::FieldSlot* const slot = view->record.Slot(6);
    for (const auto& reading : slot->readings) days.push_back(*sync::VarintOf(reading.value));
    ExpectAllAgree();
    return days;
  }

  RecordId term_;
};

TEST_F(MovedClock, InOneStartWhoReallyWroteLaterHolds) {
  nguyet_.clock_ms += 3 * kDay;
  Warn(nguyet_, 3);
  Warn(binh_, 5);
  nguyet_.clock_ms -= 3 * kDay;  // set right before it is sent
  Meet();
  EXPECT_THAT(Days(), ::testing::ElementsAre(5));
  SOTAY_ASSERT_OK_AND_ASSIGN(const Status status, nguyet_->GetStatus());
  EXPECT_LT(std::abs(status.skew_ms), kMinute) << "its own clock as it is";

  Warn(binh_, 7);
  nguyet_.clock_ms -= 900 * kDay;
  Warn(nguyet_, 9);
  nguyet_.clock_ms += 900 * kDay;
  Meet();
  EXPECT_THAT(Days(), ::testing::ElementsAre(9));
}

TEST_F(MovedClock, OneOutboxMayBeWrittenByTwoClocks) {
  nguyet_.clock_ms += 3 * kDay;
  Warn(nguyet_, 3);
  nguyet_.clock_ms -= 3 * kDay;
  SOTAY_ASSERT_OK_AND_ASSIGN(
      const RecordId other,
      nguyet_->Create("deadline", "", root_, {Set("rule_id", "report.resolve")}));
  Warn(binh_, 5);
  Meet();
  EXPECT_THAT(Days(), ::testing::ElementsAre(5));
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto history, nguyet_->History(other, /*fetch=*/true));
  ASSERT_THAT(history, SizeIs(1));
  EXPECT_THAT(history[0].admission->marks(), Not(Contains(v1::MARK_CLOCK_CORRECTED)))
      << "that one's clock was right";
  EXPECT_EQ(sync::StampMs(history[0].admission->stamp()), history[0].change.claimed_ms());
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto terms, nguyet_->History(term_, /*fetch=*/true));
  int corrected = 0;
  for (const HistoryLine& line : terms) {
    const auto& marks = line.admission->marks();
    corrected += static_cast<int>(std::count(marks.begin(), marks.end(), v1::MARK_CLOCK_CORRECTED));
  }
  EXPECT_EQ(corrected, 1);
}

TEST_F(MovedClock, AMeetingInThatStartTellsHowWrongItWas) {
  Start(nguyet_, "two", 3 * kDay);
  Meet();
  Warn(nguyet_, 3);
  Warn(binh_, 5);
  Start(nguyet_, "three");
  Meet();
  EXPECT_THAT(Days(), ::testing::ElementsAre(5));
}

// Nobody can tell who wrote later: both stand, and somebody decides.
TEST_F(MovedClock, OfAnotherStartWithNothingToGoByBothReadingsStand) {
  Start(nguyet_, "two", 3 * kDay);
  Warn(nguyet_, 3);
  Warn(binh_, 5);
  Start(nguyet_, "three");
  Meet();
  EXPECT_THAT(Days(), ::testing::UnorderedElementsAre(3, 5));
  for (Phone* phone : {&nguyet_, &binh_}) {
    SOTAY_ASSERT_OK_AND_ASSIGN(const RecordView view, (*phone)->Read(term_));
    EXPECT_THAT(view.conflicts, SizeIs(1));
  }
  EXPECT_THAT(binh_->Change(term_, {Set("warn_days", "4")}), IsOk());
  Meet();
  EXPECT_THAT(Days(), ::testing::ElementsAre(4));
}

// That the clock was moved shows in what was sent before.
TEST_F(MovedClock, APushThatIsSplitLosesNoEvidence) {
  Start(nguyet_, "two");
  Note(nguyet_, "giờ đúng");
  Pass(10 * kHour);
  Warn(binh_, 5);
  Pass(kHour);
  nguyet_.clock_ms -= 5 * kHour;
  Warn(nguyet_, 3);
  Start(nguyet_, "three");
  office_.hub.push_changes_max = 1;
  Meet();
  EXPECT_THAT(Days(), ::testing::UnorderedElementsAre(3, 5)) << "hers was later, by the true time";
}

TEST_F(MovedClock, ARestartAloneMakesNothingUnknown) {
  Start(nguyet_, "two");
  Warn(nguyet_, 3);
  Warn(binh_, 5);
  Start(nguyet_, "three");
  Warn(nguyet_, 8);
  Meet();
  EXPECT_THAT(Days(), ::testing::ElementsAre(8));
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto history, nguyet_->History(term_, /*fetch=*/true));
  for (const HistoryLine& line : history) {
    EXPECT_FALSE(sync::IsTimeUnknown(line.admission->stamp()));
  }
}

TEST_F(MovedClock, WhenItHappenedIsToBeLookedAtUntilItIsWrittenAnew) {
  nguyet_.clock_ms += 3 * kDay;
  const std::string said = absl::StrCat(nguyet_.clock_ms.load());
  EXPECT_THAT(nguyet_->Change(root_, {Set("occurred_ms", said)}), IsOk());
  const auto doubtful = [&] { return nguyet_->GetStatus()->doubtful_times; };
  EXPECT_THAT(doubtful(), IsEmpty()) << "nobody has told it yet that its clock is wrong";
  Meet();
  ASSERT_THAT(doubtful(), SizeIs(1));
  EXPECT_EQ(doubtful()[0].record, root_);
  EXPECT_EQ(doubtful()[0].field, "occurred_ms");
  EXPECT_EQ(absl::StrCat(doubtful()[0].at_ms), said);
  EXPECT_LT(std::abs(doubtful()[0].ahead_ms - 3 * kDay), kMinute);
  EXPECT_FALSE(doubtful()[0].unknown);

  nguyet_.clock_ms -= 3 * kDay;
  EXPECT_THAT(nguyet_->Change(root_, {Set("occurred_ms", said)}), IsOk());
  EXPECT_THAT(doubtful(), IsEmpty()) << "confirmed, and not sent";
  Meet();
  EXPECT_THAT(doubtful(), IsEmpty());
}

// As of what is signed: nothing more can be said, and whoever decides about it has the answer.
TEST_F(MovedClock, AnAnswerThatIsRefusedIsOne) {
  nguyet_.clock_ms += 3 * kDay;
  EXPECT_THAT(nguyet_->Change(root_, {Set("occurred_ms", absl::StrCat(nguyet_.clock_ms.load()))}),
              IsOk());
  Meet();
  nguyet_.clock_ms -= 3 * kDay;
  ASSERT_THAT(nguyet_->GetStatus()->doubtful_times, SizeIs(1));
  EXPECT_THAT(nguyet_->Change(root_, {Set("occurred_ms", absl::StrCat(nguyet_.clock_ms.load()))}),
              IsOk());
  office_.hub.SetRoles("nguyet", tests::kOffice, {});
  EXPECT_THAT(nguyet_->Sync(), IsOk());
  office_.hub.SetRoles("nguyet", tests::kOffice, tests::kProsecutor);
  Meet();
  ASSERT_THAT(nguyet_->Refused(), ::testing::Truly([](const auto& refused) {
                return refused.ok() && refused->size() == 1;
              }));
  EXPECT_THAT(nguyet_->Read(root_), IsOk()) << "it is here again";
  EXPECT_THAT(nguyet_->GetStatus()->doubtful_times, IsEmpty());
}

}  // namespace
}  // namespace sotay::sdk
