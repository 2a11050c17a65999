// Assignments: who may give what to whom, whose a dossier is by them, and what phones are sent
// then.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "absl/strings/str_cat.h"
#include "tests/server/assignments_room.h"

namespace sotay::server {
namespace {

using casework::v1::ASSIGNMENT_ROLE_GIUP_VIEC;
using casework::v1::ASSIGNMENT_ROLE_PHOI_HOP;
using casework::v1::NOTE_STATE_SUBMITTED;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using tests::IsOk;
using tests::NewCase;
using tests::Note;
using tests::RecordNamed;
using tests::SealedPhone;
using tests::StatusIs;

using AssignmentsTest = AssignmentsOffice;

TEST_F(AssignmentsTest, FromBirthADossierIsForWhoeverOpenedItAndThoseItIsAssignedTo) {
  AssignedOnly();
  OpenCases();
  Everybody();
  EXPECT_THAT(HeldOf(ngu_, kAll), SizeIs(5));
  EXPECT_THAT(HeldOf(dam_, kAll), SizeIs(5));
  EXPECT_THAT(HeldOf(que_, kAll), IsEmpty());
  EXPECT_THAT(HeldOf(ha_, kAll), IsEmpty());
  EXPECT_THAT(Listed("que"), IsEmpty());
  EXPECT_THAT(que_.removed_dossiers, IsEmpty()) << "nor is anybody told that there is one";
  EXPECT_THAT(AssignedTo("k"), ElementsAre("dam"));
  // Deputies, where they answer for it; of no field of work, none does.
  EXPECT_THAT(HeldOf(duoc_, kAll), IsEmpty());

  EXPECT_THAT(Write(&ngu_, "k", Assigns("pc1", "k", "que")), Applied());
  EXPECT_TRUE(Decides(ngu_, "pc1"));
  EXPECT_THAT(AssignedTo("k"), ElementsAre("dam", "que"));
  EXPECT_EQ(Pull(&que_), 4u) << "the case, two notes, the assignment";
  EXPECT_THAT(HeldOf(que_, kAll), ElementsAre("k", "k1", "k2"));
  EXPECT_EQ(Pull(&dam_), 1u);
  // Another one takes the place of what who opened it has.
  EXPECT_THAT(Write(&ngu_, "k", Assigns("pc2", "k", "phong", {"k", ASSIGNMENT_ROLE_PHOI_HOP})),
              Applied());
  EXPECT_THAT(AssignedTo("k"), ElementsAre("que", "phong"));
  EXPECT_EQ(Pull(&dam_), 0u);
  EXPECT_THAT(dam_.removed_dossiers, ElementsAre(RecordNamed("k").str()));
  EXPECT_THAT(HeldOf(dam_, kAll), ElementsAre("m", "m1"));
  EXPECT_THAT(Listed("dam"), UnorderedElementsAre("m", "m1"));
  EXPECT_EQ(Asked("dam", "pc2"), Asked("dam", "no such"));

  // Acts say how they came, and why as long as the record does.
  const auto acts = Acts("ngu", /*history=*/true);
  ASSERT_THAT(acts, SizeIs(4));
  EXPECT_EQ(acts[0].by_assignment(), RecordNamed("k").str());
  EXPECT_EQ(acts[0].set_by(), "dam");
  EXPECT_EQ(acts[0].reason(), "");
  EXPECT_EQ(acts[2].by_assignment(), RecordNamed("pc1").str());
  EXPECT_EQ(acts[2].set_by(), "ngu");
  EXPECT_EQ(acts[2].reason(), "Phân công 4/PC-VKS");
  EXPECT_EQ(room_.directory->DossiersOf("kv1")->all()[2].reason(), "");
}

TEST_F(AssignmentsTest, ByTheTableThatIsCompiledInTheyLeaveADossierToItsUnit) {
  OpenCases();
  EXPECT_THAT(Acts("ngu", /*history=*/true), IsEmpty());
  Meet({&ngu_});
  EXPECT_THAT(Write(&ngu_, "k", Assigns("pc1", "k", "que", {"k"})), Applied());
  EXPECT_THAT(AssignedTo("k"), ElementsAre("que"));
  Everybody();
  for (const SealedPhone* phone : {&dam_, &que_, &phong_, &ha_}) {
    EXPECT_THAT(HeldOf(*phone, kAll), SizeIs(5)) << phone->user_id();
    EXPECT_NE(phone->Shown("pc1"), nullptr) << "who is given what, everybody sees";
  }
  EXPECT_THAT(Acts("ngu"), IsEmpty());
  // What was open when the table changed stays open, and is assigned as before.
  AssignedOnly();
  EXPECT_THAT(AssignedTo("k"), ElementsAre("que"));
  EXPECT_THAT(Write(&ngu_, "k", Assigns("pc2", "k", "phong", {"pc1"})), Applied());
  EXPECT_THAT(Listed("dam"), SizeIs(7));
  EXPECT_THAT(AssignedTo("k"), ElementsAre("phong"));
}

// Story 3, by an assignment.
TEST_F(AssignmentsTest, WhoHadNotHeardThatItChangedHandsWroteWhatTheySaw) {
  AssignedOnly();
  OpenCases();
  Meet({&ngu_, &dam_});
  EXPECT_THAT(Write(&ngu_, "k", Assigns("pc1", "k", "que", {"k"})), Applied());
  dam_.Write("k", {Note("late").Says("bốn")});
  dam_.Write("k", {Note("k1").Moves(NOTE_STATE_SUBMITTED)});
  dam_.Write("k", {Assigns("self", "k", "dam")});
  Meet({&dam_});
  const uint64_t last = dam_.last_sequence();
  EXPECT_THAT(dam_.outcomes().at(last - 2), Applied());
  EXPECT_THAT(dam_.outcomes().at(last - 1),
              Refused(v1::REASON_WRITER_MAY_NOT, "had not heard of that (act 3)"));
  EXPECT_THAT(dam_.outcomes().at(last),
              Refused(v1::REASON_WRITER_MAY_NOT, "had not heard of that (act 3)"));
  EXPECT_THAT(HeldOf(dam_, kAll), ElementsAre("m", "m1"));
  Meet({&que_});
  EXPECT_THAT(HeldOf(que_, {"k", "k1", "k2", "late"}), SizeIs(4));
  const auto born = room_.store->LoadRecord(RecordNamed("late"));
  ASSERT_THAT(born, IsOk());
  EXPECT_EQ(sync::UnawareOf(*room_.store->LoadAdmission("kv1", (*born)->position)), 3u);
  // Once the phone has heard, nothing of theirs counts there.
  dam_.Write("k", {Note("after").Says("năm")});
  Meet({&dam_});
  EXPECT_THAT(Last(dam_), Refused(v1::REASON_WRITER_MAY_NOT, "for named people"));
}

// Also by a table of an office's own, in which they write in what is theirs alone.
TEST_F(AssignmentsTest, WhatWasTheirsWhenTheyHeardLastTheyWroteIn) {
  std::string rules = std::regex_replace(
      std::string(BuiltInRules()), std::regex("(rule ksv.work +KSV +)([a-z,]+)[^\n]+"),
      "$1$2 create,edit,submit own\nrule ksv.read KSV $2 read unit");
  TakeTable(absl::StrReplaceAll(rules, {{"# assigned case", "assigned case"}}));
  OpenCases();
  Meet({&ngu_, &dam_});
  EXPECT_THAT(Write(&ngu_, "k", Assigns("pc1", "k", "que", {"k"})), Applied());
  dam_.Write("k", {Note("late").Says("bốn")});
  dam_.Write("k", {Note("late").Moves(NOTE_STATE_SUBMITTED)});
  Meet({&dam_});
  EXPECT_THAT(dam_.outcomes().at(dam_.last_sequence() - 1), Applied());
  EXPECT_THAT(Last(dam_), Refused(v1::REASON_WRITER_MAY_NOT, "had not heard of that (act 3)"));
  dam_.Write("k", {Note("after").Says("năm")});
  Meet({&dam_});
  EXPECT_THAT(Last(dam_), Refused(v1::REASON_WRITER_MAY_NOT, "rule ksv.work"));
}

// Whatever comes after it is judged by it.
class AssignmentsAtOnceTest : public AssignmentsOffice {
 protected:
  // The leader hands the case on, and who loses it takes a step there, before either is answered.
  void Submit() {
    OpenCases();
    Meet({&ngu_, &dam_});
    ngu_.Write("k", {Assigns("pc1", "k", "que", {"k"})});
    dam_.Write("k", {Note("k1").Moves(NOTE_STATE_SUBMITTED)});
    for (SealedPhone* phone : {&ngu_, &dam_}) {
      auto prepared =
          room_.exchange->Prepare(room_.CallerOf(*phone), phone->Request(), room_.now_ms);
      ASSERT_THAT(prepared, IsOk());
      room_.hub->Submit(*std::move(prepared->push), [this](absl::StatusOr<PushAnswer> answer) {
        ASSERT_THAT(answer, IsOk());
        answers_.push_back(*std::move(answer));
      });
    }
  }
  void ExpectJudgedByIt() {
    ASSERT_THAT(answers_, SizeIs(2));
    EXPECT_THAT(answers_[0].outcomes[0], Applied());
    EXPECT_THAT(answers_[1].outcomes[0], Refused(v1::REASON_WRITER_MAY_NOT, "act 3"));
  }

