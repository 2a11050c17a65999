// Certificates and keys as strangers send them: DER and PEM.
#include <cstdint>
#include <string>

#include "sync/seal/certificate.h"
#include "sync/seal/digest.h"
#include "sync/seal/key.h"
#include "sync/text.h"
#include "tests/fuzz/require.h"

namespace {

using namespace sotay;
using fuzz::Require;

constexpr size_t kNameBytesMax = 255;

void CheckCertificate(absl::string_view der) {
  const auto certificate = seal::ReadCertificate(der);
  if (!certificate.ok()) {
    Require(certificate.status().code() == absl::StatusCode::kInvalidArgument,
            "a malformed certificate is an invalid argument");
    return;
  }
  const std::string& name = certificate->common_name;
  Require(name.size() <= kNameBytesMax && sync::Utf8Prefix(name) == name.size(),
          "a name is fit to show");
  for (char c : name) Require(static_cast<uint8_t>(c) >= 0x20 && c != 0x7F, "a name is one line");
  const auto spki = seal::SpkiOfCertificateDer(der);
  Require(spki.ok() && *spki == certificate->spki, "both readers find the same key");
  const auto pem = seal::CertificatePemOfDer(der);
  fuzz::RequireOk(pem.status(), "a certificate can be written as PEM");
  const auto back = seal::CertificateDerOfPem(*pem);
  fuzz::RequireOk(back.status(), "a certificate reads back from PEM");
  const auto again = seal::SpkiOfCertificatePem(*pem);
  Require(again.ok() && *again == certificate->spki, "PEM holds the same key");
}

void CheckKeys(absl::string_view bytes) {
  if (const auto key = seal::VerifyingKey::From(bytes); key.ok()) {
    Require(key->spki() == bytes, "a key has one encoding");
    Require(!key->Verify("text", std::string(seal::kSignatureBytes, '\0')), "zeros sign nothing");
    Require(!key->Verify("text", bytes), "a key is no signature");
  }
  for (const auto& key : {seal::SigningKey::FromDer(bytes), seal::SigningKey::FromPem(bytes)}) {
    if (!key.ok()) continue;
    const auto signature = key->Sign("text");
    fuzz::RequireOk(signature.status(), "a key that was taken signs");
    Require(key->verifying_key().Verify("text", *signature), "its signature is verified");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  CheckCertificate(bytes);
  if (const auto der = seal::CertificateDerOfPem(bytes); der.ok()) CheckCertificate(*der);
  CheckKeys(bytes);
  return 0;
}
