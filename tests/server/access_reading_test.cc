// Who sees who has read what.
#include "server/access_reading.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/access_log.h"
#include "server/refusal.h"
#include "tests/server/server_room.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {
namespace {

using options::v1::ROLE_SUPERVISOR;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using tests::IsOk;
using tests::NewCase;
using tests::Note;
using tests::RecordNamed;
using tests::SealedPhone;
using tests::ServerRoom;
using tests::StatusIs;

// Two members of kv1, of whom Nguyệt has begun a dossier; a head of kv1, one of the unit above, and
// a member of the unit beside it.
class AccessReadingTest : public ::testing::Test {
 protected:
  AccessReadingTest()
      : nguyet_("nguyet"),
        dam_("dam"),
        trieu_("trieu", "kv1", {ROLE_SUPERVISOR}),
        quoc_("quoc", "tinh", {ROLE_SUPERVISOR}),
        an_("an", "kv2") {
    room_.Enrol(&nguyet_);
    room_.Enrol(&dam_);
    room_.Enrol(&trieu_);
    // Of units below alone a head would not see drafts.
    room_.AddUser("quoc", {{"tinh", ROLE_SUPERVISOR}, {"kv1", ROLE_SUPERVISOR}});
    room_.Enrol(&quoc_, "tinh");
    room_.Enrol(&an_, "kv2");
    nguyet_.Write("k", {NewCase("k"), Note("n").Says("một")});  // position 1
    room_.Exchange(&nguyet_);
    Wait();
    dam_.Take(*room_.Sync(dam_, dam_.Pull()));
    dam_.Write("k", {Note("m").Says("hai")});  // position 2
    room_.Exchange(&dam_);
    Wait();
    log_ = std::make_unique<AccessLog>(room_.store.get(), room_.hub.get(),
                                       [this] { return room_.now_ms; });
    reading_ =
        std::make_unique<AccessReading>(room_.directory.get(), room_.store.get(),
                                        room_.supervision.get(), tests::CaseworkSchema().get());
  }

