// Numbers of records as statistics need them, and what repeats have together: what counts as one,
// for whom, and that numbers tell nobody of what is hidden from them.
#include "server/tally.h"

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "casework/v1/attachment.pb.h"
#include "casework/v1/case.pb.h"
#include "casework/v1/finding.pb.h"
#include "casework/v1/legal_action.pb.h"
#include "server/secrecy.h"
#include "tests/server/tally_room.h"

namespace sotay::server {
namespace {

using casework::v1::Finding;
using casework::v1::LegalAction;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using tests::IsOk;
using tests::RecordNamed;
using tests::StatusIs;
using tests::Wish;

class TallyTest : public TallyRoom {};

TEST_F(TallyTest, CountsOneThingOnceHoweverItIsLinked) {
  EXPECT_EQ(Counted("ngu"), "0/0/0/0");
  Write(&dam_, "k", {OfFinding("a"), OfFinding("b"), OfFinding("c")});
  EXPECT_EQ(Counted("ngu"), "3/3/0/0");
  Write(&dam_, "k", {Repeats("b", "a")});
  EXPECT_EQ(Counted("ngu"), "2/3/0/0");
  Write(&dam_, "k", {Repeats("c", "b")});
  EXPECT_EQ(Counted("ngu"), "1/3/0/0") << "over another";
  Write(&dam_, "k", {Repeats("a", "c")});
  EXPECT_EQ(Counted("ngu"), "1/3/0/0") << "around";
  Write(&dam_, "k",
        {OfFinding("a").Clear(Finding::kDuplicateOfFieldNumber),
         OfFinding("c").Clear(Finding::kDuplicateOfFieldNumber),
         OfFinding("b").Clear(Finding::kDuplicateOfFieldNumber)});
  EXPECT_EQ(Counted("ngu"), "3/3/0/0") << "unlinking restores them";
}

TEST_F(TallyTest, CountsNothingThatIsWithdrawnAndLeadsOverNoneSuch) {
  Write(&dam_, "k", {OfFinding("a"), OfFinding("b"), OfFinding("c")});
  Write(&dam_, "k", {Repeats("c", "b"), Repeats("b", "a")});
  EXPECT_EQ(Counted("ngu"), "1/3/0/0");
  Write(&ngu_, "k", {Withdraws("b")});
  EXPECT_EQ(Counted("ngu"), "2/2/0/1");
  Write(&ngu_, "k", {Withdraws("a")});
  EXPECT_EQ(Counted("ngu"), "1/1/0/2");
  Write(&ngu_, "k",
        {OfFinding("b").SetNumber(Finding::kWithdrawalFieldNumber,
                                  casework::v1::WITHDRAWAL_RESTORED)});
  EXPECT_EQ(Counted("ngu"), "1/2/0/1");
}

TEST_F(TallyTest, CountsEachWhilePeopleDisagreeAndSaysSo) {
  Write(&dam_, "k", {OfFinding("a"), OfFinding("b"), OfFinding("c")});
  dam_.Write("k", {Repeats("c", "a")});
  que_.Write("k", {Repeats("c", "b")});
  Everybody();
  EXPECT_EQ(Counted("ngu"), "3/3/1/0");
  Write(&dam_, "k", {Repeats("c", "b")});
  EXPECT_EQ(Counted("ngu"), "2/3/0/0") << "picked";
}

TEST_F(TallyTest, CountsInTheStateOfWhatIsRepeated) {
  Write(&dam_, "k", {OfFinding("a"), OfFinding("b"), OfFinding("c")});
  Write(&ngu_, "k",
        {OfFinding("a").SetNumber(Finding::kStateFieldNumber,
                                  casework::v1::FINDING_STATE_CONFIRMED)});
  const std::string confirmed = "FINDING_STATE_CONFIRMED";
  const std::string recorded = "FINDING_STATE_UNSPECIFIED";
  EXPECT_EQ(Counted("ngu", "finding", confirmed), "1/1/0/0");
  EXPECT_EQ(Counted("ngu", "finding", recorded), "2/2/0/0");
  Write(&dam_, "k", {Repeats("b", "a")});
  EXPECT_EQ(Counted("ngu", "finding", confirmed), "1/2/0/0");
  EXPECT_EQ(Counted("ngu", "finding", recorded), "1/1/0/0");
  EXPECT_THAT(Count("ngu", "note", "kv1", confirmed).status(),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Count("ngu", "thing").status(), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(TallyTest, TwoCasesAreOneAndWhatIsInThemIsNot) {
  using casework::v1::Case;
  Write(&dam_, "k", {OfFinding("a")});
  Write(&dam_, "m", {OfFinding("b")});
  Write(&dam_, "m", {Repeats("b", "a")});
  EXPECT_EQ(Counted("ngu"), "2/2/0/0") << "of another dossier";
  EXPECT_EQ(Counted("ngu", "case"), "2/2/0/0");
  Write(&dam_, "m", {tests::Case("m").Set(Case::kMergedIntoFieldNumber, RecordNamed("k").view())});
  EXPECT_EQ(Counted("ngu", "case"), "1/2/0/0");
  EXPECT_THAT(RecordsOf("ngu", "k"), ElementsAre("k", "m"));
  Write(&dam_, "m", {tests::Case("m").Clear(Case::kMergedIntoFieldNumber)});
  EXPECT_EQ(Counted("ngu", "case"), "2/2/0/0");
  EXPECT_THAT(RecordsOf("ngu", "k"), IsEmpty());
}

TEST_F(TallyTest, IsForWhoeverReadsOrSeesNumbers) {
  Write(&dam_, "k", {OfFinding("a"), OfFinding("b")});
  Write(&dam_, "k", {Repeats("b", "a")});
  for (const char* user : {"ngu", "dam", "ha", "so"}) EXPECT_EQ(Counted(user), "1/2/0/0") << user;
  room_.AddUser("ngoai", {{"kv2", options::v1::ROLE_SUPERVISOR}});
  EXPECT_THAT(Count("ngoai", "finding").status(), StatusIs(absl::StatusCode::kNotFound));
  Give("thu", PostOf("thu", "kv1", v1::CAPACITY_CLK));
  EXPECT_THAT(Count("thu", "finding").status(), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Count("khoa", "finding").status(), StatusIs(absl::StatusCode::kNotFound))
      << "administrators see no numbers either";
  // Of what is above them only what came up counts.
  Give("tren", PostOf("tren", "tinh", v1::CAPACITY_HEAD));
  EXPECT_EQ(Counted("tren"), "0/0/0/0");
  Write(&ngu_, "k",
        {OfFinding("b").SetNumber(Finding::kStateFieldNumber,
                                  casework::v1::FINDING_STATE_CONFIRMED)});
  EXPECT_EQ(Counted("tren"), "1/1/0/0") << "and what it repeats is not told of";
  EXPECT_THAT(RecordsOf("tren", "b"), IsEmpty());
  v1::CountRecordsRequest below;
  below.set_unit_id("tinh");
  below.set_subtree(true);
  below.set_type("finding");
  const auto counted = Made()->CountRecords(*Of("tren"), below);
  ASSERT_THAT(counted, IsOk());
  std::map<std::string, uint64_t> things;
  for (const v1::UnitTally& tally : counted->units()) things[tally.unit_id()] = tally.things();
  EXPECT_EQ(things["kv1"], 1u);
  EXPECT_EQ(things.count("tinh"), 1u);
  below.set_unit_id("kv1");
  below.set_subtree(false);
  EXPECT_THAT(Made()->CountRecords(*Of("so"), below)->units(), SizeIs(1));
  below.set_unit_id("");
  EXPECT_THAT(Made()->CountRecords(*Of("so"), below)->units(), SizeIs(1));
}

TEST_F(TallyTest, TellsNobodyOfASurpriseUntilItBegins) {
  const std::string before = Counted("que", "inspection");
  OpenSurprise();
  Write(&dam_, "v", {OfFinding("a"), OfFinding("b")});
  Write(&dam_, "v", {Repeats("b", "a")});
  for (const char* user : {"que", "phong", "duoc", "so"}) {
    EXPECT_EQ(Counted(user, "inspection"), before) << user;
    EXPECT_EQ(Counted(user), "0/0/0/0") << user;
    EXPECT_EQ(Counted(user, "note"), "3/3/0/0") << user;
    v1::GetTogetherRequest request;
    request.set_record_id(RecordNamed("a").str());
    const auto hidden = Made()->GetTogether(*Of(user), request);
    request.set_record_id(RecordNamed("no such").str());
    const auto none = Made()->GetTogether(*Of(user), request);
    EXPECT_THAT(hidden.status(), StatusIs(absl::StatusCode::kNotFound)) << user;
    EXPECT_EQ(hidden.status(), none.status()) << user;
  }
  for (const char* user : {"dam", "ngu"}) EXPECT_EQ(Counted(user), "1/2/0/0") << user;
  Begin(&dam_);
  Everybody();
  for (const char* user : {"que", "duoc", "so"}) EXPECT_EQ(Counted(user), "1/2/0/0") << user;
}

TEST_F(TallyTest, NeitherALinkNorItsEndTellsOfARecordThatIsHidden) {
  // A case that is theirs says that it was joined into one that is not.
  Write(
      &dam_, "m",
      {tests::Case("m").Set(casework::v1::Case::kMergedIntoFieldNumber, RecordNamed("k").view())});
  ASSERT_THAT(Restrict("ngu", "k", {{"dam", 0}}), IsOk());
  EXPECT_EQ(Counted("ngu", "case"), "1/2/0/0");
  for (const char* user : {"que", "so"}) {
    EXPECT_EQ(Counted(user, "case"), "1/1/0/0") << user << ": as if there were none such";
  }
  EXPECT_THAT(RecordsOf("que", "m"), IsEmpty());
  EXPECT_THAT(RecordsOf("dam", "m"), ElementsAre("k", "m"));
}

TEST_F(TallyTest, WhatProvedToBeSecretIsInNobodysNumbers) {
  Write(&dam_, "k", {OfFinding("a")});
  v1::SealDossierRequest seal;
  seal.set_record_id(RecordNamed("k").str());
  seal.set_alias("Hồ sơ 17");
  seal.set_holder("Tủ số 3");
  seal.set_reason("9/CV-VKS");
  room_.WithPen([&](Pen* pen) { EXPECT_THAT(SealDossier(pen, *Of("ngu"), seal), IsOk()); });
  for (const char* user : {"ngu", "dam", "so"}) {
    EXPECT_EQ(Counted(user), "0/0/0/0") << user;
    EXPECT_EQ(Counted(user, "case"), "1/1/0/0") << user;
  }
}

TEST_F(TallyTest, ShowsWhatTheyHaveTogetherAndNotesEachRecord) {
  Write(&dam_, "k", {OfFinding("a"), OfFinding("b"), OfFinding("c")});
  Write(&dam_, "k", {Repeats("b", "a")});
  const auto action = [](const std::string& name, const std::string& finding) {
    return Wish(name, "casework.v1.LegalAction")
        .SetNumber(LegalAction::kKindFieldNumber, casework::v1::LEGAL_ACTION_KIND_RECOMMENDATION)
        .Add(LegalAction::kFindingsFieldNumber, RecordNamed(finding).view());
  };
  Write(&dam_, "k", {action("kn", "b"), action("kn2", "c")});
  EXPECT_THAT(RecordsOf("que", "c"), IsEmpty()) << "is by itself";
  ShownParts shown;
  const v1::GetTogetherResponse together = Together("que", "b", &shown);
  EXPECT_FALSE(together.more());
  ASSERT_THAT(together.records(), SizeIs(2));
  ASSERT_THAT(together.belongings(), SizeIs(1));
  EXPECT_EQ(NameOf(together.belongings(0)), "kn");
  std::vector<std::string> noted;
  for (const Shown& part : shown) {
    EXPECT_EQ(part.unit, "kv1");
    EXPECT_EQ(part.count, 1u);
    EXPECT_FALSE(part.lines.empty());
    noted.push_back(part.record.substr(0, part.record.find('.')));
  }
  EXPECT_THAT(noted, UnorderedElementsAre("a", "b", "kn"));
  // What is alone shows nothing, and nothing is noted.
  shown.clear();
  Together("que", "c", &shown);
  EXPECT_THAT(shown, IsEmpty());
  Write(&ngu_, "k", {Withdraws("b")});
  EXPECT_THAT(RecordsOf("que", "b"), IsEmpty());
  EXPECT_THAT(RecordsOf("que", "a"), IsEmpty());
}

TEST_F(TallyTest, WhatBelongsToThemIsForWhoeverReadsIt) {
  using casework::v1::Attachment;
  Give("tren", PostOf("tren", "tinh", v1::CAPACITY_HEAD));
  Write(&dam_, "k", {OfFinding("a"), OfFinding("b")});
  Write(&dam_, "k", {Repeats("b", "a")});
  Write(&dam_, "k",
        {Wish("tep", "casework.v1.Attachment")
             .Set(Attachment::kParentFieldNumber, RecordNamed("b").view())
             .Set(Attachment::kSha256FieldNumber, std::string(32, 'h'))
             .SetNumber(Attachment::kSizeFieldNumber, 1'000)});
  for (const char* finding : {"a", "b"}) {
    Write(&ngu_, "k",
          {OfFinding(finding).SetNumber(Finding::kStateFieldNumber,
                                        casework::v1::FINDING_STATE_CONFIRMED)});
  }
  ASSERT_THAT(Together("dam", "a").belongings(), SizeIs(1));
  EXPECT_EQ(NameOf(Together("dam", "a").belongings(0)), "tep");
  // What came up are the findings; their files did not.
  ShownParts shown;
  const v1::GetTogetherResponse above = Together("tren", "a", &shown);
  EXPECT_THAT(above.records(), SizeIs(2));
  EXPECT_THAT(above.belongings(), IsEmpty());
  EXPECT_FALSE(above.more());
  std::vector<std::string> noted;
  for (const Shown& part : shown) noted.push_back(part.record.substr(0, part.record.find('.')));
  EXPECT_THAT(noted, UnorderedElementsAre("a", "b"));
}

TEST_F(TallyTest, LooksThroughNoMoreForWhomNothingOfItIs) {
  Write(&dam_, "k", {OfFinding("a"), OfFinding("b"), OfFinding("c")});
  ASSERT_THAT(Restrict("ngu", "k", {{"dam", 0}}), IsOk());
  v1::CountRecordsRequest request;
  request.set_unit_id("kv1");
  request.set_type("finding");
  const auto none = Made({100, 2})->CountRecords(*Of("que"), request);
  ASSERT_THAT(none, IsOk());
  EXPECT_TRUE(none->more());
  EXPECT_EQ(none->units(0).things(), 0u);
}

TEST_F(TallyTest, SaysWhenThereIsMoreThanItLooksThrough) {
  Write(&dam_, "k", {OfFinding("a"), OfFinding("b"), OfFinding("c")});
  v1::CountRecordsRequest request;
  request.set_unit_id("kv1");
  request.set_type("finding");
  const auto all = Made({100, 3})->CountRecords(*Of("ngu"), request);
  ASSERT_THAT(all, IsOk());
  const auto some = Made({100, 2})->CountRecords(*Of("ngu"), request);
  ASSERT_THAT(some, IsOk());
  EXPECT_TRUE(some->more());
  EXPECT_EQ(some->units(0).things(), 2u);
  EXPECT_FALSE(Made()->CountRecords(*Of("ngu"), request)->more());
  EXPECT_TRUE(Made({2, 100})->CountRecords(*Of("ngu"), request)->more());
}

}  // namespace
}  // namespace sotay::server
