#include "server/authority.h"

#include <arpa/inet.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/certificate_draft.h"
#include "sync/seal/certificate.h"
#include "sync/seal/digest.h"
#include "sync/seal/openssl.h"
#include "sync/seal/whole_file.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

using seal::Bytes;
using seal::ErrorScope;
using seal::Freer;
using seal::OpensslFailed;
using seal::X509Ptr;

using NamesPtr = std::unique_ptr<GENERAL_NAMES, Freer<GENERAL_NAMES_free>>;
using NamePtr = std::unique_ptr<GENERAL_NAME, Freer<GENERAL_NAME_free>>;

constexpr absl::Duration kAuthorityLife = absl::Hours(24 * (20 * 365 + 5));  // five leap days
constexpr absl::Duration kServerLife = absl::Hours(24 * 825);
constexpr absl::Duration kDeviceLife = absl::Hours(24 * seal::kDeviceCertificateDays);
constexpr absl::Duration kInvitationLifeMax = absl::Hours(24 * 7);
// How late whoever was invited may come.
constexpr absl::Duration kLeeway = absl::Hours(24);
// Nothing is refused for its clock, so certificates hold from before there was any of them: a phone
// whose battery ran out believes it is the year it was made.  2000-01-01.
constexpr absl::Time kValidFrom = absl::FromUnixSeconds(946'684'800);

constexpr size_t kCertificateFileBytesMax = 64 * 1024;
std::string KeyPath(const std::string& dir) { return absl::StrCat(dir, "/ca.key"); }
std::string CertificatePath(const std::string& dir) { return absl::StrCat(dir, "/ca.crt"); }

// RFC 7093, method 1: the left 160 bits of a SHA-256, in place of the older SHA-1.
std::string KeyIdOf(absl::string_view spki) {
  const std::array<uint8_t, 32> hash = seal::Sha256(spki);
  return std::string(hash.begin(), hash.begin() + 20);
}

// A draft for an endpoint, signed by the authority once the caller has said for what.
absl::StatusOr<CertificateDraft> DraftFor(EVP_PKEY* subject_key, absl::string_view common_name,
                                          const std::string& authority_der,
                                          const seal::SigningKey& authority_key) {
  // Parsed anew: X509 keeps caches that are written on reading, and this is called by many.
  const X509Ptr authority = seal::FromDer<X509Ptr>(d2i_X509, authority_der);
  if (authority == nullptr) return OpensslFailed("reading the authority's certificate");
  CertificateDraft draft(subject_key);
  if (!common_name.empty()) draft.Subject(NID_commonName, common_name);
  draft.Issuer(X509_get_subject_name(authority.get()));
  draft.ForEndpoint();
  draft.IssuerKeyId(KeyIdOf(authority_key.PublicKey()));
  return draft;
}

bool IsDnsName(absl::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  const std::vector<absl::string_view> labels = absl::StrSplit(name, '.');
  for (absl::string_view label : labels) {
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') {
      return false;
    }
    if (!std::all_of(label.begin(), label.end(), [](char c) {
          return c == '-' || absl::ascii_isalnum(static_cast<unsigned char>(c));
        })) {
      return false;
    }
  }
  // "10.1.2" is a mistyped address, not a name: no top-level domain is a number.
  return !std::all_of(labels.back().begin(), labels.back().end(), absl::ascii_isdigit);
}

