// `sotayd keys`, and what the other commands say of keys.  Each opens the store, so that the server
// has to be stopped; prints to the standard output.  One thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sotay/v1/log_key.pb.h"
#include "sync/seal/log_keys.h"

namespace sotay::durable {
struct StoreOptions;
}  // namespace sotay::durable

namespace sotay::server {

// "2026-11-06T08:00:00Z"
std::string InstantOf(int64_t ms);

// Which keys the logs were signed with; ShowKeys also says how the authority is replaced.
void PrintHandovers(const std::vector<v1::LogKeyHandover>& handovers);
absl::Status ShowKeys(const std::string& data, int64_t now_ms);
// That two authorities are trusted, if so.  Fails as OpenAuthorities.
absl::Status ShowTrust(const std::string& data);
// Fails as RollLogKey (log_handover.h).
absl::Status RollLog(const std::string& data, const std::string& reason, int64_t now_ms);

// Fail as RollAuthority and FinishAuthority (authorities.h); the second names who is cut off.
absl::Status RollTheAuthority(const std::string& data, const std::string& reason, int64_t now_ms);
absl::Status FinishTheAuthority(const std::string& data, bool anyway, int64_t now_ms);

// The keys of a backup for somebody who has the data directory's.  Fails as LogKeysNamedIn.
absl::StatusOr<seal::LogKeys> LogKeysOf(const std::string& data, const std::string& life,
                                        const durable::StoreOptions& files);

}  // namespace sotay::server
