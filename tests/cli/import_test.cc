#include "mobile-sdk/cli/import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "tests/cli/laptop.h"

namespace sotay::tests {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kMapping[] = R"(format = 1
[table]
kind = "csv"
key = ["ID"]
absent = ["", "NA"]
[record.visit]
type = "inspection"
[record.visit.fields]
kind = { const = "INSPECTION_KIND_OTHER" }
target_body = { column = "DBA" }
started_ms = { column = "Date", format = "mm/dd/yyyy" }
[record.fault]
type = "finding"
under = "visit"
under_field = "inspection_id"
[record.fault.each]
column = "Violations"
split = " | "
[record.fault.fields]
description = { column = "piece" }
)";

constexpr char kTable[] =
    "ID,Date,DBA,Violations\r\n"
    "1,03/06/2020,\"QUÁN ĂN, SỐ 1\",lỗi một | lỗi hai\r\n"
    "2,03/07/2020,QUÁN 2,NA\r\n"
    "3,03/08/2020,QUÁN 3,\"lỗi\nba\"\r\n";

class ImportTest : public ::testing::Test {
 protected:
  ImportTest() : laptop_(&precinct_, "uu-dam", "Nguyễn Ưu Đàm") {
    laptop_.Exchange();
    Write("map.toml", kMapping);
    Write("table.csv", kTable);
  }

  std::string Path(const std::string& name) { return absl::StrCat(laptop_.dir(), "/", name); }
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(Path(name), std::ios::binary) << text;
  }
  std::vector<std::string> Command() {
    return {"import", Path("table.csv"), "--mapping", Path("map.toml")};
  }
  json Import(std::vector<std::string> more = {}) {
    std::vector<std::string> args = Command();
    args.insert(args.end(), more.begin(), more.end());
    return laptop_.Json(args);
  }

  Precinct precinct_;
  Laptop laptop_;
};

TEST_F(ImportTest, MakesOneDossierOfARow) {
  json report = Import();
  const std::vector<std::string> records = report["records"];
  ASSERT_EQ(records.size(), 6u);
  report.erase("records");
  EXPECT_EQ(report, json({{"rows", 3},
                          {"imported", 3},
                          {"completed", 0},
                          {"skipped", 0},
                          {"left", 0},
                          {"secret_lines", json::array()}}));
  EXPECT_EQ(laptop_.Json({"list", "inspection"}).size(), 3u);
  const json first = laptop_.Json({"show", records[0]});
  EXPECT_EQ(first["content"]["target_body"], "QUÁN ĂN, SỐ 1");
  EXPECT_EQ(first["content"]["started_ms"], "1583427600000");
  EXPECT_EQ(first["records"].size(), 2u);
  EXPECT_EQ(laptop_.Json({"show", records[1]})["content"]["description"], "lỗi một");
  EXPECT_EQ(laptop_.Json({"show", records[2]})["content"]["description"], "lỗi hai");
  EXPECT_EQ(laptop_.Json({"show", records[3]})["content"]["target_body"], "QUÁN 2");
}

TEST_F(ImportTest, AddsNothingTheSecondTime) {
  Import();
  const json again = Import();
  EXPECT_EQ(again["imported"], 0);
  EXPECT_EQ(again["skipped"], 3);
  EXPECT_EQ(laptop_.Json({"list"}).size(), 6u);
  EXPECT_THAT(laptop_.Sotay(Command()).out, HasSubstr("bỏ qua 3 dòng đã nhập trước"));
}

TEST_F(ImportTest, TakesNewRowsOfATableThatHasGrown) {
  Import();
  Write("table.csv", absl::StrCat(kTable, "4,03/09/2020,QUÁN 4,NA\r\n4,03/09/2020,QUÁN 4,NA\r\n"));
  const json report = Import();
  EXPECT_EQ(report["imported"], 1);
  EXPECT_EQ(report["skipped"], 4);
}

TEST_F(ImportTest, StopsAtALimitAndGoesOnNextTime) {
  const json first = Import({"--limit", "1"});
  EXPECT_EQ(first["imported"], 1);
  EXPECT_EQ(first["left"], 2);
  const json second = Import({"--limit", "1"});
  EXPECT_EQ(second["imported"], 1);
  EXPECT_EQ(second["skipped"], 1);
  EXPECT_EQ(second["left"], 1);
}

TEST_F(ImportTest, LeavesOutRowsAtTheTopWithoutHoldingThemForImported) {
  const json below = Import({"--skip", "1", "--limit", "1"});
  EXPECT_EQ(below["rows"], 2);
  EXPECT_EQ(below["imported"], 1);
  EXPECT_EQ(below["left"], 1);
  ASSERT_EQ(below["records"].size(), 1u);
  EXPECT_EQ(laptop_.Json({"show", below["records"][0]})["content"]["target_body"], "QUÁN 2");
  EXPECT_EQ(Import({"--skip", "7"})["rows"], 0);
  const json rest = Import();
  EXPECT_EQ(rest["imported"], 2);
  EXPECT_EQ(rest["skipped"], 1);
}

