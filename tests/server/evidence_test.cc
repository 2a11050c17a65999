#include "server/evidence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/quarantine.h"
#include "sync/seal/digest.h"
#include "sync/seal/dossier_check.h"
#include "tests/server/exported_dossier.h"
#include "tests/server/server_room.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {
namespace {

using ::testing::IsEmpty;
using tests::IsOk;
using tests::NewCase;
using tests::Note;
using tests::RecordNamed;
using tests::SealedPhone;
using tests::ServerRoom;
using tests::StatusIs;

class EvidenceTest : public ::testing::Test {
 protected:
  EvidenceTest() { room_.Enrol(&nguyet_); }

  absl::StatusOr<v1::ProveRecordResponse> Prove(const std::string& record,
                                                const v1::LogHead* head = nullptr) {
    v1::ProveRecordRequest request;
    request.set_record_id(RecordNamed(record).str());
    if (head != nullptr) *request.mutable_head() = *head;
    const Evidence evidence(room_.directory.get(), room_.store.get(), room_.notary.get(),
                            room_.supervision.get());
    return evidence.ProveRecord(*room_.directory->FindPerson("nguyet"), request, room_.now_ms);
  }

  // Of a dossier of these records, read page by page, as the file that is checked.
  std::vector<std::string> Faults(const std::vector<std::string>& records, int page = 0) {
    const auto dossier = tests::ExportOf(room_, "nguyet", records, {.page = page});
    EXPECT_THAT(dossier, IsOk());
    if (!dossier.ok()) return {"not proven"};
    return seal::CheckDossier(*tests::CaseworkSchema(), tests::SealedBy(nguyet_.key(), *dossier),
                              room_.log_key.PublicKey())
        .faults;
  }

