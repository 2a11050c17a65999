// The drill of keys: six phones write, some of it unsent; the log's key and two devices' are
// replaced, one of these killed in the middle; the server is lost and restored from a backup of
// before all that.  In the end nothing is missing, and every export holds, whenever it was made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/e2e/office.h"

namespace sotay::tests {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

namespace fs = std::filesystem;

constexpr int kPhones = 6;
constexpr char kUnit[] = "vkskv1";
constexpr char kHead[] = "luong-quoc-ngu";

std::string Phone(int i) { return "may-" + std::to_string(i); }

class KeyRoll : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directory(backup_);
    // A segment at the start and one at the end.
    std::ofstream(office_.space() / "server/sotayd.toml", std::ios::app)
        << "[backup]\ndirectory = \"" << backup_ << "\"\nevery_s = 86400\n";
    office_.StartServer();
    std::vector<std::string> users;
    for (int i = 0; i < kPhones; ++i) users.push_back(Phone(i));
    office_.MakeUnit(users);
    office_.Administrator({"users", "put", kHead, "--name", "Lương Quốc Ngữ", "--member",
                           std::string(kUnit) + ":supervisor"});
    Must(SOTAYCTL, kHead, {"enroll", office_.Invite(kHead)});
    for (const std::string& user : users) {
      Must(SOTAY, user, {"enroll", office_.Invite(user)});
      Must(SOTAY, user, {"sync"});
    }
    root_ = Must(SOTAY, Phone(0), {"new", "inspection", "kind=custody_place", "place=xã Tân Mây"})
                .value("id", "");
    ++records_;
    SyncAll();
  }

  Ended Try(const std::string& program, const std::string& who, std::vector<std::string> words) {
    words.insert(words.begin(), {program, "--dir", office_.space() / who, "--lang", "en"});
    return tests::Run(words);
  }
  json Must(const std::string& program, const std::string& who, std::vector<std::string> words) {
    words.insert(words.begin(), "--json");
    const Ended ended = Try(program, who, words);
    EXPECT_EQ(ended.exit_code, 0) << who << " " << words[1] << ": " << ended.err;
    return json::parse(ended.out, nullptr, /*allow_exceptions=*/false);
  }
  json StatusOf(int i) { return Must(SOTAY, Phone(i), {"status"}); }

  void Note(int i) {
    Must(SOTAY, Phone(i),
         {"new", "note", "--in", root_, "kind=scene",
          "body=Ghi chép số " + std::to_string(records_) + "."});
    ++records_;
  }
  // Twice: the second brings everybody the others' last.
  void SyncAll() {
    for (int pass = 0; pass < 2; ++pass) {
      for (int i = 0; i < kPhones; ++i) Must(SOTAY, Phone(i), {"sync"});
    }
  }

  Ended Roll() {
    return tests::Run({SOTAYD, "keys", "roll-log", "--data", office_.space() / "server", "--reason",
                       "đĩa chứa khóa đã hỏng"});
  }
  Ended Verify(const std::string& file, std::vector<std::string> words = {}) {
    words.insert(words.begin(), {SOTAY_VERIFY, office_.space() / file, "--quiet", "--lang", "en"});
    return tests::Run(words);
  }
  // Makes an export, and the log key it names.
  std::string Export(const std::string& file, const std::string& earlier = "") {
    std::vector<std::string> words = {"export", root_, office_.space() / file, "--without-files"};
    if (!earlier.empty()) words.insert(words.end(), {"--earlier", office_.space() / earlier});
    return Must(SOTAYCTL, kHead, words).value("log_key", "");
  }

  // A phone takes another key again and again, and is killed a little later in it each time: before
  // it has asked, while it asks, before the answer is on disk, and while that is put in place.  How
  // long that is depends on the machine: where it never came so far, it is let live longer.
  void RekeyKilled(int i) {
    for (int step_ms = 6; step_ms <= 96; step_ms *= 2) {
      for (int round = 0; round < 24; ++round) {
        Process phone({SOTAY, "--dir", office_.space() / Phone(i), "rekey"},
                      office_.space() / "killed.log");
        std::this_thread::sleep_for(std::chrono::milliseconds(15 + step_ms * round));
        phone.Signal(SIGKILL);
        phone.Wait();
      }
      if (StatusOf(i).value("key_rolls", 0) > 0) return;
    }
  }

  void ExpectNothingMissing() {
    const json central = Must(SOTAYCTL, kHead, {"digest", "--unit", kUnit});
    EXPECT_EQ(central.value("records", -1), records_);
    for (int i = 0; i < kPhones; ++i) {
      SCOPED_TRACE(Phone(i));
      const json digest = Must(SOTAY, Phone(i), {"digest"});
      EXPECT_EQ(digest["digest"], central["digest"]);
      const json status = StatusOf(i);
      EXPECT_EQ(status.value("outbox", -1), 0);
      EXPECT_EQ(status.value("refused", -1), 0);
      EXPECT_EQ(status["logs_disputed"].size(), 0u) << status["logs_disputed"].dump();
      EXPECT_EQ(status["log_key_handovers"].size(), 1u);
    }
  }

  Office office_;
  const std::string backup_ = office_.space() / "backup";
  std::string root_;
  int records_ = 0;
};

