#include "server/authority.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "sync/seal/certificate.h"
#include "sync/seal/digest.h"
#include "sync/seal/openssl.h"
#include "sync/seal/whole_file.h"

namespace sotay::server {
namespace {

using seal::DerOf;
using seal::FromDer;
using seal::PkeyPtr;
using seal::SigningKey;
using seal::X509Ptr;
using seal::X509ReqPtr;

const absl::Time kNow = absl::FromUnixSeconds(1'793'862'900);  // 2026-11-05 01:55 UTC
constexpr absl::Duration kDay = absl::Hours(24);
// A phone that forgot what day it is accepts them.
const absl::Time kLongAgo = absl::FromCivil(absl::CivilDay(2000, 1, 1), absl::UTCTimeZone());

X509Ptr Parse(const std::string& der) { return FromDer<X509Ptr>(d2i_X509, der); }
X509Ptr ParsePem(const std::string& pem) { return Parse(*seal::CertificateDerOfPem(pem)); }

// OpenSSL's verdict on the chain from `leaf` to `authority` at that time, for a purpose.
int Verdict(X509* leaf, const Authority& authority, absl::Time at, int purpose) {
  const X509Ptr root = Parse(authority.certificate_der());
  X509_STORE* store = X509_STORE_new();
  X509_STORE_add_cert(store, root.get());
  X509_STORE_CTX* context = X509_STORE_CTX_new();
  X509_STORE_CTX_init(context, store, leaf, nullptr);
  X509_VERIFY_PARAM* const parameters = X509_STORE_CTX_get0_param(context);
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_X509_STRICT);
  X509_VERIFY_PARAM_set_time(parameters, absl::ToTimeT(at));
  X509_STORE_CTX_set_purpose(context, purpose);
  X509_verify_cert(context);
  const int verdict = X509_STORE_CTX_get_error(context);
  X509_STORE_CTX_free(context);
  X509_STORE_free(store);
  return verdict;
}

std::string Serial(X509* certificate) {
  return DerOf<ASN1_INTEGER>(i2d_ASN1_INTEGER, X509_get0_serialNumber(certificate));
}

// A request for `subject`, signed by `signer`; equal keys make an honest one.
std::string Request(EVP_PKEY* subject, EVP_PKEY* signer, const EVP_MD* hash) {
  const X509ReqPtr request(X509_REQ_new());
  X509_REQ_set_pubkey(request.get(), subject);
  EXPECT_GT(X509_REQ_sign(request.get(), signer, hash), 0);
  return DerOf<X509_REQ>(i2d_X509_REQ, request.get());
}

class AuthorityTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = absl::StrCat(::testing::TempDir(), "/authority_XXXXXX");
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    dir_ = name;
  }
  void TearDown() override {
    for (const char* sub : {"", "/other"}) {
      for (const char* file : {"/ca.key", "/ca.crt"}) {
        ::unlink(absl::StrCat(dir_, sub, file).c_str());
      }
    }
    ::rmdir((dir_ + "/other").c_str());
    ::rmdir(dir_.c_str());
  }

  Authority Make() {
    auto made = Authority::Create(dir_, "VKSND khu vực 1 – Sông Mây", kNow);
    EXPECT_TRUE(made.ok()) << made.status();
    return *std::move(made);
  }
  Authority MakeOther() {
    return *Authority::Create(dir_ + "/other", "VKSND khu vực 1 – Sông Mây", kNow);
  }
  mode_t ModeOf(const std::string& file) {
    struct stat about {};
    EXPECT_EQ(::stat((dir_ + file).c_str(), &about), 0);
    return about.st_mode & 07777;
  }

  std::string dir_;
};

TEST_F(AuthorityTest, IsMadeOnceAndOpenedAgain) {
  EXPECT_TRUE(absl::IsNotFound(Authority::Open(dir_).status()));
  const Authority made = Make();
  EXPECT_EQ(ModeOf("/ca.key"), 0600u);
  EXPECT_EQ(ModeOf("/ca.crt"), 0644u);
  EXPECT_TRUE(absl::IsAlreadyExists(Authority::Create(dir_, "Khác", kNow).status()));

  const auto opened = Authority::Open(dir_);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->certificate_der(), made.certificate_der());
  EXPECT_EQ(opened->certificate_pem(), made.certificate_pem());
  EXPECT_EQ(opened->not_after(), made.not_after());
  EXPECT_EQ(seal::CertificateDerOfPem(made.certificate_pem()).value(), made.certificate_der());
}

