// A record's history as the server has it: fetched when a person asks for it, when somebody else
// edited a text that own changes are waiting on, and when news come of a record that is open on a
// screen (settle.h).
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mobile-sdk/core/link.h"
#include "mobile-sdk/core/store.h"
#include "sotay/v1/change.pb.h"
#include "sync/ids.h"

namespace sotay::sdk {

// Whether the entry is what its id says; kDataLoss when it is not.
absl::Status CheckEntry(const v1::LogEntry& entry);

// Every entry the server has, each checked, in order of position.  Fails as the link does.
absl::StatusOr<std::vector<v1::LogEntry>> FetchHistory(Link& link, const sync::RecordId& id);

// Puts it in place of what was fetched before.
absl::Status PutHistory(const Store& store, const sync::RecordId& id,
                        const std::vector<v1::LogEntry>& entries, StoreBatch* batch);

}  // namespace sotay::sdk
