#include "sync/seal/seal.h"

#include <array>

#include "sync/seal/big_endian.h"
#include "sync/seal/digest.h"

namespace sotay::seal {
namespace {

constexpr char kPrefix[] = "sotay/push/v1";
constexpr size_t kTextBytes = sizeof(kPrefix) + kOrganisationIdBytes + sync::DeviceId::kSize + 8 +
                              8 + sync::ChangeId::kSize + 32;
static_assert(kTextBytes == 126, "the header says so");
static_assert(sizeof(sync::ChangeId) == sync::ChangeId::kSize, "ids are hashed where they lie");

}  // namespace

std::string SealText(const PushSeal& push) {
  if (push.organisation_id.size() != kOrganisationIdBytes) return std::string();
  if (!push.previous.empty() && push.previous.size() != sync::ChangeId::kSize) return std::string();

  const std::array<uint8_t, 32> ids = Sha256(absl::string_view(
      reinterpret_cast<const char*>(push.ids.data()), push.ids.size() * sync::ChangeId::kSize));
  std::string text;
  text.reserve(kTextBytes);
  text.append(kPrefix, sizeof(kPrefix));
  text.append(push.organisation_id);
  text.append(push.device.view().data(), push.device.view().size());
  AppendBigEndian(push.first_sequence, &text);
  AppendBigEndian(push.last_sequence, &text);
  text.append(push.previous.empty() ? std::string(sync::ChangeId::kSize, '\0') : push.previous);
  text.append(ids.begin(), ids.end());
  return text;
}

}  // namespace sotay::seal
