#include "server/aside_check.h"

#include <algorithm>
#include <string>
#include <vector>

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
  const auto row = value.size() < 8 ? absl::optional<std::string>()
                                    : store_.Get(QuarantineKey(value.substr(8), parts.arrival));
  v1::QuarantinedChange change;
  if (!row.ok() || !row->has_value() || !change.ParseFromString(**row) ||
      change.device_id() != parts.id || change.sequence() != parts.number) {
    fault_(key, "its change is missing");
  }
}

void AsideCheck::LookAtHistory(absl::string_view key, const KeyParts& parts,
                               absl::string_view value) {
  const auto row = store_.Get(QuarantineKey(value, parts.arrival));
  v1::QuarantinedChange change;
  if (!row.ok() || !row->has_value() || !change.ParseFromString(**row)) {
    return fault_(key, "its change is missing");
  }
  // Its own row asks for this key, behind the position its device's list says (LookAtChange); so
  // one that stands elsewhere is one too many.
  const auto device = sync::DeviceId::From(change.device_id());
  const auto place = device.has_value()
                         ? store_.Get(SetAsideKey(*device, change.sequence(), parts.arrival))
                         : absl::optional<std::string>();
  if (!place.ok() || !place->has_value()) return fault_(key, "its change is missing");
  absl::string_view rest = **place;
  const uint64_t after = TakeNumber(&rest).value_or(0);
  const std::vector<sync::RecordId> records = RecordsOf(change);
  const bool named = std::any_of(records.begin(), records.end(), [&](const sync::RecordId& record) {
    return key == AsideHistoryKey(record, after, KindOf(change), parts.arrival);
  });
  if (!named) {
    fault_(key, "its change stands elsewhere");
  }
}

}  // namespace sotay::server