  ServerRoom room_;
  SealedPhone nguyet_{"nguyet"};
};

TEST_F(EvidenceTest, HoldsForWhatSeveralWroteInSeveralPushesAndPages) {
  SealedPhone dam("dam");
  room_.Enrol(&dam);
  nguyet_.Write("k", {NewCase("k"), Note("n").Says("Vết phanh dài 4,2 m.")});
  room_.Exchange(&nguyet_);
  room_.Exchange(&dam);
  for (int i = 0; i < 40; ++i) {
    nguyet_.Write("k", {Note("n").Says("Vết phanh dài 4," + std::to_string(i) + " m.")});
    dam.Write("k", {Note("n").Says("Vết phanh dài 5," + std::to_string(i) + " m.")});
    nguyet_.Write("l" + std::to_string(i), {NewCase("l" + std::to_string(i))});
    if (i % 3 == 0) room_.Exchange(&nguyet_);
    if (i % 5 == 0) room_.Exchange(&dam);
  }
  room_.Exchange(&nguyet_);
  room_.Exchange(&dam);
  EXPECT_THAT(Faults({"k", "n"}), IsEmpty());
  EXPECT_THAT(Faults({"k", "n"}, 7), IsEmpty());
}

// The phone never heard that its first push arrived, and sent it again with more behind it.
TEST_F(EvidenceTest, HoldsWhereAnAnswerWasLost) {
  nguyet_.Write("k", {NewCase("k")});
  nguyet_.Write("k", {Note("n").Says("một")});
  ASSERT_THAT(room_.Sync(nguyet_, nguyet_.Request()), IsOk());
  nguyet_.Write("k", {Note("n").Says("một hai")});
  ASSERT_THAT(room_.Push(&nguyet_), IsOk());
  nguyet_.Write("k", {Note("n").Says("một hai ba")});
  ASSERT_THAT(room_.Push(&nguyet_), IsOk());
  EXPECT_THAT(Faults({"k", "n"}), IsEmpty());
}

// The first signature is of the revision it names, whatever came after it.
TEST_F(EvidenceTest, HoldsWhereWhatWasSignedWasAmended) {
  SealedPhone leader("ngu", "kv1", tests::kSupervisor);
  room_.Enrol(&leader);
  nguyet_.Write("k", {NewCase("k"), Note("n").Says("Tháng 10 tiếp nhận 17 tin.")});
  room_.Exchange(&nguyet_);
  room_.Exchange(&leader);
  leader.Write("k", {tests::SignOffOf(*leader.Shown("n"), "s", {}, seal::HashContent)});
  nguyet_.Write("k", {Note("n").Says("Tháng 10 tiếp nhận 17 tin. Tin số 9 không ghi giờ.")});
  room_.Exchange(&leader);
  room_.Exchange(&nguyet_);
  EXPECT_THAT(Faults({"k", "n", "s"}), IsEmpty());
  const auto late = room_.Quarantine("kv1");
  ASSERT_THAT(late, ::testing::SizeIs(1));
  ASSERT_EQ(late[0].reason(), v1::REASON_LATE_AMENDMENT);
  v1::TakeInRequest request;
  request.mutable_change()->set_device_id(late[0].device_id());
  request.mutable_change()->set_sequence(late[0].sequence());
  request.mutable_change()->set_change_id(late[0].change_id());
  request.set_reason("đã đối chiếu");
  room_.WithPen([&](Pen* pen) {
    EXPECT_THAT(TakeIn(pen, *room_.directory->FindPerson("ngu"), request), IsOk());
  });
  room_.now_ms += 10'000;  // for a head of the log that has it
  EXPECT_THAT(Faults({"k", "n", "s"}), IsEmpty());
  room_.Exchange(&leader);
  leader.Write("k", {tests::SignOffOf(*leader.Shown("n"), "t", {"s"}, seal::HashContent)});
  room_.Exchange(&leader);
  room_.now_ms += 10'000;
  EXPECT_THAT(Faults({"k", "n", "s", "t"}), IsEmpty());
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(EvidenceTest, HoldsWhereAChangeWasRefused) {
  nguyet_.Write("k", {NewCase("k"), Note("n").Says("một")});
  v1::Change change;
  change.set_dossier_id(RecordNamed("k").str());
  v1::RecordEdit* edit = change.add_edits();
  edit->set_record_id(RecordNamed("n").str());
  edit->set_type("casework.v1.Case");  // it is a note
  nguyet_.Forge(change);
  nguyet_.Write("k", {Note("n").Says("một hai")});
  room_.Exchange(&nguyet_);
  ASSERT_EQ(room_.Quarantine("kv1").size(), 1u);
  EXPECT_THAT(Faults({"k", "n"}), IsEmpty());
}

// One was made on it where it was refused, one where it was taken in.
TEST_F(EvidenceTest, HoldsWhereARefusedChangeWasTakenIn) {
  SealedPhone dam("dam");
  room_.Enrol(&dam);
  room_.AddUser("ngu", {{"kv1", options::v1::ROLE_SUPERVISOR}});
  nguyet_.Write("k", {NewCase("k"), Note("n").Says("một")});
  room_.Exchange(&nguyet_);
  room_.Exchange(&dam);
  room_.AddUser("dam", {});
  constexpr uint32_t kKind = casework::v1::Note::kKindFieldNumber;
  dam.Write("k", {Note("n").SetNumber(kKind, casework::v1::NOTE_KIND_SCENE)});
  dam.Write("k", {Note("n").SetNumber(kKind, casework::v1::NOTE_KIND_INTERROGATION)});
  ASSERT_THAT(room_.Sync(dam, dam.Request(1, 1)), IsOk());  // whose answer is lost
  room_.AddUser("dam", {{"kv1", options::v1::ROLE_PROSECUTOR}});
  ASSERT_THAT(room_.Push(&dam), IsOk());
  const auto refused = room_.Quarantine("kv1");
  ASSERT_EQ(refused.size(), 1u);
  v1::TakeInRequest request;
  request.mutable_change()->set_device_id(refused[0].device_id());
  request.mutable_change()->set_sequence(1);
  request.mutable_change()->set_change_id(refused[0].change_id());
  request.set_reason("đã đối chiếu");
  room_.WithPen([&](Pen* pen) {
    EXPECT_THAT(TakeIn(pen, *room_.directory->FindPerson("ngu"), request), IsOk());
  });
  EXPECT_THAT(Faults({"k", "n"}), IsEmpty());
  room_.Exchange(&nguyet_);
  const auto* kind = nguyet_.Shown("n")->Slot(kKind);
  ASSERT_NE(kind, nullptr);
  EXPECT_EQ(kind->readings.size(), 2u) << "both stand until somebody picks";
  nguyet_.Write("k", {Note("n").SetNumber(kKind, casework::v1::NOTE_KIND_SCENE)});
  room_.Exchange(&nguyet_);
  room_.now_ms += 2'000;  // another head
  EXPECT_THAT(Faults({"k", "n"}), IsEmpty());
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

// Two were refused, one made on the other; a third was made on these after the first was taken in,
// by a phone that had heard of nothing.
TEST_F(EvidenceTest, HoldsWhereWhatWasMadeOnOneTakenInStaysRefused) {
  SealedPhone dam("dam");
  room_.Enrol(&dam);
  room_.AddUser("ngu", {{"kv1", options::v1::ROLE_SUPERVISOR}});
  nguyet_.Write("k", {NewCase("k"), Note("n").Says("một")});
  room_.Exchange(&nguyet_);
  room_.Exchange(&dam);
  room_.AddUser("dam", {});
  constexpr uint32_t kKind = casework::v1::Note::kKindFieldNumber;
  dam.Write("k", {Note("n").SetNumber(kKind, casework::v1::NOTE_KIND_SCENE)});
  dam.Write("k", {Note("n").SetNumber(kKind, casework::v1::NOTE_KIND_INTERROGATION)});
  ASSERT_THAT(room_.Sync(dam, dam.Request(1)), IsOk());  // whose answer is lost
  room_.AddUser("dam", {{"kv1", options::v1::ROLE_PROSECUTOR}});
  const auto refused = room_.Quarantine("kv1");
  ASSERT_EQ(refused.size(), 2u);
  v1::TakeInRequest request;
  request.mutable_change()->set_device_id(refused[0].device_id());
  request.mutable_change()->set_sequence(refused[0].sequence());
  request.mutable_change()->set_change_id(refused[0].change_id());
  request.set_reason("đã đối chiếu");
  room_.WithPen([&](Pen* pen) {
    EXPECT_THAT(TakeIn(pen, *room_.directory->FindPerson("ngu"), request), IsOk());
  });
  dam.Write("k", {Note("n").SetNumber(kKind, casework::v1::NOTE_KIND_SCENE)});
  ASSERT_THAT(room_.Push(&dam), IsOk());
  const auto now = room_.Quarantine("kv1");
  ASSERT_EQ(now.size(), 2u) << "what was taken in stays listed there";
  EXPECT_EQ(now[0].verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(now[1].verdict(), v1::VERDICT_QUARANTINED);
  EXPECT_EQ(dam.outcomes().at(3).verdict(), v1::VERDICT_APPLIED);
  EXPECT_THAT(Faults({"k", "n"}), IsEmpty());
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

// The second came, and was refused, when the first had been taken in: what is made on it has seen
// that.
TEST_F(EvidenceTest, HoldsWhereWhatWasMadeOnOneTakenInIsRefusedAfterThat) {
  SealedPhone dam("dam");
  room_.Enrol(&dam);
  room_.AddUser("ngu", {{"kv1", options::v1::ROLE_SUPERVISOR}});
  nguyet_.Write("k", {NewCase("k"), Note("n").Says("một")});
  room_.Exchange(&nguyet_);
  room_.Exchange(&dam);
  room_.AddUser("dam", {});
  constexpr uint32_t kKind = casework::v1::Note::kKindFieldNumber;
  dam.Write("k", {Note("n").SetNumber(kKind, casework::v1::NOTE_KIND_SCENE)});
  ASSERT_THAT(room_.Sync(dam, dam.Request(1)), IsOk());  // whose answer is lost
  const auto refused = room_.Quarantine("kv1");
  ASSERT_EQ(refused.size(), 1u);
  v1::TakeInRequest request;
  request.mutable_change()->set_device_id(refused[0].device_id());
  request.mutable_change()->set_sequence(refused[0].sequence());
  request.mutable_change()->set_change_id(refused[0].change_id());
  request.set_reason("đã đối chiếu");
  room_.WithPen([&](Pen* pen) {
    EXPECT_THAT(TakeIn(pen, *room_.directory->FindPerson("ngu"), request), IsOk());
  });
  dam.Write("k", {Note("n").SetNumber(kKind, casework::v1::NOTE_KIND_INTERROGATION)});
  ASSERT_THAT(room_.Sync(dam, dam.Request(1)), IsOk());  // this one, too
  room_.AddUser("dam", {{"kv1", options::v1::ROLE_PROSECUTOR}});
  dam.Write("k", {Note("n").SetNumber(kKind, casework::v1::NOTE_KIND_FILE)});
  ASSERT_THAT(room_.Push(&dam), IsOk());
  EXPECT_EQ(dam.outcomes().at(2).verdict(), v1::VERDICT_QUARANTINED);
  ASSERT_EQ(dam.outcomes().at(3).verdict(), v1::VERDICT_APPLIED);
  room_.Exchange(&nguyet_);
  EXPECT_EQ(nguyet_.Shown("n")->Slot(kKind)->readings.size(), 1u) << "it was made on both";
  EXPECT_THAT(Faults({"k", "n"}), IsEmpty());
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(EvidenceTest, HoldsWhereSomebodyWroteInAnothersName) {
  SealedPhone dam("dam");
  room_.Enrol(&dam);
  nguyet_.Write("k", {NewCase("k"), Note("n").Says("một")});
  room_.Exchange(&nguyet_);
  v1::Change forged;
  forged.set_device_id(nguyet_.device().str());
  forged.set_sequence(999);
  forged.set_dossier_id(RecordNamed("k").str());
  v1::RecordEdit* const edit = forged.add_edits();
  edit->set_record_id(RecordNamed("n").str());
  edit->set_type("casework.v1.Note");
  edit->add_parents(nguyet_.id(1).str());
  dam.Forge(forged);
  room_.Exchange(&dam);
  ASSERT_EQ(room_.Quarantine("kv1").size(), 1u);
  EXPECT_THAT(Faults({"k", "n"}), IsEmpty());
}

TEST_F(EvidenceTest, IsOfOneMoment) {
  nguyet_.Write("k", {NewCase("k"), Note("n").Says("một")});
  room_.Exchange(&nguyet_);
  const v1::LogHead head = Prove("k")->head();
  nguyet_.Write("k", {Note("n").Says("một hai")});
  room_.Exchange(&nguyet_);
  EXPECT_THAT(Prove("n", &head), StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(Prove("k", &head), IsOk()) << "it did not change";
  v1::LogHead forged = head;
  forged.set_size(2);
  EXPECT_THAT(Prove("k", &forged), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(EvidenceTest, ADossierWithoutOneOfItsRecordsDoesNotHold) {
  nguyet_.Write("k", {NewCase("k"), Note("n").Says("một")});
  room_.Exchange(&nguyet_);
  EXPECT_THAT(Faults({"k", "n"}), IsEmpty());
  EXPECT_THAT(Faults({"k"}), ::testing::Not(IsEmpty()));
}

}  // namespace
}  // namespace sotay::server
