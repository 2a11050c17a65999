// Who may decide about a refused change (docs/decisions/0018): whoever the table of rights lets,
// and about what somebody might have made all but that it submits, whoever might submit it.  Reads
// only; any thread.
#pragma once

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "server/directory.h"
#include "server/person.h"
#include "server/store.h"
#include "sync/ingest.h"
#include "sync/merged_record.h"

namespace sotay::server {

// The records of a store as they are now, each read once.
class RecordsNow {
 public:
  explicit RecordsNow(Store* store) : store_(*store) {}

  Store& store() const { return store_; }
  // Null: there is none.
  absl::StatusOr<const sync::MergedRecord*> Find(const sync::RecordId& id);
  // Of what was read.
  size_t bytes() const { return bytes_; }

 private:
  Store& store_;
  std::map<sync::RecordId, absl::optional<sync::MergedRecord>> read_;
  size_t bytes_ = 0;
};

class Deciders {
 public:
  // Of `aside`, which the store has; `change` is what its bytes say, null when they are none.  All
  // outlive it.
  Deciders(const Directory* directory, RecordsNow* records, const v1::QuarantinedChange* aside,
           const v1::Change* change)
      : directory_(*directory), records_(*records), aside_(*aside), change_(change) {}

  // kPermissionDenied, ROLE_MAY_NOT with the reason, or what the store says.
  absl::Status CheckMayDecide(const Person& person) const;
  // Whether its author might have made it all but that it submits, so that whoever may submit has
  // only to agree.  Once it was dismissed it waits for nobody but `user`, who did that.
  absl::StatusOr<bool> WaitsForConsent(absl::string_view user) const;

 private:
  // What an edit names, as it is now.
  struct Edited {
    sync::Facts facts;                           // of nobody yet
    const sync::MergedRecord* record = nullptr;  // null: it is not there
    std::string opened_by;                       // its dossier
  };

  absl::Status CheckSeats(const Person& person, const sync::Seats& seats) const;
  absl::StatusOr<bool> AmendsWhatIsSigned(const sync::RecordType& type, const sync::RecordId& id,
                                          const v1::RecordEdit& edit) const;
  absl::StatusOr<Edited> Look(const v1::RecordEdit& edit) const;

  const Directory& directory_;
  RecordsNow& records_;
  const v1::QuarantinedChange& aside_;
  const v1::Change* const change_;
};

}  // namespace sotay::server
