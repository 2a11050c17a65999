// The lease (docs/decisions/0034).  For so many days after the last contact as the server says an
// app reads what others may have written, and no longer once the server says that the device is
// revoked.  After that Read, List, History, ReadAt, Blame, Signatures, Notices, ListFiles and
// SaveFile answer kFailedPrecondition, and so do Change by a record's id and Resolve, which are for
// somebody who is shown it now.  All else goes on: Create, Attach, Change and Sign of what was read
// before, Sync, SendFiles, GetStatus, Find, Refused; and of a record of which the server has sent
// nothing, its author's words alone, everything does.  The next contact opens all of it again.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/types/optional.h"

namespace sotay::sdk {

// How it stands.
struct Reading {
  bool open = true;
  uint32_t days = 0;     // without a contact; 0: without end
  int64_t left_ms = 0;   // of them
  int64_t until_ms = 0;  // until then it is open without a contact, server clock; 0: without end
  // When the server first said that the device is revoked, our clock; 0: it is not.
  int64_t revoked_ms = 0;
};

// Why a call failed, for an app that says it in its user's words.
struct LeaseClosed {
  uint32_t days = 0;       // without a contact are allowed
  int64_t contact_ms = 0;  // the last, server clock
  int64_t until_ms = 0;    // until then it was open, server clock
  int64_t revoked_ms = 0;  // as Reading's; not 0: no contact opens it
};

// Nothing when it failed for another reason.
absl::optional<LeaseClosed> LeaseClosedOf(const absl::Status& status);

}  // namespace sotay::sdk
