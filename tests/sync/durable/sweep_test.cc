// After a sweep no file has what stood under its keys before, wherever LevelDB had put it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

#include "sync/durable/open.h"
#include "tests/support/status_matchers.h"
#include "tests/sync/durable/test_disk.h"

namespace sotay::durable {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;
using tests::IsOk;
using tests::StatusIs;

namespace fs = std::filesystem;

constexpr char kNeedle[] = "Qx7Zk0Vt2Mf9Wb4";

class Sweep : public ::testing::Test {
 protected:
  Sweep() { Open(); }

  void Open() {
    store_.reset();
    StoreOptions options = disk_.options();
    options.create_if_missing = true;
    store_ = durable::Open(disk_.store(), options).value();
  }
  void Put(const std::string& key, const std::string& value) {
    leveldb::WriteBatch batch;
    batch.Put(key, value);
    ASSERT_THAT(store_->Write(&batch), IsOk());
  }
  void Delete(const std::string& key) {
    leveldb::WriteBatch batch;
    batch.Delete(key);
    ASSERT_THAT(store_->Write(&batch), IsOk());
  }
  // All memory into tables, and these down as far as they go.
  void Settle() { store_->db().CompactRange(nullptr, nullptr); }
  void Fill(const std::string& prefix) {
    for (int i = 0; i < 200; ++i) Put(prefix + std::to_string(1'000 + i), std::string(500, 'x'));
  }

  std::vector<std::string> FilesWith(const std::string& bytes) const {
    std::vector<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(disk_.store())) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string read((std::istreambuf_iterator<char>(file)), {});
      if (read.find(bytes) != std::string::npos) files.push_back(entry.path().filename());
    }
    return files;
  }

  TestDisk disk_{DiskKind::kReal};
  std::unique_ptr<Store> store_;
};

TEST_F(Sweep, OfWhatWasOnlyInTheLog) {
  Put("k", kNeedle);
  ASSERT_THAT(FilesWith(kNeedle), Not(IsEmpty()));
  Delete("k");
  ASSERT_THAT(store_->Sweep({"k"}), IsOk());
  EXPECT_THAT(FilesWith(kNeedle), IsEmpty());
}

// A table on the lowest level with the old value and the new one is merged with nothing by itself.
TEST_F(Sweep, OfWhatStandsBesideItsSuccessorInOneTable) {
  Fill("a");
  Put("k", kNeedle);
  Put("k", "gone");
  Settle();
  Settle();
  ASSERT_THAT(FilesWith(kNeedle), Not(IsEmpty())) << "or a compaction alone would do";
  ASSERT_THAT(store_->Sweep({"k"}), IsOk());
  EXPECT_THAT(FilesWith(kNeedle), IsEmpty());
  EXPECT_EQ(store_->Get("k").value(), "gone");
  EXPECT_EQ(store_->Get("a1007").value(), std::string(500, 'x'));
}

TEST_F(Sweep, OfWhatLiesOnDeepLevels) {
  Fill("a");
  Put("k", kNeedle);
  Settle();
  for (int round = 0; round < 3; ++round) {
    Fill("a");
    Fill("z");
    Settle();
  }
  Delete("k");
  Settle();
  ASSERT_THAT(store_->Sweep({"k"}), IsOk());
  EXPECT_THAT(FilesWith(kNeedle), IsEmpty());
  EXPECT_THAT(store_->Get("k"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(Sweep, AfterACrashHasPutBothIntoOneTable) {
  Put("k", kNeedle);
  Delete("k");
  Open();  // replays its log into a table
  ASSERT_THAT(store_->Sweep({"k"}), IsOk());
  EXPECT_THAT(FilesWith(kNeedle), IsEmpty());
}

TEST_F(Sweep, WaitsForASnapshotAndDoesItLaterAsWell) {
  Put("k", kNeedle);
  const leveldb::Snapshot* const before = store_->TakeSnapshot();
  Delete("k");
  EXPECT_THAT(store_->Sweep({"k"}), StatusIs(absl::StatusCode::kUnavailable));
  // Merged meanwhile, with the old value in it.
  Settle();
  store_->ReleaseSnapshot(before);
  ASSERT_THAT(store_->Sweep({"k"}), IsOk());
  EXPECT_THAT(FilesWith(kNeedle), IsEmpty());
}

// Those that come later show what stands now: a store that is always read is swept as well.
TEST_F(Sweep, WaitsForNoSnapshotOfAfter) {
  Put("k", kNeedle);
  const leveldb::Snapshot* const before = store_->TakeSnapshot();
  Delete("k");
  EXPECT_THAT(store_->Sweep({"k"}), StatusIs(absl::StatusCode::kUnavailable));
  const leveldb::Snapshot* const after = store_->TakeSnapshot();
  // Nor is anything written while it waits.
  const auto names = [&] {
    std::set<std::string> found;
    for (const auto& entry : fs::directory_iterator(disk_.store())) {
      found.insert(entry.path().filename());
    }
    return found;
  };
  const auto written = names();
  EXPECT_THAT(store_->Sweep({"k"}), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(names(), written);
  store_->ReleaseSnapshot(before);
  EXPECT_THAT(store_->Sweep({"k"}), IsOk());
  EXPECT_THAT(FilesWith(kNeedle), IsEmpty());
  store_->ReleaseSnapshot(after);
}

TEST_F(Sweep, WaitsForWhoeverHasAFileOpen) {
  Put("k", kNeedle);
  Settle();
  auto reader = store_->NewIterator();
  reader->SeekToFirst();
  Delete("k");
  EXPECT_THAT(store_->Sweep({"k"}), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(FilesWith(kNeedle), Not(IsEmpty()));
  reader.reset();
  ASSERT_THAT(store_->Sweep({"k"}), IsOk());
  EXPECT_THAT(FilesWith(kNeedle), IsEmpty());
}

// It was through but for a file that is read; then the same keys had something to hide again.
TEST_F(Sweep, BeginsAnewWhenItsKeysWereWrittenMeanwhile) {
  Put("k", "một");
  Settle();
  auto reader = store_->NewIterator();
  reader->SeekToFirst();
  Delete("k");
  EXPECT_THAT(store_->Sweep({"k"}), StatusIs(absl::StatusCode::kUnavailable));
  Put("k", kNeedle);
  Settle();
  Delete("k");
  reader.reset();
  ASSERT_THAT(store_->Sweep({"k"}), IsOk());
  EXPECT_THAT(FilesWith(kNeedle), IsEmpty());
}

TEST_F(Sweep, TakesWhatWasCutOffALog) {
  Put("k", std::string(kNeedle) + " and more");
  store_.reset();
  for (const auto& entry : fs::directory_iterator(disk_.store())) {
    if (WriteAheadLogNumber(entry.path().filename()) == 0) continue;
    fs::resize_file(entry.path(), fs::file_size(entry.path()) - 1);
  }
  Open();
  ASSERT_EQ(store_->tail_cuts().size(), 1u);
  ASSERT_THAT(FilesWith(kNeedle), Not(IsEmpty()));
  Put("l", "other");
  ASSERT_THAT(store_->Sweep({"k"}), IsOk());
  EXPECT_THAT(FilesWith(kNeedle), IsEmpty());
}

}  // namespace
}  // namespace sotay::durable
