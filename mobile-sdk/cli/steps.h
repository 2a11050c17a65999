// Steps of a state that were taken apart from what others did (sync/apart.h), in words and as JSON:
// requests, with the commands that decide about them, and what another's step overtook.  Pure; any
// thread.
#pragma once

#include <string>
#include <vector>

#include "mobile-sdk/cli/reader.h"
#include "nlohmann/json.hpp"
#include "sotay/stored/v1/notices.pb.h"
#include "sync/apart.h"
#include "sync/merged_record.h"

namespace sotay::cli {

// Every one of a record, one below the other; empty when there is none.
std::string StepsInWords(const Reader& reader, const sync::MergedRecord& record);
// The requests alone.
std::string RequestsInWords(const Reader& reader, const sync::MergedRecord& record);

// What the user is to be told of steps they took, a sentence each; empty when there is nothing.
std::string NoticesInWords(const Reader& reader,
                           const std::vector<stored::v1::StepNotice>& notices);
// [{notice, record, field, own{value, user, name, at_ms, change}, other{…}}]; `notice` is
// "overtaken", "prevailed" or "requested".
nlohmann::json NoticesJson(const Reader& reader,
                           const std::vector<stored::v1::StepNotice>& notices);

// [{field, value, reason, stands, deciders[…], unaware[author…], …author}].
nlohmann::json RequestsJson(const Reader& reader, const sync::MergedRecord& record);
// [{field, value, in_force, by{…author}, …author}].
nlohmann::json OvertakenJson(const Reader& reader, const sync::MergedRecord& record);

}  // namespace sotay::cli
