// Posts with dates, units that end, and the guard where it stands: in front of reads and
// admissions.
#include "server/posts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/feed.h"
#include "server/refusal.h"
#include "tests/server/posts_room.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {
namespace {

using casework::v1::NOTE_STATE_SIGNED;
using casework::v1::NOTE_STATE_SUBMITTED;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::Case;
using tests::IsOk;
using tests::kSupervisor;
using tests::NewCase;
using tests::Note;
using tests::RecordNamed;
using tests::SealedPhone;
using tests::StatusIs;

class PostsTest : public PostsRoom {};

TEST_F(PostsTest, APostHoldsFromItsFirstDayThroughItsLast) {
  room_.AddUser("nguyet", {});
  ASSERT_THAT(Put(PostOf("nguyet", "kv1", v1::CAPACITY_KSV, kToday + 1, kToday + 2)), IsOk());
  std::vector<bool> reads;
  std::vector<bool> writes;
  std::set<uint64_t> revisions;
  for (int day = 0; day < 4; ++day) {
    reads.push_back(MayRead("nguyet", "kv1"));
    writes.push_back(Of("nguyet")->MaySync("kv1") && Of("nguyet")->roles.count("kv1") != 0);
    revisions.insert(room_.directory->names_revision());
    DaysPass(1);
  }
  EXPECT_THAT(reads, ElementsAre(false, true, true, false));
  EXPECT_THAT(writes, ElementsAre(false, true, true, false));
  // Phones are told on the day it begins and on the day after it ends.
  EXPECT_THAT(revisions, SizeIs(3));
}

TEST_F(PostsTest, WhoseLastDayIsOverIsSentNothingAndLosesTheUnit) {
  SealedPhone nguyet("nguyet");
  Enrol(&nguyet, PostOf("nguyet", "kv1", v1::CAPACITY_KSV, 0, kToday));
  nguyet.Write("k", {NewCase("k")});
  room_.Exchange(&nguyet);
  ASSERT_THAT(nguyet.cursors, SizeIs(1));
  nguyet.Write("k", {Note("n").Says("chưa gửi")});
  DaysPass(1);
  room_.Exchange(&nguyet);
  EXPECT_THAT(nguyet.removed_units, ElementsAre("kv1"));
  // What was typed is kept, and says why it was not taken.
  const auto aside = room_.Quarantine("kv1");
  ASSERT_THAT(aside, SizeIs(1));
  EXPECT_EQ(aside[0].reason(), v1::REASON_NOT_MEMBER);
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(PostsTest, RowsAreAddedNeverChanged) {
  room_.AddUser("nguyet", {});
  const v1::Post wanted = PostOf("nguyet", "kv1", v1::CAPACITY_KSV, kToday);
  SOTAY_ASSERT_OK_AND_ASSIGN(const v1::Post first, Put(wanted));
  EXPECT_EQ(first.number(), 1u);
  EXPECT_EQ(first.set_by(), "khoa");
  EXPECT_EQ(first.set_ms(), room_.now_ms);
  SOTAY_ASSERT_OK_AND_ASSIGN(const v1::Post again, Put(wanted));
  EXPECT_EQ(again.number(), 1u);
  SOTAY_ASSERT_OK_AND_ASSIGN(const v1::Post ended, End("nguyet", 1, kToday + 5));
  EXPECT_EQ(ended.number(), 2u);
  EXPECT_EQ(ended.replaces(), 1u);
  EXPECT_EQ(ended.valid_from(), kToday);
  SOTAY_ASSERT_OK_AND_ASSIGN(const v1::Post twice, End("nguyet", 1, kToday + 5));
  EXPECT_EQ(twice.number(), 2u);
  EXPECT_THAT(End("nguyet", 1, kToday + 6).status(), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(End("nguyet", 3, kToday + 6).status(), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(End("nguyet", 2, kToday - 1).status(), StatusIs(absl::StatusCode::kInvalidArgument));
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_THAT(room_.directory->Posts("nguyet", "", false), SizeIs(1));
  EXPECT_THAT(room_.directory->Posts("", "kv1", true), SizeIs(2));
  EXPECT_THAT(room_.directory->Posts("", "kv2", true), IsEmpty());
  EXPECT_TRUE(MayRead("nguyet", "kv1"));
  EXPECT_THAT(room_.Faults(), IsEmpty());
  // A row that somebody took away is missed.
  room_.Tamper(PostKey("nguyet", 1), absl::nullopt);
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_THAT(room_.Faults(), ElementsAre(HasSubstr("post of nguyet number 2: expected number 1")));
}

TEST_F(PostsTest, TellsOfThoseInFieldsTheTableNoLongerHas) {
  room_.AddUser("nguyet", {});
  v1::Post post = PostOf("nguyet", "kv1", v1::CAPACITY_DEP, 0, kToday, {"hinh_su"});
  ASSERT_THAT(Put(post), IsOk());
  EXPECT_THAT(PostsInUnknownFields(*room_.directory, room_.now_ms), IsEmpty());
  post.set_number(1);
  post.set_fields_of_work(0, "ma_tuy");
  room_.Tamper(PostKey("nguyet", 1), post.SerializeAsString());
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_THAT(PostsInUnknownFields(*room_.directory, room_.now_ms), SizeIs(1));
  EXPECT_THAT(PostsInUnknownFields(*room_.directory, room_.now_ms + kDayMs), IsEmpty());
}

TEST_F(PostsTest, RefusesWhatIsNoPost) {
  room_.AddUser("nguyet", {});
  const auto refused = [&](const v1::Post& post, const std::string& why) {
    EXPECT_THAT(Put(post).status(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(why)));
  };
  refused(PostOf("nguyet", "kv1", v1::CAPACITY_ADM), "administrators hold no post");
  refused(PostOf("nguyet", "kv1", v1::CAPACITY_UNSPECIFIED), "expected HEAD, DEP");
  refused(PostOf("nguyet", "kv1", v1::CAPACITY_INS), "a check ends");
  refused(PostOf("nguyet", "kv1", v1::CAPACITY_DEP), "acts in some");
  refused(PostOf("nguyet", "kv1", v1::CAPACITY_DEP, 0, 0, {"ma_tuy"}), "no such field; it has *, ");
  refused(PostOf("nguyet", "kv1", v1::CAPACITY_KSV, 20260230), "valid_from 20260230: no day");
  refused(PostOf("nguyet", "kv1", v1::CAPACITY_KSV, kToday, kToday - 1), "is before valid_from");
  v1::Post silent = PostOf("nguyet", "kv1", v1::CAPACITY_KSV);
  silent.clear_reason();
  refused(silent, "reason is empty");
  EXPECT_THAT(Put(PostOf("an", "kv1", v1::CAPACITY_KSV)).status(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("user an")));
  EXPECT_THAT(Put(PostOf("nguyet", "kv9", v1::CAPACITY_KSV)).status(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("unit kv9")));
  EXPECT_THAT(room_.directory->Posts("", "", true), IsEmpty());
}

TEST_F(PostsTest, AUnitThatEndedIsReadByWhoReadsWhatCameAfterIt) {
  SealedPhone nguyet("nguyet");
  room_.Enrol(&nguyet);
  nguyet.Write("k", {NewCase("k"), Note("n").Says("một")});
  room_.Exchange(&nguyet);
  room_.AddUser("dam", {});
  ASSERT_THAT(Put(PostOf("dam", "kv2", v1::CAPACITY_KSV)), IsOk());
  SOTAY_ASSERT_OK_AND_ASSIGN(const v1::UnitTerm term, PutTerm("kv1", kToday, {"kv2"}));
  EXPECT_EQ(term.number(), 1u);
  SOTAY_ASSERT_OK_AND_ASSIGN(const v1::UnitTerm again, PutTerm("kv1", kToday, {"kv2"}));
  EXPECT_EQ(again.number(), 1u);
  EXPECT_THAT(PutTerm("kv2", kToday, {"kv1"}).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("lead back")));
  EXPECT_THAT(PutTerm("kv2", 0, {"tinh"}).status(), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(PutTerm("kv2", kToday, {"kv9"}).status(), StatusIs(absl::StatusCode::kNotFound));

  EXPECT_FALSE(MayRead("dam", "kv1"));
  EXPECT_THAT(Asked("dam", "n"), StatusIs(absl::StatusCode::kNotFound));
  DaysPass(1);
  EXPECT_TRUE(MayRead("dam", "kv1"));
  EXPECT_THAT(Listed("dam"), ElementsAre("n", "k"));
  EXPECT_THAT(Asked("dam", "n"), IsOk());
  // Read, not sent, and not written to.
  EXPECT_THAT(room_.directory->Synced(*Of("dam")), ElementsAre("kv2"));
  EXPECT_EQ(Of("dam")->roles.count("kv1"), 0u);
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_TRUE(MayRead("dam", "kv1"));
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(PostsTest, ADivisionReadsItsFieldOfWorkInUnitsBelowOnceSubmitted) {
  SealedPhone nguyet("nguyet");
  room_.Enrol(&nguyet);
  nguyet.Write("hs", {NewCase("hs")});
  nguyet.Write("hs", {Note("nhap").Says("nháp")});
  nguyet.Write("hs", {Note("trinh").Says("trình")});
  nguyet.Write("hs", {Note("trinh").Moves(NOTE_STATE_SUBMITTED)});
  nguyet.Write("ds",
               {Case("ds")
                    .SetNumber(casework::v1::Case::kKindFieldNumber, casework::v1::CASE_KIND_CIVIL)
                    .Set(casework::v1::Case::kTitleFieldNumber, "Tranh chấp")});
  nguyet.Write("ds", {Note("ds-n").Says("trình")});
  nguyet.Write("ds", {Note("ds-n").Moves(NOTE_STATE_SUBMITTED)});
  room_.Exchange(&nguyet);
  room_.AddUser("trieu", {});
  ASSERT_THAT(Put(PostOf("trieu", "tinh", v1::CAPACITY_DIV, 0, 0, {"hinh_su"})), IsOk());
  EXPECT_THAT(Listed("trieu"), ElementsAre("trinh", "hs"));
  EXPECT_THAT(Asked("trieu", "trinh"), IsOk());
  EXPECT_THAT(Asked("trieu", "hs"), IsOk());
  // What is kept back is answered as what is not there.
  const absl::Status nowhere = Asked("trieu", "nowhere");
  for (const char* kept_back : {"nhap", "ds", "ds-n"}) {
    EXPECT_EQ(Asked("trieu", kept_back), nowhere) << kept_back;
    v1::ListRecordHistoryRequest history;
    history.set_record_id(RecordNamed(kept_back).str());
    EXPECT_EQ(room_.supervision->ListRecordHistory(*Of("trieu"), history).status(), nowhere);
  }
  // Nor is the unit's feed theirs to carry.
  EXPECT_THAT(room_.directory->Synced(*Of("trieu")), IsEmpty());
  // A head above sees every case, and of notes what was submitted.
  room_.AddUser("quoc", {});
  ASSERT_THAT(Put(PostOf("quoc", "tinh", v1::CAPACITY_HEAD)), IsOk());
  EXPECT_THAT(Listed("quoc"), ElementsAre("ds-n", "ds", "trinh", "hs"));
  // A check reads all, while it lasts; statistics and clerks read nothing.
  room_.AddUser("tra", {});
  ASSERT_THAT(Put(PostOf("tra", "tinh", v1::CAPACITY_INS, 0, kToday)), IsOk());
  EXPECT_THAT(Listed("tra"), SizeIs(5));
  DaysPass(1);
  EXPECT_THAT(Listed("tra"), IsEmpty());
  room_.AddUser("so", {});
  ASSERT_THAT(Put(PostOf("so", "kv1", v1::CAPACITY_STA)), IsOk());
  EXPECT_THAT(Listed("so"), IsEmpty());
  EXPECT_THAT(room_.directory->ReadableUnits(*Of("so")), SizeIs(1));
  room_.AddUser("thu", {});
  ASSERT_THAT(Put(PostOf("thu", "kv1", v1::CAPACITY_CLK)), IsOk());
  EXPECT_THAT(room_.directory->ReadableUnits(*Of("thu")), IsEmpty());
}

TEST_F(PostsTest, AnExaminerWritesAndDoesNotSubmit) {
  SealedPhone nguyet("nguyet");
  room_.Enrol(&nguyet);
  nguyet.Write("k", {NewCase("k")});
  room_.Exchange(&nguyet);
  SealedPhone ha("ha");
  Enrol(&ha, PostOf("ha", "kv1", v1::CAPACITY_KTV));
  ha.Write("k", {Note("n").Says("một")});
  ha.Write("k", {Note("n").Says("một hai")});
  ha.Write("k", {Note("n").Moves(NOTE_STATE_SUBMITTED)});
  ha.Write("k", {Note("n").Says("một hai ba")});
  ha.Write("k2", {NewCase("k2")});
  room_.Exchange(&ha);
  const auto aside = room_.Quarantine("kv1");
  ASSERT_THAT(aside, SizeIs(2));
  EXPECT_EQ(aside[0].sequence(), 3u);
  EXPECT_EQ(aside[0].reason(), v1::REASON_WRITER_MAY_NOT);
  EXPECT_EQ(aside[0].message(), "no rule lets the author's posts submit a record of kind note");
  EXPECT_EQ(aside[1].sequence(), 5u);
  EXPECT_THAT(aside[1].message(), HasSubstr("create a record of kind case"));
  // Everything after it went on; a prosecutor submits.
  EXPECT_EQ(ha.outcomes().at(4).verdict(), v1::VERDICT_APPLIED);
  room_.Exchange(&nguyet);
  nguyet.Write("k", {Note("n").Moves(NOTE_STATE_SUBMITTED)});
  room_.Exchange(&nguyet);
  EXPECT_EQ(nguyet.outcomes().at(2).verdict(), v1::VERDICT_APPLIED);
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(PostsTest, ADeputyDecidesInTheFieldsDelegatedToThem) {
  SealedPhone nguyet("nguyet");
  room_.Enrol(&nguyet);
  nguyet.Write("hs", {NewCase("hs")});
  nguyet.Write("hs", {Note("n1").Says("một")});
  nguyet.Write("hs", {Note("n1").Moves(NOTE_STATE_SUBMITTED)});
  nguyet.Write("ds",
               {Case("ds")
                    .SetNumber(casework::v1::Case::kKindFieldNumber, casework::v1::CASE_KIND_CIVIL)
                    .Set(casework::v1::Case::kTitleFieldNumber, "Tranh chấp")});
  nguyet.Write("ds", {Note("n2").Says("hai")});
  nguyet.Write("ds", {Note("n2").Moves(NOTE_STATE_SUBMITTED)});
  room_.Exchange(&nguyet);
  SealedPhone duoc("duoc", "kv1", kSupervisor);
  Enrol(&duoc, PostOf("duoc", "kv1", v1::CAPACITY_DEP, 0, 0, {"hinh_su"}));
  room_.Exchange(&duoc);
  duoc.Write("hs", {Note("n1").Moves(NOTE_STATE_SIGNED)});
  duoc.Write("ds", {Note("n2").Moves(NOTE_STATE_SIGNED)});
  room_.Exchange(&duoc);
  EXPECT_EQ(duoc.outcomes().at(1).verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(duoc.outcomes().at(2).verdict(), v1::VERDICT_QUARANTINED);
  EXPECT_EQ(duoc.outcomes().at(2).message(),
            "rule dep.decide: the dossier is in none of the post's fields of work");
  // Of what was refused, a division that reads no drafts is not shown the bytes; the head is.
  room_.AddUser("trieu", {});
  ASSERT_THAT(Put(PostOf("trieu", "tinh", v1::CAPACITY_DIV, 0, 0, {"*"})), IsOk());
  room_.AddUser("ngu", {});
  ASSERT_THAT(Put(PostOf("ngu", "kv1", v1::CAPACITY_HEAD)), IsOk());
  const v1::ListQuarantineRequest all;
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto seen, room_.supervision->ListQuarantine(*Of("trieu"), all));
  EXPECT_THAT(seen.changes(), IsEmpty());
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto whole, room_.supervision->ListQuarantine(*Of("ngu"), all));
  EXPECT_THAT(whole.changes(), SizeIs(1));
}

TEST_F(PostsTest, DevicesAreSeenByHeadsAndOneselfAlone) {
  SealedPhone nguyet("nguyet");
  SealedPhone dam("dam");
  room_.Enrol(&nguyet);
  room_.Enrol(&dam);
  room_.AddUser("quoc", {{"tinh", options::v1::ROLE_SUPERVISOR}});
  const v1::ListDevicesRequest all;
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto heads, room_.supervision->ListDevices(*Of("quoc"), all));
  EXPECT_THAT(heads.devices(), SizeIs(2));
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto own, room_.supervision->ListDevices(*Of("dam"), all));
  ASSERT_THAT(own.devices(), SizeIs(1));
  EXPECT_EQ(own.devices(0).user_id(), "dam");
}

}  // namespace
}  // namespace sotay::server
