// A record's history as it travels and as a phone keeps it: columns (sync/history_columns.h), each
// packed apart.  Any thread.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "sotay/v1/sync_service.pb.h"
#include "sync/history_columns.h"

namespace sotay::seal {

// Columns of a history in one zstd frame.  `edits` fit a sync::HistoryPart.
v1::Packed PackHistory(const std::vector<sync::AdmittedEdit>& edits);
v1::Packed PackColumns(const sync::HistoryColumns& columns);

// As Unpack and sync::ReadHistory fail.
absl::StatusOr<std::vector<sync::AdmittedEdit>> UnpackHistory(const v1::Packed& packed,
                                                              const sync::RecordId& record);

}  // namespace sotay::seal
