// What devices are sent, and what leaves them, when a dossier becomes somebody's or ceases to be.
#include "server/following.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/server/dossiers_room.h"

namespace sotay::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::IsOk;
using tests::NewCase;
using tests::Note;
using tests::RecordNamed;
using tests::SealedPhone;

const std::vector<std::string> kAll = {"k", "k1", "k2", "m", "m1"};

// Cases k and m with notes, and phones of two prosecutors that have them.
class FollowingTest : public DossiersRoom {
 protected:
  FollowingTest() {
    Enrol(&dam_, PostOf("dam", "kv1", v1::CAPACITY_KSV));
    Enrol(&que_, PostOf("que", "kv1", v1::CAPACITY_KSV));
    dam_.Write("k", {NewCase("k"), Note("k1").Says("một")});
    dam_.Write("m", {NewCase("m"), Note("m1").Says("hai")});
    dam_.Write("k", {Note("k2").Says("ba")});
    room_.Exchange(&dam_);
    room_.Exchange(&que_);
  }
  // Everything an exchange brings, page by page; how many records.
  size_t Pull(SealedPhone* phone, uint32_t bytes_max = 0) {
    size_t records = 0;
    for (bool more = true; more;) {
      v1::SyncRequest request = phone->Pull();
      request.set_records_bytes_max(bytes_max);
      const auto response = room_.Sync(*phone, request);
      EXPECT_THAT(response, IsOk());
      if (!response.ok()) return records;
      phone->Take(*response);
      // Heard twice is heard once.
      phone->Take(*response);
      records += phone->received.size();
      more = response->more();
    }
    return records;
  }
  std::vector<std::string> Of(SealedPhone* phone) { return HeldOf(*phone, kAll); }

  SealedPhone dam_{"dam"};
  SealedPhone que_{"que"};
};

TEST_F(FollowingTest, WhatIsForOthersLeavesAndNothingElseIsSent) {
  ASSERT_THAT(Restrict("ngu", "k", {{"que", 0}}), IsOk());
  EXPECT_EQ(Pull(&dam_), 0u);
  EXPECT_THAT(Of(&dam_), ElementsAre("m", "m1"));
  EXPECT_EQ(Pull(&que_), 0u) << "they have it all";
  EXPECT_THAT(Of(&que_), ElementsAre("k", "k1", "k2", "m", "m1"));
  // What is new in it goes to those it is for.
  que_.Write("k", {Note("new").Says("bốn")});
  room_.Exchange(&que_);
  EXPECT_EQ(Pull(&dam_), 0u);
  EXPECT_EQ(dam_.Shown("new"), nullptr);
  // And it is said once.
  const auto again = room_.Sync(dam_, dam_.Pull());
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->removed_dossiers_size(), 0);
}

