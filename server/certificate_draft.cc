#include "server/certificate_draft.h"

#include <array>
#include <memory>

#include "sync/seal/random.h"

namespace sotay::server {
namespace {

using seal::Bytes;
using seal::Freer;

using BasicConstraintsPtr = std::unique_ptr<BASIC_CONSTRAINTS, Freer<BASIC_CONSTRAINTS_free>>;
using BitsPtr = std::unique_ptr<ASN1_BIT_STRING, Freer<ASN1_BIT_STRING_free>>;
using OctetsPtr = std::unique_ptr<ASN1_OCTET_STRING, Freer<ASN1_OCTET_STRING_free>>;
using KeyIdPtr = std::unique_ptr<AUTHORITY_KEYID, Freer<AUTHORITY_KEYID_free>>;
using PurposePtr = std::unique_ptr<EXTENDED_KEY_USAGE, Freer<EXTENDED_KEY_USAGE_free>>;

constexpr int kSerialBytes = 16;
// Bits of keyUsage (RFC 5280, 4.2.1.3).
constexpr int kDigitalSignature = 0;
constexpr int kCertificateSigning = 5;
constexpr int kRevocationListSigning = 6;

OctetsPtr Octets(absl::string_view bytes) {
  OctetsPtr octets(ASN1_OCTET_STRING_new());
  if (octets != nullptr &&
      ASN1_OCTET_STRING_set(octets.get(), Bytes(bytes), static_cast<int>(bytes.size())) != 1) {
    octets.reset();
  }
  return octets;
}

}  // namespace

CertificateDraft::CertificateDraft(EVP_PKEY* subject_key) : certificate_(X509_new()) {
  if (certificate_ == nullptr) seal::Fatal("out of memory for a certificate");
  std::array<unsigned char, kSerialBytes> serial;
  seal::RandomBytes(serial.data(), serial.size());
  const seal::BnPtr number(BN_bin2bn(serial.data(), kSerialBytes, nullptr));
  Note(number != nullptr && X509_set_version(certificate_.get(), X509_VERSION_3) == 1 &&
       BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate_.get())) != nullptr &&
       X509_set_pubkey(certificate_.get(), subject_key) == 1);
}

void CertificateDraft::Valid(absl::Time from, absl::Time until) {
  X509* const to = certificate_.get();
  Note(ASN1_TIME_set(X509_getm_notBefore(to), absl::ToTimeT(from)) != nullptr &&
       ASN1_TIME_set(X509_getm_notAfter(to), absl::ToTimeT(until)) != nullptr);
}

void CertificateDraft::Subject(int nid, absl::string_view text) {
  Note(X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate_.get()), nid, MBSTRING_UTF8,
                                  Bytes(text), static_cast<int>(text.size()), -1, 0) == 1);
}

void CertificateDraft::Issuer(const X509_NAME* name) {
  Note(X509_set_issuer_name(certificate_.get(), name) == 1);
}

void CertificateDraft::ForAuthority() {
  const BasicConstraintsPtr constraints(BASIC_CONSTRAINTS_new());
  if (constraints != nullptr) {
    constraints->ca = 0xff;
    constraints->pathlen = ASN1_INTEGER_new();
    Note(constraints->pathlen != nullptr && ASN1_INTEGER_set(constraints->pathlen, 0) == 1);
  }
  Extend(NID_basic_constraints, constraints.get(), true);
  Usage({kCertificateSigning, kRevocationListSigning});
}

void CertificateDraft::ForEndpoint() {
  const BasicConstraintsPtr constraints(BASIC_CONSTRAINTS_new());
  Extend(NID_basic_constraints, constraints.get(), true);
  Usage({kDigitalSignature});
}

void CertificateDraft::Purpose(int nid) {
  const PurposePtr purpose(sk_ASN1_OBJECT_new_null());
  Note(purpose != nullptr && sk_ASN1_OBJECT_push(purpose.get(), OBJ_nid2obj(nid)) > 0);
  Extend(NID_ext_key_usage, purpose.get(), false);
}

void CertificateDraft::Names(GENERAL_NAMES* names) { Extend(NID_subject_alt_name, names, false); }

void CertificateDraft::SubjectKeyId(absl::string_view id) {
  const OctetsPtr octets = Octets(id);
  Extend(NID_subject_key_identifier, octets.get(), false);
}

void CertificateDraft::IssuerKeyId(absl::string_view id) {
  const KeyIdPtr holder(AUTHORITY_KEYID_new());
  if (holder != nullptr) {
    holder->keyid = Octets(id).release();
    Note(holder->keyid != nullptr);
  }
  Extend(NID_authority_key_identifier, holder.get(), false);
}

absl::StatusOr<std::string> CertificateDraft::Sign(EVP_PKEY* issuer_key) {
  const seal::ErrorScope errors;
  if (!good_ || X509_sign(certificate_.get(), issuer_key, EVP_sha256()) <= 0) {
    return seal::OpensslFailed("making a certificate");
  }
  std::string der = seal::DerOf<X509>(i2d_X509, certificate_.get());
  if (der.empty()) return seal::OpensslFailed("writing a certificate");
  return der;
}

void CertificateDraft::Usage(std::initializer_list<int> bits) {
  const BitsPtr usage(ASN1_BIT_STRING_new());
  for (int bit : bits) {
    Note(usage != nullptr && ASN1_BIT_STRING_set_bit(usage.get(), bit, 1) == 1);
  }
  Extend(NID_key_usage, usage.get(), true);
}

void CertificateDraft::Extend(int nid, void* value, bool critical) {
  Note(value != nullptr && X509_add1_ext_i2d(certificate_.get(), nid, value, critical ? 1 : 0,
                                             X509V3_ADD_DEFAULT) == 1);
}

}  // namespace sotay::server
