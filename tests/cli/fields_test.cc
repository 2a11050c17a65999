#include "mobile-sdk/cli/fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "mobile-sdk/core/builtin_schema.h"
#include "tests/support/status_matchers.h"

namespace sotay::cli {
namespace {

using ::testing::HasSubstr;
using Kind = sdk::Edit::Kind;
using Sign = FieldWord::Sign;
using tests::StatusIs;

constexpr char kId[] = "7f3a91c2000000000000000000000001";

ValueSources Sources() {
  ValueSources sources;
  sources.read_file = [](const std::string& path) -> absl::StatusOr<std::string> {
    if (path == "-") return std::string("từ đầu vào\n");
    if (path == "ghi.txt") return std::string("dòng một\ndòng hai\n");
    return absl::NotFoundError(path);
  };
  sources.find_record = [](const std::string& prefix) -> absl::StatusOr<sync::RecordId> {
    if (!absl::StartsWith(kId, prefix)) return absl::NotFoundError(prefix);
    return *sync::RecordId::From(absl::HexStringToBytes(kId));
  };
  sources.shown_text = [](const sync::FieldType&) { return std::string("đã có"); };
  sources.now_ms = 1'794'000'000'000;
  return sources;
}

absl::StatusOr<sdk::Edit> Asked(const char* type, const char* word, bool birth = false) {
  const auto parsed = ParseFieldWord(word);
  if (!parsed.ok()) return parsed.status();
  return ToEdit(*sdk::BuiltinSchema()->Find(type), *parsed, birth, Sources());
}

void ExpectEdit(const char* type, const char* word, Kind kind, const char* field, const char* key,
                const std::string& value, bool birth = false) {
  const auto edit = Asked(type, word, birth);
  ASSERT_TRUE(edit.ok()) << word << ": " << edit.status();
  EXPECT_EQ(edit->kind, kind) << word;
  EXPECT_EQ(edit->field, field);
  EXPECT_EQ(edit->key, key);
  EXPECT_EQ(edit->value, value);
}

TEST(ParseFieldWord, SplitsFieldKeySignAndValue) {
  const auto word = ParseFieldWord("tallies[hồ sơ]+=3");
  ASSERT_TRUE(word.ok());
  EXPECT_EQ(word->field, "tallies");
  EXPECT_EQ(word->key, "hồ sơ");
  EXPECT_EQ(word->sign, Sign::kPlus);
  EXPECT_EQ(word->value, "3");
}

TEST(ParseFieldWord, TakesAnythingAsValueAndBracketsInAKey) {
  EXPECT_EQ(ParseFieldWord("place=a=b+=c[d]")->value, "a=b+=c[d]");
  EXPECT_EQ(ParseFieldWord("place=")->value, "");
  EXPECT_EQ(ParseFieldWord("place=-5")->value, "-5");
  EXPECT_EQ(ParseFieldWord("place=-5")->sign, Sign::kIs);
  EXPECT_EQ(ParseFieldWord("m[a[1] b]=x")->key, "a[1] b");
  EXPECT_EQ(ParseFieldWord("m[k]-=x")->sign, Sign::kMinus);
}

TEST(ParseFieldWord, ShowsTheFormsWhenAWordIsNone) {
  for (const char* word :
       {"", "=x", "place", "place+x", "m[]=x", "m[k=x", "m[k]x=y", "địa=x", "a b=c", "place +=x"}) {
    EXPECT_THAT(ParseFieldWord(word),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("FIELD=VALUE")))
        << word;
  }
}

TEST(ToEdit, FollowsTheRuleOfTheField) {
  ExpectEdit("note", "kind=scene", Kind::kSet, "kind", "", "scene");
  ExpectEdit("note", "body=mới", Kind::kText, "body", "", "mới");
  ExpectEdit("note", "next_steps+=đo lại", Kind::kAdd, "next_steps", "", "đo lại");
  ExpectEdit("note", "next_steps-=đo lại", Kind::kRemove, "next_steps", "", "đo lại");
  ExpectEdit("inspection", "tallies[hồ sơ]+=14", Kind::kCount, "tallies", "hồ sơ", "14");
  ExpectEdit("inspection", "tallies[hồ sơ]-=14", Kind::kCount, "tallies", "hồ sơ", "-14");
  ExpectEdit("inspection", "scores+={\"points\":\"8,5\"}", Kind::kAppend, "scores", "",
             "{\"points\":\"8,5\"}");
  ExpectEdit("note", "kind=", Kind::kSet, "kind", "", "");
}

TEST(ToEdit, PutsAddedProseUnderTheTextThatIsThere) {
  ExpectEdit("note", "body+=thêm", Kind::kText, "body", "", "đã có\nthêm");
}

TEST(ToEdit, BeginsSetsLogsAndCountsWithEqualsOnlyAtBirth) {
  ExpectEdit("note", "next_steps=x", Kind::kAdd, "next_steps", "", "x", /*birth=*/true);
  ExpectEdit("inspection", "tallies[a]=5", Kind::kCount, "tallies", "a", "5", /*birth=*/true);
  EXPECT_THAT(Asked("note", "next_steps=x"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is a set; add with +=")));
  EXPECT_THAT(Asked("inspection", "tallies[a]=5"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is a count")));
  EXPECT_THAT(Asked("inspection", "scores={}"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is a log")));
  EXPECT_THAT(Asked("inspection", "scores-={}"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("nothing leaves it")));
  EXPECT_THAT(Asked("note", "kind+=scene"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("holds one value")));
}

TEST(ToEdit, ReadsFilesAndStandardInput) {
  ExpectEdit("note", "body=@ghi.txt", Kind::kText, "body", "", "dòng một\ndòng hai");
  ExpectEdit("note", "body=-", Kind::kText, "body", "", "từ đầu vào");
  ExpectEdit("note", "body=@-", Kind::kText, "body", "", "từ đầu vào");
  ExpectEdit("note", "body=@@tên", Kind::kText, "body", "", "@tên");
  ExpectEdit("inspection", "place=-", Kind::kSet, "place", "", "-");
  EXPECT_THAT(Asked("note", "body=@mất.txt"), StatusIs(absl::StatusCode::kNotFound));
}

TEST(ToEdit, ReadsTimesAsTheyAreWritten) {
  ExpectEdit("note", "occurred_ms=05/11/2026 07:15", Kind::kSet, "occurred_ms", "",
             "1793837700000");
  ExpectEdit("note", "occurred_ms=now", Kind::kSet, "occurred_ms", "", "1794000000000");
  EXPECT_THAT(Asked("note", "occurred_ms=11/25/2026"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("field occurred_ms: time \"11/25/2026\": there is no month 25")));
}

TEST(ToEdit, ReadsMeasurementsAsTheyAreSaid) {
  ExpectEdit("note", "measurements[vết phanh]=4,2 m", Kind::kSet, "measurements", "vết phanh",
             R"({"unit":"m","value":"4,2"})");
  ExpectEdit("note", "measurements[người]=23", Kind::kSet, "measurements", "người",
             R"({"unit":"","value":"23"})");
  ExpectEdit("note", R"(measurements[a]={"value":"1"})", Kind::kSet, "measurements", "a",
             R"({"value":"1"})");
}

TEST(ToEdit, FindsRecordsByTheirFirstDigits) {
  ExpectEdit("finding", "duplicate_of=7F3A", Kind::kSet, "duplicate_of", "", kId);
  EXPECT_THAT(Asked("finding", "duplicate_of=9b20"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Asked("finding", "duplicate_of=xyz!"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("hexadecimal")));
}

TEST(ToEdit, NamesTheFieldAndWhatItTakes) {
  EXPECT_THAT(Asked("note", "nội_dung=x"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Asked("note", "words=x"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("a note has no field words")));
  EXPECT_THAT(Asked("note", "measurements=4"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("measurements[KEY]=VALUE")));
  EXPECT_THAT(Asked("note", "kind[a]=scene"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("has no keys")));
  EXPECT_THAT(Asked("inspection", "tallies[a]+=nhiều"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("whole numbers")));
}

}  // namespace
}  // namespace sotay::cli
