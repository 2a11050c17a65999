// Several people on one visit: what they count, who leads, whose phone it is, and who leaves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <set>

#include "absl/strings/match.h"
#include "tests/stories/stage.h"

namespace sotay::tests {
namespace {

using nlohmann::json;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

namespace fs = std::filesystem;

bool StandsIn(const std::string& directory, const std::string& words) {
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file() && absl::StrContains(FileContents(entry.path()), words))
      return true;
  }
  return false;
}

class OneVisit : public ::testing::TestWithParam<size_t> {
 protected:
  static void SetUpTestSuite() { stage_ = std::make_unique<Stage>(Stage::Words{kDam, kQue}); }
  static void TearDownTestSuite() {
    stage_->Close();
    stage_.reset();
  }
  static std::unique_ptr<Stage> stage_;
};

std::unique_ptr<Stage> OneVisit::stage_;

INSTANTIATE_TEST_SUITE_P(InOrder, OneVisit, ::testing::ValuesIn(OrdersOf(3)));

TEST_P(OneVisit, WhatTwoCountedAddsUp) {
  const std::string visit = stage_->Inspection({"target_body=Nhà tạm giữ Tân Mây"});
  stage_->Phone(kDam, {"edit", visit, "tallies[nguoi]+=14"});
  stage_->Phone(kQue, {"edit", visit, "tallies[nguoi]+=9"});
  // And photographed, which ExpectTogether looks at.
  for (const char* phone : {kDam, kQue}) {
    const std::string photograph = stage_->office().space() / phone + ".jpg";
    std::ofstream(photograph) << std::string(70'000, *phone);
    stage_->Phone(phone, {"attach", photograph, "--in", visit, "--kind", "photo"});
  }
  stage_->Meet(GetParam());
  for (const std::string& phone : stage_->phones()) {
    EXPECT_EQ(stage_->Phone(phone, {"show", visit})["content"]["tallies"]["nguoi"], "23") << phone;
  }
  EXPECT_THAT(stage_->Console({"conflicts"}), IsEmpty());
  stage_->ExpectTogether();
}

TEST_P(OneVisit, TwoWhoEachPickAnotherLeadAreBothShownUntilOneIsPicked) {
  const std::string visit = stage_->Inspection({"target_body=Trại giam Cồn Sậy"});
  stage_->Phone(kDam, {"edit", visit, std::string("lead_id=") + kDam});
  stage_->Phone(kQue, {"edit", visit, std::string("lead_id=") + kQue});
  stage_->Meet(GetParam());
  stage_->ExpectTogether();
  const json conflicts = stage_->Phone(kLeader, {"conflicts", visit});
  ASSERT_THAT(conflicts, SizeIs(1));
  std::set<std::string> leads;
  std::string pick;
  for (const json& reading : conflicts[0]["readings"]) {
    leads.insert(reading["value"]);
    EXPECT_EQ(reading["user"], reading["value"]) << "each wrote their own name";
    if (reading["value"] == kQue) pick = reading["pick"].dump();
  }
  EXPECT_THAT(leads, UnorderedElementsAre(kDam, kQue));
  stage_->Phone(kLeader,
                {"resolve", visit, "lead_id", "--pick", pick, "--reason", "theo quyết định"});
  stage_->Meet(GetParam());
  for (const std::string& phone : stage_->phones()) {
    EXPECT_EQ(stage_->Phone(phone, {"show", visit})["content"]["lead_id"], kQue) << phone;
    EXPECT_THAT(stage_->Phone(phone, {"conflicts", visit}), IsEmpty()) << phone;
  }
  stage_->ExpectTogether();
}

// A person's notebook has its own key and store; nothing of one is in the other's.
TEST(OnePhone, HasANotebookForEachOfTwoPeople) {
  Stage stage({kDam, kQue});
  const std::string visit = stage.Inspection({"target_body=Công an xã Rạch Đước"});
  fs::create_directory(stage.DirectoryOf("may-chung"));
  const std::string dam = "may-chung/dam", que = "may-chung/que";
  stage.Enrol(dam, kDam);
  stage.Enrol(que, kQue);
  EXPECT_NE(FileContents(stage.DirectoryOf(dam) + "/device.key"),
            FileContents(stage.DirectoryOf(que) + "/device.key"));
  const std::string of_dam = stage.Phone(dam, {"status"})["device"];
  const std::string of_que = stage.Phone(que, {"status"})["device"];
  EXPECT_NE(of_dam, of_que);

  const std::string note =
      stage.New(dam, "note", visit, {"body=Buồng 4 có 01 người chưa thành niên."});
  for (const std::string& phone : {dam, que}) {
    EXPECT_FALSE(StandsIn(stage.DirectoryOf(phone), "chưa thành niên")) << "it is sealed";
  }
  const Ended with_ques =
      stage.Try(dam, {"--keys", stage.DirectoryOf(que) + "/keys", "show", note});
  EXPECT_EQ(with_ques.exit_code, 4) << "one's key opens nothing of the other's";
  EXPECT_THAT(with_ques.err, ::testing::HasSubstr("its key is not here"));
  EXPECT_THAT(stage.Phone(dam, {"show", note}).dump(), ::testing::HasSubstr("chưa thành niên"));
  EXPECT_EQ(stage.Try(que, {"show", note}).exit_code, 3) << "what one has not sent, only they have";
  // A notebook that has an owner takes no other.
  const Ended taken = stage.Try(dam, {"enroll", stage.office().Invite(kQue)});
  EXPECT_NE(taken.exit_code, 0);
  EXPECT_EQ(stage.Phone(dam, {"status"})["user"], kDam);

  stage.Meet(0);
  stage.Phone(que, {"edit", note, "next_steps+=Báo cáo lãnh đạo"});
  stage.Meet(1);
  const json history = stage.Console({"show", note})["history"];
  ASSERT_THAT(history, SizeIs(2));
  EXPECT_EQ(history[0]["user"], kDam);
  EXPECT_EQ(history[0]["device"], of_dam);
  EXPECT_EQ(history[1]["user"], kQue);
  EXPECT_EQ(history[1]["device"], of_que);
  stage.ExpectTogether();
  stage.Close();
}

// Of four, one of whom leaves.
class WhoLeaves : public ::testing::TestWithParam<size_t> {};

INSTANTIATE_TEST_SUITE_P(InOrder, WhoLeaves, ::testing::ValuesIn(OrdersOf(4)));

TEST_P(WhoLeaves, StaysTheAuthorOfWhatTheyWrote) {
  Stage stage({kDam, kQue, kPhong});
  const std::string visit = stage.Inspection({std::string("team+=") + kPhong});
  const std::string note = stage.New(kPhong, "note", visit, {"body=Tin số 14 không ghi giờ."});
  stage.Share(kPhong);
  stage.Phone(kQue, {"edit", note, "body=Tin số 14 không ghi giờ. Đã hỏi Trưởng Công an xã."});
  // Unsent when they are taken off the team, and out of the unit.
  const std::string unsent = stage.New(kPhong, "note", visit, {"body=Sổ thiếu chữ ký."});
  stage.Phone(kLeader, {"edit", visit, std::string("team-=") + kPhong});
  stage.PutUser(kPhong, "");
  stage.Meet(GetParam());
  stage.Lose(kPhong);  // of those who show the unit's

  const json shown = stage.Console({"show", note});
  EXPECT_EQ(shown["created"]["user"], kPhong);
  EXPECT_EQ(shown["history"][0]["user"], kPhong);
  std::set<std::string> authors;
  for (const json& run : stage.Console({"blame", note})) authors.insert(run["author"]["user"]);
  EXPECT_THAT(authors, UnorderedElementsAre(kPhong, kQue));
  EXPECT_THAT(stage.Console({"show", visit})["content"].value("team", json::array()), IsEmpty());
  // What they had not sent is received, and told to both sides; what they had of the unit is gone.
  const json quarantine = stage.Console({"quarantine"});
  ASSERT_THAT(quarantine, SizeIs(1));
  EXPECT_EQ(quarantine[0]["user"], kPhong);
  EXPECT_EQ(quarantine[0]["reason"], "REASON_NOT_MEMBER");
  EXPECT_EQ(quarantine[0]["change"]["edits"][0]["record"], unsent);
  EXPECT_THAT(stage.Phone(kPhong, {"refused"}), SizeIs(1));
  EXPECT_EQ(stage.Try(kPhong, {"show", note}).exit_code, 3);
  stage.ExpectTogether();
  stage.Close();
}

}  // namespace
}  // namespace sotay::tests
