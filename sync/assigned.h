// Values of SERVER fields that come with a record's first change.  What comes later: numbering.h.
// Pure; any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "sotay/v1/change.pb.h"
#include "sync/schema.h"

namespace sotay::sync {

// When the record's first change came and, of a signature, where the newest change to its object
// stands in the unit's log (`revision`; 0: it is none).  Of an assignment, whether it decides whose
// the dossier is (assignments.h).
std::vector<v1::FieldOp> AssignedAtBirth(const RecordType& type, int64_t received_ms,
                                         uint64_t revision, bool decides);

}  // namespace sotay::sync
