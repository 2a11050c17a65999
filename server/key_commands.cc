#include "server/key_commands.h"

#include <cstdio>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "server/authorities.h"
#include "server/backup_lives.h"
#include "server/config.h"
#include "server/log_handover.h"
#include "server/store.h"
#include "sync/durable/open.h"
#include "sync/seal/certificate.h"
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

// Of its key, by which people tell one from another.
std::string AuthorityName(const std::string& certificate_der) {
  const auto read = seal::ReadCertificate(certificate_der);
  return read.ok() ? read->common_name : "an authority that cannot be read";
}

void PrintAuthority(const v1::AuthorityHandover& handover) {
  const std::string until = handover.finished_ms() == 0
                                ? std::string("still trusted, until keys finish-authority")
                                : "until " + InstantOf(handover.finished_ms());
  std::printf("authority %llu, %s: %s\n  (replaced on %s: %s)\n",
              static_cast<unsigned long long>(handover.number()), until.c_str(),
              AuthorityName(handover.previous_certificate()).c_str(),
              InstantOf(handover.handed_ms()).c_str(), handover.reason().c_str());
}

// Who has still to come.
void PrintLeft(const Tables& tables, const AuthorityFollowers& followers) {
  const auto print = [&](const stored::v1::DeviceRow& row, const char* how) {
    int64_t seen_ms = 0;
    for (const auto& [device, contact] : tables.contacts) {
      if (device.view() == row.device_id()) seen_ms = contact.last_contact_ms();
    }
    std::printf("  %s  %s, %s: %s; last seen %s\n", absl::BytesToHexString(row.device_id()).c_str(),
                row.user_id().c_str(), row.name().c_str(), how,
                seen_ms == 0 ? "never" : InstantOf(seen_ms).c_str());
  };
  for (const auto& row : followers.trusting) print(row, "knows it, has no certificate by it yet");
  for (const auto& row : followers.behind) print(row, "has not been told of it");
}

absl::Status ShowAuthorities(const std::string& data, Store* store) {
  SOTAY_ASSIGN_OR_RETURN(const Authorities authorities, OpenAuthorities(data, store));
  for (const v1::AuthorityHandover& handover : authorities.handovers) PrintAuthority(handover);
  std::printf("authority %zu, until %s at most: %s\n", authorities.handovers.size() + 1,
              InstantOf(absl::ToUnixMillis(authorities.newest().not_after())).c_str(),
              AuthorityName(authorities.newest().certificate_der()).c_str());
  if (!authorities.next.has_value()) return absl::OkStatus();
  SOTAY_ASSIGN_OR_RETURN(const Tables tables, store->LoadTables());
  const AuthorityFollowers followers = FollowersOf(tables);
  std::printf("%zu active devices have a certificate by it, %zu know it, %zu do not\n",
              followers.certified.size(), followers.trusting.size(), followers.behind.size());
  PrintLeft(tables, followers);
  return absl::OkStatus();
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
  return ShowAuthorities(data, store.get());
}

absl::Status RollTheAuthority(const std::string& data, const std::string& reason, int64_t now_ms) {
  SOTAY_ASSIGN_OR_RETURN(const auto store, OpenStore(data));
  // By which devices will know that it was us.
  SOTAY_RETURN_IF_ERROR(OpenLogKey(data, store.get()).status());
  SOTAY_ASSIGN_OR_RETURN(const auto handover, RollAuthority(data, store.get(), reason, now_ms));
  PrintAuthority(handover);
  std::printf(
      "authority %llu certifies from now on: %s\nPut a copy of all of ca/ where keys are kept.  "
      "Devices go over when they synchronise; look at keys status, and end it with "
      "keys finish-authority.\n",
      static_cast<unsigned long long>(handover.number() + 1),
      AuthorityName(handover.certificate()).c_str());
  return absl::OkStatus();
}

absl::Status FinishTheAuthority(const std::string& data, bool anyway, int64_t now_ms) {
  SOTAY_ASSIGN_OR_RETURN(const auto store, OpenStore(data));
  SOTAY_ASSIGN_OR_RETURN(const Authorities authorities, OpenAuthorities(data, store.get()));
  SOTAY_ASSIGN_OR_RETURN(const Tables tables, store->LoadTables());
  const AuthorityFollowers followers = FollowersOf(tables);
  if (authorities.next.has_value() && followers.trusting.size() + followers.behind.size() != 0) {
    std::printf("cut off, unless they are invited again (sotay enroll INVITATION --again):\n");
    PrintLeft(tables, followers);
  }
  SOTAY_ASSIGN_OR_RETURN(const auto handover, FinishAuthority(data, store.get(), anyway, now_ms));
  PrintAuthority(handover);
  std::printf(
      "Certificates by it open nothing from now on, invitations made before neither.  Put a copy "
      "of "
      "ca/ where keys are kept, and destroy every copy of the old ca.key: what the file system "
      "and old backups of this directory keep of it no command can reach.\n");
  return absl::OkStatus();
}

}  // namespace sotay::server
