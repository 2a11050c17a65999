// By which clocks own changes were written: noted at the writing and at each contact, told when
// they are sent (docs/decisions/0033).
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "mobile-sdk/core/desk.h"
#include "sync/moved_clock.h"

namespace sotay::sdk {

// The device's clocks, read together.
sync::ClockReading ClocksNow(const Desk& desk);
// Of a change that is written at `now`.
absl::StatusOr<stored::v1::WrittenAt> WrittenNow(const Desk& desk, const sync::ClockReading& now);
// Of a contact that was at `now`.
stored::v1::ClockContact ContactAt(const sync::ClockReading& now, int64_t skew_ms);

class WritingClocks {
 public:
  // As the clocks are now, of what was written from `first` to `last`.
  static absl::StatusOr<WritingClocks> Load(const Desk& desk, uint64_t first, uint64_t last);

  sync::WritingClock Of(uint64_t sequence) const;
  const sync::ClockReading& now() const { return now_; }

 private:
  std::map<uint64_t, stored::v1::WrittenAt> written_;
  std::set<std::string> moved_in_;
  stored::v1::ClockContact contact_;
  sync::ClockReading now_;
};

}  // namespace sotay::sdk