TEST_F(AuthorityTest, MakesItsDirectoryForItselfAlone) {
  MakeOther();
  EXPECT_EQ(ModeOf("/other"), 0700u);
  EXPECT_TRUE(absl::IsNotFound(Authority::Create(dir_ + "/no/such", "x", kNow).status()));
}

TEST_F(AuthorityTest, SignsEndpointsForTwentyYearsAndNoFurtherAuthority) {
  const Authority authority = Make();
  const X509Ptr root = Parse(authority.certificate_der());
  EXPECT_EQ(X509_check_ca(root.get()), 1);
  EXPECT_EQ(X509_get_pathlen(root.get()), 0);
  EXPECT_EQ(X509_get_key_usage(root.get()), uint32_t{KU_KEY_CERT_SIGN | KU_CRL_SIGN});
  const auto read = *seal::ReadCertificate(authority.certificate_der());
  EXPECT_EQ(absl::FromUnixMillis(read.not_before_ms), kLongAgo);
  const absl::CivilDay last = absl::ToCivilDay(authority.not_after(), absl::UTCTimeZone());
  EXPECT_EQ(last, absl::CivilDay(2046, 11, 5));
  EXPECT_EQ(Verdict(root.get(), authority, kNow, X509_PURPOSE_ANY), X509_V_OK);
}

TEST_F(AuthorityTest, TakesOrganisationNamesUpTo64Letters) {
  std::string name;
  for (int i = 0; i < 65; ++i) name += "Đ";
  EXPECT_TRUE(absl::IsInvalidArgument(Authority::Create(dir_, name, kNow).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Authority::Create(dir_, "", kNow).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Authority::Create(dir_, "\xc3\x28", kNow).status()));
  EXPECT_TRUE(Authority::Create(dir_, name.substr(2), kNow).ok());
}

TEST_F(AuthorityTest, FinishesWhatWasCutShortWithTheSameKey) {
  const SigningKey key = *SigningKey::Generate();
  ASSERT_TRUE(key.Save(dir_ + "/ca.key").ok());
  const Authority authority = Make();
  EXPECT_EQ(seal::SpkiOfCertificateDer(authority.certificate_der()).value(), key.PublicKey());
}

TEST_F(AuthorityTest, DoesNotOpenDamagedOrForeignFiles) {
  const Authority authority = Make();
  const Authority other = MakeOther();
  const std::string certificate = dir_ + "/ca.crt";
  const std::string key = dir_ + "/ca.key";

  ASSERT_TRUE(seal::WriteWholeFile(certificate, "garbage", 0644).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(Authority::Open(dir_).status()));
  ASSERT_TRUE(seal::WriteWholeFile(certificate, other.certificate_pem(), 0644).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(Authority::Open(dir_).status()));
  // A certificate of its own key, but an endpoint's.
  const std::string endpoint = *authority.IssueServer({"localhost"}, *SigningKey::Load(key), kNow);
  ASSERT_TRUE(seal::WriteWholeFile(certificate, endpoint, 0644).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(Authority::Open(dir_).status()));

  ASSERT_TRUE(seal::WriteWholeFile(certificate, authority.certificate_pem(), 0644).ok());
  ASSERT_TRUE(Authority::Open(dir_).ok());
  ASSERT_EQ(::chmod(key.c_str(), 0644), 0);
  EXPECT_TRUE(absl::IsFailedPrecondition(Authority::Open(dir_).status()));
  ASSERT_EQ(::unlink(key.c_str()), 0);
  EXPECT_TRUE(absl::IsNotFound(Authority::Open(dir_).status()));
}

