// What the notebook's store has of the device's clocks.
#include "absl/strings/str_cat.h"
#include "mobile-sdk/core/keys.h"
#include "mobile-sdk/core/store.h"
#include "sync/status_macros.h"

namespace sotay::sdk {
namespace {

absl::Status Damaged(absl::string_view key) {
  return absl::DataLossError(
      absl::StrCat("the notebook's ", keys::DescribeKey(key), " cannot be read"));
}

}  // namespace

void StoreBatch::PutWrittenAt(uint64_t sequence, const stored::v1::WrittenAt& at) {
  Put(keys::WrittenAt(sequence), at.SerializeAsString());
}

void StoreBatch::PutClockContact(const stored::v1::ClockContact& contact) {
  Put(keys::ClockContact(), contact.SerializeAsString());
}

absl::StatusOr<std::map<uint64_t, stored::v1::WrittenAt>> Store::WrittenAt(uint64_t first) const {
  std::map<uint64_t, stored::v1::WrittenAt> written;
  const auto take = [&](absl::string_view key, absl::string_view value) -> absl::StatusOr<bool> {
    const auto sequence = keys::NumberOf(key);
    if (!sequence.has_value() || !written[*sequence].ParseFromString(std::string(value))) {
      return Damaged(key);
    }
    return true;
  };
  SOTAY_RETURN_IF_ERROR(Each(keys::AllWrittenAt(), keys::WrittenAt(first), take));
  return written;
}

absl::StatusOr<stored::v1::ClockContact> Store::ClockContact() const {
  SOTAY_ASSIGN_OR_RETURN(const auto value, Get(keys::ClockContact()));
  stored::v1::ClockContact contact;
  if (value.has_value() && !contact.ParseFromString(*value)) return Damaged(keys::ClockContact());
  return contact;
}

}  // namespace sotay::sdk
