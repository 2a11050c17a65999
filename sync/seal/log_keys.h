// The keys a log was signed with, one after the other.  A handover leads from each to the next and
// is signed by both, so who knows any of them can tell whether another is of the same chain
// (docs/decisions/0026-key-roll.md).  Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "sotay/v1/log_key.pb.h"
#include "sotay/v1/sync_service.pb.h"
#include "sync/seal/key.h"

namespace sotay::seal {

// The bytes both keys sign with ECDSA P-256 and SHA-256 (key.h):
//   "sotay/log-key/v1\0" ‖ organisation (16) ‖ number (8, big-endian) ‖ epoch (16)
//   ‖ SHA-256(key until then) ‖ SHA-256(key from then on) ‖ handed_ms (8) ‖ SHA-256(reason)
//   ‖ for each log, by unit: length of the unit's id (1) ‖ unit's id ‖ size (8) ‖ root (32)
// Empty, and so neither signed nor verified, when one of them has another length than said, or
// units are out of order.
std::string HandoverText(absl::string_view organisation_id, const v1::LogKeyHandover& handover);

// A log as it was handed over, in the form of a head; both keys' signatures are the handover's.
v1::LogHead AsHead(const v1::LogKeyHandover& handover, const v1::HandedLog& log);
// The same life, unit, size and root.
bool SameLog(const v1::LogHead& a, const v1::LogHead& b);

// Whether a head that was checked while the key until then was in force can be of what was handed
// over: of that life of the store it has no more entries, and if as many, the same root.  Of
// another life nothing can be said: true.  Not enough for a head that comes from anywhere: see
// Vouched.
bool IsHandedOver(const v1::LogKeyHandover& handover, const v1::LogHead& head);

// A value.
class LogKeys {
 public:
  // A key that was never replaced is a chain of one, so it may stand wherever a chain is wanted.
  LogKeys(VerifyingKey first);

  // `first`, and the handovers from it on.  kFailedPrecondition with the reason when one does not
  // go on from the one before it, or is not signed by both its keys for this organisation.
  static absl::StatusOr<LogKeys> From(VerifyingKey first, absl::string_view organisation_id,
                                      const std::vector<v1::LogKeyHandover>& handovers);

  // In force.
  const VerifyingKey& current() const { return keys_.back(); }
  // By age, the oldest first; one more than handovers.
  const std::vector<VerifyingKey>& keys() const { return keys_; }
  const std::vector<v1::LogKeyHandover>& handovers() const { return handovers_; }
  // Place among the keys; nothing: it is none of them.
  absl::optional<size_t> PlaceOf(absl::string_view spki) const;
  // The place of the key that signed it; nothing: none did.
  absl::optional<size_t> SignerOf(absl::string_view text, absl::string_view signature) const;

 private:
  std::vector<VerifyingKey> keys_;
  std::vector<v1::LogKeyHandover> handovers_;
};

// Whether the key in force signed the head for this organisation, or an earlier one exactly the log
// that it handed over.  Any other head by an earlier key proves nothing by itself, as whoever has
// the key could have signed it since: what is needed is that the log goes on from it (LeadsTo in
// epoch_link.h).
bool Vouched(const LogKeys& keys, absl::string_view organisation_id, const v1::LogHead& head);
// Whether any of the keys signed it, whenever.
bool SignedByOneOf(const LogKeys& keys, absl::string_view organisation_id, const v1::LogHead& head);

}  // namespace sotay::seal
