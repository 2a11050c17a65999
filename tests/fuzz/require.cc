#include "tests/fuzz/require.h"

#include <cstdio>
#include <cstdlib>

#include "google/protobuf/stubs/logging.h"

namespace sotay::fuzz {

void Require(bool kept, const char* promise) {
  if (kept) return;
  std::fprintf(stderr, "broken: %s\n", promise);
  std::abort();
}

void RequireOk(const absl::Status& status, const char* promise) {
  if (status.ok()) return;
  std::fprintf(stderr, "broken: %s: %s\n", promise, status.ToString().c_str());
  std::abort();
}

}  // namespace sotay::fuzz

// libFuzzer calls it once, before the first input.
extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  google::protobuf::SetLogHandler(nullptr);
  return 0;
}
