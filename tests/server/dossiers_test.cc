// Dossiers that are for named people: who may say so, and what everybody else is then shown, and
// may write.
#include "server/dossiers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "server/duplicates.h"
#include "server/evidence.h"
#include "tests/server/dossiers_room.h"

namespace sotay::server {
namespace {

using casework::v1::CASE_KIND_CIVIL;
using casework::v1::NOTE_STATE_SUBMITTED;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using tests::Case;
using tests::IsOk;
using tests::NewCase;
using tests::Note;
using tests::RecordNamed;
using tests::SealedPhone;
using tests::StatusIs;
using C = casework::v1::Case;

constexpr auto kNotFound = absl::StatusCode::kNotFound;
constexpr auto kDenied = absl::StatusCode::kPermissionDenied;

// Two prosecutors, and two cases with a note each; one of them civil.
class DossiersTest : public DossiersRoom {
 protected:
  DossiersTest() {
    Enrol(&dam_, PostOf("dam", "kv1", v1::CAPACITY_KSV));
    Enrol(&que_, PostOf("que", "kv1", v1::CAPACITY_KSV));
    dam_.Write("hs", {NewCase("hs")});
    dam_.Write("hs", {Note("hs1").Says("bị can khai 53 triệu")});
    dam_.Write("ds", {Case("ds")
                          .SetNumber(C::kKindFieldNumber, CASE_KIND_CIVIL)
                          .Set(C::kTitleFieldNumber, "Tranh chấp")});
    room_.Exchange(&dam_);
    room_.Exchange(&que_);
  }
  v1::ChangeOutcome Last(const SealedPhone& phone) {
    return phone.outcomes().at(phone.last_sequence());
  }

