#include "mobile-sdk/cli/office.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdlib>
#include <utility>

#include "absl/strings/match.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "mobile-sdk/core/link.h"
#include "mobile-sdk/core/vault.h"
#include "sotay/v1/access_service.grpc.pb.h"
#include "sotay/v1/admin_service.grpc.pb.h"
#include "sotay/v1/blob_service.grpc.pb.h"
#include "sotay/v1/certificate_service.grpc.pb.h"
#include "sotay/v1/dossier_service.grpc.pb.h"
#include "sotay/v1/duplicate_service.grpc.pb.h"
#include "sotay/v1/lineage_service.grpc.pb.h"
#include "sotay/v1/organisation_service.grpc.pb.h"
#include "sotay/v1/quarantine_service.grpc.pb.h"
#include "sotay/v1/secrecy_service.grpc.pb.h"
#include "sotay/v1/supervision_service.grpc.pb.h"
#include "sotay/v1/sync_service.grpc.pb.h"
#include "sotay/v1/tally_service.grpc.pb.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

using std::chrono::seconds;

constexpr seconds kDeadline{30};
constexpr seconds kRenewalDeadline{3};   // a command waits for it, and there are months for it
constexpr seconds kWatchDeadline{3600};  // then it is begun again
// A page of 500 records may be far over gRPC's usual 4 MiB.
constexpr int kReceiveBytesMax = 64 << 20;
// The server sends a heartbeat every 20 s; silence of a minute is a dead connection.
constexpr int kKeepaliveMs = 60'000;
constexpr int kKeepaliveTimeoutMs = 20'000;

// gRPC 1.51 cannot be told "TLS 1.3 only".  These are what it may offer below, and no server of
// ours, whose certificates are ECDSA, can choose one of them.  Read at the first connection.
constexpr char kCiphersBelowTls13[] = "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256";

absl::StatusOr<std::shared_ptr<grpc::Channel>> ChannelFor(const Profile& profile) {
  setenv("GRPC_SSL_CIPHER_SUITES", kCiphersBelowTls13, /*replace=*/1);
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = profile.vault->authority_pem();
  tls.pem_cert_chain = profile.vault->certificate_pem();
  SOTAY_ASSIGN_OR_RETURN(tls.pem_private_key, profile.vault->KeyPem());
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kReceiveBytesMax);
  arguments.SetCompressionAlgorithm(GRPC_COMPRESS_NONE);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  return grpc::CreateCustomChannel(profile.server, grpc::SslCredentials(tls), arguments);
}

// The numbers are the same on both sides; what the server said beside them goes along.
absl::Status ToAbsl(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  v1::StatusDetails details;
  if (!details.ParseFromString(status.error_details())) return result;
  for (const auto& any : details.details()) {
    if (!absl::EndsWith(any.type_url(), "/sotay.v1.ErrorDetail")) continue;
    result.SetPayload(sdk::kErrorDetailUrl, absl::Cord(any.value()));
  }
  return result;
}

}  // namespace

