// Who is shown a refused change, and who may decide about it: whoever answers for the records that
// are there and their dossiers, whatever the change says of these.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <string>
#include <vector>

#include "server/access_rules.h"
#include "server/quarantine.h"
#include "server/refusal.h"
#include "tests/server/dossiers_room.h"
#include "tests/support/process.h"

namespace sotay::server {
namespace {

using casework::v1::CASE_KIND_CIVIL;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using tests::Case;
using tests::IsOk;
using tests::NewCase;
using tests::Note;
using tests::RecordNamed;
using tests::SealedPhone;
using C = casework::v1::Case;

// A criminal case with a note, a civil one, two prosecutors, and deputies for either and for both.
class QuarantineGuardTest : public DossiersRoom {
 protected:
  QuarantineGuardTest() {
    Enrol(&dam_, PostOf("dam", "kv1", v1::CAPACITY_KSV));
    Enrol(&que_, PostOf("que", "kv1", v1::CAPACITY_KSV));
    dam_.Write("hs", {NewCase("hs"), Note("hs1").Says("bị can khai 53 triệu")});
    dam_.Write("ds", {Case("ds")
                          .SetNumber(C::kKindFieldNumber, CASE_KIND_CIVIL)
                          .Set(C::kTitleFieldNumber, "Tranh chấp")});
    room_.Exchange(&dam_);
    room_.Exchange(&que_);
    for (const auto& [user, fields] : std::vector<std::pair<std::string, std::vector<std::string>>>{
             {"hinh-su", {"hinh_su"}}, {"dan-su", {"dan_su"}}, {"ca-hai", {"hinh_su", "dan_su"}}}) {
      Give(user, PostOf(user, "kv1", v1::CAPACITY_DEP, 0, 0, fields));
    }
  }

  struct EditOf {
    std::string record;
    std::string type = "casework.v1.Note";
  };
  // A change by Quế that says it is of `dossier`, and is refused.
  v1::QuarantinedChange Refused(const std::string& dossier, const std::vector<EditOf>& edits) {
    v1::Change change;
    change.set_dossier_id(RecordNamed(dossier).str());
    for (const EditOf& of : edits) {
      v1::RecordEdit* const edit = change.add_edits();
      edit->set_record_id(RecordNamed(of.record).str());
      edit->set_type(of.type);
      edit->add_parents(dam_.id(1).str());
    }
    que_.Forge(change);
    EXPECT_THAT(room_.Push(&que_), IsOk());
    const auto refused = room_.Quarantine("kv1");
    EXPECT_THAT(refused, Not(::testing::IsEmpty()));
    EXPECT_EQ(refused.back().verdict(), v1::VERDICT_QUARANTINED);
    return refused.back();
  }
  static v1::RefusedChange Named(const v1::QuarantinedChange& row) {
    v1::RefusedChange change;
    change.set_device_id(row.device_id());
    change.set_sequence(row.sequence());
    change.set_change_id(row.change_id());
    return change;
  }
  absl::Status Drop(const v1::QuarantinedChange& row, const std::string& by) {
    v1::DismissRequest request;
    *request.mutable_change() = Named(row);
    request.set_reason("trùng với bản giấy");
    absl::Status status;
    room_.WithPen([&](Pen* pen) { status = Dismiss(pen, *Of(by), request).status(); });
    return status;
  }
  absl::Status Take(const v1::QuarantinedChange& row, const std::string& by) {
    v1::TakeInRequest request;
    *request.mutable_change() = Named(row);
    request.set_reason("đã đối chiếu");
    absl::Status status;
    room_.WithPen([&](Pen* pen) { status = TakeIn(pen, *Of(by), request).status(); });
    return status;
  }
  // Which of them are shown the change, in the list and beside a record.
  std::vector<std::string> Sees(const v1::QuarantinedChange& row,
                                const std::vector<std::string>& users) {
    std::vector<std::string> see;
    for (const std::string& user : users) {
      const auto listed = room_.supervision->ListQuarantine(*Of(user), v1::ListQuarantineRequest());
      EXPECT_THAT(listed, IsOk());
      for (const v1::QuarantinedChange& shown : listed->changes()) {
        if (shown.change_id() == row.change_id()) see.push_back(user);
      }
    }
    return see;
  }

