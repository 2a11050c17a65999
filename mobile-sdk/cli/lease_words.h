// What a person is told of a notebook that is read offline for so many days, and no longer
// (docs/decisions/0034).
#pragma once

#include <string>

#include "mobile-sdk/cli/voice.h"
#include "nlohmann/json.hpp"
#include "sotay/lease.h"
#include "sotay/notebook.h"

namespace sotay::cli {

// Why nothing is read, since when, and what to do.
std::string ClosedInWords(const Voice& voice, const sdk::LeaseClosed& closed);

// Until when records are read; with a warning on the last day.  Empty: without end.
std::string ReadableInWords(const Voice& voice, const sdk::Status& status);
nlohmann::json ReadableJson(const sdk::Status& status);

}  // namespace sotay::cli
