// The server a `sotayctl` command asks, with the one who reads its output.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "mobile-sdk/cli/invocation.h"
#include "mobile-sdk/cli/office.h"
#include "mobile-sdk/cli/reader.h"

namespace sotay::cli {

struct OpenOffice {
  std::shared_ptr<const sync::Schema> schema;
  std::unique_ptr<Office> office;
  Reader reader;
};

// Opens the profile in --dir and the types of --schema; connects when first called.
absl::StatusOr<OpenOffice> OpenOfficeFor(const Invocation& run);

// Learns the names of the caller's units, and of everybody with a device in them: whoever wrote
// anything has one.
absl::Status LearnNames(OpenOffice* open);

// Raw bytes of an id typed in hexadecimal.  kInvalidArgument, naming `what`, unless it has
// `digits_min` to 32 digits.
absl::StatusOr<std::string> IdBytes(const std::string& what, const std::string& hex,
                                    size_t digits_min);

}  // namespace sotay::cli