class Office::Calls {
 public:
  Calls(const std::shared_ptr<grpc::Channel>& channel, std::shared_ptr<const sdk::Vault> vault)
      : vault_(std::move(vault)),
        supervision_(v1::SupervisionService::NewStub(channel)),
        lineage_(v1::LineageService::NewStub(channel)),
        access_(v1::AccessService::NewStub(channel)),
        duplicates_(v1::DuplicateService::NewStub(channel)),
        tally_(v1::TallyService::NewStub(channel)),
        dossiers_(v1::DossierService::NewStub(channel)),
        secrecy_(v1::SecrecyService::NewStub(channel)),
        quarantine_(v1::QuarantineService::NewStub(channel)),
        admin_(v1::AdminService::NewStub(channel)),
        blobs_(v1::BlobService::NewStub(channel)),
        certificates_(v1::CertificateService::NewStub(channel)),
        organisation_(v1::OrganisationService::NewStub(channel)),
        sync_(v1::SyncService::NewStub(channel)) {}

  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(Stub& stub,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request, seconds deadline = kDeadline) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + deadline);
    Response response;
    const grpc::Status status = (stub.*method)(&context, request, &response);
    if (!status.ok()) return Told(ToAbsl(status));
    return response;
  }
  absl::Status Told(absl::Status failure) const {
    return sdk::ToldAsStranger(std::move(failure), [this] {
      return sdk::Vault::MayBeRefused(vault_->certificate_pem(), vault_->authority_pem(),
                                      absl::ToUnixMillis(absl::Now()));
    });
  }

  absl::Status Watch(const v1::WatchRequest& request,
                     const std::function<bool(const v1::WatchResponse&)>& heard) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kWatchDeadline);
    {
      absl::MutexLock lock(&mutex_);
      if (stopped_) return absl::CancelledError("the listening was stopped");
      listening_ = &context;
    }
    const auto reader = sync_->Watch(&context, request);
    v1::WatchResponse response;
    bool wanted = true;
    while (wanted && reader->Read(&response)) wanted = heard(response);
    if (!wanted) context.TryCancel();
    const grpc::Status status = reader->Finish();
    absl::MutexLock lock(&mutex_);
    listening_ = nullptr;
    return wanted && !status.ok() ? Told(ToAbsl(status)) : absl::OkStatus();
  }

  void Stop() {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
    if (listening_ != nullptr) listening_->TryCancel();
  }

  v1::SupervisionService::Stub& supervision() { return *supervision_; }
  v1::LineageService::Stub& lineage() { return *lineage_; }
  v1::AccessService::Stub& access() { return *access_; }
  v1::DuplicateService::Stub& duplicates() { return *duplicates_; }
  v1::TallyService::Stub& tally() { return *tally_; }
  v1::DossierService::Stub& dossiers() { return *dossiers_; }
  v1::SecrecyService::Stub& secrecy() { return *secrecy_; }
  v1::QuarantineService::Stub& quarantine() { return *quarantine_; }
  v1::AdminService::Stub& admin() { return *admin_; }
  v1::BlobService::Stub& blobs() { return *blobs_; }
  v1::CertificateService::Stub& certificates() { return *certificates_; }
  v1::OrganisationService::Stub& organisation() { return *organisation_; }

 private:
  const std::shared_ptr<const sdk::Vault> vault_;
  const std::unique_ptr<v1::SupervisionService::Stub> supervision_;
  const std::unique_ptr<v1::LineageService::Stub> lineage_;
  const std::unique_ptr<v1::AccessService::Stub> access_;
  const std::unique_ptr<v1::DuplicateService::Stub> duplicates_;
  const std::unique_ptr<v1::TallyService::Stub> tally_;
  const std::unique_ptr<v1::DossierService::Stub> dossiers_;
  const std::unique_ptr<v1::SecrecyService::Stub> secrecy_;
  const std::unique_ptr<v1::QuarantineService::Stub> quarantine_;
  const std::unique_ptr<v1::AdminService::Stub> admin_;
  const std::unique_ptr<v1::BlobService::Stub> blobs_;
  const std::unique_ptr<v1::CertificateService::Stub> certificates_;
  const std::unique_ptr<v1::OrganisationService::Stub> organisation_;
  const std::unique_ptr<v1::SyncService::Stub> sync_;
  absl::Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::ClientContext* listening_ ABSL_GUARDED_BY(mutex_) = nullptr;
};

Office::Office(std::unique_ptr<Calls> calls) : calls_(std::move(calls)) {}
Office::~Office() = default;

absl::StatusOr<std::unique_ptr<Office>> Office::Connect(const Profile& profile) {
  SOTAY_ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> channel, ChannelFor(profile));
  return std::unique_ptr<Office>(new Office(std::make_unique<Calls>(channel, profile.vault)));
}

absl::StatusOr<v1::ListRecordsResponse> Office::ListRecords(const v1::ListRecordsRequest& request) {
  return calls_->Call(calls_->supervision(), &v1::SupervisionService::Stub::ListRecords, request);
}

absl::StatusOr<v1::ReadChunkResponse> Office::ReadChunk(const v1::ReadChunkRequest& request) {
  return calls_->Call(calls_->blobs(), &v1::BlobService::Stub::ReadChunk, request);
}
absl::StatusOr<v1::GetRecordResponse> Office::GetRecord(const v1::GetRecordRequest& request) {
  return calls_->Call(calls_->supervision(), &v1::SupervisionService::Stub::GetRecord, request);
}

absl::StatusOr<v1::GetLineageResponse> Office::GetLineage(const v1::GetLineageRequest& request) {
  return calls_->Call(calls_->lineage(), &v1::LineageService::Stub::GetLineage, request);
}

