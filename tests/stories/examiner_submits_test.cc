// An examiner, alone and offline, submits what only a prosecutor submits.  What they wrote counts;
// that they submitted it waits, and they are told so and why.  Every prosecutor of the unit may
// read what waits, and agrees, or does not and says why; and whoever wrote it is told that.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "tests/stories/stage.h"

namespace sotay::tests {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kHa[] = "do-may-ha";
constexpr char kSubmitted[] = "NOTE_STATE_SUBMITTED";

class ExaminerSubmits : public ::testing::TestWithParam<size_t> {
 protected:
  static void SetUpTestSuite() {
    stage_ = std::make_unique<Stage>(Stage::Words{kDam, kQue});
    stage_->PutUser(kHa, "");
    stage_->office().Administrator({"posts", "put", kHa, "vkskv1", "KTV", "--reason", "3/QĐ-VKS"});
    stage_->Enrol(kHa, kHa);
  }
  static void TearDownTestSuite() {
    stage_->Close();
    stage_.reset();
  }
  void SetUp() override {
    const std::string visit = stage_->Inspection({"target_body=Công an xã Rạch Đước"});
    shared_ = stage_->New(kHa, "note", visit, {absl::StrCat("body=", kBase)});
    stage_->Share(kHa);
    // With no network: a note everybody has is finished and submitted, and another is born so.
    stage_->Phone(kHa, {"edit", shared_, absl::StrCat("body=", kBase, kHas)});
    stage_->Phone(kHa, {"edit", shared_, "state=submitted"});
    own_ = stage_->New(kHa, "note", visit, {absl::StrCat("body=", kOwn), "state=submitted"});
    stage_->Phone(kQue, {"edit", shared_, absl::StrCat("body=", kQues, kBase)});
    Meet();
    // A sentence of each of them stands, and nobody has submitted anything.
    ExpectShown(shared_, "", absl::StrCat(kQues, kBase, kHas));
    stage_->ExpectTogether();
  }
  // And nothing stays undecided for the next telling.
  void TearDown() override { EXPECT_THAT(Waiting(kDam), IsEmpty()); }

