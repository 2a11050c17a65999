#include "sync/text_diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sotay/v1/change.pb.h"
#include "sync/limits.h"
#include "sync/text.h"
#include "sync/text_words.h"
#include "tests/support/status_matchers.h"

namespace sotay::sync {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using tests::IsOk;

// "ế" in one scalar and in three; what stands for a conflict.
constexpr char kNfc[] = "\u1EBF";
constexpr char kNfd[] = "e\u0302\u0301";
constexpr char kSpan[] = "\uFFFC";

std::u32string Scalars(absl::string_view text) {
  std::u32string scalars;
  EXPECT_TRUE(DecodeUtf8(text, &scalars));
  return scalars;
}

std::string Utf8(const std::u32string& scalars) {
  std::string text;
  for (const char32_t scalar : scalars) AppendScalar(scalar, &text);
  return text;
}

// The splices as "[out|in]", in the text they are made on: "dài [4,2|4,5] m".
std::string Marked(absl::string_view before, const v1::TextEdit& edit) {
  const std::u32string scalars = Scalars(before);
  std::string marked;
  size_t at = 0;
  int64_t shift = 0;  // of positions, by the splices so far
  for (const v1::TextSplice& splice : edit.splices()) {
    const auto from = static_cast<size_t>(splice.position() - shift);
    absl::StrAppend(&marked, Utf8(scalars.substr(at, from - at)), "[",
                    Utf8(scalars.substr(from, splice.deleted())), "|", splice.inserted(), "]");
    at = from + splice.deleted();
    shift += static_cast<int64_t>(Scalars(splice.inserted()).size()) - splice.deleted();
  }
  return marked + Utf8(scalars.substr(at));
}

struct Case {
  std::string before;
  std::string after;
  std::string marked;
};

void Check(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    const v1::TextEdit edit = DiffText(c.before, c.after);
    EXPECT_EQ(edit.length_before(), *ScalarCount(c.before));
    EXPECT_EQ(Marked(c.before, edit), c.marked);
    SOTAY_ASSERT_OK_AND_ASSIGN(const std::string applied, ApplyTextEdit(c.before, edit));
    EXPECT_EQ(applied, c.after);
  }
}

TEST(DiffText, HasNoSpliceForEqualTexts) {
  EXPECT_EQ(DiffText("", "").splices_size(), 0);
  EXPECT_EQ(DiffText("Sổ tay", "Sổ tay").splices_size(), 0);
  EXPECT_EQ(DiffText("Sổ tay", "Sổ tay").length_before(), 6u);
}

TEST(DiffText, TakesWordsAndNumbersWhole) {
  Check({
      {"", "mới", "[|mới]"},
      {"cũ", "", "[cũ|]"},
      {"x", "y", "[x|y]"},
      {"aaa", "aaaa", "[aaa|aaaa]"},
      {"vết phanh 4,2 m", "vết phanh 4,5 m", "vết phanh [4,2|4,5] m"},
      {"lúc 8:30 ngày 12/3.", "lúc 9:15 ngày 13/3.", "lúc [8:30|9:15] ngày [12/3|13/3]."},
      {"dài 18 m, rộng", "dài 18 m², rộng", "dài 18 [m|m²], rộng"},
      {"4, 2", "4,2", "[4, 2|4,2]"},
      {"thôn Đước", "thôn Đưốc", "thôn [Đước|Đưốc]"},
      {"a\r\nb", "a\nb", "a[\r\n|\n]b"},
      // é and è share their first byte; ế and ễ their first two; emoji their first three; ă (C4 83)
      // and Ã (C3 83) their last.
      {"\u00E9", "\u00E8", "[\u00E9|\u00E8]"},
      {"a \u1EBF b", "a \u1EC5 b", "a [\u1EBF|\u1EC5] b"},
      {"\U0001F50D", "\U0001F50E", "[\U0001F50D|\U0001F50E]"},
      {"\u0103", "\u00C3", "[\u0103|\u00C3]"},
      {"\U0001F44D\U0001F3FB", "\U0001F44D\U0001F3FD",
       "[\U0001F44D\U0001F3FB|\U0001F44D\U0001F3FD]"},
  });
}

