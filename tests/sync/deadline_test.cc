// When a term ends: what the law says of days, and what people did not know of each other.
#include "sync/deadline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/sync/term_log.h"

namespace sotay::sync {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using tests::By;
using tests::Entry;
using tests::Log;
using tests::Long;
using tests::Table;
using tests::Until;

Moment EndOf(const std::string& rule, const TermEvent& start) {
  Log log;
  log.Enter("dam", start);
  return log.Ends(rule).shown.due;
}
Moment DayEnd(Day day) { return {day, kMinutesOfDay}; }

TEST(Deadline, TheDayFromWhichItRunsIsNotCounted) {
  // A report received on 03/11/2026.
  EXPECT_EQ(EndOf("report.resolve", Entry(Happened::kStart, 20261103)), DayEnd(20261123));
}

TEST(Deadline, ALastDayOffMovesToTheNextWorkingDay) {
  // A judgment of Friday 30/10/2026: 14/11 is a Saturday, 29/11 a Sunday.
  const TermEvent judgment = Entry(Happened::kStart, 20261030);
  EXPECT_EQ(EndOf("protest.judgment.same_level", judgment), DayEnd(20261116));
  EXPECT_EQ(EndOf("protest.judgment.next_level", judgment), DayEnd(20261130));
  // Over holidays: 15 days from 02/02/2026 is 17/02, Tết.
  EXPECT_EQ(EndOf("protest.judgment.same_level", Entry(Happened::kStart, 20260202)),
            DayEnd(20260223));
}

TEST(Deadline, WhatAnOrderSaysIsNeverMoved) {
  const TermEvent order = Until(Entry(Happened::kStart, 20261105), 20261108, 570);  // a Sunday
  EXPECT_EQ(EndOf("custody.temporary", order), (Moment{20261108, 570}));
  EXPECT_EQ(EndOf("report.resolve", order), (Moment{20261108, 570}));
  Log log;
  log.Enter("dam", order);
  EXPECT_TRUE(log.Ends("custody.temporary").shown.by_order);
  EXPECT_TRUE(log.Ends("custody.temporary").shown.custody);
}

TEST(Deadline, CustodyIsNotMoved) {
  EXPECT_EQ(EndOf("custody.temporary", Entry(Happened::kStart, 20261105)), DayEnd(20261108));
  // A month of detention is 30 days.
  EXPECT_EQ(EndOf("custody.detention.less_serious", Entry(Happened::kStart, 20260101)),
            DayEnd(20260302));
}

TEST(Deadline, HoursRunThroughNightsAndDaysOff) {
  TermEvent arrest = Entry(Happened::kStart, 20261107);  // a Saturday
  arrest.minute = 20 * 60;
  EXPECT_EQ(EndOf("custody.hold_approval", arrest), (Moment{20261108, 8 * 60}));
  arrest.minute.reset();
  EXPECT_EQ(EndOf("custody.hold_approval", arrest), (Moment{20261107, 12 * 60}))
      << "of a day without an hour the earliest";
}

TEST(Deadline, MonthsEndOnTheSameDayNumberOrTheLast) {
  EXPECT_EQ(EndOf("report.resolve", Long(Entry(Happened::kStart, 20260131), "1m")),
            DayEnd(20260302))
      << "28/02/2026 is a Saturday";
  EXPECT_EQ(EndOf("report.resolve", Long(Entry(Happened::kStart, 20260723), "2m")),
            DayEnd(20260923));
}

TEST(Deadline, WorkingDaysLeaveOutDaysOff) {
  EXPECT_EQ(EndOf("report.assign_ksv", Entry(Happened::kStart, 20261106)), DayEnd(20261111));
  EXPECT_EQ(EndOf("report.assign_ksv", Entry(Happened::kStart, 20260213)), DayEnd(20260225));
}

TEST(Deadline, SaysWhereTheTableEnds) {
  Log early;
  early.Enter("dam", Entry(Happened::kStart, 20170101));
  EXPECT_EQ(early.Ends().shown.due.day, 0) << "no such term then";
  EXPECT_THAT(early.Ends().shown.doubts, ElementsAre(Doubt::kNoTerm));
  Log late;
  late.Enter("dam", Entry(Happened::kStart, 20270301));
  EXPECT_EQ(late.Ends().shown.due, DayEnd(20270322)) << "21/03/2027 is a Sunday";
  EXPECT_THAT(late.Ends().shown.doubts, ElementsAre(Doubt::kDaysOffUnknown));
  EXPECT_EQ(Log().Ends().shown.state, TermState::kNotStarted);
}

TEST(Deadline, AnExtensionAddsWhatItsDocumentSays) {
  Log log;
  log.Enter("dam", Entry(Happened::kStart, 20261103));
  log.Enter("dam", Long(Entry(Happened::kExtend, 20261120), "2m"));
  EXPECT_EQ(log.Ends().shown.due, DayEnd(20270125)) << "23/01/2027 is a Saturday";
  EXPECT_EQ(log.Ends().shown.extensions, 1);
  EXPECT_EQ(log.Ends().shown.basis, 1u);
  // One that says nothing may be shorter than the law allows: it moves nothing.
  log.Enter("dam", Entry(Happened::kExtend, 20270110));
  EXPECT_EQ(log.Ends().shown.due, DayEnd(20270125));
  EXPECT_THAT(log.Ends().shown.doubts, Contains(Doubt::kNoLength));
}

TEST(Deadline, AnExtensionOfAnHourEndsAtThatHour) {
  Log log;
  log.Enter("dam", Until(Entry(Happened::kStart, 20261105), 20261108, 570));
  log.Enter("dam", Long(Entry(Happened::kExtend, 20261108), "3d"));
  EXPECT_EQ(log.Ends("custody.temporary").shown.due, (Moment{20261111, 570}));
  log.Enter("dam", Long(Entry(Happened::kExtend, 20261111), "12h"));
  EXPECT_EQ(log.Ends("custody.temporary").shown.due, (Moment{20261111, 570 + 720}));
}

TEST(Deadline, AnExtensionBeyondTheTableIsSaid) {
  Log log;
  log.Enter("dam", Entry(Happened::kStart, 20261103));
  log.Enter("dam", Long(Entry(Happened::kExtend, 20261110), "3m"));
  EXPECT_THAT(log.Ends().shown.doubts, Contains(Doubt::kTooLong));
  log.Enter("dam", Long(Entry(Happened::kExtend, 20261111), "10d"));
  EXPECT_THAT(log.Ends().shown.doubts, ::testing::Not(Contains(Doubt::kTooMany)));
  log.Enter("dam", Long(Entry(Happened::kExtend, 20261112), "10d"));
  EXPECT_THAT(log.Ends().shown.doubts, Contains(Doubt::kTooMany));
}

TEST(Deadline, WhatWasLeftRunsOnAfterASuspension) {
  Log log;
  log.Enter("dam", Entry(Happened::kStart, 20261103));
  log.Enter("dam", Entry(Happened::kSuspend, 20261113));
  EXPECT_EQ(log.Ends().shown.state, TermState::kSuspended);
  log.Enter("dam", Entry(Happened::kResume, 20261201));
  EXPECT_EQ(log.Ends().shown.state, TermState::kRunning);
  EXPECT_EQ(log.Ends().shown.due, DayEnd(20261211)) << "ten days were left";
  // Unless the document says how long.
  Log said;
  said.Enter("dam", Entry(Happened::kStart, 20261103));
  said.Enter("dam", Entry(Happened::kSuspend, 20261113));
  said.Enter("dam", Long(Entry(Happened::kResume, 20261201), "1m"));
  EXPECT_EQ(said.Ends().shown.due, DayEnd(20270101));
}

TEST(Deadline, WhatIsOverIsNotSuspended) {
  Log log;
  log.Enter("dam", Entry(Happened::kStart, 20261103));
  log.Enter("dam", Entry(Happened::kSuspend, 20261124));
  EXPECT_EQ(log.Ends().shown.state, TermState::kRunning);
  EXPECT_EQ(log.Ends().shown.due, DayEnd(20261123));
  EXPECT_THAT(log.Ends().shown.doubts, ElementsAre(Doubt::kOutOfPlace));
}

TEST(Deadline, EndsWhenItIsDoneAndSaysWhenThatWasLate) {
  Log log;
  log.Enter("dam", Entry(Happened::kStart, 20261103));
  log.Enter("dam", Entry(Happened::kComplete, 20261123));
  EXPECT_EQ(log.Ends().shown.state, TermState::kComplete);
  EXPECT_EQ(log.Ends().shown.completed, 20261123);
  EXPECT_THAT(log.Ends().shown.doubts, IsEmpty());
  Log late;
  late.Enter("dam", Entry(Happened::kStart, 20261103));
  late.Enter("dam", Entry(Happened::kComplete, 20261124));
  EXPECT_THAT(late.Ends().shown.doubts, ElementsAre(Doubt::kCompletedLate));
}

TEST(Deadline, DaysOfDocumentsDecideNotTheOrderOfEntry) {
  Log log;
  log.Enter("dam", Long(Entry(Happened::kExtend, 20261120), "2m"));
  log.Enter("dam", Entry(Happened::kStart, 20261103));
  EXPECT_EQ(log.Ends().shown.due, DayEnd(20270125));
}

TEST(Deadline, ACorrectionTakesThePlaceOfWhatItCorrects) {
  Log log;
  const size_t start = log.Enter("dam", Entry(Happened::kStart, 20261130));
  TermEvent right = Entry(Happened::kStart, 20261103);
  right.corrects = log.events[start].id;
  const size_t corrected = log.Enter("dam", right);
  EXPECT_EQ(log.Ends().shown.due, DayEnd(20261123));
  EXPECT_THAT(log.Ends().shown.doubts, IsEmpty());
  TermEvent strike = Entry(Happened::kStrike);
  strike.corrects = log.events[corrected].id;
  log.Enter("dam", strike);
  EXPECT_EQ(log.Ends().shown.due, DayEnd(20261221))
      << "what was wrong counts again, and 20/12 is a Sunday";
}

TEST(Deadline, WhatCannotBeReadDoesNotCountAndIsSaid) {
  Log log;
  log.Enter("dam", Entry(Happened::kStart, 20261103));
  TermEvent strange = Long(Entry(Happened::kExtend, 20261110), "2m");
  strange.readable = false;
  log.Enter("dam", strange);
  EXPECT_EQ(log.Ends().shown.due, DayEnd(20261123));
  EXPECT_THAT(log.Ends().shown.doubts, ElementsAre(Doubt::kUnreadable));
}

class Apart : public ::testing::Test {
 protected:
  Apart() {
    log_.Enter("dam", Entry(Happened::kStart, 20261103));
    log_.Meet("dam", "que");
  }
  Log log_;
};

TEST_F(Apart, ExtendedOnOnePhoneAndSuspendedOnAnother) {
  log_.Enter("dam", By(Long(Entry(Happened::kExtend, 20261118), "10d"), "12/QĐ"));
  log_.Enter("que", By(Entry(Happened::kSuspend, 20261119), "13/QĐ"));
  const Reckoning apart = log_.Ends();
  EXPECT_THAT(apart.contradictions, ElementsAre(Pair(1, 2)));
  EXPECT_EQ(apart.shown.state, TermState::kRunning);
  EXPECT_EQ(apart.shown.due, DayEnd(20261123)) << "as if neither suspended nor extended";
  ASSERT_THAT(apart.readings, SizeIs(3));
  EXPECT_EQ(apart.readings[0].state, TermState::kSuspended);
  EXPECT_EQ(apart.readings[1].due, DayEnd(20261203));
  EXPECT_EQ(apart.readings[1].state, TermState::kRunning);

  // Whoever saw both goes on: by a document, or by having looked.
  log_.Meet("dam", "que");
  Log reviewed = log_;
  reviewed.Enter("que", Entry(Happened::kReview));
  EXPECT_FALSE(reviewed.Ends().to_review());
  EXPECT_EQ(reviewed.Ends().shown.state, TermState::kSuspended) << "as both say together";
  log_.Enter("que", Entry(Happened::kResume, 20261201));
  EXPECT_FALSE(log_.Ends().to_review());
  EXPECT_EQ(log_.Ends().shown.due, DayEnd(20261215));
}

TEST_F(Apart, WhoeverSawOneOnlySettlesNothing) {
  log_.Enter("dam", By(Long(Entry(Happened::kExtend, 20261118), "10d"), "12/QĐ"));
  log_.Enter("que", By(Entry(Happened::kSuspend, 20261119), "13/QĐ"));
  log_.Enter("dam", Entry(Happened::kReview));
  EXPECT_TRUE(log_.Ends().to_review());
  EXPECT_EQ(log_.Ends().shown.due, DayEnd(20261123));
}

TEST_F(Apart, OfTwoExtensionsTheShorterOneIsShown) {
  log_.Enter("dam", By(Long(Entry(Happened::kExtend, 20261118), "2m"), "12/QĐ"));
  log_.Enter("que", By(Long(Entry(Happened::kExtend, 20261118), "1m"), "13/QĐ"));
  EXPECT_EQ(log_.Ends().shown.due, DayEnd(20261223));
  EXPECT_TRUE(log_.Ends().to_review());
}

TEST_F(Apart, OneDocumentEnteredTwiceIsOne) {
  for (const char* who : {"dam", "que"}) {
    log_.Enter(who, By(Long(Entry(Happened::kExtend, 20261118), "2m"), "12/QĐ"));
  }
  EXPECT_FALSE(log_.Ends().to_review());
  EXPECT_EQ(log_.Ends().shown.due, DayEnd(20270125));
  EXPECT_EQ(log_.Ends().shown.extensions, 1);
}

TEST_F(Apart, DoneOnOnePhoneAndExtendedOnAnotherStillRuns) {
  log_.Enter("dam", Entry(Happened::kComplete, 20261120));
  log_.Enter("que", Long(Entry(Happened::kExtend, 20261118), "2m"));
  EXPECT_EQ(log_.Ends().shown.state, TermState::kRunning);
  EXPECT_EQ(log_.Ends().shown.due, DayEnd(20261123));
  EXPECT_TRUE(log_.Ends().to_review());
}

TEST_F(Apart, SuspendedOnBothIsSuspended) {
  log_.Enter("dam", By(Entry(Happened::kSuspend, 20261118), "12/QĐ"));
  log_.Enter("que", By(Entry(Happened::kSuspend, 20261119), "13/QĐ"));
  EXPECT_EQ(log_.Ends().shown.state, TermState::kSuspended);
  EXPECT_TRUE(log_.Ends().to_review());
}

TEST_F(Apart, TwoThatBothClaimToHaveSeenTheOtherAreBelievedInNothing) {
  const size_t a = log_.Enter("dam", Long(Entry(Happened::kExtend, 20261118), "2m"));
  const size_t b = log_.Enter("que", Entry(Happened::kSuspend, 20261119));
  log_.events[a].saw.Add(log_.events[b].device, log_.events[b].sequence);
  log_.events[b].saw.Add(log_.events[a].device, log_.events[a].sequence);
  EXPECT_TRUE(log_.Ends().to_review());
}

TEST(Deadline, ALogBeyondReasonIsNotReckoned) {
  Log log;
  for (size_t i = 0; i <= kTermEventsMax; ++i) {
    TermEvent event = Entry(Happened::kStart, 20261103);
    log.Enter("dam", event);
    // Each stands in place of what has its own name.
    log.events.back().id = log.events.back().corrects = "x";
  }
  EXPECT_THAT(log.Ends().shown.doubts, ElementsAre(Doubt::kTooManyEntries));
  log.events.pop_back();
  EXPECT_EQ(log.Ends().shown.due, DayEnd(20261123)) << "and soon";
}

TermEvent Random(std::mt19937* chance) {
  const auto pick = [&](int from, int to) {
    return std::uniform_int_distribution<int>(from, to)(*chance);
  };
  TermEvent event = Entry(static_cast<Happened>(pick(1, 7)), 20261101 + pick(0, 29));
  if (pick(0, 2) == 0) event.length = Length{pick(1, 40), "hdwm"[pick(0, 3)]};
  if (pick(0, 5) == 0) event.end = Moment{20261101 + pick(0, 29), pick(0, kMinutesOfDay)};
  if (pick(0, 3) == 0) event.corrects = std::string(1, static_cast<char>('a' + pick(0, 5)));
  event.readable = pick(0, 20) != 0;
  return event;
}

TEST(DeadlineLaws, TheOrderOfArrivalDoesNotMatterAndNothingEndsLaterThanAReading) {
  std::mt19937 chance(20261103);
  const char* const people[] = {"dam", "que", "phong"};
  const auto pick = [&](int to) { return std::uniform_int_distribution<int>(0, to)(chance); };
  for (int trial = 0; trial < 3'000; ++trial) {
    Log log;
    for (int step = 0, steps = 3 + pick(9); step < steps; ++step) {
      log.Enter(people[pick(2)], step == 0 ? Entry(Happened::kStart, 20261103) : Random(&chance));
      if (pick(1) == 0) log.Hear(people[pick(2)], people[pick(2)]);
    }
    const Reckoning in_order = log.Ends();
    std::vector<TermEvent> shuffled = log.events;
    std::shuffle(shuffled.begin(), shuffled.end(), chance);
    const Reckoning otherwise = Reckon(shuffled, "report.resolve", Table());
    EXPECT_EQ(otherwise.shown.due, in_order.shown.due) << trial;
    EXPECT_EQ(otherwise.shown.state, in_order.shown.state) << trial;
    EXPECT_EQ(otherwise.shown.doubts, in_order.shown.doubts) << trial;
    EXPECT_EQ(otherwise.contradictions.size(), in_order.contradictions.size()) << trial;

    // What is shown is never later than what somebody had before them.
    for (const Course& reading : in_order.readings) {
      if (reading.state == TermState::kRunning) {
        EXPECT_EQ(in_order.shown.state, TermState::kRunning) << trial;
      }
      if (in_order.shown.state != TermState::kRunning || reading.due.day == 0) continue;
      EXPECT_FALSE(reading.due < in_order.shown.due) << trial;
    }
    // Somebody who has seen everything settles everything.
    for (const char* other : people) log.Hear("dam", other);
    log.Enter("dam", Entry(Happened::kReview));
    EXPECT_FALSE(log.Ends().to_review()) << trial;
  }
}

}  // namespace
}  // namespace sotay::sync
