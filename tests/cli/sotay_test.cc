// The `sotay` command with no network, from words to what is printed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "tests/cli/laptop.h"

namespace sotay::tests {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class SotayTest : public ::testing::Test {
 protected:
  SotayTest() : laptop_(&precinct_, "uu-dam", "Nguyễn Ưu Đàm") { laptop_.Exchange(); }

  // The id of a record just made.
  std::string New(std::vector<std::string> args) {
    args.insert(args.begin(), "new");
    return laptop_.Json(args)["id"];
  }
  std::string NewInspection() {
    return New({"inspection", "kind=scene_examination", "target_body=Công an xã Tân Mây",
                "occurred_ms=05/11/2026 07:15"});
  }

  Precinct precinct_;
  Laptop laptop_;
};

TEST_F(SotayTest, PrintsARecordAsJsonWithStableKeys) {
  const std::string inspection = NewInspection();
  const std::string note =
      New({"note", "--in", inspection.substr(0, 6), "kind=scene", "body=Vết phanh dài 4,2 m.",
           "measurements[vết phanh]=4,2 m", "next_steps+=đo lại", "occurred_ms=5/11/2026 7:15"});
  const json shown = json::parse(laptop_.Constant(laptop_.Json({"show", note}).dump()));
  EXPECT_EQ(shown, json::parse(laptop_.Constant(absl::StrCat(
                       R"({
    "id": ")",
                       note, R"(",
    "type": "casework.v1.Note",
    "unit": "vkskv3",
    "dossier": ")",
                       inspection, R"(",
    "changed_ms": )",
                       shown["changed_ms"].dump(), R"(,
    "sync": "waiting",
    "created": {
      "user": "uu-dam", "name": "Nguyễn Ưu Đàm", "device": "<device>", "sequence": 2,
      "at_ms": )",
                       shown["created"]["at_ms"].dump(), R"(, "claimed_ms": 1793837700000,
      "time_unknown": false, "change": "<change>", "taken_in": false
    },
    "content": {
      "inspection_id": )",
                       shown["content"]["inspection_id"].dump(), R"(,
      "kind": "NOTE_KIND_SCENE",
      "body": "Vết phanh dài 4,2 m.",
      "measurements": {"vết phanh": {"value": "4,2", "unit": "m"}},
      "next_steps": ["đo lại"],
      "occurred_ms": "1793837700000"
    },
    "texts": {},
    "state_apart": [],
    "requests": [],
    "overtaken": [],
    "notices": [],
    "conflicts": [],
    "signatures": [],
    "signatures_apart": [],
    "together": null,
    "records": []
  })"))));
  EXPECT_GE(shown["changed_ms"], 1793837700000);
  EXPECT_LT(shown["changed_ms"], 1793837700000 + 1000);
}

TEST_F(SotayTest, ListsRecordsOfADossierNewestFirst) {
  const std::string inspection = NewInspection();
  laptop_.clock_ms += 60'000;
  const std::string note =
      New({"note", "--in", inspection, "body=Có mặt tại Km 12+300\nđường tỉnh 9X"});
  const std::string other =
      New({"case", "kind=criminal", "title=Vụ trộm cắp tài sản", "--not-secret"});
  const json all = laptop_.Json({"list"});
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0]["id"], other);
  EXPECT_EQ(all[1]["title"], "Có mặt tại Km 12+300");
  EXPECT_EQ(laptop_.Json({"list", "--in", note}).size(), 2u);
  EXPECT_EQ(laptop_.Json({"list", "note"})[0]["id"], note);
  EXPECT_THAT(laptop_.Json({"list", "--conflicts"}), IsEmpty());
  EXPECT_THAT(laptop_.Json({"list", "--unit", "vkskv4"}), IsEmpty());
  EXPECT_THAT(laptop_.Json({"show", inspection})["records"][0]["id"], note);
}

TEST_F(SotayTest, ListsInColumnsWithVietnameseLabels) {
  const std::string id = NewInspection();
  EXPECT_EQ(laptop_.Sotay({"list"}).out,
            absl::StrCat("mã        loại           trạng thái  nội dung            đơn vị"
                         "                      sửa lúc           xung đột  đồng bộ\n",
                         id.substr(0, 8),
                         "  Cuộc kiểm sát  Dự kiến     Công an xã Tân Mây"
                         "  VKSND khu vực 3 – Sông Mây  05/11/2026 07:15            chờ gửi\n"));
}