TEST_F(FollowingTest, AnOldDossierIsSentWholeAndNothingElse) {
  for (int i = 0; i < 497; ++i) dam_.Write("k", {Note(absl::StrCat("n", i)).Says("một dòng")});
  dam_.Write("m", {Note("m2").Says("hai")});
  room_.Exchange(&dam_);
  ASSERT_THAT(Restrict("ngu", "k", {{"dam", 0}}), IsOk());
  Pull(&que_);
  EXPECT_THAT(Of(&que_), ElementsAre("m", "m1"));
  ASSERT_THAT(Restrict("ngu", "k", {{"dam", 0}, {"que", 0}}), IsOk());
  // In pages of some records each, with the feed going on in between.
  size_t records = 0;
  size_t pages = 0;
  for (bool more = true; more; ++pages) {
    if (pages == 2) {
      dam_.Write("k", {Note("n7").Says("hai dòng")});
      room_.Exchange(&dam_);
    }
    v1::SyncRequest request = que_.Pull();
    request.set_records_bytes_max(10'000);
    const auto response = room_.Sync(que_, request);
    ASSERT_THAT(response, IsOk());
    que_.Take(*response);
    records += que_.received.size();
    more = response->more();
  }
  EXPECT_GT(pages, 5u);
  // The note that was changed meanwhile may have come before it was, too.
  EXPECT_GE(records, 500u);
  EXPECT_LE(records, 501u);
  EXPECT_EQ(que_.Held().size(), dam_.Held().size());
  EXPECT_EQ(que_.Shown("n7")->Serialize(), dam_.Shown("n7")->Serialize());
  EXPECT_EQ(Pull(&dam_), 0u) << "they had it";
}

TEST_F(FollowingTest, LosingAndRegaining) {
  for (int round = 0; round < 3; ++round) {
    ASSERT_THAT(Restrict("ngu", "k", {{"que", 0}}), IsOk());
    Pull(&dam_);
    EXPECT_THAT(Of(&dam_), ElementsAre("m", "m1"));
    ASSERT_THAT(Open("ngu", "k"), IsOk());
    EXPECT_EQ(Pull(&dam_), 3u);
    EXPECT_THAT(Of(&dam_), ElementsAre("k", "k1", "k2", "m", "m1"));
  }
  // Lost and regained between two exchanges: nothing has to move.
  ASSERT_THAT(Restrict("ngu", "k", {{"que", 0}}), IsOk());
  ASSERT_THAT(Open("ngu", "k"), IsOk());
  Pull(&dam_);
  EXPECT_THAT(Of(&dam_), ElementsAre("k", "k1", "k2", "m", "m1"));
}

TEST_F(FollowingTest, TwoPhonesOfOnePersonFollowEachForItself) {
  SealedPhone second("dam");
  room_.Enrol(&second);
  Pull(&second);
  ASSERT_THAT(Restrict("ngu", "k", {{"que", 0}}), IsOk());
  Pull(&dam_);
  EXPECT_THAT(Of(&dam_), ElementsAre("m", "m1"));
  EXPECT_THAT(Of(&second), SizeIs(5));
  ASSERT_THAT(Restrict("ngu", "m", {{"que", 0}}), IsOk());
  Pull(&second);
  EXPECT_THAT(Of(&second), IsEmpty());
  Pull(&dam_);
  EXPECT_THAT(Of(&dam_), IsEmpty());
}

TEST_F(FollowingTest, ANewPhoneIsNotToldThatThereIsOne) {
  ASSERT_THAT(Restrict("ngu", "k", {{"que", 0}}), IsOk());
  SealedPhone fresh("dam");
  room_.Enrol(&fresh);
  const auto first = room_.Sync(fresh, fresh.Pull());
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->removed_dossiers_size(), 0);
  fresh.Take(*first);
  EXPECT_THAT(Of(&fresh), ElementsAre("m", "m1"));
  // Nor is one that lags behind what was born and made somebody's meanwhile.
  que_.Write("x", {NewCase("x")});
  room_.Exchange(&que_);
  ASSERT_THAT(Restrict("ngu", "x", {{"que", 0}}), IsOk());
  const auto later = room_.Sync(fresh, fresh.Pull());
  ASSERT_THAT(later, IsOk());
  EXPECT_EQ(later->removed_dossiers_size(), 0);
  fresh.Take(*later);
  EXPECT_EQ(fresh.Shown("x"), nullptr);
  // From then on it names them.
  ASSERT_THAT(Restrict("ngu", "x", {{"que", 0}, {"dam", 0}}), IsOk());
  EXPECT_EQ(Pull(&fresh), 1u);
  EXPECT_NE(fresh.Shown("x"), nullptr);
}

// A unit that had no room on a new phone's first page begins on a later one, and not as something
// that was taken away.
TEST_F(FollowingTest, NorIsItToldOfAUnitThatHadNoRoomAtFirst) {
  SealedPhone an("an", "kv2");
  Enrol(&an, PostOf("an", "kv2", v1::CAPACITY_KSV));
  an.Write("x", {NewCase("x")});
  an.Write("y", {NewCase("y")});
  room_.Exchange(&an);
  Give("ai", PostOf("ai", "kv2", v1::CAPACITY_HEAD));
  ASSERT_THAT(Restrict("ai", "x", {{"an", 0}}), IsOk());
  ASSERT_THAT(Restrict("ngu", "k", {{"que", 0}}), IsOk());
  SealedPhone fresh("binh");
  Enrol(&fresh, PostOf("binh", "kv1", v1::CAPACITY_KSV));
  ASSERT_THAT(Put(PostOf("binh", "kv2", v1::CAPACITY_KSV)), IsOk());
  size_t pages = 0;
  for (bool more = true; more; ++pages) {
    v1::SyncRequest request = fresh.Pull();
    request.set_records_bytes_max(1);
    const auto response = room_.Sync(fresh, request);
    ASSERT_THAT(response, IsOk());
    fresh.Take(*response);
    EXPECT_THAT(fresh.removed_dossiers, IsEmpty()) << "page " << pages;
    more = response->more();
  }
  EXPECT_GT(pages, 1u);
  EXPECT_THAT(Of(&fresh), ElementsAre("m", "m1"));
  EXPECT_THAT(HeldOf(fresh, {"x", "y"}), ElementsAre("y"));
}

