#include "sync/seal/certificate.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "sync/seal/key.h"
#include "sync/seal/openssl.h"

namespace sotay::seal {
namespace {

constexpr time_t kFrom = 1'793'856'000;   // 2026-11-05 00:00:00 UTC
constexpr time_t kUntil = 4'102'444'800;  // 2100-01-01, which needs the longer form of a date

// A self-signed certificate of `key` under `common_name`, of version 1 or 3.
std::string Certify(EVP_PKEY* key, absl::string_view common_name, long version = X509_VERSION_3) {
  const X509Ptr certificate(X509_new());
  X509_set_version(certificate.get(), version);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 77);
  X509_set_pubkey(certificate.get(), key);
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()), kFrom);
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), kUntil);
  if (!common_name.empty()) {
    // Around the library's own check of length, as a stranger would.
    X509_NAME_ENTRY* entry =
        X509_NAME_ENTRY_create_by_NID(nullptr, NID_commonName, V_ASN1_UTF8STRING,
                                      Bytes(common_name), static_cast<int>(common_name.size()));
    X509_NAME_add_entry(X509_get_subject_name(certificate.get()), entry, -1, 0);
    X509_NAME_ENTRY_free(entry);
  }
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get()));
  X509_sign(certificate.get(), key, EVP_sha256());
  return DerOf<X509>(i2d_X509, certificate.get());
}

TEST(Certificate, TellsKeyNameAndTimes) {
  const SigningKey key = *SigningKey::Generate();
  const auto read = ReadCertificate(Certify(key.pkey(), "Máy của Bùi Rạng"));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->spki, key.PublicKey());
  EXPECT_EQ(read->common_name, "Máy của Bùi Rạng");
  EXPECT_EQ(read->not_before_ms, int64_t{kFrom} * 1000);
  EXPECT_EQ(read->not_after_ms, int64_t{kUntil} * 1000);
}

TEST(Certificate, FindsTheSameKeyAsOpenssl) {
  const PkeyPtr p256(EVP_EC_gen("P-256"));
  const PkeyPtr p384(EVP_EC_gen("P-384"));
  const PkeyPtr rsa(EVP_RSA_gen(2048));
  for (EVP_PKEY* key : {p256.get(), p384.get(), rsa.get()}) {
    for (long version : {X509_VERSION_1, X509_VERSION_3}) {
      const std::string der = Certify(key, "x", version);
      const std::string expected = DerOf<EVP_PKEY>(i2d_PUBKEY, key);
      EXPECT_EQ(SpkiOfCertificateDer(der).value(), expected);
      EXPECT_EQ(SpkiOfCertificatePem(*CertificatePemOfDer(der)).value(), expected);
      EXPECT_EQ(ReadCertificate(der)->spki, expected);
    }
  }
}

TEST(Certificate, GoesFromDerToPemAndBack) {
  const SigningKey key = *SigningKey::Generate();
  const std::string der = Certify(key.pkey(), "x");
  const auto pem = CertificatePemOfDer(der);
  ASSERT_TRUE(pem.ok()) << pem.status();
  EXPECT_TRUE(absl::StartsWith(*pem, "-----BEGIN CERTIFICATE-----\n"));
  EXPECT_EQ(CertificateDerOfPem(*pem).value(), der);
  // Words around it, and a second one behind it, do not matter.
  const std::string other = *CertificatePemOfDer(Certify(SigningKey::Generate()->pkey(), "y"));
  EXPECT_EQ(CertificateDerOfPem(absl::StrCat("subject=x\n", *pem, other)).value(), der);
  EXPECT_EQ(SpkiOfCertificatePem(absl::StrCat(*key.Pem(), *pem, other)).value(), key.PublicKey());
}

TEST(Certificate, ShowsNamesWithoutHarm) {
  const SigningKey key = *SigningKey::Generate();
  const auto shown = [&key](absl::string_view name) {
    return ReadCertificate(Certify(key.pkey(), name))->common_name;
  };
  EXPECT_EQ(shown(""), "");
  EXPECT_EQ(shown(absl::string_view("a\0b", 3)), "a?b");
  EXPECT_EQ(shown("a\r\nb\x1b[31mc\x7f"), "a??b?[31mc?");
  EXPECT_EQ(shown(std::string(10'000, 'n')), std::string(255, 'n'));
  // 255 is in the middle of the 128th Đ.
  std::string letters;
  for (int i = 0; i < 200; ++i) letters += "Đ";
  EXPECT_EQ(shown(letters), letters.substr(0, 254));
}

TEST(Certificate, IsRefusedCutShortOrWithMoreBehindIt) {
  const std::string der = Certify(SigningKey::Generate()->pkey(), "x");
  for (size_t size = 0; size < der.size(); ++size) {
    const std::string part = der.substr(0, size);
    EXPECT_TRUE(absl::IsInvalidArgument(ReadCertificate(part).status())) << size;
    EXPECT_TRUE(absl::IsInvalidArgument(SpkiOfCertificateDer(part).status())) << size;
    EXPECT_TRUE(absl::IsInvalidArgument(CertificatePemOfDer(part).status())) << size;
  }
  EXPECT_FALSE(ReadCertificate(der + '\0').ok());
  EXPECT_FALSE(SpkiOfCertificateDer(der + '\0').ok());
  EXPECT_FALSE(SpkiOfCertificateDer(std::string(70'000, '0')).ok());
  EXPECT_FALSE(SpkiOfCertificatePem(std::string(70'000, '-')).ok());
}

TEST(Certificate, NeverCrashesOnDamage) {
  const SigningKey key = *SigningKey::Generate();
  const std::string der = Certify(key.pkey(), "x");
  int taken = 0;
  for (size_t i = 0; i < der.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = der;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
      const auto spki = SpkiOfCertificateDer(damaged);
      if (spki.ok() && *spki == key.PublicKey()) ++taken;
      const auto read = ReadCertificate(damaged);
      if (read.ok() && spki.ok()) {
        EXPECT_EQ(read->spki, *spki);
      }
    }
  }
  // Most of a certificate is not the way to its key.
  EXPECT_GT(taken, 1000);
}

TEST(Certificate, IsNotReadFromOtherTexts) {
  ERR_clear_error();
  const SigningKey key = *SigningKey::Generate();
  for (const std::string& text : {std::string(), std::string("garbage"), *key.Pem(),
                                  std::string("-----BEGIN CERTIFICATE-----\nAAAA\n")}) {
    EXPECT_TRUE(absl::IsInvalidArgument(SpkiOfCertificatePem(text).status()));
    EXPECT_TRUE(absl::IsInvalidArgument(CertificateDerOfPem(text).status()));
  }
  EXPECT_EQ(ERR_peek_error(), 0u);
}

}  // namespace
}  // namespace sotay::seal
