// What waits for a colleague's consent, as a phone is told (sotay/v1/consents.proto): whoever might
// submit what an examiner submitted, and whose own it is.  Which changes there are is told without
// their words, which are read where it is decided.  Reads only; any thread.
#pragma once

#include "server/directory.h"
#include "server/store.h"
#include "sotay/v1/consents.pb.h"

namespace sotay::server {

// What waits for the caller, and of the caller's device, the oldest first.  Of a unit the newest
// hundred are looked at, and of those two hundred edits; one of which something cannot be read is
// told to nobody, and stands in the quarantine.
v1::Consents ConsentsFor(const Directory& directory, Store* store, const Caller& caller);

}  // namespace sotay::server
