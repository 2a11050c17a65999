// Whose step of a state holds where two were taken apart: the higher post's, whatever the step.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/posts_room.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {
namespace {

using casework::v1::NOTE_STATE_RETURNED;
using casework::v1::NOTE_STATE_SIGNED;
using casework::v1::NOTE_STATE_SUBMITTED;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::NewCase;
using tests::Note;
using tests::RecordNamed;
using tests::SealedPhone;

class RanksTest : public PostsRoom {
 protected:
  int32_t StateOf(const std::string& note) {
    const auto stored = room_.store->LoadRecord(RecordNamed(note));
    const auto record = sync::MergedRecord::Parse(*tests::CaseworkSchema(), stored->value().bytes);
    return record->StateInForce(record->type()->state->number);
  }
  uint32_t AuthorityAt(uint64_t position) {
    return room_.store->LoadAdmission("kv1", position)->authority();
  }
};

TEST_F(RanksTest, AHeadsStepHoldsAgainstADeputysInEitherOrder) {
  SealedPhone nguyet("nguyet");
  room_.Enrol(&nguyet);
  nguyet.Write("k", {NewCase("k"), Note("n").Says("một"), Note("m").Says("hai")});
  nguyet.Write("k", {Note("n").Moves(NOTE_STATE_SUBMITTED), Note("m").Moves(NOTE_STATE_SUBMITTED)});
  room_.Exchange(&nguyet);
  SealedPhone ngu("ngu", "kv1", tests::kSupervisor);
  Enrol(&ngu, PostOf("ngu", "kv1", v1::CAPACITY_HEAD));
  SealedPhone duoc("duoc", "kv1", tests::kSupervisor);
  Enrol(&duoc, PostOf("duoc", "kv1", v1::CAPACITY_DEP, 0, 0, {"hinh_su"}));
  room_.Exchange(&ngu);
  room_.Exchange(&duoc);
  // Between equals the return, which is the more cautious, would hold.
  ngu.Write("k", {Note("n").Moves(NOTE_STATE_SIGNED)});
  ngu.Write("k", {Note("m").Moves(NOTE_STATE_SIGNED)});
  duoc.Write("k", {Note("n").Moves(NOTE_STATE_RETURNED)});
  room_.Exchange(&duoc);
  room_.Exchange(&ngu);
  EXPECT_EQ(AuthorityAt(2), 10u);
  EXPECT_EQ(AuthorityAt(3), 35u);
  EXPECT_EQ(AuthorityAt(4), 40u);
  EXPECT_EQ(StateOf("n"), NOTE_STATE_SIGNED);
  // The other way round: the deputy had not seen it.
  duoc.Write("k", {Note("m").Moves(NOTE_STATE_RETURNED)});
  room_.Exchange(&duoc);
  EXPECT_EQ(duoc.outcomes().at(2).verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(StateOf("m"), NOTE_STATE_SIGNED);
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(RanksTest, PhonesAreToldWhatTheirStepsWillCount) {
  room_.AddUser("nhieu", {});
  ASSERT_THAT(Put(PostOf("nhieu", "kv1", v1::CAPACITY_KTV)), tests::IsOk());
  const auto authority = [this] {
    const v1::Directory names = room_.directory->NamesFor(*Of("nhieu"));
    return names.units_size() == 1 ? names.units(0).authority() : 0;
  };
  EXPECT_EQ(authority(), 5u);
  // The highest of several counts, for as long as it is held.
  ASSERT_THAT(Put(PostOf("nhieu", "kv1", v1::CAPACITY_KSV, 0, kToday)), tests::IsOk());
  EXPECT_EQ(authority(), 10u);
  DaysPass(1);
  EXPECT_EQ(authority(), 5u);
  // A post above the unit is none in it.
  ASSERT_THAT(Put(PostOf("nhieu", "tinh", v1::CAPACITY_DIV, 0, 0, {"*"})), tests::IsOk());
  EXPECT_EQ(authority(), 5u);
}

}  // namespace
}  // namespace sotay::server
