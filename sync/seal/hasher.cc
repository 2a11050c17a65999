#include "sync/seal/hasher.h"

#include "sync/seal/openssl.h"

namespace sotay::seal {

struct Hasher::State {
  std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>> context{EVP_MD_CTX_new()};
};

Hasher::Hasher() : state_(std::make_unique<State>()) {
  if (state_->context == nullptr ||
      EVP_DigestInit_ex(state_->context.get(), EVP_sha256(), nullptr) != 1) {
    Fatal("OpenSSL offers no SHA-256; check its configuration");
  }
}

Hasher::~Hasher() = default;
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;

void Hasher::Add(absl::string_view bytes) {
  if (EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) != 1) {
    Fatal("SHA-256 failed");
  }
}

std::array<uint8_t, 32> Hasher::Finish() {
  std::array<uint8_t, 32> hash;
  if (EVP_DigestFinal_ex(state_->context.get(), hash.data(), nullptr) != 1) {
    Fatal("SHA-256 failed");
  }
  return hash;
}

}  // namespace sotay::seal