// The bytes of an IP address, 4 or 16; empty for anything else.
std::string AddressBytes(const std::string& text) {
  std::string bytes(16, '\0');
  if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return bytes;
  bytes.resize(4);
  if (::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return bytes;
  return std::string();
}

absl::StatusOr<NamesPtr> AlternativeNames(const std::vector<std::string>& names) {
  if (names.empty() || names.size() > kServerNamesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat(names.size(), " server names, allowed are 1 to ", kServerNamesMax));
  }
  NamesPtr list(sk_GENERAL_NAME_new_null());
  for (const std::string& name : names) {
    const std::string address = AddressBytes(name);
    if (address.empty() && !IsDnsName(name)) {
      return absl::InvalidArgumentError(
          absl::StrCat("server name \"", absl::CHexEscape(absl::string_view(name).substr(0, 64)),
                       "\" is neither a DNS name nor an IP address; correct it"));
    }
    const std::string& bytes = address.empty() ? name : address;
    NamePtr entry(GENERAL_NAME_new());
    ASN1_STRING* text =
        address.empty() ? ASN1_IA5STRING_new() : ASN1_OCTET_STRING_new();  // entry's from here on
    if (entry != nullptr)
      GENERAL_NAME_set0_value(entry.get(), address.empty() ? GEN_DNS : GEN_IPADD, text);
    if (list == nullptr || entry == nullptr || text == nullptr ||
        ASN1_STRING_set(text, bytes.data(), static_cast<int>(bytes.size())) != 1 ||
        sk_GENERAL_NAME_push(list.get(), entry.get()) <= 0) {
      return OpensslFailed("listing server names");
    }
    entry.release();
  }
  return list;
}

// For `life` from now, but never past the authority's own end.
absl::Status SetValidity(absl::Time now, absl::Duration life, absl::Time authority_not_after,
                         CertificateDraft* draft) {
  if (now >= authority_not_after) {
    return absl::FailedPreconditionError(
        absl::StrCat("the authority expired on ",
                     absl::FormatTime("%Y-%m-%d", authority_not_after, absl::UTCTimeZone()),
                     "; replace it with sotayd keys roll-authority and finish-authority --anyway, "
                     "and let devices in again by invitations (enroll INVITATION --again)"));
  }
  draft->Valid(kValidFrom, std::min(now + life, authority_not_after));
  return absl::OkStatus();
}

// Whether the request is signed with a hash worth trusting.
bool SignedWithSha2(const X509_REQ* request) {
  const int signature = X509_REQ_get_signature_nid(request);
  return signature == NID_ecdsa_with_SHA256 || signature == NID_ecdsa_with_SHA384 ||
         signature == NID_ecdsa_with_SHA512;
}

absl::StatusOr<std::string> MakeAuthorityCertificate(const seal::SigningKey& key,
                                                     absl::string_view organisation_name,
                                                     absl::Time now) {
  const std::string key_id = KeyIdOf(key.PublicKey());
  CertificateDraft draft(key.pkey());
  draft.Valid(kValidFrom, now + kAuthorityLife);
  draft.Subject(NID_organizationName, organisation_name);
  // A spare or a successor has another name, so that chains are never built on the wrong one.
  draft.Subject(NID_commonName,
                absl::StrCat("sotay authority ", absl::BytesToHexString(key_id.substr(0, 4))));
  draft.Issuer(draft.subject());
  draft.ForAuthority();
  draft.SubjectKeyId(key_id);
  return draft.Sign(key.pkey());
}

// The key an earlier attempt left, or a new one.
absl::StatusOr<seal::SigningKey> KeyFor(const std::string& dir) {
  absl::StatusOr<seal::SigningKey> key = seal::SigningKey::Load(KeyPath(dir));
  if (key.ok() || !absl::IsNotFound(key.status())) return key;
  SOTAY_ASSIGN_OR_RETURN(seal::SigningKey made, seal::SigningKey::Generate());
  SOTAY_RETURN_IF_ERROR(made.Save(KeyPath(dir)));
  return made;
}

}  // namespace

Authority::Authority(seal::SigningKey key, std::string certificate_der, std::string certificate_pem,
                     absl::Time not_after)
    : key_(std::move(key)),
      certificate_der_(std::move(certificate_der)),
      certificate_pem_(std::move(certificate_pem)),
      not_after_(not_after) {}

