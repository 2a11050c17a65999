// A leader signs an inspection while somebody, offline, writes on in it.  What was signed stays
// what was signed; what came after is a late amendment, which a leader takes in or dismisses; and a
// signature that comes after the words is none.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/stories/stage.h"

namespace sotay::tests {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kBase[] = "Sổ tiếp nhận có 17 tin.";
constexpr char kMore[] = "\nTin số 9 không ghi giờ.\nTin số 14 thiếu chữ ký.";

class SignedMeanwhile : public ::testing::TestWithParam<size_t> {
 protected:
  SignedMeanwhile() : stage_({kDam, kQue}) {
    visit_ = stage_.Inspection({absl::StrCat("conclusion=", kBase)});
  }
  void Meet() { stage_.Meet(GetParam()); }
  // Offline, after what she was shown.
  void QueWritesOn() {
    stage_.Phone(kQue, {"edit", visit_, "conclusion+=Tin số 9 không ghi giờ."});
    stage_.Phone(kQue, {"edit", visit_, "conclusion+=Tin số 14 thiếu chữ ký."});
    stage_.New(kQue, "finding", visit_,
               {"violation_code=tin_bao.thieu_gio_chu_ky", "description=Hai tin thiếu giờ."});
    stage_.New(kQue, "comment", visit_, {"body=Đề nghị xem lại sổ."});
  }
  json Signs(const std::string& reason, const Stage::Words& more = {}) {
    Stage::Words words = {"sign", visit_, "--reason", reason};
    words.insert(words.end(), more.begin(), more.end());
    return stage_.Phone(kLeader, words);
  }
  // What everybody is shown of it, which is the same.
  json Shown() {
    const json shown = stage_.Console({"show", visit_});
    for (const std::string& phone : stage_.phones()) {
      const json here = stage_.Phone(phone, {"show", visit_});
      EXPECT_EQ(here["content"], shown["content"]) << phone;
      EXPECT_EQ(here["signatures"], shown["signatures"]) << phone;
    }
    return shown;
  }
  json Findings() {
    json here = json::array();
    for (const json& line : stage_.Console({"records", "--type", "finding"})) {
      if (line["dossier"] == visit_) here.push_back(line);
    }
    return here;
  }
  json Late() {
    const json late = stage_.Console({"quarantine", "--late"});
    for (const json& row : late) EXPECT_EQ(row["reason"], "REASON_LATE_AMENDMENT");
    return late;
  }
  int Decide(const json& row, const std::string& what, const std::string& reason) {
    return stage_
        .Decide(kLeader, {"quarantine", what, row["device"],
                          absl::StrCat(row["sequence"].get<int>()), "--reason", reason})
        .exit_code;
  }
  // As somebody reads it who has nothing but the file.
  json Verified() {
    const std::string file = stage_.office().space() / "dossier";
    stage_.Console({"export", visit_, file});
    const Ended ended = tests::Run({SOTAY_VERIFY, "--json", "--lang", "en", file}, {});
    EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
    std::filesystem::remove_all(file);
    const json read = json::parse(ended.out, nullptr, /*allow_exceptions=*/false);
    EXPECT_EQ(read["holds"], true);
    for (const json& record : read["records"]) {
      if (record["id"] == visit_) return record["signatures"];
    }
    return {};
  }

  // The rest of the story, after the first meeting.
  void WhatComesAfterIsALateAmendment(const std::string& given);
  void ASignatureThatComesAfterTheWordsIsGivenAgain();

