// The office of authority_roll_test: phones, consoles and keys, and whoever would like to be taken
// for one of them.  One thread.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "absl/time/clock.h"
#include "mobile-sdk/core/grpc_link.h"
#include "mobile-sdk/core/store.h"
#include "mobile-sdk/core/trust.h"
#include "server/authority.h"
#include "server/config.h"
#include "server/store.h"
#include "sync/durable/open.h"
#include "sync/seal/authority.h"
#include "sync/seal/certificate.h"
#include "sync/seal/invitation.h"
#include "tests/e2e/office.h"
#include "tests/support/status_matchers.h"

namespace sotay::tests {
using nlohmann::json;
using ::testing::HasSubstr;

namespace fs = std::filesystem;

inline constexpr int kPhones = 6;
inline constexpr int kAway = 5;
inline constexpr int kKilled = 3;
inline constexpr char kUnit[] = "vkskv1";
inline constexpr char kHead[] = "luong-quoc-ngu";

inline std::string Phone(int i) { return "may-" + std::to_string(i); }

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
    int still_behind = 0;
    for (int round = 0; round < 24; ++round) {
      Process phone({SOTAY, "--dir", office_.space() / Phone(i), "sync"},
                    office_.space() / "killed.log");
      std::this_thread::sleep_for(std::chrono::milliseconds(15 + 6 * round));
      phone.Signal(SIGKILL);
      phone.Wait();
      if (!HasCome(Phone(i)) || TrustedBy(Phone(i)) == 1) ++still_behind;
    }
    EXPECT_GT(still_behind, 0) << "it was killed too late to show anything";
  }

  std::string BytesOf(const std::string& file) { return FileContents(office_.space() / file); }
  std::string PapersOf(const std::string& who) {
    return BytesOf(who + "/authority.pem") + BytesOf(who + "/device.pem");
  }
  void Give(const std::string& who, const std::string& file, const std::string& bytes) {
    std::ofstream(office_.space() / who + "/" + file, std::ios::binary) << bytes;
  }

  // As a build that knows nothing of all this; whose certificate it gets.
  std::string IssuerOfOldBuild(const std::string& invitation_text) {
    const auto invitation = seal::Decode(invitation_text);
    const auto key = *seal::SigningKey::Generate();
    sdk::GrpcAddress address;
    address.server = invitation->address();
    address.authority_pem = *seal::CertificatePemOfDer(invitation->authority());
    address.certificate_pem = *seal::CertificatePemOfDer(invitation->certificate());
    address.key_pem = *seal::SigningKey::FromDer(invitation->private_key())->Pem();
    v1::EnrollRequest request;
    request.set_code(seal::NormalizeCode(invitation->code()));
    request.set_device_name("máy cũ");
    request.set_certificate_request(*seal::MakeCertificateRequest(key, ""));
    const auto response = sdk::EnrollOverGrpc(address, request);
    EXPECT_THAT(response, IsOk());
    EXPECT_EQ(response->authorities_size(), 0);
    return *seal::IsIssuedBy(response->certificate(), invitation->authority()) ? "invitation"
                                                                               : "another";
  }

  // The office's store, with its authority, under a log key of somebody else's.
  void StartForeignServer() {
    const std::string data = office_.space() / "server";
    ASSERT_EQ(office_.StopServer(), 0);
    fs::rename(data, office_.space() / "server.true");
    fs::copy(office_.space() / "server.true", data, fs::copy_options::recursive);
    const std::string settings = BytesOf("server/sotayd.toml");
    std::ofstream(data + "/sotayd.toml") << settings.substr(0, settings.find("[backup]"));
    const auto key = *seal::SigningKey::Generate();
    ASSERT_THAT(key.Save(server::LogKeyPath(data)), IsOk());
    {
      auto store = server::Store::Open(server::StorePath(data), durable::StoreOptions(), nullptr);
      ASSERT_THAT(store, IsOk());
      server::Tables changed;
      changed.meta = (*store)->LoadTables()->meta;
      changed.meta->set_log_key(key.PublicKey());
      server::Sheet sheet;
      (*store)->Fill(&sheet, changed);
      ASSERT_THAT((*store)->Write(&sheet), IsOk());
    }
    office_.StartServer();
  }
  void StartTrueServer() {
    ASSERT_EQ(office_.StopServer(), 0);
    fs::remove_all(office_.space() / "server");
    fs::rename(office_.space() / "server.true", office_.space() / "server");
    office_.StartServer();
  }

  // TLS takes none of its papers.
  void ExpectShutOut(const std::string& who) {
    const Ended ended = Try(SOTAY, who, {"sync"});
    EXPECT_NE(ended.exit_code, 0);
    EXPECT_THAT(ended.err, HasSubstr("by an authority that was replaced"));
    EXPECT_THAT(ended.err, HasSubstr("--again"));
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
    const auto asked = sdk::Asking(old->spki(), held->log_key);
    told.set_signature(*seal::SigningKey::Generate()->Sign(seal::AuthorityToldText(
        held->organisation_id, 1, own->certificate_der(), /*finished=*/false, asked.nonce())));
    EXPECT_THAT(VaultOf(who)->Following(held->organisation_id, asked, told),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not the office")));
  }

  Office office_;
  const std::string backup_ = office_.space() / "backup";
  std::string root_;
  int records_ = 0;
};

}  // namespace sotay::tests
