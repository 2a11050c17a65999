// Which records are in the dossiers that acts are about, so that one of them is sent to whom it is
// given back at a cost that follows it and not its unit.  Kept in memory alone: the feed's rows
// name each record's dossier, so the first question about a dossier reads the unit's feed once, and
// later ones only what was written since.  Ingest knows nothing of it.  Thread-safe; a question may
// wait for another's reading.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "server/store.h"
#include "sync/dossier_acts.h"
#include "sync/ids.h"

namespace sotay::server {

class DossierRecords {
 public:
  explicit DossierRecords(Store* store) : store_(*store) {}

  // Records of a dossier of `acts` with an id after `after`, as far as they were in the unit's feed
  // at `head`, its newest position then.
  absl::StatusOr<std::set<sync::RecordId>> After(const std::string& unit, uint64_t head,
                                                 const sync::DossierActs& acts,
                                                 const std::string& dossier,
                                                 const absl::optional<sync::RecordId>& after)
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct OfUnit {
    uint64_t read = 0;  // everything up to this position was looked at
    uint64_t acts = 0;  // for the dossiers of so many acts
    std::map<std::string, std::set<sync::RecordId>> records;  // by dossier
  };
  absl::Status Read(const std::string& unit, uint64_t head, const sync::DossierActs& acts,
                    OfUnit* known) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Store& store_;
  absl::Mutex mutex_;
  std::map<std::string, OfUnit> units_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sotay::server
