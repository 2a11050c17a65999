// What proved to be secret stays gone when a server is restored, also from segments that have it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <utility>

#include "absl/strings/escaping.h"
#include "server/backup_chain.h"
#include "server/purge.h"
#include "server/restore.h"
#include "server/secrecy.h"
#include "tests/server/backup_room.h"
#include "tests/server/secrecy_room.h"

namespace sotay::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using tests::IsOk;
using tests::Note;
using tests::StatusIs;
using tests::Workspace;

namespace fs = std::filesystem;

class SecrecyRestore : public SecrecyRoom {
 protected:
  // One round of the backup.
  absl::Status BackUp() {
    BackupOptions options;
    options.directory = space_ / "backup";
    options.now_ms = [this] {
      if (meanwhile) std::exchange(meanwhile, nullptr)();
      return clock_stands ? room_.now_ms : ++room_.now_ms;
    };
    fs::create_directories(options.directory);
    return Backup(room_.store.get(), &watermark_, room_.log_key, options, durable::StoreOptions())
        .RunOnce();
  }
  absl::StatusOr<Restored> RestoreFrom(const std::string& backup) {
    fs::remove_all(space_ / "store");
    return Restore({backup, space_ / "store", space_ / "store.part", room_.log_key.verifying_key(),
                    schema_.get(), ++room_.now_ms, nullptr},
                   durable::StoreOptions());
  }
  std::vector<std::string> FilesOf(const std::string& directory, const std::string& bytes) const {
    std::vector<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(directory)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string read((std::istreambuf_iterator<char>(file)), {});
      if (read.find(bytes) != std::string::npos) files.push_back(entry.path());
    }
    return files;
  }
  // Rows of a chain that have it, pushes unpacked.
  size_t RowsOf(const std::string& directory, const std::string& bytes) const {
    BackupChain chain(directory, room_.log_key.verifying_key(), durable::StoreOptions());
    size_t rows = 0;
    const auto look = [&](const KeyParts& parts, absl::string_view, absl::string_view value) {
      std::string read(value);
      stored::v1::SealRow seal;
      if (parts.table == Table::kSeal && seal.ParseFromString(read)) {
        read = Unpacked(seal.changes())->SerializeAsString();
      }
      rows += read.find(bytes) != std::string::npos ? 1 : 0;
      return absl::OkStatus();
    };
    const size_t segments = SegmentsIn(directory, durable::StoreOptions()).value().size();
    for (size_t i = 0; i < segments; ++i) EXPECT_THAT(chain.TakeNext(look), IsOk());
    return rows;
  }
  // What a build that knew nothing of sealing would have gone on with: a chain that has both.
  void AddSegment() {
    BackupChain chain(Life(), room_.log_key.verifying_key(), durable::StoreOptions());
    ASSERT_THAT(chain.TakeAll(), IsOk());
    const auto moment = room_.store->TakeMoment();
    stored::v1::SegmentHeader header;
    header.set_format(kSegmentFormat);
    header.set_store_format(kStoreFormat);
    header.set_organisation_id(room_.directory->meta().organisation_id());
    header.set_epoch(room_.directory->meta().epoch());
    header.set_number(chain.segments().size() + 1);
    header.set_previous(chain.segments().back().hash);
    header.set_taken_ms(++room_.now_ms);
    *header.mutable_from() = chain.mark();
    *header.mutable_to() = MarkOf(*moment).value();
    const auto writer = SegmentWriter::Begin(Life(), header, durable::StoreOptions()).value();
    const auto copy = [&](const std::string& from, const std::string& end) {
      const auto add = [&](absl::string_view key, absl::string_view value) {
        EXPECT_THAT(writer->Add(key, value), IsOk());
        return true;
      };
      EXPECT_THAT(moment->Visit(from, end, add), IsOk());
    };
    for (const Table table : kSmallTables) copy(TablePrefix(table), After(TablePrefix(table)));
    for (const stored::v1::UnitMark& unit : header.to().units()) {
      uint64_t from = 1;
      for (const auto& was : header.from().units()) {
        if (was.unit_id() == unit.unit_id()) from = was.position() + 1;
      }
      copy(LogKey(unit.unit_id(), from), LogKey(unit.unit_id(), unit.position() + 1));
      copy(NodeKey(unit.unit_id(), from, 0), NodeKey(unit.unit_id(), unit.position() + 1, 0));
    }
    for (const auto& of : header.to().devices()) {
      uint64_t from = 1;
      for (const auto& was : header.from().devices()) {
        if (was.device_id() == of.device_id()) from = was.accepted_through() + 1;
      }
      const auto device = *sync::DeviceId::From(of.device_id());
      copy(SealKey(device, from), SealKey(device, of.accepted_through() + 1));
    }
    for (const auto& reads : header.to().reads()) {
      uint64_t from = 1;
      for (const auto& was : header.from().reads()) {
        if (was.unit_id() == reads.unit_id()) from = was.number() + 1;
      }
      copy(ReadKey(reads.unit_id(), from), ReadKey(reads.unit_id(), reads.number() + 1));
    }
    ASSERT_THAT(writer->Finish(room_.log_key), IsOk());
  }
  std::string Life() const {
    return space_ / ("backup/" + absl::BytesToHexString(room_.directory->meta().epoch()));
  }

  std::function<void()> meanwhile;  // done once, while a segment is written
  bool clock_stands = false;
  const Workspace space_;
  const std::shared_ptr<const sync::Schema> schema_ = tests::CaseworkSchema();
  Watermark watermark_;
};

