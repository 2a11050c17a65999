// Reads that are to be written down: gathered for a second, so that a read costs no sync of its
// own, and reads that are all alike count as one row.  How much may be gathered is bounded, for
// everybody and for each device, by the second and however often it is taken; so whoever reads in a
// loop fills the disk no faster than that.
//
// A refused read is bounded otherwise: it must be answered the same whatever it asked for, so
// past the first of a second a device's refusals are counted without what they asked for.
// Not thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "sotay/v1/access_service.pb.h"

namespace sotay::server {

struct GatheringLimits {
  size_t rows_max = 20'000;       // about 200 bytes each
  size_t of_device_max = 2'000;   // of them, of one device
  size_t refusals_told_max = 16;  // of one device, with what they asked for
};

class Gathering {
 public:
  explicit Gathering(GatheringLimits limits = {}) : limits_(limits) {}

  // Takes a read (without number and `times`).  False: it is full, and the read is not taken.
  bool Add(v1::AccessEntry read);
  // What was gathered, in the order of each one's first time; then it is empty.
  std::vector<v1::AccessEntry> Take();
  bool empty() const { return rows_.empty(); }

 private:
  // Within a second; what was taken in it counts on.
  struct OfDevice {
    size_t rows = 0;
    size_t refusals = 0;
  };

  const GatheringLimits limits_;
  std::vector<v1::AccessEntry> rows_;
  absl::flat_hash_map<std::string, size_t> alike_;  // a read without its time → its row
  int64_t second_ = 0;                              // that is counted
  size_t rows_of_second_ = 0;
  absl::flat_hash_map<std::string, OfDevice> devices_;
};

}  // namespace sotay::server
