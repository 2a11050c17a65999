// Whether the notebook may be read now (docs/decisions/0034): for as many days after a contact as
// the server says, and no longer once it says that the device is revoked.  A rule of the program,
// kept for whoever holds an unlocked phone; nothing is thrown away, and the next contact opens it.
//
// What it closes is what others may have written in.  A record of which the server has sent
// nothing is its author's words alone, and stays; writing, sending and the status go on.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "mobile-sdk/core/desk.h"
#include "mobile-sdk/core/store.h"
#include "sotay/v1/sync_service.pb.h"
#include "sync/ids.h"
#include "sync/moved_clock.h"

namespace sotay::sdk {

struct Lease {
  uint32_t days = 0;                // 0: without end
  absl::optional<int64_t> left_ms;  // of them; nothing: without end
  int64_t contact_ms = 0;           // the last contact, server clock
  int64_t revoked_ms = 0;           // when it was first told so, device clock; 0: it is not

  bool open() const { return revoked_ms == 0 && left_ms.value_or(1) > 0; }
  // Server clock; 0: without end.
  int64_t until_ms() const;
};

// All with the desk's lock held, to read; Heard takes it.
absl::StatusOr<Lease> LeaseNow(const Desk& desk);
// kFailedPrecondition when it is closed: since when, until when it was open, and what to do
// (sotay/lease.h).
absl::Status CheckOpen(const Desk& desk);
// The same, but of a record that is its author's alone.
absl::Status CheckReadable(const Desk& desk, const sync::RecordId& id);

// An answer was had: the contact from which it may be read on.  A revoked device that hands in what
// it has is given no such, whatever is answered to that: what was taken before is answered as it
// was then.  One that a restored server knows again is as it was, once it is told so without having
// handed anything in.  `pushed`: with the request.
absl::Status NoteContact(const Desk& desk, const v1::SyncResponse& response, bool pushed,
                         const sync::ClockReading& clocks, int64_t skew_ms, StoreBatch* batch);
// What a call came back with: where it was refused because the device is revoked, that is noted.
// What cannot be written is told anew by the next.
absl::Status Heard(Desk* desk, absl::Status status);

}  // namespace sotay::sdk
