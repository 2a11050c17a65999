// CRC-32C, the checksum LevelDB puts on every record of its logs.  Private to this room: LevelDB
// computes its own and does not export it, and the tail rule must read logs without LevelDB.
//
// The polynomial is Castagnoli's 0x1EDC6F41, used bit-reflected as 0x82F63B78, register preset
// to ones and inverted at the end: RFC 3720 (iSCSI), section 12.1, with test vectors in B.4.
// Pure functions of their arguments; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"

namespace sotay::durable {

// The checksum of `bytes`.
uint32_t Crc32c(absl::string_view bytes);

// LevelDB stores checksums rotated and offset, because a log may be stored inside a log and a
// checksum over bytes that contain their own checksum is weak.  This undoes it.
uint32_t UnmaskCrc32c(uint32_t stored);

// The state of the checksum's register after one zero byte was fed to `state`.  By linearity,
// two inputs that differ in one byte differ in their checksums by that byte's entry moved on
// by one such step for each byte that follows it; see OneFlippedBit in log_reading.cc.
uint32_t FeedZeroByteCrc32c(uint32_t state);

// Checksums of many overlapping ranges of one block, each in constant time after one pass.
// Looking for a record at every offset of a damaged block would otherwise be quadratic, and
// whoever may choose the payload could choose a slow one.
class Crc32cOfRanges {
 public:
  // The longest block: LevelDB's.
  static constexpr size_t kBytesMax = 32768;

  // Reads `block`, of at most kBytesMax bytes.  Keeps no reference to it.
  explicit Crc32cOfRanges(absl::string_view block);

  // Crc32c of the bytes [begin, end) of the block.
  uint32_t Of(size_t begin, size_t end) const;

 private:
  // The register after each prefix of the block, starting from zero.
  std::vector<uint32_t> after_;
};

}  // namespace sotay::durable
