#include "sync/seal/device_keys.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "sync/seal/big_endian.h"
#include "sync/seal/digest.h"
#include "sync/seal/seal.h"
#include "sync/status_macros.h"

namespace sotay::seal {
namespace {

constexpr char kPrefix[] = "sotay/device-key/v1";

void AppendHash(absl::string_view bytes, std::string* text) {
  const std::array<uint8_t, 32> hash = Sha256(bytes);
  text->append(hash.begin(), hash.end());
}

}  // namespace

std::string RollText(absl::string_view organisation_id, const v1::KeyRoll& roll) {
  const size_t head_bytes = roll.last_sequence() == 0 ? 0 : sync::ChangeId::kSize;
  if (organisation_id.size() != kOrganisationIdBytes ||
      roll.device_id().size() != sync::DeviceId::kSize || roll.head().size() != head_bytes) {
    return std::string();
  }
  // With its NUL.
  std::string text(kPrefix, sizeof(kPrefix));
  text.append(organisation_id.data(), organisation_id.size());
  text.append(roll.device_id());
  AppendHash(roll.old_key(), &text);
  AppendHash(roll.new_key(), &text);
  AppendBigEndian(roll.last_sequence(), &text);
  text.append(roll.head().empty() ? std::string(sync::ChangeId::kSize, '\0') : roll.head());
  AppendBigEndian(static_cast<uint64_t>(roll.signed_ms()), &text);
  return text;
}

absl::Status SignRoll(absl::string_view organisation_id, const SigningKey& old_key,
                      const SigningKey& new_key, v1::KeyRoll* roll) {
  roll->set_old_key(old_key.PublicKey());
  roll->set_new_key(new_key.PublicKey());
  const std::string text = RollText(organisation_id, *roll);
  if (text.empty()) return absl::InternalError("a roll with malformed ids cannot be signed");
  SOTAY_ASSIGN_OR_RETURN(*roll->mutable_old_signature(), old_key.Sign(text));
  SOTAY_ASSIGN_OR_RETURN(*roll->mutable_new_signature(), new_key.Sign(text));
  return absl::OkStatus();
}

bool RollHolds(absl::string_view organisation_id, const v1::KeyRoll& roll) {
  const auto old_key = VerifyingKey::From(roll.old_key());
  const auto new_key = VerifyingKey::From(roll.new_key());
  const std::string text = RollText(organisation_id, roll);
  return old_key.ok() && new_key.ok() && roll.old_key() != roll.new_key() &&
         old_key->Verify(text, roll.old_signature()) && new_key->Verify(text, roll.new_signature());
}

absl::StatusOr<DeviceKeys> DeviceKeys::From(absl::string_view organisation_id,
                                            absl::string_view current,
                                            const std::vector<v1::EarlierKey>& earlier) {
  SOTAY_ASSIGN_OR_RETURN(VerifyingKey newest, VerifyingKey::From(current));
  DeviceKeys keys(std::move(newest));
  keys.device_ = DeviceIdOf(earlier.empty() ? current : earlier.front().roll().old_key());
  std::set<absl::string_view> given_up;
  for (size_t i = 0; i < earlier.size(); ++i) {
    const v1::KeyRoll& roll = earlier[i].roll();
    given_up.insert(roll.old_key());
    if (given_up.count(roll.new_key()) != 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("roll ", i + 1, " of the device's key goes back to a key that it gave up"));
    }
    const absl::string_view next =
        i + 1 < earlier.size() ? absl::string_view(earlier[i + 1].roll().old_key()) : current;
    if (roll.device_id() != keys.device_.view() || roll.new_key() != next ||
        !RollHolds(organisation_id, roll)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "roll ", i + 1, " of the device's key is not signed by both keys, or leads elsewhere"));
    }
    const uint64_t through = earlier[i].through();
    if (through > roll.last_sequence() ||
        (!keys.earlier_.empty() && through < keys.earlier_.back().through)) {
      return absl::InvalidArgumentError(
          absl::StrCat("the key before roll ", i + 1, " is said to have sealed up to ", through,
                       ", and the device said up to ", roll.last_sequence()));
    }
    SOTAY_ASSIGN_OR_RETURN(VerifyingKey key, VerifyingKey::From(roll.old_key()));
    keys.earlier_.push_back({std::move(key), through});
  }
  return keys;
}

const VerifyingKey& DeviceKeys::Of(uint64_t last_sequence) const {
  const auto at = std::find_if(earlier_.begin(), earlier_.end(),
                               [&](const Span& span) { return last_sequence <= span.through; });
  return at == earlier_.end() ? current_ : at->key;
}

}  // namespace sotay::seal