absl::StatusOr<Authority> Authority::Create(const std::string& dir,
                                            absl::string_view organisation_name, absl::Time now) {
  const ErrorScope errors;
  if (organisation_name.empty()) {
    return absl::InvalidArgumentError("the organisation has no name; give one");
  }
  if (::mkdir(dir.c_str(), 0700) != 0 && errno != EEXIST) {
    return absl::ErrnoToStatus(errno, absl::StrCat("making the directory ", dir));
  }
  struct stat about {};
  if (::stat(CertificatePath(dir).c_str(), &about) == 0) {
    return absl::AlreadyExistsError(
        absl::StrCat("there is an authority in ", dir, " already; every device trusts it"));
  }
  SOTAY_ASSIGN_OR_RETURN(const seal::SigningKey key, KeyFor(dir));
  const absl::StatusOr<std::string> der = MakeAuthorityCertificate(key, organisation_name, now);
  if (!der.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("organisation name of ", organisation_name.size(), " bytes: at most ",
                     kOrganisationLettersMax, " letters of UTF-8 fit; give a shorter one"));
  }
  SOTAY_ASSIGN_OR_RETURN(const std::string pem, seal::CertificatePemOfDer(*der));
  SOTAY_RETURN_IF_ERROR(seal::WriteWholeFile(CertificatePath(dir), pem, 0644));
  return Open(dir);
}

absl::StatusOr<Authority> Authority::Successor(const std::string& dir, absl::Time now) const {
  const ErrorScope errors;
  const X509Ptr own = seal::FromDer<X509Ptr>(d2i_X509, certificate_der_);
  if (own == nullptr) return OpensslFailed("reading the authority's certificate");
  const X509_NAME* const subject = X509_get_subject_name(own.get());
  const int at = X509_NAME_get_index_by_NID(subject, NID_organizationName, -1);
  unsigned char* utf8 = nullptr;
  const int size = at < 0 ? -1
                          : ASN1_STRING_to_UTF8(
                                &utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  if (size < 0) return OpensslFailed("reading the organisation's name");
  const std::string organisation(reinterpret_cast<const char*>(utf8), static_cast<size_t>(size));
  OPENSSL_free(utf8);
  absl::StatusOr<Authority> made = Create(dir, organisation, now);
  return absl::IsAlreadyExists(made.status()) ? Open(dir) : std::move(made);
}

absl::Status Authority::Save(const std::string& dir) const {
  SOTAY_RETURN_IF_ERROR(key_.Save(KeyPath(dir)));
  return seal::WriteWholeFile(CertificatePath(dir), certificate_pem_, 0644);
}

absl::StatusOr<Authority> Authority::Open(const std::string& dir) {
  const ErrorScope errors;
  absl::StatusOr<std::string> pem =
      seal::ReadWholeFile(CertificatePath(dir), kCertificateFileBytesMax);
  if (absl::IsNotFound(pem.status())) {
    return absl::NotFoundError(
        absl::StrCat("there is no authority in ", dir, "; create one, or restore ca.crt"));
  }
  SOTAY_RETURN_IF_ERROR(pem.status());
  SOTAY_ASSIGN_OR_RETURN(std::string der, seal::CertificateDerOfPem(*pem));
  SOTAY_ASSIGN_OR_RETURN(const seal::Certificate certificate, seal::ReadCertificate(der));
  SOTAY_ASSIGN_OR_RETURN(seal::SigningKey key, seal::SigningKey::Load(KeyPath(dir)));
  if (certificate.spki != key.PublicKey()) {
    return absl::InvalidArgumentError(
        absl::StrCat("ca.crt in ", dir, " is of another key than ca.key; restore the pair"));
  }
  const X509Ptr parsed = seal::FromDer<X509Ptr>(d2i_X509, der);
  if (parsed == nullptr || X509_check_ca(parsed.get()) != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("ca.crt in ", dir, " is no authority's certificate; restore it"));
  }
  SOTAY_ASSIGN_OR_RETURN(std::string clean_pem, seal::CertificatePemOfDer(der));
  return Authority(std::move(key), std::move(der), std::move(clean_pem),
                   absl::FromUnixMillis(certificate.not_after_ms));
}

absl::StatusOr<std::string> Authority::IssueServer(const std::vector<std::string>& names,
                                                   const seal::SigningKey& key,
                                                   absl::Time now) const {
  const ErrorScope errors;
  SOTAY_ASSIGN_OR_RETURN(const NamesPtr list, AlternativeNames(names));
  // For people; clients look at the list alone.
  const std::string common_name =
      names.front().size() <= seal::kCommonNameLettersMax ? names.front() : "sotay server";
  SOTAY_ASSIGN_OR_RETURN(CertificateDraft draft,
                         DraftFor(key.pkey(), common_name, certificate_der_, key_));
  SOTAY_RETURN_IF_ERROR(SetValidity(now, kServerLife, not_after_, &draft));
  draft.Purpose(NID_server_auth);
  draft.Names(list.get());
  SOTAY_ASSIGN_OR_RETURN(const std::string der, draft.Sign(key_.pkey()));
  return seal::CertificatePemOfDer(der);
}

