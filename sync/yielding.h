// States that give way to others' work (sotay.options.v1.yielding, docs/merge.md M13): how they
// are declared, and which steps lead on from a record with requests.  Pure; any thread.
#pragma once

#include <cstdint>
#include <set>

#include "absl/status/status.h"
#include "absl/types/optional.h"
#include "sync/merged_record.h"
#include "sync/schema.h"

namespace sotay::sync {

// Reads which values of a STATE field yield, and who decides.  kInvalidArgument when the
// declaration breaks the rules of yielding.proto.
absl::Status ReadYielding(FieldType* field);

// Whether a step of this author's decides about a request for the value: by the authority they were
// admitted with, as roles are not remembered.
bool Decides(const FieldType& field, int32_t value, const Author& author);

// Whether a request for the value can still be met: a step leads there from the state in force.
// One that cannot was overtaken.
bool IsOpen(const FieldType& field, const StepRequest& request, int32_t in_force);

// A step that leads on from where a record is.
struct LawfulStep {
  std::set<Role> roles;  // who may take it; empty: any writer of the field
  bool settled = false;  // Transition.settled
};

// The step of `field` to the value `to` from `base`; nothing when there is none.  Beside the steps
// from the state in force there are, for whoever decides about an open request, the one that is
// asked for, the one to the state in force (the request is turned down), and those that would lead
// on from what is asked for.  Nobody else agrees to it: whoever asked would otherwise only have to
// ask twice.
absl::optional<LawfulStep> StepFrom(const FieldType& field, const MergedRecord& base, int32_t to);

}  // namespace sotay::sync
