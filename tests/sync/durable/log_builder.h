// Writes the log format, piece by piece, so that tests can damage exactly what they mean to.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "sync/durable/crc32c.h"

namespace sotay::durable {

inline constexpr size_t kLogBlockBytes = 32768;
inline constexpr size_t kLogHeaderBytes = 7;

inline std::string LittleEndian(uint64_t value, int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes.push_back(static_cast<char>(value >> (8 * i)));
  return bytes;
}

// A batch as LevelDB logs it: `count` entries from `sequence` on, `bytes` long in all (12 or
// more).
inline std::string Batch(uint64_t sequence, uint32_t count, size_t bytes) {
  std::string batch = LittleEndian(sequence, 8) + LittleEndian(count, 4);
  while (batch.size() < bytes) batch.push_back(static_cast<char>('a' + batch.size() % 23));
  return batch;
}

class LogBuilder {
 public:
  // One logical record, in as many fragments as it needs.  Returns where it begins.
  size_t Add(absl::string_view payload) {
    size_t left_in_block = kLogBlockBytes - bytes_.size() % kLogBlockBytes;
    if (left_in_block < kLogHeaderBytes) bytes_.append(left_in_block, '\0');
    const size_t start = bytes_.size();
    for (bool first = true;; first = false) {
      const size_t room = kLogBlockBytes - bytes_.size() % kLogBlockBytes - kLogHeaderBytes;
      const absl::string_view part = payload.substr(0, room);
      payload.remove_prefix(part.size());
      const bool last = payload.empty();
      AddPhysical(first ? (last ? 1 : 2) : (last ? 4 : 3), part);
      if (last) return start;
    }
  }

  // One physical record of any type, right in itself.
  void AddPhysical(int type, absl::string_view payload) {
    std::string covered(1, static_cast<char>(type));
    covered.append(payload.data(), payload.size());
    const uint32_t crc = Crc32c(covered);
    bytes_ += LittleEndian(((crc >> 15) | (crc << 17)) + 0xa282ead8u, 4);
    bytes_ += LittleEndian(payload.size(), 2);
    bytes_ += covered;
  }

  void AddRaw(absl::string_view bytes) { bytes_.append(bytes.data(), bytes.size()); }

  const std::string& bytes() const { return bytes_; }
  size_t size() const { return bytes_.size(); }

 private:
  std::string bytes_;
};

}  // namespace sotay::durable
