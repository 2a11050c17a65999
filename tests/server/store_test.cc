#include "server/store.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "leveldb/write_batch.h"
#include "tests/server/server_room.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using tests::IsOk;
using tests::NewCase;
using tests::Note;
using tests::SealedPhone;
using tests::ServerRoom;
using tests::StatusIs;

durable::StoreOptions OptionsOf(ServerRoom* room) {
  durable::StoreOptions options;
  options.base = &room->disk;
  options.sync_directory = [room](const std::string& path) {
    return room->disk.SyncDirectory(path);
  };
  return options;
}

TEST(Store, IsNotFoundedTwice) {
  ServerRoom room;
  room.Close();
  Tables tables;
  tables.meta.emplace().set_format(kStoreFormat);
  EXPECT_THAT(Store::Create("/disk/store", OptionsOf(&room), tables),
              StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST(Store, AnUnfinishedFoundingIsBegunAgain) {
  ServerRoom room;
  room.Close();
  // The files are there and the meta row is not: what a crash between the two leaves.
  {
    durable::StoreOptions options = OptionsOf(&room);
    options.create_if_missing = true;
    ASSERT_TRUE(durable::Open("/disk/other", options).ok());
  }
  EXPECT_THAT(Store::Open("/disk/other", OptionsOf(&room), nullptr).status(),
              StatusIs(absl::StatusCode::kNotFound));
  Tables tables;
  tables.meta.emplace().set_format(kStoreFormat);
  EXPECT_THAT(Store::Create("/disk/other", OptionsOf(&room), tables), IsOk());
  EXPECT_THAT(Store::Open("/disk/other", OptionsOf(&room), nullptr).status(), IsOk());
}

TEST(Store, OfAnotherFormatIsLeftAlone) {
  ServerRoom room;
  room.Close();
  Tables tables;
  tables.meta.emplace().set_format(kStoreFormat + 1);
  ASSERT_THAT(Store::Create("/disk/newer", OptionsOf(&room), tables), IsOk());
  EXPECT_THAT(Store::Open("/disk/newer", OptionsOf(&room), nullptr).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST(Store, KeepsEverythingAcrossAStart) {
  ServerRoom room;
  SealedPhone nguyet("nguyet");
  room.Enrol(&nguyet);
  nguyet.Write("k", {NewCase("k"), Note("n").Says("Vết phanh dài 4,2 m.")});
  nguyet.Write("k", {Note("n").Says("Vết phanh dài 4,6 m.")});
  room.Exchange(&nguyet);
  const auto before = room.directory->ViewOf(nguyet.device());
  ASSERT_THAT(room.Open(), IsOk());
  EXPECT_EQ(room.directory->Head("kv1")->position(), 2u);
  EXPECT_EQ(room.directory->Head("kv1")->records(), 2u);
  EXPECT_EQ(room.directory->ViewOf(nguyet.device())->SerializeAsString(),
            before->SerializeAsString());
  EXPECT_THAT(room.Faults(), IsEmpty());
  SealedPhone second("nguyet");
  room.Enrol(&second);
  room.Exchange(&second);
  ASSERT_NE(second.Shown("n"), nullptr);
  EXPECT_EQ(second.Shown("n")->Serialize(), nguyet.Shown("n")->Serialize());
}

// A crash at every single call a push makes to the disk: afterwards the push is there whole or
// not at all, and nothing contradicts itself.
TEST(Store, APushIsThereWholeOrNotAtAll) {
  size_t whole = 0;
  size_t none = 0;
  for (uint64_t call = 1;; ++call) {
    ServerRoom room;
    SealedPhone nguyet("nguyet");
    room.Enrol(&nguyet);
    nguyet.Write("k", {NewCase("k")});
    room.Exchange(&nguyet);
    nguyet.Write("k", {Note("n").Says("một"), Note("m").Says("hai")});
    nguyet.Write("k", {Note("n").Says("một rưỡi")});
    room.disk.StopAtCall(call);
    const auto told = room.Push(&nguyet);
    room.disk.Cut(testing::PowerCut::kDropUnsynced, call);
    ASSERT_THAT(room.Open(), IsOk()) << "crash at call " << call;
    ASSERT_THAT(room.Faults(), IsEmpty()) << "crash at call " << call;
    const uint64_t accepted = room.directory->Device(nguyet.device())->accepted_through();
    ASSERT_TRUE(accepted == 1 || accepted == 3) << "crash at call " << call;
    if (told.ok()) {
      ASSERT_EQ(accepted, 3u) << "told, and not kept; crash at call " << call;
    }
    (accepted == 3 ? whole : none)++;
    // Asked again, everything is as if nothing had happened.
    nguyet.accepted_through = accepted;
    room.Exchange(&nguyet);
    ASSERT_EQ(room.directory->Head("kv1")->position(), 3u);
    ASSERT_THAT(room.Faults(), IsEmpty());
    if (told.ok()) break;
  }
  EXPECT_GT(none, 0u);
  EXPECT_GT(whole, 0u);
}

TEST(Store, ANewNoteIsThreePuts) {
  ServerRoom room;
  SealedPhone nguyet("nguyet");
  room.Enrol(&nguyet);
  nguyet.Write("k", {NewCase("k")});
  room.Exchange(&nguyet);
  const auto rows = [&] {
    size_t count = 0;
    EXPECT_THAT(room.store->VisitAll([&](absl::string_view, absl::string_view) {
      ++count;
      return true;
    }),
                IsOk());
    return count;
  };
  const size_t before = rows();
  for (int i = 0; i < 10; ++i) nguyet.Write("k", {Note("n" + std::to_string(i)).Says("x")});
  room.Exchange(&nguyet);
  EXPECT_EQ(rows() - before, 10 * 3 + 1u);  // and the push they came in
}

TEST(Store, ACheckFindsWhatWasTamperedWith) {
  // One tampering each: a key, and what is done to its value.
  const auto flip = [](std::string value) {
    // Of a log row this is its change's id: what the server noted of the change stands nowhere
    // else.
    const size_t at = std::min<size_t>(value.size() / 2, 24);
    value[at] = static_cast<char>(value[at] ^ 1);
    return value;
  };
  ServerRoom room;
  SealedPhone nguyet("nguyet");
  room.Enrol(&nguyet);
  nguyet.Write("k", {NewCase("k"), Note("n").Says("Vết phanh dài 4,2 m.")});
  nguyet.Write("k", {Note("n").Says("Vết phanh dài 4,6 m.")});
  room.Exchange(&nguyet);
  ASSERT_THAT(room.Faults(), IsEmpty());
  const std::vector<std::string> keys = {
      LogKey("kv1", 1),
      RecordKey(tests::RecordNamed("n")),
      SealKey(nguyet.device(), 2),
      FeedKey("kv1", 2, tests::RecordNamed("n")),
      AdmittedKey(tests::RecordNamed("n"), 1),
      HeadKey("kv1"),
  };
  for (const std::string& key : keys) {
    for (const bool drop : {false, true}) {
      const auto value = room.store->Get(key);
      ASSERT_TRUE(value.ok() && value->has_value()) << DescribeKey(key);
      if (!drop && (*value)->empty()) continue;
      const auto write = [&](const absl::optional<std::string>& bytes) {
        room.Close();
        auto raw = durable::Open("/disk/store", OptionsOf(&room));
        ASSERT_TRUE(raw.ok());
        leveldb::WriteBatch batch;
        if (bytes.has_value()) {
          batch.Put(key, *bytes);
        } else {
          batch.Delete(key);
        }
        ASSERT_THAT((*raw)->Write(&batch), IsOk());
        raw->reset();
        ASSERT_THAT(room.Open(), IsOk());
      };
      // A head whose bits are flipped may not even be read, which is as good.
      if (key == HeadKey("kv1") && !drop) continue;
      write(drop ? absl::nullopt : absl::optional<std::string>(flip(**value)));
      EXPECT_FALSE(room.Faults().empty()) << DescribeKey(key) << (drop ? " dropped" : " flipped");
      write(**value);
      ASSERT_THAT(room.Faults(), IsEmpty());
    }
  }
}

}  // namespace
}  // namespace sotay::server
