#include "sync/seal/value_seal.h"

#include <algorithm>
#include <memory>

#include "sync/seal/openssl.h"
#include "sync/seal/random.h"
#include "sync/seal/vault.h"

namespace sotay::seal {
namespace {

constexpr size_t kNonceBytes = kValueNonceBytes;
constexpr size_t kHalfBytes = kNonceBytes / 2;
constexpr size_t kTagBytes = 16;
constexpr size_t kBlockBytes = 16;

using Block = std::array<unsigned char, kBlockBytes>;
using ValueKey = std::array<unsigned char, kVaultKeyBytes>;
using CipherCtxPtr = std::unique_ptr<EVP_CIPHER_CTX, Freer<EVP_CIPHER_CTX_free>>;

// Looking them up takes longer than sealing a row; and a context is made once a thread.
const EVP_CIPHER* Gcm() {
  static const EVP_CIPHER* const gcm = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  return gcm;
}
const EVP_CIPHER* Ecb() {
  static const EVP_CIPHER* const ecb = EVP_CIPHER_fetch(nullptr, "AES-256-ECB", nullptr);
  return ecb;
}
EVP_CIPHER_CTX* GcmContext() {
  thread_local const CipherCtxPtr context(EVP_CIPHER_CTX_new());
  return context.get();
}

// AES of whole blocks, for deriving keys.
bool Encrypt(const unsigned char* key, const unsigned char* blocks, size_t bytes,
             unsigned char* out) {
  thread_local const CipherCtxPtr context(EVP_CIPHER_CTX_new());
  int size = 0;
  return context != nullptr &&
         EVP_EncryptInit_ex2(context.get(), Ecb(), key, nullptr, nullptr) == 1 &&
         EVP_CIPHER_CTX_set_padding(context.get(), 0) == 1 &&
         EVP_EncryptUpdate(context.get(), out, &size, blocks, static_cast<int>(bytes)) == 1 &&
         static_cast<size_t>(size) == bytes;
}

// The key of one value: CMAC of two messages of a block each, which is AES of the block ⊕ K1.
bool Derive(const unsigned char* key, const Block& mask, const unsigned char* half, ValueKey* out) {
  std::array<unsigned char, 2 * kBlockBytes> messages = {};
  for (size_t i = 0; i < 2; ++i) {
    unsigned char* const message = messages.data() + i * kBlockBytes;
    message[1] = static_cast<unsigned char>(i + 1);
    message[2] = 'X';
    std::copy_n(half, kHalfBytes, message + 4);
    for (size_t j = 0; j < kBlockBytes; ++j) message[j] ^= mask[j];
  }
  return Encrypt(key, messages.data(), messages.size(), out->data());
}

absl::Status NotSealedSo() {
  return absl::DataLossError("a sealed value does not open: another key or place, or damaged");
}

}  // namespace

std::string NewNonces(size_t count) {
  std::string nonces(count * kNonceBytes, '\0');
  RandomBytes(nonces.data(), nonces.size());
  return nonces;
}

absl::StatusOr<ValueSeal> ValueSeal::With(absl::string_view key) {
  ErrorScope errors;
  if (key.size() != kVaultKeyBytes) return absl::InternalError("a key of values is 32 bytes");
  ValueSeal seal;
  std::copy_n(Bytes(key), kVaultKeyBytes, seal.key_.begin());
  const Block zeros = {};
  Block last = {};
  if (Gcm() == nullptr || GcmContext() == nullptr ||
      !Encrypt(seal.key_.data(), zeros.data(), zeros.size(), last.data())) {
    return OpensslFailed("preparing a key of values");
  }
  for (size_t i = 0; i < kBlockBytes; ++i) {
    const unsigned next = i + 1 < kBlockBytes ? last[i + 1] : 0U;
    seal.mask_[i] = static_cast<unsigned char>(last[i] << 1U | next >> 7U);
  }
  if ((last[0] & 0x80U) != 0) seal.mask_[kBlockBytes - 1] ^= 0x87U;
  return seal;
}

ValueSeal::~ValueSeal() {
  OPENSSL_cleanse(key_.data(), key_.size());
  OPENSSL_cleanse(mask_.data(), mask_.size());
}

absl::StatusOr<std::string> ValueSeal::Seal(absl::string_view place,
                                            absl::string_view content) const {
  return SealWith(NewNonces(1), place, content);
}

absl::StatusOr<std::string> ValueSeal::SealWith(absl::string_view nonce, absl::string_view place,
                                                absl::string_view content) const {
  ErrorScope errors;
  if (nonce.size() != kNonceBytes) return absl::InternalError("a nonce of values is 24 bytes");
  std::string sealed(kNonceBytes + content.size() + kTagBytes, '\0');
  std::copy(nonce.begin(), nonce.end(), sealed.begin());
  unsigned char* const out = Bytes(sealed) + kNonceBytes;
  EVP_CIPHER_CTX* const cipher = GcmContext();
  ValueKey key;
  int size = 0;
  int rest = 0;
  const bool done =
      cipher != nullptr && Derive(key_.data(), mask_, Bytes(nonce), &key) &&
      EVP_EncryptInit_ex2(cipher, Gcm(), key.data(), Bytes(nonce) + kHalfBytes, nullptr) == 1 &&
      EVP_EncryptUpdate(cipher, nullptr, &size, Bytes(place), static_cast<int>(place.size())) ==
          1 &&
      EVP_EncryptUpdate(cipher, out, &size, Bytes(content), static_cast<int>(content.size())) ==
          1 &&
      EVP_EncryptFinal_ex(cipher, out + size, &rest) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, static_cast<int>(kTagBytes),
                          out + content.size()) == 1;
  OPENSSL_cleanse(key.data(), key.size());
  if (!done) return OpensslFailed("sealing a value");
  return sealed;
}

absl::StatusOr<std::string> ValueSeal::Open(absl::string_view place,
                                            absl::string_view sealed) const {
  ErrorScope errors;
  if (sealed.size() < kNonceBytes + kTagBytes) return NotSealedSo();
  std::string content(sealed.size() - kNonceBytes - kTagBytes, '\0');
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  const unsigned char* const in = Bytes(sealed);
  EVP_CIPHER_CTX* const cipher = GcmContext();
  ValueKey key;
  int size = 0;
  int rest = 0;
  const bool done = cipher != nullptr && Derive(key_.data(), mask_, in, &key) &&
                    EVP_DecryptInit_ex2(cipher, Gcm(), key.data(), in + kHalfBytes, nullptr) == 1 &&
                    EVP_DecryptUpdate(cipher, nullptr, &size, Bytes(place),
                                      static_cast<int>(place.size())) == 1 &&
                    EVP_DecryptUpdate(cipher, Bytes(content), &size, in + kNonceBytes,
                                      static_cast<int>(content.size())) == 1 &&
                    EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, static_cast<int>(kTagBytes),
                                        Bytes(tag)) == 1 &&
                    EVP_DecryptFinal_ex(cipher, Bytes(content) + size, &rest) == 1;
  OPENSSL_cleanse(key.data(), key.size());
  if (!done) return NotSealedSo();
  return content;
}

}  // namespace sotay::seal
