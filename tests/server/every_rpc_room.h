// Every method of every service, and an office to ask it of: two units, in the first a case with a
// note and a file, and what each method is asked about it, so that only the guard stands between.
#pragma once

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor_database.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "sotay/notebook.h"
#include "sotay/v1/access_service.pb.h"
#include "sotay/v1/admin_service.pb.h"
#include "sotay/v1/blob_service.pb.h"
#include "sotay/v1/certificate_service.pb.h"
#include "sotay/v1/dossier_service.pb.h"
#include "sotay/v1/duplicate_service.pb.h"
#include "sotay/v1/enrolment_service.pb.h"
#include "sotay/v1/lineage_service.pb.h"
#include "sotay/v1/organisation_service.pb.h"
#include "sotay/v1/quarantine_service.pb.h"
#include "sotay/v1/secrecy_service.pb.h"
#include "sotay/v1/supervision_service.pb.h"
#include "sotay/v1/sync_service.pb.h"
#include "sotay/v1/tally_service.pb.h"
#include "sync/seal/certificate.h"
#include "sync/seal/digest.h"
#include "sync/seal/packed.h"
#include "tests/server/served_office.h"
#include "tests/support/status_matchers.h"

namespace sotay::tests {

using options::v1::ROLE_PROSECUTOR;
using options::v1::ROLE_SUPERVISOR;

constexpr int kOk = 0;
constexpr int kInvalidArgument = 3;
constexpr int kNotFound = 5;
constexpr int kPermissionDenied = 7;
constexpr int kUnauthenticated = 16;

constexpr char kUnit[] = "vkskv1";
constexpr char kNextDoor[] = "vkskv2";
// Stands in a note of kUnit, and must be read by nobody else.
constexpr char kNeedle[] = "Vết phanh dài 4,2 m";

// How a method answers those of the unit next door who ask for what is kUnit's.
struct Expected {
  std::string request;
  int code = kOk;  // kOk: answered, with nothing of kUnit in it
};

// Of every service in the program, in whatever file: all that the server can serve is linked to it.
inline std::vector<std::string> Methods() {
  std::vector<std::string> files;
  EXPECT_TRUE(
      google::protobuf::DescriptorPool::internal_generated_database()->FindAllFileNames(&files));
  std::vector<std::string> methods;
  for (const std::string& name : files) {
    if (name.rfind("sotay/", 0) != 0) continue;
    const google::protobuf::FileDescriptor* const file =
        google::protobuf::DescriptorPool::generated_pool()->FindFileByName(name);
    for (int i = 0; i < file->service_count(); ++i) {
      for (int j = 0; j < file->service(i)->method_count(); ++j) {
        methods.push_back("/" + file->service(i)->full_name() + "/" +
                          file->service(i)->method(j)->name());
      }
    }
  }
  return methods;
}

inline sdk::Edit Field(sdk::Edit::Kind kind, const std::string& field, const std::string& value) {
  return {.kind = kind, .field = field, .key = "", .value = value};
}

// An answer as its reader sees it: what is packed in it unpacked.
inline std::string Readable(const std::string& method, const RawAnswer& answer) {
  v1::SyncResponse response;
  if (method != "/sotay.v1.SyncService/Sync" || !response.ParseFromString(answer.bytes) ||
      !response.has_records()) {
    return answer.bytes;
  }
  const auto unpacked = seal::Unpack(response.records(), 1 << 20);
  EXPECT_THAT(unpacked, IsOk());
  return answer.bytes + unpacked.value_or("");
}

// Two units; in the first a case with a note, in which the needle is.
class EveryRpc : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    office_ = new ServedOffice();
    v1::PutUnitRequest unit;
    unit.mutable_unit()->set_unit_id(kNextDoor);
    unit.mutable_unit()->set_name("VKSND khu vực 2 – Sông Mây");
    ASSERT_EQ(ServedOffice::Call(office_->administrator().address, "/sotay.v1.AdminService/PutUnit",
                                 unit.SerializeAsString())
                  .code,
              kOk);
    office_->PutUser("dam", {{kUnit, ROLE_PROSECUTOR}});
    const std::string dir = office_->space() / "dam";
    ASSERT_THAT(sdk::Notebook::Enroll(dir, office_->Invite("dam"), "máy của Đàm"), IsOk());
    auto dam = sdk::Notebook::Open(dir);
    ASSERT_THAT(dam, IsOk());
    ASSERT_THAT((*dam)->Sync(), IsOk());
    constexpr auto kSet = sdk::Edit::Kind::kSet;
    const auto matter =
        (*dam)->Create("case", kUnit, absl::nullopt,
                       {Field(kSet, "kind", "criminal"), Field(kSet, "title", kNeedle)});
    ASSERT_THAT(matter, IsOk());
    ASSERT_THAT((*dam)->Create(
                    "note", "", *matter,
                    {Field(kSet, "kind", "scene"), Field(sdk::Edit::Kind::kText, "body", kNeedle)}),
                IsOk());
    bool given = false;
    const auto attached =
        (*dam)->Attach(*matter,
                       [&](size_t) -> absl::StatusOr<std::string> {
                         return std::exchange(given, true) ? std::string() : std::string(kNeedle);
                       },
                       "attachment", {});
    ASSERT_THAT(attached, IsOk());
    attached_ = new std::string(attached->str());
    ASSERT_THAT((*dam)->Sync(), IsOk());
    record_ = new std::string(matter->str());
    // And a change that is refused.
    office_->PutUser("dam", {});
    ASSERT_THAT((*dam)->Change(*matter, {Field(kSet, "title", "Bị giữ lại")}), IsOk());
    ASSERT_THAT((*dam)->Sync(), IsOk());
    const auto head = office_->NewDevice("ngu", {{kUnit, ROLE_SUPERVISOR}});
    head_ = new ServedOffice::Device(head);
    v1::ListQuarantineResponse listed;
    ASSERT_TRUE(listed.ParseFromString(
        ServedOffice::Call(head.address, "/sotay.v1.SupervisionService/ListQuarantine", "").bytes));
    ASSERT_EQ(listed.changes_size(), 1);
    refused_ = new v1::RefusedChange();
    refused_->set_device_id(listed.changes(0).device_id());
    refused_->set_sequence(listed.changes(0).sequence());
    refused_->set_change_id(listed.changes(0).change_id());
    // And a device that is lost.
    lost_ = new sync::DeviceId(office_->NewDevice("que", {{kUnit, ROLE_PROSECUTOR}}).id);
    office_->Revoke(*lost_);
    v1::ProveRecordRequest proven;
    proven.set_record_id(*record_);
    proof_ = new v1::ProveRecordResponse();
    ASSERT_TRUE(proof_->ParseFromString(
        ServedOffice::Call(head.address, "/sotay.v1.SupervisionService/ProveRecord",
                           proven.SerializeAsString())
            .bytes));
  }
  static void TearDownTestSuite() {
    delete record_;
    delete attached_;
    delete proof_;
    delete refused_;
    delete lost_;
    delete head_;
    delete office_;
  }

  // The one place where a method says how it treats people of another unit.
  static std::map<std::string, Expected> NextDoor() {
    std::map<std::string, Expected> expected;
    const auto add = [&expected](const std::string& method, const google::protobuf::Message& asked,
                                 int code) {
      expected["/sotay.v1." + method] = {asked.SerializeAsString(), code};
    };
    v1::SyncRequest sync;
    sync.set_protocol(1);
    sync.add_cursors()->set_unit_id(kUnit);
    add("SyncService/Sync", sync, kOk);
    v1::WatchRequest watch;
    watch.add_cursors()->set_unit_id(kUnit);
    add("SyncService/Watch", watch, kNotFound);
    v1::ListRecordHistoryRequest history;
    history.set_record_id(*record_);
    add("SyncService/ListRecordHistory", history, kNotFound);

    v1::ListRecordsRequest records;
    records.set_unit_id(kUnit);
    records.set_subtree(true);
    add("SupervisionService/ListRecords", records, kNotFound);
    v1::GetRecordRequest record;
    record.set_record_id(*record_);
    record.set_history_size(10);
    add("SupervisionService/GetRecord", record, kNotFound);
    v1::ProveRecordRequest proven;
    proven.set_record_id(*record_);
    add("SupervisionService/ProveRecord", proven, kNotFound);
    v1::ListConflictsRequest conflicts;
    conflicts.set_unit_id(kUnit);
    add("SupervisionService/ListConflicts", conflicts, kNotFound);
    v1::ListQuarantineRequest quarantine;
    quarantine.set_unit_id(kUnit);
    add("SupervisionService/ListQuarantine", quarantine, kNotFound);
    v1::ListDevicesRequest devices;
    devices.set_unit_id(kUnit);
    add("SupervisionService/ListDevices", devices, kNotFound);
    add("SupervisionService/ListUnits", v1::ListUnitsRequest(), kOk);
    v1::ListAccessRequest access;
    access.set_record_id(*record_);
    add("AccessService/ListAccess", access, kNotFound);
    v1::ListDuplicatesRequest duplicates;
    duplicates.set_unit_id(kUnit);
    add("DuplicateService/ListDuplicates", duplicates, kNotFound);
    v1::CountRecordsRequest count;
    count.set_unit_id(kUnit);
    count.set_type("case");
    add("TallyService/CountRecords", count, kNotFound);
    v1::GetTogetherRequest together;
    together.set_record_id(*record_);
    add("TallyService/GetTogether", together, kNotFound);

    v1::RestrictDossierRequest restricted;
    restricted.set_record_id(*record_);
    restricted.set_reason("Phân công 4/PC-VKS");
    add("DossierService/RestrictDossier", restricted, kNotFound);
    v1::OpenDossierRequest opened;
    opened.set_record_id(*record_);
    opened.set_reason("Kết thúc phân công");
    add("DossierService/OpenDossier", opened, kNotFound);
    v1::ListDossierActsRequest acts;
    acts.set_unit_id(kUnit);
    add("DossierService/ListDossierActs", acts, kNotFound);

    v1::SealDossierRequest sealing;
    sealing.set_record_id(*record_);
    sealing.set_alias("Hồ sơ 17");
    sealing.set_holder("Tủ số 3");
    sealing.set_reason("Công văn 9/VKS");
    v1::AskBlobRequest ask;
    const auto hash = seal::Sha256(kNeedle);
    ask.mutable_blob()->set_record_id(*attached_);
    ask.mutable_blob()->set_sha256(std::string(hash.begin(), hash.end()));
    add("BlobService/AskBlob", ask, kNotFound);
    v1::SendChunkRequest chunk;
    *chunk.mutable_blob() = ask.blob();
    chunk.set_data(kNeedle);
    chunk.set_sha256(ask.blob().sha256());
    add("BlobService/SendChunk", chunk, kNotFound);
    v1::FinishBlobRequest finish;
    *finish.mutable_blob() = ask.blob();
    add("BlobService/FinishBlob", finish, kNotFound);
    v1::ReadChunkRequest piece;
    *piece.mutable_blob() = ask.blob();
    add("BlobService/ReadChunk", piece, kNotFound);
    add("SecrecyService/SealDossier", sealing, kNotFound);
    v1::ListSealedRequest sealed;
    sealed.set_unit_id(kUnit);
    add("SecrecyService/ListSealed", sealed, kNotFound);
    v1::ListHoldersRequest holders;
    holders.set_dossier_id(*record_);
    add("SecrecyService/ListHolders", holders, kNotFound);
    v1::DestroyRequest destroyed;
    destroyed.set_dossier_id(*record_);
    destroyed.set_reason("Quyết định 20/QĐ-VKS");
    add("SecrecyService/Destroy", destroyed, kNotFound);
    add("SecrecyService/Confirm", v1::ConfirmRequest(), kPermissionDenied);
    add("SecrecyService/NoteBackupsGone", v1::NoteBackupsGoneRequest(), kPermissionDenied);

    add("AdminService/PutUnit", v1::PutUnitRequest(), kPermissionDenied);
    add("AdminService/ListAllUnits", v1::ListAllUnitsRequest(), kPermissionDenied);
    add("AdminService/PutUser", v1::PutUserRequest(), kPermissionDenied);
    add("AdminService/ListUsers", v1::ListUsersRequest(), kPermissionDenied);
    add("AdminService/CreateInvitation", v1::CreateInvitationRequest(), kPermissionDenied);
    add("AdminService/ListAllDevices", v1::ListAllDevicesRequest(), kPermissionDenied);
    add("AdminService/RevokeDevice", v1::RevokeDeviceRequest(), kPermissionDenied);
    add("OrganisationService/PutPost", v1::PutPostRequest(), kPermissionDenied);
    add("OrganisationService/EndPost", v1::EndPostRequest(), kPermissionDenied);
    add("OrganisationService/ListPosts", v1::ListPostsRequest(), kPermissionDenied);
    add("OrganisationService/PutUnitTerm", v1::PutUnitTermRequest(), kPermissionDenied);
    add("OrganisationService/ListUnitTerms", v1::ListUnitTermsRequest(), kPermissionDenied);
    // The table of rights is for everybody; there is nothing of anybody in it.
    add("OrganisationService/GetRules", v1::GetRulesRequest(), kOk);
    v1::GetLineageRequest lineage;
    *lineage.mutable_held() = proof_->head();
    add("LineageService/GetLineage", lineage, kNotFound);
    v1::TakeInRequest take;
    *take.mutable_change() = *refused_;
    take.set_reason("vì sao");
    add("QuarantineService/TakeIn", take, kNotFound);
    v1::DismissRequest dismiss;
    *dismiss.mutable_change() = *refused_;
    dismiss.set_reason("vì sao");
    add("QuarantineService/Dismiss", dismiss, kNotFound);
    v1::SettleLossRequest settle;
    settle.set_device_id(lost_->str());
    settle.set_reason("vì sao");
    add("QuarantineService/SettleLoss", settle, kNotFound);
    // Everybody's is their own.
    add("CertificateService/RenewCertificate", v1::RenewCertificateRequest(), kOk);
    add("CertificateService/RollKey", v1::RollKeyRequest(), kInvalidArgument);
    // How the log's key was replaced is for everybody; a key that was never one leads nowhere.
    v1::GetHandoversRequest handovers;
    handovers.set_log_key(proof_->log_key());
    add("LineageService/GetHandovers", handovers, kOk);
    // And how the authority was.
    v1::GetAuthorityRequest authority;
    authority.set_authority(office_->authority().spki());
    authority.set_certified_by(authority.authority());
    authority.set_log_key(proof_->log_key());
    add("CertificateService/GetAuthority", authority, kOk);
    // A device is no invitation.
    add("EnrolmentService/Enroll", v1::EnrollRequest(), kPermissionDenied);
    return expected;
  }

  static inline ServedOffice* office_ = nullptr;
  static inline std::string* record_ = nullptr;
  static inline std::string* attached_ = nullptr;  // a record with a file, which is kNeedle
  static inline v1::RefusedChange* refused_ = nullptr;
  static inline sync::DeviceId* lost_ = nullptr;
  static inline ServedOffice::Device* head_ = nullptr;  // of kUnit
  // Of kUnit's log, signed by the server.
  static inline v1::ProveRecordResponse* proof_ = nullptr;
};

}  // namespace sotay::tests
