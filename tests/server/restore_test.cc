#include "server/restore.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "absl/strings/match.h"
#include "server/lineage.h"
#include "sync/seal/epoch_link.h"
#include "tests/server/every_kind_room.h"

namespace sotay::server {
namespace {

using ::testing::HasSubstr;
using tests::CaseworkSchema;
using tests::IsOk;
using tests::SealedPhone;
using tests::StatusIs;
using tests::Workspace;

namespace fs = std::filesystem;

using Rows = std::map<std::string, std::string>;

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(file)), {});
}

void WriteFile(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

class RestoreTest : public tests::EveryKindRoom {
 protected:
  fs::path Life() { return Chain(space_ / "backup").directory(); }

  absl::StatusOr<Restored> RestoreTo(const std::string& name) {
    return Restore({space_ / "backup", space_ / name, space_ / (name + ".part"), Keys(),
                    schema_.get(), ++room_.now_ms, nullptr},
                   durable::StoreOptions());
  }

  static Rows RowsOf(Store* store) {
    Rows rows;
    EXPECT_THAT(store->VisitAll([&](absl::string_view key, absl::string_view value) {
      if (key != MetaKey() && !absl::StrContains("bcBfF", key.substr(0, 1))) {
        rows[std::string(key)] = std::string(value);
      }
      return true;
    }),
                IsOk());
    return rows;
  }

  // What every unit's feed says; which births share a row is no matter.
  static Rows FeedsOf(Store* store) {
    Rows rows;
    const Tables tables = store->LoadTables().value();
    for (const auto& [unit, head] : tables.heads) {
      EXPECT_THAT(store->VisitFeed(unit, 0, head.position(),
                                   [&, of = unit](const FeedPlace& place, const auto& row) {
                                     rows[FeedKey(of, place.position, place.record)] =
                                         row.SerializeAsString();
                                     return true;
                                   }),
                  IsOk());
    }
    return rows;
  }

  std::unique_ptr<Store> OpenStore(const std::string& name) {
    return Store::Open(space_ / name, durable::StoreOptions(), schema_.get()).value();
  }

  // What a phone that holds `held` makes of the store restored under `name`.
  absl::Status LinkFrom(const v1::LogHead& held, const std::string& name, uint64_t* kept) {
    const auto store = OpenStore(name);
    const auto directory = Directory::From(store->LoadTables().value(),
                                           LoadAccessRules("", *schema_, 0).value(), room_.now_ms)
                               .value();
    Notary notary(directory.get(), store.get(), room_.log_key);
    const Lineage lineage(directory.get(), store.get(), &notary, room_.log_key);
    const Caller caller = directory->CallerOf(nguyet_.device()).value();
    const auto shown = lineage.Get(*caller.person, held, room_.now_ms + 10'000);
    if (!shown.ok()) return shown.status();
    *kept = shown->links(0).size();
    const stored::v1::StoreMeta meta = directory->meta();
    return seal::GoesOnFrom(room_.log_key.verifying_key(), meta.organisation_id(), held,
                            meta.epoch(), *shown);
  }

  const std::shared_ptr<const sync::Schema> schema_ = CaseworkSchema();
};

TEST_F(RestoreTest, MakesTheSameStoreBitForBit) {
  WriteOfEveryKind();
  ASSERT_EQ(Holds(space_ / "backup"), 3u);
  const auto restored = RestoreTo("store");
  ASSERT_THAT(restored, IsOk());
  EXPECT_FALSE(fs::exists(space_ / "store.part"));
  const auto store = OpenStore("store");
  const Rows before = RowsOf(room_.store.get());
  const Rows after = RowsOf(store.get());
  for (const auto& [key, value] : before) {
    const auto found = after.find(key);
    ASSERT_NE(found, after.end()) << DescribeKey(key) << " is missing";
    EXPECT_EQ(found->second, value) << DescribeKey(key);
  }
  EXPECT_EQ(after.size(), before.size());
  // Rows of every table; but of invitations, of what was destroyed (J, K), and of those left out
  // above.
  std::string tables;
  for (const auto& [key, value] : before) {
    if (tables.empty() || tables.back() != key[0]) tables += key[0];
  }
  EXPECT_EQ(tables, "DHRadeghijklnopqrsuvwxyz");
  EXPECT_GT(FeedsOf(store.get()).size(), 70u);
  EXPECT_EQ(FeedsOf(store.get()), FeedsOf(room_.store.get()));
  EXPECT_NE(store->LoadTables()->meta->epoch(), room_.directory->meta().epoch());
  ASSERT_EQ(store->LoadEnded()->size(), 1u);
  EXPECT_EQ(store->LoadEnded()->front().epoch(), room_.directory->meta().epoch());
  EXPECT_EQ(restored->report.faults, 0u);
}

// Runs end at commits, and so do segments.
TEST_F(RestoreTest, OfABackupOfEveryCommitMakesWhatWasThere) {
  for (int round = 1; round <= 5; ++round) {
    // Some new ones; of the ones before the first goes on, and the next twice.
    nguyet_.Write("k", {tests::Note("a" + std::to_string(round)).Says("một"),
                        tests::Note("b" + std::to_string(round)).Says("hai")});
    Notes(round);
    BackUp();
    const int old = notes_ - round;
    for (const int note : {old, old - 1, old - 1}) {
      if (note < 1) continue;
      nguyet_.Write("k",
                    {tests::Note("n" + std::to_string(note)).Says("lần " + std::to_string(round))});
      room_.Exchange(&nguyet_);
      BackUp();
    }
    const std::string name = "store" + std::to_string(round);
    ASSERT_THAT(RestoreTo(name), IsOk()) << round;
    const auto store = OpenStore(name);
    EXPECT_EQ(RowsOf(store.get()), RowsOf(room_.store.get())) << round;
    EXPECT_EQ(FeedsOf(store.get()), FeedsOf(room_.store.get())) << round;
  }
  EXPECT_EQ(Holds(space_ / "backup"), 15u);
}

TEST_F(RestoreTest, RefusesABackupWithOneFlippedByte) {
  Notes(2);
  BackUp();
  Notes(1);
  BackUp();
  size_t tried = 0;
  for (const char* name : {"000001.segment", "000002.segment"}) {
    const fs::path path = Life() / name;
    const std::string good = ReadFile(path);
    const size_t step = std::max<size_t>(1, good.size() / 200);
    for (size_t at = 0; at < good.size(); at += step, ++tried) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << (at % 8)));
      WriteFile(path, bad);
      const auto restored = RestoreTo("store");
      ASSERT_FALSE(restored.ok()) << name << " flipped at " << at;
      ASSERT_THAT(std::string(restored.status().message()), HasSubstr(name));
      WriteFile(path, good.substr(0, at));
      ASSERT_FALSE(RestoreTo("store").ok()) << name << " cut at " << at;
      ASSERT_FALSE(fs::exists(space_ / "store"));
    }
    WriteFile(path, good);
  }
  EXPECT_GT(tried, 300u);
  EXPECT_THAT(RestoreTo("store"), IsOk());
}

