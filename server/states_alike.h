// Values of a state that read the same: a note as born and one that was returned are both drafts.
// Who asks for a state by the name of one of them means all.  Pure; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "sync/schema.h"

namespace sotay::server {

// By type, the values that read as the one of that name; only types whose state has it.
std::map<std::string, std::set<int32_t>> StatesAlike(const sync::Schema& schema,
                                                     const std::string& name);

}  // namespace sotay::server
