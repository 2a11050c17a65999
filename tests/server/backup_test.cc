#include "server/backup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "server/config.h"
#include "tests/server/backup_room.h"

namespace sotay::server {
namespace {

using ::testing::HasSubstr;
using tests::BackupRoom;
using tests::IsOk;
using tests::Note;
using tests::StatusIs;
using tests::Workspace;

namespace fs = std::filesystem;

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(file)), {});
}

void WriteFile(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

TEST(BackupSettings, AreReadOrRefusedWithTheirPlace) {
  Workspace space;
  const auto load = [&](const std::string& text) {
    WriteFile(ConfigPath(space.path()), "listen = \"[::1]:0\"\n" + text);
    return LoadConfig(space.path());
  };
  EXPECT_EQ(load("")->backup.directory, "");
  EXPECT_EQ(load("[backup]\ndirectory = \"/b\"\n")->backup.every_s, 300);
  const auto config = load("[backup]\ndirectory = \"/b\"\nevery_s = 60\n");
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->backup.every_s, 60);
  ASSERT_THAT(SaveConfig(space.path(), *config), IsOk());
  EXPECT_EQ(LoadConfig(space.path())->backup.directory, "/b");
  for (const char* wrong :
       {"backup = 1\n", "[backup]\n", "[backup]\nevery_s = 60\n", "[backup]\ndirectory = 1\n",
        "[backup]\ndirectory = \"/b\"\nevery_s = 0\n",
        "[backup]\ndirectory = \"/b\"\nevery = 60\n"}) {
    EXPECT_THAT(load(wrong).status(),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("sotayd.toml:")))
        << wrong;
  }
}

// A segment of rows that are none of a store's.
class SegmentTest : public ::testing::Test {
 protected:
  SegmentTest() {
    header_.set_format(kSegmentFormat);
    header_.set_organisation_id(std::string(16, 'o'));
    header_.set_epoch(std::string(16, 'e'));
    header_.set_number(12);
    header_.set_taken_ms(1'794'000'000'000);
  }

  absl::StatusOr<SegmentSummary> Write(
      const std::vector<std::pair<std::string, std::string>>& rows) {
    auto writer = SegmentWriter::Begin(space_.path(), header_, files_);
    if (!writer.ok()) return writer.status();
    for (const auto& [key, value] : rows) {
      if (const absl::Status added = (*writer)->Add(key, value); !added.ok()) return added;
    }
    return (*writer)->Finish(key_);
  }

  absl::StatusOr<std::vector<std::pair<std::string, std::string>>> Read() {
    auto reader = SegmentReader::Open(space_.path(), 12, key_.verifying_key(), files_);
    if (!reader.ok()) return reader.status();
    std::vector<std::pair<std::string, std::string>> rows;
    for (;;) {
      absl::string_view key, value;
      const auto more = (*reader)->Next(&key, &value);
      if (!more.ok()) return more.status();
      if (!*more) {
        EXPECT_EQ((*reader)->header().SerializeAsString(), header_.SerializeAsString());
        return rows;
      }
      rows.emplace_back(key, value);
    }
  }

  Workspace space_;
  durable::StoreOptions files_;
  stored::v1::SegmentHeader header_;
  seal::SigningKey key_ = *seal::SigningKey::Generate();
};

TEST_F(SegmentTest, GivesBackTheRowsItWasGiven) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"m", ""}, {std::string("l\0\xff", 3), std::string(700'000, '\0')}, {"z", "một"}};
  const auto written = Write(rows);
  ASSERT_THAT(written, IsOk());
  EXPECT_EQ(written->rows, 3u);
  EXPECT_EQ(written->bytes, fs::file_size(space_ / "000012.segment"));
  EXPECT_FALSE(fs::exists(space_ / "000012.segment.part"));
  const auto read = Read();
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(*read, rows);
}

TEST_F(SegmentTest, FindsEveryFlippedByteEveryCutAndWhatIsAdded) {
  ASSERT_THAT(Write({{"m", "một"}, {"l", "hai"}, {"n", ""}}), IsOk());
  const fs::path path = space_ / "000012.segment";
  const std::string good = ReadFile(path);
  for (size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ (1 << (at % 8)));
    WriteFile(path, bad);
    ASSERT_FALSE(Read().ok()) << "flipped at " << at;
    WriteFile(path, good.substr(0, at));
    ASSERT_THAT(Read().status(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("000012")))
        << "cut at " << at;
  }
  WriteFile(path, good + "x");
  EXPECT_THAT(Read().status(), StatusIs(absl::StatusCode::kDataLoss));
  WriteFile(path, good);
  EXPECT_THAT(Read(), IsOk());
  key_ = *seal::SigningKey::Generate();
  EXPECT_THAT(Read().status(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("not signed")));
}

