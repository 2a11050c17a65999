// How files of attachments are spoken of.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "mobile-sdk/cli/invocation.h"
#include "mobile-sdk/cli/voice.h"
#include "nlohmann/json.hpp"
#include "sotay/notebook.h"

namespace sotay::cli {

// "18,0 MB", "412 kB", "96 B".
std::string BytesInWords(uint64_t bytes);
// "trên máy chủ", "chờ gửi, 3,2 MB của 18,0 MB".
std::string FileStateInWords(const Voice& voice, const sdk::FileLine& line);
nlohmann::json FileJson(const sdk::FileLine& line);
// Writes a file whole or not at all: what was there is replaced once `fill` has given everything.
absl::Status SaveWhole(const std::string& path,
                       const std::function<absl::Status(const sdk::FileSink&)>& fill);
// On stderr, over itself, when somebody watches.
void ShowProgress(const Invocation& run, const sdk::FileProgress& progress);

}  // namespace sotay::cli
