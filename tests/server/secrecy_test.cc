// Dossiers that prove to be secret: their content leaves every table and every file, whatever comes
// in between, and what proves the rest goes on holding.
#include "server/secrecy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/purge.h"
#include "server/refusal.h"
#include "tests/server/secrecy_room.h"

namespace sotay::server {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using tests::Case;
using tests::IsOk;
using tests::Note;
using tests::SealedPhone;
using tests::StatusIs;

class SecrecyTest : public SecrecyRoom {};

TEST_F(SecrecyTest, LeavesEveryTableAndEveryFile) {
  ASSERT_THAT(FilesWith(kNeedle), Not(IsEmpty()));
  ASSERT_THAT(RowsWith(kNeedle), Not(IsEmpty()));
  // As it lay in pushes, where it is packed.
  std::vector<std::string> packed;
  for (const SealedPhone* phone : {&nguyet_, &dam_}) {
    EXPECT_THAT(room_.store->VisitSeals(phone->device(),
                                        [&](absl::string_view, absl::string_view value) {
                                          stored::v1::SealRow row;
                                          ASSERT_TRUE(row.ParseFromString(std::string(value)));
                                          packed.push_back(row.changes().data());
                                        }),
                IsOk());
  }
  ASSERT_THAT(packed, SizeIs(2));
  for (const std::string& data : packed) ASSERT_THAT(FilesWith(data), Not(IsEmpty()));
  const auto root = room_.directory->Head(kUnitOfRoom)->tree();
  const auto sealed = Seal();
  ASSERT_THAT(sealed, IsOk());
  EXPECT_TRUE(sealed->swept());
  EXPECT_EQ(sealed->changes(), 3u);
  EXPECT_EQ(sealed->records(), 2u);
  EXPECT_EQ(sealed->act().number(), 1u);
  EXPECT_EQ(sealed->act().sealed().alias(), "Hồ sơ 17");
  EXPECT_THAT(FilesWith(kNeedle), IsEmpty());
  EXPECT_THAT(RowsWith(kNeedle), IsEmpty());
  for (const std::string& data : packed) EXPECT_THAT(FilesWith(data), IsEmpty());
  // The log is the log it was, and what else is in it is there.
  EXPECT_EQ(room_.directory->Head(kUnitOfRoom)->tree(), root);
  EXPECT_EQ(room_.directory->Head(kUnitOfRoom)->records(), 2u);
  EXPECT_THAT(room_.Faults(), IsEmpty());
  for (const char* user : {"ngu", "nguyet", "dam"}) {
    EXPECT_FALSE(IsShownTo(user, "k")) << user;
    EXPECT_FALSE(IsShownTo(user, "n")) << user;
    EXPECT_TRUE(IsShownTo(user, "m")) << user;
  }
  // It is kept sealed.
  EXPECT_THAT(Content(), HasSubstr(Secret("một")));
  EXPECT_THAT(Content(), HasSubstr("ba"));
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_THAT(room_.Faults(), IsEmpty());
  EXPECT_THAT(FilesWith(kNeedle), IsEmpty());
}

// Births of two dossiers in one row, of which some went on.
TEST_F(SecrecyTest, LeavesTheRunsItSharesWithOthers) {
  nguyet_.Write("k", {Note("k1").Says("một")});
  nguyet_.Write("e", {Note("e1").Says("hai")});
  nguyet_.Write("k", {Note("k2").Says("ba")});
  nguyet_.Write("e", {Note("e2").Says("bốn")});
  room_.Exchange(&nguyet_);
  const uint64_t last = room_.directory->Head(kUnitOfRoom)->position();
  for (const char* record : {"k1", "e1"}) {
    nguyet_.Write(record[0] == 'k' ? "k" : "e", {Note(record).Says("năm")});
  }
  room_.Exchange(&nguyet_);
  const std::string key = BirthsKey(kUnitOfRoom, last);
  const std::string shared = room_.store->Get(key)->value_or("");
  for (const char* id : {"k", "k1", "k2", "e", "e1", "e2"}) {
    ASSERT_THAT(shared, HasSubstr(Id(id))) << id;
  }
  ASSERT_THAT(FilesWith(Id("k1") + Id("e1") + Id("k2")), Not(IsEmpty()));
  ASSERT_THAT(Seal(), IsOk());
  const std::string rest = room_.store->Get(key)->value_or("");
  for (const char* id : {"k", "k1", "k2"}) EXPECT_THAT(rest, Not(HasSubstr(Id(id)))) << id;
  for (const char* id : {"e", "e1", "e2"}) EXPECT_THAT(rest, HasSubstr(Id(id))) << id;
  EXPECT_THAT(FilesWith(Id("k1") + Id("e1") + Id("k2")), IsEmpty());
  // Nor is it anywhere in the feed, not even as gone.
  EXPECT_THAT(room_.store->VisitAll([](absl::string_view at, absl::string_view) {
    const auto parts = ParseKey(at);
    for (const char* id : {"k", "n", "k1", "k2"}) {
      EXPECT_FALSE(parts->table == Table::kFeed && parts->record == Id(id)) << DescribeKey(at);
    }
    return true;
  }),
              IsOk());
  EXPECT_THAT(room_.Faults(), IsEmpty());
  SealedPhone fresh("tam");
  room_.Enrol(&fresh);
  room_.Exchange(&fresh);
  EXPECT_THAT(HeldOf(fresh, {"k", "k1", "k2", "e", "e1", "e2"}), ElementsAre("e", "e1", "e2"));
  // Who is left goes on from where it was born.
  nguyet_.Write("e", {Note("e2").Says("sáu")});
  room_.Exchange(&nguyet_);
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(SecrecyTest, IsSaidByAHeadOnceAndStands) {
  EXPECT_EQ(DetailOf(Seal("dam").status()).reason(), v1::REASON_ROLE_MAY_NOT);
  Give("xa", PostOf("xa", "kv2", v1::CAPACITY_HEAD));
  EXPECT_THAT(Seal("xa"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Seal("ngu", "n", ""), StatusIs(absl::StatusCode::kInvalidArgument));
  const auto first = Seal();
  ASSERT_THAT(first, IsOk());
  // By its root, now that nothing else of it is there.
  const auto again = Seal("ngu", "k");
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->SerializeAsString(), first->SerializeAsString());
  // Or by the note's id, as the first time.
  const auto by_note = Seal("ngu", "n");
  ASSERT_THAT(by_note, IsOk());
  EXPECT_EQ(by_note->SerializeAsString(), first->SerializeAsString());
  EXPECT_EQ(DetailOf(Seal("ngu", "k", "Hồ sơ 18").status()).reason(), v1::REASON_EXISTS);
  EXPECT_THAT(Seal("dam", "k"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Restrict("ngu", "k", {}).status(), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Acts("ngu", /*history=*/true), SizeIs(1));
  EXPECT_THAT(Acts("dam", /*history=*/true), IsEmpty());
}

TEST_F(SecrecyTest, EveryDeviceOfTheUnitHearsOfIt) {
  SealedPhone binh("binh");
  room_.Enrol(&binh);
  room_.Exchange(&binh);
  ASSERT_THAT(Restrict("ngu", "k", {{"nguyet", 0}}), IsOk());
  ASSERT_THAT(Seal(), IsOk());
  for (SealedPhone* phone : {&nguyet_, &binh}) {
    room_.Exchange(phone);
    ASSERT_THAT(phone->secret_dossiers, SizeIs(1)) << phone->user_id();
    EXPECT_EQ(phone->secret_dossiers[0].dossier_id(), Id("k"));
    EXPECT_EQ(phone->secret_dossiers[0].unit_id(), kUnitOfRoom);
    EXPECT_THAT(HeldOf(*phone, {"k", "n", "e", "m"}), ElementsAre("e", "m"));
  }
  EXPECT_EQ(nguyet_.secret_dossiers[0].alias(), "Hồ sơ 17");
  EXPECT_EQ(nguyet_.secret_dossiers[0].set_by(), "ngu");
  EXPECT_EQ(binh.secret_dossiers[0].alias(), "");
  EXPECT_EQ(binh.secret_dossiers[0].holder(), "");
  // Once; and a device that begins hears of it, too.
  room_.Exchange(&nguyet_);
  EXPECT_THAT(nguyet_.secret_dossiers, SizeIs(1));
  SealedPhone fresh("tam");
  room_.Enrol(&fresh);
  room_.Exchange(&fresh);
  EXPECT_THAT(fresh.secret_dossiers, SizeIs(1));
  EXPECT_THAT(HeldOf(fresh, {"k", "n", "e", "m"}), ElementsAre("e", "m"));
}

// No feed names it to them: they are told until they say that it is done.
TEST_F(SecrecyTest, WhoeverWroteThereHearsOfItAfterLeavingTheUnit) {
  room_.AddUser("dam", {{"kv2", options::v1::ROLE_PROSECUTOR}});
  SealedPhone other("binh", "kv2");
  room_.Enrol(&other, "kv2");
  ASSERT_THAT(Seal(), IsOk());
  for (int told = 1; told <= 2; ++told) {
    room_.Exchange(&dam_);
    ASSERT_THAT(dam_.secret_dossiers, SizeIs(told));
  }
  EXPECT_EQ(dam_.secret_dossiers[0].dossier_id(), Id("k"));
  EXPECT_EQ(dam_.secret_dossiers[0].unit_id(), kUnitOfRoom);
  EXPECT_EQ(dam_.secret_dossiers[0].alias(), "") << "it is not theirs any more";
  dam_.reports = {Id("k")};
  room_.Exchange(&dam_);
  EXPECT_THAT(dam_.secret_dossiers, SizeIs(2));
  // What it sends of it all the same says that it has something again.
  dam_.Write("k", {Note("n").Says(Secret("bốn"))});
  room_.Exchange(&dam_);
  EXPECT_THAT(dam_.secret_dossiers, SizeIs(3));
  room_.Exchange(&other);
  EXPECT_THAT(other.secret_dossiers, IsEmpty());
}

// The act is durable, and what it says is not done yet.
TEST_F(SecrecyTest, FromTheActOnNobodyReadsIt) {
  SealedPhone fresh("tam");
  room_.Enrol(&fresh);
  v1::DossierAct act;
  act.set_number(1);
  act.set_unit_id(kUnitOfRoom);
  act.set_dossier_id(Id("k"));
  act.set_reason("Công văn 9/VKS");
  act.set_set_by("ngu");
  act.mutable_sealed()->set_alias("Hồ sơ 17");
  Tables tables;
  tables.dossier_acts.push_back(act);
  room_.WithPen([&](Pen* pen) {
    ASSERT_THAT(pen->Commit(tables), IsOk());
    ASSERT_THAT(RowsWith(kNeedle), Not(IsEmpty()));
    for (const char* user : {"ngu", "nguyet"}) {
      EXPECT_FALSE(IsShownTo(user, "k")) << user;
      EXPECT_FALSE(IsShownTo(user, "n")) << user;
      EXPECT_TRUE(IsShownTo(user, "m")) << user;
      v1::ListRecordsRequest list;
      const auto listed = room_.supervision->ListRecords(*Of(user), list);
      ASSERT_THAT(listed, IsOk());
      EXPECT_EQ(listed->records_size(), 2) << user;
    }
    const auto prepared =
        room_.exchange->Prepare(room_.CallerOf(fresh), fresh.Request(), room_.now_ms);
    ASSERT_THAT(prepared, IsOk());
    const auto answer = room_.exchange->Answer(*prepared, nullptr, room_.now_ms);
    ASSERT_THAT(answer, IsOk());
    fresh.Take(*answer);
  });
  EXPECT_THAT(HeldOf(fresh, {"k", "n", "e", "m"}), ElementsAre("e", "m"));
  EXPECT_THAT(fresh.secret_dossiers, SizeIs(1));
  // And then it is done, without anybody's asking.
  EXPECT_TRUE(room_.directory->SecretOf(Id("k"))->swept());
  EXPECT_THAT(FilesWith(kNeedle), IsEmpty());
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

// Held, refused, of a fork, taken in: whatever had become of a change, its words go.
TEST_F(SecrecyTest, WhateverHadBecomeOfAChange) {
  v1::Change held;
  held.set_dossier_id(Id("k"));
  held.set_reason(Secret("giữ"));
  v1::RecordEdit* const edit = held.add_edits();
  edit->set_record_id(Id("n"));
  edit->set_type("casework.v1.Note");
  edit->add_parents(std::string(32, 'p'));
  const uint64_t waits = dam_.Forge(held);
  room_.Exchange(&dam_);
  ASSERT_EQ(dam_.outcomes().at(waits).verdict(), v1::VERDICT_HELD);
  // Refused: it says that it is of another dossier than its record is.
  v1::Change wrong = held;
  wrong.set_dossier_id(Id("e"));
  wrong.mutable_edits(0)->clear_parents();
  nguyet_.Forge(wrong);
  room_.Exchange(&nguyet_);
  nguyet_.ForgetSince(nguyet_.last_sequence());
  nguyet_.Write("k", {Note("n").Says(Secret("phân nhánh"))});
  EXPECT_FALSE(room_.Sync(nguyet_, nguyet_.Request()).ok());
  ASSERT_THAT(room_.Quarantine(kUnitOfRoom), SizeIs(3));
  ASSERT_THAT(Seal(), IsOk());
  EXPECT_THAT(FilesWith(kNeedle), IsEmpty());
  EXPECT_THAT(RowsWith(kNeedle), IsEmpty());
  EXPECT_THAT(room_.Faults(), IsEmpty());
  // Who waited is told.
  room_.Exchange(&dam_);
  EXPECT_EQ(dam_.outcomes().at(waits).verdict(), v1::VERDICT_QUARANTINED);
  EXPECT_EQ(dam_.outcomes().at(waits).reason(), v1::REASON_CLASSIFIED);
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

// Somebody writes, in the name of the secret dossier, into a record of another, and then goes on
// from there: that record is to be whole afterwards.
TEST_F(SecrecyTest, TakesNoStoneOutOfAnotherRecordsHistory) {
  v1::Change wrong;
  wrong.set_dossier_id(Id("k"));
  v1::RecordEdit* const edit = wrong.add_edits();
  edit->set_record_id(Id("m"));
  edit->set_type("casework.v1.Note");
  edit->add_parents(dam_.Shown("m")->heads().front().str());
  v1::FieldOp* const op = edit->add_ops();
  op->set_field(casework::v1::Note::kKindFieldNumber);
  op->set_set("\x08\x01");
  wrong.set_reason(Secret("nhầm hồ sơ"));
  const uint64_t refused = dam_.Forge(wrong);
  v1::Change next;
  next.set_dossier_id(Id("e"));
  *next.add_edits() = *edit;
  next.mutable_edits(0)->set_parents(0, dam_.id(refused).str());
  next.mutable_edits(0)->clear_ops();
  const uint64_t built = dam_.Forge(next);
  room_.Exchange(&dam_);
  ASSERT_EQ(dam_.outcomes().at(refused).verdict(), v1::VERDICT_QUARANTINED);
  SCOPED_TRACE(dam_.outcomes().at(built).DebugString());
  ASSERT_THAT(room_.Faults(), IsEmpty());
  ASSERT_THAT(Seal(), IsOk());
  EXPECT_THAT(room_.Faults(), IsEmpty());
  EXPECT_THAT(RowsWith(kNeedle), IsEmpty());
  EXPECT_TRUE(IsShownTo("ngu", "m"));
  dam_.Write("e", {Note("m").Says("Đo lại.")});
  room_.Exchange(&dam_);
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

// A crash in every gap: the act is there or is not, and where it is, the next start leaves nothing.
TEST_F(SecrecyTest, ACrashAnywhereIsFinishedAtTheNextStart) {
  room_.Close();
  const testing::DiskImage before = room_.disk.Visible();
  int said = 0, unsaid = 0;
  for (uint64_t call = 1;; ++call) {
    room_.disk.Restart(before);
    ASSERT_THAT(room_.Open(), IsOk());
    room_.disk.StopAtCall(call);
    const auto sealed = Seal();
    room_.Close();
    const bool through = sealed.ok() && sealed->swept();
    room_.disk.Cut(testing::PowerCut::kDropUnsynced, call);
    ASSERT_THAT(room_.Open(), IsOk()) << call;
    const auto acts = room_.directory->DossiersOf(kUnitOfRoom);
    if (acts == nullptr) {
      ++unsaid;
      EXPECT_TRUE(IsShownTo("ngu", "n")) << call;
    } else {
      ++said;
      EXPECT_THAT(FilesWith(kNeedle), IsEmpty()) << call;
      EXPECT_THAT(RowsWith(kNeedle), IsEmpty()) << call;
      EXPECT_THAT(Content(), HasSubstr(Secret("một"))) << call;
    }
    EXPECT_THAT(room_.Faults(), IsEmpty()) << call;
    if (through || HasFailure()) break;
  }
  EXPECT_GT(said, 3);
  EXPECT_GT(unsaid, 0);
}

TEST_F(SecrecyTest, WaitsForWhoeverStillReadsTheFiles) {
  auto moment = room_.store->TakeMoment();
  const auto sealed = Seal();
  ASSERT_THAT(sealed, IsOk());
  EXPECT_FALSE(sealed->swept());
  EXPECT_THAT(RowsWith(kNeedle), IsEmpty());
  EXPECT_THAT(FilesWith(kNeedle), Not(IsEmpty())) << "or the moment did not matter";
  EXPECT_THAT(room_.Faults(), Contains(HasSubstr("has not left yet")));
  // A start does not wait for it.
  EXPECT_THAT(FinishPurges(room_.store.get(), /*restored=*/false), IsOk());
  EXPECT_THAT(FinishSweeps(room_.store.get()), StatusIs(absl::StatusCode::kUnavailable));
  moment.reset();
  room_.now_ms += 60'000;
  while (room_.hub->RunOnce()) {
  }
  EXPECT_TRUE(room_.directory->SecretOf(Id("k"))->swept());
  EXPECT_THAT(FilesWith(kNeedle), IsEmpty());
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

}  // namespace
}  // namespace sotay::server
