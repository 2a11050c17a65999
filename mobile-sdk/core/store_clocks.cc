// What the notebook's store has of the device's clocks.  It helps to tell when something was
// written and holds up nothing: what cannot be read counts as not there.
#include "mobile-sdk/core/keys.h"
#include "mobile-sdk/core/store.h"

namespace sotay::sdk {

void StoreBatch::PutWrittenAt(uint64_t sequence, const stored::v1::WrittenAt& at) {
  Put(keys::WrittenAt(sequence), at.SerializeAsString());
}

void StoreBatch::PutClockContact(const stored::v1::ClockContact& contact) {
  Put(keys::ClockContact(), contact.SerializeAsString());
}

absl::StatusOr<absl::optional<stored::v1::WrittenAt>> Store::WrittenAt(uint64_t sequence) const {
  const auto value = Get(keys::WrittenAt(sequence));
  if (!value.ok() && !absl::IsDataLoss(value.status())) return value.status();
  stored::v1::WrittenAt at;
  if (!value.ok() || !value->has_value() || !at.ParseFromString(**value)) return absl::nullopt;
  return at;
}

absl::StatusOr<stored::v1::ClockContact> Store::ClockContact() const {
  const auto value = Get(keys::ClockContact());
  if (!value.ok() && !absl::IsDataLoss(value.status())) return value.status();
  stored::v1::ClockContact contact;
  if (value.ok() && value->has_value() && !contact.ParseFromString(**value)) contact.Clear();
  return contact;
}

}  // namespace sotay::sdk