  void Meet() { stage_->Meet(GetParam()); }
  json Waiting(const std::string& reader) { return stage_->Console(reader, {"quarantine"}); }
  Ended Decide(const std::string& who, const std::string& what, const json& row,
               const std::string& reason) {
    return stage_->Decide(who, {"quarantine", what, row["device"],
                                absl::StrCat(row["sequence"].get<int>()), "--reason", reason});
  }
  json Consents(const std::string& phone) { return stage_->Phone(phone, {"status"})["consents"]; }
  std::string InWords(const std::string& phone) {
    return tests::Run({SOTAY, "--dir", stage_->DirectoryOf(phone), "--lang", "en", "status"}).out;
  }
  // The phone says what waits for its user, and nothing of what it says.
  void ExpectTold(const std::string& phone) {
    const json told = Consents(phone);
    EXPECT_THAT(told["own"], IsEmpty()) << phone;
    ASSERT_THAT(told["for_user"], SizeIs(2)) << phone;
    for (size_t i = 0; i < 2; ++i) {
      const json& change = told["for_user"][i];
      EXPECT_EQ(change["user"], kHa) << phone;
      EXPECT_EQ(change["records"][0]["record"], i == 0 ? shared_ : own_) << phone;
      EXPECT_EQ(change["records"][0]["type"], "casework.v1.Note") << phone;
    }
    EXPECT_THAT(told.dump(), Not(HasSubstr(kOwn))) << phone;
    const std::string words = InWords(phone);
    for (const json& change : told["for_user"]) {
      const std::string named = absl::StrCat(change["device"].get<std::string>().substr(0, 8), " ",
                                             change["sequence"].get<int>(), " --reason");
      EXPECT_THAT(words, HasSubstr(absl::StrCat("sotayctl quarantine take ", named)));
      EXPECT_THAT(words, HasSubstr(absl::StrCat("sotayctl quarantine dismiss ", named)));
    }
  }
  void ExpectNothingWaits() {
    for (const std::string& phone : stage_->phones()) {
      EXPECT_THAT(Consents(phone)["for_user"], IsEmpty()) << phone;
      EXPECT_THAT(Consents(phone)["own"], IsEmpty()) << phone;
    }
    for (const json& change : stage_->Phone(kHa, {"refused"})) {
      EXPECT_EQ(change["awaits_consent"], false);
    }
  }
  // The examiner is told that it is held, and why, and that somebody has only to agree; every
  // prosecutor and the leader are told so by their phones, and see it waiting, with its words.
  void ExpectHeld() {
    const json refused = stage_->Phone(kHa, {"refused"});
    ASSERT_THAT(refused, SizeIs(told_ + 2));
    EXPECT_EQ(stage_->Phone(kHa, {"status"})["refused"], told_ + 2);
    for (size_t i = told_; i < told_ + 2; ++i) {
      const json& outcome = refused[i]["outcome"];
      EXPECT_EQ(outcome["reason"], "REASON_WRITER_MAY_NOT");
      EXPECT_EQ(outcome["message"], "no rule lets the author's posts submit a record of kind note");
      EXPECT_EQ(refused[i]["awaits_consent"], true) << "and that a prosecutor has only to agree";
    }
    EXPECT_EQ(refused[told_]["change"]["edits"][0]["record"], shared_);
    EXPECT_EQ(refused[told_ + 1]["change"]["edits"][0]["record"], own_);
    for (const char* reader : {kDam, kQue, kLeader}) {
      const json waiting = Waiting(reader);
      ASSERT_THAT(waiting, SizeIs(2)) << reader << ": each once, though each came twice";
      for (size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(waiting[i]["user"], kHa) << reader;
        EXPECT_EQ(waiting[i]["reason"], "REASON_WRITER_MAY_NOT") << reader;
        EXPECT_EQ(waiting[i]["change"]["edits"][0]["record"], i == 0 ? shared_ : own_) << reader;
      }
      EXPECT_THAT(waiting[1].dump(), HasSubstr(kOwn)) << reader;
      ExpectTold(reader);
    }
    EXPECT_THAT(Consents(kHa)["own"], SizeIs(2));
    EXPECT_THAT(InWords(kHa), HasSubstr("2 of yours: a prosecutor of the unit has only to agree"));
    EXPECT_THAT(Consents(kHa)["for_user"], IsEmpty());
    EXPECT_EQ(stage_->Try(kQue, {"show", own_}).exit_code, 3) << "it is in nobody's notebook";
  }
  // On every phone and at the console.
  void ExpectShown(const std::string& note, const std::string& state, const std::string& body) {
    const auto expect = [&](const json& shown, const std::string& where) {
      EXPECT_EQ(shown["content"].value("state", ""), state) << where;
      EXPECT_EQ(shown["content"].value("body", ""), body) << where;
      EXPECT_EQ(shown["created"]["user"], kHa) << where;
    };
    for (const std::string& phone : stage_->phones()) {
      expect(stage_->Phone(phone, {"show", note}), phone);
    }
    expect(stage_->Console({"show", note}), "console");
  }
  // The step of the note's state, as its history tells.
  json Submission(const std::string& note) {
    json found;
    const json shown = stage_->Console({"show", note, "--history", "10"});
    for (const json& change : shown["history"]) {
      for (const json& op : change["edits"][0]["ops"]) {
        if (op["field"] == "state") found = change;
      }
    }
    return found;
  }

