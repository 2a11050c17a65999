// What comes of an edit, against the limits of a record (limits.h): the part of a change's
// judgement (decision.h) that is about size.  Pure; one thread.
#pragma once

#include "absl/types/optional.h"
#include "sync/decision.h"

namespace sotay::sync {

// TOO_LARGE when the record would be larger than one may be, or TEXT_MISMATCH when its texts cannot
// be made.  `existing`: the record as it is; null: the edit makes it.
absl::optional<Refusal> CheckSize(const Arrival& arrival, const ReadyEdit& ready,
                                  const WrittenRecord* existing, Bench* bench);

}  // namespace sotay::sync
