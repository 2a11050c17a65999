// Two people record the same violation without knowing of each other.  Two records remain; they are
// suggested to whoever judges, who links one to the other, or unlinks them again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "tests/stories/stage.h"

namespace sotay::tests {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class FoundTwice : public ::testing::TestWithParam<size_t> {
 protected:
  static void SetUpTestSuite() { stage_ = std::make_unique<Stage>(Stage::Words{kDam, kQue}); }
  static void TearDownTestSuite() {
    stage_->Close();
    stage_.reset();
  }
  std::string Finding(const std::string& phone, const std::string& visit, const std::string& body,
                      const std::string& basis) {
    return stage_->New(
        phone, "finding", visit,
        {"violation_code=tin_bao.thieu_gio_chu_ky", "body_responsible=Công an xã Rạch Đước",
         "description=" + body, "legal_basis+=" + basis});
  }
  // Of the visit: its findings that are suggested as one.
  std::vector<std::set<std::string>> Suggested(const std::string& visit) {
    std::vector<std::set<std::string>> pairs;
    for (const json& pair : stage_->Console({"duplicates"})) {
      if (pair["first"]["dossier"] != visit) continue;
      EXPECT_EQ(pair["link"], "duplicate_of");
      pairs.push_back({pair["first"]["id"], pair["second"]["id"]});
    }
    return pairs;
  }
  static std::unique_ptr<Stage> stage_;
};

std::unique_ptr<Stage> FoundTwice::stage_;

INSTANTIATE_TEST_SUITE_P(InOrder, FoundTwice, ::testing::ValuesIn(OrdersOf(3)));

TEST_P(FoundTwice, IsSuggestedLinkedAndUnlinkedAgain) {
  const std::string visit = stage_->Inspection({"target_body=Công an xã Rạch Đước"});
  const std::string one = Finding(kDam, visit, "Sổ tiếp nhận thiếu giờ.", "Điều 146 khoản 1");
  const std::string two = Finding(kQue, visit, "Tin số 14 không ghi giờ nhận.", "Điều 146 khoản 5");
  const std::string other =
      stage_->New(kQue, "finding", visit,
                  {"violation_code=tin_bao.cham_chuyen", "body_responsible=Công an xã Rạch Đước"});
  EXPECT_THAT(Suggested(visit), IsEmpty());
  stage_->Meet(GetParam());

  const std::set<std::string> pair = {one, two};
  EXPECT_THAT(Suggested(visit), ElementsAre(pair));
  EXPECT_THAT(stage_->Phone(kLeader, {"list", "finding", "--in", visit}), SizeIs(3))
      << "nothing is merged by itself";
  stage_->ExpectTogether();

  stage_->Phone(kDam, {"edit", two, "duplicate_of=" + one, "--reason", "cùng một sổ"});
  stage_->Meet(GetParam());
  EXPECT_THAT(Suggested(visit), IsEmpty());
  const json linked = stage_->Console({"show", two})["content"];
  EXPECT_FALSE(linked["duplicate_of"].get<std::string>().empty());
  EXPECT_EQ(linked["description"], "Tin số 14 không ghi giờ nhận.") << "each keeps what it says";
  stage_->ExpectTogether();

  stage_->Phone(kDam, {"edit", two, "duplicate_of=", "--reason", "hai sổ khác nhau"});
  stage_->Meet(GetParam());
  EXPECT_THAT(Suggested(visit), ElementsAre(pair)) << "unlinking restores two";
  EXPECT_FALSE(stage_->Console({"show", two})["content"].contains("duplicate_of"));
  stage_->ExpectTogether();
}

// Each opens a case for one report to the police of the commune.  Both remain, whole.
TEST_P(FoundTwice, TwoCasesOfOneReportAreSuggestedAndLinked) {
  const auto open = [](const std::string& phone, const std::string& title,
                       const std::string& when = "occurred_ms=1793000000000") {
    Stage::Words words = {"new",
                          "case",
                          "--not-secret",
                          "kind=crime_report",
                          "title=" + title,
                          "handling_body=Công an xã Rạch Đước"};
    if (!when.empty()) words.push_back(when);
    return stage_->Phone(phone, words)["id"].get<std::string>();
  };
  const std::string one = open(kDam, "Trộm cắp tại ghe chợ nổi");
  const std::string two = open(kQue, "Mất trộm hàng trên ghe");
  // The same body has others on that day, of which nobody wrote down when it happened.
  const std::string other = open(kQue, "Đánh nhau ở bến phà", "");
  const auto suggested = [&] {
    for (const json& pair : stage_->Console({"duplicates"})) {
      const std::set<std::string> ids = {pair["first"]["id"], pair["second"]["id"]};
      EXPECT_EQ(ids.count(other), 0u);
      if (ids == std::set<std::string>{one, two} && pair["link"] == "merged_into") return true;
    }
    return false;
  };
  EXPECT_FALSE(suggested());
  stage_->Meet(GetParam());
  EXPECT_TRUE(suggested());
  stage_->Phone(kDam, {"edit", two, "merged_into=" + one, "--reason", "cùng một tin báo"});
  stage_->Meet(GetParam());
  EXPECT_FALSE(suggested());
  for (const std::string& phone : stage_->phones()) {
    EXPECT_EQ(stage_->Phone(phone, {"show", one})["content"]["title"], "Trộm cắp tại ghe chợ nổi");
    EXPECT_EQ(stage_->Phone(phone, {"show", two})["content"]["title"], "Mất trộm hàng trên ghe");
  }
  stage_->Phone(kQue, {"edit", two, "merged_into="});
  stage_->Meet(GetParam());
  EXPECT_TRUE(suggested()) << "unlinked they are two again";
  stage_->ExpectTogether();
}

}  // namespace
}  // namespace sotay::tests
