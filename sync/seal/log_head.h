// What stands behind a signature under the head of a unit's log.  The server signs this text,
// phones and whoever checks an export verify it; all build it here.  Pure; any thread.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "sotay/v1/sync_service.pb.h"
#include "sync/seal/key.h"
#include "sync/seal/merkle.h"

namespace sotay::seal {

// The bytes to sign with ECDSA P-256 and SHA-256 (key.h):
//   "sotay/head/v1\0" ‖ organisation (16) ‖ epoch (16) ‖ length of the unit's id (1) ‖ unit's id
//   ‖ size (8, big-endian) ‖ signed_ms (8) ‖ root (32)
// Empty, and so neither signed nor verified, when one of them has another length than said.
std::string HeadText(absl::string_view organisation_id, const v1::LogHead& head);

// Whether the server with this log key signed the head for this organisation.
bool Vouched(const VerifyingKey& log_key, absl::string_view organisation_id,
             const v1::LogHead& head);

// A hash as it stands in messages; nothing when it is none.
absl::optional<MerkleHash> HashIn(absl::string_view bytes);

}  // namespace sotay::seal
