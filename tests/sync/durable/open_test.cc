#include "sync/durable/open.h"

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/sync/durable/test_disk.h"

namespace sotay::durable {
namespace {

using ::sotay::testing::FaultEnv;

std::unique_ptr<Store> MustOpen(const std::string& path, const StoreOptions& options) {
  absl::StatusOr<std::unique_ptr<Store>> store = Open(path, options);
  EXPECT_TRUE(store.ok()) << store.status();
  return store.ok() ? *std::move(store) : nullptr;
}

std::string FirstFile(TestDisk* disk, absl::string_view suffix) {
  for (const auto& [name, bytes] : disk->Files().files) {
    if (absl::EndsWith(name, suffix)) return name;
  }
  return "";
}

TEST(Open, KeepsWhatWasWrittenAcrossReopening) {
  for (const DiskKind kind : {DiskKind::kReal, DiskKind::kMemory}) {
    TestDisk disk(kind);
    ASSERT_TRUE(PutOne(MustOpen(disk.store(), disk.options()).get(), "a", "1").ok());
    const std::unique_ptr<Store> store = MustOpen(disk.store(), disk.options());
    ASSERT_NE(store, nullptr);
    EXPECT_EQ(store->Get("a").value_or("lost"), "1");
    EXPECT_EQ(store->Get("b").status().code(), absl::StatusCode::kNotFound);
    EXPECT_FALSE(store->read_only());
    const std::unique_ptr<leveldb::Iterator> all = store->NewIterator();
    all->SeekToFirst();
    ASSERT_TRUE(all->Valid());
    EXPECT_EQ(all->key().ToString(), "a");
    all->Next();
    EXPECT_FALSE(all->Valid());
    EXPECT_TRUE(FromLevelDb(all->status()).ok());
  }
}

TEST(Open, ReadsAreVerified) { EXPECT_TRUE(Store::ReadOptions().verify_checksums); }

TEST(Open, AnAbsentStoreIsNotMadeByAsking) {
  TestDisk disk(DiskKind::kReal);
  StoreOptions options = disk.options();
  options.create_if_missing = false;
  EXPECT_EQ(Open(disk.store(), options).status().code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(disk.env()->FileExists(disk.store()));
  ASSERT_TRUE(disk.env()->CreateDir(disk.store()).ok());
  EXPECT_EQ(Open(disk.store(), options).status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(disk.Files().files.empty()) << "not even a LOCK file";
}

TEST(Open, AnExistingStoreIsNotTakenForANewOne) {
  TestDisk disk(DiskKind::kReal);
  MustOpen(disk.store(), disk.options());
  StoreOptions options = disk.options();
  options.error_if_exists = true;
  EXPECT_EQ(Open(disk.store(), options).status().code(), absl::StatusCode::kAlreadyExists);
}

TEST(Open, AMissingParentIsSaid) {
  TestDisk disk(DiskKind::kReal);
  const absl::Status status = Open(disk.store() + "/a/b", disk.options()).status();
  EXPECT_FALSE(status.ok());
  EXPECT_TRUE(absl::StrContains(status.message(), disk.store() + "/a/b")) << status;
}

// LevelDB would make a new store there and delete the old one's files as leftovers.
TEST(Open, AStoreThatLostItsCurrentFileIsNotTakenForANewOne) {
  TestDisk disk(DiskKind::kReal);
  ASSERT_TRUE(PutOne(MustOpen(disk.store(), disk.options()).get(), "a", "1").ok());
  ASSERT_TRUE(disk.env()->RemoveFile(disk.store() + "/CURRENT").ok());
  const auto before = disk.Files().files;
  for (const bool create : {true, false}) {
    StoreOptions options = disk.options();
    options.create_if_missing = create;
    const absl::Status status = Open(disk.store(), options).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
    EXPECT_TRUE(absl::StrContains(status.message(), "restore from a backup")) << status;
    EXPECT_TRUE(disk.Files().files == before);
  }
}

TEST(Open, AFirstStartThatACrashInterruptedIsStartedAgain) {
  TestDisk disk(DiskKind::kReal);
  ASSERT_TRUE(disk.env()->CreateDir(disk.store()).ok());
  for (const char* name : {"/MANIFEST-000001", "/000001.dbtmp"}) {
    ASSERT_TRUE(leveldb::WriteStringToFile(disk.env(), "half", disk.store() + name).ok());
  }
  EXPECT_NE(MustOpen(disk.store(), disk.options()), nullptr);
}

TEST(Open, AMissingTableIsDataLoss) {
  TestDisk disk(DiskKind::kReal);
  ASSERT_TRUE(PutOne(MustOpen(disk.store(), disk.options()).get(), "a", "1").ok());
  MustOpen(disk.store(), disk.options());  // moves the put from the log to a table
  const std::string table = FirstFile(&disk, ".ldb");
  ASSERT_FALSE(table.empty());
  {
    const std::unique_ptr<Store> store = MustOpen(disk.store(), disk.options());
    ASSERT_TRUE(disk.env()->RemoveFile(table).ok());
    // LevelDB says NotFound here, as it does for a key that is not there.
    const absl::Status status = store->Get("a").status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  }
  const absl::Status status = Open(disk.store(), disk.options()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), disk.store())) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), "restore from a backup")) << status;
}