TEST_F(SecrecyRestore, ANewChainBeginsThatHasNothingOfIt) {
  ASSERT_THAT(BackUp(), IsOk());
  ASSERT_EQ(RowsOf(Life(), kNeedle), 1u);
  ++room_.now_ms;
  const auto sealed = Seal();
  ASSERT_THAT(sealed, IsOk());
  const std::string key = *room_.store->Get(SecretKeyKey(tests::RecordNamed("k"))).value();
  ASSERT_THAT(BackUp(), IsOk());
  ASSERT_THAT(BackUp(), IsOk());
  EXPECT_EQ(RowsOf(Life(), kNeedle), 0u);
  EXPECT_THAT(FilesOf(Life(), key), IsEmpty()) << "whoever has the backup has no key";
  const std::string before = Life() + kBefore + "kv1-1";
  EXPECT_EQ(RowsOf(before, kNeedle), 1u);
  EXPECT_THAT(ChainsBefore(space_ / "backup", Id("k"), durable::StoreOptions()).value(),
              ElementsAre(before));
  // What is restored knows that it was sealed, and has nothing of it.
  const auto restored = RestoreFrom(space_ / "backup");
  ASSERT_THAT(restored, IsOk());
  EXPECT_EQ(restored->life, Life());
  EXPECT_THAT(restored->report.secrets, ElementsAre(HasSubstr("lost with its key")));
  const auto store = Store::Open(space_ / "store", durable::StoreOptions(), schema_.get());
  ASSERT_THAT(store, IsOk());
  EXPECT_TRUE((*store)->LoadRecord(tests::RecordNamed("m"))->has_value());
  EXPECT_FALSE((*store)->LoadRecord(tests::RecordNamed("n"))->has_value());
  // And the other one, when it is named, is a backup of before.
  fs::remove_all(Life());
  EXPECT_EQ(FindLife(space_ / "backup", durable::StoreOptions()).value(), before);
}

