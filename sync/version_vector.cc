#include "sync/version_vector.h"

#include <algorithm>

#include "sotay/v1/record.pb.h"

namespace sotay::sync {
namespace {

bool BeforeDevice(const VersionVector::Entry& entry, const DeviceId& device) {
  return entry.first < device;
}

}  // namespace

VersionVector VersionVector::FromProto(const google::protobuf::RepeatedPtrField<v1::Seen>& seen) {
  std::vector<Entry> entries;  // in no order, and thousands of them, if a stranger wrote them
  entries.reserve(static_cast<size_t>(seen.size()));
  for (const v1::Seen& entry : seen) {
    if (const auto device = DeviceId::From(entry.device_id())) {
      entries.emplace_back(*device, entry.sequence());
    }
  }
  std::sort(entries.begin(), entries.end());
  VersionVector vector;
  vector.entries_.reserve(entries.size());
  for (const auto& [device, sequence] : entries) vector.Add(device, sequence);
  return vector;
}

void VersionVector::ToProto(google::protobuf::RepeatedPtrField<v1::Seen>* seen) const {
  seen->Clear();
  for (const auto& [device, sequence] : entries_) {
    v1::Seen* entry = seen->Add();
    entry->set_device_id(device.str());
    entry->set_sequence(sequence);
  }
}

bool VersionVector::Has(const DeviceId& device, uint64_t sequence) const {
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), device, BeforeDevice);
  return at != entries_.end() && at->first == device && at->second >= sequence;
}

void VersionVector::Add(const DeviceId& device, uint64_t sequence) {
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), device, BeforeDevice);
  if (at != entries_.end() && at->first == device) {
    at->second = std::max(at->second, sequence);
  } else {
    entries_.insert(at, {device, sequence});
  }
}

void VersionVector::Join(const VersionVector& other) {
  for (const auto& [device, sequence] : other.entries_) Add(device, sequence);
}

bool VersionVector::Covers(const VersionVector& other) const {
  return std::all_of(other.entries_.begin(), other.entries_.end(),
                     [this](const Entry& entry) { return Has(entry.first, entry.second); });
}

}  // namespace sotay::sync
