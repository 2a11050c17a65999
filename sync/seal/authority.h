// The certificate authorities there were, one after the other.  A handover leads from each to the
// next and is signed by both; the log's key signs what it all comes to, so that a thief of an
// authority's key alone leads nobody (docs/decisions/0029-authority-roll.md).  Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sotay/v1/authority.pb.h"
#include "sync/seal/key.h"

namespace sotay::seal {

// The bytes both authorities sign with ECDSA P-256 and SHA-256 (key.h):
//   "sotay/authority/v1\0" ‖ organisation (16) ‖ number (8, big-endian) ‖ SHA-256(certificate until
//   then) ‖ SHA-256(certificate from then on) ‖ handed_ms (8) ‖ SHA-256(reason)
// Empty, and so neither signed nor verified, when one of them has another length than said.
std::string AuthorityHandoverText(absl::string_view organisation_id,
                                  const v1::AuthorityHandover& handover);

// The bytes the log's key signs:
//   "sotay/authority-told/v1\0" ‖ organisation (16) ‖ number (8) ‖ SHA-256(newest certificate)
//   ‖ 1 when the one before it is trusted no longer, or 0 (1) ‖ SHA-256(nonce of who asked)
std::string AuthorityToldText(absl::string_view organisation_id, uint64_t number,
                              absl::string_view certificate_der, bool finished,
                              absl::string_view nonce);

// The authorities' certificates, DER: `first`, and where the handovers lead from it.  One that goes
// on from where the handover before it did is in that one's place, whose key was lost; the
// certificate that was to follow is left out then.
// kFailedPrecondition with the reason when one does not go on from the one before it, names what is
// no authority or was one before, or is not signed by both for this organisation.
absl::StatusOr<std::vector<std::string>> AuthoritiesFrom(
    absl::string_view organisation_id, std::string first,
    const std::vector<v1::AuthorityHandover>& handovers);

}  // namespace sotay::seal
