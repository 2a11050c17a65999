#include "mobile-sdk/cli/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace sotay::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using tests::StatusIs;
using Rows = std::vector<std::vector<std::string>>;

Rows All(absl::string_view text) {
  CsvReader reader(text);
  Rows rows;
  while (true) {
    auto row = reader.Next();
    EXPECT_TRUE(row.ok()) << row.status();
    if (!row.ok() || !row->has_value()) return rows;
    rows.push_back((*row)->cells);
  }
}

absl::Status Failure(absl::string_view text) {
  CsvReader reader(text);
  while (true) {
    auto row = reader.Next();
    if (!row.ok()) return row.status();
    if (!row->has_value()) return absl::OkStatus();
  }
}

TEST(CsvReader, ReadsPlainAndQuotedCells) {
  EXPECT_EQ(All("a,b,c\n1,\"hai, ba\",\n"), (Rows{{"a", "b", "c"}, {"1", "hai, ba", ""}}));
  EXPECT_EQ(All("\"nói \"\"không\"\"\",x"), (Rows{{"nói \"không\"", "x"}}));
  EXPECT_EQ(All("\"\",\"\"\n"), (Rows{{"", ""}}));
  EXPECT_EQ(All("\"\"\"\"\n"), (Rows{{"\""}}));
  EXPECT_EQ(All(" a , b \n"), (Rows{{" a ", " b "}}));
}

TEST(CsvReader, TakesBothLineEndsAndALastLineWithout) {
  EXPECT_EQ(All("a,b\r\n1,2\r\n3,4"), (Rows{{"a", "b"}, {"1", "2"}, {"3", "4"}}));
  EXPECT_EQ(All("a\nb\r\nc"), (Rows{{"a"}, {"b"}, {"c"}}));
}

TEST(CsvReader, KeepsLineEndsInsideQuotes) {
  EXPECT_EQ(All("\"một\r\nhai\",x\r\ny,z\r\n"), (Rows{{"một\r\nhai", "x"}, {"y", "z"}}));
}

TEST(CsvReader, SkipsAByteOrderMarkAndEmptyLines) {
  EXPECT_EQ(All("\xEF\xBB\xBF"
                "a,b\n\n\n1,2\n\n"),
            (Rows{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(All(""), Rows{});
  EXPECT_EQ(All("\xEF\xBB\xBF\n"), Rows{});
}

TEST(CsvReader, CountsLinesOfTheFileNotRows) {
  CsvReader reader("a\n\"1\n2\n3\"\n\nb\n");
  EXPECT_EQ((*reader.Next())->line, 1u);
  EXPECT_EQ((*reader.Next())->line, 2u);
  EXPECT_EQ((*reader.Next())->line, 6u);
}

TEST(CsvReader, NamesTheLineOfWhatItWillNotGuess) {
  EXPECT_THAT(Failure("a\n\nb,\"c\nd\n"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("line 3: a quoted cell begins here and never ends")));
  EXPECT_THAT(Failure("a\n\"b\"c\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("line 2: something stands")));
  EXPECT_THAT(Failure("a\nb\"c\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("line 2: a quote stands")));
  EXPECT_THAT(Failure("a\rb\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("line 1: a carriage return")));
  EXPECT_THAT(Failure("a\n\xE0\x80\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("line 2: is not UTF-8")));
  EXPECT_THAT(Failure(absl::string_view("a\0b\n", 4)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("NUL")));
  EXPECT_THAT(Failure(absl::string_view("\"a\0b\"\n", 6)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("NUL")));
}

TEST(CsvReader, HasNothingMoreAfterAFailure) {
  CsvReader reader("a\"\nb\n");
  EXPECT_FALSE(reader.Next().ok());
  const auto next = reader.Next();
  ASSERT_TRUE(next.ok());
  EXPECT_FALSE(next->has_value());
}

TEST(CsvTable, FindsColumnsByName) {
  const auto table = CsvTable::Parse("ID,Địa điểm\n1,Km 12\n");
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_THAT(table->header(), ElementsAre("ID", "Địa điểm"));
  EXPECT_EQ(table->Column("Địa điểm"), absl::optional<size_t>(1));
  EXPECT_EQ(table->Column("id"), absl::nullopt);
  ASSERT_EQ(table->rows().size(), 1u);
}

TEST(CsvTable, RefusesRaggedRowsNamingTheLine) {
  EXPECT_THAT(CsvTable::Parse("a,b\n1,2\n\"x\ny\",2\n3\n"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("line 5: has 1 cells, the header has 2")));
  EXPECT_THAT(CsvTable::Parse("a,b\n1,2,3\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("line 2: has 3 cells")));
}

TEST(CsvTable, RefusesAHeaderOneCannotNameColumnsBy) {
  EXPECT_THAT(CsvTable::Parse(""),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("empty")));
  EXPECT_THAT(CsvTable::Parse("a,b,a\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("column a twice")));
  EXPECT_THAT(CsvTable::Parse("a,,b\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("without a name")));
}

}  // namespace
}  // namespace sotay::cli
