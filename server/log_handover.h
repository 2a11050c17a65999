// The log's key, and how it is replaced (docs/decisions/0026-key-roll.md): `sotayd keys roll-log`,
// with the server stopped.
//
// log.key.next → the handover and the key in force, one batch → log.handovers → log.key.  Before
// the batch nothing has happened; after it, whoever opens the key next finishes the rest.  One
// thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/store.h"
#include "sync/seal/key.h"
#include "sync/seal/log_keys.h"

namespace sotay::server {

// The key that signs, and those before it.
struct LogKeyring {
  seal::SigningKey key;
  seal::LogKeys keys;
};

// The keys of the store's logs.  kDataLoss when its handovers do not hold.
absl::StatusOr<seal::LogKeys> LogKeysIn(Store* store);

// The key that signs heads of the store's logs (LogKeyPath), a handover that was cut short being
// finished.  kFailedPrecondition when it is missing or another: it is not made anew, because every
// device holds its public half.
absl::StatusOr<LogKeyring> OpenLogKey(const std::string& data, Store* store);

// Replaces it.  kInvalidArgument for a reason that is empty or too long; kDataLoss when what is
// read back of a log is not what was hashed: then nothing is signed.  What fails before the batch
// has changed nothing.
absl::StatusOr<v1::LogKeyHandover> RollLogKey(const std::string& data, Store* store,
                                              const std::string& reason, int64_t now_ms);

// For a backup: what HandoversPath has.  None: empty.
absl::StatusOr<std::vector<v1::LogKeyHandover>> HandoversBeside(const std::string& data);

// What contradicts itself in the handovers, a sentence each: ones that do not join or lead to
// another key, or a log that has another root where it was handed over.  For `sotayd check`.
std::vector<std::string> HandoverFaults(Store* store, const Tables& tables);

}  // namespace sotay::server
