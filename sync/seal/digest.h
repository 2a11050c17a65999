// The hashes everything is named by.  Each kind has its own prefix, so that a hash of one kind
// can never be passed off as another.  About a microsecond for a note; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>

#include "absl/strings/string_view.h"
#include "sync/ids.h"

namespace sotay::seal {

// Plain SHA-256.  Ends the process if OpenSSL has none.
std::array<uint8_t, 32> Sha256(absl::string_view bytes);

// SHA-256 of the parts one after the other, without joining them in memory.
std::array<uint8_t, 32> Sha256(std::initializer_list<absl::string_view> parts);

// SHA-256("sotay/change/v1\0" ‖ bytes), of a change exactly as its device serialised it.
sync::ChangeId HashChange(absl::string_view change_bytes);

// SHA-256("sotay/content/v1\0" ‖ bytes), 32 bytes: of what a record says, as a signature of it
// names it (sync/signing.h, SignedContent).
std::string HashContent(absl::string_view signed_content);

// The first 16 bytes of SHA-256("sotay/device/v1\0" ‖ SubjectPublicKeyInfo in DER).  One key,
// one id: VerifyingKey::From (key.h) admits only one encoding of a key.
sync::DeviceId DeviceIdOf(absl::string_view spki_der);

}  // namespace sotay::seal
