// What a notebook does while its device takes another key, with a server that answers, does not, or
// cannot.
#include "mobile-sdk/core/rekeying.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <vector>

#include "mobile-sdk/core/enrolment.h"
#include "server/authority.h"
#include "sotay/notebook.h"
#include "sync/seal/certificate.h"
#include "sync/seal/digest.h"
#include "tests/mobile-sdk/no_link.h"
#include "tests/support/process.h"
#include "tests/support/status_matchers.h"

namespace sotay::sdk {
namespace {

using tests::IsOk;
using tests::StatusIs;
using tests::Workspace;

// What the link was asked, and what it is to say; the notebook owns the link.
struct Said {
  absl::Status roll = absl::UnavailableError("no network");  // OK: certified
  std::vector<absl::Status> roll_first;                      // before that, in turn
  std::vector<v1::RollKeyRequest> rolls;
  std::vector<absl::Status> sync;           // in turn; then Unavailable
  absl::optional<v1::SyncResponse> answer;  // instead
  size_t syncs = 0;
  std::vector<std::string> presented;  // certificates
  const server::Authority* authority = nullptr;
};

class SayingLink : public tests::NoLink {
 public:
  explicit SayingLink(Said* said) : said_(*said) {}

  absl::StatusOr<v1::SyncResponse> Sync(const v1::SyncRequest&) override {
    const size_t turn = said_.syncs++;
    if (said_.answer.has_value()) return *said_.answer;
    return turn < said_.sync.size() ? said_.sync[turn] : absl::UnavailableError("no network");
  }
  absl::StatusOr<v1::RollKeyResponse> RollKey(const v1::RollKeyRequest& request) override {
    said_.rolls.push_back(request);
    absl::Status says = said_.roll;
    if (!said_.roll_first.empty()) {
      says = said_.roll_first.front();
      said_.roll_first.erase(said_.roll_first.begin());
    }
    if (!says.ok()) return says;
    v1::RollKeyResponse response;
    response.set_certificate(
        said_.authority->RenewDevice(request.rolls().rbegin()->new_key())->cert_der);
    return response;
  }
  void Present(const std::string& certificate_pem, const std::string&) override {
    said_.presented.push_back(certificate_pem);
  }

 private:
  Said& said_;
};

class RekeyingTest : public ::testing::Test {
 protected:
  void SetUp() override {
    SOTAY_ASSERT_OK_AND_ASSIGN(const seal::SigningKey key, Vault::KeyFor(dir_.path()));
    const Vault vault(
        key, *seal::CertificatePemOfDer(authority_->RenewDevice(key.PublicKey())->cert_der),
        authority_->certificate_pem());
    ASSERT_THAT(vault.SaveCertificates(dir_.path()), IsOk());
    stored::v1::NotebookMeta meta;
    meta.set_device_id(vault.device().str());
    meta.set_organisation_id(std::string(16, 'o'));
    meta.set_user_id("nguyen-uu-dam");
    meta.set_server("127.0.0.1:1");
    meta.set_log_key(seal::SigningKey::Generate()->PublicKey());
    ASSERT_THAT(Found(dir_.path(), meta, {}), IsOk());
    said_.authority = &*authority_;
    Open();
  }
  void Open() {
    notebook_.reset();
    auto opened = Notebook::Open(dir_.path(), nullptr, {}, std::make_unique<SayingLink>(&said_));
    ASSERT_THAT(opened, IsOk());
    notebook_ = *std::move(opened);
  }
  Status Stands() { return *notebook_->GetStatus(); }

