// The keys a device seals with, one after the other: how a device takes another key and stays the
// same device (docs/decisions/0026-key-roll.md).  Phone, server and checker build and judge rolls
// here.  Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sotay/v1/device_key.pb.h"
#include "sync/ids.h"
#include "sync/seal/key.h"

namespace sotay::seal {

// The bytes both keys sign with ECDSA P-256 and SHA-256 (key.h):
//   "sotay/device-key/v1\0" ‖ organisation (16) ‖ device (16) ‖ SHA-256(old key)
//   ‖ SHA-256(new key) ‖ last sequence (8, big-endian) ‖ head (32; zeros at 0) ‖ signed_ms (8)
// Empty, and so neither signed nor verified, when one of them has another length than said.
std::string RollText(absl::string_view organisation_id, const v1::KeyRoll& roll);

// Fills in the keys and both signatures.  kInternal when it cannot be signed as it is.
absl::Status SignRoll(absl::string_view organisation_id, const SigningKey& old_key,
                      const SigningKey& new_key, v1::KeyRoll* roll);
// Whether it is signed by both its keys, which differ, for this organisation.
bool RollHolds(absl::string_view organisation_id, const v1::KeyRoll& roll);

// A device's keys with what each may seal.  A value.
class DeviceKeys {
 public:
  // `current`, SubjectPublicKeyInfo in DER, and what was before it, in order.
  // kInvalidArgument with the reason when a roll is not signed by both keys, does not lead from the
  // device's first key to `current`, or a span goes back or beyond what its roll allows.
  static absl::StatusOr<DeviceKeys> From(absl::string_view organisation_id,
                                         absl::string_view current,
                                         const std::vector<v1::EarlierKey>& earlier);

  // The device: a hash of the first key.
  const sync::DeviceId& device() const { return device_; }
  const VerifyingKey& current() const { return current_; }
  // The key of a seal whose last change is this one.
  const VerifyingKey& Of(uint64_t last_sequence) const;

 private:
  explicit DeviceKeys(VerifyingKey current) : current_(std::move(current)) {}

  struct Span {
    VerifyingKey key;
    uint64_t through = 0;
  };
  sync::DeviceId device_;
  std::vector<Span> earlier_;
  VerifyingKey current_;
};

}  // namespace sotay::seal
