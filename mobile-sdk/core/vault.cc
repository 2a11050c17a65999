#include "mobile-sdk/core/vault.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/seal/authority.h"
#include "sync/seal/certificate.h"
#include "sync/seal/device_keys.h"
#include "sync/seal/digest.h"
#include "sync/seal/log_keys.h"
#include "sync/seal/whole_file.h"
#include "sync/status_macros.h"

namespace sotay::sdk {
namespace {

constexpr size_t kPemBytesMax = 64 * 1024;
constexpr size_t kRollsBytesMax = 1024 * 1024;
constexpr unsigned kCertificateMode = 0644;

constexpr int64_t kDayMs = int64_t{24} * 60 * 60 * 1000;

// 0 when it cannot be read.
int64_t EndOf(const std::string& pem) {
  const absl::StatusOr<std::string> der = seal::CertificateDerOfPem(pem);
  if (!der.ok()) return 0;
  const absl::StatusOr<seal::Certificate> certificate = seal::ReadCertificate(*der);
  return certificate.ok() ? certificate->not_after_ms : 0;
}

// Of two authorities, which is newer: none is made that does not end later than those before it.
bool EndsLater(const std::string& der, const std::string& than) {
  const auto one = seal::ReadCertificate(der);
  const auto other = seal::ReadCertificate(than);
  return one.ok() && other.ok() && one->not_after_ms > other->not_after_ms;
}

// Whether there is a newer authority than the one that issued the certificate.
bool IsByEarlier(const std::string& certificate_pem, const std::string& authority_pem) {
  const auto certificate = seal::CertificateDerOfPem(certificate_pem);
  const auto authorities = seal::CertificatesOfPem(authority_pem);
  if (!certificate.ok() || !authorities.ok() || authorities->size() < 2) return false;
  const auto by_newest = seal::IsIssuedBy(*certificate, authorities->front());
  return by_newest.ok() && !*by_newest;
}

std::string KeyPath(const std::string& dir) { return absl::StrCat(dir, "/device.key"); }
std::string CertificatePath(const std::string& dir) { return absl::StrCat(dir, "/device.pem"); }
std::string AuthorityPath(const std::string& dir) { return absl::StrCat(dir, "/authority.pem"); }
std::string RollsPath(const std::string& dir) { return absl::StrCat(dir, "/device.rolls"); }
std::string NextKeyPath(const std::string& dir) { return absl::StrCat(dir, "/device.next.key"); }
std::string NextCertificatePath(const std::string& dir) {
  return absl::StrCat(dir, "/device.next.pem");
}

// Those that lead to `key`; one that is still under way stands behind them.
absl::StatusOr<std::vector<v1::KeyRoll>> RollsTo(const std::string& dir, const std::string& key) {
  const auto bytes = seal::ReadWholeFile(RollsPath(dir), kRollsBytesMax);
  if (absl::IsNotFound(bytes.status())) return std::vector<v1::KeyRoll>();
  if (!bytes.ok()) return bytes.status();
  v1::KeyRolls all;
  if (!all.ParseFromString(*bytes)) {
    return absl::DataLossError(absl::StrCat(RollsPath(dir), " cannot be read; enrol anew"));
  }
  std::vector<v1::KeyRoll> rolls(all.rolls().begin(), all.rolls().end());
  while (!rolls.empty() && rolls.back().new_key() != key) rolls.pop_back();
  return rolls;
}

// What follows the answer, from wherever it was cut short: the key, its certificate, and nothing of
// the old.
absl::Status FinishRoll(const std::string& dir) {
  const auto pem = seal::ReadWholeFile(NextCertificatePath(dir), kPemBytesMax);
  if (absl::IsNotFound(pem.status())) return absl::OkStatus();
  if (!pem.ok()) return pem.status();
  SOTAY_ASSIGN_OR_RETURN(const std::string certified, seal::SpkiOfCertificatePem(*pem));
  SOTAY_ASSIGN_OR_RETURN(const seal::SigningKey key, seal::SigningKey::Load(KeyPath(dir)));
  if (key.PublicKey() != certified) {
    SOTAY_ASSIGN_OR_RETURN(const seal::SigningKey next, seal::SigningKey::Load(NextKeyPath(dir)));
    if (next.PublicKey() != certified) {
      return absl::DataLossError(
          absl::StrCat(NextCertificatePath(dir), " is of neither key of this device; enrol anew"));
    }
    SOTAY_RETURN_IF_ERROR(next.Save(KeyPath(dir)));
  }
  // One of the new key has been renewed since, by whoever was as far.
  SOTAY_ASSIGN_OR_RETURN(const std::string there,
                         seal::ReadWholeFile(CertificatePath(dir), kPemBytesMax));
  const auto has = seal::SpkiOfCertificatePem(there);
  if (!has.ok() || *has != certified) {
    SOTAY_RETURN_IF_ERROR(seal::WriteWholeFile(CertificatePath(dir), *pem, kCertificateMode));
  }
  // The certificate last: without it nobody would take away the key.
  std::remove(NextKeyPath(dir).c_str());
  std::remove(NextCertificatePath(dir).c_str());
  return absl::OkStatus();
}

}  // namespace

Vault::Vault(seal::SigningKey key, std::string certificate_pem, std::string authority_pem,
             std::vector<v1::KeyRoll> rolls)
    : key_(std::move(key)),
      rolls_(std::move(rolls)),
      device_(seal::DeviceIdOf(rolls_.empty() ? key_.PublicKey() : rolls_.front().old_key())),
      certificate_pem_(std::move(certificate_pem)),
      authority_pem_(std::move(authority_pem)),
      certificate_ends_ms_(EndOf(certificate_pem_)),
      by_earlier_(IsByEarlier(certificate_pem_, authority_pem_)) {}

absl::StatusOr<std::shared_ptr<const Vault>> Vault::Open(const std::string& dir) {
  SOTAY_RETURN_IF_ERROR(FinishRoll(dir));
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
  SOTAY_ASSIGN_OR_RETURN(std::vector<v1::KeyRoll> rolls, RollsTo(dir, key.PublicKey()));
  return std::make_shared<const Vault>(std::move(key), std::move(certificate), std::move(authority),
                                       std::move(rolls));
}

absl::StatusOr<seal::SigningKey> Vault::KeyFor(const std::string& dir, bool* made) {
  if (made != nullptr) *made = false;
  absl::StatusOr<seal::SigningKey> key = seal::SigningKey::Load(KeyPath(dir));
  if (key.ok() || !absl::IsNotFound(key.status())) return key;
  key = seal::SigningKey::Generate();
  if (!key.ok()) return key;
  SOTAY_RETURN_IF_ERROR(key->Save(KeyPath(dir)));
  if (made != nullptr) *made = true;
  return key;
}

void Vault::ForgetKey(const std::string& dir) {
  // Best effort: a key that stays is used by the next enrolment.
  std::remove(KeyPath(dir).c_str());
}

bool Vault::RenewalIsDue(int64_t server_now_ms) const {
  constexpr int64_t kLeftMs =
      (seal::kDeviceCertificateDays - seal::kDeviceCertificateRenewedDays) * kDayMs;
  if (by_earlier_) return true;
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
  if (!by_earlier_ && next.not_after_ms < certificate_ends_ms_ + kDayMs) {
    return absl::InvalidArgumentError(
        "the next certificate ends less than a day later than the one there is");
  }
  SOTAY_ASSIGN_OR_RETURN(std::string pem, seal::CertificatePemOfDer(certificate_der));
  return std::make_shared<const Vault>(key_, std::move(pem), authority_pem_, rolls_);
}

absl::Status Vault::SaveCertificates(const std::string& dir) const {
  SOTAY_RETURN_IF_ERROR(seal::WriteWholeFile(AuthorityPath(dir), authority_pem_, kCertificateMode));
  return seal::WriteWholeFile(CertificatePath(dir), certificate_pem_, kCertificateMode);
}

absl::Status Vault::SaveRenewed(const std::string& dir) const {
  const absl::StatusOr<std::string> there = seal::ReadWholeFile(CertificatePath(dir), kPemBytesMax);
  const bool good = there.ok() && !IsByEarlier(*there, authority_pem_);
  if (good && EndOf(*there) >= certificate_ends_ms_) return absl::OkStatus();
  // It took another key meanwhile.
  const auto key = there.ok() ? seal::SpkiOfCertificatePem(*there) : there.status();
  if (key.ok() && *key != key_.PublicKey()) return absl::OkStatus();
  return seal::WriteWholeFile(CertificatePath(dir), certificate_pem_, kCertificateMode);
}

absl::StatusOr<std::string> Vault::AuthoritySpki() const {
  return seal::SpkiOfCertificatePem(authority_pem_);
}

absl::StatusOr<std::string> Vault::IssuerSpki() const {
  SOTAY_ASSIGN_OR_RETURN(const std::string own, seal::CertificateDerOfPem(certificate_pem_));
  SOTAY_ASSIGN_OR_RETURN(const auto authorities, seal::CertificatesOfPem(authority_pem_));
  for (const std::string& authority : authorities) {
    SOTAY_ASSIGN_OR_RETURN(const bool issued, seal::IsIssuedBy(own, authority));
    if (issued) return seal::SpkiOfCertificateDer(authority);
  }
  return absl::InvalidArgumentError("the device's certificate is by no authority it trusts");
}

bool Vault::IsNews(const v1::GetAuthorityResponse& told) const {
  if (!told.handovers().empty()) return true;
  const auto trusted = seal::CertificatesOfPem(authority_pem_);
  return trusted.ok() && trusted->size() > 1;
}

absl::StatusOr<std::string> Vault::Following(const std::string& organisation_id,
                                             const v1::GetAuthorityRequest& asked,
                                             const v1::GetAuthorityResponse& told) const {
  auto first = seal::VerifyingKey::From(asked.log_key());
  if (!first.ok()) {
    return absl::FailedPreconditionError(
        "this notebook was made before it held the key of the logs, and cannot tell whether the "
        "authority was replaced by the office; enrol anew");
  }
  SOTAY_ASSIGN_OR_RETURN(
      const seal::LogKeys log_keys,
      seal::LogKeys::From(*std::move(first), organisation_id,
                          {told.log_handovers().begin(), told.log_handovers().end()}));
  SOTAY_ASSIGN_OR_RETURN(const auto held, seal::CertificatesOfPem(authority_pem_));
  // In the place of the newest, whose key was lost, another follows the one before it.
  const bool instead = held.size() > 1 && !told.handovers().empty() &&
                       told.handovers(0).previous_certificate() == held[1];
  SOTAY_ASSIGN_OR_RETURN(const auto chain,
                         seal::AuthoritiesFrom(organisation_id, instead ? held[1] : held[0],
                                               {told.handovers().begin(), told.handovers().end()}));
  // Otherwise one that was lost, and found by somebody, could come back.
  if (instead && !EndsLater(chain.back(), held[0])) {
    return absl::FailedPreconditionError(
        "what was told of another authority leads back, or to where it is; nothing was changed");
  }
  if (!told.handovers().empty() && told.handovers().rbegin()->number() != told.number()) {
    return absl::InvalidArgumentError("the handovers of the authority end before the newest");
  }
  const std::string text = seal::AuthorityToldText(organisation_id, told.number(), chain.back(),
                                                   told.finished(), asked.nonce());
  if (!log_keys.current().Verify(text, told.signature())) {
    return absl::InvalidArgumentError(
        "what was told of another authority is not signed by the log's key: whoever said it is not "
        "the office; nothing was changed");
  }
  // Of the one before the newest only while it is still trusted; without a handover that is here
  // already.
  if (told.handovers().empty() && !told.finished()) return authority_pem_;
  SOTAY_ASSIGN_OR_RETURN(std::string pem, seal::CertificatePemOfDer(chain.back()));
  if (told.finished()) return pem;
  SOTAY_ASSIGN_OR_RETURN(const std::string before,
                         seal::CertificatePemOfDer(chain[chain.size() - 2]));
  return absl::StrCat(pem, before);
}

absl::StatusOr<std::string> Vault::NotBefore(const std::string& pem) const {
  SOTAY_ASSIGN_OR_RETURN(const auto held, seal::CertificatesOfPem(authority_pem_));
  SOTAY_ASSIGN_OR_RETURN(const auto told, seal::CertificatesOfPem(pem));
  const auto at = std::find(held.begin(), held.end(), told.front());
  // It has come further already; a certificate by the older of two still opens the way.
  if (at != held.end() && at != held.begin()) return authority_pem_;
  if (at == held.end() && !EndsLater(told.front(), held.front())) {
    return absl::FailedPreconditionError(
        "the invitation leads back to an authority that this device has left; nothing was changed");
  }
  std::string kept;
  for (const std::string& root : told) {
    const bool is_held = std::find(held.begin(), held.end(), root) != held.end();
    if (!is_held && !EndsLater(root, held.front())) continue;
    SOTAY_ASSIGN_OR_RETURN(const std::string one, seal::CertificatePemOfDer(root));
    kept.append(one);
  }
  return kept;
}

bool Vault::MayBeRefused(const std::string& certificate_pem, const std::string& authority_pem,
                         int64_t now_ms) {
  const auto certificate = seal::CertificateDerOfPem(certificate_pem);
  const auto authority = seal::CertificateDerOfPem(authority_pem);
  if (!certificate.ok() || !authority.ok() || EndOf(certificate_pem) <= now_ms) return true;
  const auto by_newest = seal::IsIssuedBy(*certificate, *authority);
  return !by_newest.ok() || !*by_newest;
}

absl::Status Vault::SaveAuthorities(const std::string& dir, const std::string& pem) {
  return seal::WriteWholeFile(AuthorityPath(dir), pem, kCertificateMode);
}

absl::Status Vault::BeginRoll(const std::string& dir) const {
  SOTAY_ASSIGN_OR_RETURN(const bool pending, RollIsPending(dir));
  if (pending) return absl::OkStatus();
  // None lies there, or one that has followed already: nothing is written over that a server may
  // hold.
  SOTAY_ASSIGN_OR_RETURN(const seal::SigningKey next, seal::SigningKey::Generate());
  return next.Save(NextKeyPath(dir));
}

absl::StatusOr<bool> Vault::RollIsPending(const std::string& dir) const {
  const auto next = seal::SigningKey::Load(NextKeyPath(dir));
  if (absl::IsNotFound(next.status())) return false;
  if (!next.ok()) {
    return absl::Status(
        next.status().code(),
        absl::StrCat(NextKeyPath(dir), ": ", next.status().message(),
                     "; the server may have taken this key: keep the file, and put it "
                     "right or enrol anew"));
  }
  return next->PublicKey() != key_.PublicKey();
}

absl::StatusOr<v1::RollKeyRequest> Vault::SignRoll(const std::string& dir,
                                                   const std::string& organisation_id,
                                                   v1::KeyRoll roll) const {
  absl::StatusOr<seal::SigningKey> next = seal::SigningKey::Load(NextKeyPath(dir));
  if (absl::IsNotFound(next.status())) {
    return absl::FailedPreconditionError("no other key is to follow the device's");
  }
  if (!next.ok()) return next.status();
  SOTAY_RETURN_IF_ERROR(seal::SignRoll(organisation_id, key_, *next, &roll));
  v1::KeyRolls all;
  for (const v1::KeyRoll& before : rolls_) *all.add_rolls() = before;
  *all.add_rolls() = std::move(roll);
  SOTAY_RETURN_IF_ERROR(
      seal::WriteWholeFile(RollsPath(dir), all.SerializeAsString(), kCertificateMode));
  v1::RollKeyRequest request;
  *request.mutable_rolls() = std::move(*all.mutable_rolls());
  return request;
}

absl::StatusOr<std::shared_ptr<const Vault>> Vault::Rolled(
    const std::string& dir, absl::string_view certificate_der) const {
  SOTAY_ASSIGN_OR_RETURN(const seal::SigningKey next, seal::SigningKey::Load(NextKeyPath(dir)));
  SOTAY_ASSIGN_OR_RETURN(const std::string certified, seal::SpkiOfCertificateDer(certificate_der));
  SOTAY_ASSIGN_OR_RETURN(const std::string authority, seal::CertificateDerOfPem(authority_pem_));
  SOTAY_ASSIGN_OR_RETURN(const bool issued, seal::IsIssuedBy(certificate_der, authority));
  if (certified != next.PublicKey() || !issued) {
    return absl::InvalidArgumentError(
        "the certificate is not for the device's next key, or not of its authority");
  }
  SOTAY_ASSIGN_OR_RETURN(const std::string pem, seal::CertificatePemOfDer(certificate_der));
  SOTAY_RETURN_IF_ERROR(seal::WriteWholeFile(NextCertificatePath(dir), pem, kCertificateMode));
  return Open(dir);
}

absl::StatusOr<std::string> Vault::Sign(const seal::PushSeal& push) const {
  const std::string text = seal::SealText(push);
  if (text.empty()) return absl::InternalError("a push with malformed ids cannot be sealed");
  return key_.Sign(text);
}

}  // namespace sotay::sdk
