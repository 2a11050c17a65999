#include "sync/seal/certificate.h"

#include <openssl/pem.h>

#include <algorithm>
#include <ctime>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "sync/limits.h"
#include "sync/seal/openssl.h"
#include "sync/status_macros.h"

namespace sotay::seal {
namespace {

constexpr size_t kCertificateBytesMax = 64 * 1024;

absl::Status CheckSize(absl::string_view bytes) {
  if (bytes.size() <= kCertificateBytesMax) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("certificate of ", bytes.size(), " bytes, limit ",
                                                 kCertificateBytesMax,
                                                 "; give a single certificate"));
}

absl::StatusOr<X509Ptr> ParseDer(absl::string_view der) {
  SOTAY_RETURN_IF_ERROR(CheckSize(der));
  X509Ptr certificate = FromDer<X509Ptr>(d2i_X509, der);
  if (certificate == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat(der.size(), " bytes are not an X.509 certificate in DER"));
  }
  return certificate;
}

// The DER in the first CERTIFICATE block.
absl::StatusOr<std::string> DerOfPem(absl::string_view pem) {
  SOTAY_RETURN_IF_ERROR(CheckSize(pem));
  const BioPtr reader = ReaderOf(pem);
  unsigned char* data = nullptr;
  long size = 0;
  if (reader == nullptr || PEM_bytes_read_bio(&data, &size, nullptr, PEM_STRING_X509, reader.get(),
                                              NoPassPhrase, nullptr) != 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        pem.size(), " bytes are not a certificate in PEM (a block BEGIN CERTIFICATE)"));
  }
  std::string der(reinterpret_cast<const char*>(data), static_cast<size_t>(size));
  OPENSSL_free(data);
  return der;
}

// Takes the next DER element off the front of `rest`: its content goes to `content`, the whole
// of it to `whole`.  False when it is not of the universal type `tag` or does not fit.
bool Take(int tag, absl::string_view* rest, absl::string_view* content, absl::string_view* whole) {
  const unsigned char* at = Bytes(*rest);
  long size = 0;
  int found_tag = 0;
  int found_class = 0;
  const int form =
      ASN1_get_object(&at, &size, &found_tag, &found_class, static_cast<long>(rest->size()));
  constexpr int kFailed = 0x80;
  constexpr int kEndless = 0x01;
  if ((form & (kFailed | kEndless)) != 0 || found_tag != tag || found_class != V_ASN1_UNIVERSAL) {
    return false;
  }
  const size_t head = static_cast<size_t>(at - Bytes(*rest));
  *content = rest->substr(head, static_cast<size_t>(size));
  *whole = rest->substr(0, head + static_cast<size_t>(size));
  rest->remove_prefix(whole->size());
  return true;
}

// The public key of a certificate, found by walking to it (RFC 5280, 4.1).  This is asked on
// every call of every peer, and OpenSSL's parser takes 200 µs to understand the key as well.
absl::StatusOr<std::string> SpkiOfDer(absl::string_view der) {
  constexpr char kVersionTag = static_cast<char>(0xa0);
  SOTAY_RETURN_IF_ERROR(CheckSize(der));
  absl::string_view rest = der;
  absl::string_view certificate, body, skipped, whole;
  bool good = Take(V_ASN1_SEQUENCE, &rest, &certificate, &whole) && rest.empty() &&
              Take(V_ASN1_SEQUENCE, &certificate, &body, &whole);
  if (good && !body.empty() && body[0] == kVersionTag) {
    // [0] EXPLICIT INTEGER: two bytes of head before the number.
    body.remove_prefix(std::min<size_t>(body.size(), 2));
    good = Take(V_ASN1_INTEGER, &body, &skipped, &whole);
  }
  good = good && Take(V_ASN1_INTEGER, &body, &skipped, &whole);  // serial number
  for (int i = 0; i < 4; ++i) {  // signature algorithm, issuer, validity, subject
    good = good && Take(V_ASN1_SEQUENCE, &body, &skipped, &whole);
  }
  if (!good || !Take(V_ASN1_SEQUENCE, &body, &skipped, &whole)) {
    return absl::InvalidArgumentError(
        absl::StrCat(der.size(), " bytes are not an X.509 certificate in DER"));
  }
  return std::string(whole);
}

absl::StatusOr<int64_t> MillisecondsOf(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) {
    return absl::InvalidArgumentError("certificate's validity is malformed");
  }
  return int64_t{timegm(&parts)} * 1000;
}

