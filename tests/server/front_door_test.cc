// Who gets in and who does not, over real sockets and real TLS: a stranger never reaches the
// HTTP/2 parser, whatever papers, version or cipher it tries; who is let in finds the services and
// nothing beside them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/obj_mac.h>
#include <openssl/ssl.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "server/certificate_draft.h"
#include "server/config.h"
#include "server/founding.h"
#include "sotay/v1/admin_service.pb.h"
#include "sync/seal/certificate.h"
#include "sync/seal/whole_file.h"
#include "tests/server/served_office.h"
#include "tests/server/stranger.h"
#include "tests/support/status_matchers.h"

namespace sotay::tests {
namespace {

using options::v1::ROLE_PROSECUTOR;
using std::chrono::milliseconds;

constexpr int kUnimplemented = 12;
constexpr int kNotFound = 5;

// One office for all: nothing here changes it.
class FrontDoorTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { office_ = new ServedOffice(); }
  static void TearDownTestSuite() {
    delete office_;
    office_ = nullptr;
  }

  // The papers of the administrator's device, good for everything.
  static Papers GoodPapers() {
    Papers papers;
    papers.certificate_pem = office_->administrator().address.certificate_pem;
    papers.key_pem = office_->administrator().address.key_pem;
    return papers;
  }
  // A certificate for a new key from that authority, at that time.
  static Papers PapersFrom(const server::Authority& authority, absl::Time now) {
    const auto key = seal::SigningKey::Generate();
    const auto issued = authority.IssueDevice(*seal::MakeCertificateRequest(*key, ""), now);
    EXPECT_TRUE(issued.ok()) << issued.status();
    Papers papers;
    papers.certificate_pem = *seal::CertificatePemOfDer(issued->cert_der);
    papers.key_pem = *key->Pem();
    return papers;
  }
  // That the door stayed shut: no frame of HTTP/2 came back, and the connection ended.
  static void ExpectShut(const Papers& papers) {
    const Attempt attempt = KnockOverTls(office_->port(), papers);
    EXPECT_THAT(attempt.heard, ::testing::IsEmpty());
    EXPECT_TRUE(attempt.closed);
  }

