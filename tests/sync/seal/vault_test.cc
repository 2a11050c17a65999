#include "sync/seal/vault.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace sotay::seal {
namespace {

using tests::IsOk;
using tests::StatusIs;

TEST(Vault, OpensWithItsKeyInItsPlaceAlone) {
  const std::string key = NewVaultKey();
  ASSERT_EQ(key.size(), kVaultKeyBytes);
  for (const std::string& content :
       {std::string(), std::string("Vết phanh dài 4,2 m."), std::string(300'000, '\0')}) {
    const auto sealed = SealInVault(key, "here", content);
    ASSERT_THAT(sealed, IsOk());
    EXPECT_EQ(OpenFromVault(key, "here", *sealed).value(), content);
    constexpr auto kLost = absl::StatusCode::kDataLoss;
    EXPECT_THAT(OpenFromVault(key, "there", *sealed), StatusIs(kLost));
    EXPECT_THAT(OpenFromVault(NewVaultKey(), "here", *sealed), StatusIs(kLost));
    EXPECT_THAT(OpenFromVault("", "here", *sealed), StatusIs(kLost));
    EXPECT_THAT(OpenFromVault(key, "here", sealed->substr(1)), StatusIs(kLost));
    std::string bent = *sealed;
    bent.back() = static_cast<char>(bent.back() ^ 1);
    EXPECT_THAT(OpenFromVault(key, "here", bent), StatusIs(kLost));
  }
}

TEST(Vault, NeverSealsTheSameTwice) {
  const std::string key = NewVaultKey();
  EXPECT_NE(SealInVault(key, "", "x").value(), SealInVault(key, "", "x").value());
  EXPECT_NE(NewVaultKey(), key);
}

}  // namespace
}  // namespace sotay::seal
