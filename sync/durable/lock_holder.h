// Who holds a store that cannot be opened: for the message, so the reader knows what to stop.
#pragma once

#include <string>

#include "absl/types/optional.h"

namespace sotay::durable {

// The process that holds a write lock on `file`; nothing when nobody does or the platform does
// not tell.  Reads the kernel's own table and never opens `file`, because closing any
// descriptor of a locked file drops the locks this process has on it.  Any thread.
absl::optional<int> ProcessHoldingLock(const std::string& file);

}  // namespace sotay::durable