// The act is in the newest segment and the content in an older one of the same chain.
TEST_F(SecrecyRestore, AnActWinsOverOlderSegments) {
  // Made on a change that was refused and has a place in the record's history: of that only the
  // newest segment says anything, and it says nothing any more.
  v1::Change refused;
  refused.set_dossier_id(Id("e"));
  v1::RecordEdit* const edit = refused.add_edits();
  edit->set_record_id(Id("n"));
  edit->set_type("casework.v1.Note");
  edit->add_parents(dam_.Shown("n")->heads().front().str());
  v1::FieldOp* const op = edit->add_ops();
  op->set_field(casework::v1::Note::kKindFieldNumber);
  op->set_set("\x08\x01");
  v1::Change built = refused;
  const uint64_t first = dam_.Forge(refused);
  built.set_dossier_id(Id("k"));
  built.mutable_edits(0)->set_parents(0, dam_.id(first).str());
  built.mutable_edits(0)->clear_ops();
  const uint64_t second = dam_.Forge(built);
  room_.Exchange(&dam_);
  ASSERT_EQ(dam_.outcomes().at(first).verdict(), v1::VERDICT_QUARANTINED);
  ASSERT_EQ(dam_.outcomes().at(second).verdict(), v1::VERDICT_APPLIED)
      << dam_.outcomes().at(second).message();
  // And somebody whose only change there waits: nothing but its push says what it was.
  tests::SealedPhone binh("binh");
  room_.Enrol(&binh);
  v1::Change waits;
  waits.set_dossier_id(Id("k"));
  waits.set_reason(Secret("giữ"));
  v1::RecordEdit* const awaits = waits.add_edits();
  awaits->set_record_id(Id("n"));
  awaits->set_type("casework.v1.Note");
  awaits->add_parents(std::string(32, 'p'));
  const uint64_t held = binh.Forge(waits);
  room_.Exchange(&binh);
  ASSERT_EQ(binh.outcomes().at(held).verdict(), v1::VERDICT_HELD);
  ASSERT_THAT(BackUp(), IsOk());
  ++room_.now_ms;
  const auto sealed = Seal();
  ASSERT_THAT(sealed, IsOk());
  nguyet_.Write("e", {Note("m").Says("Đo vết phanh lần hai.")});
  room_.Exchange(&nguyet_);
  AddSegment();
  ASSERT_EQ(RowsOf(Life(), kNeedle), 3u);
  for (const bool destroyed : {false, true}) {
    if (destroyed) {
      ASSERT_THAT(Ask("ngu"), IsOk());
      ASSERT_THAT(Confirm("khoa"), IsOk());
      AddSegment();
    }
    const auto restored = RestoreFrom(space_ / "backup");
    ASSERT_THAT(restored, IsOk());
    EXPECT_EQ(restored->report.faults, 0u);
    // Until two people said so it is kept sealed.
    EXPECT_THAT(restored->report.secrets,
                ElementsAre(HasSubstr(destroyed ? "destroyed" : "content, sealed on")));
    auto store = Store::Open(space_ / "store", durable::StoreOptions(), schema_.get());
    ASSERT_THAT(store, IsOk());
    EXPECT_FALSE((*store)->LoadRecord(tests::RecordNamed("n"))->has_value());
    room_.Close();
    room_.store = std::move(*store);
    EXPECT_THAT(RowsWith(kNeedle), IsEmpty());
    EXPECT_EQ(room_.store->Get(SecretKeyKey(tests::RecordNamed("k")))->has_value(), !destroyed);
    ASSERT_THAT(room_.Open(), IsOk());
  }
}

// A second act comes while the segment after the first is written.
TEST_F(SecrecyRestore, NothingOfASecondActStaysInTheNewChain) {
  constexpr char kSecond[] = "Bn4Kc8Tz1Yd6";
  nguyet_.Write("e", {Note("m").Says(kSecond)});
  room_.Exchange(&nguyet_);
  ASSERT_THAT(BackUp(), IsOk());
  ASSERT_THAT(Seal(), IsOk());
  bool sealed = false;
  meanwhile = [&] { sealed = Seal("ngu", "e", "Hồ sơ 18").ok(); };
  EXPECT_THAT(BackUp(), StatusIs(absl::StatusCode::kUnavailable));
  ASSERT_TRUE(sealed);
  EXPECT_THAT(SegmentsIn(Life(), durable::StoreOptions()).value(), IsEmpty());
  EXPECT_THAT(FilesOf(Life(), kSecond), IsEmpty());
  room_.now_ms += 60'000;
  while (room_.hub->RunOnce()) {
  }
  ASSERT_THAT(BackUp(), IsOk());
  EXPECT_EQ(RowsOf(Life(), kSecond), 0u);
  EXPECT_EQ(RowsOf(Life(), kNeedle), 0u);
  EXPECT_THAT(RestoreFrom(space_ / "backup"), IsOk());
}

