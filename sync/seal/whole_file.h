// Small files that are replaced whole: keys and certificates.  After a crash a reader finds the
// old bytes or the new ones, never a part.  One writer per path; readers on any thread.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sotay::seal {

// All of the file.  Fails with kNotFound or kPermissionDenied as the system says, with
// kInvalidArgument when it is longer than `bytes_max`.
absl::StatusOr<std::string> ReadWholeFile(const std::string& path, size_t bytes_max);

// Writes `bytes` beside `path`, makes them durable, puts them in its place and makes that
// durable as well.  `mode` holds whatever the umask.  On failure (the system's reason, as a
// status) `path` is untouched, or already new when only the last step failed.
absl::Status WriteWholeFile(const std::string& path, absl::string_view bytes, unsigned mode);

}  // namespace sotay::seal
