// The organisation's own certificate authority: certifies the server, each enrolled device, and
// the bootstrap key inside an invitation.  A room of its own beside the corridor: the control
// program asks it for servers and invitations, the enrolment service for devices.  Holds the
// authority's key in memory and two files in a directory, ca.key (mode 0600) and ca.crt.
//
// Certificates open connections and nothing else: who a device is and what it may do is looked
// up by its public key, so that a certificate never has to be taken back.
//
// Thread-safe after construction: every call from any thread at once.  `now` is the server's
// clock; certificates begin long before it, so that a phone whose clock is slow by years accepts
// them, and none outlives the authority.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "sync/ids.h"
#include "sync/seal/key.h"

namespace sotay::server {

constexpr size_t kCertificateRequestBytesMax = 4'096;
constexpr size_t kServerNamesMax = 64;
// Organisation names in certificates, letters (X.520).
constexpr size_t kOrganisationLettersMax = 64;
constexpr char kBootstrapName[] = "sotay-bootstrap";

class Authority {
 public:
  // A device's certificate.
  struct DeviceCertificate {
    std::string cert_der;
    // The certified key, SubjectPublicKeyInfo in DER, and the id that follows from it.
    std::string spki;
    sync::DeviceId device;
  };

  // A key made here for an invitation, with its certificate.
  struct Bootstrap {
    std::string cert_der;
    std::string key_der;  // PKCS#8; for the invitation only, not to be kept
    std::string spki;
  };

  // Makes an authority for 20 years in `dir`, which is made (mode 0700) if it is not there.
  // An attempt that was cut short is finished with the key it left.  Fails with kAlreadyExists
  // when there is an authority, with kInvalidArgument for a name that is empty, over 64 letters
  // or not UTF-8, and as the file system does.
  static absl::StatusOr<Authority> Create(const std::string& dir,
                                          absl::string_view organisation_name,
                                          absl::Time now = absl::Now());

  // One of the same organisation that is to follow this one, in `dir` as Create; or the whole of
  // what lies there.
  absl::StatusOr<Authority> Successor(const std::string& dir, absl::Time now) const;

  // Puts key and certificate into `dir`, in place of what is there.  Fails as the file system does.
  absl::Status Save(const std::string& dir) const;

  // Opens the one in `dir`.  Fails with kNotFound when there is none, with kFailedPrecondition
  // when strangers may read its key, with kInvalidArgument when a file is damaged or the
  // certificate is of another key or no authority's.
  static absl::StatusOr<Authority> Open(const std::string& dir);

  // A certificate (PEM) for 825 days, for a server with `key` that is reached under `names`: DNS
  // names in ASCII and IP addresses, 1 to 64.  Fails with kInvalidArgument, quoting the name
  // that is neither.
  absl::StatusOr<std::string> IssueServer(const std::vector<std::string>& names,
                                          const seal::SigningKey& key,
                                          absl::Time now = absl::Now()) const;

  // A certificate for 400 days for the key of a PKCS#10 request, under the device id as name.
  // Names and wishes in the request are ignored.  Fails with kInvalidArgument when the request
  // is over 4,096 bytes, malformed, for another key than P-256, or not signed by it with SHA-2.
  absl::StatusOr<DeviceCertificate> IssueDevice(absl::string_view csr_der,
                                                absl::Time now = absl::Now()) const;

  // The same again for a key that is a device's already: SubjectPublicKeyInfo in DER, as it was
  // certified.  `device`: whose, where it is not the key's own.  Fails with kInvalidArgument when
  // it is none.
  absl::StatusOr<DeviceCertificate> RenewDevice(
      absl::string_view spki, absl::Time now = absl::Now(),
      absl::optional<sync::DeviceId> device = absl::nullopt) const;

  // A key and its certificate for an invitation that holds for `valid_for` (more than nothing,
  // at most 7 days).  The certificate lives a day longer, so that whoever comes late is
  // answered that the code has expired, instead of failing to connect.
  absl::StatusOr<Bootstrap> IssueBootstrap(absl::Duration valid_for,
                                           absl::Time now = absl::Now()) const;

  // 64 bytes over a text that is no certificate (sync/seal/authority.h).
  absl::StatusOr<std::string> Sign(absl::string_view text) const { return key_.Sign(text); }
  // SubjectPublicKeyInfo, DER.
  const std::string& spki() const { return key_.PublicKey(); }

  // The authority's own certificate: what phones and server trust.
  const std::string& certificate_pem() const { return certificate_pem_; }
  const std::string& certificate_der() const { return certificate_der_; }
  // Every Issue call fails with kFailedPrecondition from then on.
  absl::Time not_after() const { return not_after_; }

 private:
  absl::StatusOr<DeviceCertificate> Certify(const seal::VerifyingKey& key,
                                            const sync::DeviceId& device, absl::Time now) const;

  Authority(seal::SigningKey key, std::string certificate_der, std::string certificate_pem,
            absl::Time not_after);

  // Set once at construction.
  seal::SigningKey key_;
  std::string certificate_der_;
  std::string certificate_pem_;
  absl::Time not_after_;
};

}  // namespace sotay::server
