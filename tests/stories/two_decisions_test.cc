// Two people decide about one record without knowing of each other: a leader's word outranks a
// prosecutor's, and between equals the more cautious state holds, flagged; both are told.  And
// somebody withdraws what somebody else writes on in.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>

#include "tests/stories/stage.h"

namespace sotay::tests {
namespace {

using nlohmann::json;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr char kDeputy[] = "dang-thi-duoc";
constexpr char kInspector[] = "pham-thuy-trieu";

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

INSTANTIATE_TEST_SUITE_P(InOrder, TwoDecisions, ::testing::ValuesIn(OrdersOf(4)));

TEST_P(TwoDecisions, BetweenEqualsTheMoreCautiousHoldsAndBothAreShown) {
  const std::string note =
      stage_->New(kDam, "note", visit_, {"body=Tổng số 23 người.", "state=submitted"});
  stage_->Share(kDam);
  Moves(kDeputy, note, "signed");
  Moves(kLeader, note, "returned", "thiếu danh sách");
  Meet();
  // Both are told of the other, until they have looked.
  const json deputys = stage_->Phone(kDeputy, {"status"})["notices"];
  ASSERT_THAT(deputys, SizeIs(1));
  EXPECT_EQ(deputys[0]["notice"], "overtaken");
  EXPECT_EQ(deputys[0]["own"]["value"], "NOTE_STATE_SIGNED");
  EXPECT_EQ(deputys[0]["other"]["value"], "NOTE_STATE_RETURNED");
  EXPECT_EQ(deputys[0]["other"]["user"], kLeader);
  const json leaders = stage_->Phone(kLeader, {"status"})["notices"];
  ASSERT_THAT(leaders, SizeIs(1));
  EXPECT_EQ(leaders[0]["notice"], "prevailed");
  EXPECT_EQ(leaders[0]["other"]["user"], kDeputy);
  EXPECT_THAT(stage_->Phone(kDam, {"status"})["notices"], IsEmpty()) << "no decision of his";
  const json overtaken = stage_->Console({"show", note})["overtaken"];
  ASSERT_THAT(overtaken, SizeIs(1));
  EXPECT_EQ(overtaken[0]["user"], kDeputy);
  EXPECT_EQ(overtaken[0]["value"], "NOTE_STATE_SIGNED");
  EXPECT_EQ(overtaken[0]["by"]["user"], kLeader);
  ExpectState(note, "NOTE_STATE_RETURNED");
  EXPECT_THAT(stage_->Phone(kDeputy, {"status"})["notices"], IsEmpty()) << "looked at";
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
  EXPECT_EQ(stage_->Phone(kQue, {"status"})["notices"][0]["notice"], "overtaken");
  EXPECT_EQ(stage_->Phone(kDeputy, {"status"})["notices"][0]["notice"], "prevailed");
  ExpectState(finding, "FINDING_STATE_ESCALATED");
  EXPECT_THAT(stage_->Phone(kQue, {"conflicts", finding}), IsEmpty());
  const std::set<std::string> steps = Steps(finding);
  EXPECT_EQ(steps.count("vo-nguyet-que FINDING_STATE_REMEDIED"), 1u) << "the claim stays readable";
  EXPECT_EQ(steps.count("dang-thi-duoc FINDING_STATE_ESCALATED"), 1u);
  stage_->ExpectTogether();
}

// Of a recommendation: the head's word stands over a deputy's, also where it is the less cautious
// one, and no number is given to what was returned.
class HeadAndDeputy : public TwoDecisions {
 protected:
  static void SetUpTestSuite() {
    TwoDecisions::SetUpTestSuite();
    for (const auto& [user, capacity] : {std::pair(kLeader, "HEAD"), std::pair(kDeputy, "DEP")}) {
      stage_->PutUser(user, "");
      Stage::Words post = {"posts", "put", user, "vkskv1", capacity, "--reason", "5/QĐ-VKS"};
      if (user == kDeputy) post.insert(post.end(), {"--field", "giam_giu"});
      stage_->office().Administrator(post);
    }
  }
  void SetUp() override {
    TwoDecisions::SetUp();
    action_ = stage_->New(kDam, "action", visit_,
                          {"kind=recommendation", "draft_no=TẠM-dam-1", "state=submitted",
                           "title=Kiến nghị về giam chung"});
    stage_->Share(kDam);
  }
  // Both have had their say; what everybody is shown, and who is told what.
  void ExpectDecided(const std::string& state, const std::string& overtaken) {
    Meet();
    EXPECT_EQ(stage_->Phone(kDeputy, {"status"})["notices"][0]["notice"], "overtaken");
    EXPECT_EQ(stage_->Phone(kLeader, {"status"})["notices"][0]["notice"], "prevailed");
    ExpectState(action_, state);
    const json shown = stage_->Console({"show", action_});
    EXPECT_FALSE(shown["content"].contains("number")) << "no number is given";
    ASSERT_THAT(shown["overtaken"], SizeIs(1));
    EXPECT_EQ(shown["overtaken"][0]["user"], kDeputy);
    EXPECT_EQ(shown["overtaken"][0]["value"], overtaken);
    EXPECT_EQ(shown["overtaken"][0]["by"]["user"], kLeader);
    EXPECT_THAT(stage_->Console({"quarantine"}), IsEmpty());
    stage_->ExpectTogether();
  }
  std::string action_;
};

INSTANTIATE_TEST_SUITE_P(InOrder, HeadAndDeputy, ::testing::ValuesIn(OrdersOf(4)));

TEST_P(HeadAndDeputy, WhatTheHeadReturnedIsReturned) {
  Moves(kDeputy, action_, "approved");
  Moves(kLeader, action_, "returned", "thiếu danh sách");
  ExpectDecided("LEGAL_ACTION_STATE_RETURNED", "LEGAL_ACTION_STATE_APPROVED");
}

TEST_P(HeadAndDeputy, WhatTheHeadApprovedIsApproved) {
  Moves(kDeputy, action_, "returned", "thiếu danh sách");
  Moves(kLeader, action_, "approved");
  ExpectDecided("LEGAL_ACTION_STATE_APPROVED", "LEGAL_ACTION_STATE_RETURNED");
}

// A note stays live with what somebody wrote on in it; that it was withdrawn meanwhile is a
// request, shown with its reason until a leader decides.
class Withdrawn : public TwoDecisions {
 protected:
  static void SetUpTestSuite() {
    TwoDecisions::SetUpTestSuite();
    stage_->PutUser(kInspector, "");
    stage_->office().Administrator({"posts", "put", kInspector, "vkskv1", "INS", "--to",
                                    "31/12/2099", "--reason", "6/QĐ-VKS"});
    const std::string invitation = stage_->office().Invite(kInspector);
    EXPECT_EQ(stage_->Decide(kInspector, {"enroll", invitation}).exit_code, 0);
  }
  void SetUp() override {
    TwoDecisions::SetUp();
    note_ = stage_->New(kDam, "note", visit_, {"body=" + body_});
    stage_->Share(kDam);
    Moves(kDam, note_, "withdrawn", "ghi nhầm sổ");
    stage_->Phone(kQue, {"edit", note_, "body=" + longer_});
    Meet();
  }
  // Everywhere, who is asked to decide what.
  void ExpectRequest() {
    const auto expect = [](const json& shown, const std::string& where) {
      EXPECT_FALSE(shown["content"].contains("state")) << where << ": as born";
      ASSERT_THAT(shown["requests"], SizeIs(1)) << where;
      const json& request = shown["requests"][0];
      EXPECT_EQ(request["user"], kDam) << where;
      EXPECT_EQ(request["value"], "NOTE_STATE_WITHDRAWN") << where;
      EXPECT_EQ(request["reason"], "ghi nhầm sổ") << where;
      ASSERT_THAT(request["unaware"], SizeIs(1)) << where;
      EXPECT_EQ(request["unaware"][0]["user"], kQue) << where;
    };
    for (const std::string& phone : stage_->phones()) {
      expect(stage_->Phone(phone, {"show", note_}), phone);
      const json listed = stage_->Phone(phone, {"list", "note", "--in", note_, "--conflicts"});
      ASSERT_THAT(listed, SizeIs(1)) << phone;
      EXPECT_EQ(listed[0]["requested"], json::array({"NOTE_STATE_WITHDRAWN"})) << phone;
    }
    expect(stage_->Console({"show", note_}), "console");
    const json to_decide = stage_->Console({"conflicts"});
    EXPECT_TRUE(std::any_of(to_decide.begin(), to_decide.end(), [this](const json& one) {
      return one.contains("request") && one["request"]["record"] == note_;
    }));
  }

