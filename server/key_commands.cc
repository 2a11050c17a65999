#include "server/key_commands.h"

#include <cstdio>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "server/backup_lives.h"
#include "server/config.h"
#include "server/log_handover.h"
#include "server/store.h"
#include "sync/durable/open.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

absl::StatusOr<std::unique_ptr<Store>> OpenStore(const std::string& data) {
  return Store::Open(StorePath(data), durable::StoreOptions(), nullptr);
}

// The key of a data directory, before there is a store that would name it.
absl::StatusOr<seal::VerifyingKey> LogKeyOf(const std::string& data) {
  const absl::StatusOr<seal::SigningKey> key = seal::SigningKey::Load(LogKeyPath(data));
  if (key.ok()) return key->verifying_key();
  return absl::Status(key.status().code(),
                      absl::StrCat(LogKeyPath(data), ": ", key.status().message(),
                                   "; put it back from where keys are kept"));
}

}  // namespace

std::string InstantOf(int64_t ms) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixMillis(ms), absl::UTCTimeZone());
}

void PrintHandovers(const std::vector<v1::LogKeyHandover>& handovers) {
  for (const v1::LogKeyHandover& handover : handovers) {
    std::printf("log key %llu until %s: %s\n  (%s)\n",
                static_cast<unsigned long long>(handover.number()),
                InstantOf(handover.handed_ms()).c_str(),
                absl::BytesToHexString(handover.previous_key()).c_str(), handover.reason().c_str());
  }
}

absl::StatusOr<seal::LogKeys> LogKeysOf(const std::string& data, const std::string& life,
                                        const durable::StoreOptions& files) {
  SOTAY_ASSIGN_OR_RETURN(const seal::VerifyingKey key, LogKeyOf(data));
  SOTAY_ASSIGN_OR_RETURN(const auto beside, HandoversBeside(data));
  return LogKeysNamedIn(life, key, beside, files);
}

absl::Status RollLog(const std::string& data, const std::string& reason, int64_t now_ms) {
  SOTAY_ASSIGN_OR_RETURN(const auto store, OpenStore(data));
  SOTAY_ASSIGN_OR_RETURN(const auto handover, RollLogKey(data, store.get(), reason, now_ms));
  for (const v1::HandedLog& log : handover.logs()) {
    std::printf("log of %s: %llu entries, root %s\n", log.unit_id().c_str(),
                static_cast<unsigned long long>(log.size()),
                absl::BytesToHexString(log.root()).c_str());
  }
  PrintHandovers({handover});
  std::printf(
      "log key %llu from now on: %s\nPut copies of log.key and log.handovers where keys are "
      "kept, and destroy every copy of the old log.key: what the file system and old backups of "
      "this directory keep of it no command can reach.\n",
      static_cast<unsigned long long>(handover.number() + 1),
      absl::BytesToHexString(handover.key()).c_str());
  return absl::OkStatus();
}

absl::Status ShowKeys(const std::string& data) {
  SOTAY_ASSIGN_OR_RETURN(const auto store, OpenStore(data));
  SOTAY_ASSIGN_OR_RETURN(const auto keys, LogKeysIn(store.get()));
  PrintHandovers(keys.handovers());
  std::printf("log key %zu in force: %s\n", keys.keys().size(),
              absl::BytesToHexString(keys.current().spki()).c_str());
  return absl::OkStatus();
}

}  // namespace sotay::server
