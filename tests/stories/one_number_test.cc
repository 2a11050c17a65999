// Two phones prepare a recommendation each, offline, and both users pencil the same number into the
// paper register.  The server alone numbers what is issued: in the order in which it was issued,
// without a gap, and nothing is renumbered.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

#include "tests/stories/stage.h"

namespace sotay::tests {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;

class OneNumber : public ::testing::TestWithParam<size_t> {
 protected:
  static void SetUpTestSuite() { stage_ = std::make_unique<Stage>(Stage::Words{kDam, kQue}); }
  static void TearDownTestSuite() {
    stage_->Close();
    stage_.reset();
  }
  void Meet() { stage_->Meet(GetParam()); }
  std::string Draft(const std::string& phone, const std::string& visit, const std::string& draft_no,
                    const std::string& title) {
    return stage_->New(phone, "action", visit,
                       {"kind=recommendation", "draft_no=" + draft_no, "title=" + title,
                        "paper_number=" + Pencilled(), "state=submitted"});
  }
  // Another for each telling: the office goes on from one to the next.
  static std::string Pencilled() { return std::to_string(12 + GetParam()) + "/KN-VKSKV1"; }
  void Moves(const std::string& action, const std::string& state) {
    stage_->Phone(kLeader, {"edit", action, "state=" + state});
  }
  // The next that the server gives in the year.
  static std::string Next() {
    const std::string number = std::to_string(++issued_);
    return (number.size() < 2 ? "0" + number : number) + "/KN-VKSKV1";
  }
  // As everybody is shown it; empty: it has none.
  std::string NumberOf(const std::string& action) {
    std::set<std::string> numbers;
    for (const std::string& phone : stage_->phones()) {
      numbers.insert(stage_->Phone(phone, {"show", action})["content"].value("number", ""));
    }
    numbers.insert(stage_->Console({"show", action})["content"].value("number", ""));
    EXPECT_EQ(numbers.size(), 1u) << "somebody is shown another number";
    return *numbers.begin();
  }
  static std::unique_ptr<Stage> stage_;
  static int issued_;
};

std::unique_ptr<Stage> OneNumber::stage_;
int OneNumber::issued_ = 0;

INSTANTIATE_TEST_SUITE_P(InOrder, OneNumber, ::testing::ValuesIn(OrdersOf(3)));

TEST_P(OneNumber, IsTheServersAndWithoutGaps) {
  const std::string visit = stage_->Inspection({"target_body=Công an xã Rạch Đước"});
  const std::string one = Draft(kDam, visit, "TẠM-dam-1", "Kiến nghị về sổ tiếp nhận tin báo");
  const std::string two = Draft(kQue, visit, "TẠM-que-1", "Kiến nghị về thời hạn chuyển tin");
  Meet();
  EXPECT_EQ(NumberOf(one), "") << "a draft has its author's number";
  EXPECT_EQ(stage_->Console({"show", one})["content"]["draft_no"], "TẠM-dam-1");

  // Who pencilled the same is told to people, who decide.
  std::set<std::set<std::string>> suggested;
  for (const json& pair : stage_->Console({"duplicates"})) {
    if (pair["first"]["dossier"] != visit) continue;
    const std::set<std::string> both = {pair["first"]["id"], pair["second"]["id"]};
    suggested.insert(both);
  }
  EXPECT_THAT(suggested, ElementsAre(std::set<std::string>{one, two}));

  // Nobody but the server writes a number.
  const Ended typed = stage_->Try(kDam, {"edit", one, "number=" + Pencilled()});
  EXPECT_NE(typed.exit_code, 0);

  // A third is drafted and returned in between: no number is spent on it.
  const std::string third = Draft(kDam, visit, "TẠM-dam-2", "Kiến nghị bị trả lại");
  stage_->Share(kDam);
  stage_->Share(kLeader);
  Moves(two, "approved");
  Moves(two, "issued");
  Moves(third, "returned");
  Meet();
  Moves(one, "approved");
  Moves(one, "issued");
  Meet();
  const std::string first = Next(), second = Next();
  EXPECT_EQ(NumberOf(two), first);
  EXPECT_EQ(NumberOf(one), second);
  EXPECT_EQ(NumberOf(third), "");

  Moves(two, "withdrawn");
  Meet();
  EXPECT_EQ(NumberOf(two), first) << "what was out keeps its number";
  stage_->ExpectTogether();
}

}  // namespace
}  // namespace sotay::tests
