#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "leveldb/write_batch.h"
#include "server/hub.h"
#include "server/refusal.h"
#include "tests/server/server_room.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {
namespace {

using ::testing::Each;
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

v1::Reason ReasonOf(const absl::Status& status) { return DetailOf(status).reason(); }

TEST(HubQueue, ManyPushersShareAFewSyncs) {
  constexpr int kPhones = 40;
  ServerRoom room;
  std::vector<std::unique_ptr<SealedPhone>> phones;
  for (int i = 0; i < kPhones; ++i) {
    phones.push_back(std::make_unique<SealedPhone>("u" + std::to_string(i)));
    room.Enrol(phones.back().get());
    const std::string name = "k" + std::to_string(i);
    phones.back()->Write(name, {NewCase(name)});
  }
  std::vector<PreparedSync> calls;
  for (const auto& phone : phones) {
    auto prepared = room.exchange->Prepare(room.CallerOf(*phone), phone->Request(), room.now_ms);
    ASSERT_TRUE(prepared.ok());
    calls.push_back(*std::move(prepared));
  }
  std::atomic<int> syncs{0};
  room.disk.set_observer([&](const testing::FaultEnv::Call& call) {
    if (call.verb == "sync") ++syncs;
  });
  std::atomic<int> accepted{0};
  absl::BlockingCounter answers(kPhones);
  std::vector<std::thread> threads;
  for (PreparedSync& call : calls) {
    threads.emplace_back([&room, &call, &accepted, &answers] {
      room.hub->Submit(*std::move(call.push), [&](const absl::StatusOr<PushAnswer>& answer) {
        if (answer.ok() && answer->accepted_through == 1) ++accepted;
        answers.DecrementCount();
      });
    });
  }
  for (std::thread& thread : threads) thread.join();
  room.hub->Start();
  answers.Wait();
  room.hub->Drain();
  room.disk.set_observer(nullptr);
  EXPECT_EQ(accepted, kPhones);
  EXPECT_EQ(room.directory->Head("kv1")->position(), uint64_t{kPhones});
  // All of them waited when the hub began, so they are one group.
  EXPECT_LE(syncs, 3);
  ASSERT_THAT(room.Open(), IsOk());
  EXPECT_THAT(room.Faults(), IsEmpty());
}

TEST(HubQueue, PushersThatComeWhileItWorksAreAllAnswered) {
  constexpr int kPhones = 8;
  constexpr int kPushes = 25;
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
        const std::string name = std::to_string(i) + "/" + std::to_string(n);
        phone->Write(name, {NewCase(name)});
        auto call = room.exchange->Prepare(room.CallerOf(*phone), phone->Request(), room.now_ms);
        ASSERT_TRUE(call.ok());
        absl::BlockingCounter answered(1);
        absl::StatusOr<PushAnswer> answer;
        room.hub->Submit(*std::move(call->push), [&](absl::StatusOr<PushAnswer> done) {
          answer = std::move(done);
          answered.DecrementCount();
        });
        answered.Wait();
        ASSERT_THAT(answer, IsOk());
        ASSERT_EQ(answer->accepted_through, static_cast<uint64_t>(n + 1));
        phone->accepted_through = answer->accepted_through;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  room.hub->Drain();
  EXPECT_EQ(room.directory->Head("kv1")->position(), uint64_t{kPhones * kPushes});
  ASSERT_THAT(room.Open(), IsOk());
  EXPECT_THAT(room.Faults(), IsEmpty());
}

TEST(HubOnABadDisk, SaysStorageWhenTheDiskIsFullAndGoesOnReading) {
  ServerRoom room;
  SealedPhone nguyet("nguyet");
  room.Enrol(&nguyet);
  nguyet.Write("k", {NewCase("k")});
  room.Exchange(&nguyet);
  nguyet.Write("k", {Note("n").Says("một")});
  room.disk.FillDisk(100, 1);
  const auto refused = room.Sync(nguyet, nguyet.Request()).status();
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(ReasonOf(refused), v1::REASON_STORAGE);
  EXPECT_GT(DetailOf(refused).retry_after_ms(), 0u);
  EXPECT_THAT(room.failures, SizeIs(1));
  EXPECT_TRUE(room.hub->failed());
  // There is space again, but writing is over until the next start; reading is not.
  EXPECT_EQ(ReasonOf(room.Sync(nguyet, nguyet.Request()).status()), v1::REASON_STORAGE);
  EXPECT_THAT(room.hub->Submit([](Pen*) {}), StatusIs(absl::StatusCode::kResourceExhausted));
  SealedPhone dam("nguyet");
  EXPECT_THAT(room.Sync(nguyet, nguyet.Pull()), IsOk());
  EXPECT_EQ(room.directory->Device(nguyet.device())->accepted_through(), 1u);
  ASSERT_THAT(room.Open(), IsOk());
  nguyet.accepted_through = room.directory->Device(nguyet.device())->accepted_through();
  room.Exchange(&nguyet);
  EXPECT_EQ(room.directory->Head("kv1")->position(), 2u);
  EXPECT_THAT(room.Faults(), IsEmpty());
}

TEST(HubOnABadDisk, DamageFailsOnlyThePushesThatNeedWhatIsDamaged) {
  ServerRoom room;
  SealedPhone nguyet("nguyet");
  SealedPhone dam("dam");
  room.Enrol(&nguyet);
  room.Enrol(&dam);
  nguyet.Write("k", {NewCase("k")});
  dam.Write("l", {NewCase("l")});
  room.Exchange(&nguyet);
  room.Exchange(&dam);
  room.Close();
  {
    durable::StoreOptions options;
    options.base = &room.disk;
    options.sync_directory = durable::NoDirectorySync;
    auto raw = durable::Open("/disk/store", options);
    ASSERT_TRUE(raw.ok());
    leveldb::WriteBatch batch;
    batch.Put(RecordKey(RecordNamed("k")), "\xff damaged");
    ASSERT_THAT((*raw)->Write(&batch), IsOk());
  }
  ASSERT_THAT(room.Open(), IsOk());
  nguyet.Write("k", {Note("n").Says("một")});
  dam.Write("l", {Note("m").Says("hai")});
  std::vector<absl::Status> answers;
  for (SealedPhone* phone : {&nguyet, &dam}) {
    auto call = room.exchange->Prepare(room.CallerOf(*phone), phone->Request(), room.now_ms);
    ASSERT_TRUE(call.ok());
    room.hub->Submit(*std::move(call->push), [&](const absl::StatusOr<PushAnswer>& answer) {
      answers.push_back(answer.status());
    });
  }
  ASSERT_TRUE(room.hub->RunOnce());
  EXPECT_THAT(answers, ElementsAre(StatusIs(absl::StatusCode::kDataLoss), IsOk()));
  EXPECT_FALSE(room.hub->failed());
}

TEST(HubQueue, SaysBusyWhenTooMuchWaits) {
  ServerRoom room;
  room.hub_options.queue_bytes_max = 4'000;
  ASSERT_THAT(room.Open(), IsOk());
  std::vector<std::unique_ptr<SealedPhone>> phones;
  std::vector<v1::Reason> reasons;
  for (int i = 0; i < 6; ++i) {
    phones.push_back(std::make_unique<SealedPhone>("u" + std::to_string(i)));
    room.Enrol(phones.back().get());
  }
  for (const auto& phone : phones) {
    phone->Write("k" + phone->user_id(), {NewCase("k" + phone->user_id())});
    auto call = room.exchange->Prepare(room.CallerOf(*phone), phone->Request(), room.now_ms);
    ASSERT_TRUE(call.ok());
    room.hub->Submit(*std::move(call->push), [&](const absl::StatusOr<PushAnswer>& answer) {
      if (!answer.ok()) reasons.push_back(ReasonOf(answer.status()));
    });
  }
  EXPECT_FALSE(reasons.empty());
  EXPECT_THAT(reasons, Each(v1::REASON_BUSY));
  const size_t refused = reasons.size();
  while (room.hub->RunOnce()) {
  }
  EXPECT_EQ(reasons.size(), refused);
  EXPECT_EQ(room.directory->Head("kv1")->position(), 6 - refused);
}

TEST(HubQueue, WhatADeviceRevokedWhileItsPushWaitsHadPushedIsSetAside) {
  ServerRoom room;
  SealedPhone nguyet("nguyet");
  room.Enrol(&nguyet);
  nguyet.Write("k", {NewCase("k")});
  auto call = room.exchange->Prepare(room.CallerOf(nguyet), nguyet.Request(), room.now_ms);
  ASSERT_TRUE(call.ok());
  room.Revoke(nguyet);
  absl::StatusOr<PushAnswer> answer = absl::UnknownError("never answered");
  room.hub->Submit(*std::move(call->push),
                   [&](absl::StatusOr<PushAnswer> done) { answer = std::move(done); });
  while (room.hub->RunOnce()) {
  }
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->outcomes.at(0).reason(), v1::REASON_DEVICE_REVOKED);
  EXPECT_EQ(room.directory->Head("kv1")->position(), 0u);
  EXPECT_EQ(ReasonOf(room.exchange->Answer(*call, &*answer, room.now_ms).status()),
            v1::REASON_DEVICE_REVOKED)
      << "and it is given nothing";
}

TEST(HubQueue, LastContactsAreWrittenNowAndThenAndAtTheEnd) {
  ServerRoom room;
  SealedPhone nguyet("nguyet");
  room.Enrol(&nguyet);
  room.now_ms += 5'000;
  const int64_t contact_ms = room.now_ms;
  ASSERT_THAT(room.Sync(nguyet, nguyet.Pull()), IsOk());
  ASSERT_THAT(room.Open(), IsOk());  // closes in good order first
  EXPECT_EQ(room.directory->ViewOf(nguyet.device())->last_contact_ms(), contact_ms);
}

}  // namespace
}  // namespace sotay::server