TEST_F(ImportTest, CompletesARowThatAnyCrashCutShort) {
  // Row 1 writes: begin, made ×3, done.  Wherever the journal ends, nothing is made twice.
  for (size_t lines = 1; lines <= 4; ++lines) {
    Precinct precinct;
    Laptop laptop(&precinct, absl::StrCat("may-", lines), "Bùi Rạng");
    laptop.Exchange();
    const std::string journal = absl::StrCat(laptop.dir(), "/import.map.toml.journal");
    const std::vector<std::string> command = {"import",         Path("table.csv"), "--mapping",
                                              Path("map.toml"), "--limit",         "1"};
    laptop.Json(command);
    const json whole = laptop.Json({"list"});
    ASSERT_EQ(whole.size(), 3u);
    std::ifstream file(journal);
    const std::string text(std::istreambuf_iterator<char>(file), {});
    std::vector<std::string> kept = absl::StrSplit(text, '\n');
    kept.resize(lines);
    std::ofstream(journal) << absl::StrJoin(kept, "\n") << "\n";

    const json report = laptop.Json(command);
    EXPECT_EQ(report["completed"], 1) << lines;
    EXPECT_THAT(report["records"], IsEmpty()) << lines;
    EXPECT_EQ(laptop.Json({"list"}), whole) << lines;
    EXPECT_EQ(laptop.Json(command)["skipped"], 1) << lines;
  }
}

TEST_F(ImportTest, MakesTheRestOfARowThatStoppedInTheMiddle) {
  // A run that came as far as the first finding, and work of one's own since.
  const std::string id =
      laptop_.Json({"new", "inspection", "kind=other", "target_body=QUÁN ĂN, SỐ 1"})["id"];
  laptop_.Json({"new", "finding", "--in", id, "description=lỗi một"});
  Write("import.map.toml.journal", "begin 0 31\n");
  laptop_.Json({"new", "case", "kind=criminal", "title=Việc khác", "--not-secret"});
  const json report = Import({"--limit", "1"});
  EXPECT_EQ(report["completed"], 1);
  EXPECT_EQ(report["records"].size(), 1u);
  EXPECT_EQ(laptop_.Json({"show", id})["records"].size(), 2u);
  EXPECT_EQ(laptop_.Json({"show", report["records"][0]})["content"]["description"], "lỗi hai");
}

// The run stopped in the middle of the first row, and that has proved to be secret since: noted or
// not, none of it is typed in again, and the rest of the table is imported.
TEST_F(ImportTest, DoesNotTypeInAgainWhatProvedToBeSecret) {
  for (const bool noted : {false, true}) {
    Precinct precinct;
    Laptop laptop(&precinct, noted ? "may-ghi" : "may-khong", "Bùi Rạng");
    laptop.Exchange();
    const std::string id =
        laptop.Json({"new", "inspection", "kind=other", "target_body=QUÁN ĂN, SỐ 1"})["id"];
    std::ofstream(absl::StrCat(laptop.dir(), "/import.map.toml.journal"), std::ios::binary)
        << "begin 0 31\n"
        << (noted ? absl::StrCat("made ", id, " 31\n") : "");
    laptop.Exchange();
    v1::SecretDossier& secret = laptop.secret.emplace_back();
    secret.set_dossier_id(absl::HexStringToBytes(id));
    secret.set_unit_id(kUnit);
    secret.set_alias("S-07");
    laptop.Exchange();
    const json report = laptop.Json({"import", Path("table.csv"), "--mapping", Path("map.toml")});
    EXPECT_EQ(report["imported"], 2) << noted;
    EXPECT_EQ(report["secret_lines"], json::array({2})) << noted;
    for (const json& line : laptop.Json({"list", "inspection"})) {
      EXPECT_NE(line["title"], "QUÁN ĂN, SỐ 1");
    }
    EXPECT_EQ(laptop.Json({"import", Path("table.csv"), "--mapping", Path("map.toml")})["skipped"],
              3);
  }
}

TEST_F(ImportTest, WritesNothingWhenARowCannotBeRead) {
  Write("table.csv", absl::StrCat(kTable, "4,31/12/2020,QUÁN 4,NA\r\n"));
  const Printed failed = laptop_.Sotay(Command());
  EXPECT_EQ(failed.code, 2);
  EXPECT_THAT(failed.err, AllOf(HasSubstr("line 6"), HasSubstr("no month 31")));
  EXPECT_EQ(laptop_.Json({"list"}).size(), 0u);
}

TEST_F(ImportTest, NamesTheLineOfARowTheNotebookRefuses) {
  Write("table.csv", absl::StrCat("ID,Date,DBA,Violations\n1,03/06/2020,A,x\n2,03/06/2020,B,",
                                  std::string(70'000, 'x'), "\n"));
  const Printed failed = laptop_.Sotay(Command());
  EXPECT_NE(failed.code, 0);
  EXPECT_THAT(failed.err, HasSubstr("line 3, finding: "));
  EXPECT_EQ(laptop_.Json({"list", "inspection"}).size(), 2u);
  // Mended, the row is completed, not begun anew.
  Write("table.csv", "ID,Date,DBA,Violations\n1,03/06/2020,A,x\n2,03/06/2020,B,y\n");
  EXPECT_EQ(Import()["completed"], 1);
  EXPECT_EQ(laptop_.Json({"list", "inspection"}).size(), 2u);
  EXPECT_EQ(laptop_.Json({"list", "finding"}).size(), 2u);
}

TEST_F(ImportTest, TellsItsProgressOnTheSide) {
  const Printed printed = laptop_.Sotay(Command());
  EXPECT_THAT(printed.err, HasSubstr("3/3 dòng, 6 bản ghi"));
  EXPECT_EQ(printed.out, "Đã nhập 3 dòng thành 6 bản ghi.\n");
}

}  // namespace
}  // namespace sotay::tests
