// How much of one record somebody has seen: for each device, the highest sequence of its
// changes to that record.  Because a device has always seen its own earlier changes, this
// names a set of changes exactly.  Value; any thread.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "google/protobuf/repeated_field.h"
#include "sync/ids.h"

namespace sotay::v1 {
class Seen;
}

namespace sotay::sync {

class VersionVector {
 public:
  using Entry = std::pair<DeviceId, uint64_t>;

  VersionVector() = default;
  // Entries with a malformed device id are left out.
  static VersionVector FromProto(const google::protobuf::RepeatedPtrField<v1::Seen>& seen);
  void ToProto(google::protobuf::RepeatedPtrField<v1::Seen>* seen) const;

  // Whether the change `sequence` of `device` is in the set.
  bool Has(const DeviceId& device, uint64_t sequence) const;
  // Puts it, and all before it, in.
  void Add(const DeviceId& device, uint64_t sequence);
  // Puts all of `other` in.
  void Join(const VersionVector& other);
  // Whether everything in `other` is in this one.
  bool Covers(const VersionVector& other) const;

  const std::vector<Entry>& entries() const { return entries_; }
  friend bool operator==(const VersionVector& a, const VersionVector& b) {
    return a.entries_ == b.entries_;
  }

 private:
  std::vector<Entry> entries_;  // ordered by device
};

}  // namespace sotay::sync
