// What the hub decides while the disk is busy, on a disk that waits until it is told to go on.
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/hub.h"
#include "server/refusal.h"
#include "tests/server/server_room.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::IsOk;
using tests::NewCase;
using tests::Note;
using tests::RecordNamed;
using tests::SealedPhone;
using tests::ServerRoom;

constexpr absl::Duration kLong = absl::Seconds(30);

v1::Reason ReasonOf(const absl::Status& status) { return DetailOf(status).reason(); }

// A push under way.
struct Pushed {
  absl::Notification answered;
  absl::StatusOr<PushAnswer> answer;

  bool Answered() { return answered.WaitForNotificationWithTimeout(kLong); }
  v1::Verdict verdict(size_t i) const { return answer->outcomes.at(i).verdict(); }
};

// A hub with its threads, and two phones of one office.
class SlowDisk : public ::testing::Test {
 protected:
  SlowDisk() : nguyet_("nguyet"), dam_("dam") {
    room_.Enrol(&nguyet_);
    room_.Enrol(&dam_);
    room_.disk.set_observer([this](const testing::FaultEnv::Call& call) {
      if (call.verb != "sync" || stuck_.HasBeenNotified()) return;
      stuck_.Notify();
      go_on_.WaitForNotification();
    });
    room_.hub->Start();
  }
  ~SlowDisk() override {
    GoOn();
    room_.hub->Drain();
    room_.disk.set_observer(nullptr);
  }

  std::unique_ptr<Pushed> Push(SealedPhone* phone, uint64_t first = 0) {
    auto pushed = std::make_unique<Pushed>();
    auto call =
        room_.exchange->Prepare(room_.CallerOf(*phone), phone->Request(first), room_.now_ms);
    EXPECT_TRUE(call.ok());
    room_.hub->Submit(*std::move(call->push), [push = pushed.get()](auto answer) {
      push->answer = std::move(answer);
      push->answered.Notify();
    });
    return pushed;
  }
  // The first sync of the disk waits until GoOn.
  bool Stuck() { return stuck_.WaitForNotificationWithTimeout(kLong); }
  void GoOn() {
    if (!go_on_.HasBeenNotified()) go_on_.Notify();
  }
  void Faultless() {
    room_.hub->Drain();
    room_.disk.set_observer(nullptr);
    ASSERT_THAT(room_.Open(), IsOk());
    EXPECT_THAT(room_.Faults(), IsEmpty());
  }

  ServerRoom room_;
  SealedPhone nguyet_;
  SealedPhone dam_;
  absl::Notification stuck_;
  absl::Notification go_on_;
};

TEST_F(SlowDisk, DecidesTheNextGroupWhileOneIsBeingSynced) {
  nguyet_.Write("k", {NewCase("k")});
  const auto first = Push(&nguyet_);
  ASSERT_TRUE(Stuck());
  // A refusal leaves nothing to be written, so to have it is to see that the hub decides.
  dam_.Write("l", {NewCase("l")});
  dam_.Write("l", {Note("m").Says("hai")});
  const auto gap = Push(&dam_, 2);
  ASSERT_TRUE(gap->Answered());
  EXPECT_EQ(ReasonOf(gap->answer.status()), v1::REASON_SEQUENCE_GAP);
  const auto second = Push(&dam_);
  EXPECT_FALSE(first->answered.HasBeenNotified()) << "told before it was durable";
  EXPECT_EQ(room_.directory->Head("kv1")->position(), 0u) << "shown before it was durable";
  GoOn();
  ASSERT_TRUE(first->Answered());
  ASSERT_TRUE(second->Answered());
  ASSERT_THAT(first->answer, IsOk());
  ASSERT_THAT(second->answer, IsOk());
  EXPECT_EQ(first->answer->outcomes.front().position(), 1u);
  EXPECT_EQ(second->answer->outcomes.front().position(), 2u);
  EXPECT_EQ(room_.directory->Head("kv1")->position(), 3u);
  EXPECT_EQ(room_.directory->Head("kv1")->records(), 3u);
  Faultless();
}

TEST_F(SlowDisk, WhatNamesARecordThatIsBeingWrittenSeesIt) {
  nguyet_.Write("k", {NewCase("k")});
  const auto opens = Push(&nguyet_);
  ASSERT_TRUE(Stuck());
  v1::Change note;
  note.set_dossier_id(RecordNamed("k").str());
  v1::RecordEdit* edit = note.add_edits();
  edit->set_record_id(RecordNamed("n").str());
  edit->set_type("casework.v1.Note");
  dam_.Forge(note);
  const auto in_it = Push(&dam_);
  GoOn();
  ASSERT_TRUE(opens->Answered());
  ASSERT_TRUE(in_it->Answered());
  ASSERT_THAT(in_it->answer, IsOk());
  EXPECT_EQ(in_it->verdict(0), v1::VERDICT_APPLIED) << "its dossier was not seen";
  Faultless();
}

