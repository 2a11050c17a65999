// What was deleted or replaced is in no file of the store afterwards.
#include <algorithm>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "sync/durable/open.h"
#include "tests/sync/durable/test_disk.h"

namespace sotay::durable {
namespace {

// Compressed or not, its beginning stands in the file as it is: nothing like it came before.
constexpr char kNeedle[] = "Bị can khai đã nhận 885 triệu đồng tại Km 12+300";

std::unique_ptr<Store> MustOpen(TestDisk* disk) {
  auto store = Open(disk->store(), disk->options());
  EXPECT_TRUE(store.ok()) << store.status();
  return store.ok() ? *std::move(store) : nullptr;
}

int FilesWithNeedle(TestDisk* disk) {
  int files = 0;
  for (const auto& [name, bytes] : disk->Files().files) {
    if (absl::StrContains(bytes, "885 triệu")) ++files;
  }
  return files;
}

absl::Status Delete(Store* store, const std::string& key) {
  leveldb::WriteBatch batch;
  batch.Delete(key);
  return store->Write(&batch);
}

TEST(Purge, LeavesNothingOfWhatNeverLeftMemory) {
  for (const DiskKind kind : {DiskKind::kReal, DiskKind::kMemory}) {
    TestDisk disk(kind);
    const auto store = MustOpen(&disk);
    ASSERT_TRUE(PutOne(store.get(), "o1", kNeedle).ok());
    ASSERT_TRUE(PutOne(store.get(), "o2", kNeedle).ok());
    ASSERT_TRUE(PutOne(store.get(), "o3", "ở lại").ok());
    ASSERT_GT(FilesWithNeedle(&disk), 0) << "else this shows nothing";
    ASSERT_TRUE(PutOne(store.get(), "o1", "withheld").ok());
    ASSERT_TRUE(Delete(store.get(), "o2").ok());
    ASSERT_GT(FilesWithNeedle(&disk), 0);
    ASSERT_TRUE(store->Purge().ok());
    EXPECT_EQ(FilesWithNeedle(&disk), 0);
    EXPECT_EQ(store->Get("o1").value_or(""), "withheld");
    EXPECT_EQ(store->Get("o2").status().code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(store->Get("o3").value_or(""), "ở lại");
  }
}

// However deep it has sunk, and whatever lies around it.
TEST(Purge, LeavesNothingInSortedFiles) {
  for (uint64_t seed = 0; seed < 12; ++seed) {
    std::mt19937_64 random(seed);
    TestDisk disk(DiskKind::kMemory);
    StoreOptions options = disk.options();
    options.write_buffer_bytes = 64 << 10;
    const auto opened = Open(disk.store(), options);
    ASSERT_TRUE(opened.ok());
    Store* const store = opened->get();
    std::map<std::string, std::string> kept;
    const auto fill = [&](int puts) {
      for (int i = 0; i < puts; ++i) {
        std::string value(2'000, '\0');
        std::generate(value.begin(), value.end(), [&] { return static_cast<char>(random()); });
        const std::string key = absl::StrCat("o", random() % 300);
        ASSERT_TRUE(PutOne(store, key, value).ok());
        kept[key] = value;
      }
    };
    fill(static_cast<int>(random() % 200));
    for (const char* key : {"o5needle", "b1", "zz"}) {
      ASSERT_TRUE(PutOne(store, key, kNeedle).ok());
      fill(static_cast<int>(random() % 200));
    }
    if (random() % 2 == 0) store->db().CompactRange(nullptr, nullptr);
    for (const char* key : {"o5needle", "b1", "zz"}) {
      ASSERT_TRUE((random() % 2 == 0 ? PutOne(store, key, "") : Delete(store, key)).ok());
      fill(static_cast<int>(random() % 40));
    }
    ASSERT_TRUE(store->Purge().ok());
    EXPECT_EQ(FilesWithNeedle(&disk), 0) << "seed " << seed;
    for (const auto& [key, value] : kept) EXPECT_EQ(store->Get(key).value_or("lost"), value);
  }
}

// A span over all keys would not be merged with a file that lies on the lowest level and overlaps
// nothing: LevelDB splits the span where it lies over more than 20 MB.
TEST(Purge, LeavesNothingInAStoreOfManyFiles) {
  std::mt19937_64 random(7);
  TestDisk disk(DiskKind::kMemory);
  StoreOptions options = disk.options();
  options.write_buffer_bytes = 4 << 20;
  const auto opened = Open(disk.store(), options);
  ASSERT_TRUE(opened.ok());
  Store* const store = opened->get();
  ASSERT_TRUE(PutOne(store, "b1500needle", kNeedle).ok());
  for (int i = 0; i < 1'500; ++i) {
    std::string value(20'000, '\0');
    std::generate(value.begin(), value.end(), [&] { return static_cast<char>(random()); });
    ASSERT_TRUE(PutOne(store, absl::StrCat("b", 1'000 + i), value).ok());
  }
  store->db().CompactRange(nullptr, nullptr);
  ASSERT_TRUE(Delete(store, "b1500needle").ok());
  store->db().CompactRange(nullptr, nullptr);
  // Written and deleted before it left memory: both are in one file.
  ASSERT_TRUE(PutOne(store, "y", kNeedle).ok());
  ASSERT_TRUE(Delete(store, "y").ok());
  ASSERT_GT(FilesWithNeedle(&disk), 0) << "else this shows nothing";
  ASSERT_TRUE(store->Purge().ok());
  EXPECT_EQ(FilesWithNeedle(&disk), 0);
  EXPECT_EQ(store->Get("b2000").value_or("").size(), 20'000u);
}

TEST(Purge, AsksForRoomBeforeItWrites) {
  TestDisk disk(DiskKind::kReal);
  StoreOptions options = disk.options();
  uint64_t room = 1 << 20;
  options.free_bytes = [&room] { return room; };
  const auto store = Open(disk.store(), options);
  ASSERT_TRUE(store.ok());
  ASSERT_TRUE(PutOne(store->get(), "o1", kNeedle).ok());
  ASSERT_TRUE(Delete(store->get(), "o1").ok());
  EXPECT_EQ((*store)->Purge().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_FALSE((*store)->read_only());
  EXPECT_TRUE(PutOne(store->get(), "o2", "ghi tiếp").ok());
  room = uint64_t{1} << 30;
  EXPECT_TRUE((*store)->Purge().ok());
  EXPECT_EQ(FilesWithNeedle(&disk), 0);
}

// A damaged block would end all writing, were it found while files are merged.
TEST(Purge, ReadsEveryFileBeforeItWrites) {
  TestDisk disk(DiskKind::kReal);
  {
    const auto store = MustOpen(&disk);
    ASSERT_TRUE(PutOne(store.get(), "o1", kNeedle).ok());
    ASSERT_TRUE(PutOne(store.get(), "o9", "ở lại").ok());
    store->db().CompactRange(nullptr, nullptr);
  }
  for (const auto& [name, bytes] : disk.Files().files) {
    if (!absl::EndsWith(name, ".ldb")) continue;
    std::fstream file(name, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(bytes.find("885")));
    file.put('9');
  }
  const auto store = MustOpen(&disk);
  ASSERT_TRUE(Delete(store.get(), "o1").ok());
  EXPECT_EQ(store->Purge().code(), absl::StatusCode::kDataLoss);
  EXPECT_FALSE(store->read_only());
  EXPECT_TRUE(PutOne(store.get(), "o2", "ghi tiếp").ok());
}

// A disk on which, whenever somebody looks, a table is just being written: its name is there, its
// end is not.  LevelDB takes it away as it does with what it did not finish.
class Merging : public leveldb::EnvWrapper {
 public:
  explicit Merging(leveldb::Env* disk) : EnvWrapper(disk) {}

  leveldb::Status GetChildren(const std::string& directory,
                              std::vector<std::string>* names) override {
    if (times > 0) {
      --times;
      leveldb::WritableFile* file = nullptr;
      EXPECT_TRUE(target()->NewWritableFile(directory + "/999999.ldb", &file).ok());
      const std::unique_ptr<leveldb::WritableFile> owned(file);
      EXPECT_TRUE(file->Append("its first block").ok());
      EXPECT_TRUE(file->Close().ok());
    }
    return target()->GetChildren(directory, names);
  }

  int times = 0;
};

TEST(Purge, WaitsForATableThatIsBeingWritten) {
  TestDisk disk(DiskKind::kReal);
  Merging merging(disk.env());
  StoreOptions options = disk.options();
  options.base = &merging;
  options.free_bytes = [] { return uint64_t{1} << 40; };
  const auto store = Open(disk.store(), options);
  ASSERT_TRUE(store.ok());
  ASSERT_TRUE(PutOne(store->get(), "o1", kNeedle).ok());
  ASSERT_TRUE(PutOne(store->get(), "o2", "ở lại").ok());
  ASSERT_TRUE(Delete(store->get(), "o1").ok());
  ASSERT_GT(FilesWithNeedle(&disk), 0);
  // Longer than anybody waits: that is no damage.
  merging.times = 1'000'000;
  EXPECT_EQ((*store)->Purge().code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE((*store)->read_only());
  merging.times = 8;
  ASSERT_TRUE((*store)->Purge().ok());
  EXPECT_EQ(merging.times, 0);
  EXPECT_EQ(FilesWithNeedle(&disk), 0);
  EXPECT_EQ((*store)->Get("o2").value_or(""), "ở lại");
}

TEST(Purge, SaysWhichTableHasGone) {
  TestDisk disk(DiskKind::kReal);
  const auto store = MustOpen(&disk);
  ASSERT_TRUE(PutOne(store.get(), "o1", kNeedle).ok());
  store->db().CompactRange(nullptr, nullptr);
  std::string gone;
  for (const auto& [name, bytes] : disk.Files().files) {
    if (absl::EndsWith(name, ".ldb")) gone = name;
  }
  ASSERT_TRUE(disk.env()->RemoveFile(gone).ok());
  const absl::Status purged = store->Purge();
  EXPECT_EQ(purged.code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(absl::StrContains(purged.message(), " has gone")) << purged;
  EXPECT_FALSE(store->read_only());
}

TEST(Purge, TakesCopiesOfCutLogsToo) {
  TestDisk disk(DiskKind::kReal);
  ASSERT_TRUE(PutOne(MustOpen(&disk).get(), "o1", kNeedle).ok());
  // A ragged end, as a power cut leaves it.
  for (const auto& [name, bytes] : disk.Files().files) {
    if (!absl::EndsWith(name, ".log")) continue;
    leveldb::WritableFile* file = nullptr;
    ASSERT_TRUE(disk.env()->NewAppendableFile(name, &file).ok());
    ASSERT_TRUE(file->Append("xyz").ok());
    ASSERT_TRUE(file->Close().ok());
    delete file;
  }
  const auto store = MustOpen(&disk);
  ASSERT_EQ(store->tail_cuts().size(), 1u);
  ASSERT_TRUE(Delete(store.get(), "o1").ok());
  ASSERT_TRUE(store->Purge().ok());
  EXPECT_EQ(FilesWithNeedle(&disk), 0);
}

TEST(Purge, SaysWhenTheDiskFails) {
  for (uint64_t call = 1; call < 40; call += 3) {
    testing::FaultEnv env;
    StoreOptions options;
    options.base = &env;
    options.sync_directory = [&env](const std::string& d) { return env.SyncDirectory(d); };
    options.create_if_missing = true;
    const auto store = Open("/store", options);
    ASSERT_TRUE(store.ok());
    ASSERT_TRUE(PutOne(store->get(), "o1", kNeedle).ok());
    ASSERT_TRUE(Delete(store->get(), "o1").ok());
    const uint64_t before = env.calls();
    env.StopAtCall(call);
    const absl::Status purged = (*store)->Purge();
    // Either it was done before the disk went, or it says so.
    if (env.calls() - before >= call) {
      EXPECT_FALSE(purged.ok()) << call;
    }
  }
}

}  // namespace
}  // namespace sotay::durable
