// Dossiers that proved to be secret (proto/sotay/v1/secrecy_service.proto): what is said of them,
// and done.  Acts are only ever added; saying the same thing twice is saying it once.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/directory.h"
#include "server/pen.h"
#include "server/store.h"
#include "sotay/v1/secrecy_service.pb.h"

namespace sotay::server {

// These decide and commit with the pen, so they run on the hub's thread.  Fail with STORAGE when
// the store cannot be written, and as SecrecyService says.
absl::StatusOr<v1::SealDossierResponse> SealDossier(Pen* pen, const Person& person,
                                                    const v1::SealDossierRequest& request);
absl::StatusOr<v1::DestroyResponse> AskDestruction(Pen* pen, const Person& person,
                                                   const v1::DestroyRequest& request);
absl::StatusOr<v1::ConfirmResponse> ConfirmDestruction(Pen* pen, const Person& person,
                                                       const v1::ConfirmRequest& request);
absl::StatusOr<v1::NoteBackupsGoneResponse> NoteBackupsGone(
    Pen* pen, const Person& person, const v1::NoteBackupsGoneRequest& request);

// What a device says it has made unreadable; of dossiers that are not sealed it says nothing.
absl::Status NoteReports(Pen* pen, const sync::DeviceId& device,
                         const std::vector<std::string>& dossiers);
// Goes on with what acts say and is not done yet.  kUnavailable when somebody still reads what is
// to go: to be called again later.
absl::Status GoOnWithPurges(Pen* pen);

// The sealed dossier, for whoever answers for it; to others, and when it is none, NOT_FOUND after
// the same work.
absl::StatusOr<Directory::Secret> SecretFor(const Directory& directory, const Person& person,
                                            const std::string& dossier);

// Reads only; any thread.
absl::StatusOr<v1::ListSealedResponse> ListSealed(const Directory& directory, const Blobs* blobs,
                                                  const Person& person,
                                                  const v1::ListSealedRequest& request);
// Of backups, whoever knows where they are has to add them.
absl::StatusOr<v1::ListHoldersResponse> ListHolders(const Directory& directory, Store* store,
                                                    const Person& person,
                                                    const v1::ListHoldersRequest& request);

// The dossier as it stands, its files included (null: there are none); to an administrator, who
// reads no content, without what it is called.
v1::SealedDossierView SealedViewOf(const Directory& directory, const Blobs* blobs,
                                   const stored::v1::SecretRow& row, bool whole);

}  // namespace sotay::server
