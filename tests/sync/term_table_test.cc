// The table of terms: what it reads, what it refuses and how it says so; and days.
#include "sync/term_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace sotay::sync {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The table that is compiled in.
std::string ShippedText() {
  std::ifstream file(SOTAY_TERMS);
  return std::string((std::istreambuf_iterator<char>(file)), {});
}

std::string FlawOf(const std::string& lines) {
  const auto table = TermTable::Parse(absl::StrCat("version t\n", lines), "t.rules");
  return table.ok() ? "" : std::string(table.status().message());
}

TEST(TermTable, TheShippedOneIsWhole) {
  const auto table = TermTable::Parse(ShippedText(), "deadlines.rules");
  ASSERT_TRUE(table.ok()) << table.status();
  for (const char* id :
       {"report.notify_vks", "report.assign_ksv", "report.resolve", "custody.hold_approval",
        "custody.temporary", "custody.detention.very_serious", "prosecute.decide.less_serious",
        "facility.reply", "protest.judgment.same_level", "protest.decision.next_level",
        "consultation.reply.lower"}) {
    const bool there = absl::string_view(id) != "facility.reply";  // three terms of its own
    EXPECT_EQ((*table)->Find(id, 20261103) != nullptr, there) << id;
  }
  const Term& report = *(*table)->Find("report.resolve", 20261103);
  EXPECT_EQ(report.length, (Length{20, 'd'}));
  EXPECT_THAT(report.extensions, ElementsAre(Length{2, 'm'}, Length{2, 'm'}));
  EXPECT_TRUE(report.moves);
  EXPECT_FALSE(report.custody);
  EXPECT_TRUE((*table)->Find("custody.temporary", 20261103)->custody);
  EXPECT_EQ((*table)->Find("report.resolve", 20171231), nullptr) << "before the law held";
  EXPECT_THAT((*table)->WordsOf("report.resolve", 0)->vi, HasSubstr("nguồn tin"));
  EXPECT_THAT((*table)->WordsOf("report.resolve", 0)->source, HasSubstr("147"));
  EXPECT_TRUE((*table)->days_off().IsOff(20260217));
  EXPECT_FALSE((*table)->days_off().Knows(20270101));
}

TEST(TermTable, ATermHasVersionsByTheDayItBegins) {
  const auto table = TermTable::Parse(
      "version t\nterm a - 2026-06-30 20d moves\nterm a 2026-07-01 - 30d stays\n"
      "label a Một / One\nsource a Đ1\n",
      "t.rules");
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ((*table)->Find("a", 20260630)->length.count, 20);
  EXPECT_EQ((*table)->Find("a", 20260701)->length.count, 30);
  EXPECT_EQ((*table)->Find("b", 20260701), nullptr);
}

TEST(TermTable, AVersionHasItsOwnWordsOrThoseOfTheOneAbove) {
  const auto table = TermTable::Parse(
      "\xEF\xBB\xBFversion t\nterm a - 2026-06-30 20d moves\nlabel a Một / One\nsource a Đ1\n"
      "term a 2026-07-01 - 30d stays custody\nsource a Đ2\n",
      "t.rules");
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ((*table)->WordsOf("a", 20260630)->source, "Đ1");
  EXPECT_EQ((*table)->WordsOf("a", 20260701)->source, "Đ2");
  EXPECT_EQ((*table)->WordsOf("a", 20260701)->en, "One");
  EXPECT_EQ((*table)->WordsOf("a", 0)->source, "Đ2") << "the newest";
  EXPECT_EQ((*table)->WordsOf("b", 0), nullptr);
  EXPECT_TRUE((*table)->IsCustody("a"));
  EXPECT_FALSE((*table)->IsCustody("b"));
}

