// What waits for a colleague's consent, as a phone is told (sotay/v1/consents.proto): whoever might
// submit what an examiner submitted, and whose own it is.  Which changes there are is told without
// their words, which are read where it is decided.  Reads only; any thread.
#pragma once

#include "absl/status/statusor.h"
#include "server/directory.h"
#include "server/store.h"
#include "sotay/v1/consents.pb.h"

namespace sotay::server {

// What waits for the caller, and of the caller's device, the oldest first.  Of a unit's newest the
// hundred they may see are looked at, of those two hundred edits and what they name, to some 4 MiB; `more` says
// that there are others.  One that is damaged is told to nobody, and stands in the quarantine.
// Fails where reading does: then nobody knows what waits.
absl::StatusOr<v1::Consents> ConsentsFor(const Directory& directory, Store* store,
                                         const Caller& caller);

}  // namespace sotay::server
