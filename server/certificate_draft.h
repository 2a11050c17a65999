// An X.509 certificate being written, for authority.cc alone: each call adds a part.  Parts
// fail only for want of memory or when a text does not fit its field; the first failure is
// remembered and reported by Sign.  One thread at a time.
#pragma once

#include <initializer_list>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "sync/seal/openssl.h"

namespace sotay::server {

class CertificateDraft {
 public:
  // For `subject_key`, with a serial number of 128 random bits.
  explicit CertificateDraft(EVP_PKEY* subject_key);

  void Valid(absl::Time from, absl::Time until);
  // One entry of the subject's name; UTF-8, no longer than its kind allows.
  void Subject(int nid, absl::string_view text);
  void Issuer(const X509_NAME* name);

  // May sign certificates of endpoints, not of further authorities; or may only show its key.
  void ForAuthority();
  void ForEndpoint();
  // One purpose of an endpoint: NID_server_auth or NID_client_auth.
  void Purpose(int nid);
  // What the server is reached under.
  void Names(GENERAL_NAMES* names);
  // Which key this is, and which key signs.
  void SubjectKeyId(absl::string_view id);
  void IssuerKeyId(absl::string_view id);

  // The subject's name so far.
  const X509_NAME* subject() const { return X509_get_subject_name(certificate_.get()); }

  // The finished certificate in DER.  kInternal when a part before, or the signing, failed.
  absl::StatusOr<std::string> Sign(EVP_PKEY* issuer_key);

 private:
  void Note(bool good) { good_ = good_ && good; }
  void Usage(std::initializer_list<int> bits);
  void Extend(int nid, void* value, bool critical);

  seal::X509Ptr certificate_;
  bool good_ = true;
};

}  // namespace sotay::server
