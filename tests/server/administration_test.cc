#include "server/administration.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/enrolment.h"
#include "server/refusal.h"
#include "sync/device_end.h"
#include "sync/seal/certificate.h"
#include "sync/seal/digest.h"
#include "sync/seal/invitation.h"
#include "tests/server/server_room.h"
#include "tests/support/process.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {
namespace {

using options::v1::ROLE_ADMINISTRATOR;
using options::v1::ROLE_PROSECUTOR;
using tests::IsOk;
using tests::SealedPhone;
using tests::ServerRoom;
using tests::StatusIs;

class AdministrationTest : public ::testing::Test {
 protected:
  absl::StatusOr<v1::PutUnitResponse> PutUnit(const std::string& id, const std::string& name,
                                              const std::string& parent) {
    v1::PutUnitRequest request;
    request.mutable_unit()->set_unit_id(id);
    request.mutable_unit()->set_name(name);
    request.mutable_unit()->set_parent_id(parent);
    absl::StatusOr<v1::PutUnitResponse> response;
    room_.WithPen([&](Pen* pen) { response = server::PutUnit(pen, request); });
    return response;
  }
  absl::StatusOr<v1::PutUserResponse> PutUser(const v1::User& user) {
    v1::PutUserRequest request;
    *request.mutable_user() = user;
    absl::StatusOr<v1::PutUserResponse> response;
    room_.WithPen([&](Pen* pen) { response = server::PutUser(pen, request); });
    return response;
  }
  uint64_t revision() { return room_.directory->meta().directory_revision(); }