TEST_F(RestoreTest, RefusesSegmentsOutOfOrderMissingOrOfAnotherStore) {
  for (int round = 0; round < 3; ++round) {
    Notes(2);
    BackUp();
  }
  const auto at = [&](int number) { return Life() / SegmentName(static_cast<uint64_t>(number)); };
  const std::string first = ReadFile(at(1)), second = ReadFile(at(2)), third = ReadFile(at(3));
  WriteFile(at(2), third);
  WriteFile(at(3), second);
  EXPECT_THAT(RestoreTo("store").status(),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("000002.segment")));
  WriteFile(at(2), first);
  EXPECT_FALSE(RestoreTo("store").ok());
  fs::remove(at(2));
  WriteFile(at(3), third);
  EXPECT_THAT(RestoreTo("store").status(),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("000002.segment is missing")));
  WriteFile(at(2), second);
  fs::remove(at(1));
  EXPECT_THAT(RestoreTo("store").status(),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("000001.segment is missing")));
  WriteFile(at(1), first);
  const RestorePlan stranger = {space_ / "backup",
                                space_ / "store",
                                space_ / "store.part",
                                seal::SigningKey::Generate()->verifying_key(),
                                schema_.get(),
                                room_.now_ms,
                                nullptr};
  EXPECT_THAT(Restore(stranger, durable::StoreOptions()).status(),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("not signed")));
  EXPECT_FALSE(fs::exists(space_ / "store"));
  // A chain that ends earlier is a good one of an earlier moment.
  fs::remove(at(3));
  EXPECT_THAT(RestoreTo("store"), IsOk());
}

