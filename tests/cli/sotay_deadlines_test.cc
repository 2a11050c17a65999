// `sotay deadlines`: what is entered, how near each end is, and what there is to know of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "absl/strings/str_cat.h"
#include "tests/cli/laptop.h"

namespace sotay::tests {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr int64_t kDayMs = int64_t{24} * 60 * 60 * 1000;

class DeadlinesTest : public ::testing::Test {
 protected:
  DeadlinesTest()
      : dam_(&precinct_, "uu-dam", "Nguyễn Ưu Đàm"),
        que_(&precinct_, "nguyet-que", "Võ Nguyệt Quế") {
    dam_.Exchange();
    que_.Exchange();
    case_ = dam_.Json({"new", "case", "kind=crime_report", "title=Tin báo", "temp_no=TẠM-7f3a-2",
                       "--not-secret"})["id"];
    Meet();
  }
  void Meet() {
    for (Laptop* laptop : {&dam_, &que_, &dam_}) laptop->Exchange();
  }
  std::string Start(const std::string& term, std::vector<std::string> words) {
    words.insert(words.begin(), {"deadlines", "start", case_, term});
    return dam_.Json(words)["id"];
  }
  // Of the first deadline there is.
  json First(Laptop* laptop) { return laptop->Json({"deadlines"})["deadlines"][0]; }

  std::string Entry(size_t number) { return First(&dam_)["events"][number]["entry"]; }

