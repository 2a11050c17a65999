#include "server/supervision.h"

#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/refusal.h"
#include "sync/seal/packed_history.h"
#include "tests/server/server_room.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {
namespace {

using options::v1::ROLE_ADMINISTRATOR;
using options::v1::ROLE_PROSECUTOR;
using options::v1::ROLE_SUPERVISOR;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::IsOk;
using tests::NewCase;
using tests::Note;
using tests::RecordNamed;
using tests::SealedPhone;
using tests::ServerRoom;
using tests::StatusIs;

std::string NameIn(const v1::FeedRecord& fed) {
  const auto record = sync::MergedRecord::Parse(*tests::CaseworkSchema(), fed.record());
  EXPECT_TRUE(record.ok());
  const std::string padded = record->id().str();
  return padded.substr(0, padded.find('.'));
}

template <typename Response>
std::vector<std::string> NamesIn(const Response& response) {
  std::vector<std::string> names;
  for (const v1::FeedRecord& record : response.records()) names.push_back(NameIn(record));
  return names;
}

// An office with a writer in each of two units, and readers above and beside them.
class SupervisionTest : public ::testing::Test {
 protected:
  SupervisionTest() : nguyet_("nguyet"), an_("an", "kv2") {
    room_.Enrol(&nguyet_);
    room_.Enrol(&an_, "kv2");
    // Of units below alone a head would not see drafts (posts_test.cc).
    room_.AddUser("quoc",
                  {{"tinh", ROLE_SUPERVISOR}, {"kv1", ROLE_SUPERVISOR}, {"kv2", ROLE_SUPERVISOR}});
    room_.AddUser("trieu", {{"kv1", ROLE_SUPERVISOR}});
    nguyet_.Write("k1", {NewCase("k1")});
    nguyet_.Write("k1", {Note("n1").Says("một")});
    nguyet_.Write("k1",
                  {Note("n2").Says("hai"), Note("n1").Moves(casework::v1::NOTE_STATE_SUBMITTED)});
    room_.Exchange(&nguyet_);
    an_.Write("k2", {NewCase("k2"), Note("n3").Says("ba")});
    room_.Exchange(&an_);
  }
  const Person& PersonNamed(const std::string& user) {
    held_ = room_.directory->FindPerson(user);
    return *held_;
  }
  Supervision& supervision() { return *room_.supervision; }

