// The seal of a push: what a device signs, once per push, to stand for every change in it and
// for their place in its history.  The phone's courier signs this text, the server's guard
// verifies it; both build it here, so it cannot differ by a byte.  Pure; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "sync/ids.h"

namespace sotay::seal {

constexpr size_t kOrganisationIdBytes = 16;

// Everything a seal vouches for.
struct PushSeal {
  // 16 bytes, from enrolment: a seal for one organisation is worth nothing in another.
  std::string organisation_id;
  // The author.
  sync::DeviceId device;
  // The sequences of the first and the last change.
  uint64_t first_sequence = 0;
  uint64_t last_sequence = 0;
  // 32 bytes: id of the change before the first; empty when first_sequence is 1.
  std::string previous;
  // The changes, in order of sequence.  Must live until SealText has returned.
  absl::Span<const sync::ChangeId> ids;
};

// The bytes to sign with ECDSA P-256 and SHA-256 (key.h), always 126 long:
//   "sotay/push/v1\0" ‖ organisation (16) ‖ device (16) ‖ first (8, big-endian) ‖ last (8)
//   ‖ previous (32; zeros when empty) ‖ SHA-256(id_first ‖ … ‖ id_last)
// Empty when organisation_id or previous has another length than said above; neither
// SigningKey nor VerifyingKey takes an empty text, so that such a push is never sealed.
std::string SealText(const PushSeal& push);

}  // namespace sotay::seal