  const std::string body_ = "Tin số 9 không ghi giờ.";
  const std::string longer_ = body_ + " Trưởng Công an xã đã giải thích.";
  std::string note_;
};

INSTANTIATE_TEST_SUITE_P(InOrder, Withdrawn, ::testing::ValuesIn(OrdersOf(4)));

TEST_P(Withdrawn, ANoteStaysLiveAndALeaderKeepsIt) {
  // Whoever asked is told, until they have looked.
  const json told = stage_->Phone(kDam, {"status"})["notices"];
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0]["notice"], "requested");
  EXPECT_EQ(told[0]["other"]["user"], kQue);
  ExpectRequest();
  EXPECT_THAT(stage_->Phone(kDam, {"status"})["notices"], IsEmpty());
  stage_->ExpectTogether();
  // Asking twice decides nothing, nor does that either of the two writes again.
  EXPECT_NE(stage_->Try(kDam, {"edit", note_, "state=withdrawn"}).exit_code, 0);
  stage_->Phone(kQue, {"edit", note_, "body=" + longer_ + " Đã ghi lại."});
  Meet();
  ExpectRequest();
  Moves(kLeader, note_, "draft", "giữ phần bổ sung");
  Meet();
  ExpectState(note_, "NOTE_STATE_DRAFT");
  EXPECT_THAT(stage_->Console({"show", note_})["requests"], IsEmpty());
  EXPECT_EQ(stage_->Console({"show", note_})["content"]["body"], longer_ + " Đã ghi lại.");
  stage_->ExpectTogether();
}

