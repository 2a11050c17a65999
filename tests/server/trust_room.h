// A phone that trusts an authority, and the office that replaces it, or somebody who says so; for
// trust_test.  One thread.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "mobile-sdk/core/trust.h"
#include "server/authorities.h"
#include "sync/seal/authority.h"
#include "sync/seal/certificate.h"
#include "sync/seal/log_keys.h"
#include "sync/status_macros.h"
#include "tests/support/process.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {
using tests::IsOk;

inline constexpr int64_t kHourMs = int64_t{60} * 60 * 1000;
inline constexpr int64_t kNowMs = 1'793'862'900'000;  // 2026-11-05

class TrustTest : public ::testing::Test {
 protected:
  TrustTest() : authorities_{Made("ca"), absl::nullopt, {}} {
    const auto key = *sdk::Vault::KeyFor(phone_.path());
    const auto issued = authorities_.serving.RenewDevice(key.PublicKey(), Now());
    const sdk::Vault vault(key, *seal::CertificatePemOfDer(issued->cert_der),
                           authorities_.serving.certificate_pem());
    EXPECT_THAT(vault.SaveCertificates(phone_.path()), IsOk());
  }

  absl::Time Now() const { return absl::FromUnixMillis(now_ms_); }
  Authority Made(const std::string& name) {
    now_ms_ += 1'000;  // each ends later than the one before
    return *Authority::Create(office_ / name, "VKSND tỉnh Sông Mây", Now());
  }
  v1::AuthorityHandover Handover(const Authority& from, const Authority& to, uint64_t number) {
    v1::AuthorityHandover handover;
    handover.set_number(number);
    handover.set_previous_certificate(from.certificate_der());
    handover.set_certificate(to.certificate_der());
    handover.set_reason("ổ đĩa đã bị mất");
    handover.set_handed_ms(now_ms_);
    const std::string text = seal::AuthorityHandoverText(organisation_, handover);
    handover.set_previous_signature(*from.Sign(text));
    handover.set_signature(*to.Sign(text));
    return handover;
  }
  void Roll(const std::string& name = "next") {
    Authority next = Made(name);
    authorities_.handovers.push_back(
        Handover(authorities_.serving, next, authorities_.handovers.size() + 1));
    authorities_.next = std::move(next);
  }
  void Finish() {
    authorities_.handovers.back().set_finished_ms(now_ms_);
    authorities_.serving = *authorities_.next;
    authorities_.next = absl::nullopt;
  }

  // What the server answers.
  absl::StatusOr<v1::GetAuthorityResponse> Tell(const v1::GetAuthorityRequest& request) {
    requests_.push_back(request);
    if (!may_ask_) return absl::UnavailableError("gone");
    if (!forged_.has_value()) return TellTruly(request);
    v1::GetAuthorityResponse told = *forged_;
    if (forger_ == nullptr) return told;
    const auto text = seal::AuthorityToldText(organisation_, told.number(),
                                              told.handovers().rbegin()->certificate(),
                                              told.finished(), request.nonce());
    told.set_signature(*forger_->Sign(text));
    return told;
  }
  absl::StatusOr<v1::GetAuthorityResponse> TellTruly(const v1::GetAuthorityRequest& request) {
    return AuthorityTeller(&authorities_, organisation_, log_key_, &log_keys_).Tell(request);
  }
  // The key of the newer is gone, and another takes its place.
  void Lose() { authorities_.next = absl::nullopt; }
  // A phone that has just been opened.
  absl::StatusOr<bool> Contact(bool may_renew = true) {
    now_ms_ += kHourMs;
    vault_ = *sdk::Vault::Open(phone_.path());
    sdk::Renewal renewal(
        phone_.path(), vault_,
        [&](const v1::RenewCertificateRequest& request)
            -> absl::StatusOr<v1::RenewCertificateResponse> {
          if (!may_renew) return absl::UnavailableError("killed");
          v1::RenewCertificateResponse response;
          response.set_certificate(
              authorities_.For(request.authority())
                  .RenewDevice(sdk::Vault::KeyFor(phone_.path())->PublicKey(), Now())
                  ->cert_der);
          return response;
        });
    sdk::Trust::Ways ways;
    ways.ask = [&](const v1::GetAuthorityRequest& request) { return Tell(request); };
    ways.held = [&] { return sdk::LogTrust{organisation_, held_log_key_, holds_heads_}; };
    ways.changed = [&] { ++changed_; };
    auto moved = sdk::Trust(phone_.path(), &renewal, std::move(ways)).AtContact(now_ms_);
    vault_ = *sdk::Vault::Open(phone_.path());
    return moved;
  }
  bool Moved(absl::StatusOr<bool> moved) {
    EXPECT_THAT(moved, IsOk());
    return moved.ok() && *moved;
  }
  size_t Trusted() { return seal::CertificatesOfPem(vault_->authority_pem())->size(); }
  bool CertifiedBy(const Authority& authority) { return *vault_->IssuerSpki() == authority.spki(); }

  const std::string organisation_ = std::string(16, 'o');
  tests::Workspace office_, phone_;
  int64_t now_ms_ = kNowMs;
  const seal::SigningKey log_key_ = *seal::SigningKey::Generate();
  seal::LogKeys log_keys_ = seal::LogKeys(log_key_.verifying_key());
  std::string held_log_key_ = log_key_.PublicKey();
  Authorities authorities_;
  bool may_ask_ = true;
  bool holds_heads_ = true;
  // What is answered instead; signed for each question with that key, if there is one.
  absl::optional<v1::GetAuthorityResponse> forged_;
  const seal::SigningKey* forger_ = nullptr;
  std::vector<v1::GetAuthorityRequest> requests_;
  std::shared_ptr<const sdk::Vault> vault_;
  int changed_ = 0;
};

}  // namespace sotay::server
