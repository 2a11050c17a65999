// Which table of rights the server goes by since when, noted in the store: so it can be said of a
// change long ago whether the table in force is the one it was admitted by
// (docs/decisions/0031-the-line-of-an-admission.md).  A row whenever a server starts with another
// one.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/types/optional.h"
#include "server/access_rules.h"
#include "server/store.h"
#include "sotay/stored/v1/rules_noted.pb.h"
#include "sotay/stored/v1/server.pb.h"

namespace sotay::server {

// Notes in the store, and in `tables`, that from `now_ms` on it goes by `rules`; nothing when that
// stands there already.  Fails as writing does.  To be called before anybody else writes.
absl::Status NoteRules(Store* store, const AccessRules& rules, int64_t now_ms, Tables* tables);

// The table that was in force at `at_ms`; nothing: that was before any was noted.
absl::optional<stored::v1::RulesInForce> RulesAt(const stored::v1::StoreMeta& meta, int64_t at_ms);

// Whether it is the one the server goes by.
bool IsThatOf(const stored::v1::RulesInForce& noted, const AccessRules& rules);

}  // namespace sotay::server