// Whoever has a key that was replaced could have written the newest segments.
TEST_F(RestoreTest, TakesSegmentsByAKeyThatWasReplacedOnlyWhenThatIsMeant) {
  Notes(2);
  BackUp();
  const std::string organisation = room_.directory->meta().organisation_id();
  const seal::SigningKey next = *seal::SigningKey::Generate();
  const auto plan = [&](int64_t handed_ms, bool meant) {
    v1::LogKeyHandover handover;
    handover.set_number(1);
    handover.set_previous_key(room_.log_key.PublicKey());
    handover.set_key(next.PublicKey());
    handover.set_epoch(room_.directory->meta().epoch());
    handover.set_reason("có thể đã bị sao chép");
    handover.set_handed_ms(handed_ms);
    const std::string text = seal::HandoverText(organisation, handover);
    handover.set_previous_signature(*room_.log_key.Sign(text));
    handover.set_signature(*next.Sign(text));
    RestorePlan made{space_ / "backup",
                     space_ / "store",
                     space_ / "store.part",
                     *seal::LogKeys::From(room_.log_key.verifying_key(), organisation, {handover}),
                     schema_.get(),
                     ++room_.now_ms,
                     nullptr};
    made.by_earlier_key = meant;
    return Restore(made, durable::StoreOptions());
  };
  const int64_t later = room_.now_ms + 60'000;
  EXPECT_THAT(plan(later, false).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("--by-earlier-key")));
  EXPECT_THAT(plan(1'000, true).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("wrote it since")));
  EXPECT_FALSE(fs::exists(space_ / "store"));
  EXPECT_THAT(plan(later, true), IsOk());
}

// No clock says which, and one that cannot be read is not passed over.
TEST_F(RestoreTest, TakesTheLifeThatNoneGoesOnFrom) {
  Notes(2);
  BackUp();
  const fs::path first = Life();
  const auto back_up_again = [&](const std::string& name) {
    const auto store = OpenStore(name);
    BackupOptions options;
    options.directory = space_ / "backup";
    options.now_ms = [] { return int64_t{1}; };  // long before
    ASSERT_THAT(
        Backup(store.get(), &watermark_, room_.log_key, options, durable::StoreOptions()).RunOnce(),
        IsOk());
  };
  ASSERT_THAT(RestoreTo("second"), IsOk());
  back_up_again("second");
  const fs::path second = Life();
  EXPECT_NE(second, first);
  ASSERT_THAT(RestoreTo("third"), IsOk());
  EXPECT_EQ(OpenStore("third")->LoadEnded()->size(), 2u);

  const std::string newest = ReadFile(second / "000001.segment");
  WriteFile(second / "000001.segment", newest.substr(0, 40));
  EXPECT_THAT(FindLife(space_ / "backup", durable::StoreOptions()),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr(second.filename().string())));
  WriteFile(second / "000001.segment", newest);

  // Two that go on from the same one.
  const auto practice =
      Restore({first, space_ / "practice", space_ / "practice.part", room_.log_key.verifying_key(),
               schema_.get(), ++room_.now_ms, nullptr},
              durable::StoreOptions());
  ASSERT_THAT(practice, IsOk());
  back_up_again("practice");
  EXPECT_THAT(FindLife(space_ / "backup", durable::StoreOptions()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("none goes on from")));
  EXPECT_EQ(FindLife(second, durable::StoreOptions()).value_or(""), second.string());
}

TEST_F(RestoreTest, TouchesNoStoreThatIsThere) {
  BackUp();
  fs::create_directory(space_ / "store.part");
  WriteFile(space_ / "store.part/000005.log", "of an attempt that was cut short");
  ASSERT_THAT(RestoreTo("store"), IsOk());
  EXPECT_THAT(RestoreTo("store").status(),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("not touched")));
  EXPECT_THAT(Restore({space_ / "nothing", space_ / "other", space_ / "other.part",
                       room_.log_key.verifying_key(), schema_.get(), 1, nullptr},
                      durable::StoreOptions())
                  .status(),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(RestoreTest, IsLinkedToTheHeadsOfTheLifeBefore) {
  Notes(70);
  room_.now_ms += 2'000;
  const v1::LogHead covered = room_.notary->Prove("kv1", nullptr, room_.now_ms)->head();
  Notes(5);
  BackUp();
  Notes(9);
  room_.now_ms += 2'000;
  const v1::LogHead lost = room_.notary->Prove("kv1", nullptr, room_.now_ms)->head();
  ASSERT_THAT(RestoreTo("store"), IsOk());
  uint64_t kept = 0;
  EXPECT_THAT(LinkFrom(covered, "store", &kept), IsOk());
  EXPECT_EQ(kept, 76u);
  EXPECT_THAT(LinkFrom(lost, "store", &kept), IsOk());
  EXPECT_LT(kept, lost.size());

  // Another restore, of the restored one: both links.
  {
    const auto store = OpenStore("store");
    BackupOptions options;
    options.directory = space_ / "backup";
    options.now_ms = [this] { return ++room_.now_ms; };
    Backup backup(store.get(), &watermark_, room_.log_key, options, durable::StoreOptions());
    ASSERT_THAT(backup.RunOnce(), IsOk());
  }
  ASSERT_THAT(RestoreTo("again"), IsOk()) << "the newest life is taken";
  EXPECT_EQ(OpenStore("again")->LoadEnded()->size(), 2u);
  EXPECT_THAT(LinkFrom(covered, "again", &kept), IsOk());
  EXPECT_THAT(LinkFrom(lost, "again", &kept), IsOk());
  v1::LogHead stranger = covered;
  stranger.set_epoch(std::string(16, 'x'));
  EXPECT_THAT(LinkFrom(stranger, "again", &kept), StatusIs(absl::StatusCode::kNotFound));
  stranger = covered;
  stranger.set_unit_id("kv2");
  EXPECT_THAT(LinkFrom(stranger, "again", &kept), StatusIs(absl::StatusCode::kNotFound));
  // A head with another root does not go on.
  stranger = covered;
  stranger.mutable_root()->front() ^= 1;
  EXPECT_THAT(LinkFrom(stranger, "again", &kept), StatusIs(absl::StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace sotay::server
