// Gathers a dossier with all its evidence from the server, everything under one head of the unit's
// log.  One thread.
#pragma once

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "mobile-sdk/cli/names.h"
#include "mobile-sdk/cli/office.h"
#include "sotay/v1/evidence.pb.h"
#include "sotay/v1/going_on.pb.h"
#include "sync/ids.h"
#include "sync/schema.h"

namespace sotay::cli {

// The dossier of `record`, any record in it, with the names the reader of it will need.  Begun
// anew, a few times, when somebody writes in it meanwhile; then fails with kAborted.
absl::StatusOr<v1::Dossier> GatherDossier(Office* office, const sync::Schema& schema,
                                          const Names& names, const std::string& record_id);

// How the dossier's log goes on to its head from what each handover of the log key gave away, and
// from `earlier`, the head of another export of the same unit, if there is one.  Fails with
// kNotFound when the server cannot show the latter.
absl::StatusOr<v1::DossierGoingOn> GatherGoingOn(Office* office, const v1::Dossier& dossier,
                                                 const absl::optional<v1::LogHead>& earlier);

}  // namespace sotay::cli
