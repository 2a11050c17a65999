// How far posts reach: what is shown and done beside the record that was asked for, through other
// posts, other units and other days.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "server/evidence.h"
#include "server/refusal.h"
#include "tests/server/posts_room.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {
namespace {

using casework::v1::CASE_KIND_CIVIL;
using casework::v1::NOTE_STATE_SUBMITTED;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using tests::Case;
using tests::IsOk;
using tests::kSupervisor;
using tests::NewCase;
using tests::Note;
using tests::RecordNamed;
using tests::SealedPhone;
using tests::StatusIs;
using C = casework::v1::Case;

class PostsReachTest : public PostsRoom {
 protected:
  void Give(const std::string& user, const v1::Post& post) {
    if (Of(user) == nullptr) room_.AddUser(user, {});
    ASSERT_THAT(Put(post), IsOk());
  }
  absl::Status Proven(const std::string& user, const std::string& record) {
    v1::ProveRecordRequest request;
    request.set_record_id(RecordNamed(record).str());
    const Evidence evidence(room_.directory.get(), room_.store.get(), room_.notary.get(),
                            room_.supervision.get());
    return evidence.ProveRecord(*Of(user), request, room_.now_ms).status();
  }
  // Everything a record's history shows them, in one string.
  std::string Told(const std::string& user, const std::string& record) {
    v1::GetRecordRequest request;
    request.set_record_id(RecordNamed(record).str());
    request.set_history_size(100);
    const auto shown = room_.supervision->GetRecord(*Of(user), request);
    EXPECT_THAT(shown, IsOk());
    v1::ListRecordHistoryRequest all;
    all.set_record_id(request.record_id());
    const auto history = room_.supervision->ListRecordHistory(*Of(user), all);
    EXPECT_THAT(history, IsOk());
    if (!shown.ok() || !history.ok()) return "";
    EXPECT_EQ(shown->history_size(), history->entries_size());
    return shown->SerializeAsString() + history->SerializeAsString();
  }
};

TEST_F(PostsReachTest, AHistoryTellsNothingOfOtherRecordsThatAreKeptBack) {
  SealedPhone nguyet("nguyet");
  room_.Enrol(&nguyet);
  nguyet.Write("k", {NewCase("k"), Note("n").Says("lời nháp chưa trình")});
  room_.Exchange(&nguyet);
  Give("quoc", PostOf("quoc", "tinh", v1::CAPACITY_HEAD));
  Give("ngu", PostOf("ngu", "kv1", v1::CAPACITY_HEAD));
  ASSERT_THAT(Asked("quoc", "n"), StatusIs(absl::StatusCode::kNotFound));
  const std::string kept_back = Told("quoc", "k");
  EXPECT_THAT(kept_back, HasSubstr("Km 12+300"));
  EXPECT_THAT(kept_back, Not(HasSubstr("lời nháp")));
  EXPECT_THAT(kept_back, Not(HasSubstr(RecordNamed("n").str())));
  EXPECT_THAT(Told("ngu", "k"), HasSubstr("lời nháp chưa trình"));
  // Nothing can be left out of what is to be proven.
  EXPECT_THAT(Proven("quoc", "k"),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("not everything")));
  EXPECT_THAT(Proven("ngu", "k"), IsOk());
  // Once it is submitted it is theirs to read.
  nguyet.Write("k", {Note("n").Moves(NOTE_STATE_SUBMITTED)});
  room_.Exchange(&nguyet);
  EXPECT_THAT(Told("quoc", "k"), HasSubstr("lời nháp chưa trình"));
  EXPECT_THAT(Proven("quoc", "k"), IsOk());
}

