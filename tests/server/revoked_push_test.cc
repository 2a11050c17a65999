// What a revoked device still sends: kept for people, in no record, and never an answer that tells
// it anything of others.
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/refusal.h"
#include "tests/server/server_room.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::IsOk;
using tests::NewCase;
using tests::Note;
using tests::RecordNamed;
using tests::SealedPhone;
using tests::ServerRoom;

v1::Reason ReasonOf(const absl::Status& status) { return DetailOf(status).reason(); }

class RevokedPush : public ::testing::Test {
 protected:
  RevokedPush() {
    room_.Enrol(&nguyet_);
    room_.Enrol(&que_);
    nguyet_.Write("k", {NewCase("k"), Note("n").Says("một")});
    room_.Exchange(&nguyet_);
    room_.Exchange(&que_);
  }
  uint64_t position() { return room_.directory->Head("kv1")->position(); }
  std::shared_ptr<const stored::v1::DeviceRow> row() {
    return room_.directory->Device(nguyet_.device());
  }

  ServerRoom room_;
  SealedPhone nguyet_{"nguyet"};
  SealedPhone que_{"que"};
};

TEST_F(RevokedPush, IsKeptInQuarantineOnceHoweverOftenItComes) {
  nguyet_.Write("k", {Note("n").Says("hai")});
  nguyet_.Write("k", {Note("m").Says("ba")});
  room_.Revoke(nguyet_);
  que_.Write("k", {Note("q").Says("bốn")});
  room_.Exchange(&que_);
  const uint64_t before = position();
  for (int again = 0; again < 2; ++again) {
    SOTAY_ASSERT_OK_AND_ASSIGN(const auto response, room_.Sync(nguyet_, nguyet_.Request(2, 3)));
    EXPECT_EQ(response.accepted_through(), 3u);
    ASSERT_EQ(response.outcomes_size(), 2);
    for (const v1::ChangeOutcome& outcome : response.outcomes()) {
      EXPECT_EQ(outcome.verdict(), v1::VERDICT_QUARANTINED);
      EXPECT_EQ(outcome.reason(), v1::REASON_DEVICE_REVOKED);
      EXPECT_EQ(outcome.duplicate(), again == 1);
    }
    EXPECT_FALSE(response.has_records()) << "it is given nothing";
    EXPECT_FALSE(response.has_directory());
    ASSERT_EQ(response.cursors_size(), 1);
    EXPECT_EQ(response.cursors(0).position(), nguyet_.cursors.at(0).position());
    EXPECT_TRUE(response.more());
    ASSERT_THAT(room_.Open(), IsOk());
    EXPECT_EQ(room_.Quarantine("kv1").size(), 2u);
  }
  EXPECT_EQ(ReasonOf(room_.Sync(nguyet_, nguyet_.Pull()).status()), v1::REASON_DEVICE_REVOKED);
  EXPECT_EQ(position(), before);
  EXPECT_EQ(row()->set_aside(), 2u);
  EXPECT_EQ(row()->state(), v1::DEVICE_STATE_REVOKED);
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(RevokedPush, DoesNotTouchWhatWasReceivedBefore) {
  nguyet_.Write("k2", {Note("m").Says("hồ sơ chưa tới")});
  ASSERT_THAT(room_.Push(&nguyet_), IsOk());
  ASSERT_EQ(room_.Quarantine("kv1").at(0).verdict(), v1::VERDICT_HELD);
  room_.Revoke(nguyet_);
  que_.Write("k2", {NewCase("k2")});
  room_.Exchange(&que_);
  EXPECT_THAT(room_.Quarantine("kv1"), IsEmpty());
  EXPECT_NE(que_.Shown("m"), nullptr) << "it came while the device was its author's";
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(RevokedPush, IsRefusedPastWhatALostPhoneMayHold) {
  room_.Revoke(nguyet_);
  for (int i = 0; i < 2'001; ++i) nguyet_.ForgeBytes("x");
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto first, room_.Sync(nguyet_, nguyet_.Request(2, 1'001)));
  EXPECT_EQ(first.outcomes(0).reason(), v1::REASON_DEVICE_REVOKED) << "in whatever shape";
  ASSERT_THAT(room_.Sync(nguyet_, nguyet_.Request(1'002, 2'001)), IsOk());
  EXPECT_EQ(row()->set_aside(), 2'000u);
  EXPECT_EQ(ReasonOf(room_.Sync(nguyet_, nguyet_.Request(2'002, 2'002)).status()),
            v1::REASON_DEVICE_REVOKED);
  EXPECT_EQ(row()->set_aside(), 2'000u);
  EXPECT_EQ(row()->accepted_through(), 2'001u);
  // One whose answer was lost is told again.
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto again, room_.Sync(nguyet_, nguyet_.Request(1'002, 2'001)));
  EXPECT_EQ(again.outcomes_size(), 1'000);
}

TEST_F(RevokedPush, IsAskedForAShorterOneWhenThatFits) {
  room_.Revoke(nguyet_);
  for (int i = 0; i < 2'400; ++i) nguyet_.ForgeBytes("x");
  ASSERT_THAT(room_.Sync(nguyet_, nguyet_.Request(2, 1'001)), IsOk());
  ASSERT_THAT(room_.Sync(nguyet_, nguyet_.Request(1'002, 1'701)), IsOk());
  EXPECT_EQ(ReasonOf(room_.Sync(nguyet_, nguyet_.Request(1'702, 2'401)).status()),
            v1::REASON_TOO_LARGE);
  ASSERT_THAT(room_.Sync(nguyet_, nguyet_.Request(1'702, 2'001)), IsOk());
  EXPECT_EQ(row()->set_aside(), 2'000u);
}

TEST_F(RevokedPush, ItsClockIsNotBelieved) {
  nguyet_.Write("k", {Note("n").Says("hai")});
  room_.Revoke(nguyet_);
  const stored::v1::Contact before = room_.directory->ContactOf(nguyet_.device());
  v1::SyncRequest request = nguyet_.Request(2, 2);
  request.set_device_now_ms(room_.now_ms - int64_t{10} * 365 * 86'400'000);
  request.set_last_sequence(77);
  v1::SyncRequest unsealed = request;
  unsealed.mutable_push()->mutable_signature()->front() ^= 1;
  EXPECT_EQ(ReasonOf(room_.Sync(nguyet_, unsealed).status()), v1::REASON_BAD_SIGNATURE);
  EXPECT_EQ(room_.directory->ContactOf(nguyet_.device()).SerializeAsString(),
            before.SerializeAsString());
  ASSERT_THAT(room_.Sync(nguyet_, request), IsOk());
  EXPECT_EQ(room_.directory->ContactOf(nguyet_.device()).skew_ms(), before.skew_ms());
  EXPECT_EQ(room_.directory->ContactOf(nguyet_.device()).last_sequence(), 2u);
}

// What is held of it is judged by what it had seen then, whatever is pushed in its name later.
TEST_F(RevokedPush, HasNoPlaceInTheGraph) {
  const auto kind_on = [](const sync::ChangeId& parent, casework::v1::NoteKind kind) {
    v1::Change change;
    change.set_dossier_id(RecordNamed("k").str());
    v1::RecordEdit* const edit = change.add_edits();
    edit->set_record_id(RecordNamed("n").str());
    edit->set_type("casework.v1.Note");
    edit->add_parents(parent.str());
    *edit->add_ops() = tests::OnlyOp(
        Note("n").SetNumber(casework::v1::Note::kKindFieldNumber, static_cast<uint64_t>(kind)));
    return change;
  };
  // Made on what a colleague has not sent yet.
  que_.Write("k", {Note("n").Says("một hai")});
  nguyet_.Forge(kind_on(que_.id(1), casework::v1::NOTE_KIND_COURT_SESSION));
  ASSERT_THAT(room_.Push(&nguyet_), IsOk());
  ASSERT_EQ(room_.Quarantine("kv1").at(0).verdict(), v1::VERDICT_HELD);
  room_.Revoke(nguyet_);
  nguyet_.Forge(kind_on(nguyet_.id(1), casework::v1::NOTE_KIND_INTERROGATION));
  ASSERT_THAT(room_.Sync(nguyet_, nguyet_.Request(3, 3)), IsOk());
  room_.Exchange(&que_);
  const sync::MergedRecord* const note = que_.Shown("n");
  ASSERT_NE(note, nullptr);
  EXPECT_TRUE(note->seen().Has(nguyet_.device(), 2));
  EXPECT_FALSE(note->seen().Has(nguyet_.device(), 3));
  EXPECT_THAT(room_.Quarantine("kv1"), SizeIs(1));
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(RevokedPush, OfACopyIsRefusedAndTheDeviceStaysRevoked) {
  nguyet_.Write("k", {Note("n").Says("hai")});
  ASSERT_THAT(room_.Push(&nguyet_), IsOk());
  room_.Revoke(nguyet_);
  nguyet_.ForgetSince(2);
  nguyet_.Write("k", {Note("n").Says("khác")});
  EXPECT_EQ(ReasonOf(room_.Sync(nguyet_, nguyet_.Request(2, 2)).status()),
            v1::REASON_DEVICE_REVOKED);
  EXPECT_EQ(row()->state(), v1::DEVICE_STATE_REVOKED);
  EXPECT_THAT(room_.Quarantine("kv1"), IsEmpty());
}

}  // namespace
}  // namespace sotay::server
