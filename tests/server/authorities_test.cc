// The authority is replaced: beside the old one first, then alone; cut short at every step, and
// found out where it was not done as it should be.
#include "server/authorities.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "server/config.h"
#include "server/founding.h"
#include "sync/seal/authority.h"
#include "sync/seal/certificate.h"
#include "sync/seal/invitation.h"
#include "sync/seal/whole_file.h"
#include "tests/server/server_room.h"
#include "tests/support/process.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {
namespace {

namespace fs = std::filesystem;

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using tests::IsOk;
using tests::SealedPhone;
using tests::ServerRoom;
using tests::StatusIs;

class AuthoritiesTest : public ::testing::Test {
 protected:
  AuthoritiesTest() {
    room_.Enrol(&nguyet_);
    room_.Enrol(&khoa_);
    EXPECT_THAT(Authority::Create(AuthorityPath(data_.path()), "VKSND tỉnh Sông Mây", Now()),
                IsOk());
  }

  absl::Time Now() const { return absl::FromUnixMillis(room_.now_ms); }
  absl::StatusOr<v1::AuthorityHandover> Roll() {
    room_.now_ms += 1'000;
    return RollAuthority(data_.path(), room_.store.get(), "ổ đĩa đã bị mất", room_.now_ms);
  }
  absl::StatusOr<v1::AuthorityHandover> Finish(bool anyway = false) {
    auto ended = FinishAuthority(data_.path(), room_.store.get(), anyway, ++room_.now_ms);
    if (!ended.ok()) return ended.status();
    invited_ = ended->invited;
    return ended->handover;
  }
  AuthorityFollowers Followers() { return FollowersOf(*room_.store->LoadTables(), room_.now_ms); }
  absl::StatusOr<Authorities> Opened() { return OpenAuthorities(data_.path(), room_.store.get()); }
  std::string NextPath() { return NextAuthorityPath(data_.path()); }
  // As the device says it in GetAuthority.
  void Come(uint64_t trusted, uint64_t certified) { Come(nguyet_, trusted, certified); }
  void Come(const SealedPhone& phone, uint64_t trusted, uint64_t certified) {
    room_.WithPen([&](Pen* pen) {
      Tables tables;
      stored::v1::DeviceRow& row =
          tables.devices.emplace_back(*pen->directory().Device(phone.device()));
      row.set_authority_trusted(trusted);
      row.set_authority_certified(certified);
      EXPECT_THAT(pen->Commit(tables), IsOk());
    });
  }

  const tests::Workspace data_;
  ServerRoom room_;
  SealedPhone nguyet_{"nguyet"};
  SealedPhone khoa_{"khoa"};  // the administrator's
  std::string invited_;
};

TEST_F(AuthoritiesTest, BothAreTrustedAndTheNewOneCertifiesWhoeverTrustsIt) {
  const std::string first = Authority::Open(AuthorityPath(data_.path()))->certificate_der();
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto handover, Roll());
  EXPECT_EQ(handover.number(), 1u);
  EXPECT_EQ(handover.previous_certificate(), first);
  EXPECT_EQ(handover.reason(), "ổ đĩa đã bị mất");
  SOTAY_ASSERT_OK_AND_ASSIGN(
      const auto chain,
      seal::AuthoritiesFrom(room_.directory->meta().organisation_id(), first, {handover}));
  SOTAY_ASSERT_OK_AND_ASSIGN(const Authorities both, Opened());
  ASSERT_TRUE(both.next.has_value());
  EXPECT_EQ(both.serving.certificate_der(), first);
  EXPECT_EQ(both.next->certificate_der(), chain.back());
  EXPECT_EQ(&both.For(both.next->spki()), &*both.next);
  EXPECT_EQ(&both.For(both.serving.spki()), &both.serving);
  EXPECT_EQ(&both.For(""), &both.serving) << "a build of before this";
  EXPECT_THAT(*seal::CertificatesOfPem(both.RootsPem()), SizeIs(2));
  EXPECT_EQ(both.NumberOf(both.serving.spki()), 0u);
  EXPECT_EQ(both.NumberOf(both.next->spki()), 1u);
  EXPECT_EQ(both.NumberOf("no key"), absl::nullopt);
  // The same organisation, under another name, so that no chain is built on the wrong one.
  const auto names = [](const Authority& of) {
    return seal::ReadCertificate(of.certificate_der())->common_name;
  };
  EXPECT_NE(names(both.serving), names(*both.next));
  EXPECT_THAT(Roll(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("finish")));
}

