#include "tests/bench/text/peers.h"

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace sotay::bench {
namespace {

std::string Quoted(const std::string& word) {
  return absl::StrCat("'", absl::StrReplaceAll(word, {{"'", "'\\''"}}), "'");
}

absl::optional<double> Number(const nlohmann::json& line, const char* name) {
  const auto at = line.find(name);
  if (at == line.end() || !at->is_number()) return absl::nullopt;
  return at->get<double>();
}

}  // namespace

absl::StatusOr<std::vector<PeerFigures>> MeasurePeers(const std::vector<std::string>& traces,
                                                      int runs, bool quick) {
  std::string command =
      absl::StrCat("exec node --expose-gc ", Quoted(SOTAY_BENCH_PEERS), " --runs ", runs);
  if (quick) absl::StrAppend(&command, " --only yjs,loro,diamond");
  for (const std::string& trace : traces) absl::StrAppend(&command, " ", Quoted(trace));
  FILE* const out = popen(command.c_str(), "r");
  if (out == nullptr) return absl::FailedPreconditionError("peers: no shell");
  std::string told;
  char part[4096];
  while (const size_t count = fread(part, 1, sizeof(part), out)) told.append(part, count);
  if (pclose(out) != 0) {
    return absl::FailedPreconditionError("peers: failed, see above; ./dev bench installs them");
  }
  std::vector<PeerFigures> figures;
  for (size_t at = 0; at < told.size();) {
    const size_t end = std::min(told.find('\n', at), told.size());
    const auto line = nlohmann::json::parse(told.substr(at, end - at), nullptr, false);
    at = end + 1;
    if (!line.is_object() || !line.contains("trace") || !line.contains("peer")) continue;
    figures.push_back(
        {line["trace"].get<std::string>(), line["peer"].get<std::string>(), Number(line, "type_ms"),
         Number(line, "merge_ms"), Number(line, "arrive_live_ms"), Number(line, "load_ms"),
         Number(line, "bytes_gz"), Number(line, "memory_bytes"), Number(line, "collected_gz")});
  }
  return figures;
}

}  // namespace sotay::bench
