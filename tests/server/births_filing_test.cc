// Records that were born and have no row of their own yet: they are found, changed, taken out and
// counted as if they had, and a crash leaves none without one.
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/unfiled_births.h"
#include "tests/server/server_room.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::IsOk;
using tests::NewCase;
using tests::Note;
using tests::RecordNamed;
using tests::SealedPhone;
using tests::ServerRoom;

std::vector<std::string> NamesOf(const std::vector<BirthPlace>& births) {
  std::vector<std::string> names;
  for (const BirthPlace& birth : births) names.push_back(birth.record.str().substr(0, 2));
  return names;
}

void Add(UnfiledBirths* births, const std::vector<BirthPlace>& added) {
  births->Announce(added);
  births->Gather();
}

TEST(UnfiledBirths, AreFoundUntilTheyAreFiledAndAreFiledInOrder) {
  UnfiledBirths births;
  EXPECT_TRUE(births.empty());
  births.Announce({{RecordNamed("c1"), "kv1", 5}, {RecordNamed("a1"), "kv1", 6}});
  EXPECT_TRUE(births.Find(RecordNamed("c1")).has_value());
  EXPECT_TRUE(births.IsAnnounced(RecordNamed("c1")));
  EXPECT_THAT(births.Under(""), IsEmpty()) << "they are not there yet";
  EXPECT_TRUE(births.Next(10, /*all=*/true).empty());
  births.Gather();
  EXPECT_FALSE(births.IsAnnounced(RecordNamed("c1")));
  births.Announce({{RecordNamed("x1"), "kv1", 7}});
  births.Forget();
  EXPECT_FALSE(births.Find(RecordNamed("x1")).has_value());
  Add(&births, {{RecordNamed("b1"), "kv2", 1}});
  EXPECT_FALSE(births.empty());
  EXPECT_EQ(births.Find(RecordNamed("b1"))->unit, "kv2");
  EXPECT_EQ(births.Find(RecordNamed("a1"))->position, 6u);
  EXPECT_FALSE(births.Find(RecordNamed("d1")).has_value());
  EXPECT_THAT(NamesOf(births.Under("")), ElementsAre("a1", "b1", "c1"));
  EXPECT_THAT(NamesOf(births.Under("b")), ElementsAre("b1"));

  EXPECT_TRUE(births.Next(10, /*all=*/false).empty()) << "few have gathered";
  const Filing first = births.Next(2, /*all=*/true);
  EXPECT_THAT(NamesOf(first.births), ElementsAre("a1", "b1"));
  EXPECT_THAT(first.filed, IsEmpty()) << "one is left";
  EXPECT_TRUE(births.Find(RecordNamed("a1")).has_value()) << "it has no row yet";
  births.Done(first);
  EXPECT_FALSE(births.Find(RecordNamed("a1")).has_value());

  // What comes meanwhile is not among them, and not said to be filed with them.
  Add(&births, {{RecordNamed("a2"), "kv1", 9}});
  const Filing second = births.Next(2, /*all=*/false);
  EXPECT_THAT(NamesOf(second.births), ElementsAre("c1"));
  EXPECT_THAT(second.filed, ElementsAre(std::make_pair("kv1", 6u), std::make_pair("kv2", 1u)));
  births.Done(second);
  EXPECT_TRUE(births.Find(RecordNamed("a2")).has_value());
  EXPECT_TRUE(births.Next(2, /*all=*/false).empty());
}

TEST(UnfiledBirths, WhatHasItsRowByNowIsNotFiledAndTheRestIsSaidToBe) {
  UnfiledBirths births;
  Add(&births, {{RecordNamed("a1"), "kv1", 5}});
  births.Drop({RecordNamed("a1")});
  EXPECT_FALSE(births.empty()) << "that they are filed is yet to be said";
  const Filing filing = births.Next(10, /*all=*/true);
  EXPECT_THAT(filing.births, IsEmpty());
  EXPECT_THAT(filing.filed, ElementsAre(std::make_pair("kv1", 5u)));
  births.Done(filing);
  EXPECT_TRUE(births.empty());
}

