// Recorded keystrokes, in the public editing-traces formats (github.com/josephg/editing-traces):
// what one person typed, or what several typed at once.  For tests and benches.  Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace sotay::tests {

struct TracePatch {
  uint32_t position = 0;  // Unicode scalar values
  uint32_t deleted = 0;
  std::string inserted;
};

struct TraceStep {
  std::vector<uint32_t> parents;  // earlier steps it was made on; of a sequential one: the last
  uint32_t agent = 0;
  std::vector<TracePatch> patches;
};

struct Trace {
  std::string name;  // of the file, without its endings
  std::string start;
  std::string end;
  size_t agents = 1;
  bool concurrent = false;
  std::vector<TraceStep> steps;
};

// Reads a .json or .json.gz file.  kInvalidArgument when it is in neither format.
absl::StatusOr<Trace> ReadTrace(const std::string& path);

// The traces of a folder, by name.  kNotFound when there is no such folder.
absl::StatusOr<std::vector<std::string>> TracesIn(const std::string& folder);

}  // namespace sotay::tests
