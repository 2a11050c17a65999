#include "sync/durable/durable_env.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "tests/sync/durable/test_disk.h"

namespace sotay::durable {
namespace {

using ::sotay::testing::FaultEnv;

DirectorySync SyncOf(FaultEnv* env) {
  return [env](const std::string& directory) { return env->SyncDirectory(directory); };
}

std::unique_ptr<leveldb::WritableFile> Create(leveldb::Env* env, const std::string& name) {
  leveldb::WritableFile* file = nullptr;
  EXPECT_TRUE(env->NewWritableFile(name, &file).ok()) << name;
  return std::unique_ptr<leveldb::WritableFile>(file);
}

// Asserts that writing through `env` is over, and that the disk below is left alone.
void ExpectWritingIsOver(DurableEnv* env, FaultEnv* disk, leveldb::WritableFile* file) {
  EXPECT_TRUE(env->poisoned());
  EXPECT_FALSE(env->first_failure().ok());
  const uint64_t calls = disk->calls();
  leveldb::WritableFile* fresh = nullptr;
  std::vector<leveldb::Status> refusals = {env->NewWritableFile("/d/new", &fresh),
                                           env->NewAppendableFile("/d/new", &fresh),
                                           env->RenameFile("/d/other", "/d/moved"),
                                           env->RemoveFile("/d/other"),
                                           env->CreateDir("/d/sub"),
                                           env->RemoveDir("/d")};
  if (file != nullptr) {
    refusals.push_back(file->Append("more"));
    refusals.push_back(file->Flush());
    refusals.push_back(file->Sync());
  }
  for (const leveldb::Status& refusal : refusals) {
    EXPECT_TRUE(refusal.IsIOError()) << refusal.ToString();
    EXPECT_NE(refusal.ToString().find("an earlier write failed"), std::string::npos)
        << refusal.ToString();
  }
  EXPECT_EQ(fresh, nullptr);
  EXPECT_EQ(disk->calls(), calls);
  std::string bytes;
  EXPECT_TRUE(leveldb::ReadFileToString(env, "/d/other", &bytes).ok());
  EXPECT_EQ(bytes, "readable");
}

// Each kind of write, failing first.
TEST(DurableEnv, TheFirstFailureOfAnyKindEndsAllWriting) {
  using Step = std::function<leveldb::Status(DurableEnv*, leveldb::WritableFile*)>;
  struct Case {
    const char* verb;
    Step step;
  };
  const Case cases[] = {
      {"append to", [](DurableEnv*, leveldb::WritableFile* file) { return file->Append("x"); }},
      {"flush", [](DurableEnv*, leveldb::WritableFile* file) { return file->Flush(); }},
      {"sync", [](DurableEnv*, leveldb::WritableFile* file) { return file->Sync(); }},
      {"close", [](DurableEnv*, leveldb::WritableFile* file) { return file->Close(); }},
      {"create",
       [](DurableEnv* env, leveldb::WritableFile*) {
         leveldb::WritableFile* fresh = nullptr;
         return env->NewWritableFile("/d/file", &fresh);
       }},
      {"rename to",
       [](DurableEnv* env, leveldb::WritableFile*) { return env->RenameFile("/d/file", "/d/f2"); }},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.verb);
    FaultEnv disk;
    DurableEnv env(&disk, SyncOf(&disk));
    const auto other = Create(&env, "/d/other");
    ASSERT_TRUE(other->Append("readable").ok());
    ASSERT_TRUE(other->Sync().ok());
    const auto file = Create(&env, "/d/file");
    ASSERT_FALSE(env.poisoned());
    disk.FailCall(1);
    EXPECT_TRUE(c.step(&env, file.get()).IsIOError());
    const std::string first(env.first_failure().message());
    EXPECT_NE(first.find(std::string("could not ") + c.verb), std::string::npos) << first;
    EXPECT_NE(first.find("/d/f"), std::string::npos) << first;
    ExpectWritingIsOver(&env, &disk, other.get());
    EXPECT_EQ(env.first_failure().message(), first);
  }
}

TEST(DurableEnv, SaysWhenTheDiskWasFull) {
  FaultEnv disk;
  DurableEnv env(&disk, SyncOf(&disk));
  const auto file = Create(&env, "/d/file");
  disk.FillDisk(2, 1);
  EXPECT_TRUE(file->Append("four").IsIOError());
  EXPECT_EQ(env.first_failure().code(), absl::StatusCode::kResourceExhausted);
  // There is space again, but what is in the file no longer is what the writer believes.
  EXPECT_TRUE(file->Append("four").IsIOError());
  EXPECT_EQ(disk.Visible().files.at("/d/file"), "fo");
}

TEST(DurableEnv, ANewFilesNameIsDurableWhenItsFirstSyncReturns) {
  FaultEnv disk;
  std::vector<std::string> synced;
  DurableEnv env(&disk, [&](const std::string& directory) {
    synced.push_back(directory);
    return disk.SyncDirectory(directory);
  });
  const auto file = Create(&env, "/d/file");
  ASSERT_TRUE(file->Append("kept").ok());
  EXPECT_TRUE(synced.empty());
  ASSERT_TRUE(file->Sync().ok());
  EXPECT_EQ(synced, std::vector<std::string>{"/d"});
  ASSERT_TRUE(file->Append(" too").ok());
  ASSERT_TRUE(file->Sync().ok());
  EXPECT_EQ(synced.size(), 1u) << "once is enough";
  disk.Cut(testing::PowerCut::kDropUnsynced, 1);
  EXPECT_EQ(disk.Visible().files.at("/d/file"), "kept too");
}

// Nobody reads it before, and LevelDB asks for it after each of its blocks.
TEST(DurableEnv, ATableIsHandedOverWhenItIsSyncedAndALogAtOnce) {
  FaultEnv disk;
  std::map<std::string, int> flushed;
  disk.set_observer([&](const FaultEnv::Call& call) {
    if (call.verb == "flush") ++flushed[call.name];
  });
  DurableEnv env(&disk, SyncOf(&disk));
  for (const char* name : {"/d/000007.ldb", "/d/000008.log"}) {
    const auto file = Create(&env, name);
    ASSERT_TRUE(file->Append("kept").ok());
    ASSERT_TRUE(file->Flush().ok());
    ASSERT_TRUE(file->Sync().ok());
    ASSERT_TRUE(file->Close().ok());
  }
  EXPECT_EQ(flushed["/d/000007.ldb"], 0);
  EXPECT_EQ(flushed["/d/000008.log"], 1);
  disk.Cut(testing::PowerCut::kDropUnsynced, 1);
  EXPECT_EQ(disk.Visible().files.at("/d/000007.ldb"), "kept");
}

TEST(DurableEnv, ARenameAndANewDirectoryAreDurableWhenTheCallReturns) {
  FaultEnv disk;
  std::vector<std::string> synced;
  DurableEnv env(&disk, [&](const std::string& directory) {
    synced.push_back(directory);
    return disk.SyncDirectory(directory);
  });
  ASSERT_TRUE(env.CreateDir("/d/sub").ok());
  EXPECT_EQ(synced, std::vector<std::string>{"/d"});
  const auto file = Create(&env, "/d/sub/part");
  ASSERT_TRUE(file->Append("kept").ok());
  ASSERT_TRUE(file->Sync().ok());
  ASSERT_TRUE(env.RenameFile("/d/sub/part", "/d/sub/whole").ok());
  EXPECT_EQ(synced, (std::vector<std::string>{"/d", "/d/sub", "/d/sub"}));
  disk.Cut(testing::PowerCut::kDropUnsynced, 1);
  EXPECT_EQ(disk.Visible().files.at("/d/sub/whole"), "kept");
}

TEST(DurableEnv, AFailedDirectorySyncEndsWritingAndFailsTheCall) {
  FaultEnv disk;
  DurableEnv env(&disk, [](const std::string& directory) {
    return leveldb::Status::IOError(directory, "no such luck");
  });
  const auto file = Create(&env, "/d/file");
  ASSERT_TRUE(file->Append("x").ok());
  EXPECT_TRUE(file->Sync().IsIOError());
  EXPECT_TRUE(env.poisoned());
  EXPECT_NE(env.first_failure().message().find("keep the name of /d/file"), std::string::npos);
}

// LevelDB leaves a full log behind by deleting the object.
TEST(DurableEnv, AFileIsNeverLeftWithUnsyncedBytes) {
  FaultEnv disk;
  DurableEnv env(&disk, SyncOf(&disk));
  auto file = Create(&env, "/d/file");
  ASSERT_TRUE(file->Append("kept").ok());
  file.reset();
  disk.Cut(testing::PowerCut::kDropUnsynced, 1);
  EXPECT_EQ(disk.Visible().files.at("/d/file"), "kept");
}

TEST(DurableEnv, AFailedCloseNobodyLooksAtEndsWriting) {
  FaultEnv disk;
  DurableEnv env(&disk, SyncOf(&disk));
  auto file = Create(&env, "/d/file");
  disk.FailCall(1);
  file.reset();
  EXPECT_TRUE(env.poisoned());
}

TEST(DurableEnv, FailingToMoveOrRemoveWhatIsNotThereIsNoFailureOfStorage) {
  FaultEnv disk;
  DurableEnv env(&disk, SyncOf(&disk));
  EXPECT_FALSE(env.RenameFile("/d/LOG", "/d/LOG.old").ok());
  EXPECT_FALSE(env.RemoveFile("/d/000001.dbtmp").ok());
  ASSERT_TRUE(env.CreateDir("/d/sub").ok());
  EXPECT_FALSE(env.CreateDir("/d/sub").ok());
  EXPECT_FALSE(env.poisoned());
}

TEST(DurableEnv, TheRealDirectorySyncWorksAndReportsItsErrors) {
  const TemporaryDirectory directory;
  EXPECT_TRUE(SyncPosixDirectory(directory.path()).ok());
  const leveldb::Status missing = SyncPosixDirectory(directory.path() + "/none");
  EXPECT_TRUE(missing.IsIOError());
  EXPECT_NE(missing.ToString().find("/none"), std::string::npos);
}

TEST(DurableEnv, AHeldLockIsTakenOverOnceAndRefusedToOthers) {
  const TemporaryDirectory directory;
  const std::string lock_file = directory.path() + "/LOCK";
  DurableEnv env(leveldb::Env::Default());
  DurableEnv other(leveldb::Env::Default());
  ASSERT_TRUE(env.HoldLock(lock_file).ok());
  leveldb::FileLock* lock = nullptr;
  EXPECT_FALSE(other.LockFile(lock_file, &lock).ok());
  EXPECT_FALSE(other.LockFile(directory.path() + "/./LOCK", &lock).ok()) << "the same file";
  ASSERT_TRUE(env.LockFile(lock_file, &lock).ok());
  leveldb::FileLock* again = nullptr;
  EXPECT_FALSE(env.LockFile(lock_file, &again).ok());
  ASSERT_TRUE(env.UnlockFile(lock).ok());
  {
    DurableEnv brief(leveldb::Env::Default());
    ASSERT_TRUE(brief.HoldLock(lock_file).ok());
  }
  EXPECT_TRUE(other.LockFile(lock_file, &lock).ok()) << "given back by the destructor";
  EXPECT_TRUE(other.UnlockFile(lock).ok());
}

TEST(DurableEnv, ManyThreadsAgreeOnTheFirstFailure) {
  FaultEnv disk;
  DurableEnv env(&disk, SyncOf(&disk));
  disk.StopAtCall(500);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&env, t] {
      leveldb::WritableFile* opened = nullptr;
      if (!env.NewWritableFile("/d/" + std::to_string(t), &opened).ok()) return;
      const std::unique_ptr<leveldb::WritableFile> file(opened);
      while (file->Append("x").ok() && file->Sync().ok()) {
      }
      EXPECT_TRUE(env.poisoned());
    });
  }
  for (std::thread& thread : threads) thread.join();
  // Calls already under way when the first one failed may have reached the disk; at most one
  // a thread, and the closing of each file.
  EXPECT_LE(disk.calls(), 500u + 4 + 4);
}

}  // namespace
}  // namespace sotay::durable