  Precinct precinct_;
  Laptop dam_;
  Laptop que_;
  std::string case_;
};

TEST_F(DeadlinesTest, SaysHowNearAnEndIs) {
  Start("report.resolve", {"--date", "3/11/2026", "--document", "37/TB", "--subject", "L.T.B."});
  EXPECT_EQ(First(&dam_)["due_date"], 20261123);
  EXPECT_EQ(First(&dam_)["near"], "");
  EXPECT_EQ(First(&dam_)["case_no"], "TẠM-7f3a-2");
  const std::string words = dam_.Sotay({"deadlines"}).out;
  EXPECT_THAT(words, AllOf(HasSubstr("23/11/2026 24:00"), HasSubstr("18 ngày"), HasSubstr("37/TB"),
                           HasSubstr("L.T.B."), HasSubstr("tự tính"), HasSubstr("Nguyễn Ưu Đàm"),
                           HasSubstr("Bảng thời hạn 2026.1 (compiled in)")));
  dam_.clock_ms = kMorning + 14 * kDayMs;  // 19/11
  EXPECT_EQ(First(&dam_)["near"], "amber");
  dam_.clock_ms = kMorning + 18 * kDayMs;  // 23/11
  EXPECT_EQ(First(&dam_)["near"], "red");
  EXPECT_THAT(dam_.Sotay({"deadlines"}).out, HasSubstr("!!"));
  dam_.clock_ms = kMorning + 19 * kDayMs;
  EXPECT_EQ(First(&dam_)["near"], "overdue");
  EXPECT_THAT(dam_.Sotay({"deadlines"}).out, HasSubstr("QUÁ HẠN 7 giờ"));
}

TEST_F(DeadlinesTest, WarnsFromAsManyDaysOnAsItSays) {
  const std::string id = Start("report.resolve", {"--date", "3/11/2026", "--warn", "10"});
  dam_.clock_ms = kMorning + 9 * kDayMs;  // 14/11
  EXPECT_EQ(First(&dam_)["near"], "amber");
  dam_.Json({"edit", id, "warn_days=2"});
  EXPECT_EQ(First(&dam_)["near"], "");
}

TEST_F(DeadlinesTest, WhoIsHeldComesFirst) {
  const std::string report = Start("report.notify_vks", {"--date", "3/11/2026"});
  const std::string custody =
      Start("custody.temporary", {"--date", "5/11/2026 9:30", "--until", "8/11/2026 9:30"});
  const json list = dam_.Json({"deadlines"})["deadlines"];
  ASSERT_THAT(list, SizeIs(2));
  EXPECT_EQ(list[0]["id"], custody);
  EXPECT_EQ(list[0]["due_date"], 20261108);
  EXPECT_EQ(list[0]["due_time"], "09:30");
  EXPECT_EQ(list[0]["by_order"], true);
  EXPECT_EQ(list[1]["id"], report);
  EXPECT_EQ(list[1]["due_date"], 20261106);
}

TEST_F(DeadlinesTest, WhatContradictsIsShownWithBothEntries) {
  const std::string id = Start("report.resolve", {"--date", "3/11/2026"});
  Meet();
  dam_.Json({"deadlines", "add", id, "extend", "--date", "18/11/2026", "--document", "12/QĐ",
             "--length", "10d"});
  que_.Json({"deadlines", "add", id, "suspend", "--date", "19/11/2026", "--document", "13/QĐ"});
  Meet();
  const std::string words = que_.Sotay({"show", id}).out;
  EXPECT_THAT(words, AllOf(HasSubstr("Hết hạn: 23/11/2026 24:00"), HasSubstr("] Gia hạn, 12/QĐ"),
                           HasSubstr("] Tạm đình chỉ, 13/QĐ"),
                           HasSubstr("XEM LẠI: người ghi mục 2 và mục 3 không biết nhau"),
                           HasSubstr("BLTTHS Đ147")));
  EXPECT_THAT(words, HasSubstr("• 03/12/2026 24:00, tính theo bảng"));
  EXPECT_THAT(dam_.Sotay({"deadlines"}).out, HasSubstr("XEM LẠI"));
  EXPECT_EQ(que_.Json({"show", id})["deadline"]["contradictions"], json::parse("[[2,3]]"));
  EXPECT_EQ(que_.Json({"deadlines", "add", id, "review"})["to_review"], false);
}

TEST_F(DeadlinesTest, AWrongEntryIsCorrectedOrStruckOut) {
  const std::string id = Start("report.resolve", {"--date", "13/11/2026"});
  const json right =
      dam_.Json({"deadlines", "add", id, "start", "--corrects", Entry(0), "--date", "3/11/2026"});
  EXPECT_EQ(right["due_date"], 20261123);
  EXPECT_THAT(right["doubts"], IsEmpty());
  const std::string entry =
      dam_.Json({"deadlines", "add", id, "complete", "--date", "4/11/2026"})["events"][2]["entry"];
  EXPECT_THAT(dam_.Json({"deadlines"})["deadlines"], IsEmpty());
  EXPECT_THAT(dam_.Json({"deadlines", "--all"})["deadlines"], SizeIs(1));
  dam_.Json({"deadlines", "add", id, "strike", "--corrects", entry, "--remark", "ghi nhầm hồ sơ"});
  EXPECT_EQ(First(&dam_)["state"], "running");
}

TEST_F(DeadlinesTest, SaysWhatItTakes) {
  const std::string id = Start("report.resolve", {"--date", "3/11/2026"});
  const auto fails = [this](const std::vector<std::string>& words, int code, const char* why) {
    const Printed printed = dam_.Sotay(words);
    EXPECT_EQ(printed.code, code) << printed.out;
    EXPECT_THAT(printed.err, HasSubstr(why));
  };
  fails({"deadlines", "start", case_, "no.such", "--date", "3/11/2026"}, 3,
        "it has report.notify_vks");
  fails({"deadlines", "add", id, "extend"}, 2, "--date");
  fails({"deadlines", "add", id, "extend", "--date", "31/2/2026"}, 2, "31/2/2026");
  fails({"deadlines", "add", id, "extend", "--date", "3/11/2026", "--length", "ten"}, 2, "as 20d");
  fails({"deadlines", "add", id, "strike"}, 2, "--corrects");
  fails({"deadlines", "add", id, "strike", "--corrects", "7777"}, 3, "begins with 7777");
  fails({"deadlines", "add", id, "strike", "--corrects", "1"}, 3, "begins with 1");
  fails({"deadlines", "add", case_, "review"}, 4, "no deadline");
  EXPECT_THAT(First(&dam_)["events"], SizeIs(1));
}

TEST_F(DeadlinesTest, NoClockHasAWordInADay) {
  const std::string id = Start("report.resolve", {"--date", "03112026"});
  for (const char* option : {"--date", "--until"}) {
    for (const char* clock : {"now", "1793837700000"}) {
      std::vector<std::string> words = {"deadlines", "add", id, "extend", option, clock};
      if (std::string(option) != "--date") words.insert(words.end(), {"--date", "18/11/2026"});
      const Printed printed = dam_.Sotay(words);
      EXPECT_EQ(printed.code, 2) << clock;
      EXPECT_THAT(printed.err, HasSubstr(absl::StrCat(option, " ", clock, ": expected the day")));
    }
  }
  EXPECT_THAT(First(&dam_)["events"], SizeIs(1));
}

// A laptop whose clock is ten days ahead.
TEST_F(DeadlinesTest, HowMuchIsLeftIsByTheServersClockEverywhere) {
  dam_.clock_ms += 10 * kDayMs;
  dam_.Exchange();
  const std::string id = Start("report.resolve", {"--date", "3/11/2026"});
  const json listed = First(&dam_);
  EXPECT_EQ(listed["clock"], "server");
  EXPECT_EQ(dam_.Json({"show", id})["deadline"]["left_ms"], listed["left_ms"]);
  EXPECT_EQ(listed["near"], "") << "18 days";
  EXPECT_EQ(dam_.Json({"show", id})["deadline"]["case_no"], listed["case_no"]);
  EXPECT_THAT(dam_.Sotay({"show", id}).out, Not(HasSubstr("theo đồng hồ của máy này")));
}

TEST_F(DeadlinesTest, ShowsWhatStandsInWhichPlaceAndWhatCountsNoMore) {
  const std::string id = Start("report.resolve", {"--date", "3/11/2026"});
  const std::string wrong =
      dam_.Json({"deadlines", "add", id, "extend", "--date", "18/11/2026 8:15", "--length", "2m",
                 "--until", "23/1/2027 17:00"})["events"][1]["entry"];
  dam_.Json({"deadlines", "add", id, "extend", "--date", "18/11/2026", "--length", "1m",
             "--corrects", wrong});
  const json events = dam_.Json({"show", id})["deadline"]["events"];
  EXPECT_EQ(events[1]["counts"], false);
  EXPECT_EQ(events[1]["length"], "2m");
  EXPECT_EQ(events[1]["effective_time"], "08:15");
  EXPECT_EQ(events[1]["end_date"], 20270123);
  EXPECT_EQ(events[1]["end_time"], "17:00");
  EXPECT_EQ(events[2]["counts"], true);
  EXPECT_EQ(events[2]["corrects"], wrong);
  EXPECT_EQ(events[2]["end_time"], "");
  EXPECT_THAT(dam_.Sotay({"show", id}).out, AllOf(HasSubstr("đến 23/01/2027 17:00, KHÔNG TÍNH"),
                                                  HasSubstr("1m, thay cho mục 2")));
}

TEST_F(DeadlinesTest, WhatIsToBeReviewedIsListedThoughItIsDone) {
  const std::string id = Start("report.resolve", {"--date", "3/11/2026"});
  Meet();
  dam_.Json({"deadlines", "add", id, "complete", "--date", "18/11/2026", "--document", "12/KL"});
  que_.Json({"deadlines", "add", id, "complete", "--date", "19/11/2026", "--document", "13/KL"});
  Meet();
  EXPECT_EQ(First(&dam_)["state"], "complete");
  EXPECT_EQ(First(&dam_)["to_review"], true);
  // Both have it done, one of them out of place: that is said until one of them is struck out.
  que_.Json({"deadlines", "add", id, "review"});
  EXPECT_THAT(First(&que_)["doubts"], ElementsAre("out_of_place"));
  que_.Json({"deadlines", "add", id, "strike", "--corrects", First(&que_)["events"][2]["entry"]});
  EXPECT_THAT(que_.Json({"deadlines"})["deadlines"], IsEmpty());
}

TEST_F(DeadlinesTest, AContradictionAboutWhatIsDoneIsListed) {
  const std::string id = Start("report.resolve", {"--date", "3/11/2026"});
  const std::string extension = dam_.Json({"deadlines", "add", id, "extend", "--date", "10/11/2026",
                                           "--length", "10d"})["events"][1]["entry"];
  dam_.Json({"deadlines", "add", id, "complete", "--date", "18/11/2026"});
  EXPECT_THAT(dam_.Json({"deadlines"})["deadlines"], IsEmpty());
  Meet();
  dam_.Json({"deadlines", "add", id, "extend", "--date", "12/11/2026", "--length", "5d"});
  que_.Json({"deadlines", "add", id, "strike", "--corrects", extension});
  Meet();
  const json listed = First(&dam_);
  EXPECT_EQ(listed["state"], "complete");
  EXPECT_THAT(listed["doubts"], IsEmpty());
  EXPECT_EQ(listed["to_review"], true);
}

TEST_F(DeadlinesTest, WhoIsHeldComesFirstThoughNobodyKnowsUntilWhen) {
  Start("report.notify_vks", {"--date", "3/11/2026"});
  const std::string custody = Start("custody.temporary", {"--date", "5/11/2017"});
  const json list = dam_.Json({"deadlines"})["deadlines"];
  EXPECT_EQ(list[0]["id"], custody);
  EXPECT_EQ(list[0]["due_date"], 0);
  EXPECT_EQ(list[0]["custody"], true);
}

// A table of the office's own takes the place of the one that is compiled in; one with a mistake is
// no table, and keeps nobody from reading or entering anything.
TEST_F(DeadlinesTest, AnOfficesOwnTable) {
  const std::string id = Start("report.resolve", {"--date", "3/11/2026"});
  const std::string path = absl::StrCat(dam_.dir(), "/deadlines.rules");
  std::ofstream(path) << "version own\nterm report.resolve - - 5d stays\n"
                         "label report.resolve Tin / Report\nsource report.resolve Đ1\n";
  EXPECT_EQ(First(&dam_)["due_date"], 20261108);
  EXPECT_EQ(dam_.Json({"deadlines"})["table"]["source"], path);
  EXPECT_THAT(dam_.Sotay({"deadlines", "--table"}).out, HasSubstr("term report.resolve - - 5d"));
  std::ofstream(path) << "version own\nterm report.resolve forever\n";
  const Printed list = dam_.Sotay({"deadlines"});
  EXPECT_NE(list.code, 0);
  EXPECT_THAT(list.err, HasSubstr("deadlines.rules:2: expected term ID FROM TO"));
  const Printed show = dam_.Sotay({"show", id});
  EXPECT_EQ(show.code, 0);
  EXPECT_THAT(show.out, HasSubstr("deadlines.rules:2:"));
  const Printed add =
      dam_.Sotay({"deadlines", "add", id, "extend", "--date", "18/11/2026", "--length", "2m"});
  EXPECT_EQ(add.code, 0);
  EXPECT_THAT(add.err, HasSubstr("deadlines.rules:2:"));
  std::ofstream(path) << "version own\n";
  EXPECT_THAT(First(&dam_)["events"], SizeIs(2));
  EXPECT_THAT(First(&dam_)["doubts"], ElementsAre("no_term"));
}

}  // namespace
}  // namespace sotay::tests