// A clock that stands, or was set back, tells nothing of what came first.
TEST_F(SecrecyRestore, WhateverTheClockSays) {
  clock_stands = true;
  ASSERT_THAT(BackUp(), IsOk());
  for (const int64_t step : {0, -1'000}) {
    room_.now_ms += step;
    const bool first = step == 0;
    ASSERT_THAT(Seal("ngu", first ? "n" : "m", first ? "Hồ sơ 17" : "Hồ sơ 18"), IsOk());
    ASSERT_THAT(BackUp(), IsOk());
    ASSERT_THAT(BackUp(), IsOk());
    EXPECT_EQ(RowsOf(Life(), first ? kNeedle : "Đo vết phanh."), 0u);
    EXPECT_TRUE(fs::exists(Life() + kBefore + (first ? "kv1-1" : "kv1-2")));
  }
}

// Whoever dies between putting a chain aside and writing the next one has that life still, and not
// the one before.
TEST_F(SecrecyRestore, AnEarlierLifeIsNotTakenForTheLast) {
  ASSERT_THAT(BackUp(), IsOk());
  ASSERT_THAT(RestoreFrom(space_ / "backup"), IsOk());
  std::string life;
  {
    const auto store = Store::Open(space_ / "store", durable::StoreOptions(), schema_.get());
    ASSERT_THAT(store, IsOk());
    life = space_ / ("backup/" + absl::BytesToHexString((*store)->LoadTables()->meta->epoch()));
    BackupOptions options;
    options.directory = space_ / "backup";
    options.now_ms = [this] { return ++room_.now_ms; };
    ASSERT_THAT(Backup(store->get(), &watermark_, room_.log_key, options, durable::StoreOptions())
                    .RunOnce(),
                IsOk());
  }
  ASSERT_EQ(FindLife(space_ / "backup", durable::StoreOptions()).value(), life);
  fs::rename(life, life + kBefore + "kv1-1");
  fs::create_directories(life);
  EXPECT_EQ(FindLife(space_ / "backup", durable::StoreOptions()).value(), life + kBefore + "kv1-1");
}

// A note was held, its push was backed up, and only then came the root it waited for, which is a
// stub: no act says anything of it, and the segment has it.
TEST_F(SecrecyRestore, WhatWasHeldWhenItWasBackedUpIsTakenOutAgain) {
  constexpr char kHeld[] = "Jh5Rw8Lc3Xs6";
  using C = casework::v1::Case;
  v1::Change early;
  early.set_dossier_id(Id("x"));
  v1::RecordEdit* const note = early.add_edits();
  note->set_record_id(Id("xn"));
  note->set_type("casework.v1.Note");
  early.set_reason(kHeld);
  const uint64_t held = dam_.Forge(early);
  room_.Exchange(&dam_);
  ASSERT_EQ(dam_.outcomes().at(held).verdict(), v1::VERDICT_HELD);
  ASSERT_THAT(BackUp(), IsOk());
  dam_.Write("x", {tests::Case("x")
                       .SetNumber(C::kNationalSecurityFieldNumber, casework::v1::SECRECY_ANSWER_YES)
                       .Set(C::kAliasFieldNumber, "Hồ sơ S-07")});
  room_.Exchange(&dam_);
  room_.Exchange(&dam_);
  ASSERT_EQ(dam_.outcomes().at(held).reason(), v1::REASON_CLASSIFIED);
  EXPECT_THAT(RowsWith(kHeld), IsEmpty());
  EXPECT_THAT(FilesWith(kHeld), IsEmpty());
  ASSERT_THAT(room_.Faults(), IsEmpty());
  ASSERT_THAT(BackUp(), IsOk());
  const auto restored = RestoreFrom(space_ / "backup");
  ASSERT_THAT(restored, IsOk());
  EXPECT_EQ(restored->report.faults, 0u);
  EXPECT_THAT(FilesOf(space_ / "store", kHeld), IsEmpty());
}

// What the first segment says of sealed dossiers is read at every start, and there may be nothing
// else in it.
TEST(StoreWithoutChanges, IsBackedUpAtEveryStart) {
  const tests::Workspace space;
  tests::ServerRoom room;
  Watermark watermark;
  for (int start = 0; start < 2; ++start) {
    BackupOptions options;
    options.directory = space.path();
    options.now_ms = [&room] { return ++room.now_ms; };
    EXPECT_THAT(Backup(room.store.get(), &watermark, room.log_key, options, durable::StoreOptions())
                    .RunOnce(),
                IsOk());
  }
}

}  // namespace
}  // namespace sotay::server
