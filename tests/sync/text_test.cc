#include "sync/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "sotay/v1/change.pb.h"
#include "sync/limits.h"
#include "sync/text_scan.h"
#include "tests/support/status_matchers.h"

namespace sotay::sync {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using tests::IsOk;
using tests::StatusIs;

// "ế" in one scalar and in three; an emoji of two UTF-16 units.
constexpr char kNfc[] = "\u1EBF";
constexpr char kNfd[] = "e\u0302\u0301";
constexpr char kEmoji[] = "\U0001F50D";

std::string Times(int count, absl::string_view what) {
  std::string text;
  for (int i = 0; i < count; ++i) text.append(what.data(), what.size());
  return text;
}

struct Splice {
  uint32_t position;
  uint32_t deleted;
  std::string inserted;
};

v1::TextEdit Edit(uint32_t length_before, const std::vector<Splice>& splices) {
  v1::TextEdit edit;
  edit.set_length_before(length_before);
  for (const Splice& splice : splices) {
    v1::TextSplice* out = edit.add_splices();
    out->set_position(splice.position);
    out->set_deleted(splice.deleted);
    out->set_inserted(splice.inserted);
  }
  return edit;
}

// --- one pass over a text ----------------------------------------------------------------------

bool Same(const Scan& a, const Scan& b) {
  return a.good == b.good && a.scalars == b.scalars && a.marks_within_limit == b.marks_within_limit;
}

TEST(TextScan, BlocksSayWhatScalarsSayOfEveryScalar) {
  // Beyond the second plane nothing differs any more.
  for (char32_t scalar = 0; scalar <= 0x10FFFF; scalar += scalar < 0x20000 ? 1 : 0x3FF) {
    if (scalar >= 0xD800 && scalar <= 0xDFFF) continue;
    std::string text = "a";
    for (int i = 0; i <= kMarksPerLetterMax; ++i) AppendScalar(scalar, &text);
    text += "z";
    ASSERT_TRUE(Same(ScanText(text), ScanEachScalar(text))) << static_cast<uint32_t>(scalar);
  }
}

TEST(TextScan, BlocksSayWhatScalarsSayOfEveryTwoBytesAndWhatFollows) {
  const std::string followers("\x00z\x7F\x80\x83\x8F\x90\x9F\xA0\xBA\xBF\xC0\xC2\xE1\xE2\xF0\xFF",
                              17);
  // Inside a block, and over the end of one.
  for (const size_t place : {size_t{5}, size_t{62}}) {
    std::string text(place + 5, 'a');
    for (int two = 0; two < 1 << 16; ++two) {
      text[place] = static_cast<char>(two >> 8);
      text[place + 1] = static_cast<char>(two);
      for (const char follower : followers) {
        text[place + 2] = follower;
        ASSERT_TRUE(Same(ScanText(text), ScanEachScalar(text))) << absl::CHexEscape(text);
      }
    }
  }
}

TEST(TextScan, BlocksSayWhatScalarsSayOfAnyLengthAndCut) {
  std::string text;
  while (text.size() < 300) text += "Biên bản: “đã kiểm tra” 4,5 → ₫ …";
  for (size_t length = 0; length <= text.size(); ++length) {
    const absl::string_view cut(text.data(), length);
    ASSERT_TRUE(Same(ScanText(cut), ScanEachScalar(cut))) << length;
  }
}

// --- strict UTF-8 ---------------------------------------------------------------------------

struct Utf8Case {
  const char* what;
  std::string bytes;
  size_t good;  // bytes before the first that is wrong
};

TEST(Utf8, AcceptsEveryScalarValueAtTheEdgesOfItsForms) {
  const std::string edges[] = {std::string(1, '\0'),
                               "\x7F",
                               "\u0080",
                               "\u07FF",
                               "\u0800",
                               "\uD7FF",
                               "\uE000",
                               "\uFFFD",
                               "\uFFFE",
                               "\uFFFF",
                               "\U00010000",
                               "\U0001FFFF",
                               "\U0010FFFF"};
  std::string all;
  for (const std::string& edge : edges) {
    EXPECT_EQ(ScalarCount(edge), 1u) << absl::BytesToHexString(edge);
    all += edge;
  }
  EXPECT_EQ(ScalarCount(all), std::size(edges));
  EXPECT_EQ(Utf8Prefix(all), all.size());
}

TEST(Utf8, RefusesWhatIsNotStrictAndSaysWhere) {
  const Utf8Case cases[] = {
      {"a lone tail", "ab\x80", 2},
      {"a tail after a letter", "\u1EBF\xBF", 3},
      {"overlong slash in two", "\xC0\xAF", 0},
      {"overlong DEL in two", "\xC1\xBF", 0},
      {"overlong in three", "\xE0\x9F\xBF", 0},
      {"overlong NUL in three", "a\xE0\x80\x80", 1},
      {"overlong in four", "\xF0\x8F\xBF\xBF", 0},
      {"high surrogate", "\xED\xA0\x80", 0},
      {"low surrogate", "x\xED\xBF\xBF", 1},
      {"a pair of surrogates (CESU-8)", "\xED\xA0\xBD\xED\xB4\x8D", 0},
      {"past the last plane", "\xF4\x90\x80\x80", 0},
      {"five bytes", "\xF8\x88\x80\x80\x80", 0},
      {"0xFE", "\xFE", 0},
      {"0xFF", "\xFF", 0},
      {"cut in two", "a\xC3", 1},
      {"cut in three", "ab\xE1\xBA", 2},
      {"cut in four", "\xF0\x9F\x94", 0},
      {"a lead where a tail belongs", "\xC3\xC3\xA9", 0},
      {"ASCII where a tail belongs", "\xE1\xBA\x61", 0},
  };
  for (const Utf8Case& c : cases) {
    EXPECT_EQ(ScalarCount(c.bytes), absl::nullopt) << c.what;
    EXPECT_EQ(Utf8Prefix(c.bytes), c.good) << c.what;
  }
}

TEST(Utf8, CountsVietnameseByScalarNotByLetter) {
  EXPECT_EQ(ScalarCount(kNfc), 1u);
  EXPECT_EQ(ScalarCount(kNfd), 3u);
  EXPECT_EQ(ScalarCount("Đặng Thị Đước"), 13u);
  EXPECT_EQ(ScalarCount(""), 0u);
}

// --- combining marks ------------------------------------------------------------------------

TEST(Marks, AllowsSixtyFourOnOneLetterAndNoMore) {
  EXPECT_TRUE(MarksWithinLimit("e" + Times(64, "\u0301")));
  EXPECT_FALSE(MarksWithinLimit("e" + Times(65, "\u0301")));
  EXPECT_FALSE(MarksWithinLimit("ten thousand: o" + Times(10'000, "\u0323")));
  EXPECT_FALSE(MarksWithinLimit(Times(65, "\u0301"))) << "marks on no letter at all";
}

TEST(Marks, CountsMarksOfEveryBlockTogether) {
  EXPECT_FALSE(MarksWithinLimit("e" + Times(33, "\u0301\u1DC4")));
  EXPECT_FALSE(MarksWithinLimit("e" + Times(33, "\u20D0\uFE20")));
}

TEST(Marks, StartsAnewWithEachLetter) {
  EXPECT_TRUE(MarksWithinLimit(Times(1000, kNfd)));
  EXPECT_TRUE(MarksWithinLimit(Times(2, "e" + Times(64, "\u0301"))));
}

// --- UTF-16 ---------------------------------------------------------------------------------

TEST(Utf16, CountsTwoUnitsForWhatIsOutsideTheFirstPlane) {
  const std::string text = absl::StrCat("a", kEmoji, kNfc);
  const size_t offsets[] = {0, 1, 3, 4};
  for (size_t position = 0; position < 4; ++position) {
    EXPECT_EQ(Utf16Offset(text, position), offsets[position]);
    EXPECT_EQ(ScalarPosition(text, offsets[position]), position);
  }
}

TEST(Utf16, RefusesAnOffsetInsideAPair) {
  EXPECT_EQ(ScalarPosition(kEmoji, 1), absl::nullopt);
  EXPECT_EQ(ScalarPosition(absl::StrCat("ab", kEmoji, kEmoji), 5), absl::nullopt);
  EXPECT_EQ(ScalarPosition(absl::StrCat("ab", kEmoji, kEmoji), 4), 3u);
}

TEST(Utf16, RefusesWhatIsPastTheEnd) {
  EXPECT_EQ(Utf16Offset("ab", 2), 2u);
  EXPECT_EQ(Utf16Offset("ab", 3), absl::nullopt);
  EXPECT_EQ(ScalarPosition("ab", 2), 2u);
  EXPECT_EQ(ScalarPosition("ab", 3), absl::nullopt);
  EXPECT_EQ(ScalarPosition("", 0), 0u);
  EXPECT_EQ(Utf16Offset("", 0), 0u);
  EXPECT_EQ(Utf16Offset("", SIZE_MAX), absl::nullopt);
  EXPECT_EQ(ScalarPosition("a", SIZE_MAX), absl::nullopt);
}

// --- edits ----------------------------------------------------------------------------------

TEST(ApplyTextEdit, SplicesAtBothEndsAndBetween) {
  const struct {
    const char* what;
    Splice splice;
    const char* after;
  } cases[] = {
      {"at the beginning", {0, 0, "Vết "}, "Vết phanh"},
      {"at the end", {5, 0, " dài"}, "phanh dài"},
      {"over the whole", {0, 5, ""}, ""},
      {"the first letter", {0, 1, "P"}, "Phanh"},
      {"the last letter", {4, 1, ""}, "phan"},
      {"between", {2, 1, "ả"}, "phảnh"},
      {"nothing", {3, 0, ""}, "phanh"},
  };
  for (const auto& c : cases) {
    SOTAY_ASSERT_OK_AND_ASSIGN(const std::string after,
                               ApplyTextEdit("phanh", Edit(5, {c.splice})));
    EXPECT_EQ(after, c.after) << c.what;
  }
}

TEST(ApplyTextEdit, CountsScalarValuesNotBytes) {
  SOTAY_ASSERT_OK_AND_ASSIGN(
      const std::string after,
      ApplyTextEdit(absl::StrCat(kEmoji, kNfc, "x"), Edit(3, {{1, 1, kEmoji}, {2, 0, kNfc}})));
  EXPECT_EQ(after, absl::StrCat(kEmoji, kEmoji, kNfc, "x"));
}

TEST(ApplyTextEdit, TakesEachSpliceInTheTextTheOnesBeforeHaveLeft) {
  SOTAY_ASSERT_OK_AND_ASSIGN(
      const std::string after,
      ApplyTextEdit("abc", Edit(3, {{0, 3, ""}, {0, 0, "xy"}, {2, 0, "z"}})));
  EXPECT_EQ(after, "xyz");
}

TEST(ApplyTextEdit, KeepsTheFormTheTextCameIn) {
  SOTAY_ASSERT_OK_AND_ASSIGN(const std::string after, ApplyTextEdit(kNfd, Edit(3, {{3, 0, kNfc}})));
  EXPECT_EQ(after, absl::StrCat(kNfd, kNfc)) << "NFD beside NFC: nothing is normalised here";
}

TEST(ApplyTextEdit, TakesWhatOthersTakeForCommands) {
  using std::string_literals::operator""s;
  const std::string hostile = "\r\n\x1B[2J%s%n${jndi:x}'; DROP--\0|/\u202E\u200B"s;
  SOTAY_ASSERT_OK_AND_ASSIGN(const std::string after,
                             ApplyTextEdit("", Edit(0, {{0, 0, hostile}})));
  EXPECT_EQ(after, hostile);
}

TEST(ApplyTextEdit, RefusesWhatDoesNotFit) {
  const uint32_t most = UINT32_MAX;
  const struct {
    const char* what;
    v1::TextEdit edit;
    const char* message;
  } cases[] = {
      {"another text", Edit(4, {}), "made on 4 characters, the version has 5"},
      {"a position past the end", Edit(5, {{6, 0, "x"}}), "splice 0: 6+0 is past the end, 5"},
      {"a length past the end", Edit(5, {{4, 2, ""}}), "splice 0: 4+2 is past the end, 5"},
      {"sums that overflow", Edit(5, {{5, most, ""}}), "is past the end, 5"},
      {"the greatest position", Edit(5, {{most, most, ""}}), "is past the end, 5"},
      {"past what the first has left", Edit(5, {{0, 5, ""}, {1, 0, "x"}}), "splice 1: 1+0"},
      {"half a letter", Edit(5, {{0, 0, "ab\xC3"}}), "byte 2 of the insertion is not UTF-8"},
      {"a surrogate", Edit(5, {{0, 0, "\xED\xA0\x80"}}), "byte 0 of the insertion"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(ApplyTextEdit("phanh", c.edit),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(c.message)))
        << c.what;
  }
}

TEST(ApplyTextEdit, NeverSaysWhatTheTextIs) {
  const absl::Status status =
      ApplyTextEdit("bị can khai", Edit(11, {{0, 0, "khai báo\xFF"}})).status();
  EXPECT_THAT(std::string(status.message()), AllOf(Not(HasSubstr("khai")), Not(HasSubstr("bị"))));
}

TEST(ApplyTextEdit, RefusesABaseThatIsNotText) {
  EXPECT_THAT(ApplyTextEdit("\xFF", Edit(1, {})),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("base is not UTF-8")));
}

TEST(ApplyTextEdit, HoldsToTheLimits) {
  const std::string longest(kTextBytesMax, 'x');
  EXPECT_THAT(ApplyTextEdit("", Edit(0, {{0, 0, longest}})), IsOk());
  EXPECT_THAT(
      ApplyTextEdit("", Edit(0, {{0, 0, longest + "x"}})),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("262145 bytes, limit 262144")));
  EXPECT_THAT(ApplyTextEdit("", Edit(0, {{0, 0, "e" + Times(65, "\u0301")}})),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("64 combining marks")));
  EXPECT_THAT(ApplyTextEdit("e" + Times(64, "\u0301"), Edit(65, {{65, 0, "\u0301"}})),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("64 combining marks")))
      << "marks of two edits meet on one letter";
  const std::vector<Splice> many(kSplicesMax + 1, Splice{0, 0, ""});
  EXPECT_THAT(ApplyTextEdit("", Edit(0, many)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("4097 splices, limit 4096")));
}

