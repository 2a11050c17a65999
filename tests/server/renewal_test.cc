// A device's next certificate: when a phone asks for it, and what it does not take for one.
#include "mobile-sdk/core/renewal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "server/authority.h"
#include "sync/seal/certificate.h"
#include "sync/seal/digest.h"
#include "tests/support/process.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {
namespace {

using tests::IsOk;
using tests::StatusIs;

constexpr int64_t kDayMs = int64_t{24} * 60 * 60 * 1000;
constexpr int64_t kEnrolledMs = 1'793'862'900'000;  // 2026-11-05

class RenewalTest : public ::testing::Test {
 protected:
  RenewalTest() { Enrol(kEnrolledMs); }

  void Enrol(int64_t at_ms) {
    const sdk::Vault vault(*sdk::Vault::KeyFor(phone_.path()),
                           *seal::CertificatePemOfDer(Issue(Key(), at_ms)),
                           authority_.certificate_pem());
    ASSERT_THAT(vault.SaveCertificates(phone_.path()), IsOk());
  }
  seal::SigningKey Key() { return *sdk::Vault::KeyFor(phone_.path()); }
  std::string Issue(const seal::SigningKey& key, int64_t now_ms) {
    return authority_.RenewDevice(key.PublicKey(), absl::FromUnixMillis(now_ms))->cert_der;
  }
  std::shared_ptr<const sdk::Vault> OnDisk() { return *sdk::Vault::Open(phone_.path()); }

  static bool Renewed(const absl::StatusOr<bool>& asked) {
    EXPECT_THAT(asked, IsOk());
    return asked.ok() && *asked;
  }

  // Answers with what is in answers_, one after the other.
  std::unique_ptr<sdk::Renewal> Opened() {
    return std::make_unique<sdk::Renewal>(
        phone_.path(), OnDisk(),
        [this](const v1::RenewCertificateRequest&) -> absl::StatusOr<v1::RenewCertificateResponse> {
          ++asked_;
          if (answers_.empty()) return absl::UnavailableError("gone");
          v1::RenewCertificateResponse response;
          response.set_certificate(answers_.front());
          answers_.erase(answers_.begin());
          return response;
        });
  }

