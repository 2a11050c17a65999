// Held changes: which wait for what, and taking them again when it has come.  The hub's thread
// alone.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "server/group.h"
#include "server/pen.h"
#include "sync/ids.h"

namespace sotay::server {

// A held change, by its author and number.
using HeldChange = std::pair<sync::DeviceId, uint64_t>;

// What waits for what.  Follows from the device rows alone, so it is kept in memory.
class Waiting {
 public:
  // Takes the held changes of a device as they now are.
  void Put(const stored::v1::DeviceRow& row);
  // The held changes that wait for any of these.
  std::set<HeldChange> For(const std::vector<sync::ChangeId>& satisfied) const;
  std::set<HeldChange> All() const;
  bool empty() const { return by_wish_.empty(); }

 private:
  absl::flat_hash_map<sync::ChangeId, std::set<HeldChange>> by_wish_;
  absl::flat_hash_map<sync::DeviceId, std::vector<sync::ChangeId>> wishes_of_;
};

// Takes held changes again, and with each the later ones of its device that wait for it, at
// most `changes_max` in one batch; `held` loses those that were taken.  A change that is still
// held stays as it is.  What changed is recorded for the devices (Round::revised).  Fails with
// kDataLoss, or with STORAGE; then nothing was taken.
absl::StatusOr<HeldNews> TakeReleases(Pen* pen, size_t changes_max, std::set<HeldChange>* held);

}  // namespace sotay::server
