#include "tests/text/trace.h"

#include <zlib.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "sync/status_macros.h"

namespace sotay::tests {
namespace {

using nlohmann::json;

// gzread reads what is not compressed as it is.
absl::StatusOr<std::string> ReadWhole(const std::string& path) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
  if (file == nullptr) return absl::NotFoundError(absl::StrCat(path, " cannot be opened"));
  std::string whole;
  std::string piece(size_t{1} << 16, '\0');
  for (;;) {
    const int read = gzread(file.get(), piece.data(), static_cast<unsigned>(piece.size()));
    if (read < 0) return absl::DataLossError(absl::StrCat(path, " is damaged"));
    if (read == 0) return whole;
    whole.append(piece, 0, static_cast<size_t>(read));
  }
}

std::vector<TracePatch> PatchesOf(const json& patches) {
  std::vector<TracePatch> read;
  for (const json& patch : patches) {
    read.push_back(
        {patch.at(0).get<uint32_t>(), patch.at(1).get<uint32_t>(), patch.at(2).get<std::string>()});
  }
  return read;
}

Trace FromJson(const json& document) {
  Trace trace;
  trace.start = document.value("startContent", "");
  trace.end = document.at("endContent").get<std::string>();
  trace.concurrent = document.contains("numAgents");
  trace.agents = document.value("numAgents", size_t{1});
  for (const json& transaction : document.at("txns")) {
    TraceStep& step = trace.steps.emplace_back();
    step.patches = PatchesOf(transaction.at("patches"));
    if (trace.concurrent) {
      step.agent = transaction.at("agent").get<uint32_t>();
      step.parents = transaction.at("parents").get<std::vector<uint32_t>>();
    } else if (trace.steps.size() > 1) {
      step.parents.push_back(static_cast<uint32_t>(trace.steps.size() - 2));
    }
  }
  return trace;
}

}  // namespace

absl::StatusOr<Trace> ReadTrace(const std::string& path) {
  SOTAY_ASSIGN_OR_RETURN(const std::string whole, ReadWhole(path));
  const json document = json::parse(whole, nullptr, /*allow_exceptions=*/false);
  try {
    Trace trace = FromJson(document);
    const std::string file = std::filesystem::path(path).filename().string();
    trace.name = std::string(absl::StripSuffix(absl::StripSuffix(file, ".gz"), ".json"));
    return trace;
  } catch (const json::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is no editing trace: ", error.what()));
  }
}

absl::StatusOr<std::vector<std::string>> TracesIn(const std::string& folder) {
  std::error_code failed;
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failed)) {
    const std::string path = entry.path().string();
    if (absl::EndsWith(path, ".json") || absl::EndsWith(path, ".json.gz")) paths.push_back(path);
  }
  if (failed) return absl::NotFoundError(absl::StrCat(folder, ": ", failed.message()));
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace sotay::tests
