// Who may see which dossier (proto/sotay/v1/dossier_service.proto): what is said of that, and told.
// Rows are only ever added; saying the same thing twice is saying it once.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/directory.h"
#include "server/pen.h"
#include "server/store.h"
#include "sotay/v1/dossier_service.pb.h"
#include "sync/guard.h"

namespace sotay::server {

// A dossier, and whether somebody may do something with it.
struct RuledDossier {
  std::string unit;
  std::string id;
  sync::Verdict verdict;
  sync::Kind kind = sync::kOtherKind;
};
// NOT_FOUND when there is no such dossier, or nothing of it is the person's to read.
absl::StatusOr<RuledDossier> DossierOf(const Directory& directory, Store* store,
                                       const Person& person, const std::string& record_id,
                                       sync::Verb verb);
// Whether somebody answers for dossiers of the unit that proved to be secret: of one of which
// nothing is left to look at it can be asked no closer.
bool MaySealIn(const Directory& directory, const Person& person, absl::string_view unit);

// Both decide and commit with the pen, so they run on the hub's thread.  Fail with STORAGE when the
// store cannot be written, and as DossierService says.
absl::StatusOr<v1::RestrictDossierResponse> RestrictDossier(
    Pen* pen, const Person& person, const v1::RestrictDossierRequest& request);
absl::StatusOr<v1::OpenDossierResponse> OpenDossier(Pen* pen, const Person& person,
                                                    const v1::OpenDossierRequest& request);

// Says again, without them, for whom the dossiers are that name people whose last day is over; so
// that devices hear of it as of any other act.  The guard needs no such row: it looks at the day.
absl::Status TakeOutPassedNames(Pen* pen);

// Reads only; any thread.
absl::StatusOr<v1::ListDossierActsResponse> ListDossierActs(
    const Directory& directory, Store* store, const Person& person,
    const v1::ListDossierActsRequest& request);

}  // namespace sotay::server