TEST_F(SotayTest, ShowsARecordInWords) {
  const std::string id = New({"note", "--in", NewInspection(), "kind=scene", "body=Vết phanh.",
                              "measurements[vết phanh]=4,2 m"});
  const std::string shown = laptop_.Sotay({"show", id}).out;
  EXPECT_THAT(shown,
              AllOf(HasSubstr("Ghi chép  " + id), HasSubstr("Nguyễn Ưu Đàm, 05/11/2026 07:15"),
                    HasSubstr("Loại ghi chép           Hiện trường"),
                    HasSubstr("Số đo [vết phanh]       4,2 m"),
                    HasSubstr("Nội dung                Vết phanh.")));
  EXPECT_THAT(laptop_.Sotay({"show", id, "--lang", "en"}).out,
              AllOf(HasSubstr("Note  " + id), HasSubstr("Measurements [vết phanh]  4,2 m")));
}

TEST_F(SotayTest, TellsWhatWasTypedAsWords) {
  const std::string id = New({"note", "--in", NewInspection(), "body=Vết phanh dài 4,2 m."});
  const json ops = laptop_.Json({"log", id})[0]["edits"][0]["ops"];
  const auto text =
      std::find_if(ops.begin(), ops.end(), [](const json& op) { return op["op"] == "text"; });
  ASSERT_NE(text, ops.end());
  EXPECT_EQ((*text)["value"]["splices"][0]["inserted"], "Vết phanh dài 4,2 m.");
}

TEST_F(SotayTest, NeverLetsContentReachTheTerminalRaw) {
  const std::string id = New({"note", "--in", NewInspection(), "body=\x1B[2Jxóa \u202Emàn hình"});
  for (const char* command : {"show", "log", "conflicts"}) {
    const std::string out = laptop_.Sotay({command, id}).out;
    EXPECT_THAT(out, Not(HasSubstr("\x1B"))) << command;
    EXPECT_THAT(out, Not(HasSubstr("\u202E"))) << command;
  }
  const Printed shown = laptop_.Sotay({"show", id, "--json"});
  EXPECT_THAT(shown.out, Not(HasSubstr("\u202E")));
  EXPECT_EQ(shown.Json()["content"]["body"], "\x1B[2Jxóa \u202Emàn hình");
}

TEST_F(SotayTest, TakesLongTextFromAFileAndFromStandardInput) {
  const std::string inspection = NewInspection();
  const std::string path = laptop_.dir() + "/ghi.txt";
  std::ofstream(path) << "Dòng một\nDòng hai\n";
  const std::string note = New({"note", "--in", inspection, "body=@" + path});
  EXPECT_EQ(laptop_.Json({"show", note})["content"]["body"], "Dòng một\nDòng hai");
  const Printed piped = laptop_.Sotay({"edit", note, "body+=-"}, "Từ đầu vào\n");
  EXPECT_EQ(piped.code, 0) << piped.err;
  EXPECT_EQ(laptop_.Json({"show", note})["content"]["body"], "Dòng một\nDòng hai\nTừ đầu vào");
}

TEST_F(SotayTest, EditsSetsCountsLogsAndStates) {
  const std::string id = NewInspection();
  laptop_.Json({"edit", id, "tallies[hồ sơ]+=14", "team+=nguyet-que", "team+=uu-dam",
                "scores+={\"criterion\":\"tranh luận\",\"points\":\"8,5\"}"});
  laptop_.Json({"edit", id, "tallies[hồ sơ]-=5", "team-=uu-dam", "state=in_progress", "--reason",
                "đến nơi"});
  const json content = laptop_.Json({"show", id})["content"];
  EXPECT_EQ(content["tallies"], json({{"hồ sơ", "9"}}));
  EXPECT_EQ(content["team"], json({"nguyet-que"}));
  EXPECT_EQ(content["scores"][0]["points"], "8,5");
  EXPECT_EQ(content["state"], "INSPECTION_STATE_IN_PROGRESS");
  const json log = laptop_.Json({"log", id});
  ASSERT_EQ(log.size(), 3u);
  EXPECT_EQ(log[2]["reason"], "đến nơi");
  EXPECT_EQ(log[2]["edits"][0]["ops"][0],
            json({{"field", "tallies"}, {"key", "hồ sơ"}, {"op", "count"}, {"value", -5}}));
  EXPECT_EQ(log[1]["admission"], nullptr);
}

