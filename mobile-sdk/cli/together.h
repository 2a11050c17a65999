// What `show` says beside a record that repeats another, or is repeated: all the records of the one
// thing, and evidence and documents of any of them, each with the record it comes from
// (sync/one_thing.h).
#pragma once

#include <string>

#include "absl/status/status.h"
#include "mobile-sdk/cli/invocation.h"
#include "mobile-sdk/cli/open_notebook.h"
#include "mobile-sdk/cli/open_office.h"
#include "nlohmann/json.hpp"
#include "sync/merged_record.h"

namespace sotay::cli {

// Sets "together" of the document: null where the record is the only one, else {records[{id, title,
// user, name, at_ms}], values[{field, value, from[…]}], belongings[{id, type, title, state,
// to[…]}], more}; and adds the same in words.
absl::Status AddTogetherHere(const OpenNotebook& open, const sync::MergedRecord& record,
                             nlohmann::json* document, std::string* text);
absl::Status AddTogetherThere(const OpenOffice& open, const sync::MergedRecord& record,
                              nlohmann::json* document, std::string* text);

}  // namespace sotay::cli
