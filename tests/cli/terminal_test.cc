#include "mobile-sdk/cli/terminal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mobile-sdk/cli/table.h"
#include "nlohmann/json.hpp"

namespace sotay::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kNfc[] = "Đặng Thị Đước";
constexpr char kNfd[] = "Đặng Thị Đước";

TEST(DisplayWidth, CountsVietnameseLettersNotBytes) {
  EXPECT_EQ(DisplayWidth("khang nghi"), 10u);
  EXPECT_EQ(DisplayWidth(kNfc), 13u);
}

TEST(DisplayWidth, IsTheSameForBothFormsOfOneText) {
  ASSERT_STRNE(kNfc, kNfd);
  EXPECT_EQ(DisplayWidth(kNfd), DisplayWidth(kNfc));
  EXPECT_EQ(DisplayWidth("e\u0302\u0323"), 1u);
}

TEST(DisplayWidth, CountsWideLettersAndEmojiTwice) {
  EXPECT_EQ(DisplayWidth("検察"), 4u);
  EXPECT_EQ(DisplayWidth("📷"), 2u);
  EXPECT_EQ(DisplayWidth("👨‍👩‍👧"), 2u);  // one family, three people joined
  EXPECT_EQ(DisplayWidth("👍🏽"), 2u);            // one thumb, one skin tone
  EXPECT_EQ(DisplayWidth("🇻🇳"), 2u);                  // one flag, two letters
  EXPECT_EQ(DisplayWidth("☎\uFE0F"), 2u);
}

TEST(DisplayWidth, SurvivesBytesThatAreNoText) {
  EXPECT_EQ(DisplayWidth("a\xFF\xC3"), 3u);
  EXPECT_EQ(DisplayWidth(""), 0u);
}

TEST(Escaping, KeepsATextFromMovingTheCursor) {
  EXPECT_EQ(OneLine("a\x1B[2Jb"), "a\\u{001B}[2Jb");
  EXPECT_EQ(OneLine("a\rb"), "a\\u{000D}b");
  EXPECT_EQ(OneLine("a\u009Bb"), "a\\u{009B}b");
  EXPECT_EQ(OneLine("a\x7F"), "a\\u{007F}");
}

TEST(Escaping, KeepsATextFromTurningItselfRound) {
  EXPECT_EQ(OneLine("\u202Exe.gnp"), "\\u{202E}xe.gnp");
  EXPECT_EQ(OneLine("\u2066x\u2069"), "\\u{2066}x\\u{2069}");
  EXPECT_EQ(OneLine("a\u200Bb"), "a\\u{200B}b");
}

TEST(Escaping, LeavesLettersOfEveryLanguageAlone) {
  EXPECT_EQ(OneLine(kNfc), kNfc);
  EXPECT_EQ(OneLine(kNfd), kNfd);
  EXPECT_EQ(OneLine("👨‍👩‍👧 検察"), "👨‍👩‍👧 検察");
}

TEST(Escaping, ShowsLineEndsOnOneLineAndKeepsThemInABlock) {
  EXPECT_EQ(OneLine("một\nhai"), "một⏎hai");
  EXPECT_EQ(Block("một\nhai"), "một\nhai");
  EXPECT_EQ(Block("một\x1B"), "một\\u{001B}");
}

TEST(Escaping, ShowsBytesThatAreNoText) { EXPECT_EQ(OneLine("a\xFFz"), "a\\x{FF}z"); }

TEST(SafeJson, IsTheSameDocumentWithNothingATerminalObeys) {
  const nlohmann::json document = {{"body", "a\u202Eb\u009B\n\U000E0041ộ\x7F…"}};
  const std::string safe = SafeJson(document.dump(2));
  EXPECT_THAT(safe, Not(HasSubstr("\u202E")));
  EXPECT_THAT(safe, Not(HasSubstr("\u009B")));
  EXPECT_THAT(safe, Not(HasSubstr("\x7F")));
  EXPECT_THAT(safe, HasSubstr("\\u202e"));
  EXPECT_THAT(safe, HasSubstr("ộ"));
  EXPECT_EQ(nlohmann::json::parse(safe), document);
}

TEST(Fit, CutsBetweenLettersAndSaysSo) {
  EXPECT_EQ(Fit("kháng nghị", 10), "kháng nghị");
  EXPECT_EQ(Fit("kháng nghị", 6), "kháng…");
  EXPECT_EQ(Fit("e\u0302\u0323e\u0302\u0323", 1), "…");
  EXPECT_EQ(Fit("検察官", 4), "検…");
}

TEST(Pad, FillsByColumns) {
  EXPECT_EQ(PadRight("Đước", 6), "Đước  ");
  EXPECT_EQ(PadLeft("12", 4), "  12");
  EXPECT_EQ(PadRight("quá dài", 3), "quá dài");
}

TEST(Wrap, BreaksAtSpacesAndInWordsThatAreTooLong) {
  EXPECT_THAT(Wrap("vết phanh xe tải", 9), ElementsAre("vết phanh", "xe tải"));
  EXPECT_THAT(Wrap("một\n\nhai", 20), ElementsAre("một", "", "hai"));
  EXPECT_THAT(Wrap("0123456789", 4), ElementsAre("0123", "4567", "89"));
  EXPECT_THAT(Wrap("vết phanh", 0), ElementsAre("vết phanh"));
}

TEST(Table, AlignsColumnsByWhatIsSeen) {
  Table table({{"mã"}, {"tên"}, {"số", true}});
  table.Add({"1", kNfc, "7"});
  table.Add({"22", kNfd, "123"});
  EXPECT_EQ(table.Print(0), std::string("mã  tên             số\n") + "1   " + kNfc + "    7\n" +
                                "22  " + kNfd + "  123\n");
}

TEST(Table, CutsOnlyColumnsThatAllowItOnANarrowTerminal) {
  Table table({{"mã"}, {"nội dung", false, 12}});
  table.Add({"7f3a91c2", "Có mặt tại Km 12+300 đường tỉnh 9X"});
  EXPECT_EQ(table.Print(30), "mã        nội dung\n7f3a91c2  Có mặt tại Km 12+30…\n");
  EXPECT_EQ(table.Print(5), "mã        nội dung\n7f3a91c2  Có mặt tại …\n");
}

TEST(Table, LeavesOutSpareColumnsWhereCuttingIsNotEnough) {
  Table table({{"mã"}, {"nội dung", false, 12}, {"đơn vị", false, 0, true}, {"số", true}});
  table.Add({"7f3a91c2", "Có mặt tại Km 12+300", "khu vực 3", "7"});
  EXPECT_EQ(table.Print(37),
            "mã        nội dung      đơn vị     số\n"
            "7f3a91c2  Có mặt tại …  khu vực 3   7\n");
  EXPECT_EQ(table.Print(36),
            "mã        nội dung              số\n"
            "7f3a91c2  Có mặt tại Km 12+300   7\n");
}

TEST(Table, EscapesWhatIsInItsCells) {
  Table table({{"mã"}});
  table.Add({"a\x1B"});
  EXPECT_EQ(table.Print(0), "mã\na\\u{001B}\n");
}

}  // namespace
}  // namespace sotay::cli
