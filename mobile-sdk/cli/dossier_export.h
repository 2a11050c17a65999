// Gathers a dossier with all its evidence from the server, everything under one head of the unit's
// log.  One thread.
#pragma once

#include "absl/status/statusor.h"
#include "mobile-sdk/cli/names.h"
#include "mobile-sdk/cli/office.h"
#include "sotay/v1/evidence.pb.h"
#include "sync/ids.h"
#include "sync/schema.h"

namespace sotay::cli {

// The dossier of `record`, any record in it, with the names the reader of it will need.  Begun
// anew, a few times, when somebody writes in it meanwhile; then fails with kAborted.
absl::StatusOr<v1::Dossier> GatherDossier(Office* office, const sync::Schema& schema,
                                          const Names& names, const std::string& record_id);

}  // namespace sotay::cli