TEST(Open, ADamagedTableIsDataLossWhenRead) {
  TestDisk disk(DiskKind::kReal);
  ASSERT_TRUE(
      PutOne(MustOpen(disk.store(), disk.options()).get(), "a", std::string(999, 'v')).ok());
  MustOpen(disk.store(), disk.options());
  const std::string table = FirstFile(&disk, ".ldb");
  std::string bytes;
  ASSERT_TRUE(leveldb::ReadFileToString(disk.env(), table, &bytes).ok());
  bytes[10] = static_cast<char>(bytes[10] ^ 1);
  ASSERT_TRUE(leveldb::WriteStringToFile(disk.env(), bytes, table).ok());
  const std::unique_ptr<Store> store = MustOpen(disk.store(), disk.options());
  EXPECT_EQ(store->Get("a").status().code(), absl::StatusCode::kDataLoss);
  const std::unique_ptr<leveldb::Iterator> all = store->NewIterator();
  for (all->SeekToFirst(); all->Valid(); all->Next()) {
  }
  EXPECT_EQ(FromLevelDb(all->status()).code(), absl::StatusCode::kDataLoss);
}

TEST(Open, AFailedWriteMakesTheStoreReadOnlyUntilReopened) {
  TestDisk disk(DiskKind::kMemory);
  auto* const memory = static_cast<FaultEnv*>(disk.env());
  std::unique_ptr<Store> store = MustOpen(disk.store(), disk.options());
  ASSERT_TRUE(PutOne(store.get(), "a", "1").ok());
  memory->FillDisk(10, 1);
  const absl::Status full = PutOne(store.get(), "b", "2");
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted) << full;
  EXPECT_TRUE(absl::StrContains(full.message(), "storage cannot be written")) << full;
  EXPECT_TRUE(absl::StrContains(full.message(), disk.store())) << full;
  EXPECT_TRUE(store->read_only());
  EXPECT_EQ(PutOne(store.get(), "c", "3"), full) << "there is space again, but it is over";
  EXPECT_EQ(store->Get("a").value_or("lost"), "1") << "reads go on";
  EXPECT_EQ(store->Get("b").status().code(), absl::StatusCode::kNotFound);
  store.reset();
  store = MustOpen(disk.store(), disk.options());
  ASSERT_NE(store, nullptr);
  EXPECT_FALSE(store->read_only());
  EXPECT_EQ(store->Get("a").value_or("lost"), "1");
  EXPECT_TRUE(PutOne(store.get(), "c", "3").ok());
}

TEST(Open, AFailedSyncIsUnavailable) {
  TestDisk disk(DiskKind::kMemory);
  const std::unique_ptr<Store> store = MustOpen(disk.store(), disk.options());
  static_cast<FaultEnv*>(disk.env())->FailSync(1);
  const absl::Status status = PutOne(store.get(), "a", "1");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), "could not sync")) << status;
}

// LevelDB answers a failed rename of CURRENT by deleting the MANIFEST it was to name; when only
// the directory sync failed, CURRENT names it already.
TEST(Open, AnyOneFailingCallWhileOpeningLeavesAStoreThatOpens) {
  TestDisk disk(DiskKind::kMemory);
  auto* const memory = static_cast<FaultEnv*>(disk.env());
  ASSERT_TRUE(PutOne(MustOpen(disk.store(), disk.options()).get(), "a", "1").ok());
  const testing::DiskImage image = memory->Visible();
  const uint64_t before = memory->calls();
  MustOpen(disk.store(), disk.options());
  const uint64_t calls = memory->calls() - before;
  ASSERT_GT(calls, 20u);
  for (uint64_t n = 1; n <= calls; ++n) {
    memory->Restart(image);
    memory->FailCall(n);
    { const auto ignored = Open(disk.store(), disk.options()); }
    memory->Cut(testing::PowerCut::kDropUnsynced, n);
    const std::unique_ptr<Store> store = MustOpen(disk.store(), disk.options());
    ASSERT_NE(store, nullptr) << "after failing call " << n;
    ASSERT_EQ(store->Get("a").value_or("lost"), "1") << "after failing call " << n;
  }
}

TEST(Open, ManyThreadsWriteAtOnce) {
  TestDisk disk(DiskKind::kReal);
  const std::unique_ptr<Store> store = MustOpen(disk.store(), disk.options());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&store, t] {
      for (int i = 0; i < 50; ++i) {
        EXPECT_TRUE(PutOne(store.get(), absl::StrCat(t, "/", i), "v").ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int t = 0; t < 4; ++t) {
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(store->Get(absl::StrCat(t, "/", i)).ok());
  }
}

TEST(FromLevelDb, TellsTheCallerWhatToDoNext) {
  using leveldb::Status;
  EXPECT_TRUE(FromLevelDb(Status::OK()).ok());
  EXPECT_EQ(FromLevelDb(Status::NotFound("x")).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(FromLevelDb(Status::Corruption("x")).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(FromLevelDb(Status::IOError("f", "Input/output error")).code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(FromLevelDb(Status::IOError("f", "No space left on device")).code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(FromLevelDb(Status::NotSupported("x")).code(), absl::StatusCode::kInternal);
  EXPECT_EQ(FromLevelDb(Status::InvalidArgument("x")).code(), absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace sotay::durable
