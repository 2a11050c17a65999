// What stands over a surprise inspection: what somebody said for itself, the table of rights, and
// the store.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/server/hidden_dossiers_room.h"

namespace sotay::server {
namespace {

using casework::v1::Inspection;
using casework::v1::INSPECTION_PLANNING_PERIODIC;
using casework::v1::INSPECTION_PLANNING_SURPRISE;
using casework::v1::INSPECTION_STATE_IN_PROGRESS;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::IsOk;
using tests::Note;
using tests::RecordNamed;
using tests::SealedPhone;

using HiddenDossiersStandTest = HiddenDossiersRoom;

TEST_F(HiddenDossiersStandTest, WhatSomebodySaidForItselfSinceStands) {
  OpenSurprise();
  // The same people: what hid it goes on by this act, which nothing but an act ends.
  ASSERT_THAT(Restrict("ngu", "v", {{"dam", 0}}), IsOk());
  EXPECT_THAT(Causes(), SizeIs(2));
  ASSERT_THAT(Restrict("ngu", "v", {{"dam", 0}}), IsOk());
  EXPECT_THAT(Causes(), SizeIs(2)) << "said twice is said once";
  EXPECT_THAT(Begin(&dam_), Applied());
  Everybody();
  EXPECT_THAT(Causes(), SizeIs(2));
  ExpectNothingTold(phong_);
  ASSERT_THAT(Open("ngu", "v"), IsOk());
  Everybody();
  EXPECT_THAT(HeldOf(phong_, kVisit), SizeIs(2));
}

// Nor does an assignment between the two make them one.
TEST_F(HiddenDossiersStandTest, WhatSomebodySaidForItselfAfterAnAssignmentStandsAsWell) {
  OpenSurprise();
  EXPECT_THAT(Write(&ngu_, "v", Assigns("pc1", "v", "que")), Applied());
  ASSERT_THAT(Restrict("ngu", "v", {{"dam", 0}, {"que", 0}}), IsOk());
  EXPECT_THAT(Causes(), SizeIs(3));
  Meet({&dam_});
  EXPECT_THAT(Begin(&dam_), Applied());
  Everybody();
  EXPECT_THAT(Causes(), SizeIs(3));
  ExpectNothingTold(phong_);
}

TEST_F(HiddenDossiersStandTest, OpenedByHandItIsNotHiddenAnew) {
  OpenSurprise();
  ASSERT_THAT(Open("ngu", "v"), IsOk());
  EXPECT_THAT(Write(&dam_, "v", OfInspection("v").Set(Inspection::kPlaceFieldNumber, "Bãi Nổi")),
              Applied());
  EXPECT_THAT(Begin(&dam_), Applied());
  EXPECT_THAT(Causes(), ElementsAre(v1::ACT_CAUSE_OPENED_HIDDEN, v1::ACT_CAUSE_UNSPECIFIED));
  // Nor one that became a surprise while it was restricted by hand, and was opened since.
  dam_.Write("w", {NewInspection("w")});
  Meet({&dam_});
  ASSERT_THAT(Restrict("ngu", "w", {{"dam", 0}}), IsOk());
  EXPECT_THAT(Write(&dam_, "w", Plans(OfInspection("w"), INSPECTION_PLANNING_SURPRISE)), Applied());
  ASSERT_THAT(Open("ngu", "w"), IsOk());
  EXPECT_THAT(Write(&dam_, "w", OfInspection("w").Set(Inspection::kPlaceFieldNumber, "Bãi Nổi")),
              Applied());
  EXPECT_THAT(Causes("w"), ElementsAre(v1::ACT_CAUSE_UNSPECIFIED, v1::ACT_CAUSE_UNSPECIFIED));
  // Nor by what is planned after somebody said that it is everybody's.
  dam_.Write("x", {NewInspection("x")});
  Meet({&dam_});
  ASSERT_THAT(Restrict("ngu", "x", {{"dam", 0}}), IsOk());
  ASSERT_THAT(Open("ngu", "x"), IsOk());
  EXPECT_THAT(Write(&dam_, "x", Plans(OfInspection("x"), INSPECTION_PLANNING_SURPRISE)), Applied());
  EXPECT_THAT(Causes("x"), ElementsAre(v1::ACT_CAUSE_UNSPECIFIED, v1::ACT_CAUSE_UNSPECIFIED));
}

TEST_F(HiddenDossiersStandTest, WhatIsNoSurpriseOrHasBegunIsItsUnits) {
  dam_.Write("v", {Plans(NewInspection("v"), INSPECTION_PLANNING_PERIODIC)});
  dam_.Write("b", {Surprise("b").SetNumber(Inspection::kStateFieldNumber,
                                           static_cast<uint64_t>(INSPECTION_STATE_IN_PROGRESS))});
  Meet({&dam_});
  Everybody();
  EXPECT_THAT(HeldOf(phong_, {"v", "b"}), SizeIs(2));
  EXPECT_EQ(room_.directory->DossiersOf("kv1"), nullptr);
  // Nor is what was begun hidden by a word that comes after.
  dam_.Write("c", {NewInspection("c").SetNumber(Inspection::kStateFieldNumber,
                                                uint64_t{INSPECTION_STATE_IN_PROGRESS})});
  Meet({&dam_});
  EXPECT_THAT(Write(&dam_, "c", Plans(OfInspection("c"), INSPECTION_PLANNING_SURPRISE)), Applied());
  EXPECT_EQ(room_.directory->DossiersOf("kv1"), nullptr);
}

TEST_F(HiddenDossiersStandTest, ATableWithoutTheLineHidesNothing) {
  TakeTable(absl::StrReplaceAll(BuiltInRules(), {{"hidden inspection", "# hidden inspection"}}));
  OpenSurprise();
  EXPECT_THAT(HeldOf(phong_, kVisit), SizeIs(2));
  EXPECT_THAT(Causes(), IsEmpty());
}

// Nothing says any more when it begins.
TEST_F(HiddenDossiersStandTest, WhereTheLineIsGoneWhatItHidIsOpenedByHand) {
  OpenSurprise();
  TakeTable(absl::StrReplaceAll(BuiltInRules(), {{"hidden inspection", "# hidden inspection"}}));
  EXPECT_THAT(Begin(&dam_), Applied());
  Everybody();
  ExpectNothingTold(phong_);
  ASSERT_THAT(Open("ngu", "v"), IsOk());
  Everybody();
  EXPECT_THAT(HeldOf(phong_, kVisit), SizeIs(2));
}

TEST_F(HiddenDossiersStandTest,
       WhereDossiersAreForWhomTheyAreAssignedToItsBeginningOpensItToNobody) {
  AssignedOnly();
  OpenSurprise();
  EXPECT_THAT(Begin(&dam_), Applied());
  Everybody();
  ExpectNothingTold(phong_);
  EXPECT_THAT(Causes(), ElementsAre(v1::ACT_CAUSE_UNSPECIFIED));
}

// What was hidden when the table said that of inspections begins as it was planned to.
TEST_F(HiddenDossiersStandTest, WhatWasHiddenBeforeTheTableSaidSoOpensAllTheSame) {
  OpenSurprise();
  AssignedOnly();
  EXPECT_THAT(Begin(&dam_), Applied());
  EXPECT_THAT(Causes(), ElementsAre(v1::ACT_CAUSE_OPENED_HIDDEN, v1::ACT_CAUSE_BEGUN));
  Everybody();
  EXPECT_THAT(HeldOf(phong_, kVisit), SizeIs(2));
}

// By a line of an office's own, about another type and a field that may change its mind: as long as
// one reading says so it is hidden, and no longer.
TEST_F(HiddenDossiersStandTest, WhatIsToBeHiddenNoLongerIsItsUnits) {
  TakeTable(absl::StrCat(BuiltInRules(),
                         "\nhidden case.severity OFFENCE_SEVERITY_SERIOUS until "
                         "CASE_STAGE_PROSECUTION\n"));
  const auto severe = [](casework::v1::OffenceSeverity severity) {
    return tests::Case("v").SetNumber(casework::v1::Case::kSeverityFieldNumber,
                                      static_cast<uint64_t>(severity));
  };
  dam_.Write("v", {tests::NewCase("v").SetNumber(
                      casework::v1::Case::kSeverityFieldNumber,
                      static_cast<uint64_t>(casework::v1::OFFENCE_SEVERITY_SERIOUS))});
  Meet({&dam_, &ngu_});
  EXPECT_THAT(Write(&ngu_, "v", Assigns("pc1", "v", "que")), Applied());
  Everybody();
  EXPECT_EQ(NewestAct().restricted(), true);
  ExpectNothingTold(phong_);
  // They disagree.
  que_.Write("v", {severe(casework::v1::OFFENCE_SEVERITY_VERY_SERIOUS)});
  EXPECT_THAT(Write(&dam_, "v", severe(casework::v1::OFFENCE_SEVERITY_LESS_SERIOUS)), Applied());
  EXPECT_EQ(NewestAct().cause(), v1::ACT_CAUSE_BEGUN);
}

// Before anything of its batch is on the disk it is kept back; and what becomes a surprise later,
// from before the first record that says so.
TEST_F(HiddenDossiersStandTest, BeforeItsBatchIsWrittenItIsKeptBack) {
  dam_.Write("w", {NewInspection("w")});
  dam_.Write("u", {NewInspection("u")});
  Meet({&dam_, &ngu_, &phong_});
  // Of one of them something was said that leaves it open.
  EXPECT_THAT(Write(&ngu_, "u", Assigns("pc1", "u", "que")), Applied());
  ASSERT_NE(room_.directory->DossiersOf("kv1")->Standing(RecordNamed("u").view()), nullptr);
  for (const char* name : {"v", "w", "u"}) {
    const std::string dossier = RecordNamed(name).str();
    dam_.Write(
        name, {name == std::string("v") ? Surprise("v")
                                        : Plans(OfInspection(name), INSPECTION_PLANNING_SURPRISE)});
    std::vector<bool> kept_back;
    absl::Status asked;
    room_.disk.set_observer([&](const testing::FaultEnv::Call& call) {
      if (call.verb != "append") return;
      kept_back.push_back(room_.directory->KeepsBack("kv1", dossier, "phong"));
      asked = Asked("phong", name);
    });
    Meet({&dam_});
    room_.disk.set_observer(nullptr);
    ASSERT_THAT(kept_back, ::testing::Not(IsEmpty()));
    EXPECT_TRUE(kept_back.front()) << name;
    EXPECT_EQ(asked, Asked("phong", "no such")) << name;
  }
}

// A colleague's push that is judged right after is judged by it.
TEST_F(HiddenDossiersStandTest, InOneGroup) {
  dam_.Write("v", {Surprise("v")});
  v1::Change change;
  change.set_dossier_id(RecordNamed("v").str());
  v1::RecordEdit& edit = *change.add_edits();
  edit.set_record_id(RecordNamed("x").str());
  edit.set_type("casework.v1.Note");
  phong_.Forge(change);
  std::vector<PushAnswer> answers;
  for (SealedPhone* phone : {&dam_, &phong_}) {
    auto prepared = room_.exchange->Prepare(room_.CallerOf(*phone), phone->Request(), room_.now_ms);
    ASSERT_THAT(prepared, IsOk());
    room_.hub->Submit(*std::move(prepared->push), [&](absl::StatusOr<PushAnswer> answer) {
      ASSERT_THAT(answer, IsOk());
      answers.push_back(*std::move(answer));
    });
  }
  EXPECT_TRUE(room_.hub->RunOnce());
  ASSERT_THAT(answers, SizeIs(2));
  EXPECT_THAT(answers[0].outcomes[0], Applied());
  EXPECT_THAT(answers[1].outcomes[0], Refused(v1::REASON_WRITER_MAY_NOT, "for named people"));
}

// The same day again: a start reads what was said from the store.
TEST_F(HiddenDossiersStandTest, AStartForgetsNothing) {
  OpenSurprise();
  ASSERT_THAT(room_.Open(), IsOk());
  Everybody();
  ExpectNothingTold(phong_);
  EXPECT_THAT(Begin(&dam_), Applied());
  ASSERT_THAT(room_.Open(), IsOk());
  Everybody();
  EXPECT_THAT(HeldOf(phong_, kVisit), SizeIs(2));
}

TEST_F(HiddenDossiersStandTest, TheCheckFindsAnActThatSaysOtherwise) {
  OpenSurprise();
  const v1::DossierAct before = NewestAct();
  const auto faults_of = [&](const std::function<void(v1::DossierAct*)>& change) {
    v1::DossierAct act = before;
    change(&act);
    room_.Tamper(DossierActKey("kv1", act.number()), act.SerializeAsString());
    EXPECT_THAT(room_.Open(), IsOk());
    return room_.Faults();
  };
  EXPECT_THAT(faults_of([](v1::DossierAct* act) { act->set_restricted(false); }),
              ElementsAre(HasSubstr("otherwise than it says")));
  EXPECT_THAT(faults_of([](v1::DossierAct* act) { act->clear_people(); }),
              ElementsAre(HasSubstr("from whom it is assigned to")));
  EXPECT_THAT(
      faults_of([](v1::DossierAct* act) { act->set_by_assignment(RecordNamed("v1").str()); }),
      ElementsAre(HasSubstr("is not by its root")));
  EXPECT_THAT(faults_of([](v1::DossierAct* act) {
                act->set_cause(v1::ACT_CAUSE_BEGUN);
                act->set_restricted(false);
                act->clear_people();
              }),
              ElementsAre(HasSubstr("that nothing hid")));
  EXPECT_THAT(faults_of([](v1::DossierAct*) {}), IsEmpty());
}

TEST_F(HiddenDossiersStandTest, TheCheckFindsASecondTurn) {
  OpenSurprise();
  EXPECT_THAT(Begin(&dam_), Applied());
  ASSERT_THAT(Restrict("ngu", "v", {{"dam", 0}}), IsOk());
  ASSERT_THAT(Restrict("ngu", "v", {{"que", 0}}), IsOk());
  const std::vector<v1::DossierAct> acts = room_.directory->DossiersOf("kv1")->all();
  ASSERT_THAT(acts, SizeIs(4));
  const auto faults_of = [&](uint64_t number, v1::DossierAct act) {
    act.set_number(number);
    const std::string key = DossierActKey("kv1", number);
    room_.Tamper(key, act.SerializeAsString());
    EXPECT_THAT(room_.Open(), IsOk());
    const auto faults = room_.Faults();
    room_.Tamper(key, acts[number - 1].SerializeAsString());
    EXPECT_THAT(room_.Open(), IsOk());
    return faults;
  };
  // Begun again, at once or after what somebody said for itself; hidden again.
  EXPECT_THAT(faults_of(3, acts[1]), ElementsAre(HasSubstr("that nothing hid")));
  EXPECT_THAT(faults_of(4, acts[1]), ElementsAre(HasSubstr("that nothing hid")));
  v1::DossierAct hides = acts[0];
  hides.set_cause(v1::ACT_CAUSE_HIDDEN);
  EXPECT_THAT(faults_of(3, hides), ElementsAre(HasSubstr("a second time")));
  // Begun where a word stands that does not hide.
  EXPECT_THAT(faults_of(2, acts[2]), IsEmpty()) << "as if a leader had said it first";
  v1::DossierAct begun = acts[1];
  begun.clear_assigned();
  EXPECT_THAT(faults_of(2, begun), ElementsAre(HasSubstr("assigns it otherwise")));
}

}  // namespace
}  // namespace sotay::server
