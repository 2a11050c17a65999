// What the access log says that a phone or a list was shown, where dossiers are for some people
// only: nobody is named for what they were not sent.
#include "server/shown.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/access_log.h"
#include "server/access_reading.h"
#include "tests/server/dossiers_room.h"

namespace sotay::server {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;
using ::testing::SizeIs;
using tests::IsOk;
using tests::NewCase;
using tests::Note;
using tests::RecordNamed;
using tests::SealedPhone;

// Cases k and m whose records came in turn: k, m, k1, m1, k2, each at a place of its own.
class ShownTest : public DossiersRoom {
 protected:
  ShownTest() {
    for (SealedPhone* phone : {&dam_, &que_}) {
      Enrol(phone, PostOf(phone->user_id(), "kv1", v1::CAPACITY_KSV));
    }
    dam_.Write("k", {NewCase("k")});
    dam_.Write("m", {NewCase("m")});
    dam_.Write("k", {Note("k1").Says("một")});
    dam_.Write("m", {Note("m1").Says("hai")});
    dam_.Write("k", {Note("k2").Says("ba")});
    room_.Exchange(&dam_);
    room_.Exchange(&que_);
    log_ = std::make_unique<AccessLog>(room_.store.get(), room_.hub.get(),
                                       [this] { return room_.now_ms; });
    // Long enough that what is read now was not read before.
    room_.now_ms += 10 * 60'000;
  }

  // Everything a phone is sent, noted as the service does.
  void Pull(SealedPhone* phone) {
    for (bool more = true; more;) {
      const Caller caller = room_.CallerOf(*phone);
      const auto prepared = room_.exchange->Prepare(caller, phone->Pull(), room_.now_ms);
      ASSERT_THAT(prepared, IsOk());
      v1::AccessEntry asked;
      asked.set_kind(v1::ACCESS_KIND_FEED);
      const auto response = log_->Answer(caller, asked, [&](ShownParts* shown) {
        return room_.exchange->Answer(*prepared, nullptr, room_.now_ms, shown);
      });
      ASSERT_THAT(response, IsOk());
      phone->Take(*response);
      more = response->more();
      room_.now_ms += 1'000;
    }
  }
  void List(const SealedPhone& phone) {
    const Caller caller = room_.CallerOf(phone);
    v1::AccessEntry asked;
    asked.set_kind(v1::ACCESS_KIND_LIST);
    ASSERT_THAT(log_->Answer(caller, asked,
                             [&](ShownParts* shown) {
                               return room_.supervision->ListRecords(
                                   *caller.person, v1::ListRecordsRequest(), shown);
                             }),
                IsOk());
  }
  // Who the log says was shown the record, as the unit's head is told.
  std::set<std::string> ReadersOf(const std::string& record) {
    log_->Tick();
    while (room_.hub->RunOnce()) {
    }
    const AccessReading reading(room_.directory.get(), room_.store.get(), room_.supervision.get(),
                                tests::CaseworkSchema().get());
    v1::ListAccessRequest request;
    request.set_record_id(RecordNamed(record).str());
    const auto listed = reading.ListAccess(*DossiersRoom::Of("ngu"), request);
    EXPECT_THAT(listed, IsOk());
    std::set<std::string> readers;
    for (const v1::AccessEntry& read : listed->entries()) readers.insert(read.user_id());
    return readers;
  }
  SealedPhone Fresh(const std::string& user) {
    SealedPhone phone(user);
    Enrol(&phone, PostOf(user, "kv1", v1::CAPACITY_KSV));
    return phone;
  }

  SealedPhone dam_{"dam"};
  SealedPhone que_{"que"};
  std::unique_ptr<AccessLog> log_;
};

TEST_F(ShownTest, WhoWasSentWhatStandsAroundItIsNotNamed) {
  ASSERT_THAT(Restrict("ngu", "k", {{"que", 0}}), IsOk());
  SealedPhone binh = Fresh("binh");
  Pull(&binh);
  ASSERT_THAT(HeldOf(binh, {"k", "k1", "k2", "m", "m1"}), ElementsAre("m", "m1"));
  for (const std::string theirs : {"m", "m1"}) EXPECT_THAT(ReadersOf(theirs), Contains("binh"));
  for (const std::string others : {"k", "k1", "k2"}) {
    EXPECT_THAT(ReadersOf(others), Not(Contains("binh"))) << others;
  }
  SealedPhone second("que");
  room_.Enrol(&second);
  Pull(&second);
  EXPECT_THAT(ReadersOf("k1"), ElementsAre("que"));
}

TEST_F(ShownTest, NorIsWhoListedWhatStandsAroundIt) {
  ASSERT_THAT(Restrict("ngu", "k", {{"que", 0}}), IsOk());
  List(dam_);
  for (const std::string theirs : {"m", "m1"}) EXPECT_THAT(ReadersOf(theirs), ElementsAre("dam"));
  for (const std::string others : {"k", "k1", "k2"}) {
    EXPECT_THAT(ReadersOf(others), Not(Contains("dam"))) << others;
  }
}

TEST_F(ShownTest, WhoIsSentADossierIsNamedForNothingBesideIt) {
  ASSERT_THAT(Restrict("ngu", "k", {{"dam", 0}}), IsOk());
  Pull(&que_);
  ASSERT_THAT(Restrict("ngu", "k", {{"dam", 0}, {"que", 0}}), IsOk());
  Pull(&que_);
  for (const std::string sent : {"k", "k1", "k2"}) EXPECT_THAT(ReadersOf(sent), ElementsAre("que"));
  for (const std::string beside : {"m", "m1"}) {
    EXPECT_THAT(ReadersOf(beside), Not(Contains("que"))) << beside;
  }
}

// However often it changes from one to the other, a page can be noted, and so be sent.
TEST_F(ShownTest, APageHasNoMorePartsThanCanBeNoted) {
  constexpr int kTurns = 2'500;
  for (int i = 0; i < kTurns; ++i) {
    dam_.Write("k", {Note(absl::StrCat("kk", i)).Says("x")});
    dam_.Write("m", {Note(absl::StrCat("mm", i)).Says("y")});
    if (i % 400 == 0) room_.Exchange(&dam_);
  }
  room_.Exchange(&dam_);
  ASSERT_THAT(Restrict("ngu", "k", {{"que", 0}}), IsOk());
  SealedPhone binh = Fresh("binh");
  Pull(&binh);
  EXPECT_THAT(binh.Held(), SizeIs(kTurns + 2));
  EXPECT_THAT(ReadersOf("mm7"), Contains("binh"));
  EXPECT_THAT(ReadersOf("kk7"), Not(Contains("binh")));
}

}  // namespace
}  // namespace sotay::server
