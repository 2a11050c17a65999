// A surprise inspection: until it begins, nobody of the unit but those who carry it out has
// anything of it on their phone, or is shown anything at the console; when it begins, the whole
// unit has it, with everything that was written meanwhile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/stories/stage.h"

namespace sotay::tests {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class SurpriseInspection : public ::testing::TestWithParam<size_t> {
 protected:
  SurpriseInspection() : stage_({kDam, kQue, kPhong}) {}
  // Quế leads it, as Đàm, who plans it, has written.
  std::string Plan() {
    return stage_.Inspection({"planned=surprise", "target_body=Nhà tạm giữ Công an xã Bãi Nổi",
                              "lead_id=" + std::string(kQue)});
  }
  void ExpectNothingShown(const std::string& user) {
    EXPECT_THAT(stage_.Phone(user, {"list"}), SizeIs(0));
    const json status = stage_.Phone(user, {"status"});
    EXPECT_EQ(status["records"], 0);
    EXPECT_THAT(status["removed_dossiers"], SizeIs(0));
    EXPECT_THAT(stage_.Phone(user, {"conflicts"}), SizeIs(0));
    for (const Stage::Words& words : {Stage::Words{"records"},
                                      {"conflicts"},
                                      {"quarantine"},
                                      {"duplicates"},
                                      {"dossiers", "list", "--history"}}) {
      EXPECT_THAT(stage_.Console(user, words), SizeIs(0)) << words[0];
    }
  }

