// A case changes hands while somebody's phone is away, who writes on.  What they saw and noted
// counts, in their name, and says that their phone had not heard; what was to become of the case is
// for whoever has it now.  Their phone sends everything, then lets the case go and says so; and
// when it is given back, it is there again, whole.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/stories/stage.h"

namespace sotay::tests {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class CaseChangesHands : public ::testing::TestWithParam<size_t> {
 protected:
  CaseChangesHands() : stage_({kDam, kQue}) {
    visit_ = stage_.Inspection({"target_body=Công an xã Bãi Nổi"});
    first_ = stage_.New(kDam, "note", visit_, {"body=Tháng 10 tiếp nhận 17 tin."});
    stage_.Share(kDam);
  }
  // By the leader, to these and nobody else.
  json GiveTo(const Stage::Words& people) {
    Stage::Words words = {"dossiers", "restrict", visit_, "--reason", "Phân công 4/PC-VKS"};
    for (const std::string& user : people) words.insert(words.end(), {"--for", user});
    return stage_.Console(words);
  }
  // As the leader is shown the change that made the record.
  json BirthOf(const std::string& id) {
    return stage_.Console({"show", id, "--history", "10"})["history"][0];
  }

  Stage stage_;
  std::string visit_, first_;
};

INSTANTIATE_TEST_SUITE_P(InOrder, CaseChangesHands, ::testing::Values(0, 1));

TEST_P(CaseChangesHands, WhileAPhoneIsAway) {
  // 08:00 the leader says so; 09:00 Đàm, without a network, writes on.
  const json act = GiveTo({kQue});
  EXPECT_EQ(act["number"], 1);
  const std::string late = stage_.New(kDam, "note", visit_, {"body=Tin số 9 không ghi giờ."});
  stage_.Phone(kDam, {"edit", first_, "state=submitted"});
  if (GetParam() == 0) {
    stage_.New(kQue, "note", visit_, {"body=Đã nhận bàn giao hồ sơ."});
    EXPECT_EQ(stage_.Exchange(kQue).exit_code, 0);
  }
  // 17:00 the phone is back.
  const Ended back = stage_.Exchange(kDam);
  EXPECT_EQ(back.exit_code, 0) << back.err;
  EXPECT_THAT(stage_.Phone(kDam, {"list"}), SizeIs(0));
  const json status = stage_.Phone(kDam, {"status"});
  EXPECT_EQ(status["outbox"], 0);
  ASSERT_THAT(status["removed_dossiers"], SizeIs(1));
  EXPECT_EQ(status["removed_dossiers"][0]["dossier"], visit_);
  EXPECT_EQ(stage_.Try(kDam, {"show", late}).exit_code, 3);
  EXPECT_EQ(stage_.Try(kDam, {"new", "note", "--in", visit_, "body=x"}).exit_code, 3);

  // What he noted stands, and says how.
  EXPECT_EQ(stage_.Exchange(kQue).exit_code, 0);
  const json birth = BirthOf(late);
  EXPECT_EQ(birth["user"], kDam);
  EXPECT_EQ(birth["admission"]["unaware_of"], 1);
  EXPECT_EQ(BirthOf(first_)["admission"]["unaware_of"], 0);
  EXPECT_EQ(stage_.Try(kQue, {"show", late}).exit_code, 0);
  // What was to become of it is for the others.
  const json refused = stage_.Phone(kDam, {"refused"});
  ASSERT_THAT(refused, SizeIs(1));
  EXPECT_THAT(refused[0].dump(), HasSubstr("had not heard of that"));
  EXPECT_THAT(stage_.Console({"quarantine"}), SizeIs(1));
  EXPECT_THAT(stage_.Console(kQue, {"quarantine"}), SizeIs(1));
  EXPECT_THAT(stage_.Console(kDam, {"quarantine"}), SizeIs(0));
  EXPECT_THAT(stage_.Console(kDam, {"records"}), SizeIs(0));
  stage_.Phone(kQue, {"edit", first_, "state=submitted"});

  // Given back, it is there again; and all is as if nobody had ever been away.
  GiveTo({kQue, kDam});
  stage_.Meet(GetParam());
  EXPECT_THAT(stage_.Phone(kDam, {"status"})["removed_dossiers"], SizeIs(0));
  EXPECT_EQ(stage_.Try(kDam, {"show", late}).exit_code, 0);
  stage_.ExpectTogether();

  stage_.Console({"dossiers", "open", visit_, "--reason", "Kết thúc phân công"});
  EXPECT_THAT(stage_.Console({"dossiers", "list"}), SizeIs(0));
  EXPECT_THAT(stage_.Console({"dossiers", "list", "--history"}), SizeIs(3));
  stage_.Close();
}

}  // namespace
}  // namespace sotay::tests
