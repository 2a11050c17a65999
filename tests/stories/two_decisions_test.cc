// Two people decide about one record without knowing of each other: a leader's word outranks a
// prosecutor's, and between equals the more cautious state holds, flagged.  And somebody withdraws
// what somebody else writes on in.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "tests/stories/stage.h"

namespace sotay::tests {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr char kDeputy[] = "dang-thi-duoc";

class TwoDecisions : public ::testing::TestWithParam<size_t> {
 protected:
  static void SetUpTestSuite() {
    stage_ = std::make_unique<Stage>(Stage::Words{kDam, kQue});
    stage_->PutUser(kDeputy, "supervisor");
    stage_->Enrol(kDeputy, kDeputy);
  }
  static void TearDownTestSuite() {
    stage_->Close();
    stage_.reset();
  }
  void SetUp() override { visit_ = stage_->Inspection({"target_body=Nhà tạm giữ Tân Mây"}); }
  void Moves(const std::string& phone, const std::string& record, const std::string& state,
             const std::string& why = "") {
    Stage::Words words = {"edit", record, "state=" + state};
    if (!why.empty()) words.insert(words.end(), {"--reason", why});
    stage_->Phone(phone, words);
  }
  void Meet() { stage_->Meet(GetParam()); }
  void ExpectState(const std::string& record, const std::string& state) {
    for (const std::string& phone : stage_->phones()) {
      EXPECT_EQ(stage_->Phone(phone, {"show", record})["content"]["state"], state) << phone;
    }
    EXPECT_EQ(stage_->Console({"show", record})["content"]["state"], state);
  }
  // Who moved it where, as its history tells.
  std::set<std::string> Steps(const std::string& record) {
    std::set<std::string> steps;
    const json shown = stage_->Console({"show", record});
    for (const json& change : shown["history"]) {
      for (const json& op : change["edits"][0]["ops"]) {
        if (op["field"] != "state") continue;
        steps.insert(change["user"].get<std::string>() + " " + op["value"].get<std::string>());
      }
    }
    return steps;
  }
  static std::unique_ptr<Stage> stage_;
  std::string visit_;
};

std::unique_ptr<Stage> TwoDecisions::stage_;

INSTANTIATE_TEST_SUITE_P(InOrder, TwoDecisions, ::testing::Values(0, 23));

TEST_P(TwoDecisions, BetweenEqualsTheMoreCautiousHoldsAndBothAreShown) {
  const std::string note =
      stage_->New(kDam, "note", visit_, {"body=Tổng số 23 người.", "state=submitted"});
  stage_->Share(kDam);
  Moves(kDeputy, note, "signed");
  Moves(kLeader, note, "returned", "thiếu danh sách");
  Meet();
  ExpectState(note, "NOTE_STATE_RETURNED");
  const json conflicts = stage_->Phone(kDam, {"conflicts", note});
  ASSERT_THAT(conflicts, SizeIs(1));
  std::set<std::string> users;
  for (const json& reading : conflicts[0]["readings"]) users.insert(reading["user"]);
  EXPECT_THAT(users, UnorderedElementsAre(kLeader, kDeputy));
  EXPECT_EQ(conflicts[0]["readings"][0]["value"], "NOTE_STATE_RETURNED") << "the one shown";
  stage_->ExpectTogether();
  // It goes on from the state in force, by somebody who knows of both.
  Moves(kDam, note, "draft");
  Meet();
  ExpectState(note, "NOTE_STATE_DRAFT");
  EXPECT_THAT(stage_->Phone(kLeader, {"conflicts", note}), IsEmpty());
  stage_->ExpectTogether();
}

TEST_P(TwoDecisions, ALeadersOutranksAProsecutors) {
  const std::string finding = stage_->New(
      kDam, "finding", visit_,
      {"violation_code=giam_giu.giam_chung", "description=Buồng 4 có 01 người dưới 18 tuổi."});
  stage_->Share(kDam);
  Moves(kLeader, finding, "confirmed");
  stage_->Share(kLeader);
  Moves(kDam, finding, "in_action");
  stage_->Share(kDam);
  Moves(kQue, finding, "remedied", "đã chuyển buồng");
  Moves(kDeputy, finding, "escalated", "chưa có văn bản");
  Meet();
  ExpectState(finding, "FINDING_STATE_ESCALATED");
  EXPECT_THAT(stage_->Phone(kQue, {"conflicts", finding}), IsEmpty());
  const std::set<std::string> steps = Steps(finding);
  EXPECT_EQ(steps.count("vo-nguyet-que FINDING_STATE_REMEDIED"), 1u) << "the claim stays readable";
  EXPECT_EQ(steps.count("dang-thi-duoc FINDING_STATE_ESCALATED"), 1u);
  stage_->ExpectTogether();
}

// It says so, with the reason, and that somebody wrote on in it meanwhile; a leader decides.
TEST_P(TwoDecisions, WhatIsWithdrawnWhileSomebodyWritesOnIsALeadersToDecide) {
  const std::string body = "Tin số 9 không ghi giờ.";
  const std::string longer = body + " Trưởng Công an xã đã giải thích.";
  const std::string note = stage_->New(kDam, "note", visit_, {"body=" + body});
  stage_->Share(kDam);
  Moves(kDam, note, "withdrawn", "ghi nhầm sổ");
  stage_->Phone(kQue, {"edit", note, "body=" + longer});
  Meet();
  for (const std::string& phone : stage_->phones()) {
    const json shown = stage_->Phone(phone, {"show", note});
    EXPECT_EQ(shown["content"]["body"], longer) << phone;
    EXPECT_FALSE(shown["content"].contains("state")) << phone << ": live, as born";
  }
  EXPECT_THAT(stage_->Console({"show", note}).dump(), HasSubstr("ghi nhầm sổ"));
  stage_->ExpectTogether();
  Moves(kLeader, note, "draft", "giữ phần bổ sung");
  Meet();
  ExpectState(note, "NOTE_STATE_DRAFT");
  EXPECT_EQ(stage_->Console({"show", note})["content"]["body"], longer);
  stage_->ExpectTogether();
}

}  // namespace
}  // namespace sotay::tests
