// Sealing many small values under one key for good: XAES-256-GCM (C2SP), whose random nonces of 24
// bytes need no counting (docs/decisions/0034-at-rest-and-lease.md).  What is sealed under a key of
// its own, vault.h seals.  Immutable; any thread.
#pragma once

#include <array>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sotay::seal {

constexpr size_t kValueNonceBytes = 24;
// Of a nonce and a tag: how much longer a sealed value is.
constexpr size_t kSealedMoreBytes = kValueNonceBytes + 16;

// Of chance, for as many values, one after the other.
std::string NewNonces(size_t count);

class ValueSeal {
 public:
  // `key`: 32 bytes (kVaultKeyBytes), of chance.  kInternal when it is not.
  static absl::StatusOr<ValueSeal> With(absl::string_view key);
  ~ValueSeal();
  ValueSeal(const ValueSeal&) = default;
  ValueSeal& operator=(const ValueSeal&) = default;

  // nonce (24) ‖ ciphertext ‖ tag (16).  `place`: where it belongs; elsewhere it does not open.
  // kInternal only for want of memory or a broken installation.
  absl::StatusOr<std::string> Seal(absl::string_view place, absl::string_view content) const;
  // The same with a nonce that is given (NewNonces, or the standard's vectors): each for one value.
  absl::StatusOr<std::string> SealWith(absl::string_view nonce, absl::string_view place,
                                       absl::string_view content) const;
  // kDataLoss when key, place or bytes are not those it was sealed with.
  absl::StatusOr<std::string> Open(absl::string_view place, absl::string_view sealed) const;

 private:
  ValueSeal() = default;

  std::array<unsigned char, 32> key_;
  std::array<unsigned char, 16> mask_;  // K1 of CMAC (NIST SP 800-38B)
};

}  // namespace sotay::seal