// The slow way, on one array of scalar values.
std::u32string Spliced(std::u32string text, const std::u32string& inserted, size_t position,
                       size_t deleted) {
  return text.replace(position, deleted, inserted);
}

std::string Utf8(const std::u32string& scalars) {
  std::string text;
  for (char32_t c : scalars) {
    if (c < 0x80) {
      text.push_back(static_cast<char>(c));
    } else if (c < 0x800) {
      text.push_back(static_cast<char>(0xC0 | c >> 6));
      text.push_back(static_cast<char>(0x80 | (c & 0x3F)));
    } else if (c < 0x10000) {
      text.push_back(static_cast<char>(0xE0 | c >> 12));
      text.push_back(static_cast<char>(0x80 | (c >> 6 & 0x3F)));
      text.push_back(static_cast<char>(0x80 | (c & 0x3F)));
    } else {
      text.push_back(static_cast<char>(0xF0 | c >> 18));
      text.push_back(static_cast<char>(0x80 | (c >> 12 & 0x3F)));
      text.push_back(static_cast<char>(0x80 | (c >> 6 & 0x3F)));
      text.push_back(static_cast<char>(0x80 | (c & 0x3F)));
    }
  }
  return text;
}

TEST(ApplyTextEdit, DoesManySplicesInALongTextAsTheSlowWayDoes) {
  const std::u32string letters = U"aé\u1EBF\U0001F50D đx";
  uint64_t state = 7;
  const auto below = [&](size_t count) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<size_t>(state >> 33) % count;
  };
  const auto words = [&](size_t length) {
    std::u32string some;
    for (size_t i = 0; i < length; ++i) some.push_back(letters[below(letters.size())]);
    return some;
  };
  for (const size_t length : {0, 1, 63, 64, 65, 1'000, 50'000}) {
    const std::u32string before = words(length);
    std::u32string expected = before;
    v1::TextEdit edit;
    edit.set_length_before(static_cast<uint32_t>(length));
    for (int i = 0; i < 1'000; ++i) {
      v1::TextSplice* splice = edit.add_splices();
      const size_t position = below(expected.size() + 1);
      const size_t deleted = below(std::min<size_t>(expected.size() - position, 200) + 1);
      const std::u32string inserted = words(below(150));
      splice->set_position(static_cast<uint32_t>(position));
      splice->set_deleted(static_cast<uint32_t>(deleted));
      splice->set_inserted(Utf8(inserted));
      expected = Spliced(expected, inserted, position, deleted);
    }
    SOTAY_ASSERT_OK_AND_ASSIGN(const std::string after, ApplyTextEdit(Utf8(before), edit));
    ASSERT_EQ(after, Utf8(expected)) << "a text of " << length;
  }
}

}  // namespace
}  // namespace sotay::sync