  std::vector<PushAnswer> answers_;
};

TEST_F(AssignmentsAtOnceTest, InOneGroup) {
  AssignedOnly();
  Submit();
  EXPECT_TRUE(room_.hub->RunOnce());
  ExpectJudgedByIt();
}

TEST_F(AssignmentsAtOnceTest, WhileItIsBeingWritten) {
  room_.hub_options.group_changes_max = 1;
  AssignedOnly();
  Submit();
  room_.hub->Start();
  room_.hub->Drain();
  ExpectJudgedByIt();
}

TEST_F(AssignmentsTest, AnAssignmentNamesSomebodyWithAPostThereAndADossierOfTheirs) {
  AssignedOnly();
  OpenCases();
  Meet({&ngu_});
  Give("an", PostOf("an", "kv2", v1::CAPACITY_KSV));
  Give("so", PostOf("so", "kv1", v1::CAPACITY_STA));
  for (const char* user : {"nobody", "khoa", "an", "so"}) {
    EXPECT_THAT(Write(&ngu_, "k", Assigns(absl::StrCat("pc ", user), "k", user)),
                Refused(v1::REASON_WRITER_MAY_NOT,
                        absl::StrCat("user ", user, " has no post in unit kv1")));
  }
  EXPECT_THAT(Write(&ngu_, "k", Assigns("pc1", "m", "que")),
              Refused(v1::REASON_BAD_VALUE, "under the root of its dossier"));
  EXPECT_THAT(Write(&ngu_, "k", Assigns("pc2", "k", "Không ai")),
              Refused(v1::REASON_BAD_VALUE, "no assignment"));
  EXPECT_THAT(Write(&ngu_, "m", Assigns("pm", "m", "que")), Applied());
  for (const char* before : {"no such", "m", "pm", "k1"}) {
    EXPECT_THAT(Write(&ngu_, "k", Assigns(absl::StrCat("for ", before), "k", "que", {before})),
                Refused(v1::REASON_BAD_VALUE, "supersedes: no assignment"));
  }
  // All of that is there to be looked at.
  EXPECT_THAT(room_.Quarantine("kv1"), SizeIs(10));
  EXPECT_THAT(AssignedTo("k"), ElementsAre("dam"));
}

TEST_F(AssignmentsTest, NobodyHandsOnWhatIsNotTheirs) {
  AssignedOnly();
  OpenCases();
  Meet({&ngu_});
  EXPECT_THAT(Write(&ngu_, "k", Assigns("pc1", "k", "que")), Applied());
  Everybody();
  // Who has it brings nobody to it, …
  EXPECT_THAT(Write(&que_, "k", Assigns("t1", "k", "phong")),
              Refused(v1::REASON_WRITER_MAY_NOT, "user phong does not see the dossier"));
  // … ends nothing of what a leader said, nor of what who opened it has, …
  EXPECT_THAT(Write(&que_, "k", Assigns("t2", "k", "que", {"k"})),
              Refused(v1::REASON_WRITER_MAY_NOT, "ends what they gave themselves"));
  EXPECT_THAT(Write(&dam_, "k", Assigns("t3", "k", "dam", {"pc1"})),
              Refused(v1::REASON_WRITER_MAY_NOT, "ends what they gave themselves"));
  // … and gives tasks to those who see it, which changes nothing of whose it is.
  EXPECT_THAT(Write(&que_, "k", Assigns("t4", "k", "dam", {"", ASSIGNMENT_ROLE_GIUP_VIEC})),
              Applied());
  EXPECT_FALSE(Decides(que_, "t4"));
  EXPECT_THAT(AssignedTo("k"), ElementsAre("dam", "que"));
  EXPECT_THAT(Write(&que_, "k", Assigns("t5", "k", "dam", {"t4", ASSIGNMENT_ROLE_GIUP_VIEC})),
              Applied());
  EXPECT_THAT(AssignedTo("k"), ElementsAre("dam", "que"));
  const size_t acts = room_.directory->DossiersOf("kv1")->newest();
  EXPECT_EQ(acts, 3u) << "a task says nothing of the dossier";
  // Who does not have it, nothing; least of all themselves.
  EXPECT_THAT(Write(&phong_, "k", Assigns("x1", "k", "phong")),
              Refused(v1::REASON_WRITER_MAY_NOT, "rule ksv.task"));
  EXPECT_THAT(Write(&ha_, "k", Assigns("x2", "k", "ha")),
              Refused(v1::REASON_WRITER_MAY_NOT, "no rule lets"));
  // Nor a deputy what is in none of their fields of work.
  EXPECT_THAT(Write(&duoc_, "k", Assigns("x3", "k", "phong")),
              Refused(v1::REASON_WRITER_MAY_NOT, "dep.assignment"));
  EXPECT_THAT(HeldOf(phong_, kAll), IsEmpty());
  // Taken in by a leader a task is still a task, which brings nobody to the dossier, …
  EXPECT_THAT(TakeInOf("que", 1), StatusIs(absl::StatusCode::kFailedPrecondition,
                                           HasSubstr("user phong does not see")));
  EXPECT_THAT(AssignedTo("k"), ElementsAre("dam", "que"));
  // … and what a deputy decided where they may not is decided by whoever takes it in.
  EXPECT_THAT(TakeInOf("duoc", 1), IsOk());
  EXPECT_THAT(AssignedTo("k"), ElementsAre("dam", "que", "phong"));
  EXPECT_EQ(room_.directory->DossiersOf("kv1")->all().back().set_by(), "ngu");
}

TEST_F(AssignmentsTest, WhoseItIsNotGivesNoTasksThereEvenIfTheySeeIt) {
  OpenCases();
  Everybody();
  EXPECT_THAT(Write(&que_, "k", Assigns("t1", "k", "ha")),
              Refused(v1::REASON_WRITER_MAY_NOT, "rule ksv.task"));
  EXPECT_THAT(Write(&dam_, "k", Assigns("t2", "k", "ha")), Applied());
  EXPECT_THAT(Acts("ngu", /*history=*/true), IsEmpty());
  // Once it is somebody else's, theirs to give.
  EXPECT_THAT(Write(&ngu_, "k", Assigns("pc", "k", "que", {"k"})), Applied());
  Everybody();
  EXPECT_THAT(Write(&dam_, "k", Assigns("t3", "k", "ha")),
              Refused(v1::REASON_WRITER_MAY_NOT, "rule ksv.task"));
  EXPECT_THAT(Write(&que_, "k", Assigns("t4", "k", "ha")), Applied());
}

TEST_F(AssignmentsTest, ADeputyAssignsInTheirFieldOfWork) {
  AssignedOnly();
  dam_.Write("ds",
             {tests::Case("ds")
                  .SetNumber(casework::v1::Case::kKindFieldNumber, casework::v1::CASE_KIND_CIVIL)
                  .Set(casework::v1::Case::kTitleFieldNumber, "Tranh chấp")});
  Meet({&dam_});
  Everybody();
  EXPECT_THAT(HeldOf(duoc_, {"ds"}), SizeIs(1));
  EXPECT_THAT(Write(&duoc_, "ds", Assigns("pc", "ds", "ha", {"", ASSIGNMENT_ROLE_GIUP_VIEC})),
              Applied());
  EXPECT_THAT(AssignedTo("ds"), ElementsAre("dam", "ha"));
  Meet({&ha_});
  EXPECT_THAT(HeldOf(ha_, {"ds", "pc"}), SizeIs(2));
}

}  // namespace
}  // namespace sotay::server
