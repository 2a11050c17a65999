#include "server/store.h"

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/limits.h"
#include "sync/seal/packed.h"
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

TEST(Store, ANewNoteIsOnePut) {
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
  EXPECT_EQ(rows() - before, 10 + 3u);  // and the push, and the runs of log and births
}

// An office with something of everything that is evidence: edits, a conflict, a held change, a
// refused one.
void Work(ServerRoom* room, SealedPhone* nguyet, SealedPhone* dam) {
  room->Enrol(nguyet);
  room->Enrol(dam);
  nguyet->Write("k", {NewCase("k"), Note("n").Says("Vết phanh dài 4,2 m.")});
  room->Exchange(nguyet);
  room->Exchange(dam);
  nguyet->Write("k", {Note("n").Says("Vết phanh dài 4,6 m.")});
  dam->Write("k", {Note("n").Says("Vết phanh dài 4,9 m.")});
  room->Exchange(nguyet);
  room->Exchange(dam);
  v1::Change change;
  change.set_dossier_id(tests::RecordNamed("nowhere").str());
  v1::RecordEdit* edit = change.add_edits();
  edit->set_record_id(tests::RecordNamed("m").str());
  edit->set_type("casework.v1.Note");
  dam->Forge(change);  // waits for its dossier
  change.set_dossier_id(tests::RecordNamed("k").str());
  edit->set_record_id(tests::RecordNamed("c").str());
  edit->set_type("casework.v1.Case");
  dam->Forge(change);  // a case within a case
  room->Exchange(dam);
}

// Whether both are pushes that unpack to the same and differ in nothing else: a zstd frame has
// bits that mean nothing.
bool SamePush(const std::string& a, const std::string& b) {
  stored::v1::SealRow one, other;
  if (!one.ParseFromString(a) || !other.ParseFromString(b)) return false;
  const auto unpacked = seal::Unpack(one.changes(), sync::kPushBytesMax);
  const auto again = seal::Unpack(other.changes(), sync::kPushBytesMax);
  one.clear_changes();
  other.clear_changes();
  return unpacked.ok() && again.ok() && *unpacked == *again &&
         one.SerializeAsString() == other.SerializeAsString();
}

// Whether a start or a check says that something is wrong.
bool Found(ServerRoom* room) { return !room->Open().ok() || !room->Faults().empty(); }

TEST(Store, ACheckFindsEveryTamperingWithTheEvidence) {
  ServerRoom room;
  SealedPhone nguyet("nguyet"), dam("dam");
  Work(&room, &nguyet, &dam);
  ASSERT_THAT(room.Faults(), IsEmpty());
  std::vector<std::pair<std::string, std::string>> rows;
  ASSERT_THAT(room.store->VisitAll([&](absl::string_view key, absl::string_view value) {
    // Log, pushes with their seals, records, histories, births and feed, heads.
    if (absl::StrContains("leryBfh", key.substr(0, 1))) rows.emplace_back(key, value);
    return true;
  }),
              IsOk());
  std::mt19937 chance(7);
  for (const auto& [key, value] : rows) {
    if (key == HeadKey("kv2") || key == HeadKey("tinh")) continue;  // of an empty log: zeros
    room.Tamper(key, absl::nullopt);
    ASSERT_TRUE(Found(&room)) << DescribeKey(key) << " dropped";
    for (size_t i = 0; i < 12 && !value.empty(); ++i) {
      const size_t bit = chance() % (value.size() * 8);
      std::string flipped = value;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
      if (key[0] == 'e' && SamePush(value, flipped)) continue;
      room.Tamper(key, flipped);
      ASSERT_TRUE(Found(&room)) << DescribeKey(key) << " bit " << bit;
    }
    room.Tamper(key, value);
    ASSERT_FALSE(Found(&room)) << DescribeKey(key) << " put back";
  }
}

TEST(Store, ACheckFindsWhatTheServerNotedOfAnotherChange) {
  ServerRoom room;
  SealedPhone nguyet("nguyet"), dam("dam");
  Work(&room, &nguyet, &dam);
  const auto first = room.store->Get(LogKey("kv1", 1));
  const auto second = room.store->Get(LogKey("kv1", 2));
  ASSERT_TRUE(first.ok() && second.ok());
  stored::v1::LogRunRow one, two;
  ASSERT_TRUE(one.ParseFromString(**first) && two.ParseFromString(**second));
  v1::Admission noted;
  ASSERT_TRUE(two.admissions_size() == 1 && two.admissions(0) != one.admissions(0) &&
              noted.ParseFromString(two.admissions(0)));
  // Another author; another time; another change's.
  for (const int what : {0, 1, 2}) {
    stored::v1::LogRunRow row = two;
    v1::Admission changed = noted;
    if (what == 0) changed.set_user_id("dam" + noted.user_id());
    if (what == 1) changed.set_received_ms(noted.received_ms() - 86'400'000);
    row.set_admissions(0, what == 2 ? one.admissions(0) : changed.SerializeAsString());
    room.Tamper(LogKey("kv1", 2), row.SerializeAsString());
    EXPECT_TRUE(Found(&room)) << what;
  }
}

TEST(Store, ACheckFindsEveryTamperingWithTheLogsTree) {
  ServerRoom room;
  SealedPhone nguyet("nguyet");
  room.Enrol(&nguyet);
  nguyet.Write("k", {NewCase("k")});
  for (int i = 1; i < 130; ++i) nguyet.Write("k", {Note("n" + std::to_string(i)).Says("x")});
  room.Exchange(&nguyet);
  ASSERT_THAT(room.Faults(), IsEmpty());
  // Of 130 entries: two trees of 64 and one of 128.
  const std::vector<std::string> keys = {NodeKey("kv1", 64, 6), NodeKey("kv1", 128, 6),
                                         NodeKey("kv1", 128, 7)};
  for (const std::string& key : keys) {
    const auto value = room.store->Get(key);
    ASSERT_TRUE(value.ok() && value->has_value()) << DescribeKey(key);
    const std::string kept = **value;
    room.Tamper(key, absl::nullopt);
    EXPECT_TRUE(Found(&room)) << DescribeKey(key) << " dropped";
    std::string flipped = kept;
    flipped[9] = static_cast<char>(flipped[9] ^ 4);
    room.Tamper(key, flipped);
    EXPECT_TRUE(Found(&room)) << DescribeKey(key) << " flipped";
    room.Tamper(key, kept);
    ASSERT_FALSE(Found(&room));
  }
  room.Tamper(NodeKey("kv1", 192, 6), std::string(32, 'x'));
  EXPECT_TRUE(Found(&room)) << "a node of entries that are not there";
}

}  // namespace
}  // namespace sotay::server
