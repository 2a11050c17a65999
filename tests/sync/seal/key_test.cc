#include "sync/seal/key.h"

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "sync/seal/openssl.h"
#include "sync/seal/whole_file.h"

namespace sotay::seal {
namespace {

// The P-256 key of RFC 6979, A.2.5, and its signatures with SHA-256 of "sample" and "test".
constexpr char kX[] = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6";
constexpr char kY[] = "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
constexpr char kSampleR[] = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716";
constexpr char kSampleS[] = "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
constexpr char kTestR[] = "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367";
constexpr char kTestS[] = "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083";
constexpr char kOrder[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
constexpr char kSpkiHead[] = "3059301306072a8648ce3d020106082a8648ce3d030107034200";

std::string Bin(absl::string_view hex) { return absl::HexStringToBytes(hex); }

std::string RfcSpki() { return Bin(absl::StrCat(kSpkiHead, "04", kX, kY)); }

// order - s: the other s that signs the same.
std::string Mirrored(absl::string_view s) {
  const BnPtr order(BN_bin2bn(Bytes(Bin(kOrder)), 32, nullptr));
  const BnPtr low(BN_bin2bn(Bytes(s), 32, nullptr));
  BN_sub(low.get(), order.get(), low.get());
  std::string out(32, '\0');
  BN_bn2binpad(low.get(), Bytes(out), 32);
  return out;
}

std::string SpkiOf(EVP_PKEY* key) { return DerOf<EVP_PKEY>(i2d_PUBKEY, key); }

std::string PemOf(EVP_PKEY* key) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return WrittenTo(bio.get());
}

// A directory that goes with the test.
class KeyFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = absl::StrCat(testing::TempDir(), "/seal_key_XXXXXX");
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    dir_ = name;
    path_ = dir_ + "/device.key";
  }
  void TearDown() override {
    ::unlink(path_.c_str());
    ::rmdir(dir_.c_str());
  }
  std::string dir_;
  std::string path_;
};

TEST(VerifyingKey, AcceptsThePublishedSignature) {
  const auto key = VerifyingKey::From(RfcSpki());
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ(key->spki(), RfcSpki());
  EXPECT_TRUE(key->Verify("test", Bin(absl::StrCat(kTestR, kTestS))));
  EXPECT_FALSE(key->Verify("tesu", Bin(absl::StrCat(kTestR, kTestS))));
}

TEST(VerifyingKey, RefusesTheHighTwinOfASignature) {
  const VerifyingKey key = *VerifyingKey::From(RfcSpki());
  // The published one for "sample" has a high s; its mirror image is the one taken here.
  EXPECT_FALSE(key.Verify("sample", Bin(absl::StrCat(kSampleR, kSampleS))));
  EXPECT_TRUE(key.Verify("sample", Bin(kSampleR) + Mirrored(Bin(kSampleS))));
  EXPECT_FALSE(key.Verify("test", Bin(kTestR) + Mirrored(Bin(kTestS))));
}

TEST(VerifyingKey, RefusesSignaturesOfTheWrongShape) {
  const VerifyingKey key = *VerifyingKey::From(RfcSpki());
  const std::string good = Bin(absl::StrCat(kTestR, kTestS));
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(key.Verify("test", good.substr(0, size))) << size;
  }
  EXPECT_FALSE(key.Verify("test", good + '\0'));
  // DER, as most libraries write it.
  EXPECT_FALSE(key.Verify("test", Bin(absl::StrCat("3045022100", kTestR, "0220", kTestS))));
  const std::string zero(32, '\0');
  EXPECT_FALSE(key.Verify("test", zero + zero));
  EXPECT_FALSE(key.Verify("test", zero + Bin(kTestS)));
  EXPECT_FALSE(key.Verify("test", Bin(kTestR) + zero));
  EXPECT_FALSE(key.Verify("test", Bin(kOrder) + Bin(kTestS)));
  EXPECT_FALSE(key.Verify("test", std::string(32, '\xff') + Bin(kTestS)));
  EXPECT_FALSE(key.Verify("", good));
}

