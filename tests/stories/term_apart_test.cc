// The term of one report is extended on one phone and suspended on another, neither knowing of the
// other.  Both are kept, on all phones and at the supervisor's the earliest end is shown, and that
// it has to be reviewed, until somebody who has seen both enters something.  Clocks decide nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/stories/stage.h"

namespace sotay::tests {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class Term : public ::testing::Test {
 protected:
  Term() : stage_({kDam, kQue}) {
    const std::string report =
        stage_.Phone(kDam, {"new", "case", "kind=crime_report", "title=Tin báo 37", "--not-secret"})
            .value("id", "");
    stage_.Share(kDam);
    term_ = stage_
                .Phone(kDam, {"deadlines", "start", report, "report.resolve", "--date", "3/11/2026",
                              "--document", "37/TB-VKSKV1", "--subject", "L.T.B."})
                .value("id", "");
    stage_.Share(kDam);
  }
  Stage::Words Add(const std::string& kind, const Stage::Words& words = {}) {
    Stage::Words all = {"deadlines", "add", term_, kind};
    all.insert(all.end(), words.begin(), words.end());
    return all;
  }
  // The one deadline there is, as everybody has it: the same on all phones and at the console.
  json Everybody() {
    json shown = stage_.Console({"deadlines"})["deadlines"];
    EXPECT_THAT(shown, SizeIs(1));
    for (const std::string& phone : stage_.phones()) {
      json here = stage_.Phone(phone, {"deadlines"})["deadlines"];
      EXPECT_THAT(here, SizeIs(1)) << phone;
      for (const char* part : {"due_date", "due_time", "state", "to_review", "contradictions",
                               "events", "readings", "extensions", "basis", "doubts"}) {
        EXPECT_EQ(here[0][part], shown[0][part]) << phone << " " << part;
      }
      EXPECT_EQ(stage_.Phone(phone, {"show", term_})["deadline"]["due_date"], shown[0]["due_date"]);
    }
    return shown[0];
  }

  Stage stage_;
  std::string term_;
};

class TermApart : public Term, public ::testing::WithParamInterface<size_t> {};

INSTANTIATE_TEST_SUITE_P(InOrder, TermApart, ::testing::ValuesIn(OrdersOf(3)));

TEST_P(TermApart, ExtendedOnOnePhoneAndSuspendedOnAnother) {
  const json before = Everybody();
  EXPECT_EQ(before["due_date"], 20261123);
  EXPECT_EQ(before["due_time"], "24:00");
  EXPECT_EQ(before["by_order"], false);
  EXPECT_EQ(before["clock"], "machine") << "of the console";
  EXPECT_EQ(stage_.Phone(kDam, {"deadlines"})["deadlines"][0]["clock"], "server");
  EXPECT_EQ(stage_.Console({"show", term_})["deadline"]["case_no"], before["case_no"]);

  stage_.SetClock(kQue, "+3d");
  stage_.Phone(kDam, Add("extend", {"--date", "18/11/2026", "--document", "12/QĐ-VKSKV1",
                                    "--length", "10d", "--signer", "Đặng Thị Đước"}));
  const json suspended =
      stage_.Phone(kQue, Add("suspend", {"--date", "19/11/2026", "--document", "13/QĐ-VKSKV1"}));
  EXPECT_EQ(suspended["state"], "suspended") << "she knows of nothing else";
  stage_.Meet(GetParam());

  const json apart = Everybody();
  EXPECT_EQ(apart["to_review"], true);
  EXPECT_EQ(apart["state"], "running");
  EXPECT_EQ(apart["due_date"], 20261123) << "as if it were neither suspended nor extended";
  EXPECT_EQ(apart["basis"], "37/TB-VKSKV1");
  EXPECT_THAT(apart["events"], SizeIs(3));
  EXPECT_THAT(apart["contradictions"], SizeIs(1));
  EXPECT_THAT(apart["readings"], SizeIs(3));
  stage_.ExpectTogether();

  // Whoever has seen one of them only settles nothing; the leader, who has seen both, does.
  stage_.Phone(kLeader, Add("review", {"--remark", "Đã trao đổi với hai kiểm sát viên"}));
  stage_.Meet(GetParam());
  const json reviewed = Everybody();
  EXPECT_EQ(reviewed["to_review"], false);
  EXPECT_EQ(reviewed["state"], "suspended") << "as both say together";

  // And it runs on with what was left of it: fourteen days from the resumption.
  stage_.Phone(kQue, Add("resume", {"--date", "1/12/2026", "--document", "14/QĐ-VKSKV1"}));
  stage_.Meet(GetParam());
  const json resumed = Everybody();
  EXPECT_EQ(resumed["to_review"], false);
  EXPECT_EQ(resumed["due_date"], 20261215);
  stage_.ExpectTogether();

  stage_.Phone(kDam, Add("complete", {"--date", "14/12/2026", "--document", "15/KL-VKSKV1"}));
  stage_.Meet(GetParam());
  EXPECT_THAT(stage_.Console({"deadlines"})["deadlines"], SizeIs(0));
  const json done = stage_.Console({"deadlines", "--all"})["deadlines"];
  ASSERT_THAT(done, SizeIs(1));
  EXPECT_EQ(done[0]["state"], "complete");
  stage_.ExpectTogether();
  stage_.Close();
}

// Whoever looks at deadlines has read the cases they run in, and no others.
TEST_F(Term, NoCaseIsReadThatHasNone) {
  const std::string other =
      stage_.Phone(kQue, {"new", "case", "kind=crime_report", "title=Tin báo 38", "--not-secret"})
          .value("id", "");
  stage_.Share(kQue);
  EXPECT_THAT(stage_.Console({"deadlines"})["deadlines"], SizeIs(1));
  size_t cases = 0;
  for (const json& read : stage_.Console({"access", "--unit", "vkskv1"})) {
    if (read["type"] != "casework.v1.Case" && read["type"] != "case") continue;
    EXPECT_EQ(read["shown"], 1);
    EXPECT_NE(read["dossier"], "");
    EXPECT_NE(read["dossier"], other);
    ++cases;
  }
  EXPECT_EQ(cases, 1);
  stage_.Close();
}

}  // namespace
}  // namespace sotay::tests
