// Two laptops without a network, one note, one truth to settle.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/cli/laptop.h"

namespace sotay::tests {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ConflictTest : public ::testing::Test {
 protected:
  ConflictTest()
      : dam_(&precinct_, "uu-dam", "Nguyễn Ưu Đàm"),
        que_(&precinct_, "nguyet-que", "Võ Nguyệt Quế") {
    dam_.Exchange();
    que_.Exchange();
    const std::string inspection =
        dam_.Json({"new", "inspection", "kind=scene_examination", "target_body=Xã Tân Mây"})["id"];
    note_ = dam_.Json({"new", "note", "--in", inspection, "body=Có mặt tại Km 12+300."})["id"];
    dam_.Exchange();
    que_.Exchange();
  }

  // Both write the same field, neither knowing of the other; both learn of it.
  void Disagree(const std::string& first, const std::string& second) {
    dam_.Json({"edit", note_, first});
    que_.clock_ms += 4 * 60'000;
    que_.Json({"edit", note_, second});
    dam_.Exchange();
    que_.Exchange();
    dam_.Exchange();
  }

  Precinct precinct_;
  Laptop dam_;
  Laptop que_;
  std::string note_;
};

TEST_F(ConflictTest, ShowsEveryReadingWithWhoAndWhen) {
  Disagree("measurements[vết phanh]=4,2 m", "measurements[vết phanh]=4,3 m");
  const std::string words = dam_.Sotay({"conflicts", note_}).out;
  EXPECT_THAT(words, AllOf(HasSubstr("Số đo [vết phanh]: 2 cách ghi khác nhau"),
                           HasSubstr("1. Võ Nguyệt Quế, 05/11/2026 07:19  (đang hiển thị)\n"
                                     "       4,3 m\n"),
                           HasSubstr("2. Nguyễn Ưu Đàm, 05/11/2026 07:15\n       4,2 m\n")));
  const json conflicts = que_.Json({"conflicts"});
  ASSERT_EQ(conflicts.size(), 1u);
  EXPECT_EQ(conflicts[0]["id"], absl::StrCat(note_.substr(0, 8), ".measurements.vết phanh"));
  EXPECT_EQ(conflicts[0]["field"], "measurements");
  EXPECT_EQ(conflicts[0]["key"], "vết phanh");
  EXPECT_EQ(conflicts[0]["rule"], "RULE_REGISTER");
  ASSERT_EQ(conflicts[0]["readings"].size(), 2u);
  EXPECT_EQ(conflicts[0]["readings"][0]["pick"], 1);
  EXPECT_EQ(conflicts[0]["readings"][0]["shown"], true);
  EXPECT_EQ(conflicts[0]["readings"][0]["name"], "Võ Nguyệt Quế");
  EXPECT_EQ(conflicts[0]["readings"][0]["value"], json({{"value", "4,3"}, {"unit", "m"}}));
  EXPECT_EQ(conflicts[0]["readings"][1]["value"], json({{"value", "4,2"}, {"unit", "m"}}));
  EXPECT_THAT(dam_.Sotay({"show", note_}).out, HasSubstr("2 cách ghi khác nhau"));
  EXPECT_EQ(dam_.Json({"list", "--conflicts"})[0]["conflicts"], 1);
}

TEST_F(ConflictTest, IsSettledByAPickEverywhere) {
  Disagree("measurements[vết phanh]=4,2 m", "measurements[vết phanh]=4,3 m");
  dam_.Json({"resolve", note_, "measurements[vết phanh]", "--pick", "2", "--reason", "biên bản"});
  EXPECT_THAT(dam_.Json({"conflicts"}), IsEmpty());
  dam_.Exchange();
  que_.Exchange();
  EXPECT_THAT(que_.Json({"conflicts"}), IsEmpty());
  EXPECT_EQ(que_.Json({"show", note_})["content"]["measurements"]["vết phanh"]["value"], "4,2");
  EXPECT_EQ(que_.Json({"digest"}), dam_.Json({"digest"}));
}

TEST_F(ConflictTest, IsSettledByAnotherValueInTheWordsOfItsField) {
  Disagree("measurements[vết phanh]=4,2 m", "measurements[vết phanh]=4,3 m");
  const std::string id = dam_.Json({"conflicts"})[0]["id"];
  dam_.Json({"resolve", note_, id, "--value", "4,25 m"});
  EXPECT_THAT(dam_.Json({"conflicts"}), IsEmpty());
  EXPECT_EQ(dam_.Json({"show", note_})["content"]["measurements"]["vết phanh"]["value"], "4,25");
}

TEST_F(ConflictTest, NeedsExactlyOneWayOutAndAReadingThatIsThere) {
  Disagree("kind=scene", "kind=file");
  EXPECT_EQ(dam_.Sotay({"resolve", note_, "kind"}).code, 2);
  EXPECT_EQ(dam_.Sotay({"resolve", note_, "kind", "--pick", "1", "--value", "scene"}).code, 2);
  EXPECT_EQ(dam_.Sotay({"resolve", note_, "kind", "--pick", "0"}).code, 2);
  const Printed third = dam_.Sotay({"resolve", note_, "kind", "--pick", "3"});
  EXPECT_EQ(third.code, 3);
  EXPECT_THAT(third.err, HasSubstr("readings 1 to 2, not 3"));
  const Printed other = dam_.Sotay({"resolve", note_, "body", "--pick", "1"});
  EXPECT_EQ(other.code, 3);
  EXPECT_THAT(other.err, HasSubstr(absl::StrCat(note_.substr(0, 8), ".kind")));
  EXPECT_EQ(dam_.Json({"conflicts", note_}).size(), 1u);
}

TEST_F(ConflictTest, KeepsBothReadingsOfAPlaceUntilSomebodyWritesTheThird) {
  Disagree("body=Có mặt tại Km 12+350.", "body=Có mặt tại Km 12+320.");
  const std::string words = que_.Sotay({"conflicts"}).out;
  EXPECT_THAT(words, AnyOf(HasSubstr("Km ⟦12+350 | 12+320⟧."), HasSubstr("Km ⟦12+320 | 12+350⟧.")));
  que_.Json({"resolve", note_, "body", "--value", "12+330"});
  que_.Exchange();
  dam_.Exchange();
  EXPECT_EQ(dam_.Json({"show", note_})["content"]["body"], "Có mặt tại Km 12+330.");
  EXPECT_THAT(dam_.Json({"conflicts"}), IsEmpty());
}

TEST_F(ConflictTest, LogTellsWhoChangedWhat) {
  Disagree("kind=scene", "kind=file");
  const json own = dam_.Json({"log", note_});
  ASSERT_EQ(own.size(), 2u);
  EXPECT_EQ(own[0]["edits"][0]["creates"], true);
  EXPECT_EQ(own[1]["edits"][0]["ops"][0],
            json({{"field", "kind"}, {"key", ""}, {"op", "set"}, {"value", "NOTE_KIND_SCENE"}}));
  EXPECT_THAT(dam_.Sotay({"log", note_}).out,
              AllOf(HasSubstr("Tạo mới: Ghi chép"), HasSubstr("Loại ghi chép = Hiện trường")));
}

// Dam withdraws the note while Quế writes on in it.
TEST_F(ConflictTest, ShowsARequestWithItsReasonAndHowToDecide) {
  dam_.Json({"edit", note_, "state=withdrawn", "--reason", "ghi nhầm sổ"});
  que_.clock_ms += 4 * 60'000;
  que_.Json({"edit", note_, "body=Có mặt tại Km 12+300. Trời mưa."});
  dam_.Exchange();
  que_.Exchange();
  dam_.Exchange();
  EXPECT_THAT(dam_.Sotay({"status"}).out,
              HasSubstr("“Đã rút” của bạn về " + note_.substr(0, 8) +
                        " là đề nghị, chờ quyết định: khi đó bạn chưa biết bản sửa của Võ Nguyệt "
                        "Quế, 05/11/2026 07:19"));
  const std::string id = note_.substr(0, 8);
  for (const char* command : {"show", "conflicts"}) {
    EXPECT_THAT(
        que_.Sotay({command, note_}).out,
        AllOf(HasSubstr("Đề nghị: Nguyễn Ưu Đàm, 05/11/2026 07:15 muốn chuyển sang “Đã rút”, lý "
                        "do: ghi nhầm sổ"),
              HasSubstr("chưa biết bản sửa của Võ Nguyệt Quế, 05/11/2026 07:19"),
              HasSubstr(absl::StrCat("Đồng ý: sotay edit ", id,
                                     " state=withdrawn; không đồng ý, giữ “Nháp”: "
                                     "sotay edit ",
                                     id, " state=unspecified"))));
    EXPECT_THAT(que_.Sotay({"--lang", "en", command, note_}).out,
                AllOf(HasSubstr("Request: Nguyễn Ưu Đàm, 05/11/2026 07:15 wants it to be "
                                "“Withdrawn”, because: ghi nhầm sổ"),
                      HasSubstr("For a leader to decide.")));
  }
  EXPECT_THAT(que_.Sotay({"list", "note"}).out, HasSubstr("Nháp; đề nghị: Đã rút"));
  EXPECT_THAT(que_.Sotay({"status"}).out, HasSubstr("1, chờ lãnh đạo quyết định"));
  EXPECT_EQ(que_.Json({"status"})["requests"], 1);
  EXPECT_EQ(que_.Json({"conflicts"})[0]["request"]["reason"], "ghi nhầm sổ");
}

}  // namespace
}  // namespace sotay::tests
