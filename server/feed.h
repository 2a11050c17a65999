// The feed: each record of a unit once, at its latest position.  What a device has not seen is
// what stands after its cursor; catching up costs what changed, never what exists, and a first
// sync is the same from position 0.  Records of dossiers that are kept back from the device's user
// are left out; how these come and go: following.h.  Reads only; any thread.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/directory.h"
#include "server/dossier_records.h"
#include "server/shown.h"
#include "server/store.h"
#include "sotay/v1/sync_service.pb.h"

namespace sotay::server {

// What a device is to be sent.
struct FeedPlan {
  // One per unit of the user's: where to go on from.
  std::vector<v1::Cursor> cursors;
  // Those of them of which it has nothing.
  std::set<std::string> fresh;
  // Units the device holds and its user is no longer in.
  std::vector<std::string> removed_units;
  // When the device was enrolled, server clock; 0: nobody knows.
  int64_t enrolled_ms = 0;
};

// What it is sent now.
struct FeedPage {
  std::string batch;  // a serialised RecordBatch
  ShownParts shown;
  size_t records = 0;
  // Dossiers of which nothing may stay there; before the records are taken.
  std::vector<std::string> removed_dossiers;
  // Dossiers that proved to be secret.
  std::vector<v1::SecretDossier> secret_dossiers;
  std::vector<v1::Cursor> cursors;
  bool more = false;
};

// Where it is read from; what they point to outlives every page.
struct FeedSources {
  const Directory* directory = nullptr;
  Store* store = nullptr;
  DossierRecords* records = nullptr;
};

// Whether the cursor is of this store and not past the unit's log: CURSOR_INVALID, with the
// epoch in force, when not; INVALID_ARGUMENT when it is malformed.  Position 0 without an epoch
// is the beginning.
absl::Status CheckCursor(const Directory& directory, const v1::Cursor& cursor);

// Compares a device's cursors with its user's units.  Fails as CheckCursor for a unit the user
// is in, with INVALID_ARGUMENT when one is named twice.
absl::StatusOr<FeedPlan> PlanFeed(const Directory& directory, const Person& person,
                                  const google::protobuf::RepeatedPtrField<v1::Cursor>& cursors);

// Reads what stands after the plan's cursors and is the person's to see, about `bytes_max` of it:
// whole positions, and at least one.  Only a single change that touches several large records makes
// it longer.
absl::StatusOr<FeedPage> ReadFeed(const FeedSources& from, const Person& person,
                                  const FeedPlan& plan, size_t bytes_max);

// Adds records that stay together to a page, if they fit and what it shows can be noted; to an
// empty one always.  `dossier`: the one they are of, when that is why they are sent.
bool AddToPage(const v1::RecordBatch& records, const std::string& unit, size_t bytes_max,
               FeedPage* page, absl::string_view dossier = {});

}  // namespace sotay::server
