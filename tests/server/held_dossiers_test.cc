// What was held when a dossier became other people's, or came held after that: it is judged as of
// when it came, by what its author could have heard of then, however long it waited.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/dossiers_room.h"

namespace sotay::server {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::IsOk;
using tests::NewCase;
using tests::Note;
using tests::RecordNamed;
using tests::SealedPhone;

// A case with a note.  Quế and Ẩn have each edited the note and are away; Đàm's phone saw both
// before a restore, so what he makes on them is held until these two are back.
class HeldDossiersTest : public DossiersRoom {
 protected:
  HeldDossiersTest() {
    for (SealedPhone* phone : {&dam_, &que_, &an_}) {
      Enrol(phone, PostOf(phone->user_id(), "kv1", v1::CAPACITY_KSV));
    }
    dam_.Write("hs", {NewCase("hs"), Note("n").Says("bị can khai 53 triệu")});
    for (SealedPhone* phone : {&dam_, &que_, &an_}) room_.Exchange(phone);
    for (SealedPhone* phone : {&que_, &an_}) {
      phone->Write("hs", {Note("n").SetNumber(casework::v1::Note::kKindFieldNumber,
                                              casework::v1::NOTE_KIND_SCENE)});
    }
  }

  // What Đàm makes on theirs, pushed.
  uint64_t WritesHeld(const std::vector<SealedPhone*>& on) {
    v1::Change change;
    change.set_dossier_id(RecordNamed("hs").str());
    v1::RecordEdit* const edit = change.add_edits();
    edit->set_record_id(RecordNamed("n").str());
    edit->set_type("casework.v1.Note");
    for (const SealedPhone* phone : on) edit->add_parents(phone->id(1).str());
    *edit->add_ops() = tests::OnlyOp(Note("n").Measured("số tiền", "53", "triệu"));
    const uint64_t sequence = dam_.Forge(change);
    EXPECT_THAT(room_.Push(&dam_), IsOk());
    EXPECT_EQ(dam_.outcomes().at(sequence).verdict(), v1::VERDICT_HELD);
    return sequence;
  }
  // It waits for the lesser of the two first.
  SealedPhone* First() { return que_.id(1) < an_.id(1) ? &que_ : &an_; }
  SealedPhone* Second() { return First() == &que_ ? &an_ : &que_; }
  // What the server says of it by now.
  v1::ChangeOutcome Now(uint64_t sequence) {
    const auto again = room_.Sync(dam_, dam_.Request(sequence, sequence));
    EXPECT_THAT(again, IsOk());
    return again->outcomes(0);
  }
  uint64_t UnawareIn(const v1::ChangeOutcome& outcome) {
    const auto admission = room_.store->LoadAdmission("kv1", outcome.position());
    EXPECT_THAT(admission, IsOk());
    return sync::UnawareOf(*admission);
  }
  void Comes(SealedPhone* phone) {
    ASSERT_THAT(room_.Push(phone), IsOk());
    while (room_.hub->RunOnce()) {
    }
  }

  SealedPhone dam_{"dam"};
  SealedPhone que_{"que"};
  SealedPhone an_{"an"};
};

TEST_F(HeldDossiersTest, WhatCameBeforeTheActCountsHoweverLongItWaited) {
  const uint64_t held = WritesHeld({&que_, &an_});
  ASSERT_THAT(Restrict("ngu", "hs", {{"que", 0}, {"an", 0}}), IsOk());
  room_.Exchange(&dam_);  // hears of it, which is too late to matter
  DaysPass(40);
  Comes(First());
  EXPECT_EQ(Now(held).verdict(), v1::VERDICT_HELD) << "for the other";
  ASSERT_THAT(room_.Open(), IsOk());
  Comes(Second());
  const v1::ChangeOutcome now = Now(held);
  ASSERT_EQ(now.verdict(), v1::VERDICT_APPLIED) << now.message();
  EXPECT_EQ(UnawareIn(now), 1u);
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(HeldDossiersTest, WhatCameUnawareCountsThoughItWaited) {
  ASSERT_THAT(Restrict("ngu", "hs", {{"que", 0}, {"an", 0}}), IsOk());
  const uint64_t held = WritesHeld({&que_});
  // As what is not held.
  dam_.Write("hs", {Note("m").Says("một")});
  v1::SyncRequest unaware = dam_.Request();
  for (v1::Cursor& cursor : *unaware.mutable_cursors()) cursor.set_access(0);
  ASSERT_THAT(room_.Sync(dam_, unaware), IsOk());
  EXPECT_EQ(Now(held + 1).verdict(), v1::VERDICT_APPLIED);
  DaysPass(40);
  Comes(&que_);
  const v1::ChangeOutcome now = Now(held);
  ASSERT_EQ(now.verdict(), v1::VERDICT_APPLIED) << now.message();
  EXPECT_EQ(UnawareIn(now), 1u);
}

TEST_F(HeldDossiersTest, WhoHadHeardOfTheActGainsNothingByWaiting) {
  ASSERT_THAT(Restrict("ngu", "hs", {{"que", 0}, {"an", 0}}), IsOk());
  room_.Exchange(&dam_);
  const int64_t came_ms = room_.now_ms;
  const uint64_t held = WritesHeld({&que_, &an_});
  room_.now_ms += 60'000;
  Comes(First());
  ASSERT_THAT(room_.Open(), IsOk());
  Comes(Second());
  const v1::ChangeOutcome now = Now(held);
  EXPECT_EQ(now.verdict(), v1::VERDICT_QUARANTINED);
  EXPECT_EQ(now.reason(), v1::REASON_WRITER_MAY_NOT);
  // It came when it came, whoever decides about it now.
  const auto refused = room_.Quarantine("kv1");
  ASSERT_THAT(refused, SizeIs(1));
  EXPECT_EQ(refused[0].received_ms(), came_ms);
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

}  // namespace
}  // namespace sotay::server
