#include "sync/seal/value_seal.h"

#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "sync/seal/vault.h"
#include "tests/support/status_matchers.h"

namespace sotay::seal {
namespace {

using tests::IsOk;
using tests::StatusIs;

constexpr char kNonce[] = "ABCDEFGHIJKLMNOPQRSTUVWX";

// What the standard says comes out (C2SP, XAES-256-GCM, "Test vectors"): once with K1 as it is
// shifted, once reduced.
TEST(ValueSeal, IsXaes256Gcm) {
  const auto first = ValueSeal::With(std::string(32, '\x01'));
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(
      absl::BytesToHexString(first->SealWith(kNonce, "", "XAES-256-GCM").value()),
      absl::BytesToHexString(kNonce) + "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271");
  const auto second = ValueSeal::With(std::string(32, '\x03'));
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(
      absl::BytesToHexString(
          second->SealWith(kNonce, "c2sp.org/XAES-256-GCM", "XAES-256-GCM").value()),
      absl::BytesToHexString(kNonce) + "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d");
}

TEST(ValueSeal, OpensWithItsKeyInItsPlaceAlone) {
  const auto seal = ValueSeal::With(NewVaultKey());
  const auto other = ValueSeal::With(NewVaultKey());
  ASSERT_THAT(seal, IsOk());
  ASSERT_THAT(other, IsOk());
  constexpr auto kLost = absl::StatusCode::kDataLoss;
  for (const std::string& content :
       {std::string(), std::string("Vết phanh dài 4,2 m."), std::string(300'000, '\0')}) {
    const auto sealed = seal->Seal("here", content);
    ASSERT_THAT(sealed, IsOk());
    EXPECT_EQ(sealed->size(), content.size() + kSealedMoreBytes);
    EXPECT_EQ(seal->Open("here", *sealed).value(), content);
    EXPECT_THAT(seal->Open("there", *sealed), StatusIs(kLost));
    EXPECT_THAT(other->Open("here", *sealed), StatusIs(kLost));
    for (const size_t at : {size_t{0}, size_t{12}, size_t{24}, sealed->size() - 1}) {
      std::string bent = *sealed;
      bent[at] = static_cast<char>(bent[at] ^ 1);
      EXPECT_THAT(seal->Open("here", bent), StatusIs(kLost)) << at;
    }
    EXPECT_THAT(seal->Open("here", sealed->substr(1)), StatusIs(kLost));
    EXPECT_THAT(seal->Open("here", content), StatusIs(kLost));
  }
}

TEST(ValueSeal, NeverSealsTheSameTwice) {
  const auto seal = ValueSeal::With(NewVaultKey());
  ASSERT_THAT(seal, IsOk());
  EXPECT_NE(seal->Seal("", "x").value(), seal->Seal("", "x").value());
  EXPECT_THAT(ValueSeal::With("short").status(), StatusIs(absl::StatusCode::kInternal));
}

}  // namespace
}  // namespace sotay::seal
