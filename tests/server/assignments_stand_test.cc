// What becomes of an assignment, how it stands with acts that are said for themselves, what handing
// over costs, and that a store is checked for it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "absl/strings/str_cat.h"
#include "server/keys.h"
#include "server/sight.h"
#include "tests/server/assignments_room.h"

namespace sotay::server {
namespace {

using casework::v1::ASSIGNMENT_ROLE_GIUP_VIEC;
using casework::v1::ASSIGNMENT_STATE_ACCEPTED;
using casework::v1::ASSIGNMENT_STATE_DONE;
using casework::v1::ASSIGNMENT_STATE_OBJECTED;
using casework::v1::ASSIGNMENT_STATE_SUPERSEDED;
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
using tests::Wish;
using A = casework::v1::Assignment;

using AssignmentsStandTest = AssignmentsOffice;

TEST_F(AssignmentsStandTest, WhomItNamesAnswersAndALeaderEnds) {
  AssignedOnly();
  OpenCases();
  Meet({&ngu_});
  EXPECT_THAT(Write(&ngu_, "k", Assigns("pc", "k", "que")), Applied());
  EXPECT_THAT(Write(&ngu_, "k", Assigns("pc ha", "k", "ha", {"", ASSIGNMENT_ROLE_GIUP_VIEC})),
              Applied());
  Everybody();
  // By a build that asks nothing.
  const auto forge = [&](SealedPhone* phone, const Wish& wish, const std::string& reason) {
    v1::Change change;
    change.set_dossier_id(RecordNamed("k").str());
    change.set_reason(reason);
    v1::RecordEdit& edit = *change.add_edits();
    edit.set_record_id(wish.wish().id.str());
    edit.set_type(wish.wish().type);
    for (const sync::ChangeId& head : phone->Shown("pc")->heads()) edit.add_parents(head.str());
    for (const sync::FieldEdit& field : wish.wish().fields) *edit.add_ops() = field.op;
    phone->Forge(change);
    room_.Exchange(phone);
    return Last(*phone);
  };
  EXPECT_THAT(forge(&dam_, Steps("pc", ASSIGNMENT_STATE_ACCEPTED), ""),
              Refused(v1::REASON_WRITER_MAY_NOT, "only whom the assignment names"));
  EXPECT_THAT(forge(&ngu_, Steps("pc", ASSIGNMENT_STATE_ACCEPTED), ""),
              Refused(v1::REASON_WRITER_MAY_NOT, "only whom the assignment names"));
  EXPECT_THAT(
      forge(&ha_,
            Wish("pc", "casework.v1.Assignment").Append(A::kProgressFieldNumber, "đã xong một nửa"),
            ""),
      Refused(v1::REASON_WRITER_MAY_NOT, "only whom the assignment names"));
  EXPECT_THAT(forge(&que_,
                    Wish("pc", "casework.v1.Assignment")
                        .Set(A::kSupersedesFieldNumber, RecordNamed("k").view()),
                    ""),
              Refused(v1::REASON_ONCE_WRITTEN, "stands as it was written"));
  EXPECT_THAT(forge(&que_, Steps("pc", ASSIGNMENT_STATE_OBJECTED), ""),
              Refused(v1::REASON_REQUIRED_MISSING, "takes a reason"));
  EXPECT_THAT(Write(&que_, "k",
                    Wish("pc", "casework.v1.Assignment")
                        .SetNumber(A::kStateFieldNumber, ASSIGNMENT_STATE_ACCEPTED)
                        .Append(A::kProgressFieldNumber, "đã nhận hồ sơ")),
              Applied());
  EXPECT_THAT(Write(&que_, "k", Steps("pc", ASSIGNMENT_STATE_DONE)), Applied());
  EXPECT_THAT(AssignedTo("k"), ElementsAre("dam", "que", "ha")) << "what is done is theirs still";
  EXPECT_EQ(room_.directory->DossiersOf("kv1")->newest(), 4u) << "answers say nothing of it";
  Meet({&ngu_});
  EXPECT_THAT(Write(&ngu_, "k", Steps("pc", ASSIGNMENT_STATE_SUPERSEDED)), Applied());
  EXPECT_THAT(AssignedTo("k"), ElementsAre("dam", "ha"));
  Meet({&que_});
  EXPECT_THAT(HeldOf(que_, kAll), IsEmpty());
}

// What is said last stands: an act for itself over assignments before it, an assignment as one name
// more, or another name, over that.
TEST_F(AssignmentsStandTest, AnActForItselfStandsUntilTheNextAssignment) {
  AssignedOnly();
  OpenCases();
  Meet({&ngu_});
  EXPECT_THAT(Write(&ngu_, "k", Assigns("pc1", "k", "que")), Applied());
  ASSERT_THAT(Restrict("ngu", "k", {{"ha", kToday}}), IsOk());
  Meet({&ngu_});
  EXPECT_THAT(Listed("ha"), SizeIs(4));
  EXPECT_THAT(Listed("que"), IsEmpty()) << "assigned as they are";
  EXPECT_THAT(Listed("dam"), UnorderedElementsAre("m", "m1"));
  EXPECT_THAT(AssignedTo("k"), ElementsAre("dam", "que"));
  EXPECT_THAT(Write(&ngu_, "k", Assigns("pc2", "k", "phong", {"pc1"})), Applied());
  EXPECT_THAT(Listed("phong"), SizeIs(5));
  EXPECT_THAT(Listed("que"), IsEmpty());
  EXPECT_THAT(Listed("ha"), SizeIs(5)) << "named until tonight";
  DayPasses();
  ngu_.clock_ms = room_.now_ms;
  EXPECT_THAT(Listed("ha"), IsEmpty());
  EXPECT_THAT(Listed("phong"), SizeIs(5));
  EXPECT_THAT(AssignedTo("k"), ElementsAre("dam", "phong"));
  // Open is open, whoever is assigned.
  ASSERT_THAT(Open("ngu", "k"), IsOk());
  Meet({&ngu_});
  EXPECT_THAT(Write(&ngu_, "k", Assigns("pc3", "k", "que", {"pc2"})), Applied());
  EXPECT_THAT(Listed("ha"), SizeIs(6));
  EXPECT_THAT(AssignedTo("k"), ElementsAre("dam", "que"));
  // A restricted dossier that was never assigned is one as well.
  AssignedOnly();
  EXPECT_THAT(AssignedTo("k"), ElementsAre("dam", "que")) << "after a start as before it";
}

// The cost of handing over is the dossier's, whatever else there is.
TEST_F(AssignmentsStandTest, HandingOverSendsTheDossierAlone) {
  AssignedOnly();
  OpenCases();
  for (int i = 0; i < 60; ++i) {
    const std::string other = absl::StrCat("o", i);
    phong_.Write(other, {NewCase(other), Note(absl::StrCat("on", i)).Says("một dòng")});
  }
  Everybody();
  EXPECT_THAT(Write(&ngu_, "k", Assigns("pc1", "k", "que", {"k"})), Applied());
  EXPECT_EQ(Pull(&que_), 4u);
  EXPECT_EQ(Pull(&dam_), 0u);
  EXPECT_EQ(Pull(&phong_), 0u);
  // And that others open dossiers meanwhile makes nothing be read again, nor sent.
  phong_.Write("late", {NewCase("late")});
  Meet({&phong_});
  EXPECT_THAT(Write(&ngu_, "k", Assigns("pc2", "k", "dam", {"pc1"})), Applied());
  EXPECT_EQ(Pull(&dam_), 5u);
  EXPECT_EQ(Pull(&que_), 0u);
  EXPECT_THAT(HeldOf(que_, kAll), IsEmpty());
  EXPECT_THAT(HeldOf(dam_, kAll), SizeIs(5));
}

// By a table of an office's own, in which prosecutors have what is theirs and no more.
TEST_F(AssignmentsStandTest, WhatIsTheirsIsWhatTheyBeganAndWhatTheyAreAssigned) {
  OpenCases();
  Meet({&ngu_});
  TakeTable(std::regex_replace(std::string(BuiltInRules()),
                               std::regex("(rule ksv.(case|work) +KSV +[a-z,]+ +[a-z,]+ +)unit"),
                               "$1own"));
  EXPECT_THAT(Listed("dam"), SizeIs(5));
  EXPECT_THAT(Listed("que"), IsEmpty());
  EXPECT_THAT(Asked("que", "k1"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Write(&que_, "k", Note("x").Says("bốn")),
              Refused(v1::REASON_WRITER_MAY_NOT, "rule ksv.work"));
  EXPECT_THAT(Write(&ngu_, "k", Assigns("pc1", "k", "que", {"k"})), Applied());
  EXPECT_THAT(Listed("que"), UnorderedElementsAre("k", "k1", "k2", "pc1"));
  EXPECT_THAT(Asked("que", "k1"), IsOk());
  EXPECT_THAT(Write(&que_, "k", Note("y").Says("bốn")), Applied());
  // What somebody began is theirs to read, and no reason to begin more in what is another's.
  EXPECT_THAT(Listed("dam"), UnorderedElementsAre("k", "k1", "k2", "pc1", "m", "m1"));
  EXPECT_THAT(Write(&dam_, "k", Note("z").Says("năm")),
              Refused(v1::REASON_WRITER_MAY_NOT, "rule ksv.work"));
}

// Whoever was reading when it was opened does not come upon it.
TEST_F(AssignmentsStandTest, WhatIsOpenedMeanwhileIsNobodyElsesFromTheFirstMoment) {
  AssignedOnly();
  Reading before = room_.supervision->ReadingOf(*Of("que"), "kv1");
  // At every step of its way to the disk it is known whose it is.
  size_t steps = 0;
  room_.disk.set_observer([&](const testing::FaultEnv::Call& call) {
    if (call.verb != "append" || room_.directory->Head("kv1")->position() != 0) return;
    ++steps;
    EXPECT_TRUE(room_.directory->KeepsBack("kv1", RecordNamed("k").view(), "que"));
    EXPECT_FALSE(room_.directory->KeepsBack("kv1", RecordNamed("k").view(), "dam"));
    // What a crash may still lose no phone is told to have heard.
    EXPECT_EQ(AccessOf(*room_.directory, *Of("que"), "kv1").number, 0u);
  });
  dam_.Write("k", {NewCase("k")});
  ASSERT_THAT(room_.Push(&dam_), IsOk());
  room_.disk.set_observer(nullptr);
  EXPECT_GT(steps, 0u);
  EXPECT_EQ(AccessOf(*room_.directory, *Of("que"), "kv1").number, 1u);
  const auto stored = room_.store->LoadRecord(RecordNamed("k"));
  ASSERT_THAT(stored, IsOk());
  v1::Record record;
  ASSERT_TRUE(record.ParseFromString((*stored)->bytes));
  EXPECT_FALSE(before.Of(record)->allowed());
  EXPECT_TRUE(room_.supervision->ReadingOf(*Of("dam"), "kv1").Of(record)->allowed());
}

TEST_F(AssignmentsStandTest, TheCheckFindsAnActThatSaysOtherwise) {
  AssignedOnly();
  OpenCases();
  Meet({&ngu_});
  EXPECT_THAT(Write(&ngu_, "k", Assigns("pc1", "k", "que")), Applied());
  v1::DossierAct act = room_.directory->DossiersOf("kv1")->all()[2];
  const std::string before = act.SerializeAsString();
  act.mutable_assigned(1)->set_user_id("phong");
  room_.Tamper(DossierActKey("kv1", 3), act.SerializeAsString());
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_THAT(room_.Faults(), ElementsAre(HasSubstr("names others than follow"),
                                          HasSubstr("assigned otherwise than")));
  // By what is no assignment, and for somebody who does not follow from it.
  act.ParseFromString(before);
  act.set_by_assignment(RecordNamed("k1").str());
  room_.Tamper(DossierActKey("kv1", 3), act.SerializeAsString());
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_THAT(room_.Faults(), ElementsAre(HasSubstr("said by no assignment")));
  act.ParseFromString(before);
  act.add_people()->set_user_id("phong");
  room_.Tamper(DossierActKey("kv1", 3), act.SerializeAsString());
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_THAT(room_.Faults(), ElementsAre(HasSubstr("names others than follow")));
  room_.Tamper(DossierActKey("kv1", 3), before);
  ASSERT_THAT(room_.Open(), IsOk());
}

}  // namespace
}  // namespace sotay::server