absl::StatusOr<Authority::DeviceCertificate> Authority::IssueDevice(absl::string_view csr_der,
                                                                    absl::Time now) const {
  const ErrorScope errors;
  if (csr_der.size() > kCertificateRequestBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("certificate request of ", csr_der.size(),
                                                   " bytes, limit ", kCertificateRequestBytesMax));
  }
  const seal::X509ReqPtr request = seal::FromDer<seal::X509ReqPtr>(d2i_X509_REQ, csr_der);
  X509_PUBKEY* const public_key =
      request == nullptr ? nullptr : X509_REQ_get_X509_PUBKEY(request.get());
  if (public_key == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("certificate request of ", csr_der.size(), " bytes is not PKCS#10 in DER"));
  }
  SOTAY_ASSIGN_OR_RETURN(
      const seal::VerifyingKey key,
      seal::VerifyingKey::From(seal::DerOf<X509_PUBKEY>(i2d_X509_PUBKEY, public_key)));
  if (!SignedWithSha2(request.get()) || X509_REQ_verify(request.get(), key.pkey()) != 1) {
    return absl::InvalidArgumentError(
        "certificate request is not signed by its own key with ECDSA and SHA-256; make it anew");
  }

  return Certify(key, seal::DeviceIdOf(key.spki()), now);
}

absl::StatusOr<Authority::DeviceCertificate> Authority::RenewDevice(
    absl::string_view spki, absl::Time now, absl::optional<sync::DeviceId> device) const {
  const ErrorScope errors;
  SOTAY_ASSIGN_OR_RETURN(const seal::VerifyingKey key, seal::VerifyingKey::From(spki));
  return Certify(key, device.value_or(seal::DeviceIdOf(spki)), now);
}

absl::StatusOr<Authority::DeviceCertificate> Authority::Certify(const seal::VerifyingKey& key,
                                                                const sync::DeviceId& device,
                                                                absl::Time now) const {
  DeviceCertificate issued;
  issued.spki = key.spki();
  issued.device = device;
  SOTAY_ASSIGN_OR_RETURN(CertificateDraft draft,
                         DraftFor(key.pkey(), issued.device.Hex(), certificate_der_, key_));
  SOTAY_RETURN_IF_ERROR(SetValidity(now, kDeviceLife, not_after_, &draft));
  draft.Purpose(NID_client_auth);
  SOTAY_ASSIGN_OR_RETURN(issued.cert_der, draft.Sign(key_.pkey()));
  return issued;
}

absl::StatusOr<Authority::Bootstrap> Authority::IssueBootstrap(absl::Duration valid_for,
                                                               absl::Time now) const {
  const ErrorScope errors;
  if (valid_for <= absl::ZeroDuration() || valid_for > kInvitationLifeMax) {
    return absl::InvalidArgumentError(absl::StrCat(
        "an invitation for ", absl::FormatDuration(valid_for),
        ": allowed is more than nothing and at most ", absl::FormatDuration(kInvitationLifeMax)));
  }
  SOTAY_ASSIGN_OR_RETURN(const seal::SigningKey key, seal::SigningKey::Generate());
  SOTAY_ASSIGN_OR_RETURN(CertificateDraft draft,
                         DraftFor(key.pkey(), kBootstrapName, certificate_der_, key_));
  SOTAY_RETURN_IF_ERROR(SetValidity(now, valid_for + kLeeway, not_after_, &draft));
  draft.Purpose(NID_client_auth);
  Bootstrap issued;
  issued.spki = key.PublicKey();
  SOTAY_ASSIGN_OR_RETURN(issued.key_der, key.Der());
  SOTAY_ASSIGN_OR_RETURN(issued.cert_der, draft.Sign(key_.pkey()));
  return issued;
}

}  // namespace sotay::server