TEST_F(AuthoritiesTest, TheServerShowsACertificateByTheOldOneUntilTheEnd) {
  const auto shown_by = [&](const Authority& authority) {
    const auto identity =
        OpenServerIdentity(data_.path(), authority, {"sotay.example"}, room_.now_ms);
    EXPECT_THAT(identity, IsOk());
    return *seal::IsIssuedBy(*seal::CertificateDerOfPem(identity->certificate_pem),
                             authority.certificate_der());
  };
  EXPECT_TRUE(shown_by(Opened()->serving));
  ASSERT_THAT(Roll(), IsOk());
  const auto before = seal::ReadWholeFile(ServerCertificatePath(data_.path()), 1 << 16);
  EXPECT_TRUE(shown_by(Opened()->serving));
  EXPECT_EQ(*seal::ReadWholeFile(ServerCertificatePath(data_.path()), 1 << 16), *before);
  Come(khoa_, 1, 1);
  ASSERT_THAT(Finish(/*anyway=*/true), IsOk());
  EXPECT_TRUE(shown_by(Opened()->serving)) << "made anew, though it had not ended";
}

TEST_F(AuthoritiesTest, EndsWhenEveryActiveDeviceHasCome) {
  EXPECT_THAT(Finish(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no authority")));
  ASSERT_THAT(Roll(), IsOk());
  const std::string old_key = Opened()->serving.spki();
  EXPECT_THAT(Followers().behind, SizeIs(2));
  Come(khoa_, 1, 1);
  EXPECT_THAT(Followers().behind, SizeIs(1));
  EXPECT_THAT(Finish(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("1 active")));
  Come(1, 0);
  EXPECT_THAT(Followers().trusting, SizeIs(1));
  EXPECT_THAT(Finish(), StatusIs(absl::StatusCode::kFailedPrecondition));
  Come(1, 1);
  EXPECT_THAT(Followers().certified, SizeIs(2));
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto ended, Finish());
  EXPECT_GT(ended.finished_ms(), ended.handed_ms());
  SOTAY_ASSERT_OK_AND_ASSIGN(const Authorities alone, Opened());
  EXPECT_FALSE(alone.next.has_value());
  EXPECT_EQ(alone.serving.certificate_der(), ended.certificate());
  EXPECT_THAT(*seal::CertificatesOfPem(alone.RootsPem()), SizeIs(1));
  // Nothing of the old key is left, nor a second copy of the new one.
  EXPECT_NE(seal::SigningKey::Load(AuthorityPath(data_.path()) + "/ca.key")->PublicKey(), old_key);
  EXPECT_FALSE(fs::exists(NextPath()));
  // And again, by the next.
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto second, Roll());
  EXPECT_EQ(second.number(), 2u);
  EXPECT_EQ(second.previous_certificate(), ended.certificate());
  EXPECT_THAT(Followers().behind, SizeIs(2));
}

// It may hand in what it wrote, and is not cut off from that in silence.
TEST_F(AuthoritiesTest, ARevokedDeviceIsNamedUntilItsCertificateHasEnded) {
  room_.WithPen([&](Pen* pen) {
    Tables tables;
    tables.devices.emplace_back(*pen->directory().Device(nguyet_.device()))
        .set_enrolled_ms(room_.now_ms);
    EXPECT_THAT(pen->Commit(tables), IsOk());
  });
  ASSERT_THAT(Roll(), IsOk());
  Come(khoa_, 1, 1);
  room_.Revoke(nguyet_);
  EXPECT_THAT(Followers().late, SizeIs(1));
  EXPECT_THAT(Finish(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("1 revoked")));
  // Let in again, it has said so; or there is nothing left to cut off.
  Come(1, 1);
  EXPECT_THAT(Followers().late, IsEmpty());
  Come(0, 0);
  room_.now_ms += int64_t{401} * 24 * 60 * 60 * 1000;
  EXPECT_THAT(Followers().late, IsEmpty());
  EXPECT_THAT(Finish(), IsOk());
}

TEST_F(AuthoritiesTest, SomebodyIsLeftWhoCanInvite) {
  ASSERT_THAT(Roll(), IsOk());
  Come(1, 1);
  Come(khoa_, 1, 1);
  room_.Revoke(khoa_);
  EXPECT_THAT(Finish(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                 HasSubstr("no administrator's device")));
  EXPECT_THAT(Finish(/*anyway=*/true), StatusIs(absl::StatusCode::kNotFound))
      << "without an address nobody can be invited, and nothing ends";
  EXPECT_TRUE(Opened()->next.has_value());
  Config config;
  config.address = "sotay.example:7443";
  config.listen = "0.0.0.0:7443";
  config.names = {"sotay.example"};
  ASSERT_THAT(SaveConfig(data_.path(), config), IsOk());
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto ended, Finish(/*anyway=*/true));
  EXPECT_EQ(invited_, "khoa");
  SOTAY_ASSERT_OK_AND_ASSIGN(const std::string text,
                             seal::ReadWholeFile(FirstInvitationPath(data_.path()), 1 << 16));
  SOTAY_ASSERT_OK_AND_ASSIGN(const v1::Invitation invitation, seal::Decode(text));
  EXPECT_EQ(invitation.authority(), ended.certificate());
  EXPECT_EQ(room_.store->LoadTables()->tickets.back().user_id(), "khoa");
}

