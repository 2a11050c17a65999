// How a device takes another key and stays the same device (docs/decisions/0026-key-roll.md).  Runs
// with the pen, so that no push is decided while the key changes.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/authority.h"
#include "server/pen.h"
#include "sotay/v1/certificate_service.pb.h"
#include "sync/seal/device_keys.h"

namespace sotay::server {

// Rolls of a device; one a week for more than a year.
constexpr int kRollsMax = 64;

// Whether the request is the caller's, and each roll signed by both its keys: what takes time and
// nothing of the store, so that it is done before the hub is asked.  `caller_key_hash`: SHA-256 of
// the connection's key.  Fails as CertificateService.RollKey says.
absl::Status CheckRolls(const Directory& directory, absl::string_view caller_key_hash,
                        const v1::RollKeyRequest& request);

// As CertificateService.RollKey says, of a request that CheckRolls has taken.
struct Rolled {
  v1::RollKeyResponse response;
  sync::DeviceId device;
  size_t taken = 0;  // rolls that were not here before
};
absl::StatusOr<Rolled> RollKey(Pen* pen, const Authority& authority,
                               const v1::RollKeyRequest& request);

// What `rows` say of the device, in order.
std::vector<v1::EarlierKey> EarlierKeysOf(absl::string_view device,
                                          const std::vector<stored::v1::DeviceKeyRow>& rows);

}  // namespace sotay::server
