// By which line of the table each change of a history was admitted, told when somebody reads it;
// and what is told where that is not known any more.
#include "server/admission_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "server/rules_noted.h"
#include "tests/server/quarantine_room.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {
namespace {

using casework::v1::NOTE_STATE_RETURNED;
using casework::v1::NOTE_STATE_SUBMITTED;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::Case;
using tests::IsOk;
using tests::Note;
using tests::RecordNamed;
using tests::SealedPhone;

class AdmissionLinesTest : public QuarantineRoom {
 protected:
  AdmissionLinesTest() {
    // What came until here came before servers noted their table.
    room_.now_ms += 60'000;
    NoteTable();
  }
  // As a server does that starts with this table.
  void NoteTable() {
    room_.now_ms += 1'000;
    Tables tables;
    tables.meta = room_.directory->meta();
    ASSERT_THAT(NoteRules(room_.store.get(), room_.directory->rules(), room_.now_ms, &tables),
                IsOk());
    ASSERT_THAT(room_.Open(), IsOk());
    room_.now_ms += 1'000;
  }
  void GoBy(const std::string& table) {
    room_.rules = ::testing::TempDir() + "admission_lines.rules";
    std::ofstream(room_.rules, std::ios::trunc) << table;
    ASSERT_THAT(room_.Open(), IsOk());
    NoteTable();
  }
  void Send(SealedPhone* phone, const sync::RecordWish& wish) {
    room_.now_ms += 1'000;
    room_.Exchange(phone);
    phone->Write("k", {wish});
    room_.Exchange(phone);
  }
  // "ksv.work 2026.7", or what is told instead, in order of position.
  std::vector<std::string> Told(const std::string& record, const std::string& by = "ngu") {
    v1::GetRecordRequest request;
    request.set_record_id(RecordNamed(record).str());
    request.set_history_size(100);
    const auto response = room_.supervision->GetRecord(*Of(by), request);
    EXPECT_THAT(response, IsOk());
    std::vector<std::string> told;
    for (const v1::LogEntry& entry : response->history()) {
      v1::AdmissionLine line;
      EXPECT_TRUE(line.ParseFromString(entry.SerializeAsString()));
      told.push_back(line.told() == v1::LINE_TOLD_BY_LINES
                         ? absl::StrCat(absl::StrJoin(line.lines(), "+"), " ", line.table())
                         : v1::LineTold_Name(line.told()).substr(sizeof("LINE_TOLD")));
    }
    return told;
  }
};

TEST_F(AdmissionLinesTest, NamesTheLineOfEachChange) {
  Send(&nguyet_, Note("m").Says("hai"));
  Send(&nguyet_, Note("m").Moves(NOTE_STATE_SUBMITTED));
  SealedPhone ngu("ngu", "kv1", tests::kSupervisor);
  room_.Enrol(&ngu);
  Send(&ngu, Note("m").Moves(NOTE_STATE_RETURNED));
  SealedPhone ha("ha");
  Enrol(&ha, PostOf("ha", "kv1", v1::CAPACITY_KTV));
  Send(&ha, Note("m").Says("hai, ba"));
  EXPECT_THAT(Told("m"), ElementsAre("ksv.work 2026.7", "ksv.work 2026.7", "head.work 2026.7",
                                     "ktv.work 2026.7"));
  EXPECT_THAT(Told("n"), ElementsAre("TABLE_NOT_NOTED"));
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(AdmissionLinesTest, IsTheOneOfThatDayWhateverPostsThereAreNow) {
  SealedPhone ha("ha");
  Enrol(&ha, PostOf("ha", "kv1", v1::CAPACITY_KTV));
  Send(&ha, Note("n").Says("hai"));
  room_.now_ms += 60'000;
  ASSERT_THAT(End("ha", 1, kToday), IsOk());
  DaysPass(1);
  ASSERT_THAT(Put(PostOf("ha", "kv1", v1::CAPACITY_KSV)), IsOk());
  EXPECT_THAT(Told("n"), ElementsAre("TABLE_NOT_NOTED", "ktv.work 2026.7"));
  // Of memberships nobody notes since when they are.
  Send(&que_, Note("n").Says("ba"));
  Suspend(que_);
  EXPECT_THAT(Told("n"), ElementsAre("TABLE_NOT_NOTED", "ktv.work 2026.7", "POSTS_CHANGED"));
}

TEST_F(AdmissionLinesTest, SaysThatTheTableWasReplaced) {
  Send(&nguyet_, Note("m").Says("hai"));
  GoBy(absl::StrReplaceAll(BuiltInRules(), {{"version 2026.7", "version 2026.8-rieng"},
                                            {"rule ksv.work ", "rule ksv.viec "}}));
  Send(&nguyet_, Note("m").Says("hai, ba"));
  EXPECT_THAT(Told("m"), ElementsAre("TABLE_REPLACED", "ksv.viec 2026.8-rieng"));
  // One that comes back is the same table again.
  room_.rules.clear();
  ASSERT_THAT(room_.Open(), IsOk());
  NoteTable();
  Send(&nguyet_, Note("m").Says("hai, ba, bốn"));
  EXPECT_THAT(Told("m"), ElementsAre("ksv.work 2026.7", "TABLE_REPLACED", "ksv.work 2026.7"));
  // Which is noted once, however often a server starts with it.
  NoteTable();
  stored::v1::RulesNoted noted;
  ASSERT_TRUE(noted.ParseFromString(room_.directory->meta().SerializeAsString()));
  EXPECT_THAT(noted.tables(), SizeIs(3));
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(AdmissionLinesTest, SaysThatAPersonTookItIn) {
  nguyet_.Write("k", {Note("m").Says("hai")});
  room_.Revoke(nguyet_);
  ASSERT_THAT(room_.Sync(nguyet_, nguyet_.Request(2, 2)), IsOk());
  ASSERT_THAT(Take(room_.Quarantine("kv1")[0]), IsOk());
  EXPECT_THAT(Told("m"), ElementsAre("TAKEN_IN"));
}

TEST_F(AdmissionLinesTest, GuessesNoFieldOfWorkOfADossierThatChanged) {
  Send(&nguyet_, Note("m").Says("hai"));
  Send(&nguyet_, Note("m").Moves(NOTE_STATE_SUBMITTED));
  SealedPhone duoc("duoc", "kv1", tests::kSupervisor);
  Enrol(&duoc, PostOf("duoc", "kv1", v1::CAPACITY_DEP, 0, 0, {"hinh_su"}));
  Send(&duoc, Note("m").Moves(NOTE_STATE_RETURNED));
  EXPECT_THAT(Told("m"), ElementsAre("ksv.work 2026.7", "ksv.work 2026.7", "dep.decide 2026.7"));
  Send(&nguyet_, Case("k").Set(casework::v1::Case::kTitleFieldNumber, "Vụ khác"));
  EXPECT_THAT(Told("m"), ElementsAre("ksv.work 2026.7", "ksv.work 2026.7", "DOSSIER_CHANGED"));
}

// The entries a device carries, and a proof, have the server's bytes and nothing beside them.
TEST_F(AdmissionLinesTest, IsToldWhoReadsARecordAndStandsInNoLog) {
  Send(&nguyet_, Note("m").Says("hai"));
  v1::ListRecordHistoryRequest request;
  request.set_record_id(RecordNamed("m").str());
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto history,
                             room_.supervision->ListRecordHistory(*Of("que"), request));
  ASSERT_THAT(history.entries(), SizeIs(1));
  v1::AdmissionLine line;
  ASSERT_TRUE(line.ParseFromString(history.entries(0).SerializeAsString()));
  EXPECT_EQ(line.told(), v1::LINE_TOLD_UNSPECIFIED);
}

}  // namespace
}  // namespace sotay::server
