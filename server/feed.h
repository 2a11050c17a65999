// The feed: each record of a unit once, at its latest position.  What a device has not seen is
// what stands after its cursor; catching up costs what changed, never what exists, and a first
// sync is the same from position 0.  Reads only; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/directory.h"
#include "server/shown.h"
#include "server/store.h"
#include "sotay/v1/sync_service.pb.h"

namespace sotay::server {

// What a device is to be sent.
struct FeedPlan {
  // One per unit of the user's: where to go on from.
  std::vector<v1::Cursor> cursors;
  // Units the device holds and its user is no longer in.
  std::vector<std::string> removed_units;
};

// What it is sent now.
struct FeedPage {
  std::string batch;  // a serialised RecordBatch
  ShownParts shown;
  size_t records = 0;
  std::vector<v1::Cursor> cursors;
  bool more = false;
};

// Whether the cursor is of this store and not past the unit's log: CURSOR_INVALID, with the
// epoch in force, when not; INVALID_ARGUMENT when it is malformed.  Position 0 without an epoch
// is the beginning.
absl::Status CheckCursor(const Directory& directory, const v1::Cursor& cursor);

// Compares a device's cursors with its user's units.  Fails as CheckCursor for a unit the user
// is in, with INVALID_ARGUMENT when one is named twice.
absl::StatusOr<FeedPlan> PlanFeed(const Directory& directory, const Person& person,
                                  const google::protobuf::RepeatedPtrField<v1::Cursor>& cursors);

// Reads what stands after the plan's cursors, about `bytes_max` of it: whole positions, and at
// least one.  Only a single change that touches several large records makes it longer.
absl::StatusOr<FeedPage> ReadFeed(const Directory& directory, Store* store, const FeedPlan& plan,
                                  size_t bytes_max);

}  // namespace sotay::server
