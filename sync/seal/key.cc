#include "sync/seal/key.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include <array>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "sync/seal/digest.h"
#include "sync/seal/openssl.h"
#include "sync/seal/whole_file.h"
#include "sync/status_macros.h"

namespace sotay::seal {
namespace {

// SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING { 04 x y } }, up to the point.
constexpr unsigned char kSpkiHead[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                       0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                       0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};
constexpr size_t kPointBytes = 65;
constexpr unsigned char kUncompressed = 0x04;

constexpr size_t kScalarBytes = 32;
// The order n of P-256's group (SEC 2, 2.4.2), and (n-1)/2: an s up to that is low.
constexpr unsigned char kOrder[kScalarBytes] = {
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
constexpr unsigned char kHalfOrder[kScalarBytes] = {
    0x7f, 0xff, 0xff, 0xff, 0x80, 0x00, 0x00, 0x00, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xde, 0x73, 0x7d, 0x56, 0xd3, 0x8b, 0xcf, 0x42, 0x79, 0xdc, 0xe5, 0x61, 0x7e, 0x31, 0x92, 0xa8};

constexpr size_t kKeyFileBytesMax = 16 * 1024;
// Others nothing, the group at most reading (a secret mounted for a service is so).
constexpr mode_t kForbiddenRights = 0037;

bool IsZero(const unsigned char* scalar) {
  static constexpr unsigned char kZero[kScalarBytes] = {};
  return std::memcmp(scalar, kZero, kScalarBytes) == 0;
}

// A key from a point, without OpenSSL's general decoder, which tries a dozen formats.
PkeyPtr KeyFromPoint(absl::string_view point) {
  char group[] = "prime256v1";
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, const_cast<char*>(point.data()),
                                        point.size()),
      OSSL_PARAM_construct_end()};
  PkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  if (context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1) {
    return nullptr;
  }
  return PkeyPtr(key);
}

// The private half must belong to the public one: a file with a flipped bit would otherwise
// make signatures nobody accepts.
bool HalvesMatch(EVP_PKEY* key) {
  PkeyCtxPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  return context != nullptr && EVP_PKEY_private_check(context.get()) == 1 &&
         EVP_PKEY_pairwise_check(context.get()) == 1;
}

// DER of an ECDSA signature → r ‖ s, with s made low.
absl::StatusOr<std::string> RawSignature(absl::string_view der) {
  const EcdsaSigPtr parsed = FromDer<EcdsaSigPtr>(d2i_ECDSA_SIG, der);
  BnPtr s(parsed == nullptr ? nullptr : BN_dup(ECDSA_SIG_get0_s(parsed.get())));
  const BnPtr order(BN_bin2bn(kOrder, kScalarBytes, nullptr));
  const BnPtr half(BN_bin2bn(kHalfOrder, kScalarBytes, nullptr));
  std::string raw(kSignatureBytes, '\0');
  if (s == nullptr || order == nullptr || half == nullptr ||
      (BN_cmp(s.get(), half.get()) > 0 && BN_sub(s.get(), order.get(), s.get()) != 1) ||
      BN_bn2binpad(ECDSA_SIG_get0_r(parsed.get()), Bytes(raw), kScalarBytes) < 0 ||
      BN_bn2binpad(s.get(), Bytes(raw) + kScalarBytes, kScalarBytes) < 0) {
    return OpensslFailed("encoding a signature");
  }
  return raw;
}

// r ‖ s → DER, as OpenSSL wants it; empty when out of memory.
std::string DerSignature(const unsigned char* raw) {
  EcdsaSigPtr signature(ECDSA_SIG_new());
  BnPtr r(BN_bin2bn(raw, kScalarBytes, nullptr));
  BnPtr s(BN_bin2bn(raw + kScalarBytes, kScalarBytes, nullptr));
  if (signature == nullptr || r == nullptr || s == nullptr ||
      ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1) {
    return std::string();
  }
  r.release();  // the signature owns them now
  s.release();
  return DerOf<ECDSA_SIG>(i2d_ECDSA_SIG, signature.get());
}

}  // namespace

VerifyingKey::VerifyingKey(std::string spki, std::shared_ptr<EVP_PKEY> key)
    : spki_(std::move(spki)), key_(std::move(key)) {}