TEST(DiffText, TakesComposedAndDecomposedLettersForDifferentWords) {
  Check({
      {kNfd, kNfc, absl::StrCat("[", kNfd, "|", kNfc, "]")},
      {absl::StrCat("đã k", kNfd, "t luận"), absl::StrCat("đã k", kNfc, "t luận"),
       absl::StrCat("đã [k", kNfd, "t|k", kNfc, "t] luận")},
      {absl::StrCat("th", kNfd, " là"), "the là", absl::StrCat("[th", kNfd, "|the] là")},
  });
}

TEST(DiffText, LeavesTheWordsBetweenAlone) {
  Check({
      {"Anh Hai và chị Ba đi chợ.", "Anh Ba và chị Hai đi chợ.",
       "Anh [Hai|Ba] và chị [Ba|Hai] đi chợ."},
      {"Hai Ba Tư", "Ba Hai Tư", "[Hai |]Ba[| Hai] Tư"},
      {"Khám nghiệm lúc 8 giờ tại xã Tân Mây, có mặt ông Nguyễn Văn A và đại diện gia đình.",
       "Khám nghiệm lúc 9 giờ tại phường Tân Mây, có ông Nguyễn Văn A, đại diện gia đình.",
       "Khám nghiệm lúc [8|9] giờ tại [xã|phường] Tân Mây, có[ mặt|] ông Nguyễn Văn A[ và|,] đại "
       "diện gia đình."},
      {"Buồng số 3 có 14 người trên 18 m², thiếu sáng.",
       "Tại buồng số 3, ghi nhận 14 người trong 18 m², rất thiếu sáng.",
       "[Buồng|Tại buồng] số 3[ có|, ghi nhận] 14 người [trên|trong] 18 m²,[| rất] thiếu sáng."},
      {"(a)", "[a]", "[(|[]a[)|]]"},
  });
}

TEST(DiffText, PutsASentenceWhereASentenceStands) {
  Check({
      {"Câu một dài. Câu hai ngắn.", "Câu một dài. Câu mới. Câu hai ngắn.",
       "Câu một dài.[| Câu mới.] Câu hai ngắn."},
      {"Câu một. Câu hai.", "Câu đầu. Câu một. Câu hai.", "[|Câu đầu. ]Câu một. Câu hai."},
      {"Câu một. Câu hai.", "Câu một. Câu hai. Câu ba.", "Câu một. Câu hai.[| Câu ba.]"},
      {"Câu một. Câu hai. Câu ba.", "Câu một. Câu ba.", "Câu một.[ Câu hai.|] Câu ba."},
      {"Có. Có.", "Có. Có. Có.", "Có. Có.[| Có.]"},
      {"dòng một\ndòng hai\n", "dòng một\ndòng mới\ndòng hai\n",
       "dòng một[|\ndòng mới]\ndòng hai\n"},
      {"dòng một\ndòng hai", "dòng một\ndòng hai\ndòng ba", "dòng một\ndòng hai[|\ndòng ba]"},
      {"Đoạn một.\n\nĐoạn hai.", "Đoạn một.\n\nĐoạn mới.\n\nĐoạn hai.",
       "Đoạn một.[|\n\nĐoạn mới.]\n\nĐoạn hai."},
      {"Đoạn A một.\nĐoạn B hai.\nĐoạn C ba.\nHết.", "Đoạn B hai.\nĐoạn C ba.\nĐoạn A một.\nHết.",
       "[Đoạn A một.\n|]Đoạn B hai.\nĐoạn C ba.[|\nĐoạn A một.]\nHết."},
  });
}

TEST(DiffText, PutsAWordWithTheSpaceBeforeIt) {
  Check({
      {"gồm gạo, muối, mắm", "gồm gạo, cá, muối, mắm", "gồm gạo,[| cá,] muối, mắm"},
      {"gồm gạo, muối, mắm", "gồm gạo, mắm", "gồm gạo,[ muối,|] mắm"},
      {"ông A nói", "ông A có nói", "ông A[| có] nói"},
      {"một hai  ba", "một hai ba", "một hai[ |] ba"},
      {"một\nhai", "một hai", "một[\n| ]hai"},
  });
}