  Stage stage_;
};

INSTANTIATE_TEST_SUITE_P(InOrder, SurpriseInspection, ::testing::ValuesIn(OrdersOf(4)));

TEST_P(SurpriseInspection, IsHiddenUntilItBegins) {
  const std::string visit = Plan();
  const std::string plan =
      stage_.New(kDam, "note", visit, {"body=Tập trung lúc 5 giờ tại ngã ba Rạch Đước."});
  stage_.Meet(GetParam());
  ExpectNothingShown(kPhong);
  EXPECT_EQ(stage_.Try(kPhong, {"show", visit}).exit_code, 3);
  const Ended there = stage_.Decide(kPhong, {"show", visit});
  const Ended nowhere = stage_.Decide(kPhong, {"show", std::string(32, '7')});
  EXPECT_EQ(there.exit_code, nowhere.exit_code);
  EXPECT_EQ(stage_.Decide(kPhong, {"access", "--record", visit}).exit_code,
            stage_.Decide(kPhong, {"access", "--record", std::string(32, '7')}).exit_code);
  EXPECT_EQ(stage_.Phone(kQue, {"show", plan})["created"]["user"], kDam);
  EXPECT_THAT(stage_.Phone(kLeader, {"list"}), SizeIs(2));

  // In the morning Quế begins, without a network; Đàm writes on.
  stage_.Phone(kQue, {"edit", visit, "state=in_progress"});
  stage_.New(kDam, "note", visit, {"body=Buồng 5 thiếu sổ theo dõi."});
  // Until her phone has sent it the secret is as good as it was; then whoever comes has it all.
  bool begun = false;
  size_t shown = 0;    // on Phong's phone
  size_t brought = 2;  // at the server
  const Stage::Words turns = stage_.Turns(GetParam());
  for (const std::string& phone : turns) {
    SCOPED_TRACE(absl::StrCat(absl::StrJoin(turns, ", "), ": after ", phone));
    EXPECT_EQ(stage_.Exchange(phone).exit_code, 0);
    begun = begun || phone == kQue;
    brought += phone == kDam ? 1 : 0;
    if (begun && phone == kPhong) shown = brought;
    if (!begun) ExpectNothingShown(kPhong);
    EXPECT_THAT(stage_.Phone(kPhong, {"list"}), SizeIs(shown));
    EXPECT_THAT(stage_.Console(kPhong, {"records"}), SizeIs(begun ? brought : 0));
  }
  stage_.Meet(GetParam());
  EXPECT_THAT(stage_.Phone(kPhong, {"list"}), SizeIs(3));
  const json acts = stage_.Console({"dossiers", "list", "--history"});
  ASSERT_THAT(acts, SizeIs(2));
  EXPECT_EQ(acts[0]["cause"], "ACT_CAUSE_OPENED_HIDDEN");
  EXPECT_EQ(acts[0]["set_by"], kDam);
  EXPECT_EQ(acts[1]["cause"], "ACT_CAUSE_BEGUN");
  EXPECT_EQ(acts[1]["set_by"], kQue);
  EXPECT_EQ(acts[1]["restricted"], false);
  EXPECT_THAT(stage_.Console({"dossiers", "list"}), SizeIs(0));
  stage_.ExpectTogether();
  stage_.Close();
}

// It was planned openly, and becomes a surprise: who had it is told that it has gone, what they had
// not sent goes first.  One who says so, and is none of those who carry it out, ends their own
// access by it, and is told as everybody else.
TEST_P(SurpriseInspection, WhoseOwnEditEndsTheirAccessIsToldAndLosesNothing) {
  const std::string visit = stage_.Inspection({"target_body=Nhà tạm giữ Công an xã Bãi Nổi"});
  const std::string note = stage_.New(kQue, "note", visit, {"body=Buồng 3 có 14 người."});
  stage_.Meet(GetParam());
  // Quế writes what makes it one, and goes on without a network; so does Phong, who knows nothing.
  stage_.Phone(kQue, {"edit", visit, "planned=surprise"});
  stage_.Phone(kQue, {"edit", note, "body=Buồng 3 có 14 người, 02 người ốm."});
  const std::string late = stage_.New(kQue, "note", visit, {"body=Buồng 4 đủ sổ."});
  const std::string unaware = stage_.New(kPhong, "note", visit, {"body=Buồng 6 khóa hỏng."});
  const Stage::Words turns = stage_.Turns(GetParam());
  const bool before = Before(turns, kPhong, kQue);
  for (const std::string& phone : turns) {
    SCOPED_TRACE(absl::StrCat(absl::StrJoin(turns, ", "), ": after ", phone));
    EXPECT_EQ(stage_.Exchange(phone).exit_code, 0);
    // Whoever carries it out keeps it; Phong loses it with his first exchange after hers, which
    // takes along what he wrote.
    EXPECT_EQ(stage_.Try(kDam, {"show", note}).exit_code, 0);
    EXPECT_EQ(stage_.Try(kLeader, {"show", note}).exit_code, 0);
    if (phone != kPhong) continue;
    EXPECT_EQ(stage_.Try(kPhong, {"show", note}).exit_code, before ? 0 : 3);
    EXPECT_EQ(stage_.Phone(kPhong, {"status"})["outbox"], 0);
    EXPECT_EQ(stage_.Phone(kPhong, {"status"})["refused"], 0);
  }

  EXPECT_THAT(stage_.Phone(kQue, {"list"}), SizeIs(0));
  const json status = stage_.Phone(kQue, {"status"});
  EXPECT_EQ(status["outbox"], 0) << "what was unsent went first";
  EXPECT_EQ(status["refused"], 0) << "and counts, as it was written with the change in hand";
  ASSERT_THAT(status["removed_dossiers"], SizeIs(1));
  EXPECT_EQ(status["removed_dossiers"][0]["dossier"], visit);
  const Ended words =
      tests::Run({SOTAY, "--dir", stage_.DirectoryOf(kQue), "--lang", "en", "status"});
  EXPECT_THAT(words.out, HasSubstr("is no longer yours"));
  EXPECT_EQ(stage_.Try(kQue, {"show", note}).exit_code, 3);
  EXPECT_EQ(stage_.Try(kQue, {"new", "note", "--in", visit, "body=x"}).exit_code, 3);
  EXPECT_THAT(stage_.Console(kQue, {"records"}), SizeIs(0));
  for (const std::string& record : {note, late}) {
    const json history = stage_.Console({"show", record, "--history", "10"})["history"];
    EXPECT_EQ(history[0]["user"], kQue);
  }
  EXPECT_EQ(
      stage_.Console({"show", late, "--history", "10"})["history"][0]["admission"]["unaware_of"],
      1);
  const json of_phong = stage_.Console({"show", unaware, "--history", "10"})["history"][0];
  EXPECT_EQ(of_phong["user"], kPhong);
  EXPECT_EQ(of_phong["admission"].value("unaware_of", 0), before ? 0 : 1);
  const json acts = stage_.Console({"dossiers", "list"});
  ASSERT_THAT(acts, SizeIs(1));
  EXPECT_EQ(acts[0]["cause"], "ACT_CAUSE_HIDDEN");
  EXPECT_EQ(acts[0]["set_by"], kQue) << "by her own edit";

  // Đàm, who opened it, begins it, and it is there again.
  EXPECT_EQ(stage_.Exchange(kPhong).exit_code, 0);
  EXPECT_THAT(stage_.Phone(kPhong, {"status"})["removed_dossiers"], SizeIs(1));
  EXPECT_EQ(stage_.Exchange(kDam).exit_code, 0);
  stage_.Phone(kDam, {"edit", visit, "state=in_progress"});
  stage_.Meet(GetParam());
  for (const char* phone : {kQue, kPhong}) {
    EXPECT_THAT(stage_.Phone(phone, {"list"}), SizeIs(4)) << phone;
    EXPECT_THAT(stage_.Phone(phone, {"status"})["removed_dossiers"], SizeIs(0)) << phone;
  }
  stage_.ExpectTogether();
  stage_.Close();
}

}  // namespace
}  // namespace sotay::tests
