// How a phone goes over to another authority: what it holds before it pins anything, where it may
// be cut short, and what thieves of one key make it believe.
#include "mobile-sdk/core/trust.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "server/authorities.h"
#include "sync/seal/authority.h"
#include "sync/seal/certificate.h"
#include "sync/seal/log_keys.h"
#include "sync/status_macros.h"
#include "tests/support/process.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using tests::IsOk;
using tests::StatusIs;

constexpr int64_t kHourMs = int64_t{60} * 60 * 1000;
constexpr int64_t kNowMs = 1'793'862'900'000;  // 2026-11-05

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
    if (forged_.has_value()) return *forged_;
    SOTAY_ASSIGN_OR_RETURN(const auto teller, AuthorityTeller::Make(&authorities_, organisation_,
                                                                    log_key_, &log_keys_));
    return teller.Tell(request);
  }
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
    ways.held = [&] { return sdk::LogTrust{organisation_, held_log_key_}; };
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
  absl::optional<v1::GetAuthorityResponse> forged_;
  std::vector<v1::GetAuthorityRequest> requests_;
  std::shared_ptr<const sdk::Vault> vault_;
  int changed_ = 0;
};

TEST_F(TrustTest, IsOneShortQuestionWhileThereIsNoOther) {
  EXPECT_FALSE(Moved(Contact()));
  ASSERT_THAT(requests_, SizeIs(1));
  EXPECT_EQ(requests_[0].authority(), authorities_.serving.spki());
  EXPECT_EQ(requests_[0].certified_by(), authorities_.serving.spki());
  EXPECT_EQ(requests_[0].log_key(), "");
  EXPECT_EQ(changed_, 0);
}

TEST_F(TrustTest, GoesOverInOneContactAndSaysSo) {
  Roll();
  EXPECT_TRUE(Moved(Contact()));
  EXPECT_EQ(Trusted(), 2u);
  EXPECT_EQ(*vault_->AuthoritySpki(), authorities_.next->spki());
  EXPECT_TRUE(CertifiedBy(*authorities_.next));
  EXPECT_EQ(requests_.back().authority(), authorities_.next->spki());
  EXPECT_EQ(requests_.back().certified_by(), authorities_.next->spki());
  EXPECT_EQ(changed_, 2);
  EXPECT_FALSE(Moved(Contact()));

  Finish();
  EXPECT_TRUE(Moved(Contact()));
  EXPECT_EQ(Trusted(), 1u);
  EXPECT_TRUE(CertifiedBy(authorities_.serving));
  EXPECT_FALSE(Moved(Contact()));
  // And to the one after that.
  Roll("third");
  EXPECT_TRUE(Moved(Contact()));
  EXPECT_EQ(Trusted(), 2u);
  EXPECT_TRUE(CertifiedBy(*authorities_.next));
}

