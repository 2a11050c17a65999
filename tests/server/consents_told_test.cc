// What waits for a colleague's consent is told to the phones of those who may agree, and of whoever
// wrote it, and to nobody else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "server/consents.h"
#include "server/keys.h"
#include "server/quarantine.h"
#include "server/secrecy.h"
#include "sync/consents.h"
#include "sync/seal/digest.h"
#include "tests/server/dossiers_room.h"
#include "tests/server/room_phone.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {
namespace {

using casework::v1::NOTE_STATE_SUBMITTED;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using tests::IsOk;
using tests::NewCase;
using tests::Note;
using tests::RecordNamed;
using tests::RoomPhone;
using tests::SealedPhone;

class ConsentsTold : public DossiersRoom {
 protected:
  ConsentsTold() {
    Enrol(&dam_, PostOf("dam", "kv1", v1::CAPACITY_KSV));
    Enrol(&que_, PostOf("que", "kv1", v1::CAPACITY_KSV));
    Enrol(&ha_, PostOf("ha", "kv1", v1::CAPACITY_KTV));
    Enrol(&rang_, PostOf("rang", "kv1", v1::CAPACITY_KTV));
    Enrol(&ro_, PostOf("ro", "kv2", v1::CAPACITY_KSV));
    dam_.Write("k", {NewCase("k"), Note("n").Says("một")});
    room_.Exchange(&dam_);
    room_.Exchange(&ha_);
  }
  void Submit(const std::string& note) {
    ha_.Write("k", {Note(note).Says("Tin số 9").Moves(NOTE_STATE_SUBMITTED)});
    room_.Exchange(&ha_);
  }
  // What a phone that shows `shown` is told; nothing: it is as it shows it.
  absl::optional<v1::Consents> Told(const SealedPhone& phone, const v1::Consents& shown = {}) {
    v1::SyncRequest request = phone.Pull();
    sync::AskForConsents(shown, &request);
    const auto response = room_.Sync(phone, request);
    EXPECT_THAT(response, IsOk());
    return sync::ConsentsTold(*response);
  }
  static std::vector<uint64_t> ForUser(const absl::optional<v1::Consents>& told) {
    std::vector<uint64_t> sequences;
    if (!told.has_value()) return sequences;
    for (const auto& change : told->for_user()) sequences.push_back(change.sequence());
    return sequences;
  }
  static std::vector<uint64_t> Own(const absl::optional<v1::Consents>& told) {
    if (!told.has_value()) return {};
    return {told->own().begin(), told->own().end()};
  }
  template <typename Request, typename Decision>
  void Decide(const std::string& by, uint64_t sequence, Decision decide) {
    v1::QuarantinedChange aside;
    for (const v1::QuarantinedChange& row : room_.Quarantine("kv1")) {
      if (row.sequence() == sequence) aside = row;
    }
    Request request;
    request.mutable_change()->set_device_id(aside.device_id());
    request.mutable_change()->set_sequence(aside.sequence());
    request.mutable_change()->set_change_id(aside.change_id());
    request.set_reason("đã đọc");
    room_.WithPen([&](Pen* pen) { EXPECT_THAT(decide(pen, *Of(by), request), IsOk()); });
    while (room_.hub->RunOnce()) {
    }
  }

