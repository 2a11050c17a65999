// What is noted, what becomes of it on disk, and what a disk that fails does to it.
#include "server/access_log.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/refusal.h"
#include "tests/server/server_room.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using tests::IsOk;
using tests::RecordNamed;
using tests::SealedPhone;
using tests::ServerRoom;
using tests::StatusIs;

class AccessLogTest : public ::testing::Test {
 protected:
  AccessLogTest() : nguyet_("nguyet"), quoc_("quoc", "tinh", {options::v1::ROLE_SUPERVISOR}) {
    room_.Enrol(&nguyet_);
    room_.Enrol(&quoc_, "tinh");
    Open();
  }
  // As a start does it.
  void Open(GatheringLimits limits = {}) {
    log_ = std::make_unique<AccessLog>(
        room_.store.get(), room_.hub.get(), [this] { return room_.now_ms; }, limits);
  }
  void Reopen() {
    log_.reset();
    ASSERT_THAT(room_.Open(), IsOk());
    Open();
  }
  absl::Status NoteRead(const SealedPhone& phone, const std::string& record,
                        const std::string& unit = "kv1") {
    v1::AccessEntry asked;
    asked.set_kind(v1::ACCESS_KIND_RECORD);
    asked.set_record_id(RecordNamed(record).str());
    Shown shown{unit, RecordNamed(record).str(), 3, 3, 1};
    return log_->Note(room_.CallerOf(phone), asked, {shown}, absl::OkStatus());
  }
  absl::Status NoteRefusal(const SealedPhone& phone, const std::string& record) {
    v1::AccessEntry asked;
    asked.set_kind(v1::ACCESS_KIND_RECORD);
    asked.set_record_id(RecordNamed(record).str());
    return log_->Note(room_.CallerOf(phone), asked, {}, NotFound("the record"));
  }
  void RunHub() {
    while (room_.hub->RunOnce()) {
    }
  }
  void Tick() {
    log_->Tick();
    RunHub();
  }
  // The newest first.
  std::vector<v1::AccessEntry> Rows(const std::string& unit) {
    std::vector<v1::AccessEntry> rows;
    EXPECT_THAT(room_.store->VisitReadsBackwards(unit, ~uint64_t{0},
                                                 [&](v1::AccessEntry read) {
                                                   rows.push_back(std::move(read));
                                                   return true;
                                                 }),
                IsOk());
    return rows;
  }
  std::vector<uint64_t> Numbers(const std::string& unit) {
    std::vector<uint64_t> numbers;
    for (const v1::AccessEntry& row : Rows(unit)) numbers.push_back(row.number());
    return numbers;
  }

  ServerRoom room_;
  SealedPhone nguyet_;
  SealedPhone quoc_;
  std::unique_ptr<AccessLog> log_;
};

TEST_F(AccessLogTest, WritesWhoReadWhatWhenAndByWhichRule) {
  ASSERT_THAT(NoteRead(nguyet_, "n"), IsOk());
  room_.now_ms += 10;
  ASSERT_THAT(NoteRead(quoc_, "n"), IsOk());
  ASSERT_THAT(NoteRefusal(nguyet_, "other"), IsOk());
  EXPECT_THAT(Rows("kv1"), IsEmpty()) << "nothing is written by the reader";
  Tick();
  const auto rows = Rows("kv1");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].number(), 2u);
  EXPECT_EQ(rows[0].at_ms(), room_.now_ms);
  EXPECT_EQ(rows[0].user_id(), "quoc");
  EXPECT_EQ(rows[0].device_id(), quoc_.device().str());
  EXPECT_EQ(rows[0].rule(), v1::ACCESS_RULE_SUPERVISOR_ABOVE);
  EXPECT_EQ(rows[0].record_id(), RecordNamed("n").str());
  EXPECT_EQ(rows[1].rule(), v1::ACCESS_RULE_MEMBER);
  const auto refused = Rows("");
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].number(), 1u);
  EXPECT_EQ(refused[0].rule(), v1::ACCESS_RULE_REFUSED);
  EXPECT_EQ(refused[0].unit_id(), "");
  EXPECT_EQ(refused[0].record_id(), RecordNamed("other").str());
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(AccessLogTest, KeepsNothingOfWhatFailedOtherwise) {
  v1::AccessEntry asked;
  asked.set_kind(v1::ACCESS_KIND_RECORD);
  EXPECT_THAT(log_->Note(room_.CallerOf(nguyet_), asked, {}, Malformed("?")), IsOk());
  EXPECT_THAT(log_->Note(room_.CallerOf(nguyet_), asked, {}, absl::OkStatus()), IsOk());
  // What cannot be the id of a unit is not kept, however long it is.
  asked.set_unit_id(std::string(100'000, 'x'));
  EXPECT_THAT(log_->Note(room_.CallerOf(nguyet_), asked, {}, NotFound("the unit")), IsOk());
  Tick();
  EXPECT_THAT(Rows("kv1"), IsEmpty());
  const auto refused = Rows("");
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].unit_id(), "");
}

