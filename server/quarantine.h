// Deciding about refused changes: taken in after all, or dismissed, by whoever the table of rights
// lets (docs/decisions/0018).  Runs with the pen, on the hub's thread.  Saying the same thing twice
// is saying it once.
#pragma once

#include "absl/status/statusor.h"
#include "server/pen.h"
#include "server/person.h"
#include "sotay/v1/quarantine_service.pb.h"

namespace sotay::server {

// Both fail as QuarantineService says, with kDataLoss when what is stored cannot be read; then
// nothing was decided.
absl::StatusOr<v1::TakeInResponse> TakeIn(Pen* pen, const Person& person,
                                          const v1::TakeInRequest& request);
absl::StatusOr<v1::DismissResponse> Dismiss(Pen* pen, const Person& person,
                                            const v1::DismissRequest& request);

}  // namespace sotay::server
