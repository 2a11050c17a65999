// A column of numbers and bytes: what history_columns.h writes and reads.  Numbers are varints, at
// most ten bytes; signed ones are folded so that small ones of either sign are short.  Values; one
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace sotay::sync {

// 0, -1, 1, -2 … as 0, 1, 2, 3 …  Differences of 64-bit numbers wrap around and come back.
constexpr uint64_t Folded(uint64_t difference) {
  return difference << 1 ^ (0 - (difference >> 63));
}
constexpr uint64_t Unfolded(uint64_t folded) { return folded >> 1 ^ (0 - (folded & 1)); }

void PutNumber(uint64_t number, std::string* column);
// Of `number` from what was foretold.
inline void PutFrom(uint64_t foretold, uint64_t number, std::string* column) {
  PutNumber(Folded(number - foretold), column);
}

// Reads a column from its beginning.  What is not there, or longer than need be, sets `failed` for
// good and reads as nothing, so that a reader may look once after a while.
class ColumnReader {
 public:
  ColumnReader() = default;
  ColumnReader(absl::string_view column, bool* failed) : left_(column), failed_(failed) {}

  uint64_t Number();
  // At most `max`.
  uint64_t Number(uint64_t max);
  uint64_t From(uint64_t foretold) { return foretold + Unfolded(Number()); }
  absl::string_view Bytes(uint64_t count);
  // That many scalar values of UTF-8.
  absl::string_view Scalars(uint64_t count);
  bool done() const { return left_.empty(); }
  size_t size() const { return left_.size(); }

 private:
  absl::string_view left_;
  bool* failed_ = nullptr;
};

}  // namespace sotay::sync