TEST(UnfiledBirths, ManyAreFiledWithoutBeingAskedFor) {
  UnfiledBirths births;
  std::vector<BirthPlace> many;
  for (size_t i = 0; i < UnfiledBirths::kGatheredMax; ++i) {
    many.push_back({RecordNamed(std::to_string(i)), "kv1", i + 1});
  }
  Add(&births, many);
  size_t filed = 0;
  for (;;) {
    const Filing filing = births.Next(1'000, /*all=*/false);
    if (filing.empty()) break;
    filed += filing.births.size();
    births.Done(filing);
  }
  EXPECT_EQ(filed, many.size());
  EXPECT_TRUE(births.empty());
}

class BirthsFiling : public ::testing::Test {
 protected:
  BirthsFiling() {
    room_.Enrol(&nguyet_);
    nguyet_.Write("k", {NewCase("k")});
    room_.Exchange(&nguyet_);
    EXPECT_THAT(room_.store->FileAll(), IsOk());
    nguyet_.Write("k", {Note("n1").Says("một")});
    nguyet_.Write("k", {Note("n2").Says("hai")});
    room_.Exchange(&nguyet_);
  }
  bool HasRow(const std::string& name) {
    return room_.store->Get(RecordKey(RecordNamed(name)))->has_value();
  }
  std::vector<std::string> Names(const std::string& prefix) {
    std::vector<std::string> names;
    EXPECT_THAT(room_.store->VisitRecords(prefix,
                                          [&](const RecordPlace& place) {
                                            names.push_back(place.record.str().substr(0, 2));
                                            return true;
                                          }),
                IsOk());
    return names;
  }

  ServerRoom room_;
  SealedPhone nguyet_{"nguyet"};
};

TEST_F(BirthsFiling, ARecordIsFoundBeforeItHasARow) {
  ASSERT_FALSE(HasRow("n1"));
  EXPECT_TRUE(room_.store->HasUnfiled());
  const auto stored = room_.store->LoadRecord(RecordNamed("n1"));
  ASSERT_TRUE(stored.ok() && stored->has_value());
  EXPECT_TRUE((*stored)->newborn);
  EXPECT_EQ((*stored)->unit, "kv1");
  EXPECT_THAT(Names("n"), ElementsAre("n1", "n2"));
  EXPECT_THAT(Names("n2"), ElementsAre("n2"));
  EXPECT_THAT(Names(""), ElementsAre("k.", "n1", "n2")) << "with those that have one";
  std::set<std::string> stand_in;
  for (int i = 0; i < 100; ++i) {
    EXPECT_THAT(room_.store->VisitStandIn(std::to_string(i),
                                          [&](const RecordPlace& place) {
                                            stand_in.insert(place.record.str().substr(0, 2));
                                          }),
                IsOk());
  }
  EXPECT_GE(stand_in.size(), 1u);

  const std::string before = (*stored)->bytes;
  ASSERT_THAT(room_.store->FileAll(), IsOk());
  EXPECT_TRUE(HasRow("n1"));
  EXPECT_FALSE(room_.store->HasUnfiled());
  EXPECT_EQ((*room_.store->LoadRecord(RecordNamed("n1")))->bytes, before);
  EXPECT_THAT(Names(""), ElementsAre("k.", "n1", "n2"));
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(BirthsFiling, OneThatIsChangedFirstHasTheRowOfItsChange) {
  nguyet_.Write("k", {Note("n1").Says("một, hai")});
  room_.Exchange(&nguyet_);
  EXPECT_TRUE(HasRow("n1"));
  EXPECT_FALSE(HasRow("n2"));
  EXPECT_FALSE((*room_.store->LoadRecord(RecordNamed("n1")))->newborn);
  ASSERT_THAT(room_.store->FileAll(), IsOk());
  EXPECT_FALSE((*room_.store->LoadRecord(RecordNamed("n1")))->newborn) << "its row was covered";
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

// A start after a power cut finds them by their run.
TEST_F(BirthsFiling, WhatWasNotFiledIsFiledAtTheNextStart) {
  ASSERT_FALSE(HasRow("n1"));
  nguyet_.Write("k", {Note("n2").Says("hai, ba")});
  room_.Exchange(&nguyet_);
  room_.Close();
  room_.disk.Cut(testing::PowerCut::kDropUnsynced, 1);
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_FALSE(HasRow("n1"));
  EXPECT_TRUE((*room_.store->LoadRecord(RecordNamed("n1")))->newborn);
  EXPECT_FALSE((*room_.store->LoadRecord(RecordNamed("n2")))->newborn);
  EXPECT_THAT(room_.Faults(), IsEmpty());
  EXPECT_TRUE(HasRow("n1"));
  EXPECT_FALSE(room_.store->HasUnfiled());
}

// With nothing left on the disk the store is read as it is.
TEST_F(BirthsFiling, AStoreThatCannotBeWrittenIsReadAndChecked) {
  room_.Close();
  room_.disk.Cut(testing::PowerCut::kDropUnsynced, 1);
  ASSERT_THAT(room_.Open(), IsOk());
  room_.disk.StopAtCall(1);
  EXPECT_TRUE((*room_.store->LoadRecord(RecordNamed("n1")))->newborn);
  EXPECT_THAT(room_.Faults(), IsEmpty());
  EXPECT_FALSE(HasRow("n1"));
}

// The row that is filed with a commit does not cover the one the commit puts.
TEST_F(BirthsFiling, AFilingLeavesOutWhatItsCommitChanges) {
  ASSERT_THAT(room_.store->FileAll(), IsOk());
  room_.store->set_gathered_max(2);
  nguyet_.Write("k", {Note("a1").Says("một")});
  nguyet_.Write("k", {Note("a2").Says("hai")});
  room_.Exchange(&nguyet_);
  ASSERT_FALSE(HasRow("a1") || HasRow("a2"));
  nguyet_.Write("k", {Note("a1").Says("một, hai")});
  room_.Exchange(&nguyet_);
  EXPECT_TRUE(HasRow("a2")) << "it was filed with the commit";
  EXPECT_FALSE((*room_.store->LoadRecord(RecordNamed("a1")))->newborn);
  EXPECT_FALSE(room_.store->HasUnfiled());
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

// A run says that its record went on: its row is not made anew from what it was.
TEST_F(BirthsFiling, ARowOfAChangedRecordThatIsGoneIsAFault) {
  nguyet_.Write("k", {Note("n1").Says("một, hai")});
  room_.Exchange(&nguyet_);
  room_.Tamper(RecordKey(RecordNamed("n1")), absl::nullopt);
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_FALSE((*room_.store->LoadRecord(RecordNamed("n1"))).has_value());
  EXPECT_THAT(room_.Faults(), Contains(HasSubstr("its record is missing")));
}

// It is looked for past what is said to be filed: a row that is gone from before stays a fault.
TEST_F(BirthsFiling, ARowThatWasFiledAndIsGoneIsAFault) {
  ASSERT_THAT(room_.store->FileAll(), IsOk());
  room_.Tamper(RecordKey(RecordNamed("n1")), absl::nullopt);
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_FALSE(HasRow("n1"));
  EXPECT_THAT(room_.Faults(), Contains(HasSubstr("its record is missing")));
}

TEST_F(BirthsFiling, WhatIsSaidToBeFiledIsAPlaceOfTheLog) {
  ASSERT_THAT(room_.store->FileAll(), IsOk());
  for (const char* value : {"", "1234567", "\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f"}) {
    SCOPED_TRACE(value);
    Sheet sheet;
    room_.store->Fill(&sheet, FiledKey("kv1"), value);
    ASSERT_THAT(room_.store->Write(&sheet), IsOk());
    EXPECT_THAT(room_.Faults(), SizeIs(1));
    ASSERT_THAT(room_.Open(), IsOk());
    EXPECT_THAT(room_.Faults(), SizeIs(1));
  }
}

TEST_F(BirthsFiling, WhenNothingIsWrittenTheyAreFiled) {
  ASSERT_FALSE(HasRow("n1"));
  room_.hub->Start();
  for (int waited = 0; waited < 1'000 && room_.store->HasUnfiled(); ++waited) {
    absl::SleepFor(absl::Milliseconds(10));
  }
  EXPECT_TRUE(HasRow("n1"));
  room_.hub->Drain();
}

TEST_F(BirthsFiling, AnOrderlyStopFilesThem) {
  ASSERT_TRUE(room_.store->HasUnfiled());
  room_.hub->Start();
  room_.hub->Drain();
  EXPECT_FALSE(room_.store->HasUnfiled());
}

}  // namespace
}  // namespace sotay::server
