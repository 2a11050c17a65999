// Sealing content that nobody is to read, under a key that can be destroyed: AES-256-GCM, a fresh
// nonce for each box.  Any thread.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sotay::seal {

constexpr size_t kVaultKeyBytes = 32;

// A key that nothing was sealed with yet.
std::string NewVaultKey();

// nonce (12) ‖ ciphertext ‖ tag (16).  `place` says what it is and where it belongs: elsewhere it
// does not open.  kInternal only for want of memory or a broken installation.
absl::StatusOr<std::string> SealInVault(absl::string_view key, absl::string_view place,
                                        absl::string_view content);
// kDataLoss when key, place or bytes are not those it was sealed with.
absl::StatusOr<std::string> OpenFromVault(absl::string_view key, absl::string_view place,
                                          absl::string_view sealed);

}  // namespace sotay::seal
