// What somebody may write and not submit: a colleague who may has only to agree.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/refusal.h"
#include "tests/server/quarantine_room.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {
namespace {

using casework::v1::NOTE_STATE_SUBMITTED;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::IsOk;
using tests::NewCase;
using tests::Note;
using tests::SealedPhone;

class ConsentTest : public QuarantineRoom {};

TEST_F(ConsentTest, AProsecutorAgreesToWhatAnExaminerSubmitted) {
  SealedPhone ha("ha");
  Enrol(&ha, PostOf("ha", "kv1", v1::CAPACITY_KTV));
  room_.Exchange(&ha);
  ha.Write("k", {Note("n").Says("một hai").Moves(NOTE_STATE_SUBMITTED)});
  ha.Write("k", {NewCase("k2")});
  ha.Write("k", {Note("m").Says("ba").Moves(NOTE_STATE_SUBMITTED)});
  room_.Exchange(&ha);
  const auto refused = room_.Quarantine("kv1");
  ASSERT_THAT(refused, SizeIs(3));
  // Nobody agrees with themselves, nor does another who may not submit.
  room_.AddUser("rang", {});
  ASSERT_THAT(Put(PostOf("rang", "kv1", v1::CAPACITY_KTV)), IsOk());
  EXPECT_EQ(DetailOf(Take(refused[0], "ha").status()).reason(), v1::REASON_ROLE_MAY_NOT);
  EXPECT_EQ(DetailOf(Take(refused[0], "rang").status()).reason(), v1::REASON_ROLE_MAY_NOT);
  // To open a case is not what a prosecutor agrees to: a head decides.
  EXPECT_EQ(DetailOf(Take(refused[1], "que").status()).reason(), v1::REASON_ROLE_MAY_NOT);

  SOTAY_ASSERT_OK_AND_ASSIGN(const v1::TakeInResponse taken, Take(refused[0], "que"));
  EXPECT_EQ(taken.taken_in().user_id(), "que");
  SOTAY_ASSERT_OK_AND_ASSIGN(const v1::TakeInResponse repeated, Take(refused[0], "que"));
  EXPECT_EQ(repeated.position(), taken.position()) << "an answer may be lost";
  const sync::MergedRecord note = Stored("n");
  EXPECT_EQ(note.StateInForce(note.type()->state->number), NOTE_STATE_SUBMITTED);
  EXPECT_EQ(note.ShownText(casework::v1::Note::kBodyFieldNumber), "một hai");
  // Or does not agree, and says why.
  SOTAY_ASSERT_OK_AND_ASSIGN(const v1::DismissResponse dropped, Drop(refused[2], "que"));
  EXPECT_EQ(dropped.dismissed().user_id(), "que");
  room_.Exchange(&ha);
  EXPECT_EQ(ha.outcomes().at(1).verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(ha.outcomes().at(1).message(), "taken in by que: đã đối chiếu");

  // Against a leader who dismissed it no prosecutor agrees.
  SOTAY_ASSERT_OK_AND_ASSIGN(const v1::DismissResponse again, Drop(refused[2], "que"));
  EXPECT_EQ(again.dismissed().decided_ms(), dropped.dismissed().decided_ms());
  EXPECT_EQ(DetailOf(Take(refused[2], "nguyet").status()).reason(), v1::REASON_ROLE_MAY_NOT);
  EXPECT_THAT(Take(refused[2], "que"), IsOk()) << "who did not agree may think better of it";

  // What somebody may no longer write at all is not waiting for consent.
  ha.Write("k", {Note("n2").Says("bốn").Moves(NOTE_STATE_SUBMITTED)});
  room_.Exchange(&ha);
  ASSERT_THAT(room_.Quarantine("kv1"), SizeIs(4));
  ASSERT_THAT(End("ha", 1, kToday), IsOk());
  DaysPass(1);
  EXPECT_EQ(DetailOf(Take(room_.Quarantine("kv1")[3], "que").status()).reason(),
            v1::REASON_ROLE_MAY_NOT);
  EXPECT_THAT(Take(room_.Quarantine("kv1")[3], "ngu"), IsOk());
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

// A step alone is no way round what its author may not do.
TEST_F(ConsentTest, IsToASubmissionByWhoeverMayWriteThereAndToNothingElse) {
  SealedPhone ha("ha");
  Enrol(&ha, PostOf("ha", "kv1", v1::CAPACITY_KTV));
  room_.Exchange(&ha);
  ha.Write("k", {Note("n").Moves(NOTE_STATE_SUBMITTED)});
  room_.Exchange(&ha);
  // A deputy signs in a field of work that is not theirs.
  nguyet_.Write("k", {Note("m").Says("hai")});
  nguyet_.Write("k", {Note("m").Moves(NOTE_STATE_SUBMITTED)});
  room_.Exchange(&nguyet_);
  SealedPhone duoc("duoc", "kv1", tests::kSupervisor);
  Enrol(&duoc, PostOf("duoc", "kv1", v1::CAPACITY_DEP, 0, 0, {"dan_su"}));
  room_.Exchange(&duoc);
  duoc.Write("k", {Note("m").Moves(casework::v1::NOTE_STATE_SIGNED)});
  room_.Exchange(&duoc);
  SealedPhone ngu("ngu", "kv1", tests::kSupervisor);
  room_.Enrol(&ngu);
  room_.Exchange(&ngu);
  ngu.Write("k", {Note("m").Moves(casework::v1::NOTE_STATE_RETURNED)});
  room_.Exchange(&ngu);
  room_.Exchange(&nguyet_);
  nguyet_.Write("k", {Note("m").Moves(casework::v1::NOTE_STATE_DRAFT)});
  room_.Exchange(&nguyet_);
  const auto refused = room_.Quarantine("kv1");
  ASSERT_THAT(refused, SizeIs(2));
  EXPECT_EQ(DetailOf(Take(refused[1], "que").status()).reason(), v1::REASON_ROLE_MAY_NOT);

  ASSERT_THAT(End("ha", 1, kToday), IsOk());
  DaysPass(1);
  EXPECT_EQ(DetailOf(Take(refused[0], "que").status()).reason(), v1::REASON_ROLE_MAY_NOT);
  EXPECT_THAT(Take(refused[0]), IsOk()) << "a head decides about what anybody wrote";
}

// Whoever agrees knows what there is by now.
TEST_F(ConsentTest, WaitsUntilPeopleAgreeAboutTheWords) {
  SealedPhone ha("ha");
  Enrol(&ha, PostOf("ha", "kv1", v1::CAPACITY_KTV));
  room_.Exchange(&ha);
  ha.Write("k", {Note("n").Moves(NOTE_STATE_SUBMITTED)});
  room_.Exchange(&ha);
  nguyet_.Write("k", {Note("n").Says("hai")});
  que_.Write("k", {Note("n").Says("ba")});
  room_.Exchange(&nguyet_);
  room_.Exchange(&que_);
  room_.Exchange(&nguyet_);
  const auto refused = room_.Quarantine("kv1");
  ASSERT_THAT(refused, SizeIs(1));
  EXPECT_EQ(DetailOf(Take(refused[0], "que").status()).reason(), v1::REASON_UNSETTLED);
  nguyet_.Write("k", {Note("n").Says("ba")});
  room_.Exchange(&nguyet_);
  EXPECT_THAT(Take(refused[0], "que"), IsOk());
}

}  // namespace
}  // namespace sotay::server
