// Changes of which only the id may be here: pushed so, or taken out of what was pushed before a
// byte of it is written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/quarantine.h"
#include "server/refusal.h"
#include "sync/seal/packed.h"
#include "tests/server/secrecy_room.h"

namespace sotay::server {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::IsOk;
using tests::Note;
using tests::StatusIs;

class WithheldTest : public SecrecyRoom {};

TEST_F(WithheldTest, KeepsItsPlaceAndNothingElse) {
  ASSERT_THAT(Seal(), IsOk());
  // Written before the phone had heard; then it has, and goes on elsewhere.
  const uint64_t gone = nguyet_.Write("k", {Note("n").Says(Secret("bốn"))});
  nguyet_.Write("e", {Note("m").Says("Đo vết phanh lần hai.")});
  nguyet_.withholds[gone] = Id("k");
  room_.Exchange(&nguyet_);
  EXPECT_EQ(nguyet_.outcomes().at(gone).verdict(), v1::VERDICT_QUARANTINED);
  EXPECT_EQ(nguyet_.outcomes().at(gone).reason(), v1::REASON_CLASSIFIED);
  EXPECT_EQ(nguyet_.outcomes().at(gone + 1).verdict(), v1::VERDICT_APPLIED);
  EXPECT_THAT(room_.Faults(), IsEmpty());
  // The same again is nothing new, withheld or not.
  for (const bool withheld : {true, false}) {
    if (!withheld) nguyet_.withholds.clear();
    const auto again = room_.Sync(nguyet_, nguyet_.Request(gone, gone + 1));
    ASSERT_THAT(again, IsOk());
    EXPECT_TRUE(again->outcomes(0).duplicate());
    EXPECT_EQ(again->outcomes(0).reason(), v1::REASON_CLASSIFIED);
  }
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_THAT(room_.Faults(), IsEmpty());
  EXPECT_THAT(RowsWith(kNeedle), IsEmpty());
}

TEST_F(WithheldTest, OfWhatIsPushedAllTheSameNotAByteIsWritten) {
  ASSERT_THAT(Seal(), IsOk());
  const uint64_t first = nguyet_.Write("k", {Note("n").Says(Secret("bốn"))});
  nguyet_.Write("e", {Note("m").Says("Đo vết phanh lần hai.")});
  room_.Exchange(&nguyet_);
  EXPECT_EQ(nguyet_.outcomes().at(first).reason(), v1::REASON_CLASSIFIED);
  EXPECT_EQ(nguyet_.outcomes().at(first + 1).verdict(), v1::VERDICT_APPLIED);
  EXPECT_THAT(FilesWith(kNeedle), IsEmpty());
  // Old and new in one push: what the server has already is in it as well.
  nguyet_.Write("e", {Note("m").Says("Đo vết phanh lần ba.")});
  ASSERT_THAT(room_.Sync(nguyet_, nguyet_.Request(1)), IsOk());
  EXPECT_THAT(FilesWith(kNeedle), IsEmpty());
  EXPECT_THAT(RowsWith(kNeedle), IsEmpty());
  EXPECT_THAT(room_.Faults(), IsEmpty());
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_THAT(FilesWith(kNeedle), IsEmpty());
}

TEST_F(WithheldTest, IsListedForAHeadAndTakenInByNobody) {
  ASSERT_THAT(Seal(), IsOk());
  const uint64_t gone = nguyet_.Write("k", {Note("n").Says(Secret("bốn"))});
  nguyet_.withholds[gone] = Id("k");
  room_.Exchange(&nguyet_);
  EXPECT_THAT(Listed("dam"), IsEmpty());
  const auto listed = Listed("ngu");
  ASSERT_THAT(listed, SizeIs(1));
  EXPECT_EQ(listed[0].change(), "");
  EXPECT_EQ(listed[0].change_id(), nguyet_.id(gone).str());
  EXPECT_EQ(listed[0].sequence(), gone);
  EXPECT_EQ(listed[0].user_id(), "nguyet");
  v1::TakeInRequest take;
  take.mutable_change()->set_device_id(listed[0].device_id());
  take.mutable_change()->set_sequence(gone);
  take.mutable_change()->set_change_id(listed[0].change_id());
  take.set_reason("đã đối chiếu");
  absl::StatusOr<v1::TakeInResponse> taken;
  room_.WithPen([&](Pen* pen) { taken = TakeIn(pen, *Of("ngu"), take); });
  EXPECT_FALSE(taken.ok());
  EXPECT_EQ(room_.directory->Head(kUnitOfRoom)->position(), 4u);
}

// It loses what it withheld, and nobody else anything; a head sees that something was.
TEST_F(WithheldTest, OfADossierThatNobodySealedCostsItsAuthorAlone) {
  const uint64_t gone = nguyet_.Write("e", {Note("m").Says("Đo vết phanh lần hai.")});
  nguyet_.withholds[gone] = Id("e");
  room_.Exchange(&nguyet_);
  EXPECT_EQ(nguyet_.outcomes().at(gone).reason(), v1::REASON_CLASSIFIED);
  EXPECT_THAT(Listed("ngu"), SizeIs(1));
  // What its author makes on that is refused, in the same push and in a later one, and waits for
  // nothing; what others make goes on.
  for (const char* words : {"Lần ba.", "Lần bốn."}) {
    const uint64_t after = nguyet_.Write("e", {Note("m").Says(words)});
    room_.Exchange(&nguyet_);
    EXPECT_EQ(nguyet_.outcomes().at(after).verdict(), v1::VERDICT_QUARANTINED) << words;
    EXPECT_EQ(nguyet_.outcomes().at(after).reason(), v1::REASON_BUILDS_ON_REFUSED) << words;
  }
  const uint64_t others = dam_.Write("e", {Note("m").Says("Đo lại.")});
  room_.Exchange(&dam_);
  EXPECT_EQ(dam_.outcomes().at(others).verdict(), v1::VERDICT_APPLIED);
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

// Whoever knew a record of a sealed dossier begins it anew in another one.
TEST_F(WithheldTest, ARecordThatWasSealedIsNotBornAnewElsewhere) {
  ASSERT_THAT(Seal(), IsOk());
  constexpr char kAgain[] = "Jh5Rw8Lc3Xs6";
  v1::Change change;
  change.set_dossier_id(Id("e"));
  change.set_reason(kAgain);
  v1::RecordEdit* const edit = change.add_edits();
  edit->set_record_id(Id("n"));
  edit->set_type("casework.v1.Note");
  const uint64_t again = dam_.Forge(change);
  room_.Exchange(&dam_);
  EXPECT_EQ(dam_.outcomes().at(again).reason(), v1::REASON_CLASSIFIED);
  EXPECT_THAT(RowsWith(kAgain), IsEmpty());
  EXPECT_THAT(room_.Faults(), IsEmpty());
  ASSERT_THAT(room_.Open(), IsOk());
  dam_.Write("e", {Note("m").Says("Đo lại.")});
  room_.Exchange(&dam_);
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

// It had come before anybody could know, waited for another's change, and is classified when that
// comes.
TEST_F(WithheldTest, WhatWasHeldLeavesThePushItCameIn) {
  room_.hub_options.secrets_ms = int64_t{1} << 62;  // nothing else takes it out
  ASSERT_THAT(room_.Open(), IsOk());
  constexpr char kHeld[] = "Jh5Rw8Lc3Xs6";
  const uint64_t awaited = nguyet_.Write("k", {Note("n").Says(Secret("bốn"))});
  v1::Change change;
  change.set_dossier_id(Id("k"));
  change.set_reason(kHeld);
  v1::RecordEdit* const edit = change.add_edits();
  edit->set_record_id(Id("n"));
  edit->set_type("casework.v1.Note");
  edit->add_parents(nguyet_.id(awaited).str());
  const uint64_t waits = dam_.Forge(change);
  room_.Exchange(&dam_);
  ASSERT_EQ(dam_.outcomes().at(waits).verdict(), v1::VERDICT_HELD);
  ASSERT_THAT(RowsWith(kHeld), SizeIs(2)) << "in quarantine, and in its push";
  Tables tables;
  v1::DossierAct& act = tables.dossier_acts.emplace_back();
  act.set_number(1);
  act.set_unit_id(kUnitOfRoom);
  act.set_dossier_id(Id("k"));
  act.set_reason("Công văn 9/VKS");
  act.mutable_sealed()->set_alias("Hồ sơ 17");
  room_.WithPen([&](Pen* pen) { ASSERT_THAT(pen->Commit(tables), IsOk()); });
  room_.Exchange(&nguyet_);
  room_.Exchange(&dam_);
  EXPECT_EQ(dam_.outcomes().at(waits).verdict(), v1::VERDICT_QUARANTINED);
  EXPECT_EQ(dam_.outcomes().at(waits).reason(), v1::REASON_CLASSIFIED);
  EXPECT_THAT(RowsWith(kHeld), IsEmpty());
  EXPECT_THAT(FilesWith(kHeld), IsEmpty());
  // And the rest of the dossier goes when somebody goes on with it.
  room_.hub_options.secrets_ms = 0;
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_THAT(RowsWith(kNeedle), IsEmpty());
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(WithheldTest, SaysWhatIsWrongWithAList) {
  nguyet_.Write("e", {Note("m").Says("hai")});
  nguyet_.Write("e", {Note("m").Says("ba")});
  const auto pushed = [&](const std::function<void(v1::ChangeBatch*)>& spoil) {
    v1::SyncRequest request = nguyet_.Request();
    v1::ChangeBatch batch = *Unpacked(request.push().changes());
    batch.mutable_changes(0)->clear();
    v1::WithheldChange* const one = batch.add_withheld();
    one->set_change_id(nguyet_.id(nguyet_.last_sequence() - 1).str());
    one->set_dossier_id(Id("e"));
    spoil(&batch);
    *request.mutable_push()->mutable_changes() = seal::Pack(batch.SerializeAsString());
    return room_.Sync(nguyet_, request).status();
  };
  constexpr auto kBad = absl::StatusCode::kInvalidArgument;
  const auto add = [&](v1::ChangeBatch* batch, uint32_t index) {
    *batch->add_withheld() = batch->withheld(0);
    batch->mutable_withheld(1)->set_index(index);
  };
  EXPECT_THAT(pushed([&](auto* batch) { add(batch, 0); }), StatusIs(kBad, HasSubstr("order")));
  EXPECT_THAT(pushed([&](auto* batch) { add(batch, 1); }), StatusIs(kBad, HasSubstr("bytes")));
  EXPECT_THAT(pushed([&](auto* batch) { add(batch, 2); }),
              StatusIs(kBad, HasSubstr("the push has 2 changes")));
  EXPECT_THAT(pushed([](auto* batch) { batch->mutable_withheld(0)->set_change_id("kurz"); }),
              StatusIs(kBad, HasSubstr("expected 32")));
  EXPECT_THAT(pushed([](auto* batch) { batch->mutable_withheld(0)->clear_dossier_id(); }),
              StatusIs(kBad, HasSubstr("expected 16")));
  // Another id than was sealed is no seal of the device's.
  const absl::Status forged =
      pushed([](auto* batch) { batch->mutable_withheld(0)->set_change_id(std::string(32, 'x')); });
  EXPECT_EQ(DetailOf(forged).reason(), v1::REASON_BAD_SIGNATURE);
  EXPECT_THAT(pushed([](auto*) {}), IsOk());
}

// What a forked or a revoked device sends is kept whole otherwise; of what is secret, the id.
TEST_F(WithheldTest, NothingSecretComesFromARevokedOrForkedDevice) {
  ASSERT_THAT(Seal(), IsOk());
  nguyet_.Write("k", {Note("n").Says(Secret("bốn"))});
  room_.Revoke(nguyet_);
  ASSERT_THAT(room_.Sync(nguyet_, nguyet_.Request()), IsOk());
  dam_.ForgetSince(dam_.last_sequence());
  dam_.Write("k", {Note("n").Says(Secret("năm"))});
  EXPECT_FALSE(room_.Sync(dam_, dam_.Request()).ok());
  dam_.Write("k", {Note("n").Says(Secret("sáu"))});
  EXPECT_FALSE(room_.Sync(dam_, dam_.Request(dam_.last_sequence())).ok());
  EXPECT_THAT(RowsWith(kNeedle), IsEmpty());
  EXPECT_THAT(FilesWith(kNeedle), IsEmpty());
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

// What was taken in whole is withheld when it is sent again, under whatever name.
TEST_F(WithheldTest, WhatItHadSentBeforeIsInAnEarlierPush) {
  nguyet_.Write("e", {Note("m").Says("Đo vết phanh lần hai.")});
  nguyet_.withholds[1] = std::string(16, 'x');
  ASSERT_THAT(room_.Sync(nguyet_, nguyet_.Request(1)), IsOk());
  EXPECT_THAT(room_.Faults(), IsEmpty());
  // And when its own dossier has left, of which that push says another name.
  ASSERT_THAT(Seal(), IsOk());
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

// It keeps the reason by which a head might take it in, and there is nothing to take in.
TEST_F(WithheldTest, WhatHasLeftOfARevokedDeviceIsTakenInByNobody) {
  const uint64_t late = nguyet_.Write("k", {Note("n").Says(Secret("bốn"))});
  room_.Revoke(nguyet_);
  ASSERT_THAT(room_.Sync(nguyet_, nguyet_.Request()), IsOk());
  ASSERT_THAT(Seal(), IsOk());
  EXPECT_THAT(room_.Faults(), IsEmpty());
  EXPECT_THAT(Listed("dam"), IsEmpty());
  const auto listed = Listed("ngu");
  ASSERT_THAT(listed, SizeIs(1));
  EXPECT_EQ(listed[0].reason(), v1::REASON_DEVICE_REVOKED);
  v1::TakeInRequest take;
  take.mutable_change()->set_device_id(listed[0].device_id());
  take.mutable_change()->set_sequence(late);
  take.mutable_change()->set_change_id(listed[0].change_id());
  take.set_reason("đã đối chiếu");
  absl::StatusOr<v1::TakeInResponse> taken;
  room_.WithPen([&](Pen* pen) { taken = TakeIn(pen, *Of("ngu"), take); });
  EXPECT_THAT(taken.status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no decision can mend")));
}

// Nobody sealed anything here: that they withhold is said by themselves.
TEST_F(WithheldTest, ByARevokedOrForkedDeviceOfWhatNobodySealed) {
  const uint64_t gone = nguyet_.Write("e", {Note("m").Says("Đo vết phanh lần hai.")});
  nguyet_.withholds[gone] = Id("e");
  room_.Revoke(nguyet_);
  ASSERT_THAT(room_.Sync(nguyet_, nguyet_.Request()), IsOk());
  EXPECT_THAT(room_.Faults(), IsEmpty());
  dam_.ForgetSince(dam_.last_sequence());
  for (int i = 0; i < 2; ++i) {
    const uint64_t forked = dam_.Write("e", {Note("m").Says("Đo lại.")});
    dam_.withholds[forked] = Id("e");
    EXPECT_FALSE(room_.Sync(dam_, dam_.Request(forked)).ok());
  }
  EXPECT_THAT(room_.Quarantine(kUnitOfRoom), SizeIs(0)) << "of no unit that it says";
  EXPECT_THAT(room_.Faults(), IsEmpty());
  EXPECT_THAT(Listed("dam"), IsEmpty());
  EXPECT_THAT(Listed("ngu"), SizeIs(3));
}

}  // namespace
}  // namespace sotay::server
