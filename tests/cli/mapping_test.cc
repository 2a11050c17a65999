#include "mobile-sdk/cli/mapping.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "mobile-sdk/cli/row_plan.h"
#include "mobile-sdk/core/builtin_schema.h"
#include "tests/support/status_matchers.h"

namespace sotay::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using tests::StatusIs;

constexpr char kMapping[] = R"(format = 1
[table]
kind = "csv"
key = ["Số"]
absent = ["", "NA"]
[record.visit]
type = "inspection"
[record.visit.fields]
kind = { column = "Loại", values = { "Trại" = "custody_place", "Tòa" = "court_session", "—" = "" }, default = "other" }
place = { columns = ["Xã", "Ấp"], join = ", " }
started_ms = { column = "Ngày", format = "mm/dd/yyyy" }
paper_decision_no = { column = "Số", prefix = "QĐ-" }
"tallies[hồ sơ]" = { column = "Đếm" }
[record.fault]
type = "finding"
under = "visit"
under_field = "inspection_id"
[record.fault.each]
column = "Vi phạm"
split = " | "
pattern = '([0-9]+)\. (.+?)(?: - ([\s\S]*))?'
groups = ["số vi phạm", "tên", "lời"]
unmatched = "description"
[record.fault.fields]
violation_code = { column = "số vi phạm", prefix = "food." }
description = { columns = ["tên", "lời"], join = "\n" }
body_responsible = { column = "Xã" }
)";

absl::StatusOr<Mapping> Parse(const std::string& text) {
  return ParseMapping(text, *sdk::BuiltinSchema());
}

// The mapping with one passage put another way.
absl::StatusOr<Mapping> With(const char* from, const char* to) {
  const std::string text = absl::StrReplaceAll(kMapping, {{from, to}});
  EXPECT_NE(text, kMapping) << from;
  return Parse(text);
}

absl::StatusOr<RowPlan> Plan(const std::string& row, const std::string& mapping_text = kMapping) {
  static Mapping mapping;  // plans point into it
  mapping = *Parse(mapping_text);
  const auto table = CsvTable::Parse(absl::StrCat("Số,Loại,Xã,Ấp,Ngày,Đếm,Vi phạm\n", row, "\n"));
  EXPECT_TRUE(table.ok()) << table.status();
  EXPECT_TRUE(CheckColumns(mapping, *table).ok());
  return PlanRow(mapping, *table, table->rows().front());
}

std::string ValueOf(const PlannedRecord& record, const std::string& field) {
  std::string value = "(unwritten)";
  for (const sdk::Edit& edit : record.edits) {
    if (edit.field == field) value = edit.value;
  }
  return value;
}

TEST(Mapping, PutsTheRootFirstWhateverItsName) {
  const auto mapping = Parse(kMapping);
  ASSERT_TRUE(mapping.ok()) << mapping.status();
  ASSERT_EQ(mapping->records.size(), 2u);
  EXPECT_EQ(mapping->records[0].name, "visit");
  EXPECT_EQ(mapping->records[1].under, 0u);
}

TEST(Mapping, NamesLineAndPlaceOfWhatItDoesNotKnow) {
  EXPECT_THAT(With("prefix = \"QĐ-\"", "prefx = \"QĐ-\""),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("line 12"), HasSubstr("record.visit.fields"),
                             HasSubstr("no option prefx"))));
  EXPECT_THAT(With("place = {", "plaice = {"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("casework.v1.Inspection has no field plaice")));
  EXPECT_THAT(With("\"custody_place\"", "\"custody\""),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("\"custody\""), HasSubstr("custody_place"))));
  EXPECT_THAT(With("type = \"finding\"", "type = \"fault\""),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no record type fault")));
  EXPECT_THAT(With("[table]", "[tabel]"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(With("format = 1", "format = 2"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("format = 1")));
  EXPECT_THAT(With("\"csv\"", "\"xlsx\""),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("kind xlsx")));
  EXPECT_THAT(Parse("format = "),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("mapping, line 1")));
}

TEST(Mapping, RefusesFieldsThatSayTooLittleOrTooMuch) {
  EXPECT_THAT(With("{ column = \"Đếm\" }", "{ column = \"Đếm\", const = \"1\" }"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("exactly one of column")));
  EXPECT_THAT(With("\"tallies[hồ sơ]\"", "tallies"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("needs a key")));
  EXPECT_THAT(With(", join = \", \"", ""),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("columns need a join")));
  EXPECT_THAT(With(", format = \"mm/dd/yyyy\"", ""),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("needs format")));
  EXPECT_THAT(With("format = \"mm/dd/yyyy\"", "format = \"mm/dd/yyyy\", zone = \"7\""),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("write +07:00")));
  EXPECT_THAT(With("key = [\"Số\"]", "key = []"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("needs key")));
}

TEST(Mapping, ChecksPatternsAndTheirGroups) {
  EXPECT_THAT(With("(.+?)(?:", "(.+?(?:"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("pattern: ")));
  EXPECT_THAT(With(", \"lời\"]\nunm", "]\nunm"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("the pattern has 3 groups, groups names 2")));
}

