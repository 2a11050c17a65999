// What a decision about changes (sync/ingest.h) needs of the store: first what the changes name,
// then the histories an attempt asked for.  The hub's thread alone.
#pragma once

#include <set>
#include <vector>

#include "absl/status/status.h"
#include "server/pen.h"
#include "sotay/v1/change.pb.h"
#include "sync/ids.h"
#include "sync/ingest.h"

namespace sotay::server {

// The edited and named records of `changes`.
Footprint FootprintOf(const sync::Schema& schema, const std::vector<const v1::Change*>& changes);
// Puts the records of the footprint and their signatures, the positions of the changes' units, who
// sees which of their dossiers, and who may be assigned there into the input, with what every
// decision wants beside these; and what its commit has to know of the records into the round.
absl::Status LoadNamed(Pen* pen, const std::vector<const v1::Change*>& changes,
                       const Footprint& footprint, sync::IngestInput* input, Round* round);
// Adds the histories an attempt at `changes` asked for.
absl::Status LoadHistories(Pen* pen, const std::set<sync::RecordId>& needed,
                           const std::vector<const v1::Change*>& changes, sync::IngestInput* input);

// Of what is held by now, what it would wait for in vain, because only the id of that is here.
// True: there is something new of that kind, and Ingest is to be asked again.
absl::StatusOr<bool> LoadBare(Pen* pen, const sync::IngestOutcome& outcome,
                              sync::IngestInput* input);

}  // namespace sotay::server