absl::StatusOr<VerifyingKey> VerifyingKey::From(absl::string_view spki_der) {
  const ErrorScope errors;
  constexpr size_t kSpkiBytes = sizeof(kSpkiHead) + kPointBytes;
  if (spki_der.size() != kSpkiBytes ||
      std::memcmp(spki_der.data(), kSpkiHead, sizeof(kSpkiHead)) != 0 ||
      Bytes(spki_der)[sizeof(kSpkiHead)] != kUncompressed) {
    return absl::InvalidArgumentError(absl::StrCat(
        "public key of ", spki_der.size(), " bytes is not a P-256 key as taken here (", kSpkiBytes,
        " bytes, named curve, uncompressed point); make an EC key on the curve prime256v1"));
  }
  PkeyPtr key = KeyFromPoint(spki_der.substr(sizeof(kSpkiHead)));
  if (key == nullptr) {
    return absl::InvalidArgumentError("public key is no point of the curve P-256; make a new key");
  }
  return VerifyingKey(std::string(spki_der),
                      std::shared_ptr<EVP_PKEY>(key.release(), EVP_PKEY_free));
}

bool VerifyingKey::Verify(absl::string_view text, absl::string_view signature) const {
  if (text.empty() || signature.size() != kSignatureBytes) return false;
  const unsigned char* const r = Bytes(signature);
  const unsigned char* const s = r + kScalarBytes;
  if (IsZero(r) || IsZero(s) || std::memcmp(r, kOrder, kScalarBytes) >= 0 ||
      std::memcmp(s, kHalfOrder, kScalarBytes) > 0) {
    return false;
  }
  const ErrorScope errors;
  const std::array<uint8_t, 32> digest = Sha256(text);
  const std::string der = DerSignature(r);
  PkeyCtxPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr));
  return !der.empty() && context != nullptr && EVP_PKEY_verify_init(context.get()) == 1 &&
         EVP_PKEY_verify(context.get(), Bytes(der), der.size(), digest.data(), digest.size()) == 1;
}

SigningKey::SigningKey(std::shared_ptr<EVP_PKEY> key, VerifyingKey public_key)
    : key_(std::move(key)), public_key_(std::move(public_key)) {}

absl::StatusOr<SigningKey> SigningKey::Adopt(EVP_PKEY* key, absl::string_view what) {
  std::shared_ptr<EVP_PKEY> owned(key, EVP_PKEY_free);
  absl::StatusOr<VerifyingKey> public_key = VerifyingKey::From(DerOf<EVP_PKEY>(i2d_PUBKEY, key));
  if (!public_key.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(what, ": ", public_key.status().message()));
  }
  if (!HalvesMatch(key)) {
    return absl::InvalidArgumentError(absl::StrCat(
        what, " is damaged: its private and public halves do not belong together; restore it"));
  }
  return SigningKey(std::move(owned), *std::move(public_key));
}

absl::StatusOr<SigningKey> SigningKey::Generate() {
  const ErrorScope errors;
  PkeyPtr key(EVP_EC_gen("prime256v1"));
  if (key == nullptr) return OpensslFailed("generating a P-256 key");
  return Adopt(key.release(), "generated key");
}

absl::StatusOr<SigningKey> SigningKey::FromPem(absl::string_view pem) {
  const ErrorScope errors;
  if (pem.size() > kKeyFileBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("private key of ", pem.size(), " bytes, limit ",
                                                   kKeyFileBytesMax, "; it is not a key file"));
  }
  const BioPtr reader = ReaderOf(pem);
  if (reader == nullptr) return OpensslFailed("reading a private key");
  PkeyPtr key(PEM_read_bio_PrivateKey(reader.get(), nullptr, NoPassPhrase, nullptr));
  if (key == nullptr) {
    return absl::InvalidArgumentError(
        "private key is not PEM without a pass phrase (a block BEGIN PRIVATE KEY); restore it");
  }
  return Adopt(key.release(), "private key");
}

absl::StatusOr<SigningKey> SigningKey::FromDer(absl::string_view der) {
  const ErrorScope errors;
  const Pkcs8Ptr parsed = seal::FromDer<Pkcs8Ptr>(d2i_PKCS8_PRIV_KEY_INFO, der);
  PkeyPtr key(parsed == nullptr ? nullptr : EVP_PKCS82PKEY(parsed.get()));
  if (key == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("private key of ", der.size(), " bytes is not PKCS#8 in DER"));
  }
  return Adopt(key.release(), "private key");
}

