// What the server lists, as JSON; keys as in record_json.h.  Pure; any thread.
#pragma once

#include <cstdint>

#include "mobile-sdk/cli/reader.h"
#include "nlohmann/json.hpp"
#include "sotay/notebook.h"

namespace sotay::cli {

// As LineJson, with the place in the unit's log and without `sync`, which is a device's matter.
nlohmann::json FeedLineJson(const sdk::RecordLine& line, uint64_t position);

}  // namespace sotay::cli