  ServerRoom room_;
};

v1::User UserNamed(const std::string& id) {
  v1::User user;
  user.set_user_id(id);
  user.set_full_name("Nguyễn Ưu Đàm");
  return user;
}

TEST_F(AdministrationTest, SayingAUnitTwiceIsSayingItOnce) {
  EXPECT_THAT(PutUnit("kv3", "VKSND khu vực 3", "tinh"), IsOk());
  const uint64_t before = revision();
  EXPECT_THAT(PutUnit("kv3", "VKSND khu vực 3", "tinh"), IsOk());
  EXPECT_EQ(revision(), before);
  EXPECT_THAT(PutUnit("kv3", "VKSND khu vực 3 – Sông Mây", "tinh"), IsOk());
  EXPECT_EQ(revision(), before + 1);
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_EQ(room_.directory->FindUnit("kv3")->name(), "VKSND khu vực 3 – Sông Mây");
  EXPECT_EQ(room_.directory->Head("kv3")->position(), 0u);
}

TEST_F(AdministrationTest, UnitsDoNotMoveAndNeedAParentThatIsThere) {
  EXPECT_THAT(PutUnit("kv1", "kv1", "kv2"), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(PutUnit("kv9", "kv9", "never"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(PutUnit("kv9", "kv9", "kv9"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(AdministrationTest, NamesAreHeldToTheirForm) {
  for (const char* const id : {"", "Kv", "1kv", "k v", "kv.1", "kv\n", "../x"}) {
    EXPECT_THAT(PutUnit(id, "tên", ""), StatusIs(absl::StatusCode::kInvalidArgument)) << id;
  }
  EXPECT_THAT(PutUnit(std::string(64, 'k'), "tên", ""),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(PutUnit(std::string(63, 'k'), "tên", ""), IsOk());
  for (const std::string& name : {std::string(), std::string(256, 'x'), std::string("a\nb")}) {
    EXPECT_THAT(PutUnit("kv8", name, ""), StatusIs(absl::StatusCode::kInvalidArgument));
  }
  v1::User user = UserNamed("uu-dam.2");
  EXPECT_THAT(PutUser(user), IsOk());
  user.add_memberships()->set_unit_id("kv1");  // without a role
  EXPECT_THAT(PutUser(user), StatusIs(absl::StatusCode::kInvalidArgument));
  user.mutable_memberships(0)->set_role(ROLE_PROSECUTOR);
  *user.add_memberships() = user.memberships(0);
  EXPECT_THAT(PutUser(user), StatusIs(absl::StatusCode::kInvalidArgument)) << "named twice";
  user.mutable_memberships(1)->set_unit_id("never");
  EXPECT_THAT(PutUser(user), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(AdministrationTest, TheLastAdministratorStays) {
  v1::User khoa = room_.directory->FindPerson("khoa")->user;
  khoa.clear_memberships();
  EXPECT_THAT(PutUser(khoa), StatusIs(absl::StatusCode::kFailedPrecondition));
  v1::User second = UserNamed("hai");
  second.add_memberships()->set_role(ROLE_ADMINISTRATOR);
  EXPECT_THAT(PutUser(second), IsOk());
  EXPECT_THAT(PutUser(khoa), IsOk());
  EXPECT_EQ(room_.directory->administrators(), 1u);
}

TEST_F(AdministrationTest, RevokingTwiceKeepsTheFirstReason) {
  SealedPhone nguyet("nguyet");
  room_.Enrol(&nguyet);
  v1::RevokeDeviceRequest request;
  request.set_device_id(nguyet.device().str());
  absl::StatusOr<v1::RevokeDeviceResponse> response;
  const auto revoke = [&] {
    room_.WithPen([&](Pen* pen) { response = RevokeDevice(pen, "khoa", request); });
  };
  revoke();
  EXPECT_THAT(response, StatusIs(absl::StatusCode::kInvalidArgument)) << "no reason";
  request.set_reason("mất máy");
  revoke();
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->device().state(), v1::DEVICE_STATE_REVOKED);
  request.set_reason("khác");
  revoke();
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(room_.directory->Device(nguyet.device())->revoked_reason(), "mất máy");
  EXPECT_EQ(room_.directory->Device(nguyet.device())->revoked_by(), "khoa");
  const v1::DeviceEnd end = sync::EndOf(response->device());
  EXPECT_EQ(end.revoked_by(), "khoa");
  EXPECT_EQ(end.revoked_reason(), "mất máy");
  EXPECT_EQ(end.revoked_ms(), room_.directory->Device(nguyet.device())->revoked_ms());
  EXPECT_NE(end.revoked_ms(), 0);
  request.set_device_id(std::string(16, 'x'));
  revoke();
  EXPECT_THAT(response, StatusIs(absl::StatusCode::kNotFound));
}

// Invitations and devices, with a real authority.
class EnrolmentTest : public AdministrationTest {
 protected:
  EnrolmentTest() {
    auto made =
        Authority::Create(space_ / "ca", "VKSND tỉnh Sông Mây", absl::FromUnixMillis(room_.now_ms));
    EXPECT_TRUE(made.ok()) << made.status();
    authority_.emplace(*std::move(made));
    room_.AddUser("nguyet", {{"kv1", ROLE_PROSECUTOR}});
  }
  v1::Invitation InviteNguyet(uint32_t valid_s = 0) {
    v1::CreateInvitationRequest request;
    request.set_user_id("nguyet");
    request.set_valid_s(valid_s);
    absl::StatusOr<v1::CreateInvitationResponse> response;
    room_.WithPen([&](Pen* pen) {
      response = CreateInvitation(pen, *authority_, "sotay.example:7443", "khoa", request);
    });
    EXPECT_TRUE(response.ok()) << response.status();
    auto invitation = seal::Decode(response->invitation());
    EXPECT_TRUE(invitation.ok());
    return *std::move(invitation);
  }
  absl::StatusOr<v1::EnrollResponse> Enrol(const v1::Invitation& invitation,
                                           const std::string& code, const seal::SigningKey& key,
                                           bool again = false) {
    v1::EnrollRequest request;
    request.set_again(again);
    request.set_code(code);
    request.set_certificate_request(*seal::MakeCertificateRequest(key, "ignored"));
    request.set_device_name("Máy của Nguyệt");
    const std::string hash = HashOfKey(*seal::SpkiOfCertificateDer(invitation.certificate()));
    absl::StatusOr<v1::EnrollResponse> response;
    room_.WithPen([&](Pen* pen) { response = server::Enrol(pen, *authority_, hash, request); });
    return response;
  }

  tests::Workspace space_;
  absl::optional<Authority> authority_;
  const seal::SigningKey key_ = *seal::SigningKey::Generate();
  const seal::SigningKey other_ = *seal::SigningKey::Generate();
};

TEST_F(EnrolmentTest, MakesAnInvitationADevice) {
  const v1::Invitation invitation = InviteNguyet();
  EXPECT_EQ(invitation.address(), "sotay.example:7443");
  const auto log_key = seal::Sha256(room_.directory->meta().log_key());
  EXPECT_EQ(invitation.log_key_hash(), std::string(log_key.begin(), log_key.end()));
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto enrolled, Enrol(invitation, invitation.code(), key_));
  EXPECT_EQ(enrolled.user_id(), "nguyet");
  EXPECT_EQ(enrolled.organisation_id(), room_.directory->meta().organisation_id());
  EXPECT_EQ(*seal::SpkiOfCertificateDer(enrolled.certificate()), key_.PublicKey());
  EXPECT_THAT(room_.directory->CallerOf(HashOfKey(key_.PublicKey())), IsOk());
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_THAT(room_.directory->CallerOf(HashOfKey(key_.PublicKey())), IsOk());
}

TEST_F(EnrolmentTest, ALostAnswerIsAnsweredAgainToTheSameKeyOnly) {
  const v1::Invitation invitation = InviteNguyet();
  ASSERT_THAT(Enrol(invitation, invitation.code(), key_), IsOk());
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto again, Enrol(invitation, invitation.code(), key_));
  EXPECT_EQ(*seal::SpkiOfCertificateDer(again.certificate()), key_.PublicKey());
  EXPECT_EQ(DetailOf(Enrol(invitation, invitation.code(), other_).status()).reason(),
            v1::REASON_ENROLMENT_REFUSED);
}

// Its certificate has ended, or is by an authority that was replaced.
TEST_F(EnrolmentTest, LetsTheSameDeviceInAgain) {
  const v1::Invitation first = InviteNguyet();
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto enrolled, Enrol(first, first.code(), key_));
  const auto id = sync::DeviceId::From(enrolled.device_id());
  const std::string before = room_.directory->Device(*id)->SerializeAsString();
  const v1::Invitation second = InviteNguyet();
  EXPECT_EQ(DetailOf(Enrol(second, "AAAA-AAAA-AAAA", key_, true).status()).reason(),
            v1::REASON_ENROLMENT_REFUSED);
  EXPECT_EQ(DetailOf(Enrol(second, second.code(), other_, true).status()).reason(),
            v1::REASON_DEVICE_UNKNOWN)
      << "nobody's key";
  // Twice, as the answer may be lost.
  for (int i = 0; i < 2; ++i) {
    SOTAY_ASSERT_OK_AND_ASSIGN(const auto again, Enrol(second, second.code(), key_, true));
    EXPECT_EQ(again.device_id(), enrolled.device_id());
    EXPECT_EQ(*seal::SpkiOfCertificateDer(again.certificate()), key_.PublicKey());
  }
  EXPECT_EQ(room_.directory->Device(*id)->SerializeAsString(), before);
  EXPECT_EQ(DetailOf(Enrol(second, second.code(), other_).status()).reason(),
            v1::REASON_ENROLMENT_REFUSED)
      << "the code is spent";
  // Not with an invitation of somebody else's.
  room_.AddUser("binh", {{"kv1", ROLE_PROSECUTOR}});
  const v1::Invitation third = InviteNguyet();
  const auto give_to = [&](const std::string& user) {
    room_.WithPen([&](Pen* pen) {
      Tables tables;
      tables.devices.emplace_back(*pen->directory().Device(*id)).set_user_id(user);
      EXPECT_THAT(pen->Commit(tables), IsOk());
    });
  };
  give_to("binh");
  EXPECT_EQ(DetailOf(Enrol(third, third.code(), key_, true).status()).reason(),
            v1::REASON_ENROLMENT_REFUSED);
  give_to("nguyet");
  // One that was revoked may have things to hand in, and comes no further than for that.
  v1::RevokeDeviceRequest revoke;
  revoke.set_device_id(enrolled.device_id());
  revoke.set_reason("mất máy");
  room_.WithPen([&](Pen* pen) { EXPECT_THAT(RevokeDevice(pen, "khoa", revoke), IsOk()); });
  EXPECT_THAT(Enrol(third, third.code(), key_, true), IsOk());
  EXPECT_EQ(room_.directory->Device(*id)->state(), v1::DEVICE_STATE_REVOKED);
  EXPECT_EQ(DetailOf(room_.directory->CallerOf(HashOfKey(key_.PublicKey())).status()).reason(),
            v1::REASON_DEVICE_REVOKED);
}

TEST_F(EnrolmentTest, WrongUsedExpiredAndVoidAreAnsweredWithOneText) {
  const v1::Invitation used = InviteNguyet();
  ASSERT_THAT(Enrol(used, used.code(), key_), IsOk());
  const v1::Invitation expired = InviteNguyet(60);
  room_.now_ms += 61'000;
  const v1::Invitation wrong = InviteNguyet();
  std::vector<absl::Status> refused = {
      Enrol(used, used.code(), other_).status(),
      Enrol(expired, expired.code(), other_).status(),
      Enrol(wrong, "AAAA-AAAA-AAAA", other_).status(),
      Enrol(wrong, "", other_).status(),
      Enrol(wrong, std::string(5000, '7'), other_).status(),
  };
  for (int i = 0; i < 5; ++i) refused.push_back(Enrol(wrong, "AAAA", other_).status());
  refused.push_back(Enrol(wrong, wrong.code(), other_).status());  // right, and too late
  for (const absl::Status& status : refused) {
    EXPECT_EQ(status, EnrolmentRefused()) << status;
  }
  EXPECT_THAT(room_.directory->CallerOf(HashOfKey(other_.PublicKey())).status(),
              StatusIs(absl::StatusCode::kUnauthenticated));
}

TEST_F(EnrolmentTest, FourWrongCodesStillLeaveTheRightOne) {
  const v1::Invitation invitation = InviteNguyet();
  for (int i = 0; i < 4; ++i) {
    EXPECT_THAT(Enrol(invitation, "AAAA", key_), StatusIs(absl::StatusCode::kPermissionDenied));
  }
  // Typed as people type.
  std::string typed = " " + invitation.code() + " ";
  for (char& c : typed) c = c == '0' ? 'o' : static_cast<char>(std::tolower(c));
  EXPECT_THAT(Enrol(invitation, typed, key_), IsOk());
}

TEST_F(EnrolmentTest, WrongCodesAreCountedAcrossAStart) {
  const v1::Invitation invitation = InviteNguyet();
  for (int i = 0; i < 5; ++i) {
    ASSERT_THAT(Enrol(invitation, "AAAA", key_), StatusIs(absl::StatusCode::kPermissionDenied));
    ASSERT_THAT(room_.Open(), IsOk());
  }
  EXPECT_THAT(Enrol(invitation, invitation.code(), key_),
              StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST_F(EnrolmentTest, AnUnfitKeyDoesNotSpendTheInvitation) {
  const v1::Invitation invitation = InviteNguyet();
  v1::EnrollRequest request;
  request.set_code(invitation.code());
  request.set_device_name("máy");
  request.set_certificate_request("not a request");
  const std::string hash = HashOfKey(*seal::SpkiOfCertificateDer(invitation.certificate()));
  absl::StatusOr<v1::EnrollResponse> response;
  room_.WithPen([&](Pen* pen) { response = server::Enrol(pen, *authority_, hash, request); });
  EXPECT_THAT(response, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(DetailOf(response.status()).reason(), v1::REASON_MALFORMED);
  EXPECT_THAT(Enrol(invitation, invitation.code(), key_), IsOk());
  // Nor may one key be two devices.
  const v1::Invitation second = InviteNguyet();
  EXPECT_THAT(Enrol(second, second.code(), key_), StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_F(EnrolmentTest, OnlyAnInvitationsKeyMayEnrol) {
  const v1::Invitation invitation = InviteNguyet();
  v1::EnrollRequest request;
  request.set_code(invitation.code());
  absl::StatusOr<v1::EnrollResponse> response;
  room_.WithPen([&](Pen* pen) {
    response = server::Enrol(pen, *authority_, HashOfKey(key_.PublicKey()), request);
  });
  EXPECT_EQ(DetailOf(response.status()).reason(), v1::REASON_DEVICE_UNKNOWN);
}

}  // namespace
}  // namespace sotay::server
