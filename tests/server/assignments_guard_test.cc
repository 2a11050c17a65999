// What an assignment cannot do: bring back what somebody said since, be ended or taken in by
// whoever may not decide it, ask somebody who cannot answer, tell of a dossier, or share its act's
// number.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "sync/assignment_acts.h"
#include "tests/server/assignments_room.h"

namespace sotay::server {
namespace {

using casework::v1::ASSIGNMENT_ROLE_GIUP_VIEC;
using casework::v1::ASSIGNMENT_STATE_SUPERSEDED;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::IsOk;
using tests::NewCase;
using tests::RecordNamed;
using tests::SealedPhone;
using tests::StatusIs;

class AssignmentsGuardTest : public AssignmentsOffice {
 protected:
  AssignmentsGuardTest() { Give("khanh", PostOf("khanh", "kv1", v1::CAPACITY_HEAD)); }
  // What a phone that asks nothing makes of an id it came by.
  v1::ChangeOutcome NoteInto(SealedPhone* phone, const std::string& dossier) {
    v1::Change change;
    change.set_dossier_id(RecordNamed(dossier).str());
    v1::RecordEdit& edit = *change.add_edits();
    edit.set_record_id(RecordNamed(absl::StrCat(phone->user_id(), " in ", dossier)).str());
    edit.set_type("casework.v1.Note");
    phone->Forge(change);
    room_.Exchange(phone);
    return Last(*phone);
  }
  // As after a restore: it has what it has, and begins anew.
  void BeginAnew(SealedPhone* phone) {
    for (v1::Cursor& cursor : phone->cursors) {
      cursor.set_position(0);
      cursor.set_access(0);
    }
    Pull(phone);
  }
  const v1::DossierAct& NewestAct() { return room_.directory->DossiersOf("kv1")->all().back(); }
};

TEST_F(AssignmentsGuardTest, NobodyWasUnawareOfADossierThatWasNeverTheirs) {
  AssignedOnly();
  OpenCases();
  EXPECT_THAT(NoteInto(&que_, "k"), Refused(v1::REASON_WRITER_MAY_NOT, "for named people"));
  Meet({&ngu_});
  EXPECT_THAT(Write(&ngu_, "k", Assigns("pc1", "k", "phong")), Applied());
  EXPECT_THAT(NoteInto(&ha_, "k"), Refused(v1::REASON_WRITER_MAY_NOT, "for named people"));
}

TEST_F(AssignmentsGuardTest, WhoBeginsAnewHearsOfNoDossierThatWasNeverTheirs) {
  AssignedOnly();
  OpenCases();
  Everybody();
  EXPECT_THAT(Write(&ngu_, "k", Assigns("pc1", "k", "que", {"k"})), Applied());
  BeginAnew(&phong_);
  EXPECT_THAT(phong_.removed_dossiers, IsEmpty());
  BeginAnew(&que_);
  EXPECT_THAT(que_.removed_dossiers, IsEmpty());
  EXPECT_THAT(HeldOf(que_, kAll), ElementsAre("k", "k1", "k2"));
  BeginAnew(&dam_);
  EXPECT_THAT(dam_.removed_dossiers, ElementsAre(RecordNamed("k").str()));
}

TEST_F(AssignmentsGuardTest, WhatWasSaidSinceIsNotUndoneByWhoHadNotHeardOfIt) {
  AssignedOnly();
  OpenCases();
  Meet({&ngu_});
  ngu_.Write("k", {Assigns("pc1", "k", "ha", {"k"})});
  ASSERT_THAT(Restrict("khanh", "k", {{"dam", 0}, {"ha", kToday}}), IsOk());
  Meet({&ngu_});
  EXPECT_THAT(Last(ngu_), Refused(v1::REASON_WRITER_MAY_NOT,
                                  "user khanh said who sees the dossier (act 3), which this "
                                  "was written without"));
  EXPECT_THAT(AssignedTo("k"), ElementsAre("dam"));
  EXPECT_EQ(NewestAct().number(), 3u);
  EXPECT_EQ(NewestAct().people(1).valid_to(), kToday);
  // Whoever sees both decides.
  EXPECT_THAT(TakeInOf("ngu", 1, "khanh"), IsOk());
  EXPECT_THAT(AssignedTo("k"), ElementsAre("ha"));
  EXPECT_EQ(NewestAct().set_by(), "khanh");
  EXPECT_EQ(NewestAct().by_assignment(), RecordNamed("pc1").str());
  // So it is with an end that comes late.
  Meet({&ngu_});
  ngu_.Write("k", {Steps("pc1", ASSIGNMENT_STATE_SUPERSEDED)});
  ASSERT_THAT(Restrict("khanh", "k", {{"ha", 0}, {"que", 0}}), IsOk());
  Meet({&ngu_});
  EXPECT_THAT(Last(ngu_), Refused(v1::REASON_WRITER_MAY_NOT, "(act 5)"));
  EXPECT_EQ(NewestAct().number(), 5u);
  EXPECT_THAT(TakeInOf("ngu", 2, "khanh"), IsOk());
  EXPECT_THAT(AssignedTo("k"), IsEmpty());
  EXPECT_EQ(NewestAct().people_size(), 1);
  // Heard of, what comes after it counts.
  Meet({&ngu_});
  EXPECT_THAT(Write(&ngu_, "k", Assigns("pc2", "k", "phong")), Applied());
}

// Phones ask before they send: that it had heard by then says nothing of when this was written.
TEST_F(AssignmentsGuardTest, NorByWhatWasWrittenBeforeItWasHeard) {
  AssignedOnly();
  OpenCases();
  Meet({&ngu_});
  ngu_.clock_ms = room_.now_ms;
  ngu_.Write("k", {Assigns("pc1", "k", "ha", {"k"})});
  room_.now_ms += 60 * 60 * 1000;
  ngu_.clock_ms = room_.now_ms;
  ASSERT_THAT(Restrict("khanh", "k", {{"dam", 0}, {"que", 0}}), IsOk());
  Pull(&ngu_);
  Meet({&ngu_});
  EXPECT_THAT(Last(ngu_), Refused(v1::REASON_WRITER_MAY_NOT, "which this was written without"));
  EXPECT_THAT(Write(&ngu_, "k", Assigns("pc2", "k", "ha", {"k"})), Applied());
  EXPECT_THAT(AssignedTo("k"), ElementsAre("ha"));
}

TEST_F(AssignmentsGuardTest, ADecisionIsEndedByWhoMayDecide) {
  TakeTable(absl::StrCat(BuiltInRules(), "\nrule dep.ends DEP assignment approve unit\n"));
  OpenCases();
  Meet({&ngu_});
  EXPECT_THAT(Write(&ngu_, "k", Assigns("pc1", "k", "que")), Applied());
  EXPECT_THAT(Write(&dam_, "k", Assigns("t1", "k", "ha", {"", ASSIGNMENT_ROLE_GIUP_VIEC})),
              Applied());
  Meet({&duoc_});
  EXPECT_THAT(Write(&duoc_, "k", Steps("pc1", ASSIGNMENT_STATE_SUPERSEDED)),
              Refused(v1::REASON_WRITER_MAY_NOT, "ends an assignment that decides"));
  EXPECT_THAT(AssignedTo("k"), ElementsAre("dam", "que"));
  EXPECT_THAT(Write(&duoc_, "k", Steps("t1", ASSIGNMENT_STATE_SUPERSEDED)), Applied());
  // Who may decide takes the step in.
  EXPECT_THAT(TakeInOf("duoc", 1), IsOk());
  EXPECT_THAT(AssignedTo("k"), ElementsAre("dam"));
}

TEST_F(AssignmentsGuardTest, WhyIsToldWhoReadsAssignments) {
  AssignedOnly();
  OpenCases();
  Meet({&ngu_});
  EXPECT_THAT(Write(&ngu_, "k", Assigns("pc1", "k", "que")), Applied());
  EXPECT_EQ(Acts("khanh", /*history=*/true).back().reason(), "Phân công 4/PC-VKS");
  TakeTable(absl::StrReplaceAll(
      BuiltInRules(), {{"# assigned case", "assigned case"}, {"rule head.assigned ", "# "}}));
  ASSERT_THAT(Acts("khanh", /*history=*/true), SizeIs(3));
  EXPECT_EQ(Acts("khanh", /*history=*/true).back().reason(), "");
}

TEST_F(AssignmentsGuardTest, WhoCannotAnswerIsNotAsked) {
  AssignedOnly();
  Give("kiem", PostOf("kiem", "kv1", v1::CAPACITY_INS, 0, kToday));
  OpenCases();
  Meet({&ngu_});
  // The case is of no field of work, and the deputy of one.
  for (const char* user : {"duoc", "kiem"}) {
    EXPECT_THAT(Write(&ngu_, "k", Assigns(absl::StrCat("pc ", user), "k", user)),
                Refused(v1::REASON_WRITER_MAY_NOT, "could not answer"));
  }
  EXPECT_THAT(AssignedTo("k"), ElementsAre("dam"));
}

TEST_F(AssignmentsGuardTest, WhoGetsAPostLaterIsAssignedThen) {
  AssignedOnly();
  Give("an", PostOf("an", "kv2", v1::CAPACITY_KSV));
  OpenCases();
  Meet({&ngu_});
  EXPECT_THAT(Write(&ngu_, "k", Assigns("pc1", "k", "an")),
              Refused(v1::REASON_WRITER_MAY_NOT, "user an has no post in unit kv1"));
  EXPECT_THAT(TakeInOf("ngu", 1, "khanh"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("has no post")));
  Give("an", PostOf("an", "kv1", v1::CAPACITY_KSV));
  EXPECT_THAT(TakeInOf("ngu", 1, "khanh"), IsOk());
  EXPECT_THAT(AssignedTo("k"), ElementsAre("dam", "an"));
}

TEST_F(AssignmentsGuardTest, WhomAnAssignmentReplacesMakesRoom) {
  AssignedOnly();
  OpenCases();
  std::vector<Named> people = {{"dam", 0}};
  for (int i = 1; i < sync::kNamedPeopleMax; ++i) {
    const std::string user = absl::StrCat("u", i);
    Give(user, PostOf(user, "kv1", v1::CAPACITY_KSV));
    people.emplace_back(user, 0);
  }
  ASSERT_THAT(Restrict("khanh", "k", people), IsOk());
  Meet({&ngu_});
  EXPECT_THAT(Write(&ngu_, "k", Assigns("pc1", "k", "que")),
              Refused(v1::REASON_TOO_LARGE, "limit 100"));
  EXPECT_THAT(Write(&ngu_, "k", Assigns("pc2", "k", "que", {"k"})), Applied());
  EXPECT_EQ(NewestAct().people_size(), sync::kNamedPeopleMax);
}

// A last day is over while an assignment is on its way to the disk: each act has its number.
TEST_F(AssignmentsGuardTest, AtMidnightNoActTakesTheNumberOfOneThatIsBeingWritten) {
  AssignedOnly();
  OpenCases();
  Everybody();
  ASSERT_THAT(Restrict("khanh", "m", {{"dam", 0}, {"que", kToday}}), IsOk());
  Everybody();
  ngu_.Write("k", {Assigns("pc1", "k", "que")});
  que_.Write("q", {NewCase("q")});

  std::atomic<int64_t> clock{room_.now_ms};
  HubOptions options = room_.hub_options;
  options.now_ms = [&clock] { return clock.load(); };
  room_.hub.reset();
  room_.hub = std::make_unique<Hub>(room_.store.get(), room_.directory.get(),
                                    tests::CaseworkSchema().get(), room_.watchers.get(), options);
  absl::Notification stuck, go_on;
  room_.disk.set_observer([&](const testing::FaultEnv::Call& call) {
    if (call.verb != "sync" || stuck.HasBeenNotified()) return;
    stuck.Notify();
    go_on.WaitForNotification();
  });
  // In the first run the day turns, and nothing is over.
  room_.hub->RunOnce();
  room_.hub->Start();
  for (SealedPhone* phone : {&ngu_, &que_}) {
    auto call = room_.exchange->Prepare(room_.CallerOf(*phone), phone->Request(), room_.now_ms);
    ASSERT_THAT(call, IsOk());
    if (phone == &que_) {
      ASSERT_TRUE(stuck.WaitForNotificationWithTimeout(absl::Seconds(30)));
      clock += kDayMs;
    }
    room_.hub->Submit(*std::move(call->push),
                      [](absl::StatusOr<PushAnswer> answer) { EXPECT_THAT(answer, IsOk()); });
  }
  absl::SleepFor(absl::Milliseconds(100));  // the hub has come to the new day
  go_on.Notify();
  room_.hub->Drain();
  room_.disk.set_observer(nullptr);
  room_.now_ms += kDayMs;
  ASSERT_THAT(room_.Open(), IsOk());
  const auto acts = room_.directory->DossiersOf("kv1");
  ASSERT_EQ(acts->newest(), 6u);
  EXPECT_EQ(acts->all()[3].by_assignment(), RecordNamed("pc1").str());
  // Which of the next two comes first is for the hub, which may have been at work by the old day.
  const bool over_first = acts->all()[4].by_assignment().empty();
  const v1::DossierAct& over = acts->all()[over_first ? 4 : 5];
  EXPECT_EQ(over.dossier_id(), RecordNamed("m").str());
  EXPECT_EQ(over.people_size(), 1);
  EXPECT_EQ(acts->all()[over_first ? 5 : 4].by_assignment(), RecordNamed("q").str());
}

// What is to be written under a number that is taken stops the server before anything is lost.
TEST_F(AssignmentsGuardTest, ANumberIsTakenOnce) {
  AssignedOnly();
  OpenCases();
  v1::DossierAct act = NewestAct();
  EXPECT_THAT(room_.directory->NoteOpenings({act}), StatusIs(absl::StatusCode::kDataLoss));
  act.set_number(act.number() + 2);
  EXPECT_THAT(room_.directory->NoteOpenings({act}), StatusIs(absl::StatusCode::kDataLoss));
  Tables tables;
  tables.dossier_acts.push_back(room_.directory->DossiersOf("kv1")->all().front());
  EXPECT_THAT(room_.directory->Take(tables), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace sotay::server
