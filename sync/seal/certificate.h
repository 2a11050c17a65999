// Reading of X.509 certificates, as far as sotay cares: whose key, until when.  Identity is the
// key; names in a certificate are for display and decide nothing.  TLS has verified the chain
// before anything here is asked.  Pure; any thread.  Everything fails with kInvalidArgument when
// the certificate is malformed, over 64 KiB, or followed by other bytes (DER).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sotay::seal {

// How long a device's certificate is good, and after how long the device asks for the next. Shorter
// would lock out a phone that was away for a year: the handshake fails before anybody can be kind.
constexpr int64_t kDeviceCertificateDays = 400;
constexpr int64_t kDeviceCertificateRenewedDays = 60;

struct Certificate {
  // SubjectPublicKeyInfo in DER, of whatever algorithm.
  std::string spki;
  // The subject's first common name, fit to show: UTF-8, at most 255 bytes, control characters
  // replaced by '?'.  Empty when there is none.
  std::string common_name;
  // Valid from and until, milliseconds since 1970.
  int64_t not_before_ms = 0;
  int64_t not_after_ms = 0;
};

absl::StatusOr<Certificate> ReadCertificate(absl::string_view der);

// Whether `authority_der` names the issuer of `der` and its key signed it.  Looks at no day and no
// purpose.
absl::StatusOr<bool> IsIssuedBy(absl::string_view der, absl::string_view authority_der);

// Whether it is an authority's, signed by its own key.
absl::StatusOr<bool> IsAuthority(absl::string_view der);

// The public key of a certificate, DER: what a peer is looked up by, on every call; some
// microseconds.  Reads no further than the key, as TLS has understood the rest.  Of the first
// certificate, when the PEM holds several.
absl::StatusOr<std::string> SpkiOfCertificatePem(absl::string_view pem);
absl::StatusOr<std::string> SpkiOfCertificateDer(absl::string_view der);

// From one encoding to the other; the first certificate, when the PEM holds several.
absl::StatusOr<std::string> CertificateDerOfPem(absl::string_view pem);
absl::StatusOr<std::string> CertificatePemOfDer(absl::string_view der);
// All the PEM holds, DER, in order; at least one.
absl::StatusOr<std::vector<std::string>> CertificatesOfPem(absl::string_view pem);

}  // namespace sotay::seal