  // Long enough that what comes after it cannot be taken for what came before.
  void Wait() { room_.now_ms += 10 * 60'000; }
  void RunHub() {
    while (room_.hub->RunOnce()) {
    }
  }
  // Reads as the service does, and has it written.
  void Get(const SealedPhone& phone, const std::string& id) {
    v1::GetRecordRequest request;
    request.set_record_id(id);
    v1::AccessEntry asked;
    asked.set_kind(v1::ACCESS_KIND_RECORD);
    asked.set_record_id(id);
    const Caller caller = room_.CallerOf(phone);
    (void)log_->Answer(caller, asked, [&](ShownParts* shown) {
      return room_.supervision->GetRecord(*caller.person, request, shown);
    });
    log_->Tick();
    RunHub();
    Wait();
  }
  void List(const SealedPhone& phone, const std::string& type = "", int size = 50) {
    v1::ListRecordsRequest request;
    request.set_type(type);
    request.set_page_size(size);
    v1::AccessEntry asked;
    asked.set_kind(v1::ACCESS_KIND_LIST);
    asked.set_type(type);
    const Caller caller = room_.CallerOf(phone);
    EXPECT_THAT(log_->Answer(caller, asked,
                             [&](ShownParts* shown) {
                               return room_.supervision->ListRecords(*caller.person, request,
                                                                     shown);
                             })
                    .status(),
                IsOk());
    log_->Tick();
    RunHub();
    Wait();
  }
  absl::StatusOr<v1::ListAccessResponse> Ask(const std::string& user,
                                             const v1::ListAccessRequest& request) {
    return reading_->ListAccess(*room_.directory->FindPerson(user), request);
  }
  static v1::ListAccessRequest OfRecord(const std::string& name) {
    v1::ListAccessRequest request;
    request.set_record_id(RecordNamed(name).str());
    return request;
  }
  static v1::ListAccessRequest OfUnit(const std::string& unit) {
    v1::ListAccessRequest request;
    request.set_unit_id(unit);
    return request;
  }
  // "quoc RECORD", the newest first.
  std::vector<std::string> Told(const std::string& user, v1::ListAccessRequest request,
                                int size = 0) {
    request.set_page_size(size);
    std::vector<std::string> told;
    do {
      const auto page = Ask(user, request);
      EXPECT_THAT(page, IsOk());
      if (!page.ok() || told.size() > 100) break;
      for (const v1::AccessEntry& read : page->entries()) {
        const std::string kind = v1::AccessKind_Name(read.kind());
        told.push_back(absl::StrCat(read.user_id(), " ", kind.substr(sizeof("ACCESS_KIND")),
                                    read.rule() == v1::ACCESS_RULE_REFUSED ? " refused" : ""));
      }
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return told;
  }

  ServerRoom room_;
  SealedPhone nguyet_, dam_, trieu_, quoc_, an_;
  std::unique_ptr<AccessLog> log_;
  std::unique_ptr<AccessReading> reading_;
};

TEST_F(AccessReadingTest, WhoeverBeganARecordSeesWhoReadIt) {
  Get(quoc_, RecordNamed("n").str());
  Get(dam_, RecordNamed("n").str().substr(0, 4));
  Get(dam_, RecordNamed("m").str());
  EXPECT_THAT(Told("nguyet", OfRecord("n")), ElementsAre("dam RECORD", "quoc RECORD"));
  EXPECT_THAT(Told("dam", OfRecord("m")), ElementsAre("dam RECORD"));
  for (const char* supervisor : {"trieu", "quoc"}) {
    EXPECT_THAT(Told(supervisor, OfRecord("n")), ElementsAre("dam RECORD", "quoc RECORD"));
  }
}

TEST_F(AccessReadingTest, NobodyElseDoes) {
  Get(quoc_, RecordNamed("n").str());
  // Another member may read the record, but not who has read it.
  const absl::Status member = Ask("dam", OfRecord("n")).status();
  EXPECT_THAT(member, StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_EQ(DetailOf(member).reason(), v1::REASON_ROLE_MAY_NOT);
  EXPECT_THAT(Ask("nguyet", OfUnit("kv1")).status(), StatusIs(absl::StatusCode::kPermissionDenied));
  // What is not theirs is not there.
  for (const char* user : {"an", "khoa"}) {
    const absl::Status hidden = Ask(user, OfRecord("n")).status();
    EXPECT_THAT(hidden, StatusIs(absl::StatusCode::kNotFound)) << user;
    EXPECT_EQ(hidden, Ask(user, OfRecord("never")).status());
    const absl::Status closed = Ask(user, OfUnit("kv1")).status();
    EXPECT_THAT(closed, StatusIs(absl::StatusCode::kNotFound)) << user;
    EXPECT_EQ(closed, Ask(user, OfUnit("never")).status());
  }
  EXPECT_THAT(Ask("trieu", OfUnit("tinh")).status(), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Ask("trieu", v1::ListAccessRequest()).status(),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(AccessReadingTest, ARefusedReadIsTellableByThoseWhoseRecordItIsAndByTheReadersOwnHead) {
  room_.AddUser("head2", {{"kv2", ROLE_SUPERVISOR}});
  Get(an_, RecordNamed("n").str());
  Get(an_, RecordNamed("nobodys").str());
  Get(quoc_, RecordNamed("n").str());
  EXPECT_THAT(Told("nguyet", OfRecord("n")), ElementsAre("quoc RECORD", "an RECORD refused"));
  EXPECT_THAT(Told("trieu", OfUnit("kv1")), ElementsAre("quoc RECORD", "an RECORD refused"));
  EXPECT_THAT(Told("head2", OfUnit("kv2")), ElementsAre("an RECORD refused", "an RECORD refused"));
  // The answer to whoever asked is the same, whether anything is there.
  const auto rows = Ask("head2", OfUnit("kv2"));
  ASSERT_THAT(rows, IsOk());
  for (const v1::AccessEntry& read : rows->entries()) {
    EXPECT_EQ(read.unit_id(), "");
    EXPECT_EQ(read.shown(), 0u);
  }
}

TEST_F(AccessReadingTest, AListShowsWhatStoodOnIt) {
  List(quoc_, "", 1);  // m alone, at position 2
  EXPECT_THAT(Told("nguyet", OfRecord("n")), IsEmpty());
  EXPECT_THAT(Told("dam", OfRecord("m")), ElementsAre("quoc LIST"));
  List(quoc_);
  EXPECT_THAT(Told("nguyet", OfRecord("n")), ElementsAre("quoc LIST"));
  List(trieu_, "case");
  EXPECT_THAT(Told("nguyet", OfRecord("n")), ElementsAre("quoc LIST")) << "a note is no case";
  EXPECT_THAT(Told("nguyet", OfRecord("k")), ElementsAre("trieu LIST", "quoc LIST"));
}

TEST_F(AccessReadingTest, ARecordStandsWhereItStoodThen) {
  nguyet_.Write("k", {Note("n").Says("ba")});  // n moves from 1 to 3
  room_.Exchange(&nguyet_);
  Wait();
  List(quoc_, "note", 1);  // n, at 3
  EXPECT_THAT(Told("nguyet", OfRecord("n")), ElementsAre("quoc LIST"));
  EXPECT_THAT(Told("dam", OfRecord("m")), IsEmpty());
  // A list of what stood below says nothing of a record that had left its place there.
  v1::AccessEntry asked;
  asked.set_kind(v1::ACCESS_KIND_LIST);
  ASSERT_THAT(log_->Note(room_.CallerOf(trieu_), asked, {{"kv1", "", 1, 2, 2}}, absl::OkStatus()),
              IsOk());
  log_->Tick();
  RunHub();
  EXPECT_THAT(Told("nguyet", OfRecord("n")), ElementsAre("quoc LIST"));
  EXPECT_THAT(Told("dam", OfRecord("m")), ElementsAre("trieu LIST"));
}

TEST_F(AccessReadingTest, WhatADeviceWasGivenIsToldUnitByUnit) {
  const Caller caller = room_.CallerOf(dam_);
  SealedPhone fresh("dam", "kv1");
  room_.Enrol(&fresh);
  SOTAY_ASSERT_OK_AND_ASSIGN(
      const PreparedSync prepared,
      room_.exchange->Prepare(room_.CallerOf(fresh), fresh.Pull(), room_.now_ms));
  v1::AccessEntry asked;
  asked.set_kind(v1::ACCESS_KIND_FEED);
  const auto answered = log_->Answer(room_.CallerOf(fresh), asked, [&](ShownParts* shown) {
    return room_.exchange->Answer(prepared, nullptr, room_.now_ms, shown);
  });
  ASSERT_THAT(answered, IsOk());
  log_->Tick();
  RunHub();
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto page, Ask("trieu", OfUnit("kv1")));
  ASSERT_EQ(page.entries_size(), 1);
  EXPECT_EQ(page.entries(0).device_id(), fresh.device().str());
  EXPECT_EQ(page.entries(0).kind(), v1::ACCESS_KIND_FEED);
  EXPECT_EQ(page.entries(0).from(), 1u);
  EXPECT_EQ(page.entries(0).to(), 2u);
  EXPECT_EQ(page.entries(0).shown(), 3u);
  EXPECT_THAT(Told("nguyet", OfRecord("n")), ElementsAre("dam FEED"));
}

TEST_F(AccessReadingTest, PagesGiveEveryRowOnce) {
  for (int i = 0; i < 3; ++i) {
    Get(dam_, RecordNamed("n").str());
    Get(an_, RecordNamed("n").str());
  }
  Get(quoc_, RecordNamed("n").str());
  const auto all = ElementsAre("quoc RECORD", "dam RECORD", "dam RECORD", "dam RECORD",
                               "an RECORD refused", "an RECORD refused", "an RECORD refused");
  for (int size = 1; size <= 8; ++size) {
    EXPECT_THAT(Told("nguyet", OfRecord("n"), size), all) << "pages of " << size;
    EXPECT_THAT(Told("trieu", OfUnit("kv1"), size), all) << "pages of " << size;
  }
  // A token is good for its own question only.
  v1::ListAccessRequest request = OfRecord("n");
  request.set_page_size(1);
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto page, Ask("trieu", request));
  v1::ListAccessRequest other = OfUnit("kv1");
  other.set_page_token(page.next_page_token());
  EXPECT_THAT(Ask("trieu", other).status(), StatusIs(absl::StatusCode::kInvalidArgument));
  request.set_page_size(501);
  EXPECT_THAT(Ask("trieu", request).status(), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace sotay::server