TEST(TermTable, SaysWhereAndWhatIsAllowed) {
  const std::string named = "label a Một / One\nsource a Đ1\n";
  EXPECT_EQ(FlawOf("term a - - 20d moves\n" + named), "");
  EXPECT_EQ(FlawOf("term a - - 20x moves\n"),
            "t.rules:2: no length: 20x; expected a number with h (hours), d (days), w (working "
            "days) or m (months), as 20d");
  EXPECT_THAT(FlawOf("\n\nterm a 2026-02-30 - 20d moves\n"),
              HasSubstr("t.rules:4: no day: 2026-02-30"));
  EXPECT_THAT(FlawOf("term a - - 20d jumps\n"), HasSubstr("expected moves or stays"));
  EXPECT_THAT(FlawOf("term a - - 20d moves forever\n"), HasSubstr("there are extend=LENGTH"));
  EXPECT_THAT(FlawOf("term A - - 20d moves\n"), HasSubstr("no id of a term: A"));
  EXPECT_THAT(FlawOf("term a - - 20d\n"), HasSubstr("expected term ID FROM TO LENGTH"));
  EXPECT_THAT(FlawOf("term a - - 20d moves\nterm a 2026-01-01 - 1d moves\n"),
              HasSubstr("t.rules:3: term a is there already"));
  EXPECT_THAT(FlawOf("term a - - 20d moves\n"), HasSubstr("term a has no label"));
  EXPECT_THAT(FlawOf("term a - - 20d moves\n" + named + "label a Hai / Two\n"),
              HasSubstr("t.rules:5: term a has a label already"));
  EXPECT_THAT(FlawOf("term a - - 20d moves\n" + named + "source a Đ2\n"),
              HasSubstr("t.rules:5: term a has a source already"));
  EXPECT_THAT(FlawOf("label b Một / One\n"), HasSubstr("the id of a term above"));
  EXPECT_THAT(FlawOf("term a - - 20d moves\nlabel a Một\n"),
              HasSubstr("expected label ID TÊN / NAME"));
  EXPECT_THAT(FlawOf("holiday 2026-01-01\n"), HasSubstr("a line begins with version, term"));
  EXPECT_THAT(FlawOf("day-off 1/1/2026 Tết\n"), HasSubstr("expected YYYY-MM-DD"));
  EXPECT_THAT(FlawOf("year MMXXVI\n"), HasSubstr("expected year YYYY"));
  EXPECT_THAT(TermTable::Parse("", "t.rules").status().message(), HasSubstr("no line version"));
  EXPECT_THAT(FlawOf("label \xff"), HasSubstr("is not UTF-8"));
}

TEST(TermTable, ReadsLengthsAndTimes) {
  EXPECT_EQ(*ReadLength("12h"), (Length{12, 'h'}));
  for (const char* none : {"", "d", "0d", "-1d", "10000d", "1000w", "241m", "2y", "2 d", "+2d"}) {
    EXPECT_FALSE(ReadLength(none).has_value()) << none;
  }
  EXPECT_EQ(*ReadTime("09:30"), 570);
  EXPECT_EQ(*ReadTime("24:00"), kMinutesOfDay);
  for (const char* none : {"", "9:30", "09:60", "24:01", "25:00", "0930", "-1:30", "09:+3"}) {
    EXPECT_FALSE(ReadTime(none).has_value()) << none;
  }
}

TEST(Calendar, AddsDaysMonthsAndMinutes) {
  EXPECT_EQ(AddDays(20261231, 1), 20270101);
  EXPECT_EQ(AddDays(20280228, 1), 20280229);
  EXPECT_EQ(AddMonths(20261130, 3), 20270228) << "that month has no 30th";
  EXPECT_EQ(AddMonths(20270131, 1), 20270228);
  EXPECT_EQ(AddMonths(20261123, 2), 20270123);
  EXPECT_EQ(AddDays(29991231, 1), 29991231) << "there it ends";
  EXPECT_EQ(DaysFrom(20261103, 20261123), 20);
  EXPECT_EQ(AddMinutes({20261107, 1380}, 120), (Moment{20261108, 60}));
  EXPECT_EQ(AddMinutes({20261108, 0}, -1), (Moment{20261107, 1439}));
  EXPECT_EQ(MinutesFrom({20261107, 1380}, {20261108, 60}), 120);
  // 08/11/2026 09:30 at UTC+07:00.
  EXPECT_EQ(MsOf({20261108, 570}), 1'794'105'000'000);
  EXPECT_EQ(MsOf({20261107, kMinutesOfDay}), MsOf({20261108, 0}));
}

TEST(Calendar, KnowsDaysOff) {
  DaysOff days;
  days.AddDayOff(20261130);   // a Monday
  days.AddWorkDay(20261205);  // a Saturday
  days.AddYear(2026);
  days.AddUnsure(20261212);  // a Saturday
  EXPECT_FALSE(days.Knows(20261212));
  EXPECT_EQ(days.NextWorkDay(20261212), 20261212) << "rather too early";
  EXPECT_TRUE(days.KnowsAll(20261205, 20261211));
  EXPECT_TRUE(days.KnowsAll(20261212, 20261231)) << "the first does not count";
  EXPECT_FALSE(days.KnowsAll(20261211, 20261212));
  EXPECT_FALSE(days.KnowsAll(20261220, 20270103)) << "nobody knows that year";
  EXPECT_EQ(days.NextWorkDay(20261128), 20261201);
  EXPECT_EQ(days.NextWorkDay(20261205), 20261205);
  EXPECT_EQ(days.AddWorkDays(20261127, 3), 20261203) << "from a Friday over the Monday off";
  EXPECT_EQ(days.AddWorkDays(20261203, 2), 20261205);
}

}  // namespace
}  // namespace sotay::sync