TEST_F(FollowingTest, TheEndOfADayTakesADossierAway) {
  ASSERT_THAT(Restrict("ngu", "k", {{"que", 0}, {"dam", kToday}}), IsOk());
  Pull(&dam_);
  EXPECT_THAT(Of(&dam_), SizeIs(5));
  DayPasses();
  EXPECT_EQ(Pull(&dam_), 0u);
  EXPECT_THAT(Of(&dam_), ElementsAre("m", "m1"));
}

// Between midnight and the hub's act a device may have been fed without it.
TEST_F(FollowingTest, WhatWasLeftOutBeforeTheActOfMidnightComesWithTheNextName) {
  ASSERT_THAT(Restrict("ngu", "k", {{"que", 0}, {"dam", kToday}}), IsOk());
  Pull(&dam_);
  que_.Write("k", {Note("night").Says("đêm")});
  room_.Exchange(&que_);
  DaysPass(1);
  EXPECT_EQ(Pull(&dam_), 0u);
  EXPECT_EQ(dam_.Shown("night"), nullptr);
  EXPECT_THAT(Of(&dam_), SizeIs(5)) << "the act that takes it away is still to come";
  ASSERT_THAT(Restrict("ngu", "k", {{"que", 0}, {"dam", 0}}), IsOk());
  Pull(&dam_);
  EXPECT_NE(dam_.Shown("night"), nullptr);
  EXPECT_THAT(Of(&dam_), SizeIs(5));
}

TEST_F(FollowingTest, AnotherPostBringsAndTakes) {
  ASSERT_THAT(Restrict("ngu", "k", {{"que", 0}}), IsOk());
  ASSERT_THAT(Restrict("ngu", "m", {{"dam", 0}}), IsOk());
  Pull(&dam_);
  EXPECT_THAT(Of(&dam_), ElementsAre("m", "m1"));
  SOTAY_ASSERT_OK_AND_ASSIGN(const v1::Post post,
                             Put(PostOf("dam", "kv1", v1::CAPACITY_HEAD, 0, kToday)));
  Pull(&dam_);
  EXPECT_THAT(Of(&dam_), SizeIs(5));
  DayPasses();
  EXPECT_EQ(Pull(&dam_), 0u);
  EXPECT_THAT(Of(&dam_), ElementsAre("m", "m1")) << "what they are named in stays";
}

TEST_F(FollowingTest, ARestoredServerTakesAwayWhatIsNoLongerTheirs) {
  ASSERT_THAT(Restrict("ngu", "k", {{"que", 0}}), IsOk());
  // The phone begins anew, with everything it has.
  for (v1::Cursor& cursor : dam_.cursors) {
    cursor.set_position(0);
    cursor.set_access(0);
  }
  Pull(&dam_, 1);
  EXPECT_THAT(Of(&dam_), ElementsAre("m", "m1"));
}

TEST_F(FollowingTest, APlaceThatIsNoneOfOursIsTheBeginning) {
  ASSERT_THAT(Restrict("ngu", "k", {{"que", 0}}), IsOk());
  for (v1::Cursor& cursor : dam_.cursors) cursor.set_access(AccessPlace{7, false, 0}.Packed());
  Pull(&dam_);
  EXPECT_THAT(Of(&dam_), ElementsAre("m", "m1"));
  for (v1::Cursor& cursor : dam_.cursors) cursor.set_access_record("short");
  EXPECT_THAT(room_.Sync(dam_, dam_.Pull()).status(),
              tests::StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(AccessPlace, IsReadAsItWasWritten) {
  for (const AccessPlace& place :
       {AccessPlace{0, false, 0}, AccessPlace{1, true, 0}, AccessPlace{7, false, sync::kEveryField},
        AccessPlace{0x7fffffff, true, 5}}) {
    const AccessPlace read = AccessPlace::From(place.Packed());
    EXPECT_EQ(read.number, place.number);
    EXPECT_EQ(read.again, place.again);
    EXPECT_EQ(read.reach, place.reach);
  }
}

}  // namespace
}  // namespace sotay::server
