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

INSTANTIATE_TEST_SUITE_P(InOrder, CaseChangesHands, ::testing::ValuesIn(OrdersOf(3)));

TEST_P(CaseChangesHands, WhileAPhoneIsAway) {
  // 08:00 the leader says so; 09:00 Đàm, without a network, writes on.
  const json act = GiveTo({kQue});
  EXPECT_EQ(act["number"], 1);
  const std::string late = stage_.New(kDam, "note", visit_, {"body=Tin số 9 không ghi giờ."});
  stage_.Phone(kDam, {"edit", first_, "state=submitted"});
  stage_.New(kQue, "note", visit_, {"body=Đã nhận bàn giao hồ sơ."});
  // 17:00 the phone is back, before the others or after them.
  stage_.Meet(GetParam());
  EXPECT_THAT(stage_.Phone(kDam, {"list"}), SizeIs(0));
  const json status = stage_.Phone(kDam, {"status"});
  EXPECT_EQ(status["outbox"], 0);
  ASSERT_THAT(status["removed_dossiers"], SizeIs(1));
  EXPECT_EQ(status["removed_dossiers"][0]["dossier"], visit_);
  EXPECT_EQ(stage_.Try(kDam, {"show", late}).exit_code, 3);
  EXPECT_EQ(stage_.Try(kDam, {"new", "note", "--in", visit_, "body=x"}).exit_code, 3);

  // What he noted stands, and says how.
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

// The same in an office whose table says that a dossier is for whom it is assigned to: nobody says
// anything but the assignment, which the leader writes on a phone, without a network.
// Of the four, whom it is given to has heard of it, and written in it, before that phone is back,
// if she comes first.
class CaseChangesHandsByAssignment : public ::testing::TestWithParam<size_t> {};

INSTANTIATE_TEST_SUITE_P(InOrder, CaseChangesHandsByAssignment, ::testing::ValuesIn(OrdersOf(4)));

TEST_P(CaseChangesHandsByAssignment, WhileAPhoneIsAway) {
  Stage stage({kDam, kQue, kPhong});
  stage.TakeTable([](std::string text) {
    const std::string line = "# assigned case,inspection";
    return text.replace(text.find(line), line.size(), "assigned case,inspection");
  });
  const std::string visit = stage.Inspection({"target_body=Công an xã Bãi Nổi"});
  const std::string first = stage.New(kDam, "note", visit, {"body=Tháng 10 tiếp nhận 17 tin."});
  stage.Share(kDam);
  // Whoever opened it has it, and the leader.
  EXPECT_THAT(stage.Phone(kDam, {"list"}), SizeIs(2));
  EXPECT_THAT(stage.Phone(kLeader, {"list"}), SizeIs(2));
  for (const char* other : {kQue, kPhong}) {
    EXPECT_THAT(stage.Phone(other, {"list"}), SizeIs(0)) << other;
    EXPECT_THAT(stage.Phone(other, {"status"})["removed_dossiers"], SizeIs(0)) << other;
    EXPECT_THAT(stage.Console(other, {"records"}), SizeIs(0)) << other;
  }

  // 08:00 the leader hands it on; 09:00 Đàm, without a network, writes on.
  const std::string given = stage.New(kLeader, "assignment", visit,
                                      {"assignee_id=" + std::string(kQue), "role=chu_tri",
                                       "reason=Phân công 4/PC-VKS", "supersedes=" + visit});
  EXPECT_EQ(stage.Exchange(kLeader).exit_code, 0);
  const std::string late = stage.New(kDam, "note", visit, {"body=Tin số 9 không ghi giờ."});
  stage.Phone(kDam, {"edit", first, "state=submitted"});

  // 17:00 the phone is back: it sends everything, then lets the dossier go and says so.
  std::string before;
  const Stage::Words turns = stage.Turns(GetParam());
  for (const std::string& phone : turns) {
    EXPECT_EQ(stage.Exchange(phone).exit_code, 0) << phone;
    if (phone != kQue || Before(turns, kDam, kQue)) continue;
    before = stage.New(kQue, "note", visit, {"body=Đã nhận bàn giao hồ sơ."});
    EXPECT_EQ(stage.Exchange(kQue).exit_code, 0);
  }
  EXPECT_THAT(stage.Phone(kDam, {"list"}), SizeIs(0));
  const json status = stage.Phone(kDam, {"status"});
  EXPECT_EQ(status["outbox"], 0);
  ASSERT_THAT(status["removed_dossiers"], SizeIs(1));
  EXPECT_EQ(status["removed_dossiers"][0]["dossier"], visit);
  EXPECT_EQ(stage.Try(kDam, {"new", "note", "--in", visit, "body=x"}).exit_code, 3);
  EXPECT_THAT(stage.Console(kDam, {"records"}), SizeIs(0));

  // What he noted stands, and says how; what was to become of it is for the others.
  const json birth = stage.Console({"show", late, "--history", "10"})["history"][0];
  EXPECT_EQ(birth["user"], kDam);
  EXPECT_EQ(birth["admission"]["unaware_of"], 2);
  ASSERT_THAT(stage.Phone(kDam, {"refused"}), SizeIs(1));
  EXPECT_THAT(stage.Phone(kDam, {"refused"})[0].dump(), HasSubstr("had not heard of that"));
  // Quế's phone gets the whole of it, and she answers.
  EXPECT_EQ(stage.Exchange(kQue).exit_code, 0);
  for (const std::string& record : {visit, first, late, given}) {
    EXPECT_EQ(stage.Try(kQue, {"show", record}).exit_code, 0) << record;
  }
  EXPECT_THAT(stage.Console(kQue, {"quarantine"}), SizeIs(1));
  EXPECT_EQ(stage.Try(kQue, {"edit", given, "state=objected"}).exit_code, 2) << "without a reason";
  stage.Phone(kQue, {"edit", given, "state=accepted", "progress+=đã nhận hồ sơ"});
  stage.Phone(kQue, {"edit", first, "state=submitted"});
  EXPECT_EQ(stage.Exchange(kQue).exit_code, 0);
  EXPECT_EQ(stage.Console({"show", given})["content"]["state"], "ASSIGNMENT_STATE_ACCEPTED");
  EXPECT_EQ(stage.Console({"show", given})["content"]["decides"], true);
  EXPECT_EQ(stage.Exchange(kPhong).exit_code, 0);
  EXPECT_THAT(stage.Phone(kPhong, {"list"}), SizeIs(0));

  const json acts = stage.Console({"dossiers", "list", "--history"});
  ASSERT_THAT(acts, SizeIs(2));
  EXPECT_EQ(acts[0]["by_assignment"], visit);
  EXPECT_EQ(acts[0]["set_by"], kDam);
  EXPECT_EQ(acts[1]["by_assignment"], given);
  EXPECT_EQ(acts[1]["reason"], "Phân công 4/PC-VKS");
  EXPECT_EQ(acts[1]["assigned"][0]["user"], kQue);

  // Both given it too: all is as if nobody had ever been away.
  for (const char* user : {kDam, kPhong}) {
    stage.New(kLeader, "assignment", visit,
              {"assignee_id=" + std::string(user), "role=phoi_hop", "reason=Phân công 5/PC-VKS"});
  }
  const std::string next = stage.New(kLeader, "assignment", visit,
                                     {"assignee_id=" + std::string(kQue), "role=phoi_hop",
                                      "reason=Phân công 6/PC-VKS", "supersedes=" + given});
  stage.Meet(GetParam());
  EXPECT_EQ(stage.Try(kDam, {"show", late}).exit_code, 0);
  if (!before.empty()) EXPECT_EQ(stage.Try(kDam, {"show", before}).exit_code, 0);
  EXPECT_EQ(stage.Phone(kDam, {"show", given})["replaced_by"], json::array({next}));
  EXPECT_EQ(stage.Phone(kDam, {"show", next}).count("replaced_by"), 0u);
  stage.ExpectTogether();
  stage.Close();
}

}  // namespace
}  // namespace sotay::tests