absl::StatusOr<SigningKey> SigningKey::Load(const std::string& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) == 0 && (about.st_mode & kForbiddenRights) != 0) {
    return absl::FailedPreconditionError(
        absl::StrFormat("key file %s has mode %04o, so strangers can get at it; if nobody did, "
                        "set the mode to 0600, otherwise replace the key",
                        path, about.st_mode & 07777u));
  }
  SOTAY_ASSIGN_OR_RETURN(std::string pem, ReadWholeFile(path, kKeyFileBytesMax));
  absl::StatusOr<SigningKey> key = FromPem(pem);
  OPENSSL_cleanse(pem.data(), pem.size());
  if (!key.ok()) {
    return absl::Status(key.status().code(), absl::StrCat(path, ": ", key.status().message()));
  }
  return key;
}

absl::Status SigningKey::Save(const std::string& path) const {
  SOTAY_ASSIGN_OR_RETURN(std::string pem, Pem());
  const absl::Status written = WriteWholeFile(path, pem, 0600);
  OPENSSL_cleanse(pem.data(), pem.size());
  return written;
}

absl::StatusOr<std::string> SigningKey::Pem() const {
  const ErrorScope errors;
  const BioPtr writer(BIO_new(BIO_s_secmem()));
  if (writer == nullptr || PEM_write_bio_PKCS8PrivateKey(writer.get(), key_.get(), nullptr, nullptr,
                                                         0, NoPassPhrase, nullptr) != 1) {
    return OpensslFailed("writing a private key");
  }
  return WrittenTo(writer.get());
}

absl::StatusOr<std::string> SigningKey::Der() const {
  const ErrorScope errors;
  const Pkcs8Ptr info(EVP_PKEY2PKCS8(key_.get()));
  std::string der = info == nullptr
                        ? std::string()
                        : DerOf<PKCS8_PRIV_KEY_INFO>(i2d_PKCS8_PRIV_KEY_INFO, info.get());
  if (der.empty()) return OpensslFailed("writing a private key");
  return der;
}

absl::StatusOr<std::string> SigningKey::Sign(absl::string_view text) const {
  if (text.empty()) return absl::InvalidArgumentError("an empty text is never signed");
  const ErrorScope errors;
  const std::array<uint8_t, 32> digest = Sha256(text);
  std::array<unsigned char, 128> der;  // a P-256 signature takes at most 72
  size_t size = der.size();
  PkeyCtxPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr));
  if (context == nullptr || EVP_PKEY_sign_init(context.get()) != 1 ||
      EVP_PKEY_sign(context.get(), der.data(), &size, digest.data(), digest.size()) != 1) {
    return OpensslFailed("signing");
  }
  return RawSignature(absl::string_view(reinterpret_cast<const char*>(der.data()), size));
}

absl::StatusOr<std::string> MakeCertificateRequest(const SigningKey& key,
                                                   absl::string_view common_name) {
  const ErrorScope errors;
  const X509ReqPtr request(X509_REQ_new());
  if (request == nullptr || X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) != 1 ||
      X509_REQ_set_pubkey(request.get(), key.pkey()) != 1) {
    return OpensslFailed("making a certificate request");
  }
  // OpenSSL counts the letters, and knows UTF-8.
  if (!common_name.empty() &&
      X509_NAME_add_entry_by_NID(X509_REQ_get_subject_name(request.get()), NID_commonName,
                                 MBSTRING_UTF8, Bytes(common_name),
                                 static_cast<int>(common_name.size()), -1, 0) != 1) {
    return absl::InvalidArgumentError(absl::StrCat("common name of ", common_name.size(),
                                                   " bytes: at most ", kCommonNameLettersMax,
                                                   " letters of UTF-8 fit; give a shorter one"));
  }
  if (X509_REQ_sign(request.get(), key.pkey(), EVP_sha256()) <= 0) {
    return OpensslFailed("signing a certificate request");
  }
  std::string der = DerOf<X509_REQ>(i2d_X509_REQ, request.get());
  if (der.empty()) return OpensslFailed("writing a certificate request");
  return der;
}

}  // namespace sotay::seal