TEST_F(SlowDisk, TheNextPushOfADeviceSeesTheOneBefore) {
  nguyet_.Write("k", {NewCase("k")});
  const auto first = Push(&nguyet_);
  ASSERT_TRUE(Stuck());
  // Sent again in mid-answer, with one more.
  nguyet_.Write("k", {Note("n").Says("một")});
  const auto again = Push(&nguyet_);
  GoOn();
  ASSERT_TRUE(first->Answered());
  ASSERT_TRUE(again->Answered());
  ASSERT_THAT(again->answer, IsOk());
  EXPECT_TRUE(again->answer->outcomes.front().duplicate());
  EXPECT_EQ(again->answer->accepted_through, 2u);
  EXPECT_EQ(room_.directory->Head("kv1")->position(), 2u);
  Faultless();
}

TEST_F(SlowDisk, AdministrationWaitsForWhatIsBeingWritten) {
  nguyet_.Write("k", {NewCase("k")});
  const auto push = Push(&nguyet_);
  ASSERT_TRUE(Stuck());
  absl::Notification ran;
  uint64_t seen = 0;
  ASSERT_THAT(room_.hub->Submit([&](Pen* pen) {
    seen = pen->directory().Head("kv1")->position();
    ran.Notify();
  }),
              IsOk());
  GoOn();
  ASSERT_TRUE(ran.WaitForNotificationWithTimeout(kLong));
  EXPECT_EQ(seen, 1u);
  ASSERT_TRUE(push->Answered());
}

TEST_F(SlowDisk, WhenTheDiskFailsNothingDecidedMeanwhileIsTold) {
  room_.disk.FailSync(1);
  nguyet_.Write("k", {NewCase("k")});
  dam_.Write("l", {NewCase("l")});
  const auto first = Push(&nguyet_);
  ASSERT_TRUE(Stuck());
  const auto second = Push(&dam_);
  GoOn();
  ASSERT_TRUE(first->Answered());
  ASSERT_TRUE(second->Answered());
  EXPECT_EQ(ReasonOf(first->answer.status()), v1::REASON_STORAGE);
  EXPECT_EQ(ReasonOf(second->answer.status()), v1::REASON_STORAGE);
  EXPECT_TRUE(room_.hub->failed());
  EXPECT_EQ(room_.directory->Head("kv1")->position(), 0u);
  room_.hub->Drain();
  EXPECT_THAT(room_.failures, SizeIs(1));
  room_.disk.set_observer(nullptr);
  room_.disk.Cut(testing::PowerCut::kDropUnsynced, 1);
  ASSERT_THAT(room_.Open(), IsOk());
  room_.Exchange(&nguyet_);
  room_.Exchange(&dam_);
  EXPECT_EQ(room_.directory->Head("kv1")->position(), 2u);
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

// Phones that write in each other's dossiers, in whatever order they come.
TEST(Scribe, AStormInAFewDossiersLeavesNothingHeldAndNothingWrong) {
  constexpr int kPhones = 6;
  constexpr int kPushes = 30;
  ServerRoom room;
  std::vector<std::unique_ptr<SealedPhone>> phones;
  for (int i = 0; i < kPhones; ++i) {
    phones.push_back(std::make_unique<SealedPhone>("u" + std::to_string(i)));
    room.Enrol(phones.back().get());
  }
  room.hub->Start();
  std::vector<std::thread> threads;
  for (int i = 0; i < kPhones; ++i) {
    threads.emplace_back([&room, i, phone = phones[static_cast<size_t>(i)].get()] {
      for (int n = 0; n < kPushes; ++n) {
        const int place = (i + n) % kPhones;
        const std::string dossier = "k" + std::to_string(place);
        if (n == 0) {
          phone->Write(dossier, {NewCase(dossier)});  // its own: place is i
        } else {
          v1::Change note;
          note.set_dossier_id(RecordNamed(dossier).str());
          v1::RecordEdit* edit = note.add_edits();
          edit->set_record_id(RecordNamed("n" + std::to_string(i) + "/" + std::to_string(n)).str());
          edit->set_type("casework.v1.Note");
          phone->Forge(note);
        }
        auto call = room.exchange->Prepare(room.CallerOf(*phone), phone->Request(), room.now_ms);
        ASSERT_TRUE(call.ok());
        Pushed pushed;
        room.hub->Submit(*std::move(call->push), [&pushed](auto answer) {
          pushed.answer = std::move(answer);
          pushed.answered.Notify();
        });
        pushed.answered.WaitForNotification();
        ASSERT_THAT(pushed.answer, IsOk());
        ASSERT_EQ(pushed.answer->accepted_through, static_cast<uint64_t>(n + 1));
        phone->accepted_through = pushed.answer->accepted_through;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  room.hub->Drain();
  EXPECT_EQ(room.directory->Head("kv1")->position(), uint64_t{kPhones * kPushes});
  EXPECT_EQ(room.directory->Head("kv1")->records(), uint64_t{kPhones * kPushes});
  for (const auto& phone : phones) {
    EXPECT_EQ(room.directory->Device(phone->device())->held_size(), 0);
    EXPECT_EQ(room.directory->Device(phone->device())->set_aside(), 0u);
  }
  ASSERT_THAT(room.Open(), IsOk());
  EXPECT_THAT(room.Faults(), IsEmpty());
}

}  // namespace
}  // namespace sotay::server