TEST(DiffText, MakesOneSpliceOfASentenceWrittenAnew) {
  Check({
      // One word, two words: each its own.  Three: one passage.
      {"ông Nguyễn Văn A ở", "ông Nguyễn Thị Bé ở", "ông Nguyễn [Văn|Thị] [A|Bé] ở"},
      {"ông Nguyễn Văn A ở", "ông Trần Thị Bé ở", "ông [Nguyễn Văn A|Trần Thị Bé] ở"},
      {"Một. Nó đã chạy về. Hai.", "Một. Bị can khai báo. Hai.",
       "Một. [Nó đã chạy về|Bị can khai báo]. Hai."},
      // A word alike by chance, in the midst of it.
      {"Ông nói rằng mình không biết việc của bà Sáu làm gì. Hết.",
       "Bị can khai đã lấy tiền của công ty trả nợ. Hết.",
       "[Ông nói rằng mình không biết việc của bà Sáu làm gì|"
       "Bị can khai đã lấy tiền của công ty trả nợ]. Hết."},
      // But one sentence is not the next, and a line is a line.
      {"Ông nói rằng không biết. Của bà Sáu làm gì.", "Bị can khai đã lấy. Của công ty trả nợ.",
       "[Ông nói rằng không biết|Bị can khai đã lấy]. Của [bà Sáu làm gì|công ty trả nợ]."},
      {"Ông nói rằng không biết. Của bà Sáu làm gì.", "Bị can khai đã lấy Của công ty trả nợ.",
       "[Ông nói rằng không biết.|Bị can khai đã lấy] Của [bà Sáu làm gì|công ty trả nợ]."},
      {"- gạo tẻ\n- muối i-ốt trắng", "- nếp cái hoa vàng\n- đường phèn loại tốt",
       "- [gạo tẻ|nếp cái hoa vàng]\n- [muối i-ốt trắng|đường phèn loại tốt]"},
  });
}

TEST(DiffText, MovesWordsAroundAConflict) {
  const auto with = [](absl::string_view text) {
    std::string out;
    for (const char c : text) absl::StrAppend(&out, c == '#' ? kSpan : std::string(1, c));
    return out;
  };
  std::vector<Case> cases = {
      {"# m", "4,5 m", "[#|4,5] m"},
      {"mot # hai ba", "hai ba mot #", "[|hai ba ]mot #[ hai ba|]"},
      {"mot # hai # ba", "mot hai # ba", "mot[ #|] hai # ba"},
      {"# a # b", "b a #", "[#|b] a #[ b|]"},
      {"a b c d # e f g h", "i k l m # n o p q", "[a b c d|i k l m] # [e f g h|n o p q]"},
      {"##", "#a#", "#[|a]#"},
  };
  for (Case& c : cases) c = {with(c.before), with(c.after), with(c.marked)};
  Check(cases);
}

// Where a unit begins, and at the end.
std::vector<bool> Begins(const std::u32string& text) {
  std::vector<bool> begins(text.size() + 1, true);
  const auto at = [&](size_t i) { return text[i]; };
  for (size_t i = 1; i < text.size(); ++i) begins[i] = !JoinedAt(at, text.size(), i);
  return begins;
}