  tests::Workspace office_, phone_;
  const Authority authority_ = *Authority::Create(office_ / "ca", "VKSND tỉnh Sông Mây",
                                                  absl::FromUnixMillis(kEnrolledMs - kDayMs));
  std::vector<std::string> answers_;
  int asked_ = 0;
};

TEST_F(RenewalTest, IsOfTheSameKeyAndTheSameAuthority) {
  const tests::Workspace elsewhere;
  const Authority other = *Authority::Create(elsewhere / "ca", "VKSND tỉnh Sông Mây");
  const int64_t later = kEnrolledMs + 61 * kDayMs;
  std::string der = Issue(Key(), later);
  const auto read = *seal::ReadCertificate(der);
  EXPECT_EQ(read.spki, Key().PublicKey());
  EXPECT_EQ(read.not_after_ms, later + 400 * kDayMs);
  EXPECT_TRUE(*seal::IsIssuedBy(der, authority_.certificate_der()));
  EXPECT_FALSE(*seal::IsIssuedBy(der, other.certificate_der()));
  der.back() = static_cast<char>(der.back() ^ 1);
  EXPECT_FALSE(*seal::IsIssuedBy(der, authority_.certificate_der()));
  EXPECT_THAT(authority_.RenewDevice("a key"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(authority_.RenewDevice(Key().PublicKey(), authority_.not_after() + absl::Hours(24)),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(RenewalTest, IsAskedForAfterSixtyDaysAndNotBefore) {
  const int64_t day59 = kEnrolledMs + 59 * kDayMs, day61 = kEnrolledMs + 61 * kDayMs;
  const auto renewal = Opened();
  EXPECT_FALSE(Renewed(renewal->AtContact(day59)));
  EXPECT_EQ(asked_, 0);
  EXPECT_EQ(renewal->ends_ms(), kEnrolledMs + 400 * kDayMs);
  answers_ = {Issue(Key(), day61)};
  EXPECT_TRUE(Renewed(renewal->AtContact(day61)));
  EXPECT_EQ(renewal->ends_ms(), day61 + 400 * kDayMs);
  // It is what the next start connects with, and good for the key that is there.
  EXPECT_EQ(OnDisk()->certificate_ends_ms(), day61 + 400 * kDayMs);
  EXPECT_EQ(OnDisk()->device(), seal::DeviceIdOf(Key().PublicKey()));
  EXPECT_FALSE(Renewed(renewal->AtContact(day61 + kDayMs)));
  EXPECT_FALSE(Renewed(Opened()->AtContact(day61 + kDayMs)));
  EXPECT_EQ(asked_, 1);
}

TEST_F(RenewalTest, WhatFailsIsAskedAgainAnHourLater) {
  const int64_t now = kEnrolledMs + 100 * kDayMs;
  const auto renewal = Opened();
  EXPECT_THAT(renewal->AtContact(now), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_FALSE(Renewed(renewal->AtContact(now + kDayMs / 48)));
  EXPECT_EQ(asked_, 1);
  answers_ = {Issue(Key(), now)};
  EXPECT_TRUE(Renewed(renewal->AtContact(now + kDayMs / 24)));
}

TEST_F(RenewalTest, OneAnswerFromAWrongClockStopsNothing) {
  const int64_t now = kEnrolledMs + 100 * kDayMs;
  const auto renewal = Opened();
  EXPECT_THAT(renewal->AtContact(now + 40'000 * kDayMs), StatusIs(absl::StatusCode::kUnavailable));
  answers_ = {Issue(Key(), now)};
  EXPECT_TRUE(Renewed(renewal->AtContact(now)));
}

// Two processes share a directory: the later one leaves what the other has fetched.
TEST_F(RenewalTest, ALongerOneThatIsThereStays) {
  const int64_t now = kEnrolledMs + 100 * kDayMs;
  const auto first = Opened();
  const auto second = Opened();
  answers_ = {Issue(Key(), now + kDayMs), Issue(Key(), now)};
  EXPECT_TRUE(Renewed(first->AtContact(now)));
  EXPECT_TRUE(Renewed(second->AtContact(now)));
  EXPECT_EQ(OnDisk()->certificate_ends_ms(), now + kDayMs + 400 * kDayMs);
}

TEST_F(RenewalTest, NothingElseIsTakenForACertificate) {
  const tests::Workspace elsewhere;
  const Authority other = *Authority::Create(elsewhere / "ca", "VKSND tỉnh Sông Mây",
                                             absl::FromUnixMillis(kEnrolledMs));
  const int64_t now = kEnrolledMs + 100 * kDayMs;
  const std::string before = OnDisk()->certificate_pem();
  const std::vector<std::string> wrong = {
      "",
      "garbage",
      Issue(*seal::SigningKey::Generate(), now),
      other.RenewDevice(Key().PublicKey(), absl::FromUnixMillis(now))->cert_der,
      Issue(Key(), kEnrolledMs),           // as good as the one there is
      Issue(Key(), kEnrolledMs - kDayMs),  // ends before it
      Issue(Key(), kEnrolledMs + kDayMs / 2),
      authority_.certificate_der(),
  };
  for (const std::string& answer : wrong) {
    answers_ = {answer};
    EXPECT_THAT(Opened()->AtContact(now), StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_EQ(OnDisk()->certificate_pem(), before);
  }
  EXPECT_EQ(asked_, static_cast<int>(wrong.size()));
}

// The authority's last year: there is nothing longer to be had, and it is not asked for each time.
TEST_F(RenewalTest, IsNotAskedForPastTheAuthoritysOwnEnd) {
  const int64_t end_ms = absl::ToUnixMillis(authority_.not_after());
  Enrol(end_ms - 30 * kDayMs);
  EXPECT_EQ(OnDisk()->certificate_ends_ms(), end_ms);
  EXPECT_FALSE(Renewed(Opened()->AtContact(end_ms - 20 * kDayMs)));
  EXPECT_EQ(asked_, 0);
}

}  // namespace
}  // namespace sotay::server
