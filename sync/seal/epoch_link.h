// What stands behind a signature under the link from one life of the server's store to the next:
// the server signs this text after a restore, devices verify it; both build it here.  Pure; any
// thread.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "sotay/v1/lineage_service.pb.h"
#include "sync/seal/key.h"

namespace sotay::seal {

// The bytes to sign with ECDSA P-256 and SHA-256 (key.h):
//   "sotay/link/v1\0" ‖ organisation (16) ‖ ended epoch (16) ‖ epoch (16)
//   ‖ length of the unit's id (1) ‖ unit's id ‖ size (8, big-endian) ‖ restored_ms (8) ‖ root (32)
// Empty, and so neither signed nor verified, when one of them has another length than said.
std::string LinkText(absl::string_view organisation_id, const v1::EpochLink& link);

// Whether `lineage` leads from `held`, a head that was checked, to a head of the same unit's log in
// `epoch`.  When the first link has at least as many entries as `held`, nothing that was seen
// vouched for was lost or changed.  When it has fewer, the new log goes on from the link alone:
// that the part it kept is the one that was seen is the server's word, and the head held is the
// evidence against it. kFailedPrecondition with the reason when it does not lead there.
absl::Status GoesOnFrom(const VerifyingKey& log_key, absl::string_view organisation_id,
                        const v1::LogHead& held, absl::string_view epoch,
                        const v1::GetLineageResponse& lineage);

// The same, and without links when `held` is of that epoch.
absl::Status LeadsTo(const VerifyingKey& log_key, absl::string_view organisation_id,
                     const v1::LogHead& held, absl::string_view epoch,
                     const v1::GetLineageResponse& lineage);
// Whether the first link has fewer entries than `held`.
bool HasLost(const v1::LogHead& held, const v1::GetLineageResponse& lineage);

}  // namespace sotay::seal
