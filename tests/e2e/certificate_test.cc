// A device goes on beyond the certificate of its enrolment: it fetches the next one when it meets
// the server after sixty days.  Who was away for more than its 400 days is enrolled anew.  Real
// processes and real TLS; that time has passed, an older certificate of the same authority says.
#include "sync/seal/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "absl/time/clock.h"
#include "mobile-sdk/core/vault.h"
#include "server/authority.h"
#include "tests/e2e/office.h"
#include "tests/support/status_matchers.h"

namespace sotay::tests {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kDam[] = "nguyen-uu-dam";
constexpr int64_t kDayMs = int64_t{24} * 60 * 60 * 1000;

class Certificates : public ::testing::Test {
 protected:
  void SetUp() override {
    office_.StartServer();
    office_.MakeUnit({kDam});
    Must(SOTAY, kDam, {"enroll", office_.Invite(kDam)});
    Must(SOTAY, kDam, {"sync"});
  }

  Ended Try(const std::string& program, const std::string& who,
            const std::vector<std::string>& words) {
    std::vector<std::string> command = {program, "--dir", office_.space() / who, "--lang", "en"};
    command.insert(command.end(), words.begin(), words.end());
    return tests::Run(command);
  }
  json Must(const std::string& program, const std::string& who, std::vector<std::string> words) {
    words.insert(words.begin(), "--json");
    const Ended ended = Try(program, who, words);
    EXPECT_EQ(ended.exit_code, 0) << who << " " << words[1] << ": " << ended.err;
    return json::parse(ended.out, nullptr, /*allow_exceptions=*/false);
  }

  std::shared_ptr<const sdk::Vault> VaultOf(const std::string& who) {
    return *sdk::Vault::Open(office_.space() / who);
  }
  // As if the device had been enrolled so many days ago.
  void EnrolledBefore(const std::string& who, int days) {
    const auto authority = server::Authority::Open(office_.space() / "server/ca");
    ASSERT_THAT(authority, IsOk());
    const auto key = sdk::Vault::KeyFor(office_.space() / who);
    const auto issued =
        authority->RenewDevice(key->PublicKey(), absl::Now() - days * absl::Hours(24));
    ASSERT_THAT(issued, IsOk());
    const sdk::Vault vault(*key, *seal::CertificatePemOfDer(issued->cert_der),
                           authority->certificate_pem());
    ASSERT_THAT(vault.SaveCertificates(office_.space() / who), IsOk());
  }
  // Whole days until the certificate ends.
  int64_t DaysLeft(const std::string& who) {
    return (VaultOf(who)->certificate_ends_ms() - absl::ToUnixMillis(absl::Now())) / kDayMs;
  }

  Office office_;
};

TEST_F(Certificates, OfAPhoneGoOnAtAContactAfterSixtyDays) {
  EnrolledBefore(kDam, 59);
  Must(SOTAY, kDam, {"sync"});
  EXPECT_EQ(DaysLeft(kDam), 340);

  EnrolledBefore(kDam, 61);
  Must(SOTAY, kDam, {"new", "inspection", "kind=custody_place", "place=xã Tân Mây"});
  Must(SOTAY, kDam, {"sync"});
  EXPECT_EQ(DaysLeft(kDam), 399);
  // And it is what opens the way from then on.
  Must(SOTAY, kDam, {"new", "inspection", "kind=custody_place", "place=xã Đồng Mây"});
  Must(SOTAY, kDam, {"sync"});
  const json status = Must(SOTAY, kDam, {"status"});
  EXPECT_EQ(status.value("outbox", -1), 0);
  EXPECT_EQ(status.value("certificate_ends_ms", int64_t{0}), VaultOf(kDam)->certificate_ends_ms());
}

TEST_F(Certificates, OfAConsoleGoOnWithAnyCommand) {
  EnrolledBefore("administrator", 200);
  Must(SOTAYCTL, "administrator", {"users"});
  EXPECT_EQ(DaysLeft("administrator"), 399);
  Must(SOTAYCTL, "administrator", {"users"});
}

TEST_F(Certificates, ThatHaveEndedOpenNothing) {
  EnrolledBefore(kDam, 401);
  Must(SOTAY, kDam, {"new", "inspection", "kind=custody_place", "place=xã Tân Mây"});
  const Ended late = Try(SOTAY, kDam, {"sync"});
  EXPECT_NE(late.exit_code, 0);
  EXPECT_THAT(late.err, HasSubstr("has ended, by its clock"));
  EXPECT_EQ(DaysLeft(kDam), -1);
  // What was written stays, and the phone says what to do.
  EXPECT_EQ(Must(SOTAY, kDam, {"status"}).value("outbox", -1), 1);
  EXPECT_THAT(Try(SOTAY, kDam, {"status"}).out, HasSubstr("enrolled anew"));
  // As the same device, with what it has not sent.
  const std::string device = Must(SOTAY, kDam, {"status"}).value("device", "");
  Must(SOTAY, kDam, {"enroll", office_.Invite(kDam), "--again"});
  EXPECT_EQ(DaysLeft(kDam), 399);
  Must(SOTAY, kDam, {"sync"});
  EXPECT_EQ(Must(SOTAY, kDam, {"status"}).value("outbox", -1), 0);
  EXPECT_EQ(Must(SOTAY, kDam, {"status"}).value("device", ""), device);
}

TEST_F(Certificates, ARevokedDeviceGetsNoOther) {
  EnrolledBefore(kDam, 100);
  const std::string device = Must(SOTAY, kDam, {"status"}).value("device", "");
  office_.Administrator({"revoke", device, "--reason", "mất máy"});
  Try(SOTAY, kDam, {"sync"});
  EXPECT_EQ(DaysLeft(kDam), 299);
}

TEST_F(Certificates, AreToldOfInTime) {
  EnrolledBefore(kDam, 30);
  EXPECT_THAT(Try(SOTAY, kDam, {"status"}).out, Not(HasSubstr("Certificate")));
  EnrolledBefore(kDam, 350);
  EXPECT_THAT(Try(SOTAY, kDam, {"status"}).out, HasSubstr("synchronise before"));
}

}  // namespace
}  // namespace sotay::tests
