#include "sync/durable/tail_rule.h"

#include <map>
#include <memory>
#include <random>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/sync/durable/log_builder.h"
#include "tests/sync/durable/test_disk.h"

namespace sotay::durable {
namespace {

constexpr int kPuts = 1000;

std::string Key(int i) { return absl::StrCat("key", i); }
std::string Value(int i) { return std::string(400, static_cast<char>('A' + i % 26)); }

// The files of a store of a thousand synced puts, all still in its write-ahead log.  Made once;
// the names are relative to the store.
const std::map<std::string, std::string>& StoppedStore() {
  static const auto* const kFiles = [] {
    TestDisk disk(DiskKind::kMemory);
    absl::StatusOr<std::unique_ptr<Store>> store = Open(disk.store(), disk.options());
    EXPECT_TRUE(store.ok()) << store.status();
    for (int i = 0; i < kPuts; ++i) EXPECT_TRUE(PutOne(store->get(), Key(i), Value(i)).ok());
    auto* files = new std::map<std::string, std::string>;
    for (const auto& [name, bytes] : disk.Files().files) {
      (*files)[name.substr(disk.store().size())] = bytes;
    }
    return files;
  }();
  return *kFiles;
}

// That store on a disk, about to be damaged.
class DamagedLog : public ::testing::TestWithParam<DiskKind> {
 protected:
  void SetUp() override {
    testing::DiskImage image;
    image.directories.insert(disk_.store());
    for (const auto& [name, bytes] : StoppedStore()) {
      image.files[disk_.store() + name] = bytes;
      if (absl::EndsWith(name, ".log")) log_ = disk_.store() + name;
    }
    ASSERT_TRUE(image.WriteTo(disk_.env()).ok());
    ASSERT_FALSE(log_.empty());
    ASSERT_TRUE(leveldb::ReadFileToString(disk_.env(), log_, &original_).ok());
    // The last record is a FULL one of known size, so the damage can be aimed at it.
    last_bytes_ = kLogHeaderBytes + 12 + 1 + 1 + Key(kPuts - 1).size() + 2 + 400;
  }

  void Damage(const std::string& bytes) {
    damaged_ = bytes;
    ASSERT_TRUE(leveldb::WriteStringToFile(disk_.env(), bytes, log_).ok());
  }

  // Opens, expecting at most the last put gone, a copy of the log as found, and a report of it.
  void ExpectCut(int present) {
    {
      absl::StatusOr<std::unique_ptr<Store>> store = Open(disk_.store(), disk_.options());
      ASSERT_TRUE(store.ok()) << store.status();
      for (int i = 0; i < kPuts; ++i) {
        const absl::StatusOr<std::string> value = (*store)->Get(Key(i));
        if (i < present) {
          ASSERT_TRUE(value.ok()) << Key(i) << ": " << value.status();
          ASSERT_EQ(*value, Value(i));
        } else {
          ASSERT_EQ(value.status().code(), absl::StatusCode::kNotFound) << Key(i);
        }
      }
      ASSERT_EQ((*store)->tail_cuts().size(), 1u);
      const TailCut& cut = (*store)->tail_cuts()[0];
      EXPECT_EQ(disk_.store() + "/" + cut.log, log_);
      EXPECT_EQ(cut.bytes_before, damaged_.size());
      EXPECT_LE(cut.bytes_after, cut.bytes_before);
      std::string copy;
      ASSERT_TRUE(
          leveldb::ReadFileToString(disk_.env(), disk_.store() + "/" + cut.copy, &copy).ok())
          << cut.copy;
      EXPECT_TRUE(copy == damaged_) << "the copy differs from the log as it was found";
      ASSERT_TRUE(PutOne(store->get(), "after", "cut").ok());
    }
    // Once more: nothing left to cut, and the copy is still there.
    absl::StatusOr<std::unique_ptr<Store>> again = Open(disk_.store(), disk_.options());
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_TRUE((*again)->tail_cuts().empty());
    EXPECT_EQ((*again)->Get("after").value_or("lost"), "cut");
    const std::string copies = disk_.store() + "/lost+tail/";
    EXPECT_TRUE(disk_.env()->FileExists(copies + log_.substr(log_.rfind('/') + 1) + ".1"));
  }

