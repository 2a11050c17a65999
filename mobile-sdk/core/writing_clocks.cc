#include "mobile-sdk/core/writing_clocks.h"

#include "sync/stamp.h"
#include "sync/status_macros.h"

namespace sotay::sdk {

absl::StatusOr<stored::v1::WrittenAt> WrittenNow(const Desk& desk, int64_t wall_ms) {
  const SinceBoot since = desk.since_boot();
  SOTAY_ASSIGN_OR_RETURN(stored::v1::ClockContact contact, desk.store->ClockContact());
  stored::v1::WrittenAt at;
  at.set_boot(since.boot);
  at.set_boot_ms(since.ms);
  at.set_wall_ms(wall_ms);
  if (!contact.boot().empty()) *at.mutable_contact() = std::move(contact);
  return at;
}

stored::v1::ClockContact ContactNow(const Desk& desk, const stored::v1::Progress& progress) {
  const SinceBoot since = desk.since_boot();
  stored::v1::ClockContact contact;
  contact.set_boot(since.boot);
  contact.set_boot_ms(since.ms);
  contact.set_wall_ms(progress.last_contact_ms() + progress.skew_ms());
  contact.set_skew_ms(progress.skew_ms());
  return contact;
}

absl::StatusOr<WritingClocks> WritingClocks::Load(const Desk& desk, uint64_t first) {
  WritingClocks clocks;
  const SinceBoot since = desk.since_boot();
  clocks.now_ = {since.boot, since.ms, desk.now_ms()};
  SOTAY_ASSIGN_OR_RETURN(clocks.written_, desk.store->WrittenAt(first));
  SOTAY_ASSIGN_OR_RETURN(clocks.contact_, desk.store->ClockContact());
  clocks.moved_in_ = sync::BootsMovedIn(clocks.written_);
  return clocks;
}

sync::WritingClock WritingClocks::Of(uint64_t sequence) const {
  const auto at = written_.find(sequence);
  if (at == written_.end()) return {now_.wall_ms, false};
  return sync::ClockWrittenBy(at->second, contact_, moved_in_, now_);
}

}  // namespace sotay::sdk
