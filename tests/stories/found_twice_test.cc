// Two people record the same violation without knowing of each other.  Two records remain; they are
// suggested to whoever judges, who links one to the other, or unlinks them again.  Linked they
// count as one, and each is shown with the evidence and the documents of both.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>

#include "absl/strings/str_cat.h"
#include "tests/stories/stage.h"

namespace sotay::tests {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
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
  // How many the leader's console counts.
  struct Counted {
    uint64_t things = 0;
    uint64_t records = 0;
  };
  Counted Count(const std::string& type) {
    const json counted = stage_->Console({"count", type});
    EXPECT_EQ(counted["more"], false);
    EXPECT_EQ(counted["disputed"], 0u);
    return {counted["things"], counted["records"]};
  }
  // What they have together, the same at the console and on every phone.
  json Together(const std::string& id) {
    const json told = stage_->Console({"show", id})["together"];
    for (const std::string& phone : stage_->phones()) {
      EXPECT_EQ(stage_->Phone(phone, {"show", id})["together"], told) << phone;
    }
    return told;
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
  // Each with a photograph, one of which both have; and one of them is answered.
  const std::string photographs[] = {std::string(64, 'a'), std::string(64, 'b')};
  stage_->Phone(kDam, {"edit", one, "evidence+=" + photographs[0]});
  stage_->Phone(kQue, {"edit", two, "evidence+=" + photographs[0], "evidence+=" + photographs[1]});
  const std::string answer =
      stage_->New(kQue, "action", visit,
                  {"kind=recommendation", "title=Kiến nghị khắc phục", "findings+=" + two});
  EXPECT_THAT(Suggested(visit), IsEmpty());
  stage_->Meet(GetParam());

  const Counted before = Count("finding");
  EXPECT_TRUE(Together(one).is_null());
  const std::set<std::string> pair = {one, two};
  EXPECT_THAT(Suggested(visit), ElementsAre(pair));
  EXPECT_THAT(stage_->Phone(kLeader, {"list", "finding", "--in", visit}), SizeIs(3))
      << "nothing is merged by itself";
  stage_->ExpectTogether();

  stage_->Phone(kDam, {"edit", two, "duplicate_of=" + one, "--reason", "cùng một sổ"});
  stage_->Meet(GetParam());
  EXPECT_THAT(Suggested(visit), IsEmpty());
  EXPECT_EQ(Count("finding").things, before.things - 1) << "statistics count one";
  EXPECT_EQ(Count("finding").records, before.records) << "and both are there";
  // The union, whichever of them is asked for, and which of them each comes from.
  for (const std::string& asked : {one, two}) {
    const json together = Together(asked);
    ASSERT_TRUE(together.is_object());
    std::set<std::string> records;
    for (const json& record : together["records"]) records.insert(record["id"]);
    EXPECT_EQ(records, pair);
    ASSERT_THAT(together["values"], SizeIs(2));
    std::map<size_t, size_t> evidence;  // in how many it stands
    for (const json& value : together["values"]) {
      EXPECT_EQ(value["field"], "evidence");
      ++evidence[value["from"].size()];
    }
    EXPECT_EQ(evidence, (std::map<size_t, size_t>{{1, 1}, {2, 1}}));
    ASSERT_THAT(together["belongings"], SizeIs(1));
    EXPECT_EQ(together["belongings"][0]["id"], answer);
    EXPECT_THAT(together["belongings"][0]["to"], ElementsAre(two));
  }
  EXPECT_TRUE(Together(other).is_null());
  // And in words, on a phone and at the console.
  const auto words = [](const char* program, const char* language, const Stage::Words& asked) {
    Stage::Words command = {program, "--dir", stage_->DirectoryOf(kLeader), "--lang", language};
    command.insert(command.end(), asked.begin(), asked.end());
    return tests::Run(command).out;
  };
  const std::string brief_one = one.substr(0, 8);
  const std::string brief_two = two.substr(0, 8);
  EXPECT_THAT(
      words(SOTAY, "vi", {"show", two}),
      AllOf(HasSubstr("Cùng một việc, ghi 2 lần"), HasSubstr("Của bản này và các bản trùng:"),
            HasSubstr("(từ " + brief_two + ")"), HasSubstr("(của " + brief_two + ")")));
  EXPECT_THAT(
      words(SOTAYCTL, "en", {"show", one}),
      AllOf(HasSubstr("One thing, recorded 2 times"),
            AnyOf(HasSubstr(brief_one + ", " + brief_two), HasSubstr(brief_two + ", " + brief_one)),
            HasSubstr("Legal action: " + answer.substr(0, 8)),
            HasSubstr("(of " + brief_two + ")")));
  EXPECT_THAT(words(SOTAYCTL, "en", {"count", "finding"}),
              AllOf(HasSubstr("things"), HasSubstr(std::to_string(before.things - 1)),
                    HasSubstr(std::to_string(before.records))));
  const json linked = stage_->Console({"show", two})["content"];
  EXPECT_FALSE(linked["duplicate_of"].get<std::string>().empty());
  EXPECT_EQ(linked["description"], "Tin số 14 không ghi giờ nhận.") << "each keeps what it says";
  stage_->ExpectTogether();

  stage_->Phone(kDam, {"edit", two, "duplicate_of=", "--reason", "hai sổ khác nhau"});
  stage_->Meet(GetParam());
  EXPECT_THAT(Suggested(visit), ElementsAre(pair)) << "unlinking restores two";
  EXPECT_FALSE(stage_->Console({"show", two})["content"].contains("duplicate_of"));
  EXPECT_EQ(Count("finding").things, before.things) << "also in numbers";
  EXPECT_TRUE(Together(one).is_null());
  stage_->ExpectTogether();
}

// Each opens a case for one report to the police of the commune.  Both remain, whole.
TEST_P(FoundTwice, TwoCasesOfOneReportAreSuggestedAndLinked) {
  const auto open = [](const std::string& phone, const std::string& title, const std::string& body,
                       const std::string& when = "occurred_ms=1793000000000") {
    Stage::Words words = {"new",
                          "case",
                          "--not-secret",
                          "kind=crime_report",
                          "title=" + title,
                          "handling_body=" + body};
    if (!when.empty()) words.push_back(when);
    return stage_->Phone(phone, words)["id"].get<std::string>();
  };
  const std::string police = absl::StrCat("Công an xã Rạch Đước ", GetParam());
  const std::string one = open(kDam, "Trộm cắp tại ghe chợ nổi", police);
  const std::string two = open(kQue, "Mất trộm hàng trên ghe", police);
  // Of these nobody wrote down when it happened.
  const std::string others = absl::StrCat("Công an xã Bãi Nổi ", GetParam());
  const std::string three = open(kDam, "Đánh nhau ở bến phà", others, "");
  const std::string four = open(kQue, "Xô xát tại bến phà", others, "");
  const auto suggested = [&](const std::string& a, const std::string& b, bool as_written) {
    for (const json& pair : stage_->Console({"duplicates"})) {
      const std::set<std::string> ids = {pair["first"]["id"], pair["second"]["id"]};
      if (ids != std::set<std::string>{a, b}) continue;
      EXPECT_EQ(pair["link"], "merged_into");
      EXPECT_EQ(pair["first_as_written"], as_written);
      EXPECT_EQ(pair["second_as_written"], as_written);
      return true;
    }
    return false;
  };
  EXPECT_FALSE(suggested(one, two, false));
  stage_->Meet(GetParam());
  EXPECT_TRUE(suggested(one, two, false));
  EXPECT_TRUE(suggested(three, four, true)) << "taken as it was written, and said so";
  EXPECT_FALSE(suggested(one, three, false));
  const Counted before = Count("case");
  stage_->Phone(kDam, {"edit", two, "merged_into=" + one, "--reason", "cùng một tin báo"});
  stage_->Meet(GetParam());
  EXPECT_FALSE(suggested(one, two, false));
  EXPECT_EQ(Count("case").things, before.things - 1);
  EXPECT_EQ(Count("case").records, before.records);
  EXPECT_THAT(Together(one)["records"], SizeIs(2));
  for (const std::string& phone : stage_->phones()) {
    EXPECT_EQ(stage_->Phone(phone, {"show", one})["content"]["title"], "Trộm cắp tại ghe chợ nổi");
    EXPECT_EQ(stage_->Phone(phone, {"show", two})["content"]["title"], "Mất trộm hàng trên ghe");
  }
  stage_->Phone(kQue, {"edit", two, "merged_into="});
  stage_->Meet(GetParam());
  EXPECT_TRUE(suggested(one, two, false)) << "unlinked they are two again";
  EXPECT_EQ(Count("case").things, before.things);
  EXPECT_TRUE(Together(one).is_null());
  stage_->ExpectTogether();
}

}  // namespace
}  // namespace sotay::tests
