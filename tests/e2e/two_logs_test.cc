// A server that has shown one log and then shows another: its store was set back to an old copy and
// went on from there, without the restore that would begin a new epoch.  The phone that saw the
// first is told at its next contact, works on, and loses nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/e2e/office.h"

namespace sotay::tests {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

namespace fs = std::filesystem;

class TwoLogs : public ::testing::Test {
 protected:
  void SetUp() override {
    office_.StartServer();
    office_.MakeUnit({"nguyen-uu-dam", "vo-nguyet-que"});
    for (const char* user : {"nguyen-uu-dam", "vo-nguyet-que"}) {
      Phone(user, {"enroll", office_.Invite(user)});
      Phone(user, {"sync"});
    }
    inspection_ = Write("nguyen-uu-dam",
                        {"new", "inspection", "kind=scene_examination", "place=Đường tỉnh 885"});
    Phone("nguyen-uu-dam", {"sync"});
    Phone("vo-nguyet-que", {"sync"});
  }

  Ended Run(const std::string& user, const std::vector<std::string>& words) {
    std::vector<std::string> command = {SOTAY, "--dir", office_.space() / user, "--lang", "en"};
    command.insert(command.end(), words.begin(), words.end());
    return tests::Run(command);
  }

  json Phone(const std::string& user, std::vector<std::string> words) {
    words.insert(words.begin(), "--json");
    const Ended ended = Run(user, words);
    EXPECT_EQ(ended.exit_code, 0) << user << " " << words[1] << ": " << ended.err;
    return json::parse(ended.out, nullptr, /*allow_exceptions=*/false);
  }

  std::string Write(const std::string& user, const std::vector<std::string>& words) {
    return Phone(user, words).value("id", "");
  }

  std::string ServerLog() { return FileContents(office_.space() / "server.log"); }

  void Note(const std::string& user, const std::string& body) {
    Write(user, {"new", "note", "--in", inspection_, "body=" + body});
  }

  // The log that is there now is sound by itself; only who saw the other can tell.
  void HoldsWithItself() {
    ASSERT_EQ(office_.StopServer(), 0);
    const Ended check = office_.Check();
    EXPECT_EQ(check.exit_code, 0) << check.out << check.err;
  }

  Office office_;
  std::string inspection_;
};

TEST_F(TwoLogs, AreFoundAtTheNextContact) {
  const std::string store = office_.space() / "server/store";
  const std::string copy = office_.space() / "copy";
  ASSERT_EQ(office_.StopServer(), 0);
  fs::copy(store, copy, fs::copy_options::recursive);

  office_.StartServer();
  Note("nguyen-uu-dam", "Vết phanh dài 4,2 m.");
  Note("nguyen-uu-dam", "Trời mưa nhẹ.");
  Phone("nguyen-uu-dam", {"sync"});
  const json before = Phone("nguyen-uu-dam", {"status"});
  ASSERT_EQ(before["logs"].size(), 1u);
  EXPECT_EQ(before["logs"][0]["size"], 3);
  EXPECT_EQ(before["logs_disputed"].size(), 0u);
  ASSERT_EQ(office_.StopServer(), 0);

  fs::remove_all(store);
  fs::rename(copy, store);
  office_.StartServer();
  Note("vo-nguyet-que", "Đã yêu cầu chụp bổ sung.");
  Phone("vo-nguyet-que", {"sync"});
  EXPECT_EQ(Phone("vo-nguyet-que", {"status"})["logs_disputed"].size(), 0u)
      << "who saw only the second log has nothing to object";

  const Ended synced = Run("nguyen-uu-dam", {"sync"});
  EXPECT_EQ(synced.exit_code, 0) << synced.err;
  EXPECT_THAT(synced.out, HasSubstr("WARNING: the log of vkskv1 does not go on"));
  const json status = Phone("nguyen-uu-dam", {"status"});
  ASSERT_EQ(status["logs_disputed"].size(), 1u);
  EXPECT_EQ(status["logs_disputed"][0]["held"], before["logs"][0]);
  EXPECT_EQ(status["logs"], before["logs"]) << "what was checked stays the measure";
  EXPECT_THAT(Run("nguyen-uu-dam", {"status"}).out, HasSubstr("as evidence"));

  // The phone has healed the store meanwhile: every note is there for both.
  Phone("vo-nguyet-que", {"sync"});
  EXPECT_EQ(Phone("nguyen-uu-dam", {"digest"}), Phone("vo-nguyet-que", {"digest"}));
  EXPECT_EQ(Phone("vo-nguyet-que", {"status"})["records"], 4);
  EXPECT_EQ(Phone("nguyen-uu-dam", {"status"})["outbox"], 0);
  EXPECT_THAT(ServerLog(), HasSubstr("log_shorter_than_signed"));
  HoldsWithItself();
}

TEST_F(TwoLogs, ALogThatOnlyGrowsIsNeverDisputed) {
  for (int round = 0; round < 3; ++round) {
    Note("nguyen-uu-dam", "Vết phanh dài 4,2 m.");
    Phone("nguyen-uu-dam", {"sync"});
    office_.KillServer();
    office_.StartServer();
    // A head is signed at most once a second.
    std::this_thread::sleep_for(std::chrono::milliseconds(1'100));
    Phone("vo-nguyet-que", {"sync"});
    const Ended synced = Run("nguyen-uu-dam", {"sync"});
    EXPECT_THAT(synced.out, Not(HasSubstr("WARNING")));
  }
  const json status = Phone("nguyen-uu-dam", {"status"});
  EXPECT_EQ(status["logs_disputed"].size(), 0u);
  EXPECT_EQ(status["logs"][0]["size"], 4);
  EXPECT_EQ(status["logs"], Phone("vo-nguyet-que", {"status"})["logs"]);
  HoldsWithItself();
}

}  // namespace
}  // namespace sotay::tests
