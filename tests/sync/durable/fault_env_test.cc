#include "tests/support/fault_env.h"

#include <memory>
#include <string>

#include "gtest/gtest.h"

namespace sotay::testing {
namespace {

std::unique_ptr<leveldb::WritableFile> Create(FaultEnv* env, const std::string& name) {
  leveldb::WritableFile* file = nullptr;
  EXPECT_TRUE(env->NewWritableFile(name, &file).ok());
  return std::unique_ptr<leveldb::WritableFile>(file);
}

// A file of which 1,000 bytes are durable, under a durable name, and 20,000 more are not.
std::unique_ptr<leveldb::WritableFile> HalfSynced(FaultEnv* env) {
  auto file = Create(env, "/d/f");
  EXPECT_TRUE(file->Append(std::string(1000, 'a')).ok());
  EXPECT_TRUE(file->Sync().ok());
  EXPECT_TRUE(env->SyncDirectory("/d").ok());
  EXPECT_TRUE(file->Append(std::string(20000, 'b')).ok());
  return file;
}

TEST(FaultEnv, DropsWhatWasNotSynced) {
  FaultEnv env;
  const auto file = HalfSynced(&env);
  env.Cut(PowerCut::kDropUnsynced, 1);
  EXPECT_EQ(env.Visible().files.at("/d/f"), std::string(1000, 'a'));
}

TEST(FaultEnv, ASyncedFileIsLostWithItsUnsyncedName) {
  FaultEnv env;
  const auto file = Create(&env, "/d/f");
  ASSERT_TRUE(file->Append("kept").ok());
  ASSERT_TRUE(file->Sync().ok());
  EXPECT_TRUE(Survivors(env.Capture(), PowerCut::kDropUnsynced, 1).files.empty());
  ASSERT_TRUE(env.SyncDirectory("/d").ok());
  EXPECT_EQ(Survivors(env.Capture(), PowerCut::kDropUnsynced, 1).files.at("/d/f"), "kept");
}

TEST(FaultEnv, AnUnsyncedRenameMayBeUndone) {
  FaultEnv env;
  const auto file = HalfSynced(&env);
  ASSERT_TRUE(env.RenameFile("/d/f", "/d/g").ok());
  EXPECT_TRUE(env.FileExists("/d/g"));
  EXPECT_EQ(Survivors(env.Capture(), PowerCut::kDropUnsynced, 1).files.count("/d/f"), 1u);
  ASSERT_TRUE(env.SyncDirectory("/d").ok());
  EXPECT_EQ(Survivors(env.Capture(), PowerCut::kDropUnsynced, 1).files.count("/d/g"), 1u);
}

TEST(FaultEnv, AnUnsyncedRemovalMayBeUndone) {
  FaultEnv env;
  const auto file = HalfSynced(&env);
  ASSERT_TRUE(env.RemoveFile("/d/f").ok());
  bool stayed = false;
  bool went = false;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const bool there = Survivors(env.Capture(), PowerCut::kLoseNames, seed).files.contains("/d/f");
    (there ? stayed : went) = true;
  }
  EXPECT_TRUE(stayed);
  EXPECT_TRUE(went);
}

TEST(FaultEnv, KeepsAPrefixThatEndsAtASector) {
  FaultEnv env;
  const auto file = HalfSynced(&env);
  std::set<size_t> sizes;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const std::string bytes =
        Survivors(env.Capture(), PowerCut::kKeepPrefix, seed).files.at("/d/f");
    EXPECT_TRUE(bytes.size() % 512 == 0 || bytes.size() == 1000 || bytes.size() == 21000);
    EXPECT_EQ(bytes, (std::string(1000, 'a') + std::string(20000, 'b')).substr(0, bytes.size()));
    sizes.insert(bytes.size());
  }
  EXPECT_GT(sizes.size(), 10u);
}

TEST(FaultEnv, KeepsPagesWithGapsOfZeros) {
  FaultEnv env;
  const auto file = HalfSynced(&env);
  bool gap = false;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const std::string bytes = Survivors(env.Capture(), PowerCut::kKeepPages, seed).files.at("/d/f");
    ASSERT_GE(bytes.size(), 1000u);
    EXPECT_EQ(bytes.substr(0, 1000), std::string(1000, 'a'));
    gap = gap || bytes.find('\0') != std::string::npos;
  }
  EXPECT_TRUE(gap);
}

TEST(FaultEnv, GrowsWithZeros) {
  FaultEnv env;
  const auto file = HalfSynced(&env);
  EXPECT_EQ(Survivors(env.Capture(), PowerCut::kGrowWithZeros, 1).files.at("/d/f"),
            std::string(1000, 'a') + std::string(20000, '\0'));
}

TEST(FaultEnv, FlipsExactlyOneDurableBit) {
  FaultEnv env;
  const auto file = HalfSynced(&env);
  const std::string bytes = Survivors(env.Capture(), PowerCut::kFlipBit, 5).files.at("/d/f");
  ASSERT_EQ(bytes.size(), 1000u);
  int flipped = 0;
  for (char byte : bytes) flipped += __builtin_popcount(static_cast<unsigned>(byte ^ 'a') & 0xff);
  EXPECT_EQ(flipped, 1);
}

TEST(FaultEnv, AFullDiskTakesHalfAnAppendAndHasSpaceLater) {
  FaultEnv env;
  const auto file = Create(&env, "/d/f");
  env.FillDisk(6, 2);
  EXPECT_TRUE(file->Append("1234").ok());
  EXPECT_TRUE(file->Append("5678").IsIOError());
  EXPECT_TRUE(file->Append("x").IsIOError());
  EXPECT_TRUE(file->Append("90").ok());
  EXPECT_EQ(env.Visible().files.at("/d/f"), "12345690");
}

TEST(FaultEnv, AFailedSyncLosesThePagesAndTheNextSucceeds) {
  FaultEnv env;
  const auto file = HalfSynced(&env);
  env.FailSync(1);
  EXPECT_TRUE(file->Sync().IsIOError());
  EXPECT_TRUE(file->Sync().ok());
  EXPECT_EQ(Survivors(env.Capture(), PowerCut::kDropUnsynced, 1).files.at("/d/f"),
            std::string(1000, 'a') + std::string(20000, '\0'));
}

TEST(FaultEnv, AStoppedMachineChangesNothingMore) {
  FaultEnv env;
  const auto file = Create(&env, "/d/f");
  env.StopAtCall(2);
  EXPECT_TRUE(file->Append("1").ok());
  EXPECT_FALSE(file->Append("2").ok());
  EXPECT_FALSE(file->Sync().ok());
  EXPECT_FALSE(env.RemoveFile("/d/f").ok());
  EXPECT_EQ(env.Visible().files.at("/d/f"), "1");
}

}  // namespace
}  // namespace sotay::testing