  ServerRoom room_;
  SealedPhone nguyet_;
  SealedPhone an_;
  std::shared_ptr<const Person> held_;
};

TEST_F(SupervisionTest, ListsTheNewestFirstWithinAUnit) {
  v1::ListRecordsRequest request;
  SOTAY_ASSERT_OK_AND_ASSIGN(auto response,
                             supervision().ListRecords(PersonNamed("trieu"), request));
  EXPECT_THAT(NamesIn(response), ElementsAre("n2", "n1", "k1"));
  EXPECT_EQ(response.next_page_token(), "");
}

TEST_F(SupervisionTest, FiltersByTypeStateAndDossier) {
  const Person& quoc = PersonNamed("quoc");
  v1::ListRecordsRequest request;
  request.set_type("note");
  SOTAY_ASSERT_OK_AND_ASSIGN(auto notes, supervision().ListRecords(quoc, request));
  EXPECT_THAT(NamesIn(notes), ElementsAre("n2", "n1", "n3"));
  request.set_state("NOTE_STATE_SUBMITTED");
  SOTAY_ASSERT_OK_AND_ASSIGN(auto submitted, supervision().ListRecords(quoc, request));
  EXPECT_THAT(NamesIn(submitted), ElementsAre("n1"));
  // As born and as returned read the same, and are found the same.
  request.set_state("NOTE_STATE_DRAFT");
  SOTAY_ASSERT_OK_AND_ASSIGN(auto drafts, supervision().ListRecords(quoc, request));
  EXPECT_THAT(NamesIn(drafts), ElementsAre("n2", "n3"));
  request.Clear();
  request.set_dossier_id(RecordNamed("k2").str());
  SOTAY_ASSERT_OK_AND_ASSIGN(auto dossier, supervision().ListRecords(quoc, request));
  EXPECT_THAT(NamesIn(dossier), ElementsAre("n3", "k2"));
  for (const auto& spoil : std::vector<std::function<void(v1::ListRecordsRequest*)>>{
           [](auto* r) { r->set_type("nothing"); }, [](auto* r) { r->set_state("NOTHING"); },
           [](auto* r) { r->set_dossier_id("short"); }, [](auto* r) { r->set_page_size(501); },
           [](auto* r) { r->set_page_size(-1); }, [](auto* r) { r->set_page_token("?"); },
           [](auto* r) { r->set_page_token("AAAA"); }}) {
    v1::ListRecordsRequest bad;
    spoil(&bad);
    EXPECT_THAT(supervision().ListRecords(quoc, bad).status(),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

TEST_F(SupervisionTest, PagesGiveEveryRecordOnceAcrossUnits) {
  const Person& quoc = PersonNamed("quoc");
  for (int size = 1; size <= 6; ++size) {
    v1::ListRecordsRequest request;
    request.set_page_size(size);
    std::vector<std::string> names;
    int pages = 0;
    do {
      SOTAY_ASSERT_OK_AND_ASSIGN(auto page, supervision().ListRecords(quoc, request));
      ASSERT_LE(page.records_size(), size);
      for (const std::string& name : NamesIn(page)) names.push_back(name);
      request.set_page_token(page.next_page_token());
      ASSERT_LT(++pages, 10);
    } while (!request.page_token().empty());
    EXPECT_THAT(names, ElementsAre("n2", "n1", "k1", "n3", "k2")) << "pages of " << size;
  }
  // A token is good for its own question only.
  v1::ListRecordsRequest request;
  request.set_page_size(1);
  SOTAY_ASSERT_OK_AND_ASSIGN(auto page, supervision().ListRecords(quoc, request));
  request.set_type("note");
  request.set_page_token(page.next_page_token());
  EXPECT_THAT(supervision().ListRecords(quoc, request).status(),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(SupervisionTest, WhatIsNotTheirsIsNotThere) {
  v1::ListRecordsRequest list;
  list.set_unit_id("kv2");
  const absl::Status others = supervision().ListRecords(PersonNamed("trieu"), list).status();
  list.set_unit_id("never");
  const absl::Status nowhere = supervision().ListRecords(PersonNamed("trieu"), list).status();
  EXPECT_THAT(others, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(others, nowhere) << "the two must not be told apart";

  v1::GetRecordRequest get;
  get.set_record_id(RecordNamed("n3").str());
  const absl::Status hidden = supervision().GetRecord(PersonNamed("trieu"), get).status();
  get.set_record_id(RecordNamed("nn").str());
  EXPECT_EQ(hidden, supervision().GetRecord(PersonNamed("trieu"), get).status());
  v1::ListRecordHistoryRequest history;
  history.set_record_id(RecordNamed("n3").str());
  EXPECT_EQ(hidden, supervision().ListRecordHistory(PersonNamed("trieu"), history).status());
  // Nor does an administrator see any of it.
  v1::ListRecordsRequest all;
  SOTAY_ASSERT_OK_AND_ASSIGN(auto none, supervision().ListRecords(PersonNamed("khoa"), all));
  EXPECT_EQ(none.records_size(), 0);
}

TEST_F(SupervisionTest, GivesARecordByTheBeginningOfItsIdWithItsNewestHistory) {
  v1::GetRecordRequest request;
  request.set_record_id(RecordNamed("n1").str().substr(0, 4));
  request.set_history_size(1);
  SOTAY_ASSERT_OK_AND_ASSIGN(auto got, supervision().GetRecord(PersonNamed("quoc"), request));
  EXPECT_EQ(NameIn(got.record()), "n1");
  ASSERT_EQ(got.history_size(), 1);
  EXPECT_EQ(got.history(0).admission().position(), 3u);
  request.set_history_size(500);
  SOTAY_ASSERT_OK_AND_ASSIGN(got, supervision().GetRecord(PersonNamed("quoc"), request));
  ASSERT_EQ(got.history_size(), 2);
  EXPECT_EQ(got.history(0).admission().position(), 2u);
  request.set_record_id("abc");
  EXPECT_THAT(supervision().GetRecord(PersonNamed("quoc"), request).status(),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(SupervisionTest, AmbiguousBeginningsAreRefusedOnlyWithinTheCallersUnits) {
  nguyet_.Write("k1", {Note("same-a").Says("một")});
  room_.Exchange(&nguyet_);
  an_.Write("k2", {Note("same-b").Says("hai")});
  room_.Exchange(&an_);
  v1::GetRecordRequest request;
  request.set_record_id("same");
  EXPECT_THAT(supervision().GetRecord(PersonNamed("quoc"), request).status(),
              StatusIs(absl::StatusCode::kInvalidArgument));
  SOTAY_ASSERT_OK_AND_ASSIGN(auto got, supervision().GetRecord(PersonNamed("trieu"), request));
  EXPECT_EQ(NameIn(got.record()), "same-a");
}

TEST_F(SupervisionTest, HistoryComesInPagesInOrder) {
  for (int i = 0; i < 6; ++i) nguyet_.Write("k1", {Note("n1").Says("lần " + std::to_string(i))});
  room_.Exchange(&nguyet_);
  v1::ListRecordHistoryRequest request;
  request.set_record_id(RecordNamed("n1").str());
  request.set_page_size(3);
  std::vector<uint64_t> positions;
  int pages = 0;
  do {
    SOTAY_ASSERT_OK_AND_ASSIGN(auto page,
                               supervision().ListRecordHistory(PersonNamed("nguyet"), request));
    for (const v1::LogEntry& entry : page.entries()) {
      positions.push_back(entry.admission().position());
    }
    request.set_page_token(page.next_page_token());
    ASSERT_LT(++pages, 5);
  } while (!request.page_token().empty());
  EXPECT_THAT(positions, ElementsAre(2, 3, 4, 5, 6, 7, 8, 9));
  EXPECT_EQ(pages, 3);
}

TEST_F(SupervisionTest, PackedHistorySaysTheSame) {
  for (int i = 0; i < 6; ++i) nguyet_.Write("k1", {Note("n1").Says("lần " + std::to_string(i))});
  room_.Exchange(&nguyet_);
  v1::ListRecordHistoryRequest request;
  request.set_record_id(RecordNamed("n1").str());
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto whole,
                             supervision().ListRecordHistory(PersonNamed("nguyet"), request));
  EXPECT_FALSE(whole.has_packed());
  request.set_packed(sync::kHistoryVersion - 1);  // which is written no more
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto earlier,
                             supervision().ListRecordHistory(PersonNamed("nguyet"), request));
  EXPECT_FALSE(earlier.has_packed());
  EXPECT_EQ(earlier.entries_size(), whole.entries_size());
  request.set_packed(sync::kHistoryVersion + 1);
  for (const int size : {0, 3}) {
    request.set_page_size(size);
    std::vector<sync::AdmittedEdit> edits;
    int pages = 0;
    do {
      SOTAY_ASSERT_OK_AND_ASSIGN(const auto page,
                                 supervision().ListRecordHistory(PersonNamed("nguyet"), request));
      EXPECT_EQ(page.entries_size(), 0);
      SOTAY_ASSERT_OK_AND_ASSIGN(const auto part,
                                 seal::UnpackHistory(page.packed(), RecordNamed("n1")));
      edits.insert(edits.end(), part.begin(), part.end());
      request.set_page_token(page.next_page_token());
      ASSERT_LT(++pages, 5);
    } while (!request.page_token().empty());
    EXPECT_EQ(pages, size == 0 ? 1 : 3);
    ASSERT_EQ(edits.size(), static_cast<size_t>(whole.entries_size()));
    for (size_t i = 0; i < edits.size(); ++i) {
      const v1::LogEntry& entry = whole.entries(static_cast<int>(i));
      const auto told = sync::AdmittedEditOf(entry, RecordNamed("n1"));
      EXPECT_EQ(edits[i].change.view(), entry.change_id());
      EXPECT_EQ(edits[i].edit.SerializeAsString(), told->edit.SerializeAsString());
      EXPECT_EQ(edits[i].admission.SerializeAsString(), told->admission.SerializeAsString());
    }
  }
}

TEST_F(SupervisionTest, ListsConflictsAlone) {
  SealedPhone dam("dam");
  room_.Enrol(&dam);
  room_.Exchange(&dam);
  nguyet_.Write("k1", {Note("n2").Measured("vết phanh", "4,2", "m")});
  dam.Write("k1", {Note("n2").Measured("vết phanh", "4,6", "m")});
  room_.Exchange(&nguyet_);
  room_.Exchange(&dam);
  v1::ListConflictsRequest request;
  SOTAY_ASSERT_OK_AND_ASSIGN(auto found, supervision().ListConflicts(PersonNamed("quoc"), request));
  EXPECT_THAT(NamesIn(found), ElementsAre("n2"));
  dam.Write("k1", {Note("n2").Measured("vết phanh", "4,6", "m")});
  room_.Exchange(&dam);
  SOTAY_ASSERT_OK_AND_ASSIGN(found, supervision().ListConflicts(PersonNamed("quoc"), request));
  EXPECT_THAT(NamesIn(found), IsEmpty());
}

TEST_F(SupervisionTest, QuarantineIsShownWithItsUnitOrItsAuthorsUnits) {
  v1::Change bad;
  bad.set_dossier_id(RecordNamed("k1").str());
  v1::RecordEdit* edit = bad.add_edits();
  edit->set_record_id(RecordNamed("n1").str());
  edit->set_type("casework.v1.Case");
  edit->add_parents(nguyet_.id(3).str());
  nguyet_.Forge(bad);
  nguyet_.ForgeBytes("\xff unreadable");
  room_.Exchange(&nguyet_);
  const auto reasons = [&](const std::string& user, const std::string& unit) {
    v1::ListQuarantineRequest request;
    request.set_unit_id(unit);
    request.set_page_size(1);
    std::vector<v1::Reason> all;
    do {
      const auto page = supervision().ListQuarantine(PersonNamed(user), request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      for (const v1::QuarantinedChange& change : page->changes()) all.push_back(change.reason());
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return all;
  };
  EXPECT_THAT(reasons("trieu", "kv1"), ElementsAre(v1::REASON_TYPE_MISMATCH, v1::REASON_MALFORMED));
  EXPECT_THAT(reasons("quoc", ""), SizeIs(2));
  EXPECT_THAT(reasons("an", ""), IsEmpty());
  EXPECT_THAT(reasons("quoc", "kv2"), IsEmpty());
  v1::GetRecordRequest get;
  get.set_record_id(RecordNamed("n1").str());
  SOTAY_ASSERT_OK_AND_ASSIGN(auto record, supervision().GetRecord(PersonNamed("trieu"), get));
  EXPECT_EQ(record.quarantined_size(), 1);
}

TEST_F(SupervisionTest, ListsDevicesAndUnitsOfTheCallersPart) {
  v1::ListDevicesRequest request;
  SOTAY_ASSERT_OK_AND_ASSIGN(auto devices,
                             supervision().ListDevices(PersonNamed("trieu"), request));
  ASSERT_EQ(devices.devices_size(), 1);
  EXPECT_EQ(devices.devices(0).user_id(), "nguyet");
  EXPECT_EQ(devices.devices(0).accepted_through(), 3u);
  SOTAY_ASSERT_OK_AND_ASSIGN(auto units, supervision().ListUnits(PersonNamed("quoc")));
  ASSERT_EQ(units.units_size(), 3);
  EXPECT_EQ(units.units(0).unit_id(), "tinh");
  EXPECT_EQ(units.units(1).unit_id(), "kv1");
  EXPECT_EQ(units.units(1).parent_id(), "tinh");
  EXPECT_EQ(units.units(1).position(), 3u);
  EXPECT_EQ(units.units(1).records(), 3u);
  SOTAY_ASSERT_OK_AND_ASSIGN(units, supervision().ListUnits(PersonNamed("an")));
  ASSERT_EQ(units.units_size(), 1);
  EXPECT_EQ(units.units(0).parent_id(), "") << "what is above is not theirs to see";
}

}  // namespace
}  // namespace sotay::server
