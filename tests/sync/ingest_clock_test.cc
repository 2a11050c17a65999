// Ingest: what becomes of a device's claim of when it wrote.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sync/ingest.h"
#include "sync/stamp.h"
#include "sync/unknown_time.h"
#include "tests/support/paper_world.h"

namespace sotay::sync {
namespace {

using ::testing::ElementsAre;
using tests::CaseworkSchema;
using tests::ChangeNamed;
using tests::kProsecutor;
using tests::NewCase;
using tests::Note;
using tests::PaperOffice;
using tests::PaperPhone;
using tests::RecordNamed;
using N = casework::v1::Note;

constexpr int64_t kMinute = 60 * 1000;
constexpr int64_t kDay = 24 * 60 * kMinute;

class IngestClockTest : public ::testing::Test {
 protected:
  const Author& HeadOf(const MergedRecord& record, uint32_t field) {
    return record.author(record.Slot(field)->readings.front().author);
  }

  PaperOffice office_{CaseworkSchema()};
  PaperPhone phone_ = office_.Enrol("nguyet", kProsecutor);
};

// --- clocks ---------------------------------------------------------------------------------

TEST_F(IngestClockTest, CorrectsAClockThreeDaysFastBySkew) {
  phone_.clock_ms += 3 * kDay;
  phone_.Write("k", {NewCase("k")});
  office_.skew_ms = 3 * kDay;
  office_.Push(phone_);
  const v1::Admission& admission = office_.journal().back().admission;
  EXPECT_EQ(StampMs(admission.stamp()), phone_.clock_ms - 3 * kDay);
  EXPECT_THAT(admission.marks(), ElementsAre(v1::MARK_CLOCK_CORRECTED));
  EXPECT_EQ(admission.skew_ms(), 3 * kDay);
  EXPECT_EQ(HeadOf(*office_.Find("k"), 4).claimed_ms, phone_.clock_ms)
      << "the reader sees what the clock said";
}

// Its stamps follow what it has seen; when it wrote is what its clock said, less the skew.
TEST_F(IngestClockTest, CorrectsAClockYearsSlowThatHasSeenOthersWork) {
  PaperPhone slow = office_.Enrol("que", kProsecutor);
  phone_.Write("k", {NewCase("k")});
  office_.Exchange(&phone_);
  office_.Exchange(&slow);
  const int64_t wrote_ms = phone_.clock_ms + kMinute;
  slow.clock_ms = wrote_ms - 1000 * kDay;
  slow.Write("k", {Note("n").Says("chậm gần ba năm")});
  office_.now_ms = wrote_ms + kDay;
  office_.skew_ms = -1000 * kDay;
  office_.Push(slow);
  const v1::Admission& admission = office_.journal().back().admission;
  EXPECT_NEAR(static_cast<double>(StampMs(admission.stamp())), static_cast<double>(wrote_ms), 2'000)
      << "not the day it was received";
  EXPECT_THAT(admission.marks(), ElementsAre(v1::MARK_CLOCK_CORRECTED));
}

TEST_F(IngestClockTest, BoundsAClaimItCannotBelieve) {
  v1::Change change = PaperPhone::Draft("k", Note("n"), {});
  phone_.clock_ms += 50 * 365 * kDay;
  phone_.Write("k", {NewCase("k")});
  phone_.Write("k", {Note("n").Says("sau năm mươi năm")});
  office_.Push(phone_);
  const auto& journal = office_.journal();
  EXPECT_EQ(journal[0].admission.stamp(), StampAt(office_.now_ms + 5 * kMinute));
  EXPECT_THAT(journal[0].admission.marks(), ElementsAre(v1::MARK_CLOCK_BOUNDED));
  EXPECT_EQ(journal[1].admission.stamp(), journal[0].admission.stamp() + 1)
      << "its own changes do not tie";
}

TEST_F(IngestClockTest, TakesAChangeFrom1970) {
  phone_.clock_ms = 0;
  phone_.Write("k", {NewCase("k")});
  const PushOutcome outcome = office_.Push(phone_);
  ASSERT_EQ(outcome.outcomes.size(), 1u);
  EXPECT_EQ(outcome.outcomes[0].verdict(), v1::VERDICT_APPLIED);
}

TEST_F(IngestClockTest, PutsAnEditAfterWhatItsAuthorHadSeenWhateverTheClocksSay) {
  PaperPhone slow = office_.Enrol("que", kProsecutor);
  phone_.Write("k", {NewCase("k"), Note("n").SetNumber(N::kKindFieldNumber, 1)});
  office_.Exchange(&phone_);
  office_.Exchange(&slow);
  slow.clock_ms -= 30 * 365 * kDay;
  slow.Write("k", {Note("n").SetNumber(N::kKindFieldNumber, 2)});
  office_.Exchange(&slow);
  const auto& journal = office_.journal();
  EXPECT_GT(journal[1].admission.stamp(), journal[0].admission.stamp());
  EXPECT_EQ(office_.Find("n")->Slot(N::kKindFieldNumber)->readings.size(), 1u);
}

// Then it is the earliest it can be, and wins over nothing that was made without knowing of it.
TEST_F(IngestClockTest, OfAnUnknownTimeTheStampIsTheEarliestItCanBe) {
  phone_.Write("k", {NewCase("k")});
  office_.Push(phone_);
  const Stamp before = office_.journal().back().admission.stamp();
  phone_.clock_ms += 3 * kDay;
  phone_.Write("k", {Note("n").Says("giờ máy đã bị chỉnh")});
  phone_.Write("k", {Note("n").Says("giờ máy đã bị chỉnh hai lần")});
  office_.skew_ms = kSkewUnknown;
  office_.Push(phone_);
  const auto& journal = office_.journal();
  EXPECT_EQ(journal[1].admission.stamp(), StampOfUnknown(before));
  EXPECT_EQ(journal[2].admission.stamp(), StampOfUnknown(journal[1].admission.stamp()));
  EXPECT_TRUE(IsTimeUnknown(journal[2].admission.stamp()));
  EXPECT_THAT(journal[1].admission.marks(), ::testing::IsEmpty());
  EXPECT_EQ(journal[1].admission.skew_ms(), 0);
  // What is made on it is of a known time again.
  office_.skew_ms = 0;
  phone_.clock_ms -= 3 * kDay;
  phone_.Write("k", {Note("n").Says("giờ đúng")});
  office_.Push(phone_);
  EXPECT_FALSE(IsTimeUnknown(office_.journal().back().admission.stamp()));
  EXPECT_GT(office_.journal().back().admission.stamp(), journal[2].admission.stamp());
}

}  // namespace
}  // namespace sotay::sync
