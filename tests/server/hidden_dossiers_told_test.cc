// What might tell of a surprise inspection beside its records: what was set aside or waits, the
// access log, numbers, page tokens, and what a device says of itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "casework/v1/finding.pb.h"
#include "server/access_log.h"
#include "server/access_reading.h"
#include "server/duplicates.h"
#include "server/sight.h"
#include "tests/server/hidden_dossiers_room.h"

namespace sotay::server {
namespace {

using casework::v1::Finding;
using casework::v1::Inspection;
using casework::v1::INSPECTION_PLANNING_SURPRISE;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::IsOk;
using tests::Note;
using tests::RecordNamed;
using tests::SealedPhone;

class HiddenDossiersToldTest : public HiddenDossiersRoom {
 protected:
  HiddenDossiersToldTest()
      : log_(room_.store.get(), room_.hub.get(), [this] { return room_.now_ms; }) {}

  // Refused and held changes they are shown: by whom, number, reason.
  std::vector<std::string> Aside(const std::string& user) {
    const auto listed = room_.supervision->ListQuarantine(*Of(user), {});
    EXPECT_THAT(listed, IsOk());
    std::vector<std::string> rows;
    for (const v1::QuarantinedChange& row : listed->changes()) {
      rows.push_back(absl::StrCat(row.user_id(), " ", row.sequence(), " ",
                                  v1::Reason_Name(row.reason()).substr(sizeof("REASON"))));
    }
    return rows;
  }
  size_t Conflicts(const std::string& user) {
    return static_cast<size_t>(room_.supervision->ListConflicts(*Of(user), {})->records_size());
  }
  size_t Pairs(const std::string& user) {
    const auto duplicates =
        Duplicates::Make(room_.directory.get(), room_.store.get(), tests::CaseworkSchema().get());
    EXPECT_TRUE(duplicates.ok());
    v1::ListDuplicatesRequest request;
    request.set_unit_id("kv1");
    const auto listed = (*duplicates)->ListDuplicates(*Of(user), request, nullptr);
    EXPECT_THAT(listed, IsOk());
    return static_cast<size_t>(listed->pairs_size());
  }
  // A note in the dossier that no build of ours would make: on what is not here, where `on` is.
  void ForgeNote(SealedPhone* phone, const std::string& name, const std::string& on = "") {
    v1::Change change;
    change.set_dossier_id(RecordNamed("v").str());
    v1::RecordEdit& edit = *change.add_edits();
    edit.set_record_id(RecordNamed(name).str());
    edit.set_type("casework.v1.Note");
    if (!on.empty()) edit.add_parents(on);
    *edit.add_ops() = tests::OnlyOp(Note(name).Measured("phòng", "3", ""));
    phone->Forge(change);
    EXPECT_THAT(room_.Push(phone), IsOk());
  }
  // Notes in the access log, as the service does, that this was shown, or not.
  void NoteRead(const SealedPhone& phone, v1::AccessKind kind, const std::string& record,
                const ShownParts& shown, const absl::Status& answered = absl::OkStatus()) {
    v1::AccessEntry asked;
    asked.set_kind(kind);
    asked.set_record_id(record);
    EXPECT_THAT(log_.Note(room_.CallerOf(phone), asked, shown, answered), IsOk());
    room_.now_ms += 60'000;
    log_.Tick();
    while (room_.hub->RunOnce()) {
    }
  }
  std::vector<v1::AccessEntry> Log(const std::string& user, const std::string& record = "") {
    const AccessReading reading(room_.directory.get(), room_.store.get(), room_.supervision.get(),
                                tests::CaseworkSchema().get());
    v1::ListAccessRequest request;
    if (record.empty()) request.set_unit_id("kv1");
    if (!record.empty()) request.set_record_id(RecordNamed(record).str());
    const auto listed = reading.ListAccess(*Of(user), request);
    EXPECT_THAT(listed, IsOk());
    if (!listed.ok()) return {};
    return {listed->entries().begin(), listed->entries().end()};
  }
  // It asks with a place it never came to by itself.
  void ClaimsToHaveAll(SealedPhone* phone) {
    Meet({phone});
    ASSERT_THAT(phone->cursors, SizeIs(1));
    phone->cursors[0].set_access(0);
    Meet({phone});
  }

