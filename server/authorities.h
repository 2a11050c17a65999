// The organisation's authorities, and how one is replaced (docs/decisions/0029-authority-roll.md):
// `sotayd keys roll-authority` and `finish-authority`, each with the server stopped.
//
// ca/next/ → the handover, one batch → ca/authority.handovers; both are trusted.  finished_ms, one
// batch → ca/authority.handovers → ca/ → ca/next/ goes; the newer alone is.  Before a batch nothing
// has happened; after it, whoever opens them next finishes the rest.  One thread.
#pragma once

#include <cstdint>
#include <string>
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
  // That is to follow it, while both are trusted.
  absl::optional<Authority> next;
  // How it came to these, by number.
  std::vector<v1::AuthorityHandover> handovers;

  // Certifies whoever can check it.
  const Authority& newest() const { return next.has_value() ? *next : serving; }
  // Whose certificates open connections, PEM.
  std::string RootsPem() const;
  // Which is to certify a device that trusts that one (SubjectPublicKeyInfo, DER) and those before.
  const Authority& For(absl::string_view trusted) const;
  // How many handovers led to the one with that key; nothing: there was none such.
  absl::optional<uint64_t> NumberOf(absl::string_view spki) const;
  // Handovers that have not ended: what an invitation's authority leads to.
  std::vector<v1::AuthorityHandover> Open() const;
};

// Those of the store and the data directory; a step that was cut short is finished, and handovers
// that a restored store does not have are taken from AuthoritiesPath.  kFailedPrecondition when an
// authority is missing or another; kDataLoss when handovers do not hold.
absl::StatusOr<Authorities> OpenAuthorities(const std::string& data, Store* store);

// A new one beside the one there is.  kInvalidArgument for a reason that is empty or too long;
// kFailedPrecondition while an earlier one is not finished.
absl::StatusOr<v1::AuthorityHandover> RollAuthority(const std::string& data, Store* store,
                                                    const std::string& reason, int64_t now_ms);

// How far the active devices have come, as they said.
struct AuthorityFollowers {
  std::vector<stored::v1::DeviceRow> certified;  // by the newest
  std::vector<stored::v1::DeviceRow> trusting;   // it, and not yet certified by it
  std::vector<stored::v1::DeviceRow> behind;
};
AuthorityFollowers FollowersOf(const Tables& tables);

// Ends the trust in the one before the newest.  kFailedPrecondition when none is to end; or while
// an active device has no certificate by the newest, unless `anyway`.
absl::StatusOr<v1::AuthorityHandover> FinishAuthority(const std::string& data, Store* store,
                                                      bool anyway, int64_t now_ms);

// The answer to GetAuthority, signed by the log's key.  kNotFound: the organisation never had the
// authority, or the log key, that the caller trusts.
class AuthorityTeller {
 public:
  // All outlive it; `log_key` is the one in force of `log_keys`.
  static absl::StatusOr<AuthorityTeller> Make(const Authorities* authorities,
                                              const std::string& organisation_id,
                                              const seal::SigningKey& log_key,
                                              const seal::LogKeys* log_keys);
  absl::StatusOr<v1::GetAuthorityResponse> Tell(const v1::GetAuthorityRequest& request) const;

 private:
  AuthorityTeller(const Authorities* authorities, const seal::LogKeys* log_keys)
      : authorities_(*authorities), log_keys_(*log_keys) {}

  const Authorities& authorities_;
  const seal::LogKeys& log_keys_;
  v1::GetAuthorityResponse told_;  // without handovers
};

// What contradicts itself in the handovers, and which devices say to have come further than there
// are; a sentence each.  For `sotayd check`.
std::vector<std::string> AuthorityFaults(const Tables& tables);

}  // namespace sotay::server
