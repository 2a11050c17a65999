#include "sync/seal/vault.h"

#include "sync/seal/openssl.h"
#include "sync/seal/random.h"

namespace sotay::seal {
namespace {

constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;

using CipherPtr = std::unique_ptr<EVP_CIPHER_CTX, Freer<EVP_CIPHER_CTX_free>>;

absl::Status NotSealedSo() {
  return absl::DataLossError("sealed content does not open: another key or place, or damaged");
}

}  // namespace

std::string NewVaultKey() {
  std::string key(kVaultKeyBytes, '\0');
  RandomBytes(key.data(), key.size());
  return key;
}

absl::StatusOr<std::string> SealInVault(absl::string_view key, absl::string_view place,
                                        absl::string_view content) {
  ErrorScope errors;
  if (key.size() != kVaultKeyBytes) return absl::InternalError("a vault key is 32 bytes");
  std::string sealed(kNonceBytes + content.size() + kTagBytes, '\0');
  RandomBytes(sealed.data(), kNonceBytes);
  unsigned char* const out = Bytes(sealed);
  const CipherPtr cipher(EVP_CIPHER_CTX_new());
  int size = 0;
  int rest = 0;
  if (cipher == nullptr ||
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, Bytes(key), out) != 1 ||
      EVP_EncryptUpdate(cipher.get(), nullptr, &size, Bytes(place),
                        static_cast<int>(place.size())) != 1 ||
      EVP_EncryptUpdate(cipher.get(), out + kNonceBytes, &size, Bytes(content),
                        static_cast<int>(content.size())) != 1 ||
      EVP_EncryptFinal_ex(cipher.get(), out + kNonceBytes + size, &rest) != 1 ||
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(kTagBytes),
                          out + kNonceBytes + content.size()) != 1) {
    return OpensslFailed("sealing content");
  }
  return sealed;
}

absl::StatusOr<std::string> OpenFromVault(absl::string_view key, absl::string_view place,
                                          absl::string_view sealed) {
  ErrorScope errors;
  if (key.size() != kVaultKeyBytes || sealed.size() < kNonceBytes + kTagBytes) {
    return NotSealedSo();
  }
  std::string content(sealed.size() - kNonceBytes - kTagBytes, '\0');
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  const unsigned char* const in = Bytes(sealed);
  const CipherPtr cipher(EVP_CIPHER_CTX_new());
  int size = 0;
  int rest = 0;
  if (cipher == nullptr ||
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, Bytes(key), in) != 1 ||
      EVP_DecryptUpdate(cipher.get(), nullptr, &size, Bytes(place),
                        static_cast<int>(place.size())) != 1 ||
      EVP_DecryptUpdate(cipher.get(), Bytes(content), &size, in + kNonceBytes,
                        static_cast<int>(content.size())) != 1 ||
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(kTagBytes),
                          Bytes(tag)) != 1 ||
      EVP_DecryptFinal_ex(cipher.get(), Bytes(content) + size, &rest) != 1) {
    return NotSealedSo();
  }
  return content;
}

}  // namespace sotay::seal
