// Signatures of a record as people and scripts read them: who signed what, and whether it says the
// same since.  Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "mobile-sdk/cli/reader.h"
#include "nlohmann/json.hpp"
#include "sotay/notebook.h"
#include "sync/merged_record.h"

namespace sotay::cli {

// `signatures` as sync::SignaturesOf orders them.  [{id, signs, by, name, at_ms, revision,
// supersedes, content{…}, standing, current}]: the one that is `standing` is the last; `current`:
// it is of what the record says now.  `revision` is null until the server has taken it.
nlohmann::json SignaturesJson(const Reader& reader, const sync::MergedRecord& object,
                              const std::vector<sync::MergedRecord>& signatures);

// The same, a line each; empty when there are none.
std::string SignaturesInWords(const Reader& reader, const sync::MergedRecord& object,
                              const std::vector<sync::MergedRecord>& signatures);

// Those that do not count (Notebook::Signatures): [{id, signs, by, name, at_ms, set_aside}]; what
// is not set aside is of before the server was restored.
nlohmann::json SignaturesApartJson(const Reader& reader, const std::vector<sdk::RecordView>& apart);
std::string SignaturesApartInWords(const Reader& reader, const std::vector<sdk::RecordView>& apart);

// What a person is told who is about to edit a record; empty when nothing stands in the way.
std::string LateAmendmentWarning(const Reader& reader,
                                 const std::vector<sync::MergedRecord>& signatures);

}  // namespace sotay::cli