absl::StatusOr<v1::ProveRecordResponse> Office::ProveRecord(const v1::ProveRecordRequest& request) {
  return calls_->Call(calls_->supervision(), &v1::SupervisionService::Stub::ProveRecord, request);
}

absl::StatusOr<v1::ListConflictsResponse> Office::ListConflicts(
    const v1::ListConflictsRequest& request) {
  return calls_->Call(calls_->supervision(), &v1::SupervisionService::Stub::ListConflicts, request);
}

absl::StatusOr<v1::ListQuarantineResponse> Office::ListQuarantine(
    const v1::ListQuarantineRequest& request) {
  return calls_->Call(calls_->supervision(), &v1::SupervisionService::Stub::ListQuarantine,
                      request);
}

absl::StatusOr<v1::TakeInResponse> Office::TakeIn(const v1::TakeInRequest& request) {
  return calls_->Call(calls_->quarantine(), &v1::QuarantineService::Stub::TakeIn, request);
}

absl::StatusOr<v1::DismissResponse> Office::Dismiss(const v1::DismissRequest& request) {
  return calls_->Call(calls_->quarantine(), &v1::QuarantineService::Stub::Dismiss, request);
}

absl::StatusOr<v1::SettleLossResponse> Office::SettleLoss(const v1::SettleLossRequest& request) {
  return calls_->Call(calls_->quarantine(), &v1::QuarantineService::Stub::SettleLoss, request);
}

absl::StatusOr<v1::ListDevicesResponse> Office::ListDevices(const v1::ListDevicesRequest& request) {
  return calls_->Call(calls_->supervision(), &v1::SupervisionService::Stub::ListDevices, request);
}

absl::StatusOr<v1::ListUnitsResponse> Office::ListUnits() {
  return calls_->Call(calls_->supervision(), &v1::SupervisionService::Stub::ListUnits,
                      v1::ListUnitsRequest());
}

absl::StatusOr<v1::ListAccessResponse> Office::ListAccess(const v1::ListAccessRequest& request) {
  return calls_->Call(calls_->access(), &v1::AccessService::Stub::ListAccess, request);
}

absl::StatusOr<v1::ListDuplicatesResponse> Office::ListDuplicates(
    const v1::ListDuplicatesRequest& request) {
  return calls_->Call(calls_->duplicates(), &v1::DuplicateService::Stub::ListDuplicates, request);
}

absl::StatusOr<v1::CountRecordsResponse> Office::CountRecords(
    const v1::CountRecordsRequest& request) {
  return calls_->Call(calls_->tally(), &v1::TallyService::Stub::CountRecords, request);
}

absl::StatusOr<v1::GetTogetherResponse> Office::GetTogether(const v1::GetTogetherRequest& request) {
  return calls_->Call(calls_->tally(), &v1::TallyService::Stub::GetTogether, request);
}

absl::StatusOr<v1::RestrictDossierResponse> Office::RestrictDossier(
    const v1::RestrictDossierRequest& request) {
  return calls_->Call(calls_->dossiers(), &v1::DossierService::Stub::RestrictDossier, request);
}

absl::StatusOr<v1::OpenDossierResponse> Office::OpenDossier(const v1::OpenDossierRequest& request) {
  return calls_->Call(calls_->dossiers(), &v1::DossierService::Stub::OpenDossier, request);
}

absl::StatusOr<v1::ListDossierActsResponse> Office::ListDossierActs(
    const v1::ListDossierActsRequest& request) {
  return calls_->Call(calls_->dossiers(), &v1::DossierService::Stub::ListDossierActs, request);
}

absl::StatusOr<v1::SealDossierResponse> Office::SealDossier(const v1::SealDossierRequest& request) {
  return calls_->Call(calls_->secrecy(), &v1::SecrecyService::Stub::SealDossier, request);
}

absl::StatusOr<v1::ListSealedResponse> Office::ListSealed(const v1::ListSealedRequest& request) {
  return calls_->Call(calls_->secrecy(), &v1::SecrecyService::Stub::ListSealed, request);
}

absl::StatusOr<v1::ListHoldersResponse> Office::ListHolders(const v1::ListHoldersRequest& request) {
  return calls_->Call(calls_->secrecy(), &v1::SecrecyService::Stub::ListHolders, request);
}

absl::StatusOr<v1::DestroyResponse> Office::Destroy(const v1::DestroyRequest& request) {
  return calls_->Call(calls_->secrecy(), &v1::SecrecyService::Stub::Destroy, request);
}