  const std::vector<std::string> outsiders_ = {"phong", "ha", "duoc"};
  AccessLog log_;
};

// Nothing says yet that it is for some: what hides it would be said with its admission.
TEST_F(HiddenDossiersToldTest, AnOpeningThatWasSetAsideIsShownToItsAuthorAndTheLeaderAlone) {
  Everybody();
  room_.Revoke(dam_);
  dam_.Write("v", {Surprise("v"), Note("v1").Says("Dự kiến đến lúc 6 giờ.")});
  dam_.Write("v", {Note("v2").Says("Đã hẹn xe.")});
  dam_.Write("m", {tests::NewCase("m")});
  ASSERT_THAT(room_.Push(&dam_), IsOk());
  const auto all =
      ElementsAre("dam 1 DEVICE_REVOKED", "dam 2 DEVICE_REVOKED", "dam 3 DEVICE_REVOKED");
  EXPECT_THAT(Aside("ngu"), all);
  EXPECT_THAT(Aside("dam"), all);
  for (const std::string& user : outsiders_) {
    EXPECT_THAT(Aside(user), ElementsAre("dam 3 DEVICE_REVOKED"))
        << "a case is its unit's: " << user;
  }
}

// As after a restore: who is assigned to it comes first, who opened it later.
TEST_F(HiddenDossiersToldTest, WhatWaitsForItsRootIsShownToItsAuthorAndTheLeaderAlone) {
  Everybody();
  ForgeNote(&que_, "v2");
  const auto all = ElementsAre("que 1 DOSSIER_UNKNOWN");
  EXPECT_THAT(Aside("ngu"), all);
  EXPECT_THAT(Aside("que"), all);
  for (const std::string& user : outsiders_) EXPECT_THAT(Aside(user), IsEmpty()) << user;
}

// Nobody keeps anything of their colleagues' from the others by a name that is nothing's.
TEST_F(HiddenDossiersToldTest, WhatIsHereIsOfTheDossierItIsIn) {
  dam_.Write("m", {tests::NewCase("m"), Note("m1").Says("một")});
  Meet({&dam_, &que_});
  v1::Change change;
  change.set_dossier_id(RecordNamed("nothing").str());
  v1::RecordEdit& edit = *change.add_edits();
  edit.set_record_id(RecordNamed("m1").str());
  edit.set_type("casework.v1.Note");
  edit.add_parents(dam_.id(1).str());
  *edit.add_ops() = tests::OnlyOp(Note("m1").Measured("phòng", "3", ""));
  que_.Forge(change);
  ASSERT_THAT(room_.Push(&que_), IsOk());
  for (const std::string user : {"ngu", "que", "phong"})
    EXPECT_THAT(Aside(user), SizeIs(1)) << user;
}

// In it there is everything that other lists are made of.
TEST_F(HiddenDossiersToldTest, NoListTellsOfWhatIsInIt) {
  OpenSurprise();
  EXPECT_THAT(Write(&ngu_, "v", Assigns("pc1", "v", "que")), Applied());
  Meet({&dam_, &que_});
  const auto alike = [](const std::string& name) {
    return tests::Wish(name, "casework.v1.Finding")
        .Set(Finding::kInspectionIdFieldNumber, RecordNamed("v").view())
        .Set(Finding::kViolationCodeFieldNumber, "tin_bao.thieu_gio_chu_ky")
        .Set(Finding::kBodyResponsibleFieldNumber, "Công an xã Bãi Nổi")
        .SetNumber(Finding::kOccurredMsFieldNumber, uint64_t{1'793'000'000'000});
  };
  for (SealedPhone* phone : {&dam_, &que_}) {
    phone->Write("v", {OfInspection("v").Set(Inspection::kPlaceFieldNumber, phone->user_id()),
                       alike("f-" + phone->user_id())});
  }
  Meet({&dam_, &que_});
  ForgeNote(&phong_, "x");
  ForgeNote(&que_, "v1", std::string(32, '\x7f'));
  EXPECT_EQ(Conflicts("ngu"), 1u);
  EXPECT_EQ(Pairs("ngu"), 1u);
  EXPECT_THAT(Aside("ngu"), SizeIs(2));
  for (const std::string& user : outsiders_) {
    EXPECT_EQ(Conflicts(user), 0u) << user;
    EXPECT_EQ(Pairs(user), 0u) << user;
    EXPECT_THAT(Aside(user), IsEmpty()) << user;
  }
  EXPECT_THAT(Begin(&dam_), Applied());
  for (const std::string& user : outsiders_) {
    EXPECT_EQ(Conflicts(user), 1u) << user;
    EXPECT_EQ(Pairs(user), 1u) << user;
  }
}

TEST_F(HiddenDossiersToldTest, RowsOfTheAccessLogCountNothingForADeputyOfAnotherField) {
  dam_.Write("m", {tests::NewCase("m")});
  OpenSurprise();
  NoteRead(que_, v1::ACCESS_KIND_FEED, "", {{"kv1", "", 1, 2, 3}});
  NoteRead(dam_, v1::ACCESS_KIND_LIST, "", {{"kv1", "", 1, 2, 3}});
  NoteRead(ngu_, v1::ACCESS_KIND_RECORD, RecordNamed("m").str(),
           {{"kv1", RecordNamed("m").str(), 1, 1, 1}});
  ASSERT_THAT(Log("ngu"), SizeIs(3));
  EXPECT_EQ(Log("ngu")[2].shown(), 3u);
  EXPECT_EQ(Log("ngu")[2].to(), 2u);
  EXPECT_EQ(Log("ngu", "m")[0].number(), 3u);
  for (const char* of : {"", "m"}) {
    const auto rows = Log("duoc", of);
    ASSERT_THAT(rows, SizeIs(3)) << "that something was read is told";
    for (const v1::AccessEntry& row : rows) {
      EXPECT_EQ(row.number(), 0u) << row.ShortDebugString();
      if (!row.record_id().empty()) continue;
      EXPECT_EQ(row.shown(), 0u) << row.ShortDebugString();
      EXPECT_EQ(row.from() + row.to(), 0u) << row.ShortDebugString();
    }
  }
}

TEST_F(HiddenDossiersToldTest, ARefusedReadDoesNotTellThatItIsThere) {
  OpenSurprise();
  SealedPhone an("an", "kv2");
  room_.Enrol(&an, "kv2");
  NoteRead(an, v1::ACCESS_KIND_RECORD, RecordNamed("v1").str(), {},
           absl::NotFoundError("the record"));
  EXPECT_THAT(Log("ngu"), SizeIs(1));
  EXPECT_THAT(Log("duoc"), IsEmpty());
  EXPECT_THAT(Begin(&dam_), Applied());
  EXPECT_THAT(Log("duoc"), SizeIs(1));
}

TEST_F(HiddenDossiersToldTest, NumbersOfActsAreToldToWhomNoneIsKeptFrom) {
  OpenSurprise();
  dam_.Write("c",
             {tests::Case("c")
                  .SetNumber(casework::v1::Case::kKindFieldNumber, casework::v1::CASE_KIND_CIVIL)
                  .Set(casework::v1::Case::kTitleFieldNumber, "Tranh chấp")});
  Meet({&dam_});
  ASSERT_THAT(Restrict("ngu", "c", {{"dam", 0}}), IsOk());
  ASSERT_THAT(Acts("ngu"), SizeIs(2));
  EXPECT_EQ(Acts("ngu")[1].number(), 2u);
  ASSERT_THAT(Acts("duoc"), SizeIs(1));
  EXPECT_EQ(Acts("duoc")[0].number(), 0u);
  const auto said = Open("duoc", "c");
  ASSERT_THAT(said, IsOk());
  EXPECT_EQ(said->number(), 0u);
  EXPECT_EQ(NewestAct().number(), 3u);
}

TEST_F(HiddenDossiersToldTest, APageTokenTellsNoPlace) {
  dam_.Write("m", {tests::NewCase("m"), Note("m1").Says("một")});
  OpenSurprise();
  v1::ListRecordsRequest request;
  request.set_page_size(1);
  std::vector<std::string> tokens;
  for (int i = 0; i < 2; ++i) {
    const auto page = room_.supervision->ListRecords(*Of("phong"), request);
    ASSERT_THAT(page, IsOk());
    tokens.push_back(page->next_page_token());
    std::string bytes;
    ASSERT_TRUE(absl::WebSafeBase64Unescape(tokens.back(), &bytes));
    EXPECT_EQ(bytes.find("kv1"), std::string::npos);
    EXPECT_EQ(bytes.find(std::string(6, '\0')), std::string::npos) << "a number";
  }
  EXPECT_NE(tokens[0], tokens[1]) << "nor are two places compared";
  request.set_page_token(tokens[0]);
  const auto next = room_.supervision->ListRecords(*Of("phong"), request);
  ASSERT_THAT(next, IsOk());
  EXPECT_EQ(next->records_size(), 1);
}

// It was everybody's until then: of those who come after that nobody had it.
TEST_F(HiddenDossiersToldTest, WhatWasHiddenIsNotNamedToADeviceThatCameLater) {
  dam_.Write("v", {NewInspection("v"), Note("v1").Says("một")});
  Meet({&dam_});
  SealedPhone moi{"moi", "kv2"};
  Enrol(&moi, PostOf("moi", "kv2", v1::CAPACITY_KSV));
  Give("later", PostOf("later", "kv1", v1::CAPACITY_KSV));
  Everybody();
  room_.now_ms += 60'000;
  EXPECT_THAT(Write(&dam_, "v", Plans(OfInspection("v"), INSPECTION_PLANNING_SURPRISE)), Applied());
  room_.now_ms += 60'000;
  ClaimsToHaveAll(&phong_);
  EXPECT_THAT(phong_.removed_dossiers, ElementsAre(RecordNamed("v").str())) << "who had it is told";

  SealedPhone later{"later"};
  room_.Enrol(&later);
  ClaimsToHaveAll(&later);
  EXPECT_THAT(later.removed_dossiers, IsEmpty()) << "enrolled later";

  ASSERT_THAT(Put(PostOf("moi", "kv1", v1::CAPACITY_KSV, kToday + 1)), IsOk());
  ASSERT_THAT(End("moi", 1, kToday), IsOk());
  DaysPass(1);
  ClaimsToHaveAll(&moi);
  EXPECT_THAT(moi.removed_dossiers, IsEmpty()) << "a post from later on";
}

TEST_F(HiddenDossiersToldTest, NobodyHearsOfItBySayingThatTheyReachedIt) {
  OpenSurprise();
  ASSERT_THAT(phong_.cursors, SizeIs(1));
  const AccessPlace claimed{room_.directory->DossiersOf("kv1")->newest(), false, sync::kEveryField};
  phong_.cursors[0].set_access(claimed.Packed());
  Meet({&phong_});
  ExpectNothingTold(phong_);
  // Who did is told that it has left.
  Give("le", PostOf("le", "kv1", v1::CAPACITY_DEP, 0, 0, {"*"}));
  SealedPhone le{"le"};
  room_.Enrol(&le);
  Meet({&le});
  EXPECT_THAT(HeldOf(le, kVisit), SizeIs(2));
  ASSERT_THAT(End("le", 1, kToday), IsOk());
  ASSERT_THAT(Put(PostOf("le", "kv1", v1::CAPACITY_KSV, kToday + 1)), IsOk());
  DaysPass(1);
  Meet({&le});
  EXPECT_THAT(HeldOf(le, kVisit), IsEmpty());
  EXPECT_THAT(le.removed_dossiers, ElementsAre(RecordNamed("v").str()));
}

}  // namespace
}  // namespace sotay::server
