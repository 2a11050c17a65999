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

// Of a change that is written at `wall_ms`.
absl::StatusOr<stored::v1::WrittenAt> WrittenNow(const Desk& desk, int64_t wall_ms);
// Of a contact that has just been.
stored::v1::ClockContact ContactNow(const Desk& desk, const stored::v1::Progress& progress);

class WritingClocks {
 public:
  // As the clocks are now, of what was written from `first` on.
  static absl::StatusOr<WritingClocks> Load(const Desk& desk, uint64_t first);

  sync::WritingClock Of(uint64_t sequence) const;
  const sync::ClockReading& now() const { return now_; }

 private:
  std::map<uint64_t, stored::v1::WrittenAt> written_;
  std::set<std::string> moved_in_;
  stored::v1::ClockContact contact_;
  sync::ClockReading now_;
};

}  // namespace sotay::sdk
