// What waits for a colleague's consent (sotay/v1/consents.proto), in words and as JSON: to whoever
// may agree, with the commands that say so at the server, where its words are read, too; and to
// whose own it is.  Pure; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "mobile-sdk/cli/reader.h"
#include "nlohmann/json.hpp"
#include "sotay/v1/consents.pb.h"

namespace sotay::cli {

// Of one that waits for the user, without a label.
std::string AwaitsConsentInWords(const Reader& reader, const v1::AwaitsConsent& change);
// That a colleague has only to agree, without a label.
std::string OwnConsentInWords(const Voice& voice);
// Whether that is so of the user's own change.
bool WaitsForConsent(const v1::Consents& consents, uint64_t sequence);
// {for_user[{device, sequence, change_id, user, name, unit, dossier, received_ms,
// records[{record, type}]}], own[…]}.
nlohmann::json ConsentsJson(const Reader& reader, const v1::Consents& consents);

}  // namespace sotay::cli