TEST_F(SotayTest, OpensTheTextInAnEditor) {
  const std::string note = New({"note", "--in", NewInspection(), "body=Vết phanh dài 4,2 m."});
  setenv("VISUAL", "sed -i s/4,2/4,3/", 1);
  EXPECT_EQ(laptop_.Sotay({"edit", note, "--editor"}).code, 0);
  EXPECT_EQ(laptop_.Json({"show", note})["content"]["body"], "Vết phanh dài 4,3 m.");
  setenv("VISUAL", "false", 1);
  const Printed failed = laptop_.Sotay({"edit", note, "--editor"});
  EXPECT_EQ(failed.code, 4);
  EXPECT_THAT(failed.err, HasSubstr("nothing was changed"));
  unsetenv("VISUAL");
  for (const auto& entry : std::filesystem::directory_iterator(laptop_.dir())) {
    EXPECT_THAT(entry.path().filename().string(), Not(HasSubstr("edit-")));
  }
}

TEST_F(SotayTest, HangsANewRecordUnderTheOneItIsIn) {
  const std::string inspection = NewInspection();
  const std::string note = New({"note", "--in", inspection, "body=x"});
  const std::string comment =
      New({"comment", "--in", note, "kind=remark", "body=Đề nghị đo thêm."});
  EXPECT_EQ(laptop_.Json({"show", comment})["dossier"], inspection);
  const std::string words = laptop_.Sotay({"show", comment}).out;
  EXPECT_THAT(words, HasSubstr(note.substr(0, 8)));
}

TEST_F(SotayTest, SaysWhatIsStillUnsent) {
  NewInspection();
  laptop_.clock_ms += 3 * 3'600'000;
  const json status = laptop_.Json({"status"});
  EXPECT_EQ(status["user"], "uu-dam");
  EXPECT_EQ(status["outbox"], 1);
  EXPECT_EQ(status["oldest_outbox_ms"], kMorning);
  EXPECT_EQ(status["cursors"][0]["unit"], "vkskv3");
  EXPECT_THAT(laptop_.Sotay({"status"}).out,
              AllOf(HasSubstr("Nguyễn Ưu Đàm (uu-dam)"), HasSubstr("1, cũ nhất 3 giờ trước")));
}

TEST_F(SotayTest, EndsWithTheCodeOfWhatWentWrong) {
  const std::string id = NewInspection();
  EXPECT_EQ(laptop_.Sotay({}).code, 2);
  EXPECT_EQ(laptop_.Sotay({"lits"}).code, 2);
  EXPECT_EQ(laptop_.Sotay({"new"}).code, 2);
  EXPECT_EQ(laptop_.Sotay({"new", "note", "--in", id, "kind=màu xanh"}).code, 2);
  EXPECT_EQ(laptop_.Sotay({"new", "note", "--in", id, "occurred_ms=11/25/2026"}).code, 2);
  EXPECT_EQ(laptop_.Sotay({"edit", id}).code, 2);
  EXPECT_EQ(laptop_.Sotay({"edit", id, "--field", "conclusion", "place=x"}).code, 2);
  EXPECT_EQ(laptop_.Sotay({"show", "zzzz"}).code, 2);
  EXPECT_EQ(laptop_.Sotay({"show", "00000000"}).code, 3);
  EXPECT_EQ(laptop_.Sotay({"new", "thing"}).code, 3);
  EXPECT_EQ(laptop_.Sotay({"edit", id, "words=x"}).code, 3);
  EXPECT_EQ(laptop_.Sotay({"resolve", id, "place", "--pick", "1"}).code, 3);
  EXPECT_EQ(laptop_.Sotay({"new", "note", "body=x"}).code, 4);
  EXPECT_EQ(laptop_.Sotay({"edit", id, "state=signed"}).code, 4);
  EXPECT_EQ(laptop_.Sotay({"edit", id, "decision_no=1"}).code, 4);
  EXPECT_EQ(laptop_.Sotay({"--dir", laptop_.dir() + "/none", "list"}).code, 3);
}

TEST_F(SotayTest, SaysWhatWentWrongInASentence) {
  EXPECT_THAT(laptop_.Sotay({"show", "00000000"}).err,
              AllOf(HasSubstr("sotay: không tìm thấy: "), HasSubstr("00000000")));
  EXPECT_THAT(laptop_.Sotay({"new"}).err, HasSubstr("Xem: sotay new --help"));
  EXPECT_THAT(laptop_.Sotay({"show", "0000", "--lang", "en"}).err, HasSubstr("not found: "));
}

