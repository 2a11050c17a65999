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
  const sync::MergedRecord note = Stored("n");
  EXPECT_EQ(note.StateInForce(note.type()->state->number), NOTE_STATE_SUBMITTED);
  EXPECT_EQ(note.ShownText(casework::v1::Note::kBodyFieldNumber), "một hai");
  // Or does not agree, and says why.
  SOTAY_ASSERT_OK_AND_ASSIGN(const v1::DismissResponse dropped, Drop(refused[2], "que"));
  EXPECT_EQ(dropped.dismissed().user_id(), "que");
  room_.Exchange(&ha);
  EXPECT_EQ(ha.outcomes().at(1).verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(ha.outcomes().at(1).message(), "taken in by que: đã đối chiếu");

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

}  // namespace
}  // namespace sotay::server