  Stage stage_;
  std::string visit_;
};

INSTANTIATE_TEST_SUITE_P(InOrder, SignedMeanwhile, ::testing::ValuesIn(OrdersOf(3)));

void SignedMeanwhile::WhatComesAfterIsALateAmendment(const std::string& given) {
  const json shown = Shown();
  EXPECT_EQ(shown["content"]["conclusion"], kBase);
  ASSERT_THAT(shown["signatures"], SizeIs(1));
  const json& first = shown["signatures"][0];
  EXPECT_EQ(first["id"], given);
  EXPECT_EQ(first["by"], kLeader);
  EXPECT_EQ(first["signs"], true);
  EXPECT_EQ(first["standing"], true);
  EXPECT_EQ(first["current"], true);
  EXPECT_EQ(first["revision"], shown["position"]);
  EXPECT_EQ(first["content"]["capacity"], "SIGN_OFF_CAPACITY_HEAD");
  // What she wrote is hers to see, and the leader's; it counts nowhere.
  EXPECT_THAT(stage_.Phone(kQue, {"refused"}), SizeIs(3));
  EXPECT_EQ(stage_.Phone(kQue, {"status"})["late_amendments"], 3);
  json late = Late();
  ASSERT_THAT(late, SizeIs(3));
  for (const json& row : late) EXPECT_EQ(row["user"], kQue);
  EXPECT_THAT(Findings(), IsEmpty());
  EXPECT_THAT(stage_.Phone(kDam, {"list", "comment", "--in", visit_}), SizeIs(1))
      << "what people say about it goes on";

  // Who writes on now is warned, and what they type is kept.
  const Ended warned = stage_.Try(kDam, {"edit", visit_, "place=Rạch Đước"});
  EXPECT_EQ(warned.exit_code, 0);
  EXPECT_THAT(warned.err, HasSubstr("signed it: what you write is kept as a late amendment"));
  Meet();
  ASSERT_THAT(Late(), SizeIs(4));
  EXPECT_EQ(Verified()[0]["current"], true);

  // Her work is taken in, his is not.
  for (const json& row : late) EXPECT_EQ(Decide(row, "take", "khớp sổ gốc"), 0);
  late = Late();
  ASSERT_THAT(late, SizeIs(1));
  EXPECT_EQ(late[0]["user"], kDam);
  EXPECT_EQ(Decide(late[0], "dismiss", "đã ghi ở mục khác"), 0);
  Meet();
  json amended = Shown();
  EXPECT_EQ(amended["content"]["conclusion"], absl::StrCat(kBase, kMore));
  EXPECT_THAT(Findings(), SizeIs(1));
  ASSERT_THAT(amended["signatures"], SizeIs(1));
  EXPECT_EQ(amended["signatures"][0]["current"], false) << "it is of an earlier revision";
  EXPECT_EQ(Verified()[0]["current"], false) << "and still holds for that";

  // The new revision wants a signature of its own.
  Signs("Đã đọc phần bổ sung");
  Meet();
  amended = Shown();
  ASSERT_THAT(amended["signatures"], SizeIs(2));
  EXPECT_EQ(amended["signatures"][1]["supersedes"], first["id"]);
  EXPECT_EQ(amended["signatures"][1]["current"], true);
  EXPECT_EQ(amended["signatures"][0]["standing"], false);
  EXPECT_THAT(Verified(), SizeIs(2));
}

void SignedMeanwhile::ASignatureThatComesAfterTheWordsIsGivenAgain() {
  json shown = Shown();
  EXPECT_EQ(shown["content"]["conclusion"], absl::StrCat(kBase, kMore));
  EXPECT_THAT(shown["signatures"], IsEmpty());
  EXPECT_THAT(Findings(), SizeIs(1));
  const json refused = stage_.Phone(kLeader, {"refused"});
  ASSERT_THAT(refused, SizeIs(1));
  EXPECT_EQ(refused[0]["outcome"]["reason"], "REASON_SIGNATURE_STALE");
  EXPECT_THAT(refused[0]["outcome"]["message"].get<std::string>(), HasSubstr("sign again"));

  EXPECT_THAT(stage_.Console({"quarantine"}), SizeIs(1));
  EXPECT_THAT(Late(), IsEmpty()) << "a signature is no amendment";

  // Given back, it is written anew; then it is signed as it was read.
  Signs("Ghi rõ số tin", {"--return"});
  Meet();
  stage_.Phone(kDam, {"edit", visit_, "conclusion+=Tổng cộng hai tin."});
  Meet();
  EXPECT_THAT(Late(), IsEmpty());
  Signs("Đã đọc lại toàn bộ");
  Meet();
  shown = Shown();
  ASSERT_THAT(shown["signatures"], SizeIs(2));
  EXPECT_EQ(shown["signatures"][0]["signs"], false);
  EXPECT_EQ(shown["signatures"][1]["signs"], true);
  EXPECT_EQ(shown["signatures"][1]["current"], true);
  EXPECT_THAT(Verified(), SizeIs(2));
  // A prosecutor signs nothing.
  EXPECT_EQ(stage_.Try(kDam, {"sign", visit_}).exit_code, 4);
}

TEST_P(SignedMeanwhile, WhoComesFirstSaysWhetherTheSignatureOrTheWordsAreLate) {
  QueWritesOn();
  const json given = Signs("Đã đọc và đồng ý", {"--capacity", "head"});
  EXPECT_EQ(given["sync"], "waiting") << "offline as well";
  const Stage::Words turns = stage_.Turns(GetParam());
  stage_.Meet(turns);
  if (Before(turns, kLeader, kQue)) {
    WhatComesAfterIsALateAmendment(given["id"]);
  } else {
    ASignatureThatComesAfterTheWordsIsGivenAgain();
  }
  stage_.ExpectTogether();
  stage_.Close();
}

}  // namespace
}  // namespace sotay::tests
