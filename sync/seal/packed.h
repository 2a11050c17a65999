// Packing of pushes, answers and invitations: one zstd frame, or plain bytes, with the size
// declared outside.  gRPC's own compression is off, because it unpacks before it measures; here
// nothing is allocated that was not declared, bounded and paid for.  Any thread: each keeps its
// zstd contexts (some 2 MB for packing, 0.2 MB for unpacking, on first use).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sotay/v1/sync_service.pb.h"

namespace sotay::seal {

// Prose packs 3 to 6 times, repetitive records 20; a hundred times is an attack.
constexpr size_t kPackedRatioMax = 100;
// RFC 8878 asks every decoder for 8 MiB; more would be memory for the asking.
constexpr uint64_t kPackedWindowBytesMax = uint64_t{8} << 20;

// `raw` in a zstd frame when that is smaller and unpacks within the ratio, otherwise plain; so
// that Unpack takes whatever Pack made.  Ends the process for 4 GiB or more: the size has 32
// bits, and callers are held to limits.h long before.
v1::Packed Pack(absl::string_view raw, int level = 3);

// The same with `before`, the unpacked bytes of the push that is being answered: what stands there
// costs next to nothing here.
v1::Packed PackAfter(absl::string_view before, absl::string_view raw, int level = 3);

// The bytes that were packed, `before` being the unpacked bytes of the push that was sent, if one
// was.  Fails with kInvalidArgument, naming limit and actual, for an
// unknown codec or one that wants a push where none was sent; a declared size over `size_max` or
// over 100 times the packed one (before anything is allocated); a frame that is malformed, needs a
// dictionary or a window over 8 MiB, unpacks to more or less than declared, or is followed by
// anything.
absl::StatusOr<std::string> Unpack(const v1::Packed& packed, size_t size_max,
                                   absl::string_view before = {});

}  // namespace sotay::seal