  const std::vector<std::string> everybody_ = {"ngu", "dam", "que", "hinh-su", "dan-su", "ca-hai"};
  SealedPhone dam_{"dam"};
  SealedPhone que_{"que"};
};

TEST_F(QuarantineGuardTest, WhatItSaysOfItsDossierCountsForNothing) {
  const auto row = Refused("ds", {{"hs1"}});  // hs1 is of hs
  EXPECT_EQ(row.reason(), v1::REASON_DOSSIER_MISMATCH);
  EXPECT_EQ(DetailOf(Drop(row, "dan-su")).reason(), v1::REASON_ROLE_MAY_NOT);
  EXPECT_EQ(DetailOf(Take(row, "dan-su")).reason(), v1::REASON_ROLE_MAY_NOT);
  EXPECT_THAT(Drop(row, "hinh-su"), IsOk());
}

TEST_F(QuarantineGuardTest, NorWhatItSaysOfItsType) {
  const auto row = Refused("hs", {{"hs", "casework.v1.Note"}});
  EXPECT_EQ(row.reason(), v1::REASON_TYPE_MISMATCH);
  const auto note = Refused("hs", {{"hs1", "casework.v1.Case"}});
  // By a table in which deputies decide about notes, and about nothing else.
  const tests::Workspace space;
  room_.rules = space / "access.rules";
  std::ofstream(room_.rules) << std::regex_replace(
      std::string(BuiltInRules()), std::regex("(rule dep.refused +DEP +)[a-z,]+"), "$1note");
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_EQ(DetailOf(Drop(row, "hinh-su")).reason(), v1::REASON_ROLE_MAY_NOT);
  EXPECT_THAT(Drop(note, "hinh-su"), IsOk());
}

TEST_F(QuarantineGuardTest, OfSeveralDossiersWhoeverAnswersForEachDecides) {
  const auto row = Refused("ds", {{"hs1"}, {"ds", "casework.v1.Case"}});
  for (const std::string one : {"hinh-su", "dan-su"}) {
    EXPECT_EQ(DetailOf(Drop(row, one)).reason(), v1::REASON_ROLE_MAY_NOT) << one;
  }
  EXPECT_THAT(Drop(row, "ca-hai"), IsOk());
}

// It is no change of anything: what a device sent, which is for heads.
TEST_F(QuarantineGuardTest, WhatEditsNothingIsForHeads) {
  const auto row = Refused("hs", {});
  EXPECT_EQ(row.unit_id(), "kv1");
  for (const std::string user : {"dam", "hinh-su", "ca-hai"}) {
    EXPECT_THAT(Drop(row, user), Not(IsOk())) << user;
    EXPECT_THAT(Take(row, user), Not(IsOk())) << user;
  }
  EXPECT_EQ(DetailOf(Take(row, "ngu")).reason(), v1::REASON_MALFORMED);
  EXPECT_THAT(Drop(row, "ngu"), IsOk());
}

TEST_F(QuarantineGuardTest, WhatNamesAnOpenDossierAndEditsAKeptBackOneIsKeptBack) {
  ASSERT_THAT(Restrict("ngu", "hs", {{"dam", 0}}), IsOk());
  const auto row = Refused("ds", {{"hs1"}});
  EXPECT_THAT(Sees(row, everybody_), UnorderedElementsAre("ngu", "dam", "hinh-su", "ca-hai"));
  EXPECT_EQ(DetailOf(Drop(row, "dan-su")).reason(), v1::REASON_NOT_FOUND);
  // And the other way round.
  const auto other = Refused("hs", {{"ds", "casework.v1.Case"}});
  EXPECT_THAT(Sees(other, everybody_), UnorderedElementsAre("ngu", "dam", "hinh-su", "ca-hai"));
}

TEST_F(QuarantineGuardTest, OfSeveralThatAreKeptBackWhoeverAnswersForAllSeesIt) {
  ASSERT_THAT(Restrict("ngu", "hs", {}), IsOk());
  ASSERT_THAT(Restrict("ngu", "ds", {{"dam", 0}}), IsOk());
  const auto row = Refused("ds", {{"hs1"}});
  EXPECT_THAT(Sees(row, everybody_), UnorderedElementsAre("ngu", "ca-hai"));
  ASSERT_THAT(Open("ngu", "hs"), IsOk());
  EXPECT_THAT(Sees(row, everybody_), UnorderedElementsAre("ngu", "dam", "dan-su", "ca-hai"));
}

// What cannot be read, or edits nothing, may say anything: it is for those who read everything,
// before a dossier is for others as after.
TEST_F(QuarantineGuardTest, WhatCannotBeReadIsShownToWhoeverReadsAll) {
  const auto editless = Refused("hs", {});
  que_.ForgeBytes("\xff not a change");
  ASSERT_THAT(room_.Push(&que_), IsOk());
  const auto unreadable = room_.Quarantine("");
  ASSERT_THAT(unreadable, SizeIs(1));
  Give("duoc", PostOf("duoc", "kv1", v1::CAPACITY_DEP, 0, 0, {"*"}));
  const std::vector<std::string> some = {"ngu", "dam", "hinh-su", "duoc"};
  for (const auto& row : {editless, unreadable[0]}) {
    // A dossier may be hidden from the others at any time, and that they are shown less from then
    // on would tell them.
    EXPECT_THAT(Sees(row, some), UnorderedElementsAre("ngu", "duoc"));
  }
  ASSERT_THAT(Restrict("ngu", "hs", {{"que", 0}}), IsOk());
  for (const auto& row : {editless, unreadable[0]}) {
    EXPECT_THAT(Sees(row, some), UnorderedElementsAre("ngu", "duoc"));
  }
}

// What comes late for a unit that ended is decided about by whoever would decide in its successor.
TEST_F(QuarantineGuardTest, OfAUnitThatEndedThoseOfItsSuccessorDecide) {
  SealedPhone ai("ai", "kv1", {options::v1::ROLE_SUPERVISOR});
  Enrol(&ai, PostOf("ai", "kv1", v1::CAPACITY_HEAD));
  room_.Exchange(&ai);
  Give("quoc", PostOf("quoc", "kv2", v1::CAPACITY_HEAD));
  Give("viet", PostOf("viet", "kv2", v1::CAPACITY_KSV));
  Give("dan-su-2", PostOf("dan-su-2", "kv2", v1::CAPACITY_DEP, 0, 0, {"dan_su"}));
  Give("hinh-su-2", PostOf("hinh-su-2", "kv2", v1::CAPACITY_DEP, 0, 0, {"hinh_su"}));
  Give("tren", PostOf("tren", "tinh", v1::CAPACITY_HEAD));
  ASSERT_THAT(End("que", 1, kToday), IsOk());
  ASSERT_THAT(End("ai", 1, kToday), IsOk());
  ASSERT_THAT(PutTerm("kv1", kToday + 1, {"kv2"}), IsOk());
  DaysPass(1);
  que_.Write("hs", {Note("hs2").Says("lần trước khai 35 triệu")});
  room_.Exchange(&que_);
  // A step that only supervisors take.
  ai.Write("hs", {Case("hs").SetNumber(C::kClassificationFieldNumber,
                                       casework::v1::CLASSIFICATION_NORMAL)});
  room_.Exchange(&ai);
  const auto refused = room_.Quarantine("kv1");
  ASSERT_THAT(refused, SizeIs(2));
  for (const auto& row : refused) {
    EXPECT_EQ(row.reason(), v1::REASON_NOT_MEMBER);
    // It lasts through today.
    for (const std::string user : {"quoc", "hinh-su-2", "viet"}) {
      EXPECT_EQ(DetailOf(Take(row, user)).reason(), v1::REASON_NOT_FOUND) << user;
    }
  }
  DaysPass(1);
  for (const auto& row : refused) {
    for (const std::string user : {"viet", "dan-su-2"}) {
      EXPECT_EQ(DetailOf(Take(row, user)).reason(), v1::REASON_ROLE_MAY_NOT) << user;
    }
    EXPECT_THAT(Take(row, "tren"), Not(IsOk())) << "above is not after";
  }
  EXPECT_THAT(Take(refused[0], "hinh-su-2"), IsOk());
  EXPECT_THAT(Take(refused[1], "quoc"), IsOk());
  EXPECT_THAT(room_.Quarantine("kv1"), ::testing::Each(::testing::Property(
                                           &v1::QuarantinedChange::verdict, v1::VERDICT_APPLIED)));
  EXPECT_THAT(room_.Faults(), ::testing::IsEmpty());
}

// It would be missing from lists, and said not to be there to whoever decides about it.
TEST_F(QuarantineGuardTest, WhatCannotBeReadForAMomentIsNotKeptFromThem) {
  const auto row = Refused("ds", {{"hs1"}});
  ASSERT_THAT(Restrict("ngu", "hs", {{"dam", 0}}), IsOk());
  room_.block_cache_bytes = 0;
  uint64_t failed = 0;
  for (bool fails = true; fails; ++failed) {
    ASSERT_THAT(room_.Open(), IsOk());
    room_.disk.FailRead(failed + 1);
    const absl::StatusOr<bool> seen = room_.supervision->MaySee(*Of("ca-hai"), row);
    fails = !room_.disk.WaitsToFailRead();
    room_.disk.FailRead(0);
    EXPECT_TRUE(seen.value_or(true)) << failed;
    EXPECT_TRUE(seen.ok() || absl::IsUnavailable(seen.status())) << seen.status();
  }
  EXPECT_GT(failed, 3u) << "else nothing was read";
}

}  // namespace
}  // namespace sotay::server