TEST_F(AuthorityTest, CertifiesAServerUnderItsNames) {
  const Authority authority = Make();
  const SigningKey key = *SigningKey::Generate();
  const auto pem = authority.IssueServer(
      {"sotay.song-may.example", "localhost", "10.1.2.3", "fd00::7"}, key, kNow);
  ASSERT_TRUE(pem.ok()) << pem.status();
  const X509Ptr leaf = ParsePem(*pem);
  EXPECT_EQ(Verdict(leaf.get(), authority, kNow, X509_PURPOSE_SSL_SERVER), X509_V_OK);
  EXPECT_EQ(Verdict(leaf.get(), authority, kNow, X509_PURPOSE_SSL_CLIENT),
            X509_V_ERR_INVALID_PURPOSE);
  EXPECT_EQ(Verdict(leaf.get(), authority, kNow - 9'000 * kDay, X509_PURPOSE_SSL_SERVER), X509_V_OK)
      << "nothing is refused for a phone's clock";
  EXPECT_EQ(X509_check_host(leaf.get(), "sotay.song-may.example", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(leaf.get(), "localhost", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(leaf.get(), "evil.example", 0, 0, nullptr), 0);
  EXPECT_EQ(X509_check_ip_asc(leaf.get(), "10.1.2.3", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(leaf.get(), "fd00:0::7", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(leaf.get(), "10.1.2.4", 0), 0);

  const auto read = *seal::ReadCertificate(*seal::CertificateDerOfPem(*pem));
  EXPECT_EQ(read.spki, key.PublicKey());
  EXPECT_EQ(absl::FromUnixMillis(read.not_before_ms), kLongAgo);
  EXPECT_EQ(absl::FromUnixMillis(read.not_after_ms), kNow + 825 * kDay);
}

TEST_F(AuthorityTest, RefusesWhatIsNeitherNameNorAddress) {
  const Authority authority = Make();
  const SigningKey key = *SigningKey::Generate();
  for (const std::string& name :
       {std::string(), std::string("a b"), std::string("-a.example"), std::string("a..b"),
        std::string("a.example."), std::string("10.1.2"), std::string("10.1.2.300"),
        std::string("sổtay.example"), std::string("a\0.example", 10), std::string("*.example"),
        std::string("a.example:7443"), std::string("x,DNS:y"), std::string(64, 'a'),
        std::string(300, 'a')}) {
    const auto refused = authority.IssueServer({"localhost", name}, key, kNow);
    EXPECT_TRUE(absl::IsInvalidArgument(refused.status())) << name;
    EXPECT_LT(refused.status().message().size(), 400u);
  }
  EXPECT_TRUE(absl::IsInvalidArgument(authority.IssueServer({}, key, kNow).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      authority.IssueServer(std::vector<std::string>(65, "a.example"), key, kNow).status()));
  // A name too long to be the common one is still a name.
  const std::string longest = std::string(63, 'a') + "." + std::string(63, 'b') + ".example";
  const auto pem = authority.IssueServer({longest}, key, kNow);
  ASSERT_TRUE(pem.ok()) << pem.status();
  EXPECT_EQ(X509_check_host(ParsePem(*pem).get(), longest.c_str(), 0, 0, nullptr), 1);
}

TEST_F(AuthorityTest, CertifiesADeviceUnderItsIdWhateverItCallsItself) {
  const Authority authority = Make();
  const SigningKey key = *SigningKey::Generate();
  const auto issued =
      authority.IssueDevice(*seal::MakeCertificateRequest(key, "sotay-bootstrap"), kNow);
  ASSERT_TRUE(issued.ok()) << issued.status();
  EXPECT_EQ(issued->spki, key.PublicKey());
  EXPECT_EQ(issued->device, seal::DeviceIdOf(key.PublicKey()));
  const auto read = *seal::ReadCertificate(issued->cert_der);
  EXPECT_EQ(read.spki, key.PublicKey());
  EXPECT_EQ(read.common_name, issued->device.Hex());
  EXPECT_EQ(absl::FromUnixMillis(read.not_before_ms), kLongAgo);
  EXPECT_EQ(absl::FromUnixMillis(read.not_after_ms), kNow + 400 * kDay);

  const X509Ptr leaf = Parse(issued->cert_der);
  EXPECT_EQ(Verdict(leaf.get(), authority, kNow, X509_PURPOSE_SSL_CLIENT), X509_V_OK);
  EXPECT_EQ(Verdict(leaf.get(), authority, kNow, X509_PURPOSE_SSL_SERVER),
            X509_V_ERR_INVALID_PURPOSE);
  EXPECT_EQ(X509_check_ca(leaf.get()), 0);
  // A phone whose clock is years slow, and one that comes too late.
  EXPECT_EQ(Verdict(leaf.get(), authority, kNow - 9'000 * kDay, X509_PURPOSE_SSL_CLIENT),
            X509_V_OK);
  EXPECT_EQ(Verdict(leaf.get(), authority, kNow + 401 * kDay, X509_PURPOSE_SSL_CLIENT),
            X509_V_ERR_CERT_HAS_EXPIRED);
}

TEST_F(AuthorityTest, DoesNotVouchForAnothersCertificates) {
  const Authority authority = Make();
  const Authority other = MakeOther();  // of the same name
  const SigningKey key = *SigningKey::Generate();
  const std::string request = *seal::MakeCertificateRequest(key, "");
  const X509Ptr foreign = Parse(other.IssueDevice(request, kNow)->cert_der);
  EXPECT_EQ(Verdict(foreign.get(), other, kNow, X509_PURPOSE_SSL_CLIENT), X509_V_OK);
  EXPECT_NE(Verdict(foreign.get(), authority, kNow, X509_PURPOSE_SSL_CLIENT), X509_V_OK);
  // Nor for its own with a bit of the signature flipped.
  std::string damaged = authority.IssueDevice(request, kNow)->cert_der;
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  EXPECT_NE(Verdict(Parse(damaged).get(), authority, kNow, X509_PURPOSE_SSL_CLIENT), X509_V_OK);
}

TEST_F(AuthorityTest, TakesNoOtherKeysThanP256) {
  const Authority authority = Make();
  const PkeyPtr p384(EVP_EC_gen("P-384"));
  const PkeyPtr rsa(EVP_RSA_gen(2048));
  for (EVP_PKEY* key : {p384.get(), rsa.get()}) {
    const std::string request = Request(key, key, EVP_sha256());
    ASSERT_LE(request.size(), kCertificateRequestBytesMax);
    EXPECT_TRUE(absl::IsInvalidArgument(authority.IssueDevice(request, kNow).status()));
  }
}

TEST_F(AuthorityTest, TakesNoRequestTheKeyDidNotSign) {
  const Authority authority = Make();
  const SigningKey key = *SigningKey::Generate();
  const SigningKey thief = *SigningKey::Generate();
  EXPECT_TRUE(authority.IssueDevice(Request(key.pkey(), key.pkey(), EVP_sha256()), kNow).ok());
  EXPECT_TRUE(authority.IssueDevice(Request(key.pkey(), key.pkey(), EVP_sha512()), kNow).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(
      authority.IssueDevice(Request(key.pkey(), thief.pkey(), EVP_sha256()), kNow).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      authority.IssueDevice(Request(key.pkey(), key.pkey(), EVP_sha1()), kNow).status()));
}

TEST_F(AuthorityTest, TakesNoGarbageAndNoRequestCutShortOrDamagedAnywhere) {
  ERR_clear_error();
  const Authority authority = Make();
  const std::string request =
      *seal::MakeCertificateRequest(*SigningKey::Generate(), "Máy của Đỗ Mây Hạ");
  const auto refused = [&authority](const std::string& bytes) {
    return absl::IsInvalidArgument(authority.IssueDevice(bytes, kNow).status());
  };
  for (size_t i = 0; i < request.size(); ++i) {
    EXPECT_TRUE(refused(request.substr(0, i))) << i;
    for (int flip : {0x01, 0x80}) {
      std::string damaged = request;
      damaged[i] = static_cast<char>(damaged[i] ^ flip);
      EXPECT_TRUE(refused(damaged)) << i;
    }
  }
  EXPECT_TRUE(refused(request + '\0'));
  EXPECT_TRUE(refused("garbage"));
  EXPECT_TRUE(refused(std::string(4096, '0')));
  const auto large = authority.IssueDevice(std::string(4097, '0'), kNow).status();
  EXPECT_TRUE(absl::StrContains(large.message(), "4097 bytes, limit 4096")) << large;
  EXPECT_TRUE(authority.IssueDevice(request, kNow).ok());
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST_F(AuthorityTest, MakesABootstrapKeyThatOutlivesItsCodeByADay) {
  const Authority authority = Make();
  const auto issued = authority.IssueBootstrap(absl::Minutes(15), kNow);
  ASSERT_TRUE(issued.ok()) << issued.status();
  const auto read = *seal::ReadCertificate(issued->cert_der);
  EXPECT_EQ(read.common_name, "sotay-bootstrap");
  EXPECT_EQ(read.spki, issued->spki);
  EXPECT_EQ(absl::FromUnixMillis(read.not_before_ms), kLongAgo);
  EXPECT_EQ(absl::FromUnixMillis(read.not_after_ms), kNow + absl::Minutes(15) + kDay);
  EXPECT_EQ(SigningKey::FromDer(issued->key_der)->PublicKey(), issued->spki);
  const X509Ptr leaf = Parse(issued->cert_der);
  EXPECT_EQ(Verdict(leaf.get(), authority, kNow, X509_PURPOSE_SSL_CLIENT), X509_V_OK);
  EXPECT_EQ(Verdict(leaf.get(), authority, kNow + absl::Hours(24), X509_PURPOSE_SSL_CLIENT),
            X509_V_OK);
  EXPECT_EQ(Verdict(leaf.get(), authority, kNow + absl::Hours(25), X509_PURPOSE_SSL_CLIENT),
            X509_V_ERR_CERT_HAS_EXPIRED);
  EXPECT_NE(authority.IssueBootstrap(absl::Minutes(15), kNow)->spki, issued->spki);
}

TEST_F(AuthorityTest, MakesBootstrapKeysForAWeekAtMost) {
  const Authority authority = Make();
  EXPECT_TRUE(authority.IssueBootstrap(absl::Hours(24 * 7), kNow).ok());
  for (absl::Duration duration :
       {absl::ZeroDuration(), -absl::Seconds(1), absl::Hours(24 * 7) + absl::Seconds(1),
        absl::InfiniteDuration()}) {
    EXPECT_TRUE(absl::IsInvalidArgument(authority.IssueBootstrap(duration, kNow).status()));
  }
}

TEST_F(AuthorityTest, IssuesNothingThatOutlivesIt) {
  const Authority authority = Make();
  const SigningKey key = *SigningKey::Generate();
  const std::string request = *seal::MakeCertificateRequest(key, "");
  const absl::Time late = authority.not_after() - kDay;
  const auto read = *seal::ReadCertificate(authority.IssueDevice(request, late)->cert_der);
  EXPECT_EQ(absl::FromUnixMillis(read.not_after_ms), authority.not_after());
  const absl::Time after = authority.not_after();
  EXPECT_TRUE(absl::IsFailedPrecondition(authority.IssueDevice(request, after).status()));
  EXPECT_TRUE(
      absl::IsFailedPrecondition(authority.IssueServer({"localhost"}, key, after).status()));
  EXPECT_TRUE(
      absl::IsFailedPrecondition(authority.IssueBootstrap(absl::Minutes(15), after).status()));
}

TEST_F(AuthorityTest, ServesManyThreadsAtOnceAndRepeatsNoSerial) {
  const Authority authority = Make();
  std::vector<std::vector<std::string>> issued(4);
  std::vector<std::thread> threads;
  for (std::vector<std::string>& mine : issued) {
    threads.emplace_back([&mine, &authority] {
      const std::string request = *seal::MakeCertificateRequest(*SigningKey::Generate(), "");
      for (int i = 0; i < 25; ++i) mine.push_back(authority.IssueDevice(request, kNow)->cert_der);
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<std::string> serials;
  for (const auto& mine : issued) {
    for (const std::string& der : mine) {
      const X509Ptr leaf = Parse(der);
      EXPECT_EQ(Verdict(leaf.get(), authority, kNow, X509_PURPOSE_SSL_CLIENT), X509_V_OK);
      EXPECT_FALSE(ASN1_STRING_length(X509_get0_serialNumber(leaf.get())) > 16);
      serials.insert(Serial(leaf.get()));
    }
  }
  EXPECT_EQ(serials.size(), 100u);
}

}  // namespace
}  // namespace sotay::server
