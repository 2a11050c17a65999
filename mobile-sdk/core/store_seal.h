// The seal of a phone's store: made with it, or when a store from before is opened.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "sotay/keystore.h"
#include "sync/seal/value_seal.h"

namespace sotay::durable {
class Store;
}  // namespace sotay::durable

namespace sotay::sdk {

// Which values of a store are sealed, and with what.
struct Sealing {
  // Nothing: all are in clear yet.
  absl::optional<seal::ValueSeal> seal;
  // A store from before that could not go over to its end: up to that key, and of the others its
  // `m` when it is said.
  bool going_over = false;
  bool meta_sealed = false;
  std::string sealed_through;
  // Not OK: why some are in clear, and what to do.  It is tried again when the store is opened.
  absl::Status waits;
  // Where its key is kept, in words; empty: the keystore does not say.
  std::string key_place;

  // Whether the value under `key` is sealed, and is to be when it is written.
  bool IsSealed(absl::string_view key) const;
};

// That of the store, in which every value but the seal's own is sealed with it from here on.  A
// store in clear goes over first, and is then to be purged (keys.h); cut short, it goes on there.
// Where it cannot - there is too little room, a block cannot be read - it stays readable as it is,
// and says so (Sealing::waits).  Not even tried when `failed` says that writing just failed.
// Fails as `keystore` does, but never with kNotFound; as the store does; and with kUnimplemented
// when it was sealed by a newer build.  Nobody else has the store yet.
absl::StatusOr<Sealing> SealOf(durable::Store* store, Keystore* keystore,
                               const std::function<uint64_t()>& free_bytes,
                               const absl::Status& failed);

}  // namespace sotay::sdk
