// Deciding about refused changes: who may, what comes of it, and that nothing comes of it halfway.
#include "server/quarantine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/refusal.h"
#include "tests/server/quarantine_room.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {
namespace {

using casework::v1::NOTE_STATE_SUBMITTED;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::Case;
using tests::IsOk;
using tests::kSupervisor;
using tests::NewCase;
using tests::Note;
using tests::RecordNamed;
using tests::SealedPhone;
using tests::StatusIs;

constexpr auto kNotNow = absl::StatusCode::kFailedPrecondition;

class QuarantineTest : public QuarantineRoom {};

TEST_F(QuarantineTest, WhatALostPhoneWroteIsTakenInAsItsAuthors) {
  room_.now_ms += 60'000;
  nguyet_.Write("k", {Note("m").Says("Tin số 9 không ghi giờ.")});
  nguyet_.Write("k", {Note("m").Says("Tin số 9 không ghi giờ, số 14 thiếu chữ ký.")});
  room_.Revoke(nguyet_);
  ASSERT_THAT(room_.Sync(nguyet_, nguyet_.Request(2, 3)), IsOk());
  const auto refused = room_.Quarantine("kv1");
  ASSERT_THAT(refused, SizeIs(2));
  const int64_t received_ms = room_.now_ms;
  room_.now_ms += 3'600'000;
  // The second was made on the first, which is nowhere yet.
  EXPECT_EQ(DetailOf(Take(refused[1]).status()).reason(), v1::REASON_PARENT_UNKNOWN);
  SOTAY_ASSERT_OK_AND_ASSIGN(const v1::TakeInResponse first, Take(refused[0]));
  SOTAY_ASSERT_OK_AND_ASSIGN(const v1::TakeInResponse second, Take(refused[1]));
  EXPECT_EQ(second.position(), first.position() + 1);
  EXPECT_THAT(Listed("ngu"), IsEmpty());

  room_.Exchange(&que_);
  const sync::MergedRecord* note = que_.Shown("m");
  ASSERT_NE(note, nullptr);
  EXPECT_EQ(note->ShownText(casework::v1::Note::kBodyFieldNumber),
            "Tin số 9 không ghi giờ, số 14 thiếu chữ ký.");
  EXPECT_EQ(note->birth().user_id, "nguyet");
  EXPECT_EQ(note->birth().writer(), nguyet_.device());
  EXPECT_NE(note->birth().device, nguyet_.device());
  const v1::Admission admission = AdmissionAt(first.position());
  EXPECT_EQ(admission.user_id(), "nguyet");
  EXPECT_EQ(admission.received_ms(), received_ms) << "as what came then";
  EXPECT_EQ(admission.taken_in().user_id(), "ngu");
  EXPECT_EQ(admission.taken_in().decided_ms(), room_.now_ms);
  EXPECT_EQ(admission.taken_in().reason(), "đã đối chiếu");
  EXPECT_EQ(admission.taken_in().refused_for(), uint32_t{v1::REASON_DEVICE_REVOKED});
  EXPECT_THAT(room_.Faults(), IsEmpty());
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

// The author wrote on after a refusal nobody had told them of, in a field and in the text; then
// somebody takes the first in.
TEST_F(QuarantineTest, WhatWasWrittenMeanwhileIsMergedAndNothingIsLost) {
  Suspend(que_);
  que_.Write("k", {Note("n").Says("một hai")});
  que_.Write("k", {Note("n").SetNumber(casework::v1::Note::kKindFieldNumber, 2)});
  ASSERT_THAT(room_.Sync(que_, que_.Request(1, 1)), IsOk());  // whose answer is lost
  Restore(que_);
  ASSERT_THAT(room_.Push(&que_), IsOk());
  nguyet_.Write("k", {Note("n").Says("không một")});
  room_.Exchange(&nguyet_);
  const auto refused = room_.Quarantine("kv1");
  ASSERT_THAT(refused, SizeIs(1));
  EXPECT_EQ(refused[0].reason(), v1::REASON_NOT_MEMBER);
  SOTAY_ASSERT_OK_AND_ASSIGN(const v1::TakeInResponse taken, Take(refused[0]));
  const sync::MergedRecord note = Stored("n");
  EXPECT_EQ(note.ShownText(casework::v1::Note::kBodyFieldNumber), "không một hai");
  EXPECT_TRUE(note.seen().Has(que_.device(), 2)) << "what was made on it stays";
  EXPECT_THAT(room_.Faults(), IsEmpty());
  // Who edits it now has seen it.
  room_.Exchange(&nguyet_);
  nguyet_.Write("k", {Note("n").Says("không một hai ba")});
  room_.Exchange(&nguyet_);
  EXPECT_EQ(Stored("n").ShownText(casework::v1::Note::kBodyFieldNumber), "không một hai ba");
  EXPECT_THAT(room_.Faults(), IsEmpty());
  // Its author is told, and by the number it had.
  room_.Exchange(&que_);
  const v1::ChangeOutcome& told = que_.outcomes().at(1);
  EXPECT_EQ(told.verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(told.position(), taken.position());
  EXPECT_THAT(told.message(), HasSubstr("ngu: đã đối chiếu"));
}

TEST_F(QuarantineTest, ADossierThatIsTakenInReleasesWhatWaitsForIt) {
  Suspend(que_);
  que_.Write("k2", {NewCase("k2")});
  ASSERT_THAT(room_.Push(&que_), IsOk());
  v1::Change note;
  note.set_dossier_id(RecordNamed("k2").str());
  note.add_edits()->set_record_id(RecordNamed("m").str());
  note.mutable_edits(0)->set_type("casework.v1.Note");
  nguyet_.Forge(note);
  ASSERT_THAT(room_.Push(&nguyet_), IsOk());
  const auto aside = room_.Quarantine("kv1");
  ASSERT_THAT(aside, SizeIs(2));
  EXPECT_EQ(DetailOf(Take(aside[1]).status()).reason(), v1::REASON_DOSSIER_UNKNOWN) << "it waits";
  EXPECT_THAT(Drop(aside[1]), StatusIs(kNotNow));
  ASSERT_THAT(Take(aside[0]), IsOk());
  EXPECT_EQ(Stored("m").birth().user_id, "nguyet");
  EXPECT_THAT(Listed("ngu"), IsEmpty());
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(QuarantineTest, TwiceIsOnce) {
  Suspend(que_);
  que_.Write("k", {Note("m").Says("hai")});
  que_.Write("k", {Note("o").Says("ba")});
  ASSERT_THAT(room_.Push(&que_), IsOk());
  const auto refused = room_.Quarantine("kv1");
  SOTAY_ASSERT_OK_AND_ASSIGN(const v1::TakeInResponse taken, Take(refused[0]));
  room_.now_ms += 1000;
  SOTAY_ASSERT_OK_AND_ASSIGN(const v1::TakeInResponse again, Take(refused[0], "ngu", "khác"));
  EXPECT_EQ(again.SerializeAsString(), taken.SerializeAsString());
  EXPECT_EQ(room_.directory->Head("kv1")->position(), taken.position());
  EXPECT_EQ(DetailOf(Drop(refused[0]).status()).reason(), v1::REASON_EXISTS);

  SOTAY_ASSERT_OK_AND_ASSIGN(const v1::DismissResponse dropped, Drop(refused[1]));
  room_.now_ms += 1000;
  SOTAY_ASSERT_OK_AND_ASSIGN(const v1::DismissResponse same, Drop(refused[1]));
  EXPECT_EQ(same.SerializeAsString(), dropped.SerializeAsString());
  EXPECT_EQ(DetailOf(Drop(refused[1], "ngu", "khác").status()).reason(), v1::REASON_EXISTS);
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(QuarantineTest, WhatIsDismissedIsKeptToldAndMayStillBeTakenIn) {
  Suspend(que_);
  que_.Write("k", {Note("m").Says("hai")});
  ASSERT_THAT(room_.Push(&que_), IsOk());
  const auto refused = room_.Quarantine("kv1");
  ASSERT_THAT(Drop(refused[0]), IsOk());
  const auto listed = Listed("ngu");
  ASSERT_THAT(listed, SizeIs(1));
  EXPECT_EQ(listed[0].change(), refused[0].change());
  EXPECT_EQ(listed[0].dismissed().user_id(), "ngu");
  EXPECT_EQ(listed[0].dismissed().decided_ms(), room_.now_ms);
  EXPECT_EQ(listed[0].dismissed().reason(), "trùng với bản giấy");
  EXPECT_EQ(room_.directory->Device(que_.device())->set_aside(), 1u);
  Restore(que_);
  const auto hears = [&] {
    room_.Exchange(&que_);
    return que_.outcomes().at(1);
  };
  const v1::ChangeOutcome told = hears();
  EXPECT_EQ(told.verdict(), v1::VERDICT_QUARANTINED);
  EXPECT_EQ(told.reason(), v1::REASON_NOT_MEMBER);
  EXPECT_THAT(told.message(), HasSubstr("dismissed by ngu: trùng với bản giấy"));
  // A phone that never heard the first answer is told so, too.
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto again, room_.Sync(que_, que_.Request(1, 1)));
  EXPECT_EQ(again.outcomes(0).message(), told.message());
  EXPECT_THAT(room_.Faults(), IsEmpty());
  ASSERT_THAT(Take(refused[0]), IsOk());
  EXPECT_EQ(hears().verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(room_.directory->Device(que_.device())->set_aside(), 0u);
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(QuarantineTest, WhoHoldsARevokedPhoneIsToldNothingOfADismissal) {
  nguyet_.Write("k", {Note("n").Says("hai")});
  room_.Revoke(nguyet_);
  ASSERT_THAT(room_.Sync(nguyet_, nguyet_.Request(2, 2)), IsOk());
  ASSERT_THAT(Drop(room_.Quarantine("kv1").at(0)), IsOk());
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto again, room_.Sync(nguyet_, nguyet_.Request(2, 2)));
  EXPECT_THAT(again.outcomes(0).message(), ::testing::Not(HasSubstr("ngu")));
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(QuarantineTest, WhoMay) {
  room_.AddUser("dep", {});
  ASSERT_THAT(Put(PostOf("dep", "kv1", v1::CAPACITY_DEP, 0, 0, {"*"})), IsOk());
  room_.AddUser("dan-su", {});
  ASSERT_THAT(Put(PostOf("dan-su", "kv1", v1::CAPACITY_DEP, 0, 0, {"dan_su"})), IsOk());
  room_.AddUser("ins", {});
  ASSERT_THAT(Put(PostOf("ins", "kv1", v1::CAPACITY_INS, 0, kToday + 9)), IsOk());
  room_.AddUser("tinh", {{"tinh", options::v1::ROLE_SUPERVISOR}});
  room_.AddUser("ben-canh", {{"kv2", options::v1::ROLE_SUPERVISOR}});
  SealedPhone head("truong", "kv1", kSupervisor);
  room_.Enrol(&head);
  Suspend(que_);
  que_.Write("k", {Note("m").Says("hai")});
  ASSERT_THAT(room_.Push(&que_), IsOk());
  v1::Change own;  // a head writes what prosecutors write
  own.set_dossier_id(RecordNamed("k").str());
  own.add_edits()->set_record_id(RecordNamed("x").str());
  own.mutable_edits(0)->set_type("casework.v1.Note");
  head.Forge(own);
  ASSERT_THAT(room_.Push(&head), IsOk());
  nguyet_.Write("k", {Note("n").Says("ba")});
  room_.Revoke(nguyet_);
  ASSERT_THAT(room_.Sync(nguyet_, nguyet_.Request(2, 2)), IsOk());
  const auto refused = room_.Quarantine("kv1");
  ASSERT_THAT(refused, SizeIs(3));
  const v1::QuarantinedChange& note = refused[0];
  const v1::QuarantinedChange& heads = refused[1];
  const v1::QuarantinedChange& lost = refused[2];

  // Not there for those who are shown no refused change of the unit.
  for (const std::string nobody : {"khoa", "ben-canh"}) {
    EXPECT_EQ(DetailOf(Take(note, nobody).status()).reason(), v1::REASON_NOT_FOUND) << nobody;
    EXPECT_EQ(DetailOf(Drop(note, nobody).status()).reason(), v1::REASON_NOT_FOUND) << nobody;
  }
  // There to read, and not to decide.
  room_.AddUser("ksv", {{"kv1", options::v1::ROLE_PROSECUTOR}});
  for (const std::string reader : {"ksv", "ins", "dan-su"}) {
    EXPECT_EQ(DetailOf(Take(note, reader).status()).reason(), v1::REASON_ROLE_MAY_NOT) << reader;
    EXPECT_EQ(DetailOf(Drop(note, reader).status()).reason(), v1::REASON_ROLE_MAY_NOT) << reader;
  }
  EXPECT_THAT(Drop(note, "tinh"), ::testing::Not(IsOk())) << "units above guide, and do not decide";
  Restore(que_);
  EXPECT_EQ(DetailOf(Take(note, "que").status()).reason(), v1::REASON_ROLE_MAY_NOT)
      << "not one's own";
  EXPECT_EQ(DetailOf(Take(heads, "truong").status()).reason(), v1::REASON_ROLE_MAY_NOT);
  // What a revoked phone sent is for heads alone.
  EXPECT_EQ(DetailOf(Take(lost, "dep").status()).reason(), v1::REASON_ROLE_MAY_NOT);
  EXPECT_THAT(Take(lost, "truong"), IsOk());
  EXPECT_THAT(Take(note, "dep"), IsOk());
  EXPECT_THAT(Take(heads), IsOk());
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(QuarantineTest, WhatNoDecisionCanMendStaysOut) {
  v1::Change wrong;  // of a field the server assigns
  wrong.set_dossier_id(RecordNamed("k").str());
  wrong.add_edits()->set_record_id(RecordNamed("n").str());
  wrong.mutable_edits(0)->set_type("casework.v1.Case");
  wrong.mutable_edits(0)->add_parents(nguyet_.id(1).str());
  que_.Forge(wrong);
  que_.ForgeBytes("\xff not a change");
  ASSERT_THAT(room_.Push(&que_), IsOk());
  const auto refused = room_.Quarantine("kv1");
  ASSERT_THAT(refused, SizeIs(1));
  EXPECT_EQ(DetailOf(Take(refused[0]).status()).reason(), v1::REASON_TYPE_MISMATCH);
  EXPECT_THAT(Drop(refused[0]), IsOk());
  const auto unreadable = room_.Quarantine("");
  ASSERT_THAT(unreadable, SizeIs(1));
  EXPECT_EQ(DetailOf(Take(unreadable[0]).status()).reason(), v1::REASON_MALFORMED);
  EXPECT_THAT(Drop(unreadable[0]), IsOk());
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(QuarantineTest, EverythingButTheRightToWriteIsCheckedAgain) {
  Suspend(que_);
  v1::Change change;
  change.set_dossier_id(RecordNamed("k").str());
  v1::RecordEdit* const edit = change.add_edits();
  edit->set_record_id(RecordNamed("n").str());
  edit->set_type("casework.v1.Note");
  edit->add_parents(nguyet_.id(1).str());
  v1::FieldOp* const op = edit->add_ops();
  op->set_field(casework::v1::Note::kBodyFieldNumber);
  op->mutable_text()->set_length_before(99);  // of a text nobody has
  que_.Forge(change);
  ASSERT_THAT(room_.Push(&que_), IsOk());
  const auto refused = room_.Quarantine("kv1");
  ASSERT_EQ(refused.at(0).reason(), v1::REASON_NOT_MEMBER);
  const uint64_t before = room_.directory->Head("kv1")->position();
  EXPECT_EQ(DetailOf(Take(refused[0]).status()).reason(), v1::REASON_TEXT_MISMATCH);
  EXPECT_EQ(room_.directory->Head("kv1")->position(), before);
  EXPECT_THAT(Listed("ngu"), SizeIs(1));
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(QuarantineTest, AReasonIsNeeded) {
  Suspend(que_);
  que_.Write("k", {Note("m").Says("hai")});
  ASSERT_THAT(room_.Push(&que_), IsOk());
  const auto refused = room_.Quarantine("kv1");
  EXPECT_EQ(DetailOf(Take(refused[0], "ngu", "").status()).reason(), v1::REASON_MALFORMED);
  EXPECT_EQ(DetailOf(Drop(refused[0], "ngu", std::string(1'001, 'x')).status()).reason(),
            v1::REASON_TOO_LARGE);
  EXPECT_EQ(DetailOf(Drop(refused[0], "ngu", "\xff").status()).reason(), v1::REASON_MALFORMED);
}

// Wherever the power goes, it is decided as a whole, or not at all and may be decided again.
TEST_F(QuarantineTest, APowerCutLeavesItDecidedOrNot) {
  Suspend(que_);
  que_.Write("k", {Note("m").Says("hai")});
  ASSERT_THAT(room_.Push(&que_), IsOk());
  const auto refused = room_.Quarantine("kv1");
  const uint64_t before = room_.directory->Head("kv1")->position();
  size_t undecided = 0;
  bool told = false;
  for (uint64_t call = 1; !told; ++call) {
    ASSERT_LT(call, 50u);
    room_.disk.StopAtCall(call);
    told = Take(refused[0]).ok();
    room_.Close();
    room_.disk.Cut(testing::PowerCut::kKeepPrefix, call);
    ASSERT_THAT(room_.Open(), IsOk());
    EXPECT_THAT(room_.Faults(), IsEmpty());
    const bool decided = room_.directory->Head("kv1")->position() == before + 1;
    EXPECT_EQ(Listed("ngu").empty(), decided);
    EXPECT_TRUE(decided || !told);
    undecided += decided ? 0 : 1;
  }
  EXPECT_GT(undecided, 0u);
  EXPECT_EQ(Stored("m").birth().user_id, "que");
}

}  // namespace
}  // namespace sotay::server
