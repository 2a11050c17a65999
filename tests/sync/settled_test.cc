// What is before the leader has one reading: while people disagree about a record it is not
// submitted, and not signed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sync/fragment.h"
#include "sync/ingest.h"
#include "sync/view.h"
#include "tests/support/paper_world.h"

namespace sotay::sync {
namespace {

using casework::v1::NOTE_STATE_SIGNED;
using casework::v1::NOTE_STATE_SUBMITTED;
using casework::v1::NOTE_STATE_WITHDRAWN;
using ::testing::HasSubstr;
using tests::CaseworkSchema;
using tests::kProsecutor;
using tests::kSupervisor;
using tests::NewCase;
using tests::Note;
using tests::PaperOffice;
using tests::PaperPhone;
using N = casework::v1::Note;

class SettledTest : public ::testing::Test {
 protected:
  void SetUp() override {
    phone_.Write("k",
                 {NewCase("k"), Note("n").Says("dài 4,2 m").SetNumber(N::kKindFieldNumber, 1)});
    Meet();
  }
  void Meet() {
    for (int pass = 0; pass < 2; ++pass) {
      for (PaperPhone* phone : {&phone_, &other_, &leader_}) office_.Exchange(phone);
    }
  }
  void Disagree(const tests::Wish& one, const tests::Wish& another) {
    phone_.Write("k", {one});
    other_.Write("k", {another});
    Meet();
    ASSERT_EQ(ConflictCount(*office_.Find("n")), 1u);
  }
  // What the office says of a step that the phone would not have taken.
  v1::ChangeOutcome Forced(PaperPhone* phone, casework::v1::NoteState state) {
    phone->Forge(PaperPhone::Draft("k", Note("n").Moves(state), office_.Find("n")->heads()));
    return office_.Push(*phone).outcomes.back();
  }

  PaperOffice office_{CaseworkSchema()};
  PaperPhone phone_ = office_.Enrol("nguyet", kProsecutor);
  PaperPhone other_ = office_.Enrol("que", kProsecutor);
  PaperPhone leader_ = office_.Enrol("ngu", kSupervisor);
};

TEST_F(SettledTest, AWordWithTwoReadingsIsPickedFirst) {
  Disagree(Note("n").Says("dài 4,5 m"), Note("n").Says("dài 4,7 m"));
  const auto tried = phone_.TryWrite("k", {Note("n").Moves(NOTE_STATE_SUBMITTED)});
  EXPECT_EQ(tried.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(tried.status().message()), HasSubstr("pick one of the readings of body"));
  // To take it back is another matter.
  EXPECT_TRUE(other_.TryWrite("k", {Note("n").Moves(NOTE_STATE_WITHDRAWN)}).ok());
  phone_.Write("k", {Note("n").Says("dài 4,7 m")});
  phone_.Write("k", {Note("n").Moves(NOTE_STATE_SUBMITTED)});
  EXPECT_EQ(office_.Push(phone_).outcomes.back().verdict(), v1::VERDICT_APPLIED);
}

TEST_F(SettledTest, TheOfficeDoesNotTakeItFromABuildThatDoesNotAsk) {
  Disagree(Note("n").SetNumber(N::kKindFieldNumber, 2),
           Note("n").SetNumber(N::kKindFieldNumber, 3));
  const v1::ChangeOutcome refused = Forced(&phone_, NOTE_STATE_SUBMITTED);
  EXPECT_EQ(refused.verdict(), v1::VERDICT_QUARANTINED);
  EXPECT_EQ(refused.reason(), v1::REASON_UNSETTLED);
  EXPECT_THAT(refused.message(), HasSubstr("from 0 to 2 pick one of the readings of kind"));
}

TEST_F(SettledTest, ItIsTheVersionItsAuthorSawThatCounts) {
  // Seen as settled, and submitted; that others wrote meanwhile nobody could know.
  phone_.Write("k", {Note("n").Says("dài 4,5 m")});
  phone_.Write("k", {Note("n").Moves(NOTE_STATE_SUBMITTED)});
  other_.Write("k", {Note("n").Says("dài 4,7 m")});
  office_.Exchange(&other_);
  EXPECT_EQ(office_.Push(phone_).outcomes.back().verdict(), v1::VERDICT_APPLIED);
  ASSERT_EQ(ConflictCount(*office_.Find("n")), 1u);
  Meet();
  // Whoever signs does know.
  const auto tried = leader_.TryWrite("k", {Note("n").Moves(NOTE_STATE_SIGNED)});
  EXPECT_EQ(tried.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Forced(&leader_, NOTE_STATE_SIGNED).reason(), v1::REASON_UNSETTLED);
  // Of an older version it is judged by that one, here with the two readings that were picked
  // since.
  const std::vector<ChangeId> apart = office_.Find("n")->heads();
  phone_.Write("k", {Note("n").Says("dài 4,7 m")});
  Meet();
  leader_.Forge(PaperPhone::Draft("k", Note("n").Moves(NOTE_STATE_SIGNED), apart));
  EXPECT_EQ(office_.Push(leader_).outcomes.back().reason(), v1::REASON_UNSETTLED);
  EXPECT_EQ(Forced(&leader_, NOTE_STATE_SIGNED).verdict(), v1::VERDICT_APPLIED);
}

}  // namespace
}  // namespace sotay::sync
