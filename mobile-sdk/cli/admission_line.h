// By which line of the table of rights a change was admitted, as a server tells it
// (admission_line.proto), for those who read a record's history.  Pure; any thread.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "mobile-sdk/cli/voice.h"
#include "sotay/v1/change.pb.h"

namespace sotay::cli {

// {"told", "table", "lines"}; null when nothing is told.
nlohmann::json AdmissionLineJson(const v1::LogEntry& entry);
// A line of text with its end; empty when nothing is told.
std::string AdmissionLineInWords(const Voice& voice, const v1::LogEntry& entry);

}  // namespace sotay::cli