  const Workspace dir_;
  const Workspace ca_;
  const absl::StatusOr<server::Authority> authority_ =
      server::Authority::Create(ca_ / "ca", "VKSND tỉnh Sông Mây");
  Said said_;
  std::unique_ptr<Notebook> notebook_;
};

TEST_F(RekeyingTest, SendsNothingWhileNobodyCanTellWhichKeyIsInForce) {
  EXPECT_THAT(notebook_->Rekey(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_TRUE(Stands().rekey_pending);
  EXPECT_THAT(notebook_->Sync(), StatusIs(absl::StatusCode::kUnavailable));
  Open();
  EXPECT_THAT(notebook_->Sync(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(said_.syncs, 0u);
  ASSERT_EQ(said_.rolls.size(), 3u);
  EXPECT_EQ(said_.rolls[0].rolls(0).new_key(), said_.rolls[2].rolls(0).new_key());
  // The server is there again; it may have taken the first.
  said_.roll = absl::OkStatus();
  notebook_->Sync().IgnoreError();
  EXPECT_EQ(said_.syncs, 1u);
  EXPECT_FALSE(Stands().rekey_pending);
  EXPECT_EQ(Stands().key_rolls, 1u);
}

TEST_F(RekeyingTest, GoesOnWithTheOldKeyWhereItIsRefused) {
  said_.roll = absl::UnimplementedError("RollKey");
  EXPECT_THAT(notebook_->Rekey(), StatusIs(absl::StatusCode::kUnimplemented));
  notebook_->Sync().IgnoreError();
  EXPECT_EQ(said_.syncs, 1u);
  EXPECT_EQ(said_.rolls.size(), 1u) << "not with every exchange";
  EXPECT_TRUE(Stands().rekey_pending);
  EXPECT_EQ(Stands().key_rolls, 0u);
}

// Whoever answered did not say what became of it: it may have been taken.
TEST_F(RekeyingTest, SendsNothingByTheOldKeyAfterAnAnswerThatIsNone) {
  for (const absl::Status& garbled :
       {absl::InternalError("a proxy"), absl::UnauthenticatedError("a proxy"),
        absl::AbortedError("a proxy"), absl::UnknownError("a proxy")}) {
    said_.roll = garbled;
    const absl::Status rekeyed = notebook_->Rekey();
    EXPECT_FALSE(rekeyed.ok());
    // Nothing that would end the courier for good.
    EXPECT_FALSE(absl::IsUnauthenticated(rekeyed) || absl::IsAborted(rekeyed)) << rekeyed;
    const absl::Status synced = notebook_->Sync();
    EXPECT_FALSE(synced.ok() || absl::IsUnauthenticated(synced) || absl::IsAborted(synced));
  }
  EXPECT_EQ(said_.syncs, 0u);
  v1::ErrorDetail detail;
  detail.set_reason(v1::REASON_CHANGED_MEANWHILE);
  said_.roll = WithDetail(absl::AbortedError("it has more"), detail);
  notebook_->Sync().IgnoreError();
  EXPECT_EQ(said_.syncs, 1u) << "it has said that it has not taken it";
}

TEST_F(RekeyingTest, GoesOnWhereNothingWasSent) {
  ASSERT_FALSE(notebook_->Rekey().ok());
  std::ofstream(dir_ / "device.next.key") << "half";
  EXPECT_FALSE(notebook_->Sync().ok());
  EXPECT_EQ(said_.syncs, 1u);
  EXPECT_TRUE(Stands().rekey_pending);
}

// It took the roll long ago and said something else: the old key is unknown, and that is not the
// end.
TEST_F(RekeyingTest, TriesTheRollAtOnceWhereItsOldKeyIsNotKnown) {
  v1::ErrorDetail detail;
  detail.set_reason(v1::REASON_CHANGED_MEANWHILE);
  said_.roll_first = {WithDetail(absl::AbortedError("it has more"), detail)};
  said_.roll = absl::OkStatus();
  EXPECT_FALSE(notebook_->Rekey().ok());
  detail.set_reason(v1::REASON_DEVICE_UNKNOWN);
  said_.sync = {WithDetail(absl::UnauthenticatedError("unknown"), detail)};
  EXPECT_THAT(notebook_->Sync(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(said_.syncs, 2u);
  EXPECT_FALSE(Stands().rekey_pending);
  EXPECT_EQ(Stands().key_rolls, 1u);
  // And where the network goes just then, it is that which is told.
  EXPECT_FALSE(Stands().rekey_pending);
  said_.syncs = 0;
  said_.roll = absl::UnavailableError("no network");
  EXPECT_THAT(notebook_->Sync(), StatusIs(absl::StatusCode::kUnavailable));
}

// It answers, sends no heads, and cannot be asked by what key it signs.
TEST_F(RekeyingTest, CountsTheContactsOfAServerThatDoesNotSayByWhatKeyItSigns) {
  v1::Cursor* const cursor = said_.answer.emplace().add_cursors();
  cursor->set_unit_id("vkskv1");
  cursor->set_epoch(std::string(16, 'e'));
  said_.answer->set_server_now_ms(1'794'000'000'000);
  EXPECT_EQ(Stands().log_key_unshown_ms, 0);
  EXPECT_THAT(notebook_->Sync(), IsOk());
  EXPECT_NE(Stands().log_key_unshown_ms, 0);
  EXPECT_TRUE(Stands().disputes.empty());
}

TEST_F(RekeyingTest, IsTheSameDeviceThatShowsItsNewKey) {
  const std::string device = Stands().device_id;
  said_.roll = absl::OkStatus();
  ASSERT_THAT(notebook_->Rekey(), IsOk());
  ASSERT_EQ(said_.presented.size(), 1u);
  EXPECT_EQ(*seal::SpkiOfCertificatePem(said_.presented[0]), said_.rolls[0].rolls(0).new_key());
  EXPECT_EQ(Stands().device_id, device);
  ASSERT_THAT(notebook_->Rekey(), IsOk());
  Open();
  EXPECT_EQ(Stands().device_id, device);
  EXPECT_EQ(Stands().key_rolls, 2u);
}

TEST_F(RekeyingTest, ShowsAServerThatWasRestoredHowItsKeyCameToBe) {
  said_.roll = absl::OkStatus();
  ASSERT_THAT(notebook_->Rekey(), IsOk());
  v1::ErrorDetail unknown;
  unknown.set_reason(v1::REASON_DEVICE_UNKNOWN);
  const absl::Status refusal = WithDetail(absl::UnauthenticatedError("unknown"), unknown);
  said_.sync = {refusal, absl::UnavailableError("no network")};
  EXPECT_THAT(notebook_->Sync(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(said_.syncs, 2u);
  EXPECT_EQ(said_.rolls.size(), 2u);
  // Once: who is not known after that is not known.
  said_.syncs = 0;
  said_.sync = {refusal, refusal, refusal};
  EXPECT_THAT(notebook_->Sync(), StatusIs(absl::StatusCode::kUnauthenticated));
  EXPECT_LE(said_.syncs, 2u);
}

}  // namespace
}  // namespace sotay::sdk
