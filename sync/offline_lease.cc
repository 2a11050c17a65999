#include "sync/offline_lease.h"

#include <algorithm>

#include "sotay/v1/offline_term.pb.h"
#include "sotay/v1/sync_service.pb.h"
#include "sync/beside.h"
#include "sync/stamp.h"

namespace sotay::sync {

void SayOfflineDays(uint32_t days, v1::Directory* directory) {
  v1::OfflineTerm term;
  term.set_offline_days(days);
  directory->MergeFromString(term.SerializeAsString());
}

uint32_t OfflineDays(const v1::Directory& directory) {
  return std::min(ReadBeside<v1::OfflineTerm>(directory).offline_days(), kOfflineDaysMax);
}

int64_t SinceContactMs(const stored::v1::ClockContact& contact, const ClockReading& now) {
  const bool told = !contact.boot().empty() && !now.boot.empty();
  if (told && contact.boot() == now.boot) {
    return std::max<int64_t>(0, BoundMs(now.boot_ms) - BoundMs(contact.boot_ms()));
  }
  const int64_t by_wall_ms = BoundMs(now.wall_ms) - BoundMs(contact.wall_ms());
  return std::max(told ? BoundMs(now.boot_ms) : 0, by_wall_ms);
}

absl::optional<int64_t> LeaseLeftMs(uint32_t days, const stored::v1::ClockContact& contact,
                                    const ClockReading& now) {
  if (days == 0) return absl::nullopt;
  return std::max<int64_t>(0, days * kDayMs - SinceContactMs(contact, now));
}

}  // namespace sotay::sync
