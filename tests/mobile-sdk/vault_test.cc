#include "mobile-sdk/core/vault.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

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

}  // namespace
}  // namespace sotay::sdk
