// What the user wrote of when something happened while their clock was wrong: from own changes and
// the stamps the server gave them.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "mobile-sdk/core/desk.h"
#include "sotay/notebook.h"

namespace sotay::sdk {

// The field of a type that says when it happened, as the author says; null: it has none.
const sync::FieldType* WhenField(const sync::RecordType& type);

// By record.  `desk.mutex` is held.
absl::StatusOr<std::vector<DoubtfulTime>> DoubtfulTimes(const Desk& desk,
                                                        uint64_t accepted_through);

}  // namespace sotay::sdk
