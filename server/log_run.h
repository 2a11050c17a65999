// A run of a unit's log: changes that came under one seal and stand one behind the other, in one
// row (sotay/stored/v1/runs.proto).  Value; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "server/keys.h"
#include "sotay/stored/v1/runs.pb.h"
#include "sync/ids.h"

namespace sotay::server {

// Entries of one row, so that one of them is cheap to read.
constexpr int kLogRunMax = 64;

class LogRun {
 public:
  // Nothing when the row cannot be read, or its parts do not fit each other and its key.
  static absl::optional<LogRun> Read(const KeyParts& key, absl::string_view value);

  const std::string& unit() const { return unit_; }
  uint64_t first() const { return last_ - count() + 1; }
  uint64_t last() const { return last_; }
  bool Covers(absl::string_view unit, uint64_t position) const {
    return position >= first() && position <= last_ && unit == unit_;
  }
  const sync::DeviceId& device() const { return device_; }
  const stored::v1::LogRunRow& row() const { return row_; }

  // Of one of its positions.
  sync::ChangeId ChangeIdAt(uint64_t position) const;
  const std::string& AdmissionAt(uint64_t position) const {
    return row_.admissions(static_cast<int>(position - first()));
  }
  uint64_t SequenceAt(uint64_t position) const {
    return row_.first_sequence() + (position - first());
  }

 private:
  uint64_t count() const { return static_cast<uint64_t>(row_.admissions_size()); }

  std::string unit_;
  uint64_t last_ = 0;
  sync::DeviceId device_;
  stored::v1::LogRunRow row_;
};

}  // namespace sotay::server
