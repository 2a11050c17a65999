#include "sync/history_contexts.h"

#include <algorithm>

namespace sotay::sync {
namespace {

size_t AtMost(uint64_t max, uint64_t number) { return static_cast<size_t>(std::min(max, number)); }

uint64_t Unseen(const HistoryForecast& forecast, uint32_t device) {
  return forecast.Changes(device) - forecast.Known(device);
}

}  // namespace

uint64_t HistoryContexts::TurnOf(uint32_t device) const {
  return static_cast<uint64_t>(std::find(turns_.begin(), turns_.end(), device) - turns_.begin());
}

size_t HistoryContexts::OfAuthor() const {
  return AtMost(3, last_turns_[0]) * 4 + AtMost(3, last_turns_[1]);
}

uint32_t HistoryContexts::Begin(uint64_t turn) {
  last_turns_ = {turn, last_turns_[0]};
  device_ = devices();
  if (turn < turns_.size()) {
    const auto at = turns_.begin() + static_cast<std::ptrdiff_t>(turn);
    device_ = *at;
    turns_.erase(at);
  } else {
    devices_.emplace_back();
  }
  turns_.insert(turns_.begin(), device_);
  return device_;
}

void HistoryContexts::BeginParents(const HistoryForecast& forecast) {
  for (size_t i = 0; i < unseen_.size(); ++i) {
    const size_t turn = i + 1;
    unseen_[i] = turn < turns_.size() ? 1 + AtMost(3, Unseen(forecast, turns_[turn])) : 0;
  }
}

size_t HistoryContexts::OfParents() const {
  return (AtMost(2, last_turns_[0]) * 3 + AtMost(2, devices_[device_].parents)) * 4 +
         AtMost(3, unseen_[0]);
}

size_t HistoryContexts::OfParentChange(const HistoryForecast& forecast, uint32_t device) const {
  return AtMost(6, Unseen(forecast, device)) * 3 + AtMost(2, last_turns_[0]);
}

void HistoryContexts::ParentsAre(uint64_t number) { devices_[device_].parents = number; }

size_t HistoryContexts::OfSplices() const { return AtMost(2, last_turns_[0]); }

size_t HistoryContexts::OfSplice() const {
  const Device& device = devices_[device_];
  return (first_ ? 4u : 0u) + (device.deleted ? 2u : 0u) + (device.inserted ? 1u : 0u);
}

size_t HistoryContexts::OfEnd() const { return OfSplice() * 4 + AtMost(3, devices_[device_].end); }

size_t HistoryContexts::OfDeleted(uint64_t end) const { return OfSplice() * 4 + AtMost(3, end); }

size_t HistoryContexts::OfInserted(uint64_t end, uint64_t deleted) const {
  return AtMost(2, deleted) * 4 + AtMost(3, end);
}

void HistoryContexts::Spliced(uint64_t end, uint64_t deleted, uint64_t inserted) {
  Device& device = devices_[device_];
  device.end = end;
  device.deleted = deleted > 0;
  device.inserted = inserted > 0;
  first_ = false;
}

}  // namespace sotay::sync
