#include "mobile-sdk/core/patience.h"

#include <string>

#include "sync/seal/big_endian.h"
#include "sync/status_macros.h"

namespace sotay::sdk {
namespace {

struct Unshown {
  int64_t since_ms = 0;
  uint64_t times = 0;
};

// Of times 0: there is none.
absl::StatusOr<Unshown> Read(const Store& store) {
  SOTAY_ASSIGN_OR_RETURN(const auto value, store.Unshown());
  Unshown unshown;
  if (!value.has_value()) return unshown;
  if (value->size() != 2 * sizeof(uint64_t)) {
    return absl::DataLossError("since when the log key is not shown cannot be read");
  }
  const auto number = [&](size_t at) {
    uint64_t read = 0;
    for (size_t i = at; i < at + sizeof(uint64_t); ++i) {
      read = read << 8 | static_cast<unsigned char>((*value)[i]);
    }
    return read;
  };
  unshown.since_ms = static_cast<int64_t>(number(0));
  unshown.times = number(sizeof(uint64_t));
  return unshown;
}

}  // namespace

absl::Status LosePatience(const Store& store, int64_t now_ms, HandoversShown* shown,
                          StoreBatch* batch) {
  SOTAY_ASSIGN_OR_RETURN(Unshown unshown, Read(store));
  if (!shown->waits) {
    // A contact at which nothing was asked, or nothing answered, says nothing either way.
    if (shown->shown && unshown.times != 0) batch->DropUnshown();
    return absl::OkStatus();
  }
  if (unshown.times == 0) unshown.since_ms = now_ms;
  ++unshown.times;
  std::string value;
  seal::AppendBigEndian(static_cast<uint64_t>(unshown.since_ms), &value);
  seal::AppendBigEndian(unshown.times, &value);
  batch->PutUnshown(std::move(value));
  shown->unknown = unshown.times >= kUnshownTimesMax && now_ms - unshown.since_ms >= kUnshownMsMax;
  shown->waits = !shown->unknown;
  return absl::OkStatus();
}

absl::StatusOr<int64_t> UnshownSinceMs(const Store& store) {
  SOTAY_ASSIGN_OR_RETURN(const Unshown unshown, Read(store));
  return unshown.times == 0 ? 0 : unshown.since_ms;
}

}  // namespace sotay::sdk
