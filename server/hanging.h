// Which records of a dossier stand for files, or may have such under them (sync/attaching.h), and
// under what: what a signature is asked about.  Kept in memory alone: the feed's rows name each
// record's type and dossier, so the first question about a unit reads its feed once, and later ones
// only what was written since; and what hangs where is written once, so each record is read once.
// One thread: the pen's.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "server/store.h"
#include "sync/ids.h"
#include "sync/schema.h"

namespace sotay::server {

class Hanging {
 public:
  // Both outlive it.
  Hanging(Store* store, const sync::Schema* schema) : store_(*store), schema_(*schema) {}

  // Of a dossier of the unit, as they were when its newest position was `head`: those under
  // `objects`, and under those that a signature of these covers.  Some may have left since.
  absl::StatusOr<std::set<sync::RecordId>> Under(const std::string& unit, uint64_t head,
                                                 const sync::RecordId& dossier,
                                                 std::set<sync::RecordId> objects);
  // How many attachments are put under the record itself.
  absl::StatusOr<size_t> Attached(const std::string& unit, uint64_t head,
                                  const sync::RecordId& dossier, const sync::RecordId& record);

 private:
  struct OfUnit {
    uint64_t read = 0;  // everything up to this position was looked at
    std::map<std::string, std::set<sync::RecordId>> records;  // by dossier
  };
  struct Place {
    std::vector<sync::RecordId> parents;
    bool attaches = false;
    bool covered = false;
  };
  using Places = std::map<sync::RecordId, Place>;

  // Of all those of the dossier that are there.
  absl::StatusOr<Places> In(const std::string& unit, uint64_t head, const sync::RecordId& dossier);
  absl::StatusOr<absl::optional<Place>> PlaceOf(const sync::RecordId& id);

  Store& store_;
  const sync::Schema& schema_;
  std::map<std::string, OfUnit> units_;
  Places places_;  // that will never be others
};

}  // namespace sotay::server
