// Ids that cannot be swapped: a device, a record and a change are different types, although
// all three are just bytes.  Values; any thread.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace sotay::sync {

// N raw bytes of kind Tag.  Default: all zero, which no id in use ever is.
template <typename Tag, size_t N>
class FixedBytes {
 public:
  static constexpr size_t kSize = N;

  FixedBytes() : bytes_{} {}
  explicit FixedBytes(const std::array<char, N>& bytes) : bytes_(bytes) {}

  // Nothing unless `bytes` is exactly N long.
  static absl::optional<FixedBytes> From(absl::string_view bytes) {
    if (bytes.size() != N) return absl::nullopt;
    FixedBytes id;
    std::memcpy(id.bytes_.data(), bytes.data(), N);
    return id;
  }

  absl::string_view view() const { return absl::string_view(bytes_.data(), N); }
  std::string str() const { return std::string(bytes_.data(), N); }
  // Lower-case hexadecimal.
  std::string Hex() const { return absl::BytesToHexString(view()); }
  // The first eight hexadecimal digits: enough for a message.
  std::string Short() const { return absl::BytesToHexString(view().substr(0, 4)); }

  friend bool operator==(const FixedBytes& a, const FixedBytes& b) { return a.bytes_ == b.bytes_; }
  friend bool operator!=(const FixedBytes& a, const FixedBytes& b) { return !(a == b); }
  // Order of unsigned bytes, the same on every machine.
  friend bool operator<(const FixedBytes& a, const FixedBytes& b) {
    static_assert(N % 8 == 0, "compared eight bytes at a time");
    for (size_t at = 0; at < N; at += 8) {
      const uint64_t left = a.Word(at);
      const uint64_t right = b.Word(at);
      if (left != right) return left < right;
    }
    return false;
  }

  template <typename H>
  friend H AbslHashValue(H h, const FixedBytes& id) {
    return H::combine(std::move(h), id.view());
  }

 private:
  uint64_t Word(size_t at) const {
    uint64_t word;
    std::memcpy(&word, bytes_.data() + at, 8);
    return std::endian::native == std::endian::little ? __builtin_bswap64(word) : word;
  }

  std::array<char, N> bytes_;
};

// An author: the first 16 bytes of a hash of its public key.
using DeviceId = FixedBytes<struct DeviceTag, 16>;
// A record: 16 random bytes.
using RecordId = FixedBytes<struct RecordTag, 16>;
// A change: SHA-256 of its bytes.
using ChangeId = FixedBytes<struct ChangeTag, 32>;

// The device a change stands under in histories that was refused first and then taken in by a
// person's decision: its own, as its first change and last (docs/merge.md).  Beginning of a hash,
// as every device id is.
inline DeviceId TakenInAs(const ChangeId& change) {
  return *DeviceId::From(change.view().substr(0, DeviceId::kSize));
}
constexpr uint64_t kTakenInSequence = 1;

}  // namespace sotay::sync