  static ServedOffice* office_;
};

ServedOffice* FrontDoorTest::office_ = nullptr;

TEST_F(FrontDoorTest, OpensToADeviceOverTls13) {
  const Attempt attempt = KnockOverTls(office_->port(), GoodPapers());
  EXPECT_TRUE(attempt.handshake);
  EXPECT_EQ(attempt.version, "TLSv1.3");
  EXPECT_TRUE(BeginsWithSettings(attempt.heard));
}

TEST_F(FrontDoorTest, StaysShutWithoutACertificate) { ExpectShut(Papers()); }

TEST_F(FrontDoorTest, StaysShutToACertificateSignedByItself) {
  const auto key = seal::SigningKey::Generate();
  server::CertificateDraft draft(key->pkey());
  draft.Subject(NID_commonName, "itself");
  draft.Issuer(draft.subject());
  draft.Valid(absl::Now() - absl::Hours(1), absl::Now() + absl::Hours(1));
  draft.ForEndpoint();
  draft.Purpose(NID_client_auth);
  const auto der = draft.Sign(key->pkey());
  ASSERT_THAT(der, IsOk());
  Papers papers;
  papers.certificate_pem = *seal::CertificatePemOfDer(*der);
  papers.key_pem = *key->Pem();
  ExpectShut(papers);
}

TEST_F(FrontDoorTest, StaysShutToAnExpiredCertificate) {
  // Of our own authority, and good until it ended some weeks ago.
  ExpectShut(PapersFrom(office_->authority(), absl::Now() - absl::Hours(24 * 450)));
  EXPECT_TRUE(BeginsWithSettings(
      KnockOverTls(office_->port(),
                   PapersFrom(office_->authority(), absl::Now() - absl::Hours(24 * 390)))
          .heard))
      << "one that ends in some days is good";
}

TEST_F(FrontDoorTest, StaysShutToAnotherAuthorityOfTheSameName) {
  const auto other = server::Authority::Create(office_->space() / "other", "VKSND tỉnh Sông Mây");
  ASSERT_THAT(other, IsOk());
  ExpectShut(PapersFrom(*other, absl::Now()));
}

TEST_F(FrontDoorTest, StaysShutToACertificateThatIsNotForCallers) {
  Papers papers;  // the server's own
  papers.certificate_pem =
      *seal::ReadWholeFile(server::ServerCertificatePath(office_->server_directory()), 65'536);
  papers.key_pem = *seal::ReadWholeFile(server::ServerKeyPath(office_->server_directory()), 65'536);
  ExpectShut(papers);
}

TEST_F(FrontDoorTest, StaysShutToEveryVersionBelowTls13) {
  for (int version : {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION}) {
    Papers papers = GoodPapers();
    papers.version_min = version;
    papers.version_max = version;
    // Everything OpenSSL has, to what offers no secrecy at all.
    papers.ciphers = "ALL:COMPLEMENTOFALL:@SECLEVEL=0";
    const Attempt attempt = KnockOverTls(office_->port(), papers);
    EXPECT_FALSE(attempt.handshake) << version;
    EXPECT_TRUE(attempt.closed) << version;
  }
  // Below 1.3 there is no connection, so there is none to renegotiate; 1.3 has no renegotiation.
}

TEST_F(FrontDoorTest, StaysShutToAWeakSuiteOfTls13) {
  Papers papers = GoodPapers();
  papers.suites = "TLS_AES_128_CCM_8_SHA256";  // eight bytes of tag
  const Attempt attempt = KnockOverTls(office_->port(), papers);
  EXPECT_FALSE(attempt.handshake);
  EXPECT_TRUE(attempt.closed);
}

TEST_F(FrontDoorTest, ShowsAStrangerTheDoorWithinFiveSeconds) {
  std::vector<std::pair<std::string, std::string>> strangers = {
      {"", ""},                                             // says nothing
      {"\x16", std::string("\3\1\2\0\1\0\1\xfc\3\3", 10)},  // one byte of a handshake a second
      {"", std::string(10, '\x16')},                        // the same, late
  };
  std::vector<milliseconds> took(strangers.size());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < strangers.size(); ++i) {
    threads.emplace_back([&, i] {
      took[i] = UntilClosed(office_->port(), strangers[i].first, strangers[i].second,
                            milliseconds(15'000));
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (milliseconds one : took) EXPECT_LT(one.count(), 7'000);
  EXPECT_GT(took[0].count(), 3'000) << "a slow phone has its five seconds";
  // HTTP/2 in the clear is no handshake and is not waited for.
  EXPECT_LT(UntilClosed(office_->port(), Http2Preface(), "", milliseconds(15'000)).count(), 2'000);
}

TEST_F(FrontDoorTest, StillOpensAfterAHundredStrangers) {
  for (int i = 0; i < 100; ++i) KnockOverTls(office_->port(), Papers());
  EXPECT_TRUE(BeginsWithSettings(KnockOverTls(office_->port(), GoodPapers()).heard));
}

TEST_F(FrontDoorTest, HasNoMethodButOurOwn) {
  const auto& address = office_->administrator().address;
  for (const char* method :
       {"/sotay.v1.SyncService/Destroy", "/sotay.v1.NoService/Sync", "/nothing",
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        "/grpc.channelz.v1.Channelz/GetServers", "/grpc.channelz.v1.Channelz/GetTopChannels"}) {
    EXPECT_EQ(ServedOffice::Call(address, method, "").code, kUnimplemented) << method;
  }
  EXPECT_EQ(ServedOffice::Call(address, "/sotay.v1.AdminService/ListAllUnits", "").code, 0);
}

// A request is HealthCheckRequest{service = 1}, an answer HealthCheckResponse{status = 1}.
std::string HealthOf(const std::string& service) {
  return service.empty() ? ""
                         : "\x0a" + std::string(1, static_cast<char>(service.size())) + service;
}

TEST_F(FrontDoorTest, SaysThatItIsWell) {
  const auto& address = office_->administrator().address;
  const char kCheck[] = "/grpc.health.v1.Health/Check";
  for (const char* service : {"", "sotay.v1.SyncService", "sotay.v1.SupervisionService",
                              "sotay.v1.AdminService", "sotay.v1.EnrolmentService"}) {
    const RawAnswer answer = ServedOffice::Call(address, kCheck, HealthOf(service));
    EXPECT_EQ(answer.code, 0) << service << ": " << answer.message;
    EXPECT_EQ(answer.bytes, "\x08\x01") << service;  // SERVING
  }
  EXPECT_EQ(ServedOffice::Call(address, kCheck, HealthOf("sotay.v1.NoService")).code, kNotFound);
}

TEST_F(FrontDoorTest, AnAdministratorsServiceIsNoProsecutors) {
  const auto device = office_->NewDevice("nguyet", {{"vkskv1", ROLE_PROSECUTOR}});
  const RawAnswer refused =
      ServedOffice::Call(device.address, "/sotay.v1.AdminService/ListUsers", "");
  EXPECT_EQ(refused.code, 7);
  EXPECT_EQ(refused.message, "only an administrator may do this");
}

// A supervisor's console reads and never syncs; it has been in contact all the same.
TEST_F(FrontDoorTest, AConsolesCallIsContact) {
  const auto contact_ms = []() -> int64_t {
    const RawAnswer answer = ServedOffice::Call(office_->administrator().address,
                                                "/sotay.v1.AdminService/ListAllDevices", "");
    v1::ListAllDevicesResponse devices;
    EXPECT_TRUE(devices.ParseFromString(answer.bytes));
    for (const v1::DeviceView& device : devices.devices()) {
      if (device.device_id() == office_->administrator().id.view()) {
        return device.last_contact_ms();
      }
    }
    return -1;
  };
  const int64_t before = contact_ms();
  EXPECT_GT(before, 0);
  office_->ahead_ms += 3'600'000;
  EXPECT_GE(contact_ms(), before + 3'600'000);
  office_->ahead_ms -= 3'600'000;
}

}  // namespace
}  // namespace sotay::tests
