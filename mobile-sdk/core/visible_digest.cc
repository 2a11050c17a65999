#include "mobile-sdk/core/visible_digest.h"

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "sync/seal/digest.h"

namespace sotay::sdk {

std::string VisibleDigest(const VisibleRecords& records) {
  std::string all;
  for (const auto& [id, bytes] : records) all += bytes;
  const auto hash = seal::Sha256(all);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(hash.data()), hash.size()));
}

}  // namespace sotay::sdk
