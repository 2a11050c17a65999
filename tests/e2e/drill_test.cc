// The drill: the server dies, its store with it, and is restored from its backup.  Six phones
// wrote; what the backup did not have yet they send again, and in the end nothing of it is missing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "absl/strings/escaping.h"
#include "sotay/notebook.h"
#include "tests/e2e/office.h"
#include "tests/support/status_matchers.h"

namespace sotay::tests {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

namespace fs = std::filesystem;

constexpr int kPhones = 6;
constexpr char kUnit[] = "vkskv1";

sdk::Edit Of(sdk::Edit::Kind kind, const std::string& field, const std::string& value,
             const std::string& key = "") {
  sdk::Edit edit;
  edit.kind = kind;
  edit.field = field;
  edit.value = value;
  edit.key = key;
  return edit;
}

class Drill : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directory(backup_);
    // A segment at the start and one at the end, so that a test says what is in a backup.
    std::ofstream(office_.space() / "server/sotayd.toml", std::ios::app)
        << "[backup]\ndirectory = \"" << backup_ << "\"\nevery_s = 86400\n";
    office_.StartServer();
    std::vector<std::string> users;
    for (int i = 0; i < kPhones; ++i) users.push_back("may-" + std::to_string(i));
    office_.MakeUnit(users);
    office_.Administrator({"users", "put", "luong-quoc-ngu", "--name", "Lương Quốc Ngữ", "--member",
                           std::string(kUnit) + ":supervisor"});
    Supervisor({"enroll", office_.Invite("luong-quoc-ngu")});
    for (const std::string& user : users) {
      ASSERT_THAT(sdk::Notebook::Enroll(office_.space() / user, office_.Invite(user), "máy"),
                  IsOk());
      phones_.push_back(*sdk::Notebook::Open(office_.space() / user));
      ASSERT_THAT(phones_.back()->Sync(), IsOk());
    }
    root_ = *phones_[0]->Create("inspection", kUnit, absl::nullopt,
                                {Of(sdk::Edit::Kind::kSet, "kind", "custody_place")});
    ++changes_;
    records_.insert(root_.Hex());
    SyncAll();
  }

  Ended Supervisor(std::vector<std::string> words) {
    words.insert(words.begin(), {SOTAYCTL, "--dir", office_.space() / "supervisor", "--json"});
    Ended ended = tests::Run(words);
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    return ended;
  }

  // Twice: the second brings everybody the others' last.
  void SyncAll() {
    for (int pass = 0; pass < 2; ++pass) {
      for (const auto& phone : phones_) {
        absl::Status status = phone->Sync();
        for (int again = 0; !status.ok() && again < 50; ++again) {  // the old socket is dead
          std::this_thread::sleep_for(std::chrono::milliseconds(100));
          status = phone->Sync();
        }
        ASSERT_THAT(status, IsOk());
      }
    }
  }

  // So many changes, by all in turn: notes, a count everybody adds to, and one text.
  void Write(int changes) {
    for (int i = 0; i < changes; ++i, ++changes_) {
      sdk::Notebook& phone = *phones_[static_cast<size_t>(i % kPhones)];
      if (i % 5 == 4) {
        ASSERT_THAT(phone.Change(root_, {Of(sdk::Edit::Kind::kCount, "tallies", "1", "nguoi")}),
                    IsOk());
        ++tally_;
        continue;
      }
      const auto note = phone.Create(
          "note", "", root_,
          {Of(sdk::Edit::Kind::kSet, "kind", "scene"),
           Of(sdk::Edit::Kind::kText, "body", "Ghi chép số " + std::to_string(changes_) + ".")});
      ASSERT_THAT(note, IsOk());
      records_.insert(note->Hex());
      // By another, who got it by way of the server some time.
      if (i % 60 == 59) SyncAll();
    }
    SyncAll();
  }

  Ended BackupCheck() { return tests::Run({SOTAYD, "backup-check", "--from", backup_}); }
  Ended Restore() {
    return tests::Run({SOTAYD, "restore", "--from", backup_, "--data", office_.space() / "server"});
  }

  void LoseTheStore() {
    office_.KillServer();
    fs::remove_all(office_.space() / "server/store");
  }

  // Everybody has everything, the server first of all.
  void ExpectNothingMissing() {
    const json central = json::parse(Supervisor({"digest", "--unit", kUnit}).out, nullptr, false);
    EXPECT_EQ(central["records"], records_.size());
    uint64_t accepted = 0;
    std::string epoch;
    for (const auto& phone : phones_) {
      const auto status = phone->GetStatus();
      ASSERT_THAT(status, IsOk());
      EXPECT_EQ(status->outbox, 0u);
      EXPECT_EQ(status->refused, 0u);
      EXPECT_THAT(status->disputes, ::testing::IsEmpty());
      accepted += status->accepted_through;
      EXPECT_EQ(*phone->Digest(), central["digest"]);
      std::set<std::string> here;
      const auto lines = phone->List({});
      ASSERT_THAT(lines, IsOk());
      for (const auto& line : *lines) here.insert(line.id.Hex());
      EXPECT_EQ(here, records_);
      EXPECT_EQ(phone->Read(root_)->record.Slot(15, "nguoi")->total, tally_);
    }
    EXPECT_EQ(accepted, static_cast<uint64_t>(changes_));
  }

  // What a phone knows of the restore: its log had `kept` of the entries it had seen.
  void ExpectLinked(const std::string& old_epoch, uint64_t kept, uint64_t seen) {
    for (const auto& phone : phones_) {
      const auto status = phone->GetStatus();
      ASSERT_EQ(status->restorations.size(), 1u);
      const stored::v1::Restoration& restoration = status->restorations[0];
      EXPECT_EQ(restoration.held().epoch(), old_epoch);
      EXPECT_EQ(restoration.held().size(), seen);
      ASSERT_EQ(restoration.links_size(), 1);
      EXPECT_EQ(restoration.links(0).size(), kept);
      ASSERT_EQ(status->cursors.size(), 1u);
      EXPECT_NE(status->cursors[0].epoch(), old_epoch);
      EXPECT_EQ(status->heads.at(kUnit).epoch(), status->cursors[0].epoch());
      EXPECT_EQ(restoration.links(0).epoch(), status->cursors[0].epoch());
    }
  }

  std::string StatusOf(int phone) {
    const std::string dir = office_.space() / ("may-" + std::to_string(phone));
    phones_[static_cast<size_t>(phone)].reset();
    std::string out = tests::Run({SOTAY, "--dir", dir, "--lang", "en", "status"}).out;
    phones_[static_cast<size_t>(phone)] = *sdk::Notebook::Open(dir);
    return out;
  }

  void ExpectAClean(const std::string& log) {
    EXPECT_EQ(office_.StopServer(), 0);
    const Ended check = office_.Check();
    EXPECT_EQ(check.exit_code, 0) << check.out << check.err;
    EXPECT_THAT(check.out, HasSubstr(log));
    EXPECT_THAT(check.out, HasSubstr("\n0 faults"));
    const Ended backup = BackupCheck();
    EXPECT_EQ(backup.exit_code, 0) << backup.err;
    const auto status = phones_.front()->GetStatus();
    ASSERT_THAT(status, IsOk());
    EXPECT_THAT(backup.out, HasSubstr(absl::BytesToHexString(status->cursors[0].epoch())))
        << "and the new life has its own backup";
  }

  // Everybody's heads are of all there is: one is signed at most once a second.
  void SeeItAll() {
    std::this_thread::sleep_for(std::chrono::milliseconds(1'100));
    SyncAll();
  }

  Office office_;
  const std::string backup_ = office_.space() / "backup";
  std::vector<std::unique_ptr<sdk::Notebook>> phones_;
  sync::RecordId root_;
  std::set<std::string> records_;
  int changes_ = 0;
  int64_t tally_ = 0;
};

TEST_F(Drill, PhonesAheadOfTheBackupHealTheRestoredServer) {
  Write(60);
  const auto covered = static_cast<uint64_t>(changes_);
  ASSERT_EQ(office_.StopServer(), 0);  // with the last segment
  ASSERT_EQ(BackupCheck().exit_code, 0) << BackupCheck().err;
  office_.StartServer();
  Write(500);
  SeeItAll();
  const std::string old_epoch = phones_[0]->GetStatus()->cursors[0].epoch();
  LoseTheStore();

  const Ended restored = Restore();
  ASSERT_EQ(restored.exit_code, 0) << restored.out << restored.err;
  EXPECT_THAT(restored.out, HasSubstr("log of vkskv1: " + std::to_string(covered) + " entries"));
  EXPECT_THAT(restored.out, HasSubstr("0 faults"));
  EXPECT_EQ(Restore().exit_code, 3) << "there is a store now";
  office_.StartServer();
  SyncAll();
  SeeItAll();
  ExpectNothingMissing();
  ExpectLinked(old_epoch, covered, static_cast<uint64_t>(changes_));
  EXPECT_THAT(StatusOf(3), HasSubstr("then had " + std::to_string(covered) + " of the " +
                                     std::to_string(changes_) + " entries this phone had seen"));
  ExpectAClean("log of vkskv1: " + std::to_string(changes_) + " entries");
  std::printf("in the backup %llu, written since 500, missing 0\n",
              static_cast<unsigned long long>(covered));
}

TEST_F(Drill, ABackupThatHasEverythingLosesNothing) {
  Write(60);
  Write(500);
  SeeItAll();
  const std::string old_epoch = phones_[0]->GetStatus()->cursors[0].epoch();
  const auto all = static_cast<uint64_t>(changes_);
  ASSERT_EQ(office_.StopServer(), 0);
  office_.StartServer();
  LoseTheStore();
  const Ended restored = Restore();
  ASSERT_EQ(restored.exit_code, 0) << restored.out << restored.err;
  office_.StartServer();
  // The server has it all by itself, before any phone comes.
  const json central = json::parse(Supervisor({"digest", "--unit", kUnit}).out, nullptr, false);
  EXPECT_EQ(central["digest"], *phones_[0]->Digest());
  SyncAll();
  ExpectNothingMissing();
  ExpectLinked(old_epoch, all, all);
  EXPECT_THAT(StatusOf(0), HasSubstr("then had " + std::to_string(all) + " of the " +
                                     std::to_string(all) + " entries this phone had seen"));
  ExpectAClean("log of vkskv1: " + std::to_string(all) + " entries");
}

TEST_F(Drill, ADamagedBackupIsNamedAndNotRestored) {
  Write(12);
  ASSERT_EQ(office_.StopServer(), 0);
  fs::remove_all(office_.space() / "server/store");
  fs::path newest;
  for (const auto& entry : fs::recursive_directory_iterator(backup_)) {
    if (entry.path().extension() == ".segment" && entry.path() > newest) newest = entry.path();
  }
  std::fstream file(newest, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(fs::file_size(newest) / 2));
  file.put('\x7f');
  file.put('\x01');
  file.close();
  const Ended check = BackupCheck();
  EXPECT_EQ(check.exit_code, 4);
  EXPECT_THAT(check.err, HasSubstr(newest.filename().string()));
  const Ended restored = Restore();
  EXPECT_EQ(restored.exit_code, 4);
  EXPECT_THAT(restored.err, HasSubstr(newest.filename().string()));
  EXPECT_FALSE(fs::exists(office_.space() / "server/store"));
}

}  // namespace
}  // namespace sotay::tests