TEST_F(KeyRoll, OfTheLogOfTwoDevicesAndARestoreFromBeforeLoseNothing) {
  for (int i = 0; i < kPhones; ++i) Note(i);
  SyncAll();
  const std::string first_key = Export("before.sotay");
  // The backup to restore from has none of what follows.
  ASSERT_EQ(office_.StopServer(), 0);
  const std::string old_backup = office_.space() / "backup-before";
  fs::copy(backup_, old_backup, fs::copy_options::recursive);
  office_.StartServer();

  // Devices, with unsent work on both.
  const std::string device = StatusOf(0).value("device", "");
  fs::copy(office_.space() / Phone(0), office_.space() / "copied", fs::copy_options::recursive);
  Note(0);
  Note(1);
  Note(3);
  Must(SOTAY, Phone(0), {"rekey"});
  EXPECT_EQ(StatusOf(0).value("device", ""), device);
  EXPECT_EQ(StatusOf(0).value("key_rolls", 0), 1);
  EXPECT_EQ(StatusOf(0).value("outbox", 0), 1);
  const Ended copied = Try(SOTAY, "copied", {"sync"});
  EXPECT_EQ(copied.exit_code, 4) << "what has the old key is let in no more: " << copied.err;
  RekeyKilled(3);
  Must(SOTAY, Phone(3), {"sync"});
  EXPECT_FALSE(StatusOf(3).value("rekey_pending", true));
  EXPECT_GE(StatusOf(3).value("key_rolls", 0), 1);
  EXPECT_EQ(StatusOf(3).value("outbox", -1), 0);
  Must(SOTAY, Phone(0), {"sync"});
  // In pushes of before and after.
  Note(0);
  Must(SOTAY, Phone(0), {"sync"});

  // The log; one phone stays away until the end.
  EXPECT_EQ(Roll().exit_code, 3) << "while the server runs nothing is replaced";
  ASSERT_EQ(office_.StopServer(), 0);
  const Ended rolled = Roll();
  ASSERT_EQ(rolled.exit_code, 0) << rolled.err;
  EXPECT_THAT(rolled.out, HasSubstr("log of vkskv1: "));
  const Ended whole = office_.Check();
  EXPECT_EQ(whole.exit_code, 0) << whole.out << whole.err;
  office_.StartServer();
  Note(2);
  for (int i = 0; i < kPhones - 1; ++i) {
    for (int again = 0; again < 2; ++again) {
      const Ended synced = Try(SOTAY, Phone(i), {"sync"});
      EXPECT_EQ(synced.exit_code, 0) << synced.err;
      EXPECT_THAT(synced.out, Not(HasSubstr("WARNING")));
    }
    EXPECT_EQ(StatusOf(i)["log_key_handovers"].size(), 1u) << Phone(i);
  }
  Export("alone.sotay");
  const std::string second_key = Export("after.sotay", "before.sotay");
  EXPECT_NE(first_key, second_key);

  // Any key there was vouches for any export.
  EXPECT_EQ(Verify("before.sotay", {"--log-key", first_key}).exit_code, 0);
  EXPECT_EQ(Verify("before.sotay", {"--log-key", second_key}).exit_code, 1);
  EXPECT_EQ(
      Verify("before.sotay", {"--log-key", second_key, "--later", office_.space() / "after.sotay"})
          .exit_code,
      0);
  const Ended unshown =
      Verify("before.sotay", {"--log-key", second_key, "--later", office_.space() / "alone.sotay"});
  EXPECT_EQ(unshown.exit_code, 1) << "whoever has the old key could have made it since";
  EXPECT_THAT(unshown.out, HasSubstr("by a key that was replaced"));
  EXPECT_EQ(Verify("after.sotay", {"--log-key", second_key}).exit_code, 0);
  const Ended shown = Verify("after.sotay", {"--log-key", first_key});
  EXPECT_EQ(shown.exit_code, 0) << shown.out;
  EXPECT_THAT(shown.out, HasSubstr("Log key: replaced, no. 1"));
  EXPECT_THAT(shown.out, HasSubstr("Key of device " + device.substr(0, 8)));

  // Its backup goes on over the change of keys.
  const Ended backed =
      tests::Run({SOTAYD, "backup-check", "--from", backup_, "--data", office_.space() / "server"});
  EXPECT_EQ(backed.exit_code, 0) << backed.out << backed.err;
  EXPECT_THAT(backed.out, HasSubstr("log key 1 until"));
  EXPECT_THAT(backed.out, Not(HasSubstr("from before the log key was replaced")));

  // The server is lost, and the newest backup with it.
  office_.KillServer();
  fs::remove_all(office_.space() / "server/store");
  fs::remove_all(backup_);
  fs::create_directory(backup_);
  std::vector<std::string> restore = {SOTAYD,     "restore", "--from",
                                      old_backup, "--data",  office_.space() / "server"};
  const Ended asked = tests::Run(restore);
  EXPECT_EQ(asked.exit_code, 3) << "its newest segment is by a key that was replaced";
  EXPECT_THAT(asked.err, HasSubstr("--by-earlier-key"));
  restore.push_back("--by-earlier-key");
  const Ended restored = tests::Run(restore);
  ASSERT_EQ(restored.exit_code, 0) << restored.out << restored.err;
  office_.StartServer();
  SyncAll();
  SyncAll();
  ExpectNothingMissing();
  EXPECT_EQ(Export("restored.sotay"), second_key);
  EXPECT_EQ(Verify("restored.sotay", {"--log-key", first_key}).exit_code, 0);
  EXPECT_EQ(Verify("after.sotay", {"--log-key", second_key}).exit_code, 0);
  ASSERT_EQ(office_.StopServer(), 0);
  const Ended check = office_.Check();
  EXPECT_EQ(check.exit_code, 0) << check.out << check.err;
  EXPECT_THAT(check.out, HasSubstr("earlier keys of devices "));
  EXPECT_EQ(tests::Run({SOTAYD, "backup-check", "--from", old_backup, "--data",
                        office_.space() / "server"})
                .exit_code,
            0);
}

}  // namespace
}  // namespace sotay::tests
