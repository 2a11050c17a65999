// Every method of every service, as it is called by those it is not for, over real TLS: a stranger
// with a good certificate, a revoked device, and people of the unit next door.  The methods come
// from the descriptors, so one that is added and not thought of here fails this test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "tests/server/every_rpc_room.h"

namespace sotay::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

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
    // Whom to hand in to what it still holds.
    const bool told = method.find("/GetAuthority") != std::string::npos;
    EXPECT_EQ(answer.code, told ? kOk : kUnauthenticated) << method << answer.message;
    EXPECT_TRUE(told || answer.bytes.empty()) << method;
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

// What others are told is not there is there, and the request is a good one: whoever may is not
// refused. So a method that lost its guard would answer the others above.
TEST_F(EveryRpc, AnswersWhoeverMay) {
  // Not asked: it does not end; it is for invitations alone.
  const std::set<std::string> kOthers = {"/sotay.v1.SyncService/Watch",
                                         "/sotay.v1.EnrolmentService/Enroll"};
  // An administrator's; the others are a head's.
  const auto administers = [](const std::string& method) {
    return method.find(".AdminService/") != std::string::npos ||
           method.find(".OrganisationService/") != std::string::npos ||
           method.find("/Confirm") != std::string::npos ||
           method.find("/NoteBackupsGone") != std::string::npos;
  };
  const auto asked = NextDoor();
  std::vector<std::string> methods, last;
  for (const auto& [method, expected] : asked) {
    if (kOthers.count(method) != 0) continue;
    (method.find(".SecrecyService/") == std::string::npos ? methods : last).push_back(method);
  }
  // With these the dossier goes: in the order in which it does.
  const std::string kSecrecy = "/sotay.v1.SecrecyService/";
  EXPECT_EQ(last.size(), 6u);
  for (const char* method :
       {"SealDossier", "ListSealed", "ListHolders", "Destroy", "Confirm", "NoteBackupsGone"}) {
    methods.push_back(kSecrecy + method);
  }
  for (const std::string& method : methods) {
    const auto& who = administers(method) ? office_->administrator() : *head_;
    const RawAnswer answer = ServedOffice::Call(who.address, method, asked.at(method).request);
    // An administrator's requests are empty, and refused as such.
    if (asked.at(method).code == kNotFound) {
      EXPECT_NE(answer.code, kNotFound) << method << ": " << answer.message;
    }
    EXPECT_NE(answer.code, kPermissionDenied) << method << ": " << answer.message;
    EXPECT_NE(answer.code, kUnauthenticated) << method << ": " << answer.message;
  }
}

}  // namespace
}  // namespace sotay::tests
