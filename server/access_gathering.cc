#include "server/access_gathering.h"

#include <utility>

namespace sotay::server {

bool Gathering::Add(v1::AccessEntry read) {
  const bool refused = read.rule() == v1::ACCESS_RULE_REFUSED;
  const int64_t at_ms = read.at_ms();
  if (at_ms / 1'000 != second_) {
    second_ = at_ms / 1'000;
    rows_of_second_ = 0;
    devices_.clear();
  }
  read.clear_at_ms();
  std::string likeness = read.SerializeAsString();
  auto known = alike_.find(likeness);
  OfDevice& device = devices_[read.device_id()];
  if (known == alike_.end() && refused && device.refusals >= limits_.refusals_told_max) {
    read.clear_record_id();
    read.clear_unit_id();
    likeness = read.SerializeAsString();
    known = alike_.find(likeness);
  }
  if (known != alike_.end()) {
    v1::AccessEntry& row = rows_[known->second];
    row.set_times(row.times() + 1);
    return true;
  }
  if (rows_.size() >= limits_.rows_max || rows_of_second_ >= limits_.rows_max ||
      device.rows >= limits_.of_device_max) {
    return false;
  }
  ++rows_of_second_;
  ++device.rows;
  if (refused) ++device.refusals;
  alike_.emplace(std::move(likeness), rows_.size());
  read.set_at_ms(at_ms);
  read.set_times(1);
  rows_.push_back(std::move(read));
  return true;
}

std::vector<v1::AccessEntry> Gathering::Take() {
  alike_.clear();
  return std::exchange(rows_, {});
}

}  // namespace sotay::server