TEST_F(AuthoritiesTest, HasChangedNothingBeforeItsBatch) {
  // Another authority lies there, of whatever day, and nothing was signed.
  ASSERT_THAT(Authority::Create(NextPath(), "VKSND tỉnh Sông Mây", Now() - absl::Hours(24 * 900)),
              IsOk());
  const std::string waiting = Authority::Open(NextPath())->certificate_der();
  EXPECT_FALSE(Opened()->next.has_value());
  EXPECT_NE(Roll()->certificate(), waiting);
  EXPECT_GT(Opened()->next->not_after(), Opened()->serving.not_after());
}

TEST_F(AuthoritiesTest, AreNotMadeByAWrongClock) {
  room_.now_ms -= int64_t{365} * 24 * 60 * 60 * 1000;
  EXPECT_THAT(Roll(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("clock")));
  EXPECT_FALSE(fs::exists(NextPath()));
  EXPECT_THAT(room_.store->LoadTables()->authorities, IsEmpty());
}

// The store came out of a backup, and a copy of ca/ from before the roll with it.
TEST_F(AuthoritiesTest, TheOldOneGoesOnWhereTheKeyOfTheNewOneIsLost) {
  const tests::Workspace kept;
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto first, Roll());
  fs::copy(NextPath(), kept / "next", fs::copy_options::recursive);
  fs::remove_all(NextPath());
  {
    SOTAY_ASSERT_OK_AND_ASSIGN(const Authorities alone, Opened());
    EXPECT_TRUE(alone.NextIsLost());
    EXPECT_EQ(alone.newest().certificate_der(), first.previous_certificate());
    EXPECT_THAT(alone.Open(), IsEmpty());
    EXPECT_THAT(*seal::CertificatesOfPem(alone.RootsPem()), SizeIs(2))
        << "who has a certificate by it comes in";
    EXPECT_THAT(Finish(/*anyway=*/true),
                StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("roll-authority")));
  }
  // The certificate alone is half of it.
  fs::create_directory(NextPath());
  fs::copy(kept / "next/ca.crt", fs::path(NextPath()) / "ca.crt");
  EXPECT_TRUE(Opened()->NextIsLost());
  // What may not be read is not lost.
  fs::copy(kept / "next/ca.key", fs::path(NextPath()) / "ca.key");
  fs::permissions(fs::path(NextPath()) / "ca.key", fs::perms(0644));
  EXPECT_THAT(Opened(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("mode")));
  fs::permissions(fs::path(NextPath()) / "ca.key", fs::perms(0600));
  EXPECT_FALSE(Opened()->NextIsLost()) << "put back";
  EXPECT_THAT(Roll(), StatusIs(absl::StatusCode::kFailedPrecondition));

  fs::remove_all(NextPath());
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto second, Roll());
  EXPECT_EQ(second.number(), 2u);
  EXPECT_EQ(second.previous_certificate(), first.previous_certificate());
  {
    SOTAY_ASSERT_OK_AND_ASSIGN(const Authorities both, Opened());
    EXPECT_EQ(both.newest().certificate_der(), second.certificate());
    EXPECT_THAT(*seal::CertificatesOfPem(both.RootsPem()), SizeIs(3));
    EXPECT_THAT(both.Open(), SizeIs(1));
  }
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_THAT(room_.Faults(), IsEmpty());
  Come(khoa_, 2, 2);
  Come(1, 1);
  EXPECT_THAT(Followers().behind, SizeIs(1)) << "by the lost one";
  Come(2, 2);
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto ended, Finish());
  EXPECT_EQ(Opened()->serving.certificate_der(), second.certificate());
  EXPECT_THAT(*seal::CertificatesOfPem(Opened()->RootsPem()), SizeIs(1));
  EXPECT_THAT(Roll(), IsOk());
}

// Store and handovers are of while both were trusted, ca/ of after.
TEST_F(AuthoritiesTest, AreTakenAsEndedWhereNothingButTheNewOneIsThere) {
  ASSERT_THAT(Roll(), IsOk());
  Come(khoa_, 1, 1);
  SOTAY_ASSERT_OK_AND_ASSIGN(v1::AuthorityHandover ended, Finish(/*anyway=*/true));
  ended.clear_finished_ms();
  room_.Tamper(AuthorityKey(1), ended.SerializeAsString());
  ASSERT_THAT(room_.Open(), IsOk());
  std::remove(AuthoritiesPath(data_.path()).c_str());
  SOTAY_ASSERT_OK_AND_ASSIGN(const Authorities alone, Opened());
  EXPECT_FALSE(alone.AreTwo());
  EXPECT_EQ(alone.serving.certificate_der(), ended.certificate());
  EXPECT_NE(room_.store->LoadTables()->authorities[0].finished_ms(), 0);
  EXPECT_TRUE(fs::exists(AuthoritiesPath(data_.path())));
}

