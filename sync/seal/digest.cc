#include "sync/seal/digest.h"

#include <cstring>
#include <memory>

#include "sync/seal/openssl.h"

namespace sotay::seal {
namespace {

// The prefixes end in their NUL, so the array's size counts it.
constexpr char kChangePrefix[] = "sotay/change/v1";
constexpr char kContentPrefix[] = "sotay/content/v1";
constexpr char kDevicePrefix[] = "sotay/device/v1";

template <size_t N>
constexpr absl::string_view WithNul(const char (&text)[N]) {
  return absl::string_view(text, N);
}

// Looking the algorithm up takes longer than hashing a note, so it happens once a process;
// likewise the context is made once a thread and started anew for each hash.
const EVP_MD* Algorithm() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  if (algorithm == nullptr) Fatal("OpenSSL offers no SHA-256; check its configuration");
  return algorithm;
}

EVP_MD_CTX* Context() {
  thread_local const std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
  if (context == nullptr) Fatal("out of memory for a hash");
  return context.get();
}

void Hash(std::initializer_list<absl::string_view> parts, unsigned char* out32) {
  EVP_MD_CTX* const context = Context();
  bool good = EVP_DigestInit_ex2(context, Algorithm(), nullptr) == 1;
  for (absl::string_view part : parts) {
    good = good && EVP_DigestUpdate(context, part.data(), part.size()) == 1;
  }
  if (!good || EVP_DigestFinal_ex(context, out32, nullptr) != 1) Fatal("SHA-256 failed");
}

}  // namespace

std::array<uint8_t, 32> Sha256(absl::string_view bytes) { return Sha256({bytes}); }

std::array<uint8_t, 32> Sha256(std::initializer_list<absl::string_view> parts) {
  std::array<uint8_t, 32> hash;
  Hash(parts, hash.data());
  return hash;
}

sync::ChangeId HashChange(absl::string_view change_bytes) {
  std::array<char, 32> hash;
  Hash({WithNul(kChangePrefix), change_bytes}, reinterpret_cast<unsigned char*>(hash.data()));
  return sync::ChangeId(hash);
}

std::string HashContent(absl::string_view signed_content) {
  std::string hash(32, '\0');
  Hash({WithNul(kContentPrefix), signed_content}, reinterpret_cast<unsigned char*>(hash.data()));
  return hash;
}

sync::DeviceId DeviceIdOf(absl::string_view spki_der) {
  const std::array<uint8_t, 32> hash = Sha256({WithNul(kDevicePrefix), spki_der});
  std::array<char, 16> id;
  std::memcpy(id.data(), hash.data(), id.size());
  return sync::DeviceId(id);
}

}  // namespace sotay::seal