  void ExpectRefusal(absl::string_view reason) {
    const auto before = disk_.Files().files;
    absl::StatusOr<std::unique_ptr<Store>> store = Open(disk_.store(), disk_.options());
    ASSERT_FALSE(store.ok());
    EXPECT_EQ(store.status().code(), absl::StatusCode::kDataLoss) << store.status();
    const std::string message(store.status().message());
    EXPECT_TRUE(absl::StrContains(message, log_)) << message;
    EXPECT_TRUE(absl::StrContains(message, "at byte ")) << message;
    EXPECT_TRUE(absl::StrContains(message, reason)) << message;
    EXPECT_TRUE(absl::StrContains(message, "restore from a backup")) << message;
    EXPECT_TRUE(disk_.Files().files == before) << "a refusal must leave every byte alone";
  }

  TestDisk disk_{GetParam()};
  std::string log_;
  std::string original_;
  std::string damaged_;
  size_t last_bytes_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Disks, DamagedLog, ::testing::Values(DiskKind::kReal, DiskKind::kMemory),
                         [](const auto& param) {
                           return param.param == DiskKind::kReal ? "Real" : "Memory";
                         });

TEST_P(DamagedLog, ASoundLogIsLeftAlone) {
  absl::StatusOr<std::unique_ptr<Store>> store = Open(disk_.store(), disk_.options());
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_TRUE((*store)->tail_cuts().empty());
  EXPECT_FALSE(disk_.env()->FileExists(disk_.store() + "/lost+tail"));
}

TEST_P(DamagedLog, ATruncatedTailIsCut) {
  Damage(original_.substr(0, original_.size() - 100));
  ExpectCut(kPuts - 1);
}

TEST_P(DamagedLog, ATruncatedHeaderIsCut) {
  Damage(original_.substr(0, original_.size() - last_bytes_ + 3));
  ExpectCut(kPuts - 1);
}

TEST_P(DamagedLog, AGarbageTailIsCut) {
  std::mt19937 random(3);
  std::string garbage;
  while (garbage.size() < 5000) garbage.push_back(static_cast<char>(random()));
  Damage(original_ + garbage);
  ExpectCut(kPuts);
}

TEST_P(DamagedLog, AZeroTailIsCut) {
  Damage(original_ + std::string(8192, '\0'));
  ExpectCut(kPuts);
}

TEST_P(DamagedLog, ALastRecordWithAZeroedPayloadIsCut) {
  std::string bytes = original_;
  bytes.replace(bytes.size() - 410, 410, 410, '\0');
  Damage(bytes);
  ExpectCut(kPuts - 1);
}

TEST_P(DamagedLog, AFlippedBitInTheMiddleIsRefused) {
  std::string bytes = original_;
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x40);
  Damage(bytes);
  ExpectRefusal("a sound record follows at byte");
}

TEST_P(DamagedLog, AZeroedPageInTheMiddleIsRefused) {
  std::string bytes = original_;
  bytes.replace(bytes.size() / 2 / 4096 * 4096, 4096, 4096, '\0');
  Damage(bytes);
  ExpectRefusal("a sound record follows at byte");
}

TEST_P(DamagedLog, AFlippedBitInTheLastRecordIsRefused) {
  std::string bytes = original_;
  bytes[bytes.size() - 50] = static_cast<char>(bytes[bytes.size() - 50] ^ 0x02);
  Damage(bytes);
  ExpectRefusal("exactly one bit");
}

TEST_P(DamagedLog, ATornTailBehindWhichALaterLogGoesOnIsRefused) {
  Damage(original_.substr(0, original_.size() - 100));
  LogBuilder later;
  later.Add(Batch(5000, 1, 60));
  ASSERT_TRUE(
      leveldb::WriteStringToFile(disk_.env(), later.bytes(), disk_.store() + "/000099.log").ok());
  ExpectRefusal("the later log 000099.log holds sound records");
}

TEST_P(DamagedLog, AnEmptyLaterLogProvesNothing) {
  Damage(original_.substr(0, original_.size() - 100));
  ASSERT_TRUE(leveldb::WriteStringToFile(disk_.env(), "", disk_.store() + "/000099.log").ok());
  ExpectCut(kPuts - 1);
}

TEST_P(DamagedLog, ASecondCutOfALogOfTheSameNameKeepsBothCopies) {
  Damage(original_.substr(0, original_.size() - 100));
  absl::StatusOr<std::vector<TailCut>> first = ApplyTailRule(disk_.env(), disk_.store());
  ASSERT_TRUE(first.ok()) << first.status();
  Damage(original_.substr(0, original_.size() - 200));
  absl::StatusOr<std::vector<TailCut>> second = ApplyTailRule(disk_.env(), disk_.store());
  ASSERT_TRUE(second.ok()) << second.status();
  ASSERT_EQ(first->size(), 1u);
  ASSERT_EQ(second->size(), 1u);
  EXPECT_NE((*first)[0].copy, (*second)[0].copy);
}

TEST_P(DamagedLog, AManifestsTornTailIsCutAndItsFlippedBitRefused) {
  std::string manifest;
  for (const auto& [name, bytes] : disk_.Files().files) {
    if (absl::StrContains(name, "/MANIFEST-")) manifest = name;
  }
  std::string whole;
  ASSERT_TRUE(leveldb::ReadFileToString(disk_.env(), manifest, &whole).ok());
  // A length one bit too long runs past the end, which LevelDB takes for a torn edit and drops.
  std::string flipped = whole;
  flipped[4] = static_cast<char>(flipped[4] ^ 0x40);
  ASSERT_TRUE(leveldb::WriteStringToFile(disk_.env(), flipped, manifest).ok());
  log_ = manifest;
  ExpectRefusal("");
  // Written but not synced, and its payload lost.
  LogBuilder torn;
  torn.Add(std::string(30, 'e'));
  ASSERT_TRUE(leveldb::WriteStringToFile(
                  disk_.env(), whole + torn.bytes().substr(0, 7) + std::string(30, '\0'), manifest)
                  .ok());
  absl::StatusOr<std::unique_ptr<Store>> store = Open(disk_.store(), disk_.options());
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ((*store)->tail_cuts().size(), 1u);
  EXPECT_EQ((*store)->Get(Key(0)).value_or("lost"), Value(0));
}

TEST(TailRule, ADirectoryThatIsAbsentOrEmptyIsSound) {
  const TemporaryDirectory directory;
  for (const std::string& path : {directory.path(), directory.path() + "/none"}) {
    absl::StatusOr<std::vector<TailCut>> cuts = ApplyTailRule(leveldb::Env::Default(), path);
    ASSERT_TRUE(cuts.ok()) << cuts.status();
    EXPECT_TRUE(cuts->empty());
  }
}

TEST(TailRule, KnowsAWriteAheadLogByItsName) {
  EXPECT_EQ(WriteAheadLogNumber("000012.log"), 12u);
  for (const char* name : {"LOG", "000012.ldb", "000012.log.1", ".log", "x12.log", "-1.log"}) {
    EXPECT_EQ(WriteAheadLogNumber(name), 0u) << name;
  }
}

// No space for the copy: nothing is cut, and the next attempt finds all as it was.
TEST(TailRule, AFullDiskLeavesTheLogAsItWas) {
  testing::FaultEnv disk;
  DurableEnv env(&disk, [&](const std::string& d) { return disk.SyncDirectory(d); });
  LogBuilder log;
  log.Add(Batch(1, 1, 500));
  log.AddRaw("torn");
  testing::DiskImage image;
  image.directories.insert("/d");
  image.files["/d/000007.log"] = log.bytes();
  for (const uint64_t space : {0, 100, 600}) {
    disk.Restart(image);
    disk.FillDisk(space, 1);
    DurableEnv full(&disk, [&](const std::string& d) { return disk.SyncDirectory(d); });
    const absl::StatusOr<std::vector<TailCut>> cuts = ApplyTailRule(&full, "/d");
    EXPECT_EQ(cuts.status().code(), absl::StatusCode::kResourceExhausted) << cuts.status();
    EXPECT_EQ(disk.Visible().files.at("/d/000007.log"), log.bytes());
    const absl::StatusOr<std::vector<TailCut>> again = ApplyTailRule(&env, "/d");
    ASSERT_TRUE(again.ok()) << again.status();
    ASSERT_EQ(again->size(), 1u);
    EXPECT_EQ((*again)[0].bytes_after, 507u);
    for (const auto& [name, bytes] : disk.Visible().files) {
      EXPECT_FALSE(absl::EndsWith(name, ".part")) << name;
    }
  }
}

}  // namespace
}  // namespace sotay::durable
