// What goes before a number of a history and tells how large it is likely to be: the contexts
// under which history_columns.h puts its numbers.  Writer and reader tell it the same in the same
// order and are told the same.  Knows the devices by the order in which they made a change.
// Value; one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sync/history_forecast.h"

namespace sotay::sync {

class HistoryContexts {
 public:
  // How many others made a change since the device did; of one that made none: how many did.
  uint64_t TurnOf(uint32_t device) const;
  // Known by turn.
  uint32_t DeviceAt(uint64_t turn) const { return turns_[turn]; }
  uint32_t devices() const { return static_cast<uint32_t>(turns_.size()); }

  size_t OfAuthor() const;
  // Begins a change, and its device comes first.  A turn of all devices is that of a new one.
  uint32_t Begin(uint64_t turn);

  // Of the parents, the change having begun in the forecast as well.
  void BeginParents(const HistoryForecast& forecast);
  size_t OfParents() const;
  size_t OfParentDevice() const { return unseen_[0] * 5 + unseen_[1]; }
  // Before it is seen.
  size_t OfParentChange(const HistoryForecast& forecast, uint32_t device) const;
  void ParentsAre(uint64_t number);

  size_t OfSplices() const;
  // The next splice is the first of its edit.
  void BeginEdit() { first_ = true; }
  size_t OfEnd() const;
  size_t OfDeleted(uint64_t end) const;
  size_t OfInserted(uint64_t end, uint64_t deleted) const;
  void Spliced(uint64_t end, uint64_t deleted, uint64_t inserted);

 private:
  size_t OfSplice() const;

  struct Device {
    uint64_t parents = 0;  // its last number of them
    // Of its last splice: the number of its end, and whether it did.
    uint64_t end = 0;
    bool deleted = false;
    bool inserted = false;
  };

  std::vector<uint32_t> turns_;  // devices, the last to make a change first
  std::vector<Device> devices_;
  std::array<uint64_t, 2> last_turns_ = {};  // of this change and the one before
  uint32_t device_ = 0;
  // Of the two other devices that made a change last: 0 for none, else 1 + how many of their
  // changes the author is not known to have seen, up to 3.
  std::array<size_t, 2> unseen_ = {};
  bool first_ = true;
};

}  // namespace sotay::sync
