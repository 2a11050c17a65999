#include "mobile-sdk/core/vault.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <memory>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "mobile-sdk/core/renewal.h"
#include "server/authority.h"
#include "sync/seal/certificate.h"
#include "sync/seal/device_keys.h"
#include "sync/seal/digest.h"
#include "tests/support/process.h"
#include "tests/support/status_matchers.h"

namespace sotay::sdk {
namespace {

using tests::StatusIs;
using tests::Workspace;

mode_t ModeOf(const std::string& path) {
  struct stat found = {};
  return stat(path.c_str(), &found) == 0 ? found.st_mode & 0777 : 0;
}

TEST(Vault, TheKeyIsForNobodyElseToRead) {
  const Workspace dir;
  SOTAY_ASSERT_OK_AND_ASSIGN(const seal::SigningKey key, Vault::KeyFor(dir.path()));
  EXPECT_EQ(ModeOf(dir / "device.key"), 0600u);
}

TEST(Vault, AnEnrolmentCutShortGoesOnWithTheSameKey) {
  const Workspace dir;
  SOTAY_ASSERT_OK_AND_ASSIGN(const seal::SigningKey first, Vault::KeyFor(dir.path()));
  SOTAY_ASSERT_OK_AND_ASSIGN(const seal::SigningKey again, Vault::KeyFor(dir.path()));
  EXPECT_EQ(first.PublicKey(), again.PublicKey());
  Vault::ForgetKey(dir.path());
  SOTAY_ASSERT_OK_AND_ASSIGN(const seal::SigningKey fresh, Vault::KeyFor(dir.path()));
  EXPECT_NE(first.PublicKey(), fresh.PublicKey());
}

TEST(Vault, SaysWhichFileIsMissing) {
  const Workspace dir;
  EXPECT_THAT(Vault::Open(dir.path()), StatusIs(absl::StatusCode::kNotFound));
  SOTAY_ASSERT_OK_AND_ASSIGN(const seal::SigningKey key, Vault::KeyFor(dir.path()));
  EXPECT_THAT(Vault::Open(dir.path()),
              StatusIs(absl::StatusCode::kNotFound, ::testing::HasSubstr("device.pem")));
}

TEST(Vault, RefusesAKeyThatStrangersMayRead) {
  const Workspace dir;
  SOTAY_ASSERT_OK_AND_ASSIGN(const seal::SigningKey key, Vault::KeyFor(dir.path()));
  chmod((dir / "device.key").c_str(), 0644);
  EXPECT_THAT(Vault::Open(dir.path()), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST(Vault, SignsWhatAServerVerifies) {
  SOTAY_ASSERT_OK_AND_ASSIGN(seal::SigningKey key, seal::SigningKey::Generate());
  const seal::VerifyingKey verifier = key.verifying_key();
  const std::string spki = key.PublicKey();
  const Vault vault(std::move(key), "", "");
  EXPECT_EQ(vault.device(), seal::DeviceIdOf(spki));
  const std::vector<sync::ChangeId> ids = {seal::HashChange("một"), seal::HashChange("hai")};
  seal::PushSeal push;
  push.organisation_id.assign(16, 'o');
  push.device = vault.device();
  push.first_sequence = 1;
  push.last_sequence = 2;
  push.ids = ids;
  SOTAY_ASSERT_OK_AND_ASSIGN(const std::string signature, vault.Sign(push));
  EXPECT_TRUE(verifier.Verify(seal::SealText(push), signature));
  push.last_sequence = 3;
  EXPECT_FALSE(verifier.Verify(seal::SealText(push), signature));
  push.organisation_id = "short";
  EXPECT_THAT(vault.Sign(push), StatusIs(absl::StatusCode::kInternal));
}

// A device with a key and a certificate, which takes another key.
class VaultRoll : public ::testing::Test {
 protected:
  void SetUp() override {
    SOTAY_ASSERT_OK_AND_ASSIGN(const seal::SigningKey key, Vault::KeyFor(dir_.path()));
    first_ = key.PublicKey();
    ASSERT_THAT(
        Vault(key, Certified(first_), authority_->certificate_pem()).SaveCertificates(dir_.path()),
        tests::IsOk());
  }

  std::string Certified(const std::string& spki) const {
    return *seal::CertificatePemOfDer(authority_->RenewDevice(spki)->cert_der);
  }
  std::shared_ptr<const Vault> Open() {
    auto vault = Vault::Open(dir_.path());
    EXPECT_THAT(vault, tests::IsOk());
    return vault.ok() ? *vault : nullptr;
  }
  // As far as that the server is asked.
  v1::KeyRoll Ask(const Vault& vault, uint64_t last) {
    EXPECT_THAT(vault.BeginRoll(dir_.path()), tests::IsOk());
    v1::KeyRoll roll;
    roll.set_device_id(vault.device().str());
    roll.set_last_sequence(last);
    roll.set_head(std::string(32, 'h'));
    const auto request = vault.SignRoll(dir_.path(), std::string(16, 'o'), roll);
    EXPECT_THAT(request, tests::IsOk());
    return request.ok() ? *request->rolls().rbegin() : v1::KeyRoll();
  }
  void Remove(const std::string& name) { std::remove((dir_ / name).c_str()); }
  void Copy(const std::string& from, const std::string& to) {
    std::ifstream in(dir_ / from, std::ios::binary);
    std::ofstream(dir_ / to, std::ios::binary) << in.rdbuf();
    chmod((dir_ / to).c_str(), 0600);
  }

  const Workspace dir_;
  const Workspace ca_;
  const absl::StatusOr<server::Authority> authority_ =
      server::Authority::Create(ca_ / "ca", "VKSND tỉnh Sông Mây");
  std::string first_;
};

TEST_F(VaultRoll, IsTheSameDeviceWithAnotherKey) {
  const auto before = Open();
  const v1::KeyRoll roll = Ask(*before, 7);
  EXPECT_TRUE(seal::RollHolds(std::string(16, 'o'), roll));
  EXPECT_EQ(Open()->device(), before->device());
  EXPECT_TRUE(*Open()->RollIsPending(dir_.path()));
  SOTAY_ASSERT_OK_AND_ASSIGN(
      const auto after,
      before->Rolled(dir_.path(), authority_->RenewDevice(roll.new_key())->cert_der));
  EXPECT_EQ(after->device(), before->device());
  EXPECT_EQ(*seal::SpkiOfCertificatePem(after->certificate_pem()), roll.new_key());
  EXPECT_FALSE(*after->RollIsPending(dir_.path()));
  // And once more, from there.
  const v1::KeyRoll second = Ask(*after, 9);
  EXPECT_EQ(second.old_key(), roll.new_key());
  SOTAY_ASSERT_OK_AND_ASSIGN(
      const auto last,
      after->Rolled(dir_.path(), authority_->RenewDevice(second.new_key())->cert_der));
  EXPECT_EQ(last->device(), before->device());
  EXPECT_EQ(last->rolls().size(), 2u);
}

TEST_F(VaultRoll, AsksAgainWithTheSameKeyUntilThereIsAnAnswer) {
  const auto vault = Open();
  const v1::KeyRoll first = Ask(*vault, 7);
  // Killed, with or without the roll on disk.
  const v1::KeyRoll again = Ask(*Open(), 8);
  EXPECT_EQ(again.new_key(), first.new_key());
  EXPECT_EQ(again.last_sequence(), 8u);
  Remove("device.rolls");
  EXPECT_EQ(Ask(*Open(), 8).new_key(), first.new_key());
  EXPECT_EQ(Open()->rolls().size(), 0u) << "the old key is in use";
}

// The server may have taken it, and then it is the only copy.
TEST_F(VaultRoll, WritesOverNoNextKeyThatItCannotRead) {
  const auto vault = Open();
  const v1::KeyRoll roll = Ask(*vault, 7);
  chmod((dir_ / "device.next.key").c_str(), 0644);
  EXPECT_THAT(vault->BeginRoll(dir_.path()), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(vault->RollIsPending(dir_.path()), StatusIs(absl::StatusCode::kFailedPrecondition));
  chmod((dir_ / "device.next.key").c_str(), 0600);
  EXPECT_EQ(Ask(*Open(), 8).new_key(), roll.new_key());
  std::ofstream(dir_ / "device.next.key") << "half";
  EXPECT_THAT(vault->BeginRoll(dir_.path()), StatusIs(absl::StatusCode::kInvalidArgument));
  std::ifstream left(dir_ / "device.next.key");
  std::string text;
  left >> text;
  EXPECT_EQ(text, "half");
}

// Renewed by one thread while another takes the new key.
TEST_F(VaultRoll, ACertificateOfTheKeyBeforeDoesNotComeToLieOverTheNewOnes) {
  const auto before = Open();
  const v1::KeyRoll roll = Ask(*before, 7);
  std::unique_ptr<Renewal> renewal;
  const auto asked =
      [&](const v1::RenewCertificateRequest&) -> absl::StatusOr<v1::RenewCertificateResponse> {
    EXPECT_THAT(renewal->Replace([&] {
      return before->Rolled(dir_.path(), authority_->RenewDevice(roll.new_key())->cert_der);
    }),
                tests::IsOk());
    v1::RenewCertificateResponse response;
    response.set_certificate(
        authority_->RenewDevice(first_, absl::Now() + absl::Hours(24 * 61))->cert_der);
    return response;
  };
  renewal = std::make_unique<Renewal>(dir_.path(), before, asked);
  const auto renewed = renewal->AtContact(absl::ToUnixMillis(absl::Now() + absl::Hours(24 * 61)));
  ASSERT_THAT(renewed, tests::IsOk());
  EXPECT_FALSE(*renewed);
  EXPECT_EQ(*seal::SpkiOfCertificatePem(Open()->certificate_pem()), roll.new_key());
}

TEST_F(VaultRoll, IsFinishedFromWhereverItWasCutShort) {
  const auto before = Open();
  const v1::KeyRoll roll = Ask(*before, 7);
  const std::string pem = Certified(roll.new_key());
  Copy("device.key", "old.key");
  Copy("device.pem", "old.pem");
  Copy("device.next.key", "new.key");
  const auto expect_new = [&](const char* when) {
    const auto after = Open();
    ASSERT_NE(after, nullptr) << when;
    EXPECT_EQ(*seal::SpkiOfCertificatePem(after->certificate_pem()), roll.new_key()) << when;
    EXPECT_EQ(after->device(), before->device()) << when;
    EXPECT_FALSE(*after->RollIsPending(dir_.path())) << when;
    std::ifstream left(dir_ / "device.next.pem");
    EXPECT_FALSE(left.good()) << when;
  };
  std::ofstream(dir_ / "device.next.pem") << pem;
  expect_new("the answer is there");
  Copy("new.key", "device.next.key");
  Copy("old.pem", "device.pem");
  std::ofstream(dir_ / "device.next.pem") << pem;
  expect_new("and the key in its place");
  Copy("new.key", "device.next.key");
  std::ofstream(dir_ / "device.next.pem") << pem;
  expect_new("and its certificate");
  std::ofstream(dir_ / "device.next.pem") << pem;
  expect_new("and nothing is left of the next key");
}

TEST_F(VaultRoll, TakesNoAnswerThatIsNotForItsKeyOrOfItsAuthority) {
  const auto vault = Open();
  const v1::KeyRoll roll = Ask(*vault, 7);
  const Workspace elsewhere;
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto other,
                             server::Authority::Create(elsewhere / "ca", "Nơi khác"));
  const auto refused = StatusIs(absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(vault->Rolled(dir_.path(), authority_->RenewDevice(first_)->cert_der), refused);
  EXPECT_THAT(vault->Rolled(dir_.path(), other.RenewDevice(roll.new_key())->cert_der), refused);
  EXPECT_TRUE(*Open()->RollIsPending(dir_.path()));
}

}  // namespace
}  // namespace sotay::sdk
