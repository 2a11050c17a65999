// Who may open a store while another has it.  In an executable of its own, since it forks.
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/sync/durable/test_disk.h"

namespace sotay::durable {
namespace {

// Another process, which tries to open `path` when told to, says how that went, and holds on
// until this object goes.  It is forked at once, before this process has locks to inherit the
// memory of.
class OtherProcess {
 public:
  explicit OtherProcess(const std::string& path) {
    EXPECT_EQ(::pipe(answer_), 0);
    EXPECT_EQ(::pipe(command_), 0);
    process_ = ::fork();
    if (process_ == 0) Live(path);
    ::close(answer_[1]);
    ::close(command_[0]);
  }

  ~OtherProcess() {
    ::close(command_[1]);
    int result = -1;
    EXPECT_EQ(::waitpid(process_, &result, 0), process_);
    EXPECT_EQ(result, 0);
    ::close(answer_[0]);
  }

  // Lets it try, and returns what it got.
  absl::StatusCode TryToOpen() {
    EXPECT_EQ(::write(command_[1], "o", 1), 1);
    char code = -1;
    EXPECT_EQ(::read(answer_[0], &code, 1), 1);
    return static_cast<absl::StatusCode>(code);
  }

  ::pid_t id() const { return process_; }

 private:
  [[noreturn]] void Live(const std::string& path) {
    ::close(command_[1]);
    char command = 0;
    bool told = ::read(command_[0], &command, 1) == 1;
    if (told) {
      StoreOptions options;
      options.create_if_missing = true;
      const absl::StatusOr<std::unique_ptr<Store>> store = Open(path, options);
      const char code = static_cast<char>(store.status().code());
      told = ::write(answer_[1], &code, 1) == 1 && ::read(command_[0], &command, 1) == 0;
    }
    ::_exit(told ? 0 : 1);
  }

  int answer_[2];
  int command_[2];
  ::pid_t process_;
};

class Lock : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = directory_.path() + "/store";
    options_.create_if_missing = true;
  }

  const TemporaryDirectory directory_;
  std::string path_;
  StoreOptions options_;
};

TEST_F(Lock, AStoreHeldByAnotherProcessIsRefusedWithItsNumber) {
  {
    OtherProcess other(path_);
    ASSERT_EQ(other.TryToOpen(), absl::StatusCode::kOk);
    const absl::Status status = Open(path_, options_).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
    EXPECT_TRUE(absl::StrContains(status.message(), path_)) << status;
    EXPECT_TRUE(absl::StrContains(status.message(), absl::StrCat("process ", other.id(), ";")) ||
                absl::StrContains(status.message(), "another process;"))
        << status;
  }
  EXPECT_TRUE(Open(path_, options_).ok()) << "free once the other is gone";
}

TEST_F(Lock, AskingTwiceInOneProcessDoesNotLoseTheLock) {
  OtherProcess other(path_);
  const absl::StatusOr<std::unique_ptr<Store>> store = Open(path_, options_);
  ASSERT_TRUE(store.ok()) << store.status();
  const absl::Status again = Open(path_, options_).status();
  EXPECT_EQ(again.code(), absl::StatusCode::kFailedPrecondition) << again;
  EXPECT_TRUE(absl::StrContains(again.message(), "this very process")) << again;
  // LevelDB's own check opens and closes the lock file, and with that drops the lock.
  EXPECT_EQ(other.TryToOpen(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace sotay::durable