TEST(VerifyingKey, TakesNoOtherAlgorithmOrCurve) {
  const PkeyPtr p384(EVP_EC_gen("P-384"));
  const PkeyPtr k256(EVP_EC_gen("secp256k1"));
  const PkeyPtr rsa(EVP_RSA_gen(2048));
  const PkeyPtr ed25519(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  for (EVP_PKEY* key : {p384.get(), k256.get(), rsa.get(), ed25519.get()}) {
    ASSERT_NE(key, nullptr);
    EXPECT_TRUE(absl::IsInvalidArgument(VerifyingKey::From(SpkiOf(key)).status()));
    EXPECT_TRUE(absl::IsInvalidArgument(SigningKey::FromPem(PemOf(key)).status()));
  }
}

TEST(VerifyingKey, TakesOneEncodingOfAKeyOnly) {
  const auto refused = [](const std::string& spki) {
    return absl::IsInvalidArgument(VerifyingKey::From(spki).status());
  };
  // y is odd, so 03 x is the same point compressed, and 07 x y the same in hybrid form.
  EXPECT_TRUE(
      refused(Bin(absl::StrCat("3039301306072a8648ce3d020106082a8648ce3d030107032200", "03", kX))));
  EXPECT_TRUE(refused(Bin(absl::StrCat(kSpkiHead, "07", kX, kY))));
  EXPECT_TRUE(refused(RfcSpki() + '\0'));
  for (size_t size = 0; size < RfcSpki().size(); ++size) {
    EXPECT_TRUE(refused(RfcSpki().substr(0, size))) << size;
  }
  // The same curve spelled out instead of named.
  const PkeyPtr key(EVP_EC_gen("P-256"));
  ASSERT_EQ(EVP_PKEY_set_utf8_string_param(key.get(), "encoding", "explicit"), 1);
  const std::string spelled_out = SpkiOf(key.get());
  ASSERT_GT(spelled_out.size(), 200u);
  EXPECT_TRUE(refused(spelled_out));
}

TEST(VerifyingKey, RefusesPointsOffTheCurve) {
  std::string spki = RfcSpki();
  for (size_t i = 27; i < spki.size(); ++i) {
    spki[i] = static_cast<char>(spki[i] ^ 1);
    // Half of all x have a point, but not with this y.
    EXPECT_FALSE(VerifyingKey::From(spki).ok()) << i;
    spki[i] = static_cast<char>(spki[i] ^ 1);
  }
  EXPECT_FALSE(VerifyingKey::From(Bin(absl::StrCat(kSpkiHead, "04")) + std::string(64, '\0')).ok());
}

TEST(VerifyingKey, LeavesNoErrorForTheNextUserOfOpenssl) {
  ERR_clear_error();
  EXPECT_FALSE(VerifyingKey::From("garbage").ok());
  EXPECT_FALSE(VerifyingKey::From(Bin(absl::StrCat(kSpkiHead, "04")) + std::string(64, 1)).ok());
  EXPECT_FALSE(SigningKey::FromPem("garbage").ok());
  EXPECT_FALSE(SigningKey::FromDer("garbage").ok());
  EXPECT_FALSE(VerifyingKey::From(RfcSpki())->Verify("x", std::string(64, 1)));
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST(SigningKey, SignsWithALowSEachTimeAnew) {
  const SigningKey key = *SigningKey::Generate();
  const std::string half = Bin("7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8");
  std::string last;
  for (int i = 0; i < 64; ++i) {
    const auto signature = key.Sign("Biên bản phiên tòa");
    ASSERT_TRUE(signature.ok()) << signature.status();
    ASSERT_EQ(signature->size(), 64u);
    EXPECT_LE(signature->substr(32), half);
    EXPECT_NE(*signature, last);
    EXPECT_TRUE(key.verifying_key().Verify("Biên bản phiên tòa", *signature));
    last = *signature;
  }
}

TEST(SigningKey, IsNotVerifiedByAnother) {
  const SigningKey one = *SigningKey::Generate();
  const SigningKey two = *SigningKey::Generate();
  EXPECT_NE(one.PublicKey(), two.PublicKey());
  EXPECT_FALSE(two.verifying_key().Verify("text", *one.Sign("text")));
}

TEST(SigningKey, SignsNoEmptyText) {
  EXPECT_TRUE(absl::IsInvalidArgument(SigningKey::Generate()->Sign("").status()));
}

TEST(VerifyingKey, TakesNoSignatureOfAnEmptyText) {
  // A good one, made by OpenSSL itself, turned into r ‖ s with a low s.
  const SigningKey key = *SigningKey::Generate();
  std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
  ASSERT_EQ(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.pkey()), 1);
  std::string der(80, '\0');
  size_t size = der.size();
  ASSERT_EQ(EVP_DigestSign(context.get(), Bytes(der), &size, Bytes("x"), 0), 1);
  const EcdsaSigPtr parsed = FromDer<EcdsaSigPtr>(d2i_ECDSA_SIG, der.substr(0, size));
  ASSERT_NE(parsed, nullptr);
  std::string r(32, '\0');
  std::string s(32, '\0');
  ASSERT_EQ(BN_bn2binpad(ECDSA_SIG_get0_r(parsed.get()), Bytes(r), 32), 32);
  ASSERT_EQ(BN_bn2binpad(ECDSA_SIG_get0_s(parsed.get()), Bytes(s), 32), 32);
  EXPECT_FALSE(key.verifying_key().Verify("", r + s));
  EXPECT_FALSE(key.verifying_key().Verify("", r + Mirrored(s)));
}

TEST(SigningKey, SurvivesPemAndDer) {
  const SigningKey key = *SigningKey::Generate();
  const auto from_pem = SigningKey::FromPem(*key.Pem());
  const auto from_der = SigningKey::FromDer(*key.Der());
  ASSERT_TRUE(from_pem.ok()) << from_pem.status();
  ASSERT_TRUE(from_der.ok()) << from_der.status();
  EXPECT_EQ(from_pem->PublicKey(), key.PublicKey());
  EXPECT_EQ(from_der->PublicKey(), key.PublicKey());
  EXPECT_TRUE(key.verifying_key().Verify("text", *from_der->Sign("text")));
  EXPECT_TRUE(absl::StartsWith(*key.Pem(), "-----BEGIN PRIVATE KEY-----\n"));
}

TEST(SigningKey, IsNotTakenCutShortOrDamaged) {
  const std::string der = *SigningKey::Generate()->Der();
  for (size_t size = 0; size < der.size(); ++size) {
    EXPECT_TRUE(absl::IsInvalidArgument(SigningKey::FromDer(der.substr(0, size)).status())) << size;
  }
  EXPECT_FALSE(SigningKey::FromDer(der + '\0').ok());
  // Every flipped byte of the scalar and the point, which are the last 36 … and 65 … bytes.
  for (size_t i = der.size() - 65; i < der.size(); ++i) {
    std::string damaged = der;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    EXPECT_FALSE(SigningKey::FromDer(damaged).ok()) << i;
  }
  for (size_t i = 36; i < 36 + 32; ++i) {
    std::string damaged = der;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    EXPECT_FALSE(SigningKey::FromDer(damaged).ok()) << i;
  }
}

TEST(SigningKey, AsksNobodyForAPassPhrase) {
  const PkeyPtr key(EVP_EC_gen("P-256"));
  const BioPtr bio(BIO_new(BIO_s_mem()));
  char phrase[] = "bí mật";
  ASSERT_EQ(PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), EVP_aes_256_cbc(), phrase,
                                          sizeof(phrase) - 1, nullptr, nullptr),
            1);
  const auto refused = SigningKey::FromPem(WrittenTo(bio.get()));
  EXPECT_TRUE(absl::IsInvalidArgument(refused.status()));
  EXPECT_TRUE(absl::StrContains(refused.status().message(), "pass phrase"));
}