TEST(Mapping, RefusesRecordsThatMakeNoTree) {
  EXPECT_THAT(With("under = \"visit\"", "under = \"trip\""),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("record.fault hangs under no record")));
  EXPECT_THAT(With("under = \"visit\"\n", ""),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is no root")));
  EXPECT_THAT(With("\"inspection_id\"", "\"violation_code\""),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("has no parent field")));
  const std::string second = absl::StrCat(kMapping,
                                          "[record.other]\ntype = \"case\"\n"
                                          "[record.other.fields]\ntitle = { const = \"x\" }\n");
  EXPECT_THAT(Parse(second), StatusIs(absl::StatusCode::kInvalidArgument,
                                      HasSubstr("record.other is a second root")));
  const std::string below = absl::StrCat(kMapping,
                                         "[record.word]\ntype = \"comment\"\nunder = \"fault\"\n"
                                         "[record.word.fields]\nbody = { const = \"x\" }\n");
  EXPECT_THAT(Parse(below), StatusIs(absl::StatusCode::kInvalidArgument,
                                     HasSubstr("of which one row makes several")));
}

TEST(Mapping, NamesTheColumnsATableLacks) {
  const auto mapping = Parse(kMapping);
  ASSERT_TRUE(mapping.ok());
  const auto table = CsvTable::Parse("Số,Loại,Ấp,Ngày,Đếm\n");
  ASSERT_TRUE(table.ok());
  EXPECT_THAT(CheckColumns(*mapping, *table),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("Vi phạm, Xã")));
}

TEST(RowPlan, MakesOneTreeOfARow) {
  const auto plan = Plan(
      "12,Trại,Tân Mây,Ấp 1,11/05/2026,14,"
      "\"10. Sổ sách - Thiếu giờ | 7. Chữ ký | lời không số\"");
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->key, "12");
  ASSERT_EQ(plan->records.size(), 4u);
  EXPECT_EQ(ValueOf(plan->records[0], "kind"), "custody_place");
  EXPECT_EQ(ValueOf(plan->records[0], "place"), "Tân Mây, Ấp 1");
  EXPECT_EQ(ValueOf(plan->records[0], "started_ms"), "1793811600000");
  EXPECT_EQ(ValueOf(plan->records[0], "paper_decision_no"), "QĐ-12");
  EXPECT_EQ(ValueOf(plan->records[1], "violation_code"), "food.10");
  EXPECT_EQ(ValueOf(plan->records[1], "description"), "Sổ sách\nThiếu giờ");
  EXPECT_EQ(plan->records[1].under_field, "inspection_id");
  EXPECT_EQ(ValueOf(plan->records[2], "description"), "Chữ ký");
  EXPECT_EQ(ValueOf(plan->records[3], "description"), "lời không số");
  EXPECT_EQ(ValueOf(plan->records[3], "violation_code"), "(unwritten)");
  EXPECT_EQ(ValueOf(plan->records[3], "body_responsible"), "Tân Mây");
}

TEST(RowPlan, WritesNothingForWhatIsAbsent) {
  const auto plan = Plan("12,—,NA,,, ,NA");
  ASSERT_TRUE(plan.ok()) << plan.status();
  ASSERT_EQ(plan->records.size(), 1u);
  EXPECT_EQ(ValueOf(plan->records[0], "kind"), "(unwritten)");
  EXPECT_EQ(ValueOf(plan->records[0], "place"), "(unwritten)");
  EXPECT_EQ(ValueOf(plan->records[0], "started_ms"), "(unwritten)");
  EXPECT_EQ(ValueOf(plan->records[0], "tallies"), "(unwritten)");
}

TEST(RowPlan, TakesTheDefaultForOtherWordsAndForNone) {
  EXPECT_EQ(ValueOf(Plan("1,Chợ,,,,,")->records[0], "kind"), "other");
  EXPECT_EQ(ValueOf(Plan("1,,,,,,")->records[0], "kind"), "other");
}

TEST(RowPlan, StopsAtWhatItCannotReadNamingTheLine) {
  EXPECT_THAT(Plan(",Trại,,,,,"), StatusIs(absl::StatusCode::kInvalidArgument,
                                           HasSubstr("line 2: key column Số is empty")));
  EXPECT_THAT(Plan("1,Trại,,,25/11/2026,,"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("line 2: field started_ms"), HasSubstr("no month 25"))));
  const std::string strict = absl::StrReplaceAll(
      kMapping, {{", default = \"other\"", ""}, {"unmatched = \"description\"\n", ""}});
  EXPECT_THAT(Plan("1,Chợ,,,,,", strict),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("\"Chợ\" has no value")));
  EXPECT_THAT(Plan("1,Tòa,,,,,lời không số", strict),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("does not match the pattern of record.fault")));
}

}  // namespace
}  // namespace sotay::cli