TEST_F(TrustTest, GoesOnWhereItWasCutShort) {
  Roll();
  EXPECT_THAT(Contact(/*may_renew=*/false), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(Trusted(), 2u);
  EXPECT_TRUE(CertifiedBy(authorities_.serving)) << "which opens the way as long as it takes";
  EXPECT_TRUE(Moved(Contact()));
  EXPECT_TRUE(CertifiedBy(*authorities_.next));
  EXPECT_EQ(requests_.back().certified_by(), authorities_.next->spki());
}

TEST_F(TrustTest, FollowsOverAKeyOfTheLogThatWasReplacedMeanwhile) {
  const seal::SigningKey newer = *seal::SigningKey::Generate();
  v1::LogKeyHandover handover;
  handover.set_number(1);
  handover.set_previous_key(log_key_.PublicKey());
  handover.set_key(newer.PublicKey());
  handover.set_epoch(std::string(16, 'e'));
  handover.set_reason("đĩa hỏng");
  handover.set_handed_ms(now_ms_);
  const std::string text = seal::HandoverText(organisation_, handover);
  handover.set_previous_signature(*log_key_.Sign(text));
  handover.set_signature(*newer.Sign(text));
  Roll();
  const auto keys = seal::LogKeys::From(log_key_.verifying_key(), organisation_, {handover});
  ASSERT_THAT(keys, IsOk());
  log_keys_ = *keys;
  const auto teller = AuthorityTeller::Make(&authorities_, organisation_, newer, &log_keys_);
  v1::GetAuthorityRequest request;
  request.set_authority(authorities_.serving.spki());
  request.set_log_key(log_key_.PublicKey());
  forged_ = *teller->Tell(request);
  EXPECT_THAT(forged_->log_handovers(), SizeIs(1));
  Contact(/*may_renew=*/false).IgnoreError();
  EXPECT_EQ(Trusted(), 2u);
}

// Whoever has stolen the authority's key can sign a handover to one of his own, for both.  He has
// not the log's.
TEST_F(TrustTest, AThiefOfTheAuthoritysKeyLeadsNobody) {
  const Authority thief = Made("thief");
  const seal::SigningKey other_log = *seal::SigningKey::Generate();
  v1::GetAuthorityResponse forged;
  *forged.add_handovers() = Handover(authorities_.serving, thief, 1);
  forged.set_number(1);
  const auto sign = [&](const seal::SigningKey& key, bool finished) {
    forged.set_finished(finished);
    forged.set_signature(
        *key.Sign(seal::AuthorityToldText(organisation_, 1, thief.certificate_der(), finished)));
  };
  const auto expect_refused = [&] {
    const std::string before = sdk::Vault::Open(phone_.path()).value()->authority_pem();
    forged_ = forged;
    EXPECT_FALSE(Contact().ok());
    EXPECT_EQ(vault_->authority_pem(), before);
    EXPECT_TRUE(CertifiedBy(authorities_.serving));
    EXPECT_EQ(changed_, 0);
  };
  sign(other_log, false);
  expect_refused();
  sign(other_log, true);
  expect_refused();
  forged.clear_signature();
  expect_refused();
  // What the true server once said of its own does not vouch for his.
  Roll();
  const auto told = AuthorityTeller::Make(&authorities_, organisation_, log_key_, &log_keys_);
  v1::GetAuthorityRequest request;
  request.set_authority(authorities_.serving.spki());
  forged.set_signature(told->Tell(request)->signature());
  expect_refused();
}

TEST_F(TrustTest, NothingElseIsTakenForAHandover) {
  Roll();
  v1::GetAuthorityRequest request;
  request.set_authority(authorities_.serving.spki());
  request.set_log_key(held_log_key_);
  const v1::GetAuthorityResponse told = *Tell(request);
  const auto refused = [&](const std::function<void(v1::GetAuthorityResponse*)>& spoil) {
    v1::GetAuthorityResponse spoiled = told;
    spoil(&spoiled);
    forged_ = spoiled;
    const bool taken = Contact(/*may_renew=*/false).ok() || Trusted() != 1;
    forged_ = absl::nullopt;
    return !taken;
  };
  EXPECT_TRUE(refused([](auto* of) { of->mutable_handovers(0)->set_reason("khác"); }));
  EXPECT_TRUE(refused([](auto* of) { of->mutable_handovers(0)->clear_previous_signature(); }));
  EXPECT_TRUE(refused([](auto* of) { of->mutable_handovers(0)->clear_signature(); }));
  EXPECT_TRUE(refused([](auto* of) { of->mutable_handovers(0)->set_number(2); }));
  EXPECT_TRUE(refused([](auto* of) { of->set_finished(true); })) << "that it has ended is signed";
  EXPECT_TRUE(refused([&](auto* of) {
    of->mutable_handovers(0)->set_previous_certificate(authorities_.next->certificate_der());
  }));
  EXPECT_TRUE(refused([&](auto* of) { *of->add_handovers() = told.handovers(0); }));
  // A device's certificate is no authority's, whoever signs for it.
  EXPECT_TRUE(refused([&](auto* of) {
    const auto key = *seal::SigningKey::Generate();
    v1::AuthorityHandover* const handover = of->mutable_handovers(0);
    handover->set_certificate(authorities_.serving.RenewDevice(key.PublicKey(), Now())->cert_der);
    const std::string text = seal::AuthorityHandoverText(organisation_, *handover);
    handover->set_previous_signature(*authorities_.serving.Sign(text));
    handover->set_signature(*key.Sign(text));
    of->set_signature(
        *log_key_.Sign(seal::AuthorityToldText(organisation_, 1, handover->certificate(), false)));
  }));
  held_log_key_ = "";
  EXPECT_TRUE(refused([](auto*) {})) << "a notebook of before it held the log's key";
  held_log_key_ = log_key_.PublicKey();
  EXPECT_FALSE(refused([](auto*) {})) << "and as it was told it is taken";
}

// What a notebook holds before it is enrolled again: the server has the log's key it knows.
TEST_F(TrustTest, AnOfficeWithoutAHandoverIsKnownByTheLogsKey) {
  v1::GetAuthorityRequest request;
  request.set_authority(authorities_.serving.spki());
  request.set_log_key(held_log_key_);
  v1::GetAuthorityResponse told = *Tell(request);
  EXPECT_EQ(told.number(), 0u);
  const auto vault = *sdk::Vault::Open(phone_.path());
  EXPECT_THAT(vault->Following(organisation_, held_log_key_, told), IsOk());
  EXPECT_THAT(vault->Following(std::string(16, 'x'), held_log_key_, told),
              StatusIs(absl::StatusCode::kInvalidArgument));
  const seal::SigningKey other = *seal::SigningKey::Generate();
  told.set_signature(*other.Sign(seal::AuthorityToldText(
      organisation_, 0, authorities_.serving.certificate_der(), told.finished())));
  EXPECT_THAT(vault->Following(organisation_, held_log_key_, told),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not the office")));
}

TEST_F(TrustTest, AThiefOfTheOldKeyComesTooLate) {
  Roll();
  ASSERT_TRUE(Moved(Contact()));
  const std::string before = vault_->authority_pem();
  const Authority thief = Made("thief");
  v1::GetAuthorityResponse forged;
  *forged.add_handovers() = Handover(authorities_.serving, thief, 1);
  forged.set_number(1);
  forged.set_signature(
      *log_key_.Sign(seal::AuthorityToldText(organisation_, 1, thief.certificate_der(), false)));
  forged_ = forged;
  EXPECT_THAT(Contact(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("does not go on")));
  EXPECT_EQ(vault_->authority_pem(), before);
}

}  // namespace
}  // namespace sotay::server