  static constexpr char kBase[] = "Tháng 10 tiếp nhận 17 tin.";
  static constexpr char kHas[] = " Tin số 9 không ghi giờ.";
  static constexpr char kQues[] = "Sổ lập đúng mẫu. ";
  static constexpr char kOwn[] = "Tin số 14 không có chữ ký người báo tin.";
  static std::unique_ptr<Stage> stage_;
  // Of the tellings before: what the examiner still has refused, and what was dismissed.
  static size_t told_, dismissed_;
  std::string shared_, own_;
};

std::unique_ptr<Stage> ExaminerSubmits::stage_;
size_t ExaminerSubmits::told_ = 0;
size_t ExaminerSubmits::dismissed_ = 0;

INSTANTIATE_TEST_SUITE_P(InOrder, ExaminerSubmits, ::testing::ValuesIn(OrdersOf(4)));

TEST_P(ExaminerSubmits, AProsecutorAgrees) {
  ExpectHeld();
  const json waiting = Waiting(kQue);
  // Nobody agrees with themselves.
  EXPECT_EQ(Decide(kHa, "take", waiting[0], "tự trình").exit_code, 4);
  // As the phone says it is done.
  const json told = Consents(kQue)["for_user"];
  for (const json& row : told) {
    const Ended agreed = Decide(kQue, "take", row, "Đã đọc, đồng ý trình");
    EXPECT_EQ(agreed.exit_code, 0) << agreed.err;
  }
  Meet();
  ExpectNothingWaits();
  ExpectShown(shared_, kSubmitted, absl::StrCat(kQues, kBase, kHas));
  ExpectShown(own_, kSubmitted, kOwn);
  // It counts as the examiner's, and says who agreed.
  for (const std::string& note : {shared_, own_}) {
    const json step = Submission(note);
    EXPECT_EQ(step["user"], kHa);
    EXPECT_EQ(step["admission"]["taken_in"]["by"], kQue);
    EXPECT_EQ(step["admission"]["taken_in"]["reason"], "Đã đọc, đồng ý trình");
    EXPECT_EQ(step["admission"]["taken_in"]["refused_for"], "REASON_WRITER_MAY_NOT");
  }
  EXPECT_THAT(stage_->Phone(kHa, {"refused"}), IsEmpty()) << "the examiner is told";
  EXPECT_THAT(stage_->Console({"quarantine", "--all"}), SizeIs(dismissed_));
  stage_->ExpectTogether();
}

TEST_P(ExaminerSubmits, AProsecutorDoesNotAgreeAndSaysWhy) {
  ExpectHeld();
  for (const json& row : Waiting(kDam)) {
    EXPECT_EQ(Decide(kDam, "dismiss", row, "Chưa ghi giờ nhận tin").exit_code, 0);
  }
  Meet();
  ExpectNothingWaits();
  // What was written stays written, what was to be born so is not there, and both are kept.
  ExpectShown(shared_, "", absl::StrCat(kQues, kBase, kHas));
  for (const std::string& phone : stage_->phones()) {
    EXPECT_EQ(stage_->Try(phone, {"show", own_}).exit_code, 3) << phone;
  }
  const json told = stage_->Phone(kHa, {"refused"});
  ASSERT_THAT(told, SizeIs(told_ += 2));
  for (size_t i = told_ - 2; i < told_; ++i) {
    EXPECT_THAT(told[i]["outcome"]["message"].get<std::string>(),
                AllOf(HasSubstr(kDam), HasSubstr("Chưa ghi giờ nhận tin")));
  }
  const json kept = stage_->Console({"quarantine", "--all"});
  ASSERT_THAT(kept, SizeIs(dismissed_ += 2));
  for (const json& row : kept) {
    EXPECT_EQ(row["user"], kHa);
    EXPECT_EQ(row["dismissed"]["by"], kDam);
    EXPECT_EQ(row["dismissed"]["reason"], "Chưa ghi giờ nhận tin");
  }
  EXPECT_EQ(Decide(kQue, "take", kept.back(), "đồng ý").exit_code, 4)
      << "against one who did not agree a head decides";
  stage_->ExpectTogether();

  // The examiner goes on, and a prosecutor submits it in their own name.
  stage_->Phone(kHa, {"edit", shared_, "body+=Giờ nhận tin: 08:30."});
  Meet();
  stage_->Phone(kDam, {"edit", shared_, "state=submitted"});
  Meet();
  ExpectShown(shared_, kSubmitted, absl::StrCat(kQues, kBase, kHas, "\nGiờ nhận tin: 08:30."));
  EXPECT_EQ(Submission(shared_)["user"], kDam);
  EXPECT_TRUE(Submission(shared_)["admission"]["taken_in"].is_null());
  stage_->ExpectTogether();
}

}  // namespace
}  // namespace sotay::tests
