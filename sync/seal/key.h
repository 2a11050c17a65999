// Keys of devices and of the authority: ECDSA P-256 with SHA-256, because that is what the
// secure hardware of every phone has.  Signatures are the raw 64 bytes r ‖ s with a low s, so
// that a text has no second valid signature made from the first.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace sotay::seal {

constexpr size_t kSignatureBytes = 64;
// Characters X.509 allows in a common name.
constexpr size_t kCommonNameLettersMax = 64;

// A public key.  A value; copies share the parsed key.  Any thread, any number at once.
class VerifyingKey {
 public:
  // `spki_der` is a SubjectPublicKeyInfo: the curve by name, the point uncompressed, 91 bytes.
  // Exactly one encoding is taken, because the device's id is a hash of it.  Fails with
  // kInvalidArgument on any other algorithm, curve or form, and on a point off the curve.
  static absl::StatusOr<VerifyingKey> From(absl::string_view spki_der);

  // Whether `signature` is this key's over `text`.  False, too, for another length than 64, a
  // high s, an r or s of zero or past the group's order, and for an empty text.
  bool Verify(absl::string_view text, absl::string_view signature) const;

  // The DER it was made from.
  const std::string& spki() const { return spki_; }
  // OpenSSL's own, for certificates; owned by this object.
  evp_pkey_st* pkey() const { return key_.get(); }

 private:
  VerifyingKey(std::string spki, std::shared_ptr<evp_pkey_st> key);

  std::string spki_;
  std::shared_ptr<evp_pkey_st> key_;
};

// A private key held in memory and, if asked, in a file.  Copies share the key.  All const
// calls from any thread at once.
class SigningKey {
 public:
  // A new key from chance.  Fails only when OpenSSL is broken (kInternal).
  static absl::StatusOr<SigningKey> Generate();

  // From PKCS#8, PEM or DER, without a pass phrase.  Fails with kInvalidArgument when it is
  // malformed, damaged (public and private half differ) or not a P-256 key.
  static absl::StatusOr<SigningKey> FromPem(absl::string_view pem);
  static absl::StatusOr<SigningKey> FromDer(absl::string_view der);

  // From a file Save wrote.  Fails as FromPem, with kNotFound when there is none, and with
  // kFailedPrecondition when strangers may read it (any right for others, write for the group).
  static absl::StatusOr<SigningKey> Load(const std::string& path);
  // To a PKCS#8 PEM file of mode 0600, durably and whole; replaces the file that is there.
  // Fails as the system does.
  absl::Status Save(const std::string& path) const;

  // PKCS#8, for TLS and for invitations.  The caller keeps it secret.
  absl::StatusOr<std::string> Pem() const;
  absl::StatusOr<std::string> Der() const;

  // SubjectPublicKeyInfo in DER, as VerifyingKey::From takes it.
  const std::string& PublicKey() const { return public_key_.spki(); }
  const VerifyingKey& verifying_key() const { return public_key_; }

  // 64 bytes that VerifyingKey::Verify takes; other bytes each time.  Fails with
  // kInvalidArgument for an empty text, with kInternal when OpenSSL does.
  absl::StatusOr<std::string> Sign(absl::string_view text) const;

  // OpenSSL's own, for certificates; owned by this object.
  evp_pkey_st* pkey() const { return key_.get(); }

 private:
  SigningKey(std::shared_ptr<evp_pkey_st> key, VerifyingKey public_key);
  // Takes over one reference; `what` begins the message of a refusal.
  static absl::StatusOr<SigningKey> Adopt(evp_pkey_st* key, absl::string_view what);

  std::shared_ptr<evp_pkey_st> key_;
  VerifyingKey public_key_;
};

// A PKCS#10 request in DER, signed by `key`, for EnrolmentService.  `common_name` is for
// people who look at it; the authority ignores it.  Empty: none.  Fails with kInvalidArgument
// when the name is over 64 letters or not UTF-8.
absl::StatusOr<std::string> MakeCertificateRequest(const SigningKey& key,
                                                   absl::string_view common_name);

}  // namespace sotay::seal
