// How the key of the logs was replaced, as the commands tell it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "mobile-sdk/cli/voice.h"
#include "sotay/v1/log_key.pb.h"

namespace sotay::cli {

nlohmann::json HandoversJson(const std::vector<v1::LogKeyHandover>& handovers);
// One line, without its end.
std::string HandoverInWords(const Voice& voice, const v1::LogKeyHandover& handover);

}  // namespace sotay::cli