  SealedPhone dam_{"dam"};
  SealedPhone que_{"que"};
};

TEST_F(DossiersTest, WhoAnswersForItSaysWhoSeesIt) {
  EXPECT_THAT(Restrict("dam", "hs", {{"dam", 0}}).status(),
              StatusIs(kDenied, HasSubstr("no rule lets")));
  Give("duoc", PostOf("duoc", "kv1", v1::CAPACITY_DEP, 0, 0, {"hinh_su"}));
  EXPECT_THAT(Restrict("duoc", "ds", {}).status(), StatusIs(kDenied, HasSubstr("dep.assign")));
  Give("quoc", PostOf("quoc", "tinh", v1::CAPACITY_HEAD));
  EXPECT_THAT(Restrict("quoc", "hs", {}).status(), StatusIs(kDenied, HasSubstr("head.assign")));
  // By a record in it as well as by its root.
  SOTAY_ASSERT_OK_AND_ASSIGN(const v1::DossierAct first, Restrict("duoc", "hs1", {{"que", 0}}));
  EXPECT_EQ(first.number(), 0u) << "a deputy of one field could count those of others";
  EXPECT_EQ(first.dossier_id(), RecordNamed("hs").str());
  EXPECT_EQ(first.set_by(), "duoc");
  EXPECT_EQ(first.set_ms(), room_.now_ms);
  SOTAY_ASSERT_OK_AND_ASSIGN(const v1::DossierAct second, Restrict("ngu", "ds", {}));
  EXPECT_EQ(second.number(), 2u);
  // Said twice is said once.
  SOTAY_ASSERT_OK_AND_ASSIGN(const v1::DossierAct again, Restrict("ngu", "hs", {{"que", 0}}));
  EXPECT_EQ(again.number(), 1u);
  SOTAY_ASSERT_OK_AND_ASSIGN(const v1::DossierAct open, Open("ngu", "hs"));
  EXPECT_EQ(open.number(), 3u);
  EXPECT_THAT(Acts("ngu"), SizeIs(1));
  EXPECT_THAT(Acts("ngu", /*history=*/true), SizeIs(3));
  EXPECT_THAT(Acts("duoc", /*history=*/true), SizeIs(2)) << "in their field of work";
  EXPECT_THAT(Acts("dam", /*history=*/true), IsEmpty());
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(DossiersTest, AnActNamesPeopleThereAreAndDaysToCome) {
  const auto refused = [&](const std::vector<Named>& people) {
    return Restrict("ngu", "hs", people).status();
  };
  EXPECT_THAT(refused({{"nobody", 0}}), StatusIs(kNotFound));
  EXPECT_THAT(refused({{"khoa", 0}}), StatusIs(kNotFound)) << "an administrator reads nothing";
  EXPECT_THAT(refused({{"que", 0}, {"que", 0}}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(refused({{"que", kToday - 1}}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(refused({{"que", 20261301}}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Restrict("ngu", "no such", {}).status(), StatusIs(kNotFound));
  EXPECT_THAT(refused({{"que", kToday}}), IsOk());
}

TEST_F(DossiersTest, ItIsNotThereForWhoeverIsNotNamed) {
  ASSERT_THAT(Restrict("ngu", "hs", {{"que", 0}}), IsOk());
  EXPECT_THAT(Listed("que"), UnorderedElementsAre("hs", "hs1", "ds"));
  EXPECT_THAT(Listed("ngu"), UnorderedElementsAre("hs", "hs1", "ds"));
  EXPECT_THAT(Listed("dam"), UnorderedElementsAre("ds")) << "its author, too, is none of them";
  EXPECT_EQ(Asked("dam", "hs1"), Asked("dam", "no such"));
  EXPECT_THAT(Restrict("dam", "hs", {}).status(), StatusIs(kNotFound));
  EXPECT_EQ(Restrict("dam", "hs", {}).status(), Restrict("dam", "no such", {}).status());
  EXPECT_THAT(Asked("que", "hs1"), IsOk());
  v1::ListRecordHistoryRequest history;
  history.set_record_id(RecordNamed("hs1").str());
  history.set_packed(2);
  EXPECT_THAT(room_.supervision->ListRecordHistory(*Of("dam"), history).status(),
              StatusIs(kNotFound));
  v1::ProveRecordRequest proof;
  proof.set_record_id(RecordNamed("hs1").str());
  const Evidence evidence(room_.directory.get(), room_.store.get(), room_.notary.get(),
                          room_.supervision.get());
  EXPECT_THAT(evidence.ProveRecord(*Of("dam"), proof, room_.now_ms).status(), StatusIs(kNotFound));
  // A check is shown it, somebody who guides the field is not.
  Give("ro", PostOf("ro", "tinh", v1::CAPACITY_INS, 0, kToday + 1));
  Give("trieu", PostOf("trieu", "tinh", v1::CAPACITY_DIV, 0, 0, {"*"}));
  EXPECT_THAT(Asked("ro", "hs"), IsOk());
  EXPECT_THAT(Asked("trieu", "hs"), StatusIs(kNotFound));
  ASSERT_THAT(Open("ngu", "hs"), IsOk());
  EXPECT_THAT(Asked("dam", "hs1"), IsOk());
}

TEST_F(DossiersTest, ADeputySeesWhatIsForOthersInTheirField) {
  Give("duoc", PostOf("duoc", "kv1", v1::CAPACITY_DEP, 0, 0, {"dan_su"}));
  ASSERT_THAT(Restrict("ngu", "hs", {}), IsOk());
  ASSERT_THAT(Restrict("ngu", "ds", {}), IsOk());
  EXPECT_THAT(Listed("duoc"), ElementsAre("ds"));
}

TEST_F(DossiersTest, ANameCountsThroughItsLastDay) {
  ASSERT_THAT(Restrict("ngu", "hs", {{"que", kToday}, {"dam", kToday + 1}}), IsOk());
  EXPECT_THAT(Asked("que", "hs"), IsOk());
  DaysPass(1);
  // At once, though the hub has not noticed yet.
  EXPECT_THAT(Asked("que", "hs"), StatusIs(kNotFound));
  EXPECT_THAT(Asked("dam", "hs"), IsOk());
  EXPECT_THAT(Acts("ngu"), SizeIs(1));
  while (room_.hub->RunOnce()) {
  }
  const std::vector<v1::DossierAct> acts = Acts("ngu");
  ASSERT_THAT(acts, SizeIs(1));
  EXPECT_EQ(acts[0].number(), 2u);
  EXPECT_EQ(acts[0].set_by(), "") << "by the calendar";
  ASSERT_EQ(acts[0].people_size(), 1);
  EXPECT_EQ(acts[0].people(0).user_id(), "dam");
  while (room_.hub->RunOnce()) {
  }
  EXPECT_EQ(Acts("ngu", /*history=*/true).size(), 2u) << "once";
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(DossiersTest, WhoIsNotNamedMayNotWriteIntoIt) {
  ASSERT_THAT(Restrict("ngu", "hs", {{"que", 0}}), IsOk());
  room_.Exchange(&dam_);
  dam_.Write("hs", {Note("later").Says("viết sau khi đã biết")});
  room_.Exchange(&dam_);
  EXPECT_EQ(Last(dam_).verdict(), v1::VERDICT_QUARANTINED);
  EXPECT_EQ(Last(dam_).reason(), v1::REASON_WRITER_MAY_NOT);
  EXPECT_EQ(Last(dam_).message(),
            "rule ksv.work: the dossier is for named people, of whom the author is none");
  que_.Write("hs", {Note("theirs").Says("một")});
  room_.Exchange(&que_);
  EXPECT_EQ(Last(que_).verdict(), v1::VERDICT_APPLIED);
  // What was refused is shown to those whose dossier it is.
  const auto aside = [&](const std::string& user) {
    const auto listed = room_.supervision->ListQuarantine(*Of(user), v1::ListQuarantineRequest());
    EXPECT_THAT(listed, IsOk());
    return listed->changes_size();
  };
  EXPECT_EQ(aside("ngu"), 1);
  EXPECT_EQ(aside("que"), 1);
  EXPECT_EQ(aside("dam"), 0);
}

TEST_F(DossiersTest, WhatWasWrittenBeforeItCouldBeHeardOfCounts) {
  SOTAY_ASSERT_OK_AND_ASSIGN(const v1::DossierAct act, Restrict("ngu", "hs", {{"que", 0}}));
  dam_.Write("hs", {Note("unaware").Says("lúc 09:00, máy chưa biết")});
  dam_.Write("hs", {Note("hs1").Says("bị can khai 53 triệu đồng")});
  dam_.Write("hs", {Note("hs1").Moves(NOTE_STATE_SUBMITTED)});
  // In one push: its cursors say what it had heard of, for all of it.
  ASSERT_THAT(room_.Push(&dam_), IsOk());
  EXPECT_EQ(dam_.outcomes().at(4).verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(dam_.outcomes().at(5).verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(dam_.outcomes().at(6).verdict(), v1::VERDICT_QUARANTINED);
  EXPECT_THAT(dam_.outcomes().at(6).message(), HasSubstr("had not heard of that (act 1)"));
  // It stands in its author's name, and says so.
  SOTAY_ASSERT_OK_AND_ASSIGN(const v1::Admission noted,
                             room_.store->LoadAdmission("kv1", dam_.outcomes().at(4).position()));
  EXPECT_EQ(noted.user_id(), "dam");
  EXPECT_EQ(sync::UnawareOf(noted), act.number());
  EXPECT_THAT(Listed("que"), UnorderedElementsAre("hs", "hs1", "ds", "unaware"));
  // The same answer took the dossier away.
  EXPECT_THAT(dam_.removed_dossiers, ElementsAre(RecordNamed("hs").str()));
  EXPECT_THAT(HeldOf(dam_, {"hs", "hs1", "unaware", "ds"}), ElementsAre("ds"));
  // Repeated, it is what it was.
  const auto again = room_.Sync(dam_, dam_.Request(4, 6));
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->outcomes(0).verdict(), v1::VERDICT_APPLIED);
  EXPECT_TRUE(again->outcomes(0).duplicate());
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(DossiersTest, AfterAMonthNobodyIsBelievedNotToHaveHeard) {
  ASSERT_THAT(Restrict("ngu", "hs", {{"que", 0}}), IsOk());
  DaysPass(31);
  dam_.Write("hs", {Note("unaware").Says("một")});
  ASSERT_THAT(room_.Push(&dam_), IsOk());
  EXPECT_EQ(Last(dam_).verdict(), v1::VERDICT_QUARANTINED);
}

// Whoever knows that the dossier was taken from them is not believed the more for an act they have
// not heard of.
TEST_F(DossiersTest, ItIsTheActThatTookItAwayThatOneHeardOfOrNot) {
  ASSERT_THAT(Restrict("ngu", "hs", {{"que", 0}}), IsOk());
  room_.Exchange(&dam_);
  Give("quoc", PostOf("quoc", "kv1", v1::CAPACITY_KSV));
  ASSERT_THAT(Restrict("ngu", "hs", {{"que", 0}, {"quoc", 0}}), IsOk());
  dam_.Write("hs", {Note("knowing").Says("một")});
  ASSERT_THAT(room_.Push(&dam_), IsOk());
  EXPECT_EQ(Last(dam_).verdict(), v1::VERDICT_QUARANTINED);
  EXPECT_EQ(Last(dam_).reason(), v1::REASON_WRITER_MAY_NOT);
  // Everybody's in between: there is another act that took it away.
  ASSERT_THAT(Open("ngu", "hs"), IsOk());
  room_.Exchange(&dam_);
  ASSERT_THAT(Restrict("ngu", "hs", {{"que", 0}}), IsOk());
  ASSERT_THAT(Restrict("ngu", "hs", {}), IsOk());
  dam_.Write("hs", {Note("unaware").Says("hai")});
  ASSERT_THAT(room_.Push(&dam_), IsOk());
  ASSERT_EQ(Last(dam_).verdict(), v1::VERDICT_APPLIED) << Last(dam_).message();
  EXPECT_EQ(sync::UnawareOf(*room_.store->LoadAdmission("kv1", Last(dam_).position())), 4u);
}

TEST_F(DossiersTest, NobodyIsBelievedForLongerBecauseMoreWasSaid) {
  ASSERT_THAT(Restrict("ngu", "hs", {{"que", 0}}), IsOk());
  DaysPass(31);
  ASSERT_THAT(Restrict("ngu", "hs", {}), IsOk());
  dam_.Write("hs", {Note("unaware").Says("một")});
  ASSERT_THAT(room_.Push(&dam_), IsOk());
  EXPECT_EQ(Last(dam_).verdict(), v1::VERDICT_QUARANTINED);
}

TEST_F(DossiersTest, ActsAreThereAfterAStart) {
  ASSERT_THAT(Restrict("ngu", "hs", {{"que", 0}}), IsOk());
  ASSERT_THAT(Restrict("ngu", "hs", {{"dam", 0}}), IsOk());
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_THAT(Acts("ngu", /*history=*/true), SizeIs(2));
  EXPECT_THAT(Asked("que", "hs"), StatusIs(kNotFound));
  EXPECT_THAT(Asked("dam", "hs"), IsOk());
}

TEST_F(DossiersTest, TheCheckOfAStoreMissesNoAct) {
  ASSERT_THAT(Restrict("ngu", "hs", {{"que", 0}}), IsOk());
  ASSERT_THAT(Restrict("ngu", "hs", {}), IsOk());
  ASSERT_THAT(room_.Faults(), IsEmpty());
  room_.Tamper(DossierActKey("kv1", 1), absl::nullopt);
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_THAT(room_.Faults(), ElementsAre(HasSubstr("expected number 1")));
}

TEST_F(DossiersTest, DuplicatesAreSuggestedToThoseWhoSeeBoth) {
  SOTAY_ASSERT_OK_AND_ASSIGN(
      const auto duplicates,
      Duplicates::Make(room_.directory.get(), room_.store.get(), &room_.store->schema()));
  ASSERT_THAT(Restrict("ngu", "hs", {{"que", 0}}), IsOk());
  const auto listed = duplicates->ListDuplicates(*Of("dam"), v1::ListDuplicatesRequest());
  ASSERT_THAT(listed, IsOk());
  EXPECT_EQ(listed->pairs_size(), 0);
}

}  // namespace
}  // namespace sotay::server
