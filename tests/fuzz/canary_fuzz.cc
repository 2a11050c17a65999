// A planted fault: a length that is believed.  run.sh begins with this target and gives up unless
// it is found, because a fuzzer that has never found anything proves little.
#include <cstdint>
#include <cstring>
#include <vector>

#include "absl/strings/string_view.h"
#include "sync/fragment.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  sotay::sync::Occurrence occurrence;
  if (!sotay::sync::NextOccurrence(&bytes, &occurrence) || occurrence.wire_type != 0) return 0;
  if (occurrence.number != 7 || occurrence.varint > 64) return 0;
  const std::vector<char> from(8);
  std::vector<char> to(64);
  std::memcpy(to.data(), from.data(), occurrence.varint);
  return to.front();
}