absl::StatusOr<v1::ConfirmResponse> Office::Confirm(const v1::ConfirmRequest& request) {
  return calls_->Call(calls_->secrecy(), &v1::SecrecyService::Stub::Confirm, request);
}

absl::StatusOr<v1::NoteBackupsGoneResponse> Office::NoteBackupsGone(
    const v1::NoteBackupsGoneRequest& request) {
  return calls_->Call(calls_->secrecy(), &v1::SecrecyService::Stub::NoteBackupsGone, request);
}

absl::StatusOr<v1::PutUnitResponse> Office::PutUnit(const v1::PutUnitRequest& request) {
  return calls_->Call(calls_->admin(), &v1::AdminService::Stub::PutUnit, request);
}

absl::StatusOr<v1::ListAllUnitsResponse> Office::ListAllUnits() {
  return calls_->Call(calls_->admin(), &v1::AdminService::Stub::ListAllUnits,
                      v1::ListAllUnitsRequest());
}

absl::StatusOr<v1::PutUserResponse> Office::PutUser(const v1::PutUserRequest& request) {
  return calls_->Call(calls_->admin(), &v1::AdminService::Stub::PutUser, request);
}

absl::StatusOr<v1::ListUsersResponse> Office::ListUsers() {
  return calls_->Call(calls_->admin(), &v1::AdminService::Stub::ListUsers, v1::ListUsersRequest());
}

absl::StatusOr<v1::CreateInvitationResponse> Office::CreateInvitation(
    const v1::CreateInvitationRequest& request) {
  return calls_->Call(calls_->admin(), &v1::AdminService::Stub::CreateInvitation, request);
}

absl::StatusOr<v1::ListAllDevicesResponse> Office::ListAllDevices() {
  return calls_->Call(calls_->admin(), &v1::AdminService::Stub::ListAllDevices,
                      v1::ListAllDevicesRequest());
}

absl::StatusOr<v1::RevokeDeviceResponse> Office::RevokeDevice(
    const v1::RevokeDeviceRequest& request) {
  return calls_->Call(calls_->admin(), &v1::AdminService::Stub::RevokeDevice, request);
}

absl::StatusOr<v1::PutPostResponse> Office::PutPost(const v1::PutPostRequest& request) {
  return calls_->Call(calls_->organisation(), &v1::OrganisationService::Stub::PutPost, request);
}

absl::StatusOr<v1::EndPostResponse> Office::EndPost(const v1::EndPostRequest& request) {
  return calls_->Call(calls_->organisation(), &v1::OrganisationService::Stub::EndPost, request);
}

absl::StatusOr<v1::ListPostsResponse> Office::ListPosts(const v1::ListPostsRequest& request) {
  return calls_->Call(calls_->organisation(), &v1::OrganisationService::Stub::ListPosts, request);
}

absl::StatusOr<v1::PutUnitTermResponse> Office::PutUnitTerm(const v1::PutUnitTermRequest& request) {
  return calls_->Call(calls_->organisation(), &v1::OrganisationService::Stub::PutUnitTerm, request);
}

absl::StatusOr<v1::ListUnitTermsResponse> Office::ListUnitTerms() {
  return calls_->Call(calls_->organisation(), &v1::OrganisationService::Stub::ListUnitTerms,
                      v1::ListUnitTermsRequest());
}

absl::StatusOr<v1::GetRulesResponse> Office::GetRules() {
  return calls_->Call(calls_->organisation(), &v1::OrganisationService::Stub::GetRules,
                      v1::GetRulesRequest());
}

absl::StatusOr<v1::RenewCertificateResponse> Office::RenewCertificate(
    const v1::RenewCertificateRequest& request) {
  return calls_->Call(calls_->certificates(), &v1::CertificateService::Stub::RenewCertificate,
                      request, kRenewalDeadline);
}

absl::StatusOr<v1::GetAuthorityResponse> Office::GetAuthority(
    const v1::GetAuthorityRequest& request) {
  return calls_->Call(calls_->certificates(), &v1::CertificateService::Stub::GetAuthority, request,
                      kRenewalDeadline);
}

absl::Status Office::Watch(const v1::WatchRequest& request,
                           const std::function<bool(const v1::WatchResponse&)>& heard) {
  return calls_->Watch(request, heard);
}

void Office::StopWatching() { calls_->Stop(); }

}  // namespace sotay::cli
