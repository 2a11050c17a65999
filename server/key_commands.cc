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
                                ? std::string("not ended by keys finish-authority")
                                : "until " + InstantOf(handover.finished_ms());
  std::printf("authority %llu, %s: %s\n  (replaced on %s: %s)\n",
              static_cast<unsigned long long>(handover.number()), until.c_str(),
              AuthorityName(handover.previous_certificate()).c_str(),
              InstantOf(handover.handed_ms()).c_str(), handover.reason().c_str());
}

// While two are trusted; a copy of ca/ from meanwhile brings that back.
void PrintTrust(const std::string& data, const Authorities& authorities) {
  if (!authorities.AreTwo()) return;
  const v1::AuthorityHandover& open = authorities.handovers.back();
  std::printf("%s is trusted still, as since %s both are: end that with keys finish-authority\n",
              AuthorityName(open.previous_certificate()).c_str(),
              InstantOf(open.handed_ms()).c_str());
  if (!authorities.NextIsLost()) return;
  std::printf(
      "WARNING the key of %s is not in %s: the one before it goes on certifying, and nobody goes "
      "over.  Put the directory back from where keys are kept; if there is no copy, keys "
      "roll-authority puts another in its place, also for devices that trust it\n",
      AuthorityName(open.certificate()).c_str(), NextAuthorityPath(data).c_str());
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
  for (const auto& row : followers.behind) print(row, "has not said that it trusts it");
  for (const auto& row : followers.late) {
    print(row, row.state() == v1::DEVICE_STATE_REVOKED
                   ? "revoked, may have things to hand in, has no certificate by it"
                   : "forked, may have things to hand in, has no certificate by it");
  }
}

absl::Status ShowAuthorities(const std::string& data, Store* store, int64_t now_ms) {
  SOTAY_ASSIGN_OR_RETURN(const Authorities authorities, OpenAuthorities(data, store));
  for (const v1::AuthorityHandover& handover : authorities.handovers) PrintAuthority(handover);
  const auto newest =
      seal::ReadCertificate(authorities.NextIsLost() ? authorities.handovers.back().certificate()
                                                     : authorities.newest().certificate_der());
  std::printf("authority %zu, until %s at most: %s\n", authorities.handovers.size() + 1,
              InstantOf(newest.ok() ? newest->not_after_ms : 0).c_str(),
              newest.ok() ? newest->common_name.c_str() : "an authority that cannot be read");
  if (!authorities.AreTwo()) return absl::OkStatus();
  PrintTrust(data, authorities);
  SOTAY_ASSIGN_OR_RETURN(const Tables tables, store->LoadTables());
  const AuthorityFollowers followers = FollowersOf(tables, now_ms);
  std::printf("%zu active devices have a certificate by it, %zu know it, %zu do not\n",
              followers.certified.size(), followers.trusting.size(), followers.behind.size());
  if (!followers.late.empty()) {
    std::printf("%zu revoked or forked devices have none\n", followers.late.size());
  }
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

absl::Status ShowKeys(const std::string& data, int64_t now_ms) {
  SOTAY_ASSIGN_OR_RETURN(const auto store, OpenStore(data));
  SOTAY_ASSIGN_OR_RETURN(const auto keys, LogKeysIn(store.get()));
  PrintHandovers(keys.handovers());
  std::printf("log key %zu in force: %s\n", keys.keys().size(),
              absl::BytesToHexString(keys.current().spki()).c_str());
  return ShowAuthorities(data, store.get(), now_ms);
}

absl::Status ShowTrust(const std::string& data) {
  SOTAY_ASSIGN_OR_RETURN(const auto store, OpenStore(data));
  SOTAY_ASSIGN_OR_RETURN(const Authorities authorities, OpenAuthorities(data, store.get()));
  PrintTrust(data, authorities);
  return absl::OkStatus();
}

absl::Status RollTheAuthority(const std::string& data, const std::string& reason, int64_t now_ms) {
  SOTAY_ASSIGN_OR_RETURN(const auto store, OpenStore(data));
  // By which devices will know that it was us.
  SOTAY_RETURN_IF_ERROR(OpenLogKey(data, store.get()).status());
  SOTAY_ASSIGN_OR_RETURN(const auto handover, RollAuthority(data, store.get(), reason, now_ms));
  PrintAuthority(handover);
  std::printf(
      "authority %llu certifies from now on: %s\nPut a copy of all of ca/, with ca/next, where "
      "keys "
      "are kept, now.  "
      "Devices go over when they synchronise; look at keys status, and end it with "
      "keys finish-authority.  If the old key may be in other hands, invite nobody before that: "
      "until "
      "then whoever has it can answer an enrolment in the server's place.\n",
      static_cast<unsigned long long>(handover.number() + 1),
      AuthorityName(handover.certificate()).c_str());
  return absl::OkStatus();
}

absl::Status FinishTheAuthority(const std::string& data, bool anyway, int64_t now_ms) {
  SOTAY_ASSIGN_OR_RETURN(const auto store, OpenStore(data));
  SOTAY_ASSIGN_OR_RETURN(const Authorities authorities, OpenAuthorities(data, store.get()));
  SOTAY_ASSIGN_OR_RETURN(const Tables tables, store->LoadTables());
  const AuthorityFollowers followers = FollowersOf(tables, now_ms);
  if (authorities.next.has_value() && followers.left() != 0) {
    std::printf("without a certificate by the new authority:\n");
    PrintLeft(tables, followers);
  }
  SOTAY_ASSIGN_OR_RETURN(const auto ended, FinishAuthority(data, store.get(), anyway, now_ms));
  PrintAuthority(ended.handover);
  if (followers.left() != 0) {
    std::printf(
        "Those named above are cut off until they are invited again (sotay enroll INVITATION "
        "--again), and trust the old one until then: whoever has its key can stand in for the "
        "server where they are.\n");
  }
  if (!ended.invited.empty()) {
    std::printf(
        "No administrator's device can connect: an invitation for %s, for 7 days, is in %s\n",
        ended.invited.c_str(), FirstInvitationPath(data).c_str());
  }
  std::printf(
      "Certificates by it open nothing from now on, invitations made before neither.  Put a copy "
      "of ca/ where keys are kept, and destroy every copy of the old ca.key, also in copies of ca/ "
      "from while both were trusted, which would bring that back: what the file system and old "
      "backups of this directory keep of it no command can reach.\n");
  return absl::OkStatus();
}

}  // namespace sotay::server