TEST_P(Withdrawn, ALeaderAgreesAndTheTextStaysReadable) {
  Moves(kLeader, note_, "withdrawn", "đồng ý rút");
  Meet();
  ExpectState(note_, "NOTE_STATE_WITHDRAWN");
  for (const std::string& phone : stage_->phones()) {
    const json shown = stage_->Phone(phone, {"show", note_});
    EXPECT_THAT(shown["requests"], IsEmpty()) << phone;
    EXPECT_EQ(shown["content"]["body"], longer_) << phone;
  }
  stage_->ExpectTogether();
}

TEST_P(Withdrawn, ALeaderKeepsItAsItIs) {
  Moves(kLeader, note_, "", "giữ nguyên");  // as born
  Meet();
  // Whoever asked is told what became of it.
  const json told = stage_->Phone(kDam, {"status"})["notices"];
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0]["ended"]["user"], kLeader);
  for (const std::string& phone : stage_->phones()) {
    const json shown = stage_->Phone(phone, {"show", note_});
    EXPECT_THAT(shown["requests"], IsEmpty()) << phone;
    EXPECT_FALSE(shown["content"].contains("state")) << phone;
  }
  EXPECT_THAT(stage_->Phone(kDam, {"status"})["notices"], IsEmpty());
  stage_->ExpectTogether();
}

TEST_P(Withdrawn, WhatIsSubmittedStaysSubmittedWhenALeaderKeepsIt) {
  const std::string other = stage_->New(kDam, "note", visit_, {"body=" + body_, "state=submitted"});
  stage_->Share(kDam);
  Moves(kLeader, other, "withdrawn", "ghi nhầm sổ");
  stage_->Phone(kQue, {"edit", other, "body=" + longer_});
  Meet();
  ExpectState(other, "NOTE_STATE_SUBMITTED");
  EXPECT_THAT(stage_->Phone(kDeputy, {"show", other})["requests"], SizeIs(1));
  // Who may not decide steps past it at most.
  EXPECT_NE(stage_->Try(kQue, {"edit", other, "state=submitted"}).exit_code, 0);
  Moves(kDeputy, other, "submitted", "giữ phần bổ sung");
  Meet();
  ExpectState(other, "NOTE_STATE_SUBMITTED");
  EXPECT_THAT(stage_->Console({"show", other})["requests"], IsEmpty());
  stage_->ExpectTogether();
}

TEST_P(Withdrawn, OnceSubmittedOnlyALeaderWithdraws) {
  const std::string other = stage_->New(kDam, "note", visit_, {"body=" + body_, "state=submitted"});
  stage_->Share(kDam);
  EXPECT_NE(stage_->Try(kDam, {"edit", other, "state=withdrawn"}).exit_code, 0);
  Moves(kLeader, other, "withdrawn", "ghi nhầm sổ");
  Meet();
  ExpectState(other, "NOTE_STATE_WITHDRAWN");
  // And who comes to check reads it, whole.
  EXPECT_EQ(stage_->Console(kInspector, {"show", other})["content"]["body"], body_);
  stage_->ExpectTogether();
}

}  // namespace
}  // namespace sotay::tests
