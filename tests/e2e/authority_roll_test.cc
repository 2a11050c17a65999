// The drill of the authority: six phones have unsent work; one stays away, one is killed in the
// middle; the authority is replaced, everybody goes over in the sync they do anyway, and the old
// one ends. Nothing is missing then, nor after a restore from before all that.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "absl/time/clock.h"
#include "mobile-sdk/core/trust.h"
#include "server/authority.h"
#include "sync/seal/authority.h"
#include "sync/seal/certificate.h"
#include "tests/e2e/office.h"
#include "tests/support/status_matchers.h"

namespace sotay::tests {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

namespace fs = std::filesystem;

constexpr int kPhones = 6;
constexpr int kAway = 5;
constexpr int kKilled = 3;
constexpr char kUnit[] = "vkskv1";
constexpr char kHead[] = "luong-quoc-ngu";

std::string Phone(int i) { return "may-" + std::to_string(i); }

class AuthorityRoll : public ::testing::Test {
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

  Ended Try(const std::string& program, const std::string& who, std::vector<std::string> words,
            const std::string& language = "en") {
    words.insert(words.begin(), {program, "--dir", office_.space() / who, "--lang", language});
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

  Ended Keys(std::vector<std::string> words) {
    words.insert(words.begin(), {SOTAYD, "keys"});
    words.insert(words.end(), {"--data", office_.space() / "server"});
    return tests::Run(words);
  }
  Ended Roll() { return Keys({"roll-authority", "--reason", "ổ đĩa chứa khóa đã bị mất"}); }
  std::string Export(const std::string& file) {
    return Must(SOTAYCTL, kHead, {"export", root_, office_.space() / file}).value("log_key", "");
  }
  void ExpectVerified(const std::string& file, const std::string& log_key) {
    const Ended verified = tests::Run(
        {SOTAY_VERIFY, office_.space() / file, "--quiet", "--lang", "en", "--log-key", log_key});
    EXPECT_EQ(verified.exit_code, 0) << file << ": " << verified.out;
  }

  std::shared_ptr<const sdk::Vault> VaultOf(const std::string& who) {
    return *sdk::Vault::Open(office_.space() / who);
  }
  size_t TrustedBy(const std::string& who) {
    return seal::CertificatesOfPem(VaultOf(who)->authority_pem())->size();
  }
  // Whether its certificate is by the newest authority it trusts.
  bool HasCome(const std::string& who) {
    return *VaultOf(who)->IssuerSpki() == *VaultOf(who)->AuthoritySpki();
  }

  // Syncs again and again, killed a little later each time: before it asks, before it has pinned
  // anything, before it has its certificate, before that is on disk, and before it has said so.
  void SyncKilled(int i) {
    for (int round = 0; round < 24; ++round) {
      Process phone({SOTAY, "--dir", office_.space() / Phone(i), "sync"},
                    office_.space() / "killed.log");
      std::this_thread::sleep_for(std::chrono::milliseconds(15 + 6 * round));
      phone.Signal(SIGKILL);
      phone.Wait();
    }
  }

  void ExpectNothingMissing() {
    const json central = Must(SOTAYCTL, kHead, {"digest", "--unit", kUnit});
    EXPECT_EQ(central.value("records", -1), records_);
    for (int i = 0; i < kPhones; ++i) {
      SCOPED_TRACE(Phone(i));
      EXPECT_EQ(Must(SOTAY, Phone(i), {"digest"})["digest"], central["digest"]);
      const json status = StatusOf(i);
      EXPECT_EQ(status.value("outbox", -1), 0);
      EXPECT_EQ(status.value("refused", -1), 0);
      EXPECT_EQ(status["logs_disputed"].size(), 0u) << status["logs_disputed"].dump();
    }
  }

  // Somebody has ca/ as it was, and an authority of his own; what he tells a phone holds but for
  // the log's key, which he has not.
  void ExpectAThiefIsRefused(const std::string& who, const std::string& stolen) {
    const auto old = server::Authority::Open(stolen);
    ASSERT_THAT(old, IsOk());
    const auto own = server::Authority::Create(office_.space() / "thief", "VKSND tỉnh Sông Mây");
    ASSERT_THAT(own, IsOk());
    const auto held = sdk::LogTrustIn(office_.space() / who, sdk::Surroundings());
    ASSERT_THAT(held, IsOk());
    v1::GetAuthorityResponse told;
    v1::AuthorityHandover* const handover = told.add_handovers();
    handover->set_number(1);
    handover->set_previous_certificate(old->certificate_der());
    handover->set_certificate(own->certificate_der());
    handover->set_reason("thay khóa");
    const std::string text = seal::AuthorityHandoverText(held->organisation_id, *handover);
    handover->set_previous_signature(*old->Sign(text));
    handover->set_signature(*own->Sign(text));
    told.set_number(1);
    told.set_signature(*seal::SigningKey::Generate()->Sign(seal::AuthorityToldText(
        held->organisation_id, 1, own->certificate_der(), /*finished=*/false)));
    EXPECT_THAT(VaultOf(who)->Following(held->organisation_id, held->log_key, told),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not the office")));
  }

  Office office_;
  const std::string backup_ = office_.space() / "backup";
  std::string root_;
  int records_ = 0;
};

TEST_F(AuthorityRoll, LosesNothingAndCutsOffWhoeverHasTheOldPapersAlone) {
  const std::string data = office_.space() / "server";
  for (int i = 0; i < kPhones; ++i) Note(i);
  SyncAll();
  const std::string log_key = Export("before.sotay");
  ASSERT_EQ(office_.StopServer(), 0);
  const std::string old_backup = office_.space() / "backup-before";
  fs::copy(backup_, old_backup, fs::copy_options::recursive);
  const std::string stolen = office_.space() / "stolen-ca";
  fs::copy(data + "/ca", stolen, fs::copy_options::recursive);
  office_.StartServer();
  for (int i = 0; i < kPhones; ++i) Note(i);
  fs::copy(office_.space() / Phone(0), office_.space() / "copied", fs::copy_options::recursive);
  const std::string away_device = StatusOf(kAway).value("device", "");

  EXPECT_EQ(Roll().exit_code, 3) << "while the server runs nothing is replaced";
  ASSERT_EQ(office_.StopServer(), 0);
  EXPECT_EQ(Keys({"finish-authority"}).exit_code, 3) << "nothing has begun";
  const Ended rolled = Roll();
  ASSERT_EQ(rolled.exit_code, 0) << rolled.err;
  EXPECT_THAT(rolled.out, HasSubstr("ổ đĩa chứa khóa đã bị mất"));
  EXPECT_EQ(Roll().exit_code, 3) << "one at a time";
  const Ended whole = office_.Check();
  EXPECT_EQ(whole.exit_code, 0) << whole.out << whole.err;
  office_.StartServer();
  ExpectAThiefIsRefused(Phone(1), stolen);

  // All but one come, in the sync they do anyway.
  SyncKilled(kKilled);
  for (int i = 0; i < kPhones; ++i) {
    if (i == kAway) continue;
    Must(SOTAY, Phone(i), {"sync"});
    EXPECT_TRUE(HasCome(Phone(i))) << Phone(i);
    EXPECT_EQ(TrustedBy(Phone(i)), 2u) << Phone(i);
    EXPECT_EQ(StatusOf(i).value("outbox", -1), 0) << Phone(i);
  }
  // Consoles with any command; and somebody who is enrolled only now.
  Export("meanwhile.sotay");
  EXPECT_TRUE(HasCome(kHead));
  office_.Administrator(
      {"users", "put", "moi", "--name", "Mới", "--member", std::string(kUnit) + ":prosecutor"});
  EXPECT_TRUE(HasCome("administrator"));
  Must(SOTAY, "moi", {"enroll", office_.Invite("moi")});
  EXPECT_TRUE(HasCome("moi"));
  EXPECT_EQ(TrustedBy("moi"), 2u);
  Must(SOTAY, "moi", {"sync"});

  ASSERT_EQ(office_.StopServer(), 0);
  const Ended status = Keys({"status"});
  EXPECT_EQ(status.exit_code, 0) << status.err;
  EXPECT_THAT(status.out,
              HasSubstr("8 active devices have a certificate by it, 0 know it, 1 do not"));
  EXPECT_THAT(status.out, HasSubstr(away_device));
  const Ended early = Keys({"finish-authority"});
  EXPECT_EQ(early.exit_code, 3);
  EXPECT_THAT(early.out, HasSubstr(away_device));
  EXPECT_THAT(early.err, HasSubstr("--anyway"));
  const Ended ended = Keys({"finish-authority", "--anyway"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_FALSE(fs::exists(data + "/ca/next"));
  EXPECT_NE(seal::SigningKey::Load(data + "/ca/ca.key")->PublicKey(),
            seal::SigningKey::Load(stolen + "/ca.key")->PublicKey());
  const Ended after = office_.Check();
  EXPECT_EQ(after.exit_code, 0) << after.out << after.err;
  office_.StartServer();

  // Old papers open nothing, also to whoever would trust the new authority; nor does what a thief
  // makes with the old key.
  EXPECT_NE(Try(SOTAY, "copied", {"sync"}).exit_code, 0);
  fs::copy_file(office_.space() / Phone(0) + "/authority.pem",
                office_.space() / "copied" + "/authority.pem",
                fs::copy_options::overwrite_existing);
  EXPECT_NE(Try(SOTAY, "copied", {"sync"}).exit_code, 0);
  {
    const auto old = server::Authority::Open(stolen);
    const auto key = sdk::Vault::KeyFor(office_.space() / "copied");
    const auto forged = old->RenewDevice(key->PublicKey(), absl::Now());
    ASSERT_THAT(sdk::Vault(*key, *seal::CertificatePemOfDer(forged->cert_der),
                           VaultOf(Phone(0))->authority_pem())
                    .SaveCertificates(office_.space() / "copied"),
                IsOk());
    EXPECT_NE(Try(SOTAY, "copied", {"sync"}).exit_code, 0);
  }
  for (int i = 0; i < kPhones; ++i) {
    if (i == kAway) continue;
    Must(SOTAY, Phone(i), {"sync"});
    EXPECT_EQ(TrustedBy(Phone(i)), 1u) << Phone(i);
  }

  // Who was away is told, in both languages, keeps everything, and is let in again as the same
  // device.
  const Ended late = Try(SOTAY, Phone(kAway), {"sync"});
  EXPECT_NE(late.exit_code, 0);
  EXPECT_THAT(late.err, HasSubstr("--again"));
  EXPECT_THAT(Try(SOTAY, Phone(kAway), {"sync"}, "vi").err, HasSubstr("--again"));
  EXPECT_EQ(StatusOf(kAway).value("outbox", -1), 1);
  EXPECT_NE(Try(SOTAY, Phone(kAway), {"enroll", office_.Invite(Phone(kAway))}).exit_code, 0)
      << "a notebook is there already";
  EXPECT_NE(Try(SOTAY, Phone(kAway), {"enroll", office_.Invite(Phone(0)), "--again"}).exit_code, 0)
      << "somebody else's";
  Must(SOTAY, Phone(kAway), {"enroll", office_.Invite(Phone(kAway)), "--again"});
  EXPECT_EQ(StatusOf(kAway).value("device", ""), away_device);
  EXPECT_EQ(StatusOf(kAway).value("outbox", -1), 1);
  SyncAll();
  ExpectNothingMissing();

  EXPECT_EQ(Export("after.sotay"), log_key);
  for (const char* const file : {"before.sotay", "meanwhile.sotay", "after.sotay"}) {
    ExpectVerified(file, log_key);
  }

  // The server is lost, and the newest backup with it; the keys were put back as they are now.
  office_.KillServer();
  fs::remove_all(data + "/store");
  fs::remove_all(backup_);
  fs::create_directory(backup_);
  const Ended restored = tests::Run({SOTAYD, "restore", "--from", old_backup, "--data", data});
  ASSERT_EQ(restored.exit_code, 0) << restored.out << restored.err;
  office_.StartServer();
  EXPECT_NE(Try(SOTAY, "copied", {"sync"}).exit_code, 0);
  SyncAll();
  SyncAll();
  ExpectNothingMissing();
  EXPECT_EQ(Export("restored.sotay"), log_key);
  ExpectVerified("restored.sotay", log_key);
  ASSERT_EQ(office_.StopServer(), 0);
  const Ended check = office_.Check();
  EXPECT_EQ(check.exit_code, 0) << check.out << check.err;
  EXPECT_THAT(check.out, HasSubstr("handovers of the authority 1"));
  EXPECT_THAT(Keys({"status"}).out, HasSubstr("ổ đĩa chứa khóa đã bị mất"));
}

}  // namespace
}  // namespace sotay::tests
