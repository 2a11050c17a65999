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

// As CertificateService.RollKey says.  `caller_key_hash`: SHA-256 of the connection's key.
absl::StatusOr<v1::RollKeyResponse> RollKey(Pen* pen, const Authority& authority,
                                            absl::string_view caller_key_hash,
                                            const v1::RollKeyRequest& request);

// What `rows` say of the device, in order.
std::vector<v1::EarlierKey> EarlierKeysOf(absl::string_view device,
                                          const std::vector<stored::v1::DeviceKeyRow>& rows);

}  // namespace sotay::server