TEST_F(AuthoritiesTest, IsFinishedByWhoeverOpensThemNext) {
  const tests::Workspace kept;
  ASSERT_THAT(Roll(), IsOk());
  Come(khoa_, 1, 1);
  std::remove(AuthoritiesPath(data_.path()).c_str());
  ASSERT_THAT(Opened(), IsOk());
  EXPECT_TRUE(fs::exists(AuthoritiesPath(data_.path())));
  const fs::path ca = AuthorityPath(data_.path());
  fs::copy(ca, kept / "ca", fs::copy_options::recursive);
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto ended, Finish(/*anyway=*/true));
  const auto back = [&] {
    fs::remove_all(ca);
    fs::copy(kept / "ca", ca, fs::copy_options::recursive);
  };
  // After the batch, and nothing else.
  back();
  EXPECT_EQ(Opened()->serving.certificate_der(), ended.certificate());
  EXPECT_FALSE(fs::exists(NextPath()));
  // Between key and certificate.
  back();
  fs::copy(ca / "next/ca.key", ca / "ca.key", fs::copy_options::overwrite_existing);
  EXPECT_EQ(Opened()->serving.certificate_der(), ended.certificate());
  EXPECT_FALSE(fs::exists(NextPath()));
  // While the copy goes away.
  fs::create_directory(NextPath());
  fs::copy(ca / "ca.crt", fs::path(NextPath()) / "ca.crt");
  EXPECT_EQ(Opened()->serving.certificate_der(), ended.certificate());
  EXPECT_THAT(Roll(), IsOk()) << "what is left there is no obstacle";
}

TEST_F(AuthoritiesTest, AStoreFromBeforeLearnsOfItBesideTheKey) {
  ASSERT_THAT(Roll(), IsOk());
  Come(khoa_, 1, 1);
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto ended, Finish(/*anyway=*/true));
  room_.Tamper(AuthorityKey(1), absl::nullopt);
  ASSERT_THAT(room_.Open(), IsOk());
  ASSERT_THAT(room_.store->LoadTables()->authorities, IsEmpty());
  EXPECT_EQ(Opened()->serving.certificate_der(), ended.certificate());
  EXPECT_THAT(room_.store->LoadTables()->authorities, SizeIs(1));
  // Restored from while both were trusted: that it has ended is known all the same.
  v1::AuthorityHandover open = ended;
  open.clear_finished_ms();
  room_.Tamper(AuthorityKey(1), open.SerializeAsString());
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_FALSE(Opened()->next.has_value());
  EXPECT_EQ(room_.store->LoadTables()->authorities[0].finished_ms(), ended.finished_ms());
}

TEST_F(AuthoritiesTest, AreNotMadeAnewInSilence) {
  const tests::Workspace kept;
  fs::copy(AuthorityPath(data_.path()), kept / "ca", fs::copy_options::recursive);
  ASSERT_THAT(Roll(), IsOk());
  fs::remove_all(AuthorityPath(data_.path()));
  fs::copy(kept / "ca", AuthorityPath(data_.path()), fs::copy_options::recursive);
  EXPECT_TRUE(Opened()->NextIsLost());
  // Neither of the two is there.
  fs::remove_all(AuthorityPath(data_.path()));
  ASSERT_THAT(Authority::Create(AuthorityPath(data_.path()), "khác", Now()), IsOk());
  EXPECT_THAT(Opened(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("put ca/ back")));
  EXPECT_THAT(Roll(), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(Finish(true), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(AuthoritiesTest, AReasonIsWanted) {
  EXPECT_THAT(RollAuthority(data_.path(), room_.store.get(), "", room_.now_ms),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_FALSE(fs::exists(NextPath()));
}

TEST_F(AuthoritiesTest, AreCheckedWithTheStore) {
  SOTAY_ASSERT_OK_AND_ASSIGN(v1::AuthorityHandover handover, Roll());
  Come(1, 1);
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_THAT(room_.Faults(), IsEmpty());
  Come(2, 1);
  EXPECT_THAT(room_.Faults(), SizeIs(1)) << "further than there are";
  Come(0, 1);
  EXPECT_THAT(room_.Faults(), SizeIs(1)) << "certified by what it does not trust";
  Come(1, 1);
  handover.set_reason("khác");
  room_.Tamper(AuthorityKey(1), handover.SerializeAsString());
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_THAT(room_.Faults(), Not(IsEmpty())) << "what was signed is another";
  std::remove(AuthoritiesPath(data_.path()).c_str());
  EXPECT_THAT(Opened(), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace sotay::server
