#include "mobile-sdk/core/vault.h"

#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/seal/certificate.h"
#include "sync/seal/digest.h"
#include "sync/seal/whole_file.h"
#include "sync/status_macros.h"

namespace sotay::sdk {
namespace {

constexpr size_t kPemBytesMax = 64 * 1024;
constexpr unsigned kCertificateMode = 0644;

constexpr int64_t kDayMs = int64_t{24} * 60 * 60 * 1000;

// 0 when it cannot be read.
int64_t EndOf(const std::string& pem) {
  const absl::StatusOr<std::string> der = seal::CertificateDerOfPem(pem);
  if (!der.ok()) return 0;
  const absl::StatusOr<seal::Certificate> certificate = seal::ReadCertificate(*der);
  return certificate.ok() ? certificate->not_after_ms : 0;
}

std::string KeyPath(const std::string& dir) { return absl::StrCat(dir, "/device.key"); }
std::string CertificatePath(const std::string& dir) { return absl::StrCat(dir, "/device.pem"); }
std::string AuthorityPath(const std::string& dir) { return absl::StrCat(dir, "/authority.pem"); }

}  // namespace

Vault::Vault(seal::SigningKey key, std::string certificate_pem, std::string authority_pem)
    : key_(std::move(key)),
      device_(seal::DeviceIdOf(key_.PublicKey())),
      certificate_pem_(std::move(certificate_pem)),
      authority_pem_(std::move(authority_pem)),
      certificate_ends_ms_(EndOf(certificate_pem_)) {}

absl::StatusOr<std::shared_ptr<const Vault>> Vault::Open(const std::string& dir) {
  SOTAY_ASSIGN_OR_RETURN(seal::SigningKey key, seal::SigningKey::Load(KeyPath(dir)));
  SOTAY_ASSIGN_OR_RETURN(std::string certificate,
                         seal::ReadWholeFile(CertificatePath(dir), kPemBytesMax));
  SOTAY_ASSIGN_OR_RETURN(std::string authority,
                         seal::ReadWholeFile(AuthorityPath(dir), kPemBytesMax));
  SOTAY_ASSIGN_OR_RETURN(const std::string certified, seal::SpkiOfCertificatePem(certificate));
  if (certified != key.PublicKey()) {
    return absl::InvalidArgumentError(
        absl::StrCat(CertificatePath(dir), " certifies another key than ", KeyPath(dir)));
  }
  return std::make_shared<const Vault>(std::move(key), std::move(certificate),
                                       std::move(authority));
}

absl::StatusOr<seal::SigningKey> Vault::KeyFor(const std::string& dir) {
  absl::StatusOr<seal::SigningKey> key = seal::SigningKey::Load(KeyPath(dir));
  if (key.ok() || !absl::IsNotFound(key.status())) return key;
  key = seal::SigningKey::Generate();
  if (!key.ok()) return key;
  SOTAY_RETURN_IF_ERROR(key->Save(KeyPath(dir)));
  return key;
}

void Vault::ForgetKey(const std::string& dir) {
  // Best effort: a key that stays is used by the next enrolment.
  std::remove(KeyPath(dir).c_str());
}

bool Vault::RenewalIsDue(int64_t server_now_ms) const {
  constexpr int64_t kLeftMs =
      (seal::kDeviceCertificateDays - seal::kDeviceCertificateRenewedDays) * kDayMs;
  return certificate_ends_ms_ - server_now_ms < kLeftMs &&
         certificate_ends_ms_ < EndOf(authority_pem_);
}

absl::StatusOr<std::shared_ptr<const Vault>> Vault::Renewed(
    absl::string_view certificate_der) const {
  SOTAY_ASSIGN_OR_RETURN(const seal::Certificate next, seal::ReadCertificate(certificate_der));
  SOTAY_ASSIGN_OR_RETURN(const std::string authority, seal::CertificateDerOfPem(authority_pem_));
  SOTAY_ASSIGN_OR_RETURN(const bool issued, seal::IsIssuedBy(certificate_der, authority));
  if (next.spki != key_.PublicKey() || !issued) {
    return absl::InvalidArgumentError(
        "the next certificate is not for this device's key, or not of its authority");
  }
  if (next.not_after_ms < certificate_ends_ms_ + kDayMs) {
    return absl::InvalidArgumentError(
        "the next certificate ends less than a day later than the one there is");
  }
  SOTAY_ASSIGN_OR_RETURN(std::string pem, seal::CertificatePemOfDer(certificate_der));
  return std::make_shared<const Vault>(key_, std::move(pem), authority_pem_);
}

absl::Status Vault::SaveCertificates(const std::string& dir) const {
  SOTAY_RETURN_IF_ERROR(seal::WriteWholeFile(AuthorityPath(dir), authority_pem_, kCertificateMode));
  return seal::WriteWholeFile(CertificatePath(dir), certificate_pem_, kCertificateMode);
}

absl::Status Vault::SaveRenewed(const std::string& dir) const {
  const absl::StatusOr<std::string> there = seal::ReadWholeFile(CertificatePath(dir), kPemBytesMax);
  if (there.ok() && EndOf(*there) >= certificate_ends_ms_) return absl::OkStatus();
  return seal::WriteWholeFile(CertificatePath(dir), certificate_pem_, kCertificateMode);
}

absl::StatusOr<std::string> Vault::Sign(const seal::PushSeal& push) const {
  const std::string text = seal::SealText(push);
  if (text.empty()) return absl::InternalError("a push with malformed ids cannot be sealed");
  return key_.Sign(text);
}

}  // namespace sotay::sdk
