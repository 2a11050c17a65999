// The organisation's authorities, and how one is replaced (docs/decisions/0029-authority-roll.md):
// `sotayd keys roll-authority` and `finish-authority`, each with the server stopped.
//
// ca/next/ → the handover, one batch → ca/authority.handovers; both are trusted.  finished_ms, one
// batch → ca/authority.handovers → ca/ → ca/next/ goes; the newer alone is.  Before a batch nothing
// has happened; after it, whoever opens them next finishes the rest.  Where the key of the newer is
// lost (ca/next/), the older goes on, and a roll puts another in its place.  One thread.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "server/authority.h"
#include "server/store.h"
#include "sotay/v1/certificate_service.pb.h"
#include "sync/seal/key.h"
#include "sync/seal/log_keys.h"

namespace sotay::server {

struct Authorities {
  // By which the server shows its own certificate and invites: everybody can check it.
  Authority serving;
  // That is to follow it, while both are trusted.  Nothing also when its key is lost.
  absl::optional<Authority> next;
  // How it came to these, by number.
  std::vector<v1::AuthorityHandover> handovers;

  // Certifies whoever can check it.
  const Authority& newest() const { return next.has_value() ? *next : serving; }
  // The last handover has not ended: who was told of it trusts both.
  bool AreTwo() const { return !handovers.empty() && handovers.back().finished_ms() == 0; }
  // What was to follow cannot certify: its key is not in ca/next.
  bool NextIsLost() const { return AreTwo() && !next.has_value(); }
  // Whose certificates open connections, PEM, the newest first: also by those whose key is lost.
  std::string RootsPem() const;
  // Which is to certify a device that trusts that one (SubjectPublicKeyInfo, DER) and those before.
  const Authority& For(absl::string_view trusted) const;
  // How many handovers led to the one with that key; nothing: there was none such.
  absl::optional<uint64_t> NumberOf(absl::string_view spki) const;
  // Handovers that have not ended: what an invitation's authority leads to.
  std::vector<v1::AuthorityHandover> Open() const;
};

// Those of the store and the data directory; a step that was cut short is finished, and what a
// restored store does not have is taken from AuthoritiesPath, and from ca/.  kFailedPrecondition
// when the one that shows the server's certificate is missing or another; kDataLoss when handovers
// do not hold; as the file system does, when it does not say what there is.
absl::StatusOr<Authorities> OpenAuthorities(const std::string& data, Store* store);

// A new one beside the one there is; in the place of one whose key is lost.  kInvalidArgument for a
// reason that is empty or too long; kFailedPrecondition while an earlier one is not finished, or
// when it would not end later than those before it: the clock is wrong.
absl::StatusOr<v1::AuthorityHandover> RollAuthority(const std::string& data, Store* store,
                                                    const std::string& reason, int64_t now_ms);

// How far the devices have come, as they said.
struct AuthorityFollowers {
  std::vector<stored::v1::DeviceRow> certified;  // active, by the newest
  std::vector<stored::v1::DeviceRow> trusting;   // active: it, and not yet certified by it
  std::vector<stored::v1::DeviceRow> behind;     // active
  // Revoked or forked, not certified by the newest, and with a certificate that may still be good:
  // what they have not handed in is cut off too.
  std::vector<stored::v1::DeviceRow> late;

  size_t left() const { return trusting.size() + behind.size() + late.size(); }
};
AuthorityFollowers FollowersOf(const Tables& tables, int64_t now_ms);
// An administrator, when none has a device that is certified by the newest; null: one has, or there
// are none.
const v1::User* AdministratorShutOut(const Tables& tables, const AuthorityFollowers& followers);

struct AuthorityEnded {
  v1::AuthorityHandover handover;
  // User id of an administrator for whom an invitation was written to FirstInvitationPath, as no
  // administrator's device could connect any more; empty: one can.
  std::string invited;
};

// Ends the trust in the one before the newest.  kFailedPrecondition when none is to end, or the key
// of the newest is lost; or, unless `anyway`, while a device has no certificate by the newest, or
// no administrator's device has.
absl::StatusOr<AuthorityEnded> FinishAuthority(const std::string& data, Store* store, bool anyway,
                                               int64_t now_ms);

// In the server's log, while two are trusted: since when, and that the key of the newer is missing.
void SayWhoIsTrusted(const std::string& data, const Authorities& authorities);

// The answer to GetAuthority, signed by the log's key.  kNotFound: the organisation never had the
// authority, or the log key, that the caller trusts.
class AuthorityTeller {
 public:
  // All outlive it; `log_key` is the one in force of `log_keys`.
  AuthorityTeller(const Authorities* authorities, std::string organisation_id,
                  seal::SigningKey log_key, const seal::LogKeys* log_keys)
      : authorities_(*authorities),
        organisation_id_(std::move(organisation_id)),
        log_key_(std::move(log_key)),
        log_keys_(*log_keys) {}

  absl::StatusOr<v1::GetAuthorityResponse> Tell(const v1::GetAuthorityRequest& request) const;

 private:
  const Authorities& authorities_;
  const std::string organisation_id_;
  const seal::SigningKey log_key_;
  const seal::LogKeys& log_keys_;
};

// What contradicts itself in the handovers, and which devices say to have come further than there
// are; a sentence each.  For `sotayd check`.
std::vector<std::string> AuthorityFaults(const Tables& tables);

}  // namespace sotay::server