// What holds of every difference of short texts.
void CheckLaws(const std::string& before, const std::string& after) {
  SCOPED_TRACE(absl::StrCat("“", before, "” → “", after, "”"));
  const v1::TextEdit edit = DiffText(before, after);
  ASSERT_EQ(edit.splices_size() == 0, before == after);
  const std::u32string from = Scalars(before);
  const std::u32string to = Scalars(after);
  const bool spans_enough = std::count(from.begin(), from.end(), kSpanScalar) >=
                            std::count(to.begin(), to.end(), kSpanScalar);
  const std::vector<bool> from_begins = Begins(from);
  const std::vector<bool> to_begins = Begins(to);
  std::u32string text = from;
  size_t kept_from = 0;  // past the last splice
  int64_t shift = 0;
  for (int i = 0; i < edit.splices_size(); ++i) {
    const v1::TextSplice& splice = edit.splices(i);
    const std::u32string inserted = Scalars(splice.inserted());
    const auto place = static_cast<size_t>(splice.position() - shift);
    ASSERT_TRUE(splice.deleted() > 0 || !inserted.empty());
    ASSERT_TRUE(i == 0 || place > kept_from) << "something stays between two splices";
    kept_from = place + splice.deleted();
    ASSERT_LE(kept_from, from.size());
    ASSERT_TRUE(from_begins[place] && from_begins[kept_from]) << "a unit is cut";
    ASSERT_TRUE(to_begins[splice.position()] && to_begins[splice.position() + inserted.size()])
        << "a part of a unit is put in";
    ASSERT_TRUE(!spans_enough || inserted.find(kSpanScalar) == std::u32string::npos);
    shift += static_cast<int64_t>(inserted.size()) - splice.deleted();
    text.replace(splice.position(), splice.deleted(), inserted);
  }
  ASSERT_EQ(text, to);
}

