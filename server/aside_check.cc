#include "server/aside_check.h"

#include <string>

#include "sync/seal/digest.h"

namespace sotay::server {

bool AsideCheck::Has(const std::string& key) {
  const auto value = store_.Get(key);
  return value.ok() && value->has_value();
}

void AsideCheck::LookAtChange(absl::string_view key, const KeyParts& parts,
                              absl::string_view value) {
  v1::QuarantinedChange change;
  if (!change.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
    return fault_(key, "cannot be read");
  }
  if (seal::HashChange(change.change()).view() != change.change_id() &&
      !secrets_.Explains(change, parts.arrival)) {
    fault_(key, "its bytes are not the ones its id names");
  }
  const auto device = sync::DeviceId::From(change.device_id());
  const auto place = device.has_value()
                         ? store_.Get(SetAsideKey(*device, change.sequence(), parts.arrival))
                         : absl::optional<std::string>();
  if (!place.ok() || !place->has_value()) return fault_(key, "its device's list lacks it");
  absl::string_view rest = **place;
  const absl::optional<uint64_t> after = TakeNumber(&rest);
  if (!after.has_value() || rest != parts.name) fault_(key, "its device's list has it elsewhere");
  for (const sync::RecordId& record : RecordsOf(change)) {
    if (!Has(AsideHistoryKey(record, after.value_or(0), KindOf(change), parts.arrival))) {
      fault_(key, "a record's history lacks it");
    }
  }
}

void AsideCheck::LookAtPlace(absl::string_view key, const KeyParts& parts,
                             absl::string_view value) {
  if (value.size() < 8 || !Has(QuarantineKey(value.substr(8), parts.arrival))) {
    fault_(key, "its change is missing");
  }
}

}  // namespace sotay::server
