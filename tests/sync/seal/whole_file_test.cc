#include "sync/seal/whole_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace sotay::seal {
namespace {

class WholeFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = absl::StrCat(testing::TempDir(), "/seal_file_XXXXXX");
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    dir_ = name;
    path_ = dir_ + "/file";
  }
  void TearDown() override {
    ::unlink(path_.c_str());
    ::unlink((path_ + ".new").c_str());
    ::rmdir(path_.c_str());
    ::rmdir(dir_.c_str());
  }
  std::string dir_;
  std::string path_;
};

TEST_F(WholeFile, ReadsWhatWasWritten) {
  const std::string bytes("một\0hai\n", 9);
  ASSERT_TRUE(WriteWholeFile(path_, bytes, 0600).ok());
  EXPECT_EQ(ReadWholeFile(path_, 100).value(), bytes);
  ASSERT_TRUE(WriteWholeFile(path_, "", 0600).ok());
  EXPECT_EQ(ReadWholeFile(path_, 100).value(), "");
}

TEST_F(WholeFile, HasTheModeAskedForWhateverTheMask) {
  const mode_t mask = ::umask(0077);
  ASSERT_TRUE(WriteWholeFile(path_, "x", 0644).ok());
  ::umask(mask);
  struct stat about {};
  ASSERT_EQ(::stat(path_.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777, 0644u);
}

TEST_F(WholeFile, ReadsNoMoreThanAllowed) {
  ASSERT_TRUE(WriteWholeFile(path_, std::string(100, 'x'), 0600).ok());
  EXPECT_TRUE(ReadWholeFile(path_, 100).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(ReadWholeFile(path_, 99).status()));
}

TEST_F(WholeFile, TakesRoomForWhatIsThereAlone) {
  for (const size_t size : {16'383u, 16'384u, 16'385u, 100'000u}) {
    std::string bytes(size, 'x');
    for (size_t i = 0; i < size; i += 997) bytes[i] = static_cast<char>(i);
    ASSERT_TRUE(WriteWholeFile(path_, bytes, 0600).ok());
    EXPECT_EQ(ReadWholeFile(path_, size).value(), bytes);
    // More than there is memory for.
    EXPECT_EQ(ReadWholeFile(path_, size_t{1} << 60).value(), bytes);
  }
}

TEST_F(WholeFile, ClearsAwayWhatACrashLeft) {
  // A half-written file of an earlier attempt, longer than the new one.
  ASSERT_TRUE(WriteWholeFile(path_ + ".new", std::string(500, 'h'), 0600).ok());
  ASSERT_TRUE(WriteWholeFile(path_, "new", 0600).ok());
  EXPECT_EQ(ReadWholeFile(path_, 100).value(), "new");
  EXPECT_NE(::access((path_ + ".new").c_str(), F_OK), 0);
}

// Two processes that write one file at a time would else put a half of it in its place.
TEST_F(WholeFile, WaitsForNobodyAndSpoilsNothingOfAnothers) {
  ASSERT_TRUE(WriteWholeFile(path_, "old", 0600).ok());
  const std::string half = path_ + ".new";
  const int other = ::open(half.c_str(), O_WRONLY | O_CREAT, 0600);
  ASSERT_EQ(::flock(other, LOCK_EX), 0);
  ASSERT_EQ(::write(other, "half", 4), 4);
  EXPECT_TRUE(absl::IsUnavailable(WriteWholeFile(path_, "new", 0600)));
  EXPECT_EQ(ReadWholeFile(path_, 100).value(), "old");
  EXPECT_EQ(ReadWholeFile(half, 100).value(), "half");
  ::close(other);
  ASSERT_TRUE(WriteWholeFile(path_, "new", 0600).ok());
  EXPECT_EQ(ReadWholeFile(path_, 100).value(), "new");
  EXPECT_NE(::access(half.c_str(), F_OK), 0);
}

TEST_F(WholeFile, IsAlwaysWholeWhoeverWrites) {
  constexpr size_t kBytes = 50'000;
  ASSERT_TRUE(WriteWholeFile(path_, std::string(kBytes, 'a'), 0600).ok());
  std::vector<std::thread> writers;
  for (char c : {'b', 'c', 'd'}) {
    writers.emplace_back([this, c] {
      for (int i = 0; i < 50; ++i) {
        const absl::Status written = WriteWholeFile(path_, std::string(kBytes, c), 0600);
        EXPECT_TRUE(written.ok() || absl::IsUnavailable(written)) << written;
      }
    });
  }
  for (int i = 0; i < 200; ++i) {
    const std::string read = ReadWholeFile(path_, 2 * kBytes).value();
    EXPECT_EQ(read, std::string(kBytes, read.empty() ? 'a' : read[0]));
  }
  for (std::thread& writer : writers) writer.join();
}

TEST_F(WholeFile, SaysWhichFileIsMissing) {
  const auto missing = ReadWholeFile(path_, 100);
  EXPECT_TRUE(absl::IsNotFound(missing.status()));
  EXPECT_TRUE(absl::StrContains(missing.status().message(), path_));
  EXPECT_TRUE(absl::IsNotFound(WriteWholeFile(dir_ + "/none/file", "x", 0600)));
}

TEST_F(WholeFile, LeavesNothingBehindWhenItCannotReplace) {
  ASSERT_EQ(::mkdir(path_.c_str(), 0700), 0);
  EXPECT_FALSE(WriteWholeFile(path_, "x", 0600).ok());
  EXPECT_NE(::access((path_ + ".new").c_str(), F_OK), 0);
}

}  // namespace
}  // namespace sotay::seal