class BackupTest : public BackupRoom {
 protected:
  Workspace space_;
};

TEST_F(BackupTest, WritesWhatCameSince) {
  Notes(400);
  const auto backup = NewBackup();
  ASSERT_THAT(backup->RunOnce(), IsOk());
  Notes(4);
  ASSERT_THAT(backup->RunOnce(), IsOk());
  Notes(4);
  ASSERT_THAT(backup->RunOnce(), IsOk());
  BackupChain chain = Chain();
  ASSERT_THAT(chain.TakeAll(), IsOk());
  ASSERT_EQ(chain.segments().size(), 3u);
  EXPECT_LT(chain.segments()[1].bytes, chain.segments()[0].bytes / 10);
  // As much for as much, however long the store is.
  EXPECT_LT(chain.segments()[2].bytes, chain.segments()[1].bytes * 11 / 10);
  EXPECT_EQ(watermark_.Through(nguyet_.device()), 409u);
}

// Nobody waits for the next round with what no phone could give back.
TEST_F(BackupTest, IsMadeAtOnceWhenSomebodyAsks) {
  BackupOptions options;
  options.directory = space_.path();
  options.every_s = 3'600;
  options.now_ms = [now_ms = room_.now_ms] { return now_ms; };
  Backup backup(room_.store.get(), &watermark_, room_.log_key, options, durable::StoreOptions());
  const auto segments = [&] {
    BackupChain chain = Chain(space_.path());
    return chain.TakeAll().ok() ? chain.segments().size() : 0;
  };
  const auto become = [&](size_t count) {
    for (int i = 0; i < 1'000 && segments() != count; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return segments() == count;
  };
  backup.Start();
  ASSERT_TRUE(become(1));
  for (size_t count = 2; count < 5; ++count) {
    Notes(1);
    backup.Hurry();
    ASSERT_TRUE(become(count));
  }
}

TEST_F(BackupTest, WritesNothingWhenNothingIsNew) {
  const auto backup = NewBackup();
  ASSERT_THAT(backup->RunOnce(), IsOk());
  ASSERT_THAT(backup->RunOnce(), IsOk());
  // That somebody called is no news.
  ASSERT_THAT(room_.Sync(nguyet_, nguyet_.Pull()), IsOk());
  room_.hub->Flush();
  ASSERT_THAT(backup->RunOnce(), IsOk());
  EXPECT_EQ(Holds(), 1u);
  // A unit is.
  room_.AddUnit("kv3", "tinh");
  ASSERT_THAT(backup->RunOnce(), IsOk());
  EXPECT_EQ(Holds(), 2u);
  // And a server that was stopped goes on where it was.
  ASSERT_THAT(NewBackup()->RunOnce(), IsOk());
  EXPECT_EQ(Holds(), 2u);
}

TEST_F(BackupTest, TellsEachPhoneHowFarItIsCovered) {
  const Exchange exchange(room_.directory.get(), room_.store.get(), room_.notary.get(),
                          &watermark_);
  const auto told = [&](const tests::SealedPhone& phone) {
    const auto prepared =
        exchange.Prepare(room_.CallerOf(phone), phone.Pull(), room_.now_ms).value();
    return exchange.Answer(prepared, nullptr, room_.now_ms).value().backed_up_through();
  };
  EXPECT_EQ(told(nguyet_), 0u);
  const auto backup = NewBackup();
  ASSERT_THAT(backup->RunOnce(), IsOk());
  EXPECT_EQ(told(nguyet_), 1u);
  Notes(3);
  EXPECT_EQ(told(nguyet_), 1u) << "accepted, and in no backup";
  ASSERT_THAT(backup->RunOnce(), IsOk());
  EXPECT_EQ(told(nguyet_), 4u);
  EXPECT_EQ(told(dam_), 0u);
}

// The power goes at every single call a round makes to the disk.
TEST_F(BackupTest, ACrashAtAnyMomentDoesNoHarm) {
  ASSERT_THAT(NewBackup()->RunOnce(), IsOk());
  size_t parts = 0;
  for (uint64_t call = 1;; ++call) {
    Notes(2);
    room_.disk.StopAtCall(call);
    const absl::Status written = NewBackup()->RunOnce();
    room_.disk.Cut(testing::PowerCut::kDropUnsynced, call);
    ASSERT_THAT(room_.Open(), IsOk());
    const size_t held = Holds();
    const auto names = NamesIn(Chain().directory(), faulty_);
    ASSERT_THAT(names, IsOk());
    if (names->size() > held) ++parts;
    const uint64_t covered = watermark_.Through(nguyet_.device());
    ASSERT_THAT(NewBackup()->RunOnce(), IsOk()) << "after a crash at call " << call;
    ASSERT_EQ(watermark_.Through(nguyet_.device()), nguyet_.accepted_through);
    if (written.ok()) {
      EXPECT_EQ(covered, nguyet_.accepted_through) << "told, and not kept";
      break;
    }
  }
  EXPECT_GT(parts, 0u) << "no .part was ever left behind";
}

TEST_F(BackupTest, AFullDiskStopsNothingAndIsTriedAgain) {
  ASSERT_THAT(NewBackup()->RunOnce(), IsOk());
  const auto backup = NewBackup();
  Notes(10);
  for (const uint64_t space : {0, 100, 1'000}) {
    room_.disk.FillDisk(space, 1);
    EXPECT_THAT(backup->RunOnce(), StatusIs(absl::StatusCode::kResourceExhausted));
    EXPECT_EQ(Holds(), 1u);
  }
  EXPECT_EQ(watermark_.Through(nguyet_.device()), 1u);
  Notes(1);
  ASSERT_THAT(backup->RunOnce(), IsOk());
  EXPECT_EQ(Holds(), 2u);
  EXPECT_EQ(watermark_.Through(nguyet_.device()), 12u);
}

TEST_F(BackupTest, WaitsForADirectoryThatIsNotThere) {
  Workspace space;
  const std::string directory = space / "mounted-later";
  const auto backup = NewBackup(directory);
  EXPECT_FALSE(backup->RunOnce().ok());
  EXPECT_FALSE(fs::exists(directory)) << "what is not mounted is not made";
  fs::create_directory(directory);
  ASSERT_THAT(backup->RunOnce(), IsOk());
  EXPECT_EQ(Holds(directory), 1u);
  EXPECT_EQ(fs::status(Chain(directory).directory()).permissions(), fs::perms::owner_all);
  // Another disk in its place: everything again.
  Notes(1);
  ASSERT_THAT(backup->RunOnce(), IsOk());
  fs::remove_all(directory);
  EXPECT_FALSE(backup->RunOnce().ok());
  fs::create_directory(directory);
  ASSERT_THAT(backup->RunOnce(), IsOk());
  EXPECT_EQ(Holds(directory), 1u);
  EXPECT_EQ(watermark_.Through(nguyet_.device()), 2u);
}

TEST_F(BackupTest, WritesAnewWhatWasDamagedOnItsDisk) {
  Workspace space;
  {
    const auto backup = NewBackup(space.path());
    for (int round = 0; round < 4; ++round) {
      Notes(3);
      ASSERT_THAT(backup->RunOnce(), IsOk());
    }
  }
  const fs::path life = Chain(space.path()).directory();
  std::string bytes = ReadFile(life / "000003.segment");
  bytes[bytes.size() / 2] ^= 4;
  WriteFile(life / "000003.segment", bytes);
  ASSERT_THAT(NewBackup(space.path())->RunOnce(), IsOk());
  EXPECT_EQ(Holds(space.path()), 3u);
  EXPECT_EQ(ReadFile(life / "000003.segment.aside"), bytes) << "nothing is thrown away";
  EXPECT_TRUE(fs::exists(life / "000004.segment.aside"));
  EXPECT_EQ(watermark_.Through(nguyet_.device()), 13u);
}

TEST_F(BackupTest, DoesNotGoOnFromAStoreThatWasSetBack) {
  const testing::DiskImage before = room_.disk.Visible();
  Workspace space;
  const auto backup = NewBackup(space.path());
  Notes(2);
  ASSERT_THAT(backup->RunOnce(), IsOk());
  room_.Close();
  room_.disk.Restart(before);
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_THAT(NewBackup(space.path())->RunOnce(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("set back")));
  EXPECT_EQ(Holds(space.path()), 1u);
}

// It has as much as before, and other things.
TEST_F(BackupTest, DoesNotGoOnFromAStoreThatWasSetBackAndGrewAgain) {
  const testing::DiskImage before = room_.disk.Visible();
  Workspace space;
  Notes(2);
  ASSERT_THAT(NewBackup(space.path())->RunOnce(), IsOk());
  room_.Close();
  room_.disk.Restart(before);
  ASSERT_THAT(room_.Open(), IsOk());
  dam_.Write("k", {Note("before").Says("Xen vào trước.")});
  room_.Exchange(&dam_);
  v1::SyncRequest again = nguyet_.Request(1);  // all of hers, to a log that is not hers
  again.clear_cursors();
  ASSERT_THAT(room_.Sync(nguyet_, again), IsOk());
  ASSERT_GE(room_.directory->Device(nguyet_.device())->accepted_through(), 3u);
  const auto backup = NewBackup(space.path());
  EXPECT_THAT(backup->RunOnce(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("set back")));
  EXPECT_THAT(backup->RunOnce(), StatusIs(absl::StatusCode::kFailedPrecondition, ::testing::_));
  const std::string life = Chain(space.path()).directory();
  EXPECT_EQ(std::distance(fs::directory_iterator(life), fs::directory_iterator()), 1)
      << "and leaves nothing behind, round after round";
}

TEST_F(BackupTest, GoesOnWhereEachOfTwoDisksEnds) {
  Workspace space;
  const std::string directory = space / "backup";
  fs::create_directory(directory);
  const auto backup = NewBackup(directory);
  ASSERT_THAT(backup->RunOnce(), IsOk());
  fs::rename(directory, space / "first");
  fs::create_directory(directory);
  Notes(1);
  ASSERT_THAT(backup->RunOnce(), IsOk());
  fs::rename(directory, space / "second");
  fs::rename(space / "first", directory);  // as many segments as the other one
  Notes(1);
  ASSERT_THAT(backup->RunOnce(), IsOk());
  EXPECT_EQ(Holds(directory), 2u);
  EXPECT_EQ(Holds(space / "second"), 1u);
}

TEST_F(BackupTest, TellsNobodyOfABackupThatIsGone) {
  Workspace space;
  const std::string directory = space / "backup";
  fs::create_directory(directory);
  const auto backup = NewBackup(directory);
  ASSERT_THAT(backup->RunOnce(), IsOk());
  EXPECT_GT(watermark_.Through(nguyet_.device()), 0u);
  fs::remove_all(directory);
  EXPECT_FALSE(backup->RunOnce().ok());
  EXPECT_EQ(watermark_.Through(nguyet_.device()), 0u);
}

TEST_F(BackupTest, HoldsNoPrivateKey) {
  Workspace space;
  Notes(2);
  ASSERT_THAT(NewBackup(space.path())->RunOnce(), IsOk());
  const std::string bytes = ReadFile(fs::path(Chain(space.path()).directory()) / "000001.segment");
  EXPECT_THAT(bytes, HasSubstr(room_.log_key.PublicKey()));
  // The secret number stands in the key's DER, behind version, algorithm and two tags.
  const std::string der = *room_.log_key.Der();
  EXPECT_EQ(bytes.find(der.substr(36, 32)), std::string::npos);
  EXPECT_EQ(bytes.find("PRIVATE KEY"), std::string::npos);
}

}  // namespace
}  // namespace sotay::server
