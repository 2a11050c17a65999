// The failure this room was built for: one append to the write-ahead log is done by half because
// the disk is full; then there is space again, and two hundred synced puts follow.  Plain LevelDB
// goes on, says "synced" to nearly all of them, and has lost most at the next start.
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/sync/durable/test_disk.h"

namespace sotay::durable {
namespace {

constexpr int kPutsBefore = 50;
constexpr int kPutsAfter = 200;

std::string Key(int i) { return absl::StrCat("key", i); }
std::string Value(int i) { return std::string(400, static_cast<char>('A' + i % 26)); }

// Files of this process can grow no further while it lives: the real system's half-done write.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(uint64_t bytes) : old_handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &old_limit_);
    struct ::rlimit limit = old_limit_;
    limit.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_limit_);
    std::signal(SIGXFSZ, old_handler_);
  }

 private:
  void (*const old_handler_)(int);
  struct ::rlimit old_limit_ {};
};

// Puts; returns whether the caller was told it is kept.
using Put = std::function<bool(int)>;

// Does the sequence with `put`; returns which puts were told kept.
std::vector<int> HalfAnAppendThenManyPuts(TestDisk* disk, const Put& put) {
  std::vector<int> told;
  for (int i = 0; i < kPutsBefore; ++i) {
    if (put(i)) told.push_back(i);
  }
  // Room for the header of the next record and a part of its payload.
  constexpr uint64_t kRoomBytes = 100;
  if (disk->env() != leveldb::Env::Default()) {
    static_cast<testing::FaultEnv*>(disk->env())->FillDisk(kRoomBytes, 1);
    EXPECT_FALSE(put(kPutsBefore));
  } else {
    uint64_t bytes = 0;
    for (const auto& [name, content] : disk->Files().files) {
      if (name.ends_with(".log")) bytes = content.size();
    }
    const FileSizeLimit limit(bytes + kRoomBytes);
    EXPECT_FALSE(put(kPutsBefore));
  }
  for (int i = kPutsBefore + 1; i <= kPutsBefore + kPutsAfter; ++i) {
    if (put(i)) told.push_back(i);
  }
  return told;
}

std::unique_ptr<leveldb::DB> OpenPlain(TestDisk* disk, bool paranoid, leveldb::Status* status) {
  leveldb::Options options;
  options.env = disk->env();
  options.create_if_missing = true;
  options.paranoid_checks = paranoid;
  leveldb::DB* db = nullptr;
  *status = leveldb::DB::Open(options, disk->store(), &db);
  return std::unique_ptr<leveldb::DB>(db);
}

class HalfWrite : public ::testing::TestWithParam<DiskKind> {};
INSTANTIATE_TEST_SUITE_P(Disks, HalfWrite, ::testing::Values(DiskKind::kReal, DiskKind::kMemory),
                         [](const auto& param) {
                           return param.param == DiskKind::kReal ? "Real" : "Memory";
                         });

TEST_P(HalfWrite, LosesNothingThatWasTold) {
  TestDisk disk(GetParam());
  std::vector<int> told;
  {
    absl::StatusOr<std::unique_ptr<Store>> store = Open(disk.store(), disk.options());
    ASSERT_TRUE(store.ok()) << store.status();
    told = HalfAnAppendThenManyPuts(
        &disk, [&](int i) { return PutOne(store->get(), Key(i), Value(i)).ok(); });
    EXPECT_TRUE((*store)->read_only());
    EXPECT_EQ((*store)->Get(Key(0)).value_or("lost"), Value(0)) << "reads go on";
  }
  EXPECT_EQ(told.size(), static_cast<size_t>(kPutsBefore)) << "none after the failure";
  absl::StatusOr<std::unique_ptr<Store>> store = Open(disk.store(), disk.options());
  ASSERT_TRUE(store.ok()) << store.status();
  int lost = 0;
  for (int i : told) lost += (*store)->Get(Key(i)).value_or("lost") == Value(i) ? 0 : 1;
  EXPECT_EQ(lost, 0);
  EXPECT_EQ((*store)->tail_cuts().size(), 1u) << "the half-written record";
  EXPECT_TRUE(PutOne(store->get(), "again", "writable").ok());
  std::printf("told %zu, lost %d\n", told.size(), lost);
}

// The canary: without the Env of ours the same sequence loses, so the test above can turn red.
TEST_P(HalfWrite, PlainLevelDbLosesWhatItTold) {
  TestDisk disk(GetParam());
  std::vector<int> told;
  leveldb::Status status;
  {
    // LevelDB does not make parents.
    disk.env()->CreateDir(disk.store());
    const std::unique_ptr<leveldb::DB> db = OpenPlain(&disk, false, &status);
    ASSERT_TRUE(status.ok()) << status.ToString();
    leveldb::WriteOptions sync;
    sync.sync = true;
    told = HalfAnAppendThenManyPuts(&disk,
                                    [&](int i) { return db->Put(sync, Key(i), Value(i)).ok(); });
  }
  {
    const std::unique_ptr<leveldb::DB> db = OpenPlain(&disk, true, &status);
    EXPECT_TRUE(status.IsCorruption()) << "paranoid refuses: " << status.ToString();
  }
  // And the tail rule refuses as well: what follows the damage had been promised.
  EXPECT_EQ(Open(disk.store(), disk.options()).status().code(), absl::StatusCode::kDataLoss);
  const std::unique_ptr<leveldb::DB> db = OpenPlain(&disk, false, &status);
  ASSERT_TRUE(status.ok()) << "opens as if nothing were missing: " << status.ToString();
  int lost = 0;
  for (int i : told) {
    std::string value;
    lost += db->Get(leveldb::ReadOptions(), Key(i), &value).ok() && value == Value(i) ? 0 : 1;
  }
  EXPECT_GT(told.size(), static_cast<size_t>(kPutsBefore));
  EXPECT_GT(lost, 0);
  std::printf("told %zu, lost %d\n", told.size(), lost);
}

}  // namespace
}  // namespace sotay::durable
