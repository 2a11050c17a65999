#include "sync/seal/log_head.h"

#include <algorithm>

#include "sync/seal/big_endian.h"
#include "sync/seal/seal.h"

namespace sotay::seal {
namespace {

constexpr char kPrefix[] = "sotay/head/v1";
constexpr size_t kEpochBytes = 16;
constexpr size_t kUnitBytesMax = 63;

}  // namespace

std::string HeadText(absl::string_view organisation_id, const v1::LogHead& head) {
  const std::string& unit = head.unit_id();
  if (organisation_id.size() != kOrganisationIdBytes || head.epoch().size() != kEpochBytes ||
      unit.empty() || unit.size() > kUnitBytesMax || !HashIn(head.root()).has_value()) {
    return std::string();
  }
  // With its NUL.
  std::string text(kPrefix, sizeof(kPrefix));
  text.append(organisation_id.data(), organisation_id.size());
  text.append(head.epoch());
  text.push_back(static_cast<char>(unit.size()));
  text.append(unit);
  AppendBigEndian(head.size(), &text);
  AppendBigEndian(static_cast<uint64_t>(head.signed_ms()), &text);
  text.append(head.root());
  return text;
}

bool Vouched(const VerifyingKey& log_key, absl::string_view organisation_id,
             const v1::LogHead& head) {
  return log_key.Verify(HeadText(organisation_id, head), head.signature());
}

absl::optional<MerkleHash> HashIn(absl::string_view bytes) {
  MerkleHash hash;
  if (bytes.size() != hash.size()) return absl::nullopt;
  std::copy(bytes.begin(), bytes.end(), hash.begin());
  return hash;
}

}  // namespace sotay::seal
