#include "mobile-sdk/core/writing_clocks.h"

#include <utility>

#include "sync/stamp.h"
#include "sync/status_macros.h"

namespace sotay::sdk {

sync::ClockReading ClocksNow(const Desk& desk) {
  // Whoever is stopped between two readings, or sleeps, reads again.
  constexpr int64_t kTogetherMs = 1000;
  sync::ClockReading now;
  for (int tries = 0; tries < 3; ++tries) {
    const SinceBoot before = desk.since_boot();
    now.wall_ms = desk.now_ms();
    const SinceBoot after = desk.since_boot();
    now.boot = after.boot;
    now.boot_ms = after.ms;
    if (after.ms - before.ms < kTogetherMs) break;
  }
  return now;
}

absl::StatusOr<stored::v1::WrittenAt> WrittenNow(const Desk& desk, const sync::ClockReading& now) {
  SOTAY_ASSIGN_OR_RETURN(stored::v1::ClockContact contact, desk.store->ClockContact());
  stored::v1::WrittenAt at;
  at.set_boot(now.boot);
  at.set_boot_ms(now.boot_ms);
  at.set_wall_ms(now.wall_ms);
  if (!contact.boot().empty()) *at.mutable_contact() = std::move(contact);
  return at;
}

stored::v1::ClockContact ContactAt(const sync::ClockReading& now, int64_t skew_ms) {
  stored::v1::ClockContact contact;
  contact.set_boot(now.boot);
  contact.set_boot_ms(now.boot_ms);
  contact.set_wall_ms(now.wall_ms);
  contact.set_skew_ms(skew_ms);
  return contact;
}

absl::StatusOr<WritingClocks> WritingClocks::Load(const Desk& desk, uint64_t first, uint64_t last) {
  WritingClocks clocks;
  clocks.now_ = ClocksNow(desk);
  for (uint64_t sequence = first; sequence <= last; ++sequence) {
    SOTAY_ASSIGN_OR_RETURN(auto at, desk.store->WrittenAt(sequence));
    if (at.has_value()) clocks.written_.emplace(sequence, *std::move(at));
  }
  SOTAY_ASSIGN_OR_RETURN(clocks.contact_, desk.store->ClockContact());
  // What was sent already of the start the first was written in is evidence as well: a start has
  // its changes in a row.
  const auto oldest = clocks.written_.find(first);
  if (oldest != clocks.written_.end() && oldest->second.boot() != clocks.now_.boot) {
    const std::string boot = oldest->second.boot();
    for (uint64_t sequence = first - 1; sequence > 0; --sequence) {
      SOTAY_ASSIGN_OR_RETURN(auto at, desk.store->WrittenAt(sequence));
      if (!at.has_value() || at->boot() != boot) break;
      clocks.written_.emplace(sequence, *std::move(at));
    }
  }
  clocks.moved_in_ = sync::BootsMovedIn(clocks.written_);
  return clocks;
}

sync::WritingClock WritingClocks::Of(uint64_t sequence) const {
  const auto at = written_.find(sequence);
  if (at == written_.end()) return {now_.wall_ms, false};
  return sync::ClockWrittenBy(at->second, contact_, moved_in_, now_);
}

}  // namespace sotay::sdk
