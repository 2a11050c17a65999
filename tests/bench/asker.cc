#include "tests/bench/asker.h"

#include "sync/seal/digest.h"
#include "sync/status_macros.h"

namespace sotay::bench {
namespace {

constexpr char kReason[] = "Đo tải";
// What is sent and asked for of files; which, nobody looks at before whose it is.
constexpr char kPiece[] = "một phần tệp";

template <typename Stub, typename Request, typename Response>
grpc::Status Ask(Stub* stub,
                 grpc::Status (Stub::*call)(grpc::ClientContext*, const Request&, Response*),
                 const Request& request) {
  Response response;
  grpc::ClientContext context;
  return (stub->*call)(&context, request, &response);
}

template <typename Request>
Request OfRecord(const std::string& id) {
  Request request;
  request.set_record_id(id);
  return request;
}

template <typename Request>
Request OfFile(const std::string& id) {
  static const std::string* const kHash = new std::string(Asker::FileHash());
  Request request;
  request.mutable_blob()->set_record_id(id);
  request.mutable_blob()->set_sha256(*kHash);
  return request;
}

}  // namespace

Asker::Asker(const std::shared_ptr<grpc::Channel>& channel)
    : supervision_(v1::SupervisionService::NewStub(channel)),
      sync_(v1::SyncService::NewStub(channel)),
      dossiers_(v1::DossierService::NewStub(channel)),
      quarantine_(v1::QuarantineService::NewStub(channel)),
      access_(v1::AccessService::NewStub(channel)),
      secrecy_(v1::SecrecyService::NewStub(channel)),
      blobs_(v1::BlobService::NewStub(channel)) {}

absl::StatusOr<Asker> Asker::Enrol(Office* office, const std::string& user, const std::string& unit,
                                   options::v1::Role role) {
  SOTAY_RETURN_IF_ERROR(office->PutUser(user, user, unit, role));
  SOTAY_ASSIGN_OR_RETURN(const std::string invitation, office->Invite(user));
  SOTAY_ASSIGN_OR_RETURN(Identity identity, bench::Enrol(invitation, "máy"));
  return Asker(Connect(identity.credentials));
}

absl::StatusOr<Asker> Asker::Enrol(Office* office, const std::string& user, const std::string& unit,
                                   v1::Capacity capacity, const std::string& field_of_work) {
  SOTAY_RETURN_IF_ERROR(office->PutUser(user, user, "", options::v1::ROLE_UNSPECIFIED));
  SOTAY_RETURN_IF_ERROR(office->PutPost(user, unit, capacity, field_of_work));
  SOTAY_ASSIGN_OR_RETURN(const std::string invitation, office->Invite(user));
  SOTAY_ASSIGN_OR_RETURN(Identity identity, bench::Enrol(invitation, "máy"));
  return Asker(Connect(identity.credentials));
}

std::string Asker::FileHash() {
  const auto hash = seal::Sha256(kPiece);
  return {hash.begin(), hash.end()};
}

grpc::Status Asker::GetRecord(const std::string& id) const {
  auto request = OfRecord<v1::GetRecordRequest>(id);
  request.set_history_size(10);
  return Ask(supervision_.get(), &v1::SupervisionService::Stub::GetRecord, request);
}

grpc::Status Asker::ListRecordHistory(const std::string& id) const {
  return Ask(sync_.get(), &v1::SyncService::Stub::ListRecordHistory,
             OfRecord<v1::ListRecordHistoryRequest>(id));
}

grpc::Status Asker::ProveRecord(const std::string& id) const {
  return Ask(supervision_.get(), &v1::SupervisionService::Stub::ProveRecord,
             OfRecord<v1::ProveRecordRequest>(id));
}

grpc::Status Asker::ListAccess(const std::string& id) const {
  return Ask(access_.get(), &v1::AccessService::Stub::ListAccess,
             OfRecord<v1::ListAccessRequest>(id));
}

grpc::Status Asker::RestrictDossier(const std::string& id) const {
  auto request = OfRecord<v1::RestrictDossierRequest>(id);
  request.set_reason(kReason);
  return Ask(dossiers_.get(), &v1::DossierService::Stub::RestrictDossier, request);
}

grpc::Status Asker::OpenDossier(const std::string& id) const {
  auto request = OfRecord<v1::OpenDossierRequest>(id);
  request.set_reason(kReason);
  return Ask(dossiers_.get(), &v1::DossierService::Stub::OpenDossier, request);
}

grpc::Status Asker::SealDossier(const std::string& id) const {
  auto request = OfRecord<v1::SealDossierRequest>(id);
  request.set_alias("Hồ sơ 17");
  request.set_holder("Tủ số 3");
  request.set_reason(kReason);
  return Ask(secrecy_.get(), &v1::SecrecyService::Stub::SealDossier, request);
}

grpc::Status Asker::AskBlob(const std::string& id) const {
  return Ask(blobs_.get(), &v1::BlobService::Stub::AskBlob, OfFile<v1::AskBlobRequest>(id));
}

grpc::Status Asker::SendChunk(const std::string& id) const {
  auto request = OfFile<v1::SendChunkRequest>(id);
  request.set_data(kPiece);
  request.set_sha256(request.blob().sha256());
  return Ask(blobs_.get(), &v1::BlobService::Stub::SendChunk, request);
}

grpc::Status Asker::FinishBlob(const std::string& id) const {
  return Ask(blobs_.get(), &v1::BlobService::Stub::FinishBlob, OfFile<v1::FinishBlobRequest>(id));
}

grpc::Status Asker::ReadChunk(const std::string& id) const {
  return Ask(blobs_.get(), &v1::BlobService::Stub::ReadChunk, OfFile<v1::ReadChunkRequest>(id));
}

grpc::Status Asker::ListHolders(const std::string& id) const {
  v1::ListHoldersRequest request;
  request.set_dossier_id(id);
  return Ask(secrecy_.get(), &v1::SecrecyService::Stub::ListHolders, request);
}

grpc::Status Asker::Destroy(const std::string& id) const {
  v1::DestroyRequest request;
  request.set_dossier_id(id);
  request.set_reason(kReason);
  return Ask(secrecy_.get(), &v1::SecrecyService::Stub::Destroy, request);
}

grpc::Status Asker::ListRecordsOf(const std::string& unit) const {
  v1::ListRecordsRequest request;
  request.set_unit_id(unit);
  return Ask(supervision_.get(), &v1::SupervisionService::Stub::ListRecords, request);
}

grpc::Status Asker::TakeIn(const v1::RefusedChange& change) const {
  v1::TakeInRequest request;
  *request.mutable_change() = change;
  request.set_reason(kReason);
  return Ask(quarantine_.get(), &v1::QuarantineService::Stub::TakeIn, request);
}

grpc::Status Asker::Dismiss(const v1::RefusedChange& change) const {
  v1::DismissRequest request;
  *request.mutable_change() = change;
  request.set_reason(kReason);
  return Ask(quarantine_.get(), &v1::QuarantineService::Stub::Dismiss, request);
}

absl::StatusOr<std::string> Asker::Restrict(const std::string& record,
                                            const std::vector<std::string>& people) const {
  auto request = OfRecord<v1::RestrictDossierRequest>(record);
  for (const std::string& user : people) request.add_people()->set_user_id(user);
  request.set_reason(kReason);
  v1::RestrictDossierResponse response;
  grpc::ClientContext context;
  SOTAY_RETURN_IF_ERROR(ToAbsl(dossiers_->RestrictDossier(&context, request, &response)));
  return response.act().dossier_id();
}

absl::StatusOr<std::vector<v1::RefusedChange>> Asker::ListQuarantine() const {
  v1::ListQuarantineResponse response;
  grpc::ClientContext context;
  SOTAY_RETURN_IF_ERROR(
      ToAbsl(supervision_->ListQuarantine(&context, v1::ListQuarantineRequest(), &response)));
  std::vector<v1::RefusedChange> refused;
  for (const v1::QuarantinedChange& row : response.changes()) {
    v1::RefusedChange& change = refused.emplace_back();
    change.set_device_id(row.device_id());
    change.set_sequence(row.sequence());
    change.set_change_id(row.change_id());
  }
  return refused;
}

}  // namespace sotay::bench