TEST_F(PostsReachTest, RefusedChangesAreNotProvenToWhomTheyAreNotShown) {
  SealedPhone nguyet("nguyet");
  room_.Enrol(&nguyet);
  nguyet.Write("k", {NewCase("k")});
  nguyet.Write("k", {Note("n").Says("một")});
  room_.Exchange(&nguyet);
  SealedPhone ha("ha");
  Enrol(&ha, PostOf("ha", "kv1", v1::CAPACITY_KTV));
  room_.Exchange(&ha);
  ha.Write("k", {Note("n").Moves(NOTE_STATE_SUBMITTED)});
  room_.Exchange(&ha);
  ASSERT_THAT(room_.Quarantine("kv1"), SizeIs(1));
  nguyet.Write("k", {Note("n").Moves(NOTE_STATE_SUBMITTED)});
  room_.Exchange(&nguyet);
  Give("trieu", PostOf("trieu", "tinh", v1::CAPACITY_DIV, 0, 0, {"*"}));
  Give("ngu", PostOf("ngu", "kv1", v1::CAPACITY_HEAD));
  ASSERT_THAT(Asked("trieu", "n"), IsOk());
  EXPECT_THAT(Proven("trieu", "n"), StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(Proven("ngu", "n"), IsOk());
}

TEST_F(PostsReachTest, TwoPostsOfOnePersonDoNotMakeAThird) {
  SealedPhone nguyet("nguyet");
  room_.Enrol(&nguyet);
  const auto stub = static_cast<uint64_t>(casework::v1::CLASSIFICATION_STUB);
  const auto internal = static_cast<uint64_t>(casework::v1::CLASSIFICATION_INTERNAL);
  nguyet.Write("hs", {NewCase("hs")});
  nguyet.Write("ds", {Case("ds")
                          .SetNumber(C::kKindFieldNumber, CASE_KIND_CIVIL)
                          .Set(C::kTitleFieldNumber, "Tranh chấp")});
  for (const char* dossier : {"hs", "ds"}) {
    nguyet.Write(dossier, {Case(dossier).SetNumber(C::kClassificationFieldNumber, stub)});
  }
  room_.Exchange(&nguyet);
  // A deputy in criminal cases who is a prosecutor, too.
  SealedPhone duoc("duoc", "kv1", {options::v1::ROLE_PROSECUTOR, options::v1::ROLE_SUPERVISOR});
  Enrol(&duoc, PostOf("duoc", "kv1", v1::CAPACITY_DEP, 0, 0, {"hinh_su"}));
  Give("duoc", PostOf("duoc", "kv1", v1::CAPACITY_KSV));
  room_.Exchange(&duoc);
  duoc.Write("hs", {Case("hs").SetNumber(C::kClassificationFieldNumber, internal)});
  duoc.Write("ds", {Case("ds").SetNumber(C::kClassificationFieldNumber, internal)});
  room_.Exchange(&duoc);
  EXPECT_EQ(duoc.outcomes().at(1).verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(duoc.outcomes().at(2).verdict(), v1::VERDICT_QUARANTINED);
  EXPECT_EQ(duoc.outcomes().at(2).message(),
            "rule dep.decide: the dossier is in none of the post's fields of work");
}

TEST_F(PostsReachTest, NobodyWritesOrIsSentAnythingThroughASuccessor) {
  SealedPhone nguyet("nguyet");
  room_.Enrol(&nguyet);
  nguyet.Write("k", {NewCase("k")});
  nguyet.Write("k", {Note("n").Says("một")});
  room_.Exchange(&nguyet);
  SealedPhone ha("ha");
  Enrol(&ha, PostOf("ha", "kv1", v1::CAPACITY_KTV));
  Give("ha", PostOf("ha", "kv2", v1::CAPACITY_KSV));
  Give("so", PostOf("so", "kv1", v1::CAPACITY_STA));
  Give("so", PostOf("so", "kv2", v1::CAPACITY_KSV));
  ASSERT_THAT(PutTerm("kv1", kToday, {"kv2"}), IsOk());
  DaysPass(1);
  room_.Exchange(&ha);
  ha.Write("k", {Note("n").Moves(NOTE_STATE_SUBMITTED)});
  room_.Exchange(&ha);
  EXPECT_EQ(ha.outcomes().at(1).verdict(), v1::VERDICT_QUARANTINED);
  EXPECT_TRUE(MayRead("so", "kv1"));
  EXPECT_THAT(room_.directory->Synced(*Of("so")), ElementsAre("kv2"));
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(PostsReachTest, UnderAUnitThatEndedOneIsReadByWhatCameAfterThat) {
  room_.AddUnit("moi", "");
  SealedPhone nguyet("nguyet");
  room_.Enrol(&nguyet);
  nguyet.Write("k", {NewCase("k")});
  room_.Exchange(&nguyet);
  Give("quoc", PostOf("quoc", "moi", v1::CAPACITY_HEAD));
  ASSERT_THAT(PutTerm("tinh", kToday, {"moi"}), IsOk());
  EXPECT_THAT(Listed("quoc"), IsEmpty());
  DaysPass(1);
  EXPECT_THAT(Listed("quoc"), ElementsAre("k"));
}

TEST_F(PostsReachTest, NobodyGivesThemselvesAPost) {
  EXPECT_THAT(Put(PostOf("khoa", "kv1", v1::CAPACITY_HEAD)).status(),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("to themselves")));
}

TEST_F(PostsReachTest, APhoneWithUnsentWorkIsListedAfterItsLastDay) {
  SealedPhone dam("dam");
  Enrol(&dam, PostOf("dam", "kv1", v1::CAPACITY_KSV, 0, kToday));
  Give("ngu", PostOf("ngu", "kv1", v1::CAPACITY_HEAD));
  dam.Write("k", {NewCase("k")});
  stored::v1::Contact contact;
  contact.set_last_sequence(dam.last_sequence());
  room_.directory->Touch(dam.device(), contact);
  DaysPass(1);
  const auto devices = [&] {
    const auto listed = room_.supervision->ListDevices(*Of("ngu"), v1::ListDevicesRequest());
    EXPECT_THAT(listed, IsOk());
    return listed->devices_size();
  };
  EXPECT_EQ(devices(), 1);
  room_.Exchange(&dam);
  EXPECT_EQ(devices(), 0);
}

TEST_F(PostsReachTest, ACallThatComesLateDoesNotTurnTheDayBack) {
  Give("dam", PostOf("dam", "kv1", v1::CAPACITY_KSV, 0, kToday));
  constexpr int64_t kIctMs = 7 * 60 * 60 * 1000;
  const int64_t midnight = (room_.now_ms + kIctMs) / kDayMs * kDayMs - kIctMs + kDayMs;
  room_.directory->TurnTo(midnight + 5);
  EXPECT_FALSE(MayRead("dam", "kv1"));
  room_.directory->TurnTo(midnight - 5);
  EXPECT_FALSE(MayRead("dam", "kv1"));
  // A clock that was wrong by more is believed when it is right.
  room_.directory->TurnTo(midnight - kDayMs / 2);
  EXPECT_TRUE(MayRead("dam", "kv1"));
}

}  // namespace
}  // namespace sotay::server
