#include "sync/seal/authority.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/seal/big_endian.h"
#include "sync/seal/certificate.h"
#include "sync/seal/digest.h"
#include "sync/seal/seal.h"

namespace sotay::seal {
namespace {

constexpr char kHandoverPrefix[] = "sotay/authority/v1";
constexpr char kToldPrefix[] = "sotay/authority-told/v1";

void AppendHash(absl::string_view bytes, std::string* text) {
  const std::array<uint8_t, 32> hash = Sha256(bytes);
  text->append(hash.begin(), hash.end());
}

absl::Status Broken(const v1::AuthorityHandover& handover, absl::string_view why) {
  return absl::FailedPreconditionError(
      absl::StrCat("handover ", handover.number(), " of the authority ", why));
}

}  // namespace

std::string AuthorityHandoverText(absl::string_view organisation_id,
                                  const v1::AuthorityHandover& handover) {
  if (organisation_id.size() != kOrganisationIdBytes || handover.number() == 0) {
    return std::string();
  }
  // With its NUL.
  std::string text(kHandoverPrefix, sizeof(kHandoverPrefix));
  text.append(organisation_id.data(), organisation_id.size());
  AppendBigEndian(handover.number(), &text);
  AppendHash(handover.previous_certificate(), &text);
  AppendHash(handover.certificate(), &text);
  AppendBigEndian(static_cast<uint64_t>(handover.handed_ms()), &text);
  AppendHash(handover.reason(), &text);
  return text;
}

std::string AuthorityToldText(absl::string_view organisation_id, uint64_t number,
                              absl::string_view certificate_der, bool finished,
                              absl::string_view nonce) {
  if (organisation_id.size() != kOrganisationIdBytes) return std::string();
  std::string text(kToldPrefix, sizeof(kToldPrefix));
  text.append(organisation_id.data(), organisation_id.size());
  AppendBigEndian(number, &text);
  AppendHash(certificate_der, &text);
  text.push_back(finished ? 1 : 0);
  AppendHash(nonce, &text);
  return text;
}

absl::StatusOr<std::vector<std::string>> AuthoritiesFrom(
    absl::string_view organisation_id, std::string first,
    const std::vector<v1::AuthorityHandover>& handovers) {
  std::vector<std::string> chain;
  chain.push_back(std::move(first));
  std::vector<std::string> keys;
  uint64_t before = 0;
  for (const v1::AuthorityHandover& handover : handovers) {
    const bool follows = before == 0 || handover.number() == before + 1;
    before = handover.number();
    const bool instead = chain.size() > 1 && handover.previous_certificate() == *(chain.end() - 2);
    if (instead) {
      const auto lost = SpkiOfCertificateDer(chain.back());
      if (lost.ok()) keys.push_back(*lost);
      chain.pop_back();
    }
    if (!follows || handover.previous_certificate() != chain.back()) {
      return Broken(handover, "does not go on from the authority before it");
    }
    const auto spki_before = SpkiOfCertificateDer(chain.back());
    const auto spki = SpkiOfCertificateDer(handover.certificate());
    if (spki_before.ok()) keys.push_back(*spki_before);
    const bool was = spki.ok() && std::find(keys.begin(), keys.end(), *spki) != keys.end();
    const auto authority = IsAuthority(handover.certificate());
    if (!spki_before.ok() || !spki.ok() || was || !authority.ok() || !*authority) {
      return Broken(handover, "names no authority, or one there was before");
    }
    const auto key_before = VerifyingKey::From(*spki_before);
    const auto key = VerifyingKey::From(*spki);
    const std::string text = AuthorityHandoverText(organisation_id, handover);
    if (!key_before.ok() || !key.ok() || !key_before->Verify(text, handover.previous_signature()) ||
        !key->Verify(text, handover.signature())) {
      return Broken(handover, "is not signed by both authorities");
    }
    chain.push_back(handover.certificate());
  }
  return chain;
}

}  // namespace sotay::seal