TEST_F(AccessLogTest, CountsOnAfterAStart) {
  for (const char* record : {"a", "b", "a"}) {
    ASSERT_THAT(NoteRead(nguyet_, record), IsOk());
    Tick();
  }
  Reopen();
  EXPECT_THAT(Numbers("kv1"), ElementsAre(3, 2, 1));
  ASSERT_THAT(NoteRead(nguyet_, "c"), IsOk());
  ASSERT_THAT(NoteRead(quoc_, "c", "kv2"), IsOk());
  Tick();
  EXPECT_THAT(Numbers("kv1"), ElementsAre(4, 3, 2, 1));
  EXPECT_THAT(Numbers("kv2"), ElementsAre(1));
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(AccessLogTest, WritesWhatIsLeftWhenItCloses) {
  ASSERT_THAT(NoteRead(nguyet_, "a"), IsOk());
  room_.hub->Drain();
  log_->Tick();  // the hub takes nothing any more; nothing is lost by it
  log_->Close();
  EXPECT_THAT(Numbers("kv1"), ElementsAre(1));
}

TEST_F(AccessLogTest, TellsWhoeverAsksWhenEverythingNotedBeforeIsWritten) {
  bool written = false;
  log_->Flush([&](const absl::Status&) { written = true; });
  EXPECT_TRUE(written) << "there was nothing to wait for";
  ASSERT_THAT(NoteRead(nguyet_, "a"), IsOk());
  written = false;
  log_->Flush([&](const absl::Status&) {
    written = true;
    EXPECT_THAT(Numbers("kv1"), ElementsAre(1));
  });
  EXPECT_FALSE(written);
  log_->Tick();  // one is under way already
  RunHub();
  EXPECT_TRUE(written);
  EXPECT_THAT(Numbers("kv1"), ElementsAre(1));
}

TEST_F(AccessLogTest, IsBusyRatherThanSilentWhenTooMuchIsGathered) {
  Open({3, 2, 16});
  EXPECT_THAT(NoteRead(nguyet_, "a"), IsOk());
  EXPECT_THAT(NoteRead(nguyet_, "b"), IsOk());
  const absl::Status busy = NoteRead(nguyet_, "c");
  EXPECT_THAT(busy, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(DetailOf(busy).reason(), v1::REASON_BUSY);
  const auto answer = log_->Answer(room_.CallerOf(nguyet_), v1::AccessEntry(),
                                   [](ShownParts* shown) -> absl::StatusOr<std::string> {
                                     AddShown(shown, "kv1", 9);
                                     return std::string("words");
                                   });
  EXPECT_THAT(answer.status(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(NoteRead(quoc_, "a"), IsOk());
  Tick();
  EXPECT_FALSE(NoteRead(nguyet_, "c").ok()) << "in the same second, though all is written";
  room_.now_ms += 1'000;
  EXPECT_THAT(NoteRead(nguyet_, "c"), IsOk());
}

TEST_F(AccessLogTest, LetsPeopleReadOnWhenTheStoreCannotBeWritten) {
  ASSERT_THAT(NoteRead(nguyet_, "a"), IsOk());
  Tick();
  ASSERT_THAT(NoteRead(nguyet_, "b"), IsOk());
  room_.disk.FailCall(1);
  Tick();
  ASSERT_TRUE(room_.hub->failed());
  EXPECT_THAT(NoteRead(nguyet_, "c"), IsOk());
  EXPECT_THAT(NoteRefusal(nguyet_, "c"), IsOk());
  bool written = false;
  log_->Flush([&](const absl::Status&) { written = true; });
  EXPECT_TRUE(written) << "or never will be";
  log_->Close();
  EXPECT_THAT(Numbers("kv1"), ElementsAre(1));
}

TEST_F(AccessLogTest, WhatIsMissingOrChangedIsFoundByACheck) {
  for (const char* record : {"a", "b", "c"}) ASSERT_THAT(NoteRead(nguyet_, record), IsOk());
  Tick();
  const auto key = ReadKey("kv1", 2);
  const auto value = room_.store->Get(key);
  ASSERT_THAT(value, IsOk());
  const auto faults_with = [&](const std::string& changed, const absl::optional<std::string>& to) {
    log_.reset();
    room_.Tamper(changed, to);
    EXPECT_THAT(room_.Open(), IsOk());
    return room_.Faults();
  };
  EXPECT_THAT(faults_with(key, absl::nullopt),
              ElementsAre(HasSubstr("read kv1 number 3: expected number 2")));
  EXPECT_THAT(faults_with(key, "\xff"), ElementsAre(HasSubstr("number 2: cannot be read")));
  EXPECT_THAT(faults_with(key, room_.store->Get(ReadKey("kv1", 1))->value()),
              ElementsAre(HasSubstr("number 2: holds another read")));
  EXPECT_THAT(faults_with(key, **value), IsEmpty());
  // The last one gone, which leaves no gap.
  const auto last = room_.store->Get(ReadKey("kv1", 3));
  EXPECT_THAT(faults_with(ReadKey("kv1", 3), absl::nullopt),
              ElementsAre(HasSubstr("count of reads kv1: counts other reads")));
  EXPECT_THAT(faults_with(ReadKey("kv1", 3), **last), IsEmpty());
  EXPECT_THAT(faults_with(ReadsKey("kv1"), absl::nullopt), ElementsAre(HasSubstr("counts other")));
}

}  // namespace
}  // namespace sotay::server
