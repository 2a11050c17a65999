// Devices that were lost, as whoever answers for a unit is told of them.  A revoked device is one:
// whatever it wrote and did not send is missed until somebody says what came of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "mobile-sdk/cli/reader.h"
#include "nlohmann/json.hpp"
#include "sotay/v1/supervision_service.pb.h"

namespace sotay::cli {

// How many changes the device said it has, and has not sent.
uint64_t UnsentOf(const v1::DeviceView& device);
// Nobody will ask a revoked device again, and what it said last is not all it may have written
// since.
bool MayHaveUnsent(const v1::DeviceView& device);

// Who revoked it, when and why, and what came of it; null, and nothing, where it was not, or the
// server does not tell.
nlohmann::json EndJson(const Reader& reader, const v1::DeviceView& device);
std::string EndInWords(const Reader& reader, const v1::DeviceView& device);

enum class Loss {
  kNone,     // not revoked, or dealt with
  kEarlier,  // nobody said what came of it, which was more than a month ago, and nothing is known
             // to be missing
  kOfNow,    // to be gone through; as well what is dealt with, where `undecided` changes of it wait
};
Loss LossOf(const v1::DeviceView& device, size_t undecided, int64_t now_ms);
std::string LossInWords(const Reader& reader, const v1::DeviceView& device, size_t undecided,
                        int64_t now_ms);

}  // namespace sotay::cli
