// Which entries of a term count, in what order, and what the end is by: corrections of corrections,
// one document entered twice, one day, hours, what was done late, who is held.
#include "sync/term_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sync/term_log.h"

namespace sotay::sync {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using tests::At;
using tests::By;
using tests::Entry;
using tests::Log;
using tests::Long;
using tests::Until;

Moment DayEnd(Day day) { return {day, kMinutesOfDay}; }

TEST(TermCorrections, CorrectingACorrectionLeavesTheFirstMistakeOut) {
  Log log;
  const size_t a = log.Enter("dam", Entry(Happened::kStart, 20261001));
  const size_t b = log.Correct("dam", a, Entry(Happened::kStart, 20261102));
  const size_t c = log.Correct("dam", b, Entry(Happened::kStart, 20261103));
  EXPECT_EQ(log.Ends().shown.due, DayEnd(20261123));
  EXPECT_THAT(log.Ends().shown.doubts, IsEmpty());
  EXPECT_THAT(log.Ends().counts, ElementsAre(false, false, true));
  // What is out already may be struck out, too: the newest stands in the place of all.
  Log out = log;
  out.Correct("dam", b, Entry(Happened::kStrike));
  EXPECT_THAT(out.Ends().counts, ElementsAre(false, false, true, true));
  // Without the newest it is as it was before that; without the second as before both.
  const size_t strike = log.Correct("dam", c, Entry(Happened::kStrike));
  EXPECT_THAT(log.Ends().counts, ElementsAre(false, true, false, true));
  EXPECT_EQ(log.Ends().shown.due, DayEnd(20261123)) << "22/11 is a Sunday";
  Log first = log;
  first.Correct("dam", b, Entry(Happened::kStrike));
  EXPECT_THAT(first.Ends().counts, ElementsAre(true, false, false, true, true));
  // And what struck it out is struck out.
  log.Correct("dam", strike, Entry(Happened::kStrike));
  EXPECT_THAT(log.Ends().counts, ElementsAre(false, false, true, false, true));
}

TEST(TermCorrections, AnExtensionCorrectedTwiceExtendsOnce) {
  Log log;
  log.Enter("dam", Entry(Happened::kStart, 20261103));
  size_t entry = log.Enter("dam", By(Long(Entry(Happened::kExtend, 20261110), "2m"), "12/QĐ"));
  for (const char* length : {"20d", "10d", "5d"}) {
    entry =
        log.Correct("dam", entry, By(Long(Entry(Happened::kExtend, 20261110), length), "12/QĐ"));
  }
  EXPECT_EQ(log.Ends().shown.due, DayEnd(20261130)) << "28/11 is a Saturday";
  EXPECT_EQ(log.Ends().shown.extensions, 1);
}

TEST(TermCorrections, WhatTakesThePlaceOfAStrikeStandsInThatPlace) {
  Log log;
  const size_t a = log.Enter("dam", Entry(Happened::kStart, 20261001));
  const size_t b = log.Correct("dam", a, Entry(Happened::kStart, 20261002));
  const size_t strike = log.Correct("dam", b, Entry(Happened::kStrike));
  log.Correct("dam", strike, Entry(Happened::kStart, 20261103));
  EXPECT_THAT(log.Ends().counts, ElementsAre(false, false, false, true));
}

// One of the two who entered it had it wrong at first.
TEST(TermCorrections, OneDocumentEnteredTwiceIsOneThoughOneOfThemCorrects) {
  Log log;
  log.Enter("dam", Entry(Happened::kStart, 20261103));
  log.Meet("dam", "que");
  log.Enter("dam", By(Long(Entry(Happened::kExtend, 20261118), "10d"), "12/QĐ"));
  const size_t wrong =
      log.Enter("que", By(Long(Entry(Happened::kExtend, 20261118), "10d"), "21/QĐ"));
  log.Correct("que", wrong, By(Long(Entry(Happened::kExtend, 20261118), "10d"), "12/QĐ"));
  EXPECT_THAT(log.Ends().contradictions, ElementsAre(::testing::Pair(1, 2)))
      << "only what was wrong differs, and nobody has seen both";
  log.Meet("dam", "que");
  log.Enter("dam", Entry(Happened::kReview));
  EXPECT_EQ(log.Ends().shown.extensions, 1);
  EXPECT_EQ(log.Ends().shown.due, DayEnd(20261203));
}

TEST(TermCorrections, TwoWhoStrikeOutDifferentThingsDiffer) {
  Log log;
  const size_t start = log.Enter("dam", Entry(Happened::kStart, 20261103));
  const size_t extension = log.Enter("dam", Long(Entry(Happened::kExtend, 20261110), "10d"));
  log.Meet("dam", "que");
  log.Correct("dam", start, Entry(Happened::kStrike));
  log.Correct("que", extension, Entry(Happened::kStrike));
  EXPECT_TRUE(log.Ends().to_review());
}

TEST(TermOrder, OfOneDayByWhoSawWhom) {
  Log log;
  log.Enter("dam", Entry(Happened::kStart, 20261103));
  log.Enter("dam", Entry(Happened::kSuspend, 20261110));
  // Resumed and suspended again on one day, in this order; by their kinds it would be otherwise.
  const size_t resumed = log.Enter("dam", Entry(Happened::kResume, 20261112));
  log.Enter("dam", By(Entry(Happened::kSuspend, 20261112), "14/QĐ"));
  EXPECT_EQ(log.Ends().shown.state, TermState::kSuspended);
  EXPECT_THAT(log.Ends().shown.doubts, IsEmpty());
  // A correction takes effect where the wrong one would have.
  log.Correct("dam", resumed, By(Entry(Happened::kResume, 20261112), "13/QĐ"));
  EXPECT_EQ(log.Ends().shown.state, TermState::kSuspended);
  EXPECT_THAT(log.Ends().shown.doubts, IsEmpty());
}

TEST(TermOrder, OfOneDayByHoursWhereBothAreKnownElseByKind) {
  Log log;
  log.Enter("dam", Entry(Happened::kStart, 20261103));
  log.Enter("dam", At(Entry(Happened::kResume, 20261112), 900));
  log.Enter("dam", At(Entry(Happened::kSuspend, 20261112), 480));
  EXPECT_EQ(log.Ends().shown.state, TermState::kRunning);
  EXPECT_THAT(log.Ends().shown.doubts, IsEmpty());
  // Of two people who know nothing of each other, what suspends comes before what resumes.
  Log apart;
  apart.Enter("dam", Entry(Happened::kStart, 20261103));
  apart.Meet("dam", "que");
  apart.Enter("que", Entry(Happened::kResume, 20261112));
  apart.Enter("dam", At(Entry(Happened::kSuspend, 20261112), 900));
  apart.Meet("dam", "que");
  apart.Enter("dam", Entry(Happened::kReview));
  EXPECT_EQ(apart.Ends().shown.state, TermState::kRunning);
  EXPECT_THAT(apart.Ends().shown.doubts, IsEmpty());
}

TEST(TermEnds, CustodyOfDaysEndsAtTheHourAtWhichItBegan) {
  Log log;
  log.Enter("dam", At(Entry(Happened::kStart, 20261105), 570));
  EXPECT_EQ(log.Ends("custody.temporary").shown.due, (Moment{20261108, 570}));
  EXPECT_EQ(log.Ends("report.notify_vks").shown.due, DayEnd(20261109)) << "8/11 is a Sunday";
  log.Enter("dam", Long(Entry(Happened::kExtend, 20261108), "3d"));
  EXPECT_EQ(log.Ends("custody.temporary").shown.due, (Moment{20261111, 570}));
}

TEST(TermEnds, WhatIsDoneAfterTheHourIsLate) {
  const auto doubts = [](const TermEvent& done) {
    Log log;
    log.Enter("dam", Until(Entry(Happened::kStart, 20261105), 20261108, 570));
    log.Enter("dam", done);
    return log.Ends("custody.temporary").shown.doubts;
  };
  EXPECT_THAT(doubts(At(Entry(Happened::kComplete, 20261108), 571)),
              Contains(Doubt::kCompletedLate));
  EXPECT_THAT(doubts(At(Entry(Happened::kComplete, 20261108), 570)), IsEmpty());
  EXPECT_THAT(doubts(Entry(Happened::kComplete, 20261108)), IsEmpty()) << "nobody knows the hour";
  Log midnight;
  midnight.Enter("dam", Entry(Happened::kStart, 20261103));
  midnight.Enter("dam", At(Entry(Happened::kComplete, 20261124), 0));
  EXPECT_THAT(midnight.Ends().shown.doubts, IsEmpty()) << "24:00 of 23/11";
}

TEST(TermEnds, WhatDidNotRunIsNotDoneLate) {
  Log log;
  log.Enter("dam", Entry(Happened::kStart, 20261103));
  log.Enter("dam", Entry(Happened::kSuspend, 20261113));
  log.Enter("dam", Entry(Happened::kComplete, 20261215));
  EXPECT_EQ(log.Ends().shown.state, TermState::kComplete);
  EXPECT_THAT(log.Ends().shown.doubts, IsEmpty());
}

TEST(TermEnds, WhatNeverBeganIsNotDone) {
  Log log;
  log.Enter("dam", Entry(Happened::kComplete, 20261101));
  EXPECT_EQ(log.Ends().shown.state, TermState::kNotStarted);
  EXPECT_THAT(log.Ends().shown.doubts, Contains(Doubt::kOutOfPlace));
  log.Enter("dam", Entry(Happened::kStart, 20261103));
  EXPECT_EQ(log.Ends().shown.state, TermState::kRunning);
  EXPECT_EQ(log.Ends().shown.due, DayEnd(20261123));
}

TEST(TermEnds, NothingLessThanNothingIsLeft) {
  Log log;
  log.Enter("dam", Entry(Happened::kStart, 20261030));    // until Saturday 14/11, so Monday 16/11
  log.Enter("dam", Entry(Happened::kSuspend, 20261115));  // the Sunday between
  log.Enter("dam", Entry(Happened::kResume, 20261201));
  EXPECT_EQ(log.Ends("protest.judgment.same_level").shown.due, DayEnd(20261202));
  EXPECT_THAT(log.Ends("protest.judgment.same_level").shown.doubts, IsEmpty());
}

TEST(TermEnds, OfHoursThatAnOrderSetHoursAreLeft) {
  Log log;
  log.Enter("dam", Until(At(Entry(Happened::kStart, 20261107), 480), 20261107, 1200));
  log.Enter("dam", At(Entry(Happened::kSuspend, 20261107), 900));
  log.Enter("dam", At(Entry(Happened::kResume, 20261109), 600));
  EXPECT_EQ(log.Ends("custody.hold_approval").shown.due, (Moment{20261109, 900}));
}

TEST(TermEnds, SomebodyIsHeldWhateverElseIsKnown) {
  Log extended;
  extended.Enter("dam", Until(Entry(Happened::kExtend, 20261108), 20261111));
  EXPECT_TRUE(extended.Ends("custody.temporary").shown.custody);
  Log before;  // the table has none then
  before.Enter("dam", Entry(Happened::kStart, 20170101));
  EXPECT_TRUE(before.Ends("custody.temporary").shown.custody);
  EXPECT_FALSE(before.Ends("report.resolve").shown.custody);
  for (size_t i = 0; i <= kTermEventsMax; ++i) before.Enter("dam", Entry(Happened::kReview));
  EXPECT_TRUE(before.Ends("custody.temporary").shown.custody);
}

TEST(TermEnds, WhereItIsNotCertainWhetherOfficesWorkThatIsSaid) {
  // 15 days from 16/08/2026 are 31/08, which may be swapped with a Saturday.
  Log log;
  log.Enter("dam", Entry(Happened::kStart, 20260816));
  EXPECT_EQ(log.Ends("protest.judgment.same_level").shown.due, DayEnd(20260831));
  EXPECT_THAT(log.Ends("protest.judgment.same_level").shown.doubts,
              ElementsAre(Doubt::kDaysOffUnknown));
  Log working;  // three working days over it
  working.Enter("dam", Entry(Happened::kStart, 20260828));
  EXPECT_EQ(working.Ends("report.assign_ksv").shown.due, DayEnd(20260904));
  EXPECT_THAT(working.Ends("report.assign_ksv").shown.doubts, ElementsAre(Doubt::kDaysOffUnknown));
  Log saturday;
  saturday.Enter("dam", Entry(Happened::kStart, 20260807));
  EXPECT_EQ(saturday.Ends("protest.judgment.same_level").shown.due, DayEnd(20260822))
      << "not later than it may be";
}

}  // namespace
}  // namespace sotay::sync