TEST(SigningKey, ServesManyThreadsAtOnce) {
  const SigningKey key = *SigningKey::Generate();
  std::vector<int> wrong(4, 0);
  std::vector<std::thread> threads;
  for (int& count : wrong) {
    threads.emplace_back([&count, &key] {
      for (int i = 0; i < 100; ++i) {
        const std::string text = absl::StrCat("push ", i);
        count += key.verifying_key().Verify(text, *key.Sign(text)) ? 0 : 1;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

TEST_F(KeyFile, KeepsTheKeyForItsOwnerAlone) {
  const SigningKey key = *SigningKey::Generate();
  const mode_t mask = ::umask(0);
  ASSERT_TRUE(key.Save(path_).ok());
  ::umask(mask);
  struct stat about {};
  ASSERT_EQ(::stat(path_.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777, 0600u);
  const auto loaded = SigningKey::Load(path_);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->PublicKey(), key.PublicKey());
  // Nothing beside it is left.
  EXPECT_NE(::access((path_ + ".new").c_str(), F_OK), 0);
}

TEST_F(KeyFile, IsReplacedWhole) {
  const SigningKey first = *SigningKey::Generate();
  const SigningKey second = *SigningKey::Generate();
  ASSERT_TRUE(first.Save(path_).ok());
  ASSERT_TRUE(second.Save(path_).ok());
  EXPECT_EQ(SigningKey::Load(path_)->PublicKey(), second.PublicKey());
}

TEST_F(KeyFile, IsRefusedWhenStrangersCanReadIt) {
  ASSERT_TRUE(SigningKey::Generate()->Save(path_).ok());
  for (mode_t mode : {0644, 0604, 0602, 0620, 0666}) {
    ASSERT_EQ(::chmod(path_.c_str(), mode), 0);
    EXPECT_TRUE(absl::IsFailedPrecondition(SigningKey::Load(path_).status())) << mode;
  }
  ASSERT_EQ(::chmod(path_.c_str(), 0640), 0);
  EXPECT_TRUE(SigningKey::Load(path_).ok());
}

TEST_F(KeyFile, SaysWhenItIsMissingOrNoKey) {
  EXPECT_TRUE(absl::IsNotFound(SigningKey::Load(path_).status()));
  ASSERT_TRUE(WriteWholeFile(path_, "not a key\n", 0600).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(SigningKey::Load(path_).status()));
  ASSERT_TRUE(WriteWholeFile(path_, std::string(1 << 20, 'x'), 0600).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(SigningKey::Load(path_).status()));
}

TEST(CertificateRequest, IsSignedByItsKeyUnderTheName) {
  const SigningKey key = *SigningKey::Generate();
  const auto der = MakeCertificateRequest(key, "Máy của Nguyễn Ưu Đàm");
  ASSERT_TRUE(der.ok()) << der.status();
  const X509ReqPtr request = FromDer<X509ReqPtr>(d2i_X509_REQ, *der);
  ASSERT_NE(request, nullptr);
  EXPECT_EQ(X509_REQ_verify(request.get(), key.pkey()), 1);
  EXPECT_EQ(DerOf<X509_PUBKEY>(i2d_X509_PUBKEY, X509_REQ_get_X509_PUBKEY(request.get())),
            key.PublicKey());
  EXPECT_TRUE(absl::StrContains(*der, "Máy của Nguyễn Ưu Đàm"));
}

TEST(CertificateRequest, TakesNamesUpTo64Letters) {
  const SigningKey key = *SigningKey::Generate();
  std::string name;
  for (int i = 0; i < 64; ++i) name += "Đ";
  EXPECT_TRUE(MakeCertificateRequest(key, "").ok());
  EXPECT_TRUE(MakeCertificateRequest(key, name).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(MakeCertificateRequest(key, name + "Đ").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(MakeCertificateRequest(key, "\xc3\x28").status()));
}

}  // namespace
}  // namespace sotay::seal
