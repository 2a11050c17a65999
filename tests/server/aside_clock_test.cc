// A clock that is set right while what was written by it is set aside (docs/decisions/0033): taken
// after all, that counts by the clock it was written by.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sync/moved_clock.h"
#include "sync/stamp.h"
#include "sync/unknown_time.h"
#include "tests/server/quarantine_room.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {
namespace {

using ::testing::SizeIs;
using tests::IsOk;
using tests::Note;
using tests::RecordNamed;

constexpr int64_t kAheadMs = 3 * kDayMs;

class AsideClock : public QuarantineRoom {
 protected:
  AsideClock() { room_.now_ms += 3'600'000; }

  // Everything it has not sent, written by a clock that is right by now.
  absl::StatusOr<v1::SyncResponse> PushSaying(const tests::SealedPhone& phone, bool unknown) {
    v1::SyncRequest request = phone.Request();
    const sync::ClockReading now = {"boot", 0, room_.now_ms};
    sync::SayClock({unknown ? room_.now_ms : room_.now_ms + kAheadMs, unknown}, now, &request);
    return room_.Sync(phone, request);
  }
  sync::Stamp StampOf(const tests::SealedPhone& phone, uint64_t sequence) {
    const auto row = room_.store->LoadKnown(phone.device(), sequence, sequence);
    EXPECT_THAT(row, IsOk());
    return AdmissionAt(row->at(sequence).position()).stamp();
  }
  // What waits for a note of que that has not come: claimed by a clock that was fast.
  uint64_t WriteHeld(int64_t claimed_ms) {
    que_.Write("k", {Note("m").Says("một")});
    v1::Change change;
    change.set_claimed_ms(claimed_ms);
    change.set_stamp(sync::StampAt(claimed_ms));
    change.set_dossier_id(RecordNamed("k").str());
    v1::RecordEdit* const edit = change.add_edits();
    edit->set_record_id(RecordNamed("m").str());
    edit->set_type("casework.v1.Note");
    edit->add_parents(que_.id(que_.last_sequence()).str());
    return nguyet_.Forge(change);
  }
};

TEST_F(AsideClock, WhatWasHeldCountsByTheClockItWasWrittenBy) {
  const int64_t true_ms = room_.now_ms - 60'000;
  const uint64_t sequence = WriteHeld(true_ms + kAheadMs);
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto response, PushSaying(nguyet_, /*unknown=*/false));
  ASSERT_EQ(response.outcomes(0).verdict(), v1::VERDICT_HELD);
  ASSERT_THAT(room_.Open(), IsOk());
  room_.now_ms += kDayMs;
  room_.Exchange(&que_);
  EXPECT_EQ(sync::StampMs(StampOf(nguyet_, sequence)), true_ms);
  EXPECT_THAT(room_.Faults(), ::testing::IsEmpty());
}

TEST_F(AsideClock, WhatWasHeldOfAnUnknownTimeStaysUnknown) {
  const uint64_t sequence = WriteHeld(room_.now_ms);
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto response, PushSaying(nguyet_, /*unknown=*/true));
  ASSERT_EQ(response.outcomes(0).verdict(), v1::VERDICT_HELD);
  room_.now_ms += kDayMs;
  room_.Exchange(&que_);
  EXPECT_TRUE(sync::IsTimeUnknown(StampOf(nguyet_, sequence)));
}

TEST_F(AsideClock, WhatIsTakenInCountsByTheClockItWasWrittenBy) {
  const int64_t true_ms = room_.now_ms - 60'000;
  que_.clock_ms = true_ms + kAheadMs - 1000;
  const uint64_t sequence = que_.Write("k", {Note("n").Says("một hai")});
  Suspend(que_);
  ASSERT_THAT(PushSaying(que_, /*unknown=*/false), IsOk());
  Restore(que_);
  const auto refused = room_.Quarantine("kv1");
  ASSERT_THAT(refused, SizeIs(1));
  room_.now_ms += kDayMs;
  ASSERT_THAT(Take(refused[0]), IsOk());
  EXPECT_EQ(sync::StampMs(StampOf(que_, sequence)), true_ms);
  EXPECT_THAT(room_.Faults(), ::testing::IsEmpty());
}

TEST_F(AsideClock, WhatIsTakenInOfAnUnknownTimeStaysUnknown) {
  const uint64_t sequence = que_.Write("k", {Note("n").Says("một hai")});
  Suspend(que_);
  ASSERT_THAT(PushSaying(que_, /*unknown=*/true), IsOk());
  Restore(que_);
  const auto refused = room_.Quarantine("kv1");
  ASSERT_THAT(refused, SizeIs(1));
  ASSERT_THAT(Take(refused[0]), IsOk());
  EXPECT_TRUE(sync::IsTimeUnknown(StampOf(que_, sequence)));
}

}  // namespace
}  // namespace sotay::server
