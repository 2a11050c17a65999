// Entries of a log that say what their author had before them (sotay/options/v1/saw.proto).  Filled
// in where a change is composed, checked where it is admitted: nobody has seen what their change
// was not made on.  Pure; any thread.
#pragma once

#include "absl/status/status.h"
#include "absl/types/optional.h"
#include "sotay/v1/change.pb.h"
#include "sync/ids.h"
#include "sync/schema.h"
#include "sync/validate.h"
#include "sync/version_vector.h"

namespace sotay::sync {

// Reads which field of a LOG's entries says it.  kInvalidArgument, naming the field, when the
// declaration breaks the rules of saw.proto.
absl::Status ReadSaw(FieldType* field);

// Of an operation that appends to such a log: makes the entry say `seen`, whatever it said.  The
// author's own change is among it: of one that is refused and taken in later, nothing else says
// where it stood on its device.
// Leaves alone what is no entry, for the checks that follow.
void SayWhatItSaw(const FieldType& field, const VersionVector& seen, v1::FieldOp* op);

// What the entry in `fragment` says that it saw; nothing when that is not well formed, or `field`
// is no such log.
absl::optional<VersionVector> SawIn(const FieldType& field, absl::string_view fragment);

// Whether every entry of the edit saw no more than `seen`, on which it was made, and of the device
// it was written on nothing after `own`, its own change.
absl::optional<Refusal> CheckSaw(const Schema& schema, const v1::RecordEdit& edit,
                                 const VersionVector& seen, const VersionVector::Entry& own);

}  // namespace sotay::sync
