// The server as `sotayctl` calls it: one function a call, absl in and out.  The one file of the
// commands that knows gRPC.  A failed call carries what the server said beside it, as
// mobile-sdk/core/link.h describes.  Calls end after 30 s with kDeadlineExceeded.  Any thread.
#pragma once

#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mobile-sdk/cli/profile.h"
#include "sotay/v1/access_service.pb.h"
#include "sotay/v1/admin_service.pb.h"
#include "sotay/v1/blob_service.pb.h"
#include "sotay/v1/certificate_service.pb.h"
#include "sotay/v1/dossier_service.pb.h"
#include "sotay/v1/duplicate_service.pb.h"
#include "sotay/v1/evidence.pb.h"
#include "sotay/v1/lineage_service.pb.h"
#include "sotay/v1/organisation_service.pb.h"
#include "sotay/v1/quarantine_service.pb.h"
#include "sotay/v1/secrecy_service.pb.h"
#include "sotay/v1/supervision_service.pb.h"
#include "sotay/v1/sync_service.pb.h"
#include "sotay/v1/tally_service.pb.h"

namespace sotay::cli {

class Office {
 public:
  // Connects when first called.  Fails only as the vault does.
  static absl::StatusOr<std::unique_ptr<Office>> Connect(const Profile& profile);
  ~Office();

  absl::StatusOr<v1::ListRecordsResponse> ListRecords(const v1::ListRecordsRequest& request);
  absl::StatusOr<v1::GetRecordResponse> GetRecord(const v1::GetRecordRequest& request);
  absl::StatusOr<v1::ProveRecordResponse> ProveRecord(const v1::ProveRecordRequest& request);
  absl::StatusOr<v1::GetLineageResponse> GetLineage(const v1::GetLineageRequest& request);
  absl::StatusOr<v1::ListConflictsResponse> ListConflicts(const v1::ListConflictsRequest& request);
  absl::StatusOr<v1::ListQuarantineResponse> ListQuarantine(
      const v1::ListQuarantineRequest& request);
  absl::StatusOr<v1::TakeInResponse> TakeIn(const v1::TakeInRequest& request);
  absl::StatusOr<v1::DismissResponse> Dismiss(const v1::DismissRequest& request);
  absl::StatusOr<v1::SettleLossResponse> SettleLoss(const v1::SettleLossRequest& request);
  absl::StatusOr<v1::ListDevicesResponse> ListDevices(const v1::ListDevicesRequest& request);
  absl::StatusOr<v1::ListUnitsResponse> ListUnits();
  absl::StatusOr<v1::ListAccessResponse> ListAccess(const v1::ListAccessRequest& request);
  absl::StatusOr<v1::ListDuplicatesResponse> ListDuplicates(
      const v1::ListDuplicatesRequest& request);
  absl::StatusOr<v1::CountRecordsResponse> CountRecords(const v1::CountRecordsRequest& request);
  absl::StatusOr<v1::GetTogetherResponse> GetTogether(const v1::GetTogetherRequest& request);

  absl::StatusOr<v1::RestrictDossierResponse> RestrictDossier(
      const v1::RestrictDossierRequest& request);
  absl::StatusOr<v1::OpenDossierResponse> OpenDossier(const v1::OpenDossierRequest& request);
  absl::StatusOr<v1::ListDossierActsResponse> ListDossierActs(
      const v1::ListDossierActsRequest& request);

  absl::StatusOr<v1::SealDossierResponse> SealDossier(const v1::SealDossierRequest& request);
  absl::StatusOr<v1::ListSealedResponse> ListSealed(const v1::ListSealedRequest& request);
  absl::StatusOr<v1::ListHoldersResponse> ListHolders(const v1::ListHoldersRequest& request);
  absl::StatusOr<v1::DestroyResponse> Destroy(const v1::DestroyRequest& request);
  absl::StatusOr<v1::ConfirmResponse> Confirm(const v1::ConfirmRequest& request);
  absl::StatusOr<v1::NoteBackupsGoneResponse> NoteBackupsGone(
      const v1::NoteBackupsGoneRequest& request);

  absl::StatusOr<v1::PutUnitResponse> PutUnit(const v1::PutUnitRequest& request);
  absl::StatusOr<v1::ListAllUnitsResponse> ListAllUnits();
  absl::StatusOr<v1::PutUserResponse> PutUser(const v1::PutUserRequest& request);
  absl::StatusOr<v1::ListUsersResponse> ListUsers();
  absl::StatusOr<v1::CreateInvitationResponse> CreateInvitation(
      const v1::CreateInvitationRequest& request);
  absl::StatusOr<v1::ListAllDevicesResponse> ListAllDevices();
  absl::StatusOr<v1::RevokeDeviceResponse> RevokeDevice(const v1::RevokeDeviceRequest& request);

  absl::StatusOr<v1::PutPostResponse> PutPost(const v1::PutPostRequest& request);
  absl::StatusOr<v1::EndPostResponse> EndPost(const v1::EndPostRequest& request);
  absl::StatusOr<v1::ListPostsResponse> ListPosts(const v1::ListPostsRequest& request);
  absl::StatusOr<v1::PutUnitTermResponse> PutUnitTerm(const v1::PutUnitTermRequest& request);
  absl::StatusOr<v1::ListUnitTermsResponse> ListUnitTerms();
  absl::StatusOr<v1::GetRulesResponse> GetRules();

  // A piece of the file of an attachment.
  absl::StatusOr<v1::ReadChunkResponse> ReadChunk(const v1::ReadChunkRequest& request);

  absl::StatusOr<v1::RenewCertificateResponse> RenewCertificate(
      const v1::RenewCertificateRequest& request);
  absl::StatusOr<v1::GetAuthorityResponse> GetAuthority(const v1::GetAuthorityRequest& request);

  // Listens until the server or the network ends it, or `heard` returns false (then OK).
  // `heard` comes on the calling thread, for heartbeats too, and at least once a minute or the
  // listening has failed.
  absl::Status Watch(const v1::WatchRequest& request,
                     const std::function<bool(const v1::WatchResponse&)>& heard);
  // Ends a listening from another thread, with kCancelled; later ones end at once.
  void StopWatching();

 private:
  class Calls;
  explicit Office(std::unique_ptr<Calls> calls);
  std::unique_ptr<Calls> calls_;
};

}  // namespace sotay::cli
