// What a phone does about a server that has less than it had, where a call was refused for that;
// each in one batch.  Takes the desk's lock.
//
// A signature counts in the life of the server that has it.  One that was lost with the server may
// never come again, or be refused now; whoever followed it could sign nothing.  So where another
// life begins all that are shown are marked as ended, and the mark goes with each the server sends
// again (settle.h).  The others stay to be read.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "mobile-sdk/core/desk.h"

namespace sotay::sdk {

// The server has our changes only up to `sequence`: the rest is in the outbox again.
absl::Status RewindTo(Desk* desk, uint64_t sequence);
// A cursor is of another life of the store: begins its unit again, from position 0 of `epoch`
// (without one, from nothing).  An empty unit stands for all.
absl::Status BeginAgain(Desk* desk, const std::string& unit_id, const std::string& epoch);

}  // namespace sotay::sdk
