// A state whose steps may yield to others' work, told from all edits of the record: docs/merge.md,
// law M13.  Nothing is remembered between two edits that knew of each other; where one did not,
// the history is at hand (History), and this asks it.  Pure; any thread.
#pragma once

#include <vector>

#include "absl/types/optional.h"
#include "sync/history.h"
#include "sync/merged_record.h"
#include "sync/schema.h"
#include "sync/version_vector.h"

namespace sotay::sync {

// What stands and what is asked for at `version`.  Nothing when no step of it could yield: then
// what MergedRecord::Apply has made of the field is right.
absl::optional<WrittenState> StateAt(const FieldType& field, const std::vector<HistoryNode>& nodes,
                                     const VersionVector& version);

}  // namespace sotay::sync