// Every pair of texts over letters whose bytes overlap in treacherous ways.
TEST(DiffText, CutsNoUnitOfAllShortTexts) {
  const std::string letters[] = {"a", "\u00E9", "\u1EBF", "\U0001F50D", "\u0301", " ", kSpan};
  std::vector<std::string> texts = {""};
  for (size_t from = 0, length = 0; length < 3; ++length) {
    for (const size_t until = texts.size(); from < until; ++from) {
      for (const std::string& letter : letters) texts.push_back(texts[from] + letter);
    }
  }
  ASSERT_EQ(texts.size(), 1u + 7 + 49 + 343);
  for (const std::string& before : texts) {
    for (const std::string& after : texts) {
      CheckLaws(before, after);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

struct Chance {
  uint64_t state;
  size_t Below(size_t count) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<size_t>(state >> 33) % count;
  }
};

TEST(DiffText, CutsNoUnitOfTextsAtRandom) {
  const std::vector<std::string> pieces = {
      "một", "hai", "ba",   "4",      "2",   ",",   ".", ". ",         " ",      " ", " ",
      " ",   "\n",  "\r\n", "\u0301", kSpan, "Câu", "/", "\U0001F1FB", "\u200D", "!", "x"};
  Chance chance = {3};
  for (int i = 0; i < 30'000; ++i) {
    const size_t kinds = 2 + chance.Below(pieces.size() - 1);
    std::vector<std::string> text;
    for (size_t length = chance.Below(30); text.size() < length;) {
      text.push_back(pieces[chance.Below(kinds)]);
    }
    std::vector<std::string> other = text;
    for (size_t edits = chance.Below(12); edits > 0; --edits) {
      const auto at = other.begin() + static_cast<std::ptrdiff_t>(chance.Below(other.size() + 1));
      if (at != other.end() && chance.Below(2) == 0) {
        other.erase(at);
      } else {
        other.insert(at, pieces[chance.Below(kinds)]);
      }
    }
    CheckLaws(absl::StrJoin(text, ""), absl::StrJoin(other, ""));
    if (testing::Test::HasFatalFailure()) return;
  }
}

// --- limits ---------------------------------------------------------------------------------

// `next` over and over, as much as a text holds.
template <typename Next>
std::string Full(const Next& next, size_t bytes = kTextBytesMax) {
  std::string text;
  for (size_t i = 0;; ++i) {
    const std::string piece = next(i);
    if (text.size() + piece.size() > bytes) return text;
    text += piece;
  }
}

TEST(DiffText, HoldsToTheLimitOfSplices) {
  const std::string before = Full([](size_t i) { return absl::StrCat("x", i, " "); });
  const std::string after =
      Full([](size_t i) { return absl::StrCat(i % 2 == 0 ? "x" : "y", i, " "); });
  const v1::TextEdit edit = DiffText(before, after);
  EXPECT_EQ(edit.splices_size(), kSplicesMax);
  SOTAY_ASSERT_OK_AND_ASSIGN(const std::string applied, ApplyTextEdit(before, edit));
  EXPECT_EQ(applied, after);
}

TEST(DiffText, NeverPassesTheLimitOfBytesOnTheWay) {
  const std::string much = Full([](size_t i) { return absl::StrCat("x", i, " "); }, 100'000);
  const std::string middle = Full([](size_t i) { return absl::StrCat("y", i, " "); }, 150'000);
  const v1::TextEdit edit = DiffText(middle + much, much + middle);
  ASSERT_EQ(edit.splices_size(), 2);
  EXPECT_GT(edit.splices(0).deleted(), 0u);
  SOTAY_ASSERT_OK_AND_ASSIGN(const std::string applied, ApplyTextEdit(middle + much, edit));
  EXPECT_EQ(applied, much + middle);
}

TEST(DiffText, CarriesNotTheWholeOfATokenThatIsNoWord) {
  const std::string part(kDiffWordBytesMax, 'x');
  const std::string letters = Full([](size_t) { return "\u1EBF"; }, 1'500);
  Check({
      {part + "x", part + "xy", absl::StrCat(part, "x[|y]")},
      {absl::StrCat("a ", part, "ab", part, " c"), absl::StrCat("b ", part, "dd", part, " c"),
       absl::StrCat("[a|b] ", part, "[ab|dd]", part, " c")},
      {absl::StrCat(letters, "\u1EC5", letters), absl::StrCat(letters, "\u1EC6", letters),
       absl::StrCat(letters, "[\u1EC5|\u1EC6]", letters)},
      // A word is a word.
      {part, part + "y", absl::StrCat("[", part, "|", part, "y]")},
  });
}

TEST(DiffText, MakesOfWhatIsNotTextAnEditThatIsRefused) {
  for (const char* before : {"", "Sổ tay"}) {
    EXPECT_THAT(ApplyTextEdit(before, DiffText(before, "Sổ tay\xFF")), Not(IsOk()));
  }
}

TEST(DiffText, IsRightAboutTextsMadeToBeDear) {
  Chance chance = {17};
  const auto repeated = [](const char* what) {
    return Full([what](size_t) { return std::string(what); });
  };
  const std::string words = Full([](size_t i) { return absl::StrCat(10'000 + i, " "); });
  std::vector<std::string> order;
  for (size_t i = 0; i < words.size(); i += 6) order.push_back(words.substr(i, 6));
  const std::string reversed = absl::StrJoin(order.rbegin(), order.rend(), "");
  for (size_t i = order.size() - 1; i > 0; --i) std::swap(order[i], order[chance.Below(i + 1)]);
  const auto at_random = [&](size_t) { return std::string{"ab"[chance.Below(2)], ' '}; };
  const struct {
    const char* what;
    std::string before;
    std::string after;
    int splices_most;
  } cases[] = {
      {"a letter against another", repeated("a"), repeated("b"), 1},
      {"a sign against another", repeated("-"), repeated("!"), 1},
      {"spaces and one less", repeated(" "), std::string(kTextBytesMax - 1, ' '), 1},
      {"lines against spaces", repeated("\n"), repeated(" "), 1},
      {"a word against another", repeated("a "), repeated("b "), 1},
      {"two words in turn", repeated("a b "), repeated("b a "), 2},
      {"two words against three", repeated("a b "), repeated("a a b "), kSplicesMax},
      {"lines of a word", repeated("a\n"), repeated("b\n"), kSplicesMax},
      {"words at random", Full(at_random), Full(at_random), kSplicesMax},
      {"all words in another order", words, absl::StrJoin(order, ""), kSplicesMax},
      {"all words reversed", words, reversed, 2},
  };
  for (const auto& c : cases) {
    const v1::TextEdit edit = DiffText(c.before, c.after);
    EXPECT_LE(edit.splices_size(), c.splices_most) << c.what;
    const auto applied = ApplyTextEdit(c.before, edit);
    ASSERT_THAT(applied, IsOk()) << c.what;
    EXPECT_TRUE(*applied == c.after) << c.what;
  }
}

}  // namespace
}  // namespace sotay::sync
