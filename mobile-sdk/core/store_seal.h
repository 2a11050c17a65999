// The seal of a phone's store: made with it, or when a store from before is opened.
#pragma once

#include "absl/status/statusor.h"
#include "sotay/keystore.h"
#include "sync/durable/open.h"
#include "sync/seal/value_seal.h"

namespace sotay::sdk {

// That of the store, in which every value but the seal's own is sealed with it from here on.  A
// store in clear goes over first, and is then to be purged (keys.h); cut short, it goes on there.
// Fails as `keystore` does, as the store does, and with kFailedPrecondition when it was sealed by a
// newer build.  Nobody else has the store yet.
absl::StatusOr<seal::ValueSeal> SealOf(durable::Store* store, Keystore* keystore);

}  // namespace sotay::sdk
