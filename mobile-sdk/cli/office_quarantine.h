// What was set aside, in words and for programs: why, whose it is, and what was decided of it.
// Pure; any thread.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "mobile-sdk/cli/reader.h"
#include "sotay/v1/supervision_service.pb.h"

namespace sotay::cli {

std::string QuarantinedInWords(const Reader& reader, const v1::QuarantinedChange& set_aside);

// {verdict, reason, message, user, name, device, sequence, unit, received_ms, change_id,
// dismissed{by, name, decided_ms, reason}|null, change{…}|null}.
nlohmann::json QuarantinedJson(const Reader& reader, const v1::QuarantinedChange& set_aside);

}  // namespace sotay::cli
