// How a phone goes over to another authority: what it holds before it pins anything, where it may
// be cut short, and what thieves of one key make it believe.
#include "tests/server/trust_room.h"

namespace sotay::server {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using tests::StatusIs;

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
  const AuthorityTeller teller(&authorities_, organisation_, newer, &log_keys_);
  v1::GetAuthorityRequest request;
  request.set_authority(authorities_.serving.spki());
  request.set_log_key(log_key_.PublicKey());
  forged_ = *teller.Tell(request);
  forger_ = &newer;
  EXPECT_THAT(forged_->log_handovers(), SizeIs(1));
  // Whoever holds heads goes over to the log's key first, with proofs.
  EXPECT_THAT(Contact(/*may_renew=*/false),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("log's key")));
  EXPECT_EQ(Trusted(), 1u);
  holds_heads_ = false;
  Contact(/*may_renew=*/false).IgnoreError();
  EXPECT_EQ(Trusted(), 2u);
}

// What was true once does not keep a phone from hearing that it is over.
TEST_F(TrustTest, AnAnswerHoldsForOneQuestion) {
  Roll();
  ASSERT_TRUE(Moved(Contact()));
  forged_ = *TellTruly(requests_.back());
  EXPECT_THAT(forged_->handovers(), SizeIs(0));
  EXPECT_THAT(Contact(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not the office")));
  forged_ = absl::nullopt;
  EXPECT_FALSE(Moved(Contact()));
  const auto nonces = [&](size_t back) { return requests_[requests_.size() - back].nonce(); };
  EXPECT_GE(nonces(1).size(), 16u);
  EXPECT_NE(nonces(1), "");
  EXPECT_NE(nonces(1), nonces(3)) << "of two contacts";
}

// Whatever the question came to: the link is told of the certificate.
TEST_F(TrustTest, SaysThatTheCertificateIsAnotherAlsoWhereNothingWasTold) {
  Roll();
  EXPECT_FALSE(Contact(/*may_renew=*/false).ok());
  EXPECT_EQ(changed_, 1);
  may_ask_ = false;
  EXPECT_THAT(Contact(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_TRUE(CertifiedBy(*authorities_.next));
  EXPECT_EQ(changed_, 2);
}

// The key of the newer authority is lost while both are trusted.
TEST_F(TrustTest, GoesOverToTheOneInThePlaceOfALostOne) {
  Roll();
  const std::string first = authorities_.serving.spki();
  ASSERT_TRUE(Moved(Contact()));
  const std::string lost = *vault_->AuthoritySpki();
  Lose();
  EXPECT_FALSE(Moved(Contact())) << "nothing is told, and nothing taken back";
  EXPECT_EQ(*vault_->AuthoritySpki(), lost);
  v1::GetAuthorityRequest other;
  other.set_authority(first);
  EXPECT_THAT(TellTruly(other)->handovers(), SizeIs(0)) << "nobody is led there";
  EXPECT_EQ(TellTruly(other)->number(), 0u);

  const v1::AuthorityHandover left = authorities_.handovers.back();
  Roll("third");
  // Cut short before it has a certificate: the one by the lost authority opens the way.
  EXPECT_FALSE(Contact(/*may_renew=*/false).ok());
  EXPECT_EQ(*vault_->AuthoritySpki(), authorities_.next->spki());
  EXPECT_FALSE(vault_->IssuerSpki().ok());
  EXPECT_TRUE(Moved(Contact()));
  EXPECT_TRUE(CertifiedBy(*authorities_.next));
  EXPECT_EQ(Trusted(), 2u);
  // Whoever found the lost key, and even has the log's, leads nobody back.
  const std::string before = vault_->authority_pem();
  forged_.emplace();
  *forged_->add_handovers() = left;
  forged_->set_number(1);
  forger_ = &log_key_;
  EXPECT_THAT(Contact(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("back")));
  EXPECT_EQ(vault_->authority_pem(), before);
  forged_ = absl::nullopt;
  Finish();
  EXPECT_TRUE(Moved(Contact()));
  EXPECT_EQ(Trusted(), 1u);

  // One who was away all the time is led past it.
  ASSERT_THAT(sdk::Vault::SaveAuthorities(phone_.path(),
                                          *seal::CertificatePemOfDer(left.previous_certificate())),
              IsOk());
  Contact().IgnoreError();
  EXPECT_EQ(*vault_->AuthoritySpki(), authorities_.serving.spki());
}

TEST_F(TrustTest, AnInvitationLeadsNobodyBack) {
  const std::string oldest = authorities_.serving.certificate_pem();
  Roll();
  const std::string newer = authorities_.next->certificate_pem();
  const std::string third = Made("third").certificate_pem();
  const auto key = *sdk::Vault::KeyFor(phone_.path());
  const auto trusting = [&](const std::string& pem) { return sdk::Vault(key, "", pem); };
  EXPECT_EQ(*trusting(oldest).NotBefore(newer), newer);
  EXPECT_EQ(*trusting(oldest).NotBefore(newer + oldest), newer + oldest);
  EXPECT_EQ(*trusting(oldest).NotBefore(third + newer), third + newer);
  EXPECT_EQ(*trusting(newer + oldest).NotBefore(newer), newer);
  EXPECT_EQ(*trusting(newer + oldest).NotBefore(third + oldest), third + oldest);
  // It has left the oldest.
  EXPECT_EQ(*trusting(newer).NotBefore(newer + oldest), newer);
  EXPECT_EQ(*trusting(third).NotBefore(third + newer), third);
  EXPECT_THAT(trusting(newer).NotBefore(oldest),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("back")));
  // While both are trusted and the newer cannot certify.
  EXPECT_EQ(*trusting(newer + oldest).NotBefore(oldest), newer + oldest);
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
    forger_ = &key;
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
  forger_ = nullptr;
  expect_refused();
  // What the true server once said of its own does not vouch for his.
  Roll();
  v1::GetAuthorityRequest request;
  request.set_authority(authorities_.serving.spki());
  forged.set_signature(TellTruly(request)->signature());
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
    forger_ = &log_key_;
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
  EXPECT_TRUE(refused([&](auto* of) {
    of->set_finished(true);
    forger_ = nullptr;
  })) << "that it has ended is signed";
  EXPECT_TRUE(refused([&](auto*) { forger_ = nullptr; })) << "of another question";
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
  EXPECT_THAT(vault->Following(organisation_, request, told), IsOk());
  EXPECT_THAT(vault->Following(std::string(16, 'x'), request, told),
              StatusIs(absl::StatusCode::kInvalidArgument));
  const seal::SigningKey other = *seal::SigningKey::Generate();
  told.set_signature(*other.Sign(seal::AuthorityToldText(
      organisation_, 0, authorities_.serving.certificate_der(), told.finished(), "")));
  EXPECT_THAT(vault->Following(organisation_, request, told),
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
  forged_ = forged;
  // What stops him is the log's key: the handover itself could be in the place of a lost one.
  EXPECT_THAT(Contact(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not the office")));
  EXPECT_EQ(vault_->authority_pem(), before);
  Finish();
  forged_ = absl::nullopt;
  ASSERT_TRUE(Moved(Contact()));
  forged_ = forged;
  forger_ = &log_key_;
  EXPECT_THAT(Contact(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("does not go on")));
  EXPECT_EQ(Trusted(), 1u);
}

}  // namespace
}  // namespace sotay::server