TEST_F(SotayTest, SaysWhatIsMissingOrStrangeInACommandLine) {
  EXPECT_THAT(laptop_.Sotay({}).err, HasSubstr("sotay: thiếu lệnh\nXem: sotay --help\n"));
  EXPECT_THAT(laptop_.Sotay({"lits"}).err, HasSubstr("không có lệnh lits; ý bạn là list?"));
  EXPECT_THAT(laptop_.Sotay({"abracadabra"}).err, HasSubstr("không có lệnh abracadabra\n"));
  EXPECT_THAT(laptop_.Sotay({"new"}).err, HasSubstr("sotay: thiếu TYPE\n"));
  EXPECT_THAT(laptop_.Sotay({"import", "x.csv"}).err, HasSubstr("thiếu --mapping\n"));
  EXPECT_THAT(laptop_.Sotay({"sync", "now"}).err, HasSubstr("không hiểu: now\n"));
  EXPECT_THAT(laptop_.Sotay({"lits", "--lang", "en"}).err, HasSubstr("did you mean list?"));
  EXPECT_THAT(laptop_.Sotay({"new", "note", "body=x"}).err, HasSubstr("--in"));
}

TEST_F(SotayTest, AlignsItsHelpAsPeopleSeeLetters) {
  EXPECT_THAT(laptop_.Sotay({"new", "--help"}).out,
              AllOf(HasSubstr("\n  TYPE (bắt buộc)             loại: case, "),
                    HasSubstr("\n  --in RECORD                 bản ghi mà nó thuộc về\n"),
                    HasSubstr("Tùy chọn chung (--dir, --json, --lang, --schema): sotay --help")));
  EXPECT_THAT(laptop_.Sotay({"new", "--help"}).out, Not(HasSubstr("Options:")));
}

TEST_F(SotayTest, SaysThatAnotherProgramHasTheNotebookOpen) {
  laptop_.At([&](sdk::Notebook*) {
    const Printed second = laptop_.Sotay({"list"});
    EXPECT_EQ(second.code, 1);
    EXPECT_THAT(second.err, HasSubstr("open in another process"));
  });
}

TEST_F(SotayTest, TeachesItsCommandsInBothLanguages) {
  for (const char* command :
       {"enroll", "sync", "watch", "new", "edit", "confirm", "resolve", "list", "show", "log",
        "conflicts", "refused", "status", "fields", "digest", "import"}) {
    const Printed help = laptop_.Sotay({command, "--help"});
    EXPECT_EQ(help.code, 0) << command;
    EXPECT_THAT(help.out, HasSubstr(command));
  }
  EXPECT_THAT(laptop_.Sotay({"new", "--help"}).out, HasSubstr("Ví dụ:"));
  EXPECT_THAT(laptop_.Sotay({"new", "--help", "--lang", "en"}).out, HasSubstr("Examples:"));
  EXPECT_THAT(laptop_.Sotay({"fields", "note"}).out,
              AllOf(HasSubstr("measurements[KEY]=4,2 m"),
                    HasSubstr("kind=scene               Hiện trường")));
}

TEST_F(SotayTest, TakesTheLastOfAGlobalOptionGivenTwice) {
  EXPECT_EQ(laptop_.Sotay({"--json", "list", "--json"}).Json(), json::array());
  EXPECT_THAT(laptop_.Sotay({"--lang", "en", "list", "--lang", "vi"}).out,
              HasSubstr("Chưa có bản ghi nào"));
  EXPECT_THAT(laptop_.Sotay({"list", "--lang", "vi", "--lang", "en"}).out, HasSubstr("No records"));
  EXPECT_EQ(laptop_.Sotay({"--dir", laptop_.dir() + "/none", "list", "--dir", laptop_.dir()}).code,
            0);
}

TEST_F(SotayTest, HasOneDigestForOneShownState) {
  const json before = laptop_.Json({"digest"});
  EXPECT_EQ(before["records"], 0);
  const std::string id = NewInspection();
  const json after = laptop_.Json({"digest"});
  EXPECT_NE(before["digest"], after["digest"]);
  EXPECT_EQ(after["records"], 1);
  EXPECT_EQ(after, laptop_.Json({"digest"}));
}

}  // namespace
}  // namespace sotay::tests
