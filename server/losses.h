// Devices that were lost: that somebody has dealt with what was missed with one.  Runs with the
// pen, on the hub's thread.
#pragma once

#include "absl/status/statusor.h"
#include "server/pen.h"
#include "server/person.h"
#include "sotay/v1/quarantine_service.pb.h"

namespace sotay::server {

// Fails as QuarantineService says; then nothing was said.
absl::StatusOr<v1::SettleLossResponse> SettleLoss(Pen* pen, const Person& person,
                                                  const v1::SettleLossRequest& request);

}  // namespace sotay::server