  SealedPhone dam_{"dam"}, que_{"que"}, ha_{"ha"}, rang_{"rang"}, ro_{"ro", "kv2"};
};

TEST_F(ConsentsTold, IsToldToWhoMayAgreeAndToWhoseItIs) {
  EXPECT_FALSE(Told(que_).has_value()) << "nothing is what it shows";
  Submit("n");
  ha_.Write("k2", {NewCase("k2")});  // for a head alone
  Submit("m");
  ASSERT_THAT(room_.Quarantine("kv1"), SizeIs(3));
  for (const SealedPhone* phone : {&dam_, &que_}) {
    const auto told = Told(*phone);
    ASSERT_THAT(ForUser(told), ElementsAre(1, 3)) << phone->user_id();
    EXPECT_THAT(Own(told), IsEmpty());
    const v1::AwaitsConsent& first = told->for_user(0);
    EXPECT_EQ(first.device_id(), ha_.device().view());
    EXPECT_EQ(first.change_id(), ha_.id(1).view());
    EXPECT_EQ(first.user_id(), "ha");
    EXPECT_EQ(first.unit_id(), "kv1");
    EXPECT_EQ(first.dossier_id(), RecordNamed("k").view());
    ASSERT_EQ(first.records_size(), 1);
    EXPECT_EQ(first.records(0).record_id(), RecordNamed("n").view());
    EXPECT_EQ(first.records(0).type(), "casework.v1.Note");
    EXPECT_EQ(first.ByteSizeLong(), told->for_user(1).ByteSizeLong()) << "no word of it";
    EXPECT_FALSE(Told(*phone, *told).has_value()) << "told once";
  }
  EXPECT_THAT(Own(Told(ha_)), ElementsAre(1, 3));
  EXPECT_THAT(ForUser(Told(ha_)), IsEmpty());
  // An examiner may not agree either, and elsewhere nobody is told of it.
  EXPECT_FALSE(Told(rang_).has_value());
  EXPECT_FALSE(Told(ro_).has_value());
  // Nor is a phone that does not ask.
  const auto silent = room_.Sync(que_, que_.Pull());
  ASSERT_THAT(silent, IsOk());
  EXPECT_FALSE(sync::ConsentsTold(*silent).has_value());
}

// It is gone with the dossier: nobody looks at it again, and it takes no other's room.
TEST_F(ConsentsTold, NotOfADossierThatProvedToBeSecret) {
  Submit("n");
  ASSERT_THAT(ForUser(Told(que_)), ElementsAre(1));
  ASSERT_THAT(room_.directory->Submissions(9), SizeIs(1));
  v1::SealDossierRequest request;
  request.set_record_id(RecordNamed("k").str());
  request.set_alias("Hồ sơ 17");
  request.set_holder("Tủ số 3, phòng 4");
  request.set_reason("Công văn 9/VKS");
  room_.WithPen([&](Pen* pen) { EXPECT_THAT(SealDossier(pen, *Of("ngu"), request), IsOk()); });
  EXPECT_THAT(room_.directory->Submissions(9), IsEmpty());
  EXPECT_FALSE(Told(que_).has_value());
}

TEST_F(ConsentsTold, UntilSomebodyHasDecided) {
  Submit("n");
  Submit("m");
  const auto before = Told(que_);
  ASSERT_THAT(ForUser(before), ElementsAre(1, 2));
  // As after a start.
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_FALSE(Told(que_, *before).has_value());
  Decide<v1::TakeInRequest>("dam", 1, &TakeIn);
  EXPECT_THAT(ForUser(Told(que_, *before)), ElementsAre(2));
  EXPECT_THAT(Own(Told(ha_)), ElementsAre(2));
  Decide<v1::DismissRequest>("dam", 2, &Dismiss);
  for (const SealedPhone* phone : {&dam_, &que_, &ha_}) {
    const auto now = Told(*phone, *before);
    ASSERT_TRUE(now.has_value()) << phone->user_id();
    EXPECT_THAT(ForUser(now), IsEmpty());
    EXPECT_THAT(Own(now), IsEmpty());
    EXPECT_EQ(now->mark(), "");
  }
  EXPECT_THAT(room_.directory->Submissions(9), IsEmpty()) << "nobody looks at it again";
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_FALSE(Told(que_).has_value());
}

// Whoever writes much that they may not keeps nobody's exchange busy: the newest is told.
TEST_F(ConsentsTold, OfSoMuchAtTheMost) {
  Submit("n");
  for (int change = 0; change < 3; ++change) {
    std::vector<sync::RecordWish> notes;
    for (int i = 0; i < 64; ++i) {
      notes.push_back(
          Note("m" + std::to_string(change) + "-" + std::to_string(i)).Moves(NOTE_STATE_SUBMITTED));
    }
    ha_.Write("k", notes);
  }
  for (int i = 0; i < 9; ++i) Submit("l" + std::to_string(i));
  ASSERT_THAT(room_.Quarantine("kv1"), SizeIs(13));
  const auto told = Told(que_);
  EXPECT_THAT(ForUser(told), ElementsAre(3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13));
  EXPECT_EQ(told->for_user(0).records_size(), sync::kConsentRecordsMax);
  EXPECT_TRUE(told->more()) << "and that there is more";
}

// Nor whoever writes into one large record over and over: it is read once.
TEST_F(ConsentsTold, EachRecordIsReadOnceForAllThatWait) {
  const auto looks = [this] {
    const Caller caller = room_.CallerOf(que_);
    const uint64_t before = room_.store->lookups();
    EXPECT_THAT(ConsentsFor(*room_.directory, room_.store.get(), caller), IsOk());
    return room_.store->lookups() - before;
  };
  for (int i = 0; i < 4; ++i) Submit("l" + std::to_string(i));
  const uint64_t of_four = looks();
  for (int i = 4; i < 8; ++i) Submit("l" + std::to_string(i));
  EXPECT_LE(looks() - of_four, 4 * 7u);
}

// A row that nobody can read keeps nobody from their work, and a check names it.
TEST_F(ConsentsTold, WhatIsDamagedIsLeftOutAndTheServerStarts) {
  Submit("n");
  Submit("m");
  room_.Tamper(QuarantineKey("kv1", 1), "\xff");
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_THAT(ForUser(Told(que_)), ElementsAre(2));
  EXPECT_THAT(room_.Faults(), Not(IsEmpty()));
}

// What a failed read is answered with is not that nothing waits.
TEST_F(ConsentsTold, AllOrNothingWhereReadingFails) {
  room_.block_cache_bytes = 0;
  Submit("n");
  Submit("m");
  size_t failed = 0;
  for (uint64_t read = 1;; ++read) {
    ASSERT_THAT(room_.Open(), IsOk());
    const Caller caller = room_.CallerOf(que_);
    room_.disk.FailRead(read);
    const auto consents = ConsentsFor(*room_.directory, room_.store.get(), caller);
    const bool none_failed = room_.disk.WaitsToFailRead();
    room_.disk.FailRead(0);
    if (consents.ok()) EXPECT_EQ(consents->for_user_size(), 2) << read;
    failed += !consents.ok();
    if (none_failed) break;
  }
  EXPECT_GT(failed, 4u);
}

// Whoever may not submit amends what is signed all the same.  Their device is told that, for it has
// to say so to a server that has not got the signature back: there a colleague would have only to
// agree.
TEST_F(ConsentsTold, NotOfWhatIsSignedNorOnceTheServerIsRestored) {
  room_.Close();
  const testing::DiskImage backup = room_.disk.Visible();
  ASSERT_THAT(room_.Open(), IsOk());
  SealedPhone ngu("ngu", "kv1", tests::kSupervisor);
  room_.Enrol(&ngu);
  room_.Exchange(&ngu);
  ngu.Write("k",
            {tests::SignOffOf(*ngu.Shown("n"), "s", tests::SignOffWords(), seal::HashContent)});
  room_.Exchange(&ngu);
  Submit("n");
  EXPECT_EQ(ha_.outcomes().at(1).reason(), v1::REASON_LATE_AMENDMENT);
  EXPECT_FALSE(Told(que_).has_value());

  room_.Close();
  room_.disk.Restart(backup);
  ASSERT_THAT(room_.Open(), IsOk());
  v1::SyncRequest offered = ha_.Request(1, 1);
  offered.clear_cursors();  // of the life that was lost
  const auto again = room_.Sync(ha_, offered);
  ASSERT_THAT(again, IsOk());
  ASSERT_EQ(again->outcomes_size(), 1);
  EXPECT_EQ(again->outcomes(0).reason(), v1::REASON_LATE_AMENDMENT);
  const auto told = ConsentsFor(*room_.directory, room_.store.get(), room_.CallerOf(que_));
  ASSERT_THAT(told, IsOk());
  EXPECT_EQ(told->mark(), "");
}

// Of what is kept from them they hear nothing of signatures.
TEST_F(ConsentsTold, NoWordOfASignatureInWhatIsKeptFromThem) {
  SealedPhone ngu("ngu", "kv1", tests::kSupervisor);
  room_.Enrol(&ngu);
  room_.Exchange(&ngu);
  ngu.Write("k",
            {tests::SignOffOf(*ngu.Shown("n"), "s", tests::SignOffWords(), seal::HashContent)});
  room_.Exchange(&ngu);
  ASSERT_THAT(Restrict("ngu", "k", {{"dam", 0}}), IsOk());
  Submit("n");
  EXPECT_EQ(ha_.outcomes().at(1).reason(), v1::REASON_WRITER_MAY_NOT);
}

TEST_F(ConsentsTold, NotToWhomTheDossierIsKeptFrom) {
  Submit("n");
  ASSERT_THAT(Restrict("ngu", "k", {{"dam", 0}, {"ha", 0}}), IsOk());
  EXPECT_THAT(ForUser(Told(dam_)), ElementsAre(1));
  EXPECT_FALSE(Told(que_).has_value());
  ASSERT_THAT(Open("ngu", "k"), IsOk());
  EXPECT_THAT(ForUser(Told(que_)), ElementsAre(1));
}

// And what is kept from somebody takes nothing away from what they are told.
TEST_F(ConsentsTold, WhatIsKeptFromThemTakesNoRoom) {
  Submit("n");
  dam_.Write("e", {NewCase("e")});
  room_.Exchange(&dam_);
  room_.Exchange(&ha_);
  ASSERT_THAT(Restrict("ngu", "e", {{"dam", 0}, {"ha", 0}}), IsOk());
  for (int change = 0; change < 4; ++change) {
    std::vector<sync::RecordWish> notes;
    for (int i = 0; i < 64; ++i) {
      notes.push_back(
          Note("e" + std::to_string(change) + "-" + std::to_string(i)).Moves(NOTE_STATE_SUBMITTED));
    }
    ha_.Write("e", notes);
  }
  room_.Exchange(&ha_);
  ASSERT_THAT(room_.Quarantine("kv1"), SizeIs(5));
  const auto told = Told(que_);
  EXPECT_THAT(ForUser(told), ElementsAre(1));
  EXPECT_FALSE(told->more());
  EXPECT_TRUE(Told(dam_)->more());
}

TEST_F(ConsentsTold, NotOnceItsAuthorMayWriteNothing) {
  Submit("n");
  ASSERT_THAT(ForUser(Told(que_)), ElementsAre(1));
  ASSERT_THAT(End("ha", 1, kToday), IsOk());
  DaysPass(1);
  EXPECT_FALSE(Told(que_).has_value()) << "that is for a head";
}

TEST_F(ConsentsTold, APhoneShowsItAndSaysItOnce) {
  RoomPhone que(&room_, "que");
  RoomPhone ha(&room_, "ha");
  ASSERT_THAT(ha->Sync(), IsOk());
  ASSERT_THAT(ha->Create("note", "", RecordNamed("k"),
                         {{sdk::Edit::Kind::kText, "body", "", "Tin số 9"},
                          {sdk::Edit::Kind::kSet, "state", "", "submitted"}})
                  .status(),
              IsOk());
  ASSERT_THAT(ha->Sync(), IsOk());
  for (int again = 0; again < 2; ++again) ASSERT_THAT(que->Sync(), IsOk());
  que.Restart();
  ASSERT_THAT(que->Sync(), IsOk());
  const auto is_consent = [](const sdk::Event& event) {
    return event.kind == sdk::Event::Kind::kConsentAwaited;
  };
  EXPECT_EQ(std::count_if(que.events.begin(), que.events.end(), is_consent), 1);
  ASSERT_EQ(que->GetStatus()->consents.for_user_size(), 1);
  EXPECT_EQ(que->GetStatus()->consents.for_user(0).user_id(), "ha");
  EXPECT_THAT(Own(ha->GetStatus()->consents), ElementsAre(1));
  Decide<v1::TakeInRequest>("que", 1, &TakeIn);
  ASSERT_THAT(que->Sync(), IsOk());
  ASSERT_THAT(ha->Sync(), IsOk());
  EXPECT_EQ(que->GetStatus()->consents.for_user_size(), 0);
  EXPECT_THAT(Own(ha->GetStatus()->consents), IsEmpty());
  EXPECT_EQ(std::count_if(que.events.begin(), que.events.end(), is_consent), 1);
}

}  // namespace
}  // namespace sotay::server
