// Text as one brotli stream (RFC 7932): better than zstd at the few kilobytes a person types.
// Any thread.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sotay::seal {

// Of its window, in bits: 1 MiB, which a decoder sets aside at most.
constexpr int kBrotliWindowBitsMax = 20;

// Quality 11 up to this size, 8 above.  Of 24 kB of typed text 11 makes 8 % less than 8 and takes
// 45 ms; of 212 kB it makes 9 % less and takes 0.4 s where 8 takes 20 ms, and a server packs at
// every request.  5 takes 10 ms for those and makes 2 % more.
constexpr size_t kBrotliBestBytesMax = size_t{64} << 10;

// Ends the process when there is no memory for it.
std::string PackBrotli(absl::string_view raw);

// Exactly `size` bytes, which the caller has bounded.  Fails with kInvalidArgument, naming limit
// and actual, when that is over kPackedRatioMax times the packed ones or the window is over the
// limit (before anything is allocated), or when the stream is malformed, unpacks to more or less,
// or is followed by anything.
absl::StatusOr<std::string> UnpackBrotli(absl::string_view packed, size_t size);

}  // namespace sotay::seal
