// The device's key and what certifies it.  The key never leaves the phone; it signs pushes, and
// it is the phone's side of every TLS connection.
//
// In the notebook's directory: `device.key` (PKCS#8 PEM, mode 0600), `device.pem` (the device's
// certificate) and `authority.pem` (the only root it trusts; two, the newer first, while one
// follows the other: docs/decisions/0029-authority-roll.md).  Once the device took another key also
// `device.rolls` (v1.KeyRolls: how it came to that), and while it does so `device.next.key` and
// `device.next.pem` (docs/decisions/0026-key-roll.md).  Immutable; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sotay/v1/certificate_service.pb.h"
#include "sync/ids.h"
#include "sync/seal/key.h"
#include "sync/seal/seal.h"

namespace sotay::sdk {

class Vault {
 public:
  // `rolls`: by which the device came from its first key to this one.
  Vault(seal::SigningKey key, std::string certificate_pem, std::string authority_pem,
        std::vector<v1::KeyRoll> rolls = {});

  // From the files in `dir`; a roll whose answer is on disk is finished.  kNotFound when one is
  // missing, kFailedPrecondition when strangers may read the key, kInvalidArgument when one cannot
  // be read or they do not belong together.
  static absl::StatusOr<std::shared_ptr<const Vault>> Open(const std::string& dir);

  // The key in `dir`, from an enrolment that was cut short, or a new one, saved there.  So
  // whatever the server certified, the key is on disk before.
  // `made`, where it is asked for: whether it is new.
  static absl::StatusOr<seal::SigningKey> KeyFor(const std::string& dir, bool* made = nullptr);
  // Undoes KeyFor, after an enrolment that failed; only where that made the key: one that was there
  // may be that of a notebook.
  static void ForgetKey(const std::string& dir);

  // Whether it is time for the next certificate: of the one there is 60 days are gone, and the
  // authority lasts longer than it; or it is by the authority before the newest.  `server_now_ms`:
  // the server's clock, milliseconds since 1970.
  bool RenewalIsDue(int64_t server_now_ms) const;
  // The same key with the next certificate, DER.  kInvalidArgument when it is of another key, not
  // the newest authority's, or ends less than a day later than one of that there is.
  absl::StatusOr<std::shared_ptr<const Vault>> Renewed(absl::string_view certificate_der) const;

  // Writes the certificates beside the key that KeyFor put there.
  absl::Status SaveCertificates(const std::string& dir) const;
  // The device's alone, unless there is one as good by now: another process may have renewed it.
  absl::Status SaveRenewed(const std::string& dir) const;

  // SubjectPublicKeyInfo, DER: of the newest authority it trusts, and of the one that issued its
  // certificate.  kInvalidArgument when that cannot be read, or is neither.
  absl::StatusOr<std::string> AuthoritySpki() const;
  absl::StatusOr<std::string> IssuerSpki() const;
  // Whether it is worth holding: there are handovers, or it trusts two, and only what is signed for
  // this question says whether it still has to.
  bool IsNews(const v1::GetAuthorityResponse& told) const;
  // What it is to trust after what it was told in answer to `asked`, PEM; all that leads there was
  // held against the authority and the log key it had.  kInvalidArgument or kFailedPrecondition,
  // with the reason, when it does not hold.
  absl::StatusOr<std::string> Following(const std::string& organisation_id,
                                        const v1::GetAuthorityRequest& asked,
                                        const v1::GetAuthorityResponse& told) const;
  // `pem`, which holds by itself, as far as it leads on from what it trusts: nothing older than the
  // newest of that is trusted anew.  kFailedPrecondition when all of it is older.
  absl::StatusOr<std::string> NotBefore(const std::string& pem) const;
  // Whether servers may refuse its certificate: it has ended by this clock, or is not by the newest
  // authority trusted.  Either may be PEM that cannot be read: it may.
  static bool MayBeRefused(const std::string& certificate_pem, const std::string& authority_pem,
                           int64_t now_ms);
  static absl::Status SaveAuthorities(const std::string& dir, const std::string& pem);

  // Another key is wanted: makes it, durably, unless one lies there that is to follow.  What lies
  // there and cannot be read is not replaced: it may be the only copy of a key the server has.  One
  // thread at a time; the notebook's store is open, so that there is no other process.
  absl::Status BeginRoll(const std::string& dir) const;
  // Fails when a key lies there that cannot be read.
  absl::StatusOr<bool> RollIsPending(const std::string& dir) const;
  // Signs `roll` (device, sequence, head and time are filled in) with this key and the one that is
  // to follow, and makes it durable: all rolls of the device.  kFailedPrecondition when none is to.
  absl::StatusOr<v1::RollKeyRequest> SignRoll(const std::string& dir,
                                              const std::string& organisation_id,
                                              v1::KeyRoll roll) const;
  // The server's answer, DER: makes it durable, puts the new key in the place of this one, and
  // opens that.  kInvalidArgument when it is not for that key, or not the authority's.
  absl::StatusOr<std::shared_ptr<const Vault>> Rolled(const std::string& dir,
                                                      absl::string_view certificate_der) const;
  const std::vector<v1::KeyRoll>& rolls() const { return rolls_; }

  // The device's id, as it follows from its first key.
  const sync::DeviceId& device() const { return device_; }
  // 64 bytes over SealText(push).  kInternal when the push cannot be sealed.
  absl::StatusOr<std::string> Sign(const seal::PushSeal& push) const;

  // For TLS.  The key's text is secret.
  absl::StatusOr<std::string> KeyPem() const { return key_.Pem(); }
  const std::string& certificate_pem() const { return certificate_pem_; }
  // Until when the certificate is good, milliseconds since 1970; 0 when it cannot be read.
  int64_t certificate_ends_ms() const { return certificate_ends_ms_; }
  const std::string& authority_pem() const { return authority_pem_; }

 private:
  const seal::SigningKey key_;
  const std::vector<v1::KeyRoll> rolls_;
  const sync::DeviceId device_;
  const std::string certificate_pem_;
  const std::string authority_pem_;
  const int64_t certificate_ends_ms_;
  // The certificate is by another authority than the newest.
  const bool by_earlier_;
};

}  // namespace sotay::sdk