std::string CommonNameOf(const X509* certificate) {
  const X509_NAME* const subject = X509_get_subject_name(certificate);
  const int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (index < 0) return std::string();
  unsigned char* utf8 = nullptr;
  const int size =
      ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
  if (size < 0) return std::string();
  std::string name(reinterpret_cast<const char*>(utf8), static_cast<size_t>(size));
  OPENSSL_free(utf8);

  if (name.size() > sync::kNameBytesMax) {
    // Back to the beginning of a letter, so that none is cut in half.
    size_t end = sync::kNameBytesMax;
    while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xc0) == 0x80) --end;
    name.resize(end);
  }
  const auto is_control = [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; };
  std::replace_if(name.begin(), name.end(), is_control, '?');
  return name;
}

}  // namespace

absl::StatusOr<Certificate> ReadCertificate(absl::string_view der) {
  const ErrorScope errors;
  SOTAY_ASSIGN_OR_RETURN(const X509Ptr parsed, ParseDer(der));
  Certificate certificate;
  SOTAY_ASSIGN_OR_RETURN(certificate.spki, SpkiOfDer(der));
  SOTAY_ASSIGN_OR_RETURN(certificate.not_before_ms,
                         MillisecondsOf(X509_get0_notBefore(parsed.get())));
  SOTAY_ASSIGN_OR_RETURN(certificate.not_after_ms,
                         MillisecondsOf(X509_get0_notAfter(parsed.get())));
  certificate.common_name = CommonNameOf(parsed.get());
  return certificate;
}

absl::StatusOr<bool> IsIssuedBy(absl::string_view der, absl::string_view authority_der) {
  const ErrorScope errors;
  SOTAY_ASSIGN_OR_RETURN(const X509Ptr certificate, ParseDer(der));
  SOTAY_ASSIGN_OR_RETURN(const X509Ptr authority, ParseDer(authority_der));
  EVP_PKEY* const key = X509_get0_pubkey(authority.get());
  return key != nullptr && X509_check_issued(authority.get(), certificate.get()) == X509_V_OK &&
         X509_verify(certificate.get(), key) == 1;
}

absl::StatusOr<bool> IsAuthority(absl::string_view der) {
  const ErrorScope errors;
  SOTAY_ASSIGN_OR_RETURN(const X509Ptr certificate, ParseDer(der));
  SOTAY_ASSIGN_OR_RETURN(const bool own, IsIssuedBy(der, der));
  return own && X509_check_ca(certificate.get()) == 1;
}

absl::StatusOr<std::string> SpkiOfCertificatePem(absl::string_view pem) {
  const ErrorScope errors;
  SOTAY_ASSIGN_OR_RETURN(const std::string der, DerOfPem(pem));
  return SpkiOfDer(der);
}

absl::StatusOr<std::string> SpkiOfCertificateDer(absl::string_view der) {
  const ErrorScope errors;
  return SpkiOfDer(der);
}

absl::StatusOr<std::string> CertificateDerOfPem(absl::string_view pem) {
  const ErrorScope errors;
  SOTAY_ASSIGN_OR_RETURN(std::string der, DerOfPem(pem));
  SOTAY_RETURN_IF_ERROR(ParseDer(der).status());
  return der;
}

absl::StatusOr<std::string> CertificatePemOfDer(absl::string_view der) {
  const ErrorScope errors;
  SOTAY_ASSIGN_OR_RETURN(const X509Ptr certificate, ParseDer(der));
  const BioPtr writer(BIO_new(BIO_s_mem()));
  if (writer == nullptr || PEM_write_bio_X509(writer.get(), certificate.get()) != 1) {
    return OpensslFailed("writing a certificate");
  }
  return WrittenTo(writer.get());
}

absl::StatusOr<std::vector<std::string>> CertificatesOfPem(absl::string_view pem) {
  constexpr absl::string_view kBegin = "-----BEGIN CERTIFICATE-----";
  std::vector<std::string> all;
  for (size_t at = 0; at != absl::string_view::npos;) {
    const size_t next = pem.find(kBegin, all.empty() ? at : at + kBegin.size());
    if (next == absl::string_view::npos && !all.empty()) break;
    SOTAY_ASSIGN_OR_RETURN(
        std::string der,
        CertificateDerOfPem(next == absl::string_view::npos ? pem : pem.substr(next)));
    all.push_back(std::move(der));
    at = next;
  }
  return all;
}

}  // namespace sotay::seal
