// Every method of every service, as it is called by those it is not for, over real TLS: a stranger
// with a good certificate, a revoked device, and people of the unit next door.  The methods come
// from the descriptors, so one that is added and not thought of here fails this test.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor_database.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
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
#include "sync/seal/certificate.h"
#include "sync/seal/packed.h"
#include "tests/server/served_office.h"
#include "tests/support/status_matchers.h"

namespace sotay::tests {
namespace {

using options::v1::ROLE_PROSECUTOR;
using options::v1::ROLE_SUPERVISOR;
using ::testing::HasSubstr;
using ::testing::Not;

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
std::vector<std::string> Methods() {
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

sdk::Edit Field(sdk::Edit::Kind kind, const std::string& field, const std::string& value) {
  return {.kind = kind, .field = field, .key = "", .value = value};
}

// An answer as its reader sees it: what is packed in it unpacked.
std::string Readable(const std::string& method, const RawAnswer& answer) {
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
  }
  static void TearDownTestSuite() {
    delete record_;
    delete refused_;
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
    ask.mutable_blob()->set_record_id(*record_);
    ask.mutable_blob()->set_sha256(std::string(32, 'h'));
    add("BlobService/AskBlob", ask, kNotFound);
    v1::SendChunkRequest chunk;
    *chunk.mutable_blob() = ask.blob();
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
    lineage.mutable_held()->set_unit_id(kUnit);
    lineage.mutable_held()->set_epoch(std::string(16, 'e'));
    add("LineageService/GetLineage", lineage, kNotFound);
    v1::TakeInRequest take;
    *take.mutable_change() = *refused_;
    take.set_reason("vì sao");
    add("QuarantineService/TakeIn", take, kNotFound);
    v1::DismissRequest dismiss;
    *dismiss.mutable_change() = *refused_;
    dismiss.set_reason("vì sao");
    add("QuarantineService/Dismiss", dismiss, kNotFound);
    // Everybody's is their own.
    add("CertificateService/RenewCertificate", v1::RenewCertificateRequest(), kOk);
    add("CertificateService/RollKey", v1::RollKeyRequest(), kInvalidArgument);
    add("CertificateService/GetAuthority", v1::GetAuthorityRequest(), kNotFound);
    add("LineageService/GetHandovers", v1::GetHandoversRequest(), kNotFound);
    // A device is no invitation.
    add("EnrolmentService/Enroll", v1::EnrollRequest(), kPermissionDenied);
    return expected;
  }

  static ServedOffice* office_;
  static std::string* record_;
  static v1::RefusedChange* refused_;
  static ServedOffice::Device* head_;  // of kUnit
};

ServedOffice* EveryRpc::office_ = nullptr;
std::string* EveryRpc::record_ = nullptr;
v1::RefusedChange* EveryRpc::refused_ = nullptr;
ServedOffice::Device* EveryRpc::head_ = nullptr;

TEST_F(EveryRpc, HasItsPlaceHere) {
  const auto expected = NextDoor();
  for (const std::string& method : Methods()) {
    EXPECT_EQ(expected.count(method), 1u)
        << method << ": say in NextDoor what people of another unit get";
  }
  EXPECT_EQ(expected.size(), Methods().size());
}

TEST_F(EveryRpc, KnowsNoStranger) {
  const auto key = seal::SigningKey::Generate();
  ASSERT_THAT(key, IsOk());
  const auto issued =
      office_->authority().IssueDevice(*seal::MakeCertificateRequest(*key, ""), absl::Now());
  ASSERT_THAT(issued, IsOk());
  sdk::GrpcAddress address = office_->administrator().address;
  address.certificate_pem = *seal::CertificatePemOfDer(issued->cert_der);
  address.key_pem = *key->Pem();
  for (const auto& [method, expected] : NextDoor()) {
    const RawAnswer answer = ServedOffice::Call(address, method, expected.request);
    EXPECT_TRUE(answer.code == kUnauthenticated && answer.bytes.empty()) << method << answer.code;
  }
}

TEST_F(EveryRpc, IsClosedToARevokedDevice) {
  const auto revoked = office_->NewDevice("que", {{kUnit, ROLE_PROSECUTOR}});
  office_->Revoke(revoked.id);
  for (const auto& [method, expected] : NextDoor()) {
    const RawAnswer answer = ServedOffice::Call(revoked.address, method, expected.request);
    const bool told = method.find("/GetAuthority") != std::string::npos;  // whom to hand it to
    EXPECT_EQ(answer.code, told ? kNotFound : kUnauthenticated) << method << answer.message;
    EXPECT_EQ(answer.bytes, "") << method;
  }
}

TEST_F(EveryRpc, TellsNobodyWhatIsAnotherUnits) {
  const auto mine = office_->NewDevice("an", {{kUnit, ROLE_PROSECUTOR}});
  for (const sync::Role role : {ROLE_PROSECUTOR, ROLE_SUPERVISOR}) {
    const auto next_door = office_->NewDevice("nguyet" + std::to_string(role), {{kNextDoor, role}});
    for (const auto& [method, expected] : NextDoor()) {
      const RawAnswer answer = ServedOffice::Call(next_door.address, method, expected.request);
      EXPECT_EQ(answer.code, expected.code) << method << ": " << answer.message;
      const std::string read = Readable(method, answer);
      EXPECT_THAT(read, Not(HasSubstr(kNeedle))) << method;
      EXPECT_THAT(read, Not(HasSubstr(*record_))) << method;
      EXPECT_THAT(answer.message, Not(HasSubstr(kNeedle))) << method;
    }
  }
  // What is not theirs is answered as what is not there.
  const auto next_door = office_->NewDevice("binh", {{kNextDoor, ROLE_SUPERVISOR}});
  v1::GetRecordRequest theirs, nowhere;
  theirs.set_record_id(*record_);
  nowhere.set_record_id(std::string(16, '?'));
  const char kGetRecord[] = "/sotay.v1.SupervisionService/GetRecord";
  const RawAnswer not_yours =
      ServedOffice::Call(next_door.address, kGetRecord, theirs.SerializeAsString());
  const RawAnswer not_there =
      ServedOffice::Call(next_door.address, kGetRecord, nowhere.SerializeAsString());
  EXPECT_EQ(not_yours.code, not_there.code);
  EXPECT_EQ(absl::StrReplaceAll(not_yours.message, {{absl::BytesToHexString(*record_), "it"}}),
            absl::StrReplaceAll(not_there.message,
                                {{absl::BytesToHexString(nowhere.record_id()), "it"}}));
  // And the needle is there to be found: whoever may read it does.
  v1::SyncRequest sync;
  sync.set_protocol(1);
  const char kSync[] = "/sotay.v1.SyncService/Sync";
  const RawAnswer read = ServedOffice::Call(mine.address, kSync, sync.SerializeAsString());
  ASSERT_EQ(read.code, kOk) << read.message;
  EXPECT_THAT(Readable(kSync, read), HasSubstr(kNeedle));
  // And the refused change is there to be decided: whoever may decides.
  const auto expected = NextDoor();
  for (const std::string method : {"Dismiss", "TakeIn"}) {
    const std::string full = "/sotay.v1.QuarantineService/" + method;
    const RawAnswer mays = ServedOffice::Call(mine.address, full, expected.at(full).request);
    EXPECT_EQ(mays.code, kPermissionDenied) << "a prosecutor may read it, and not decide";
    const RawAnswer done = ServedOffice::Call(head_->address, full, expected.at(full).request);
    EXPECT_EQ(done.code, kOk) << method << ": " << done.message;
  }
}

// Who works beside those a dossier is for is told no more of it than people of another unit.
TEST_F(EveryRpc, TellsNoColleagueOfADossierThatIsForOthers) {
  const auto colleague = office_->NewDevice("phong", {{kUnit, ROLE_PROSECUTOR}});
  const auto decide = [&](const std::string& method) {
    const std::string full = "/sotay.v1.DossierService/" + method;
    return ServedOffice::Call(head_->address, full, NextDoor().at(full).request).code;
  };
  v1::SyncRequest fresh;
  fresh.set_protocol(1);
  const auto reads = [&] {
    const std::string method = "/sotay.v1.SyncService/Sync";
    return Readable(method,
                    ServedOffice::Call(colleague.address, method, fresh.SerializeAsString()));
  };
  ASSERT_THAT(reads(), HasSubstr(kNeedle));
  ASSERT_EQ(decide("RestrictDossier"), kOk);
  EXPECT_THAT(reads(), Not(HasSubstr(kNeedle)));
  EXPECT_THAT(reads(), Not(HasSubstr(*record_)));
  for (const auto& [method, expected] : NextDoor()) {
    if (method == "/sotay.v1.SyncService/Watch") continue;  // of one's own unit: no end of it
    const RawAnswer answer = ServedOffice::Call(colleague.address, method, expected.request);
    const std::string read = Readable(method, answer);
    EXPECT_THAT(read + answer.message, Not(HasSubstr(kNeedle))) << method;
    // A device that has come so far is told, once, that it goes.
    if (method == "/sotay.v1.SyncService/Sync") continue;
    EXPECT_THAT(read, Not(HasSubstr(*record_))) << method;
    if (expected.request.find(*record_) == std::string::npos) continue;
    EXPECT_EQ(answer.code, kNotFound) << method << ": " << answer.message;
  }
  EXPECT_EQ(decide("OpenDossier"), kOk);
  EXPECT_THAT(reads(), HasSubstr(kNeedle));
}

}  // namespace
}  // namespace sotay::tests
