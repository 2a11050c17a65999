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
    EXPECT_THAT(Authority::Create(AuthorityPath(data_.path()), "VKSND tỉnh Sông Mây", Now()),
                IsOk());
  }

  absl::Time Now() const { return absl::FromUnixMillis(room_.now_ms); }
  absl::StatusOr<v1::AuthorityHandover> Roll() {
    return RollAuthority(data_.path(), room_.store.get(), "ổ đĩa đã bị mất", ++room_.now_ms);
  }
  absl::StatusOr<v1::AuthorityHandover> Finish(bool anyway = false) {
    return FinishAuthority(data_.path(), room_.store.get(), anyway, ++room_.now_ms);
  }
  absl::StatusOr<Authorities> Opened() { return OpenAuthorities(data_.path(), room_.store.get()); }
  std::string NextPath() { return NextAuthorityPath(data_.path()); }
  // As the device says it in GetAuthority.
  void Come(uint64_t trusted, uint64_t certified) {
    room_.WithPen([&](Pen* pen) {
      Tables tables;
      stored::v1::DeviceRow& row =
          tables.devices.emplace_back(*pen->directory().Device(nguyet_.device()));
      row.set_authority_trusted(trusted);
      row.set_authority_certified(certified);
      EXPECT_THAT(pen->Commit(tables), IsOk());
    });
  }

  const tests::Workspace data_;
  ServerRoom room_;
  SealedPhone nguyet_{"nguyet"};
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
  ASSERT_THAT(Finish(/*anyway=*/true), IsOk());
  EXPECT_TRUE(shown_by(Opened()->serving)) << "made anew, though it had not ended";
}

TEST_F(AuthoritiesTest, EndsWhenEveryActiveDeviceHasCome) {
  EXPECT_THAT(Finish(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no authority")));
  ASSERT_THAT(Roll(), IsOk());
  const std::string old_key = Opened()->serving.spki();
  EXPECT_THAT(FollowersOf(*room_.store->LoadTables()).behind, SizeIs(1));
  EXPECT_THAT(Finish(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("1 active")));
  Come(1, 0);
  EXPECT_THAT(FollowersOf(*room_.store->LoadTables()).trusting, SizeIs(1));
  EXPECT_THAT(Finish(), StatusIs(absl::StatusCode::kFailedPrecondition));
  Come(1, 1);
  EXPECT_THAT(FollowersOf(*room_.store->LoadTables()).certified, SizeIs(1));
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
  EXPECT_THAT(FollowersOf(*room_.store->LoadTables()).behind, SizeIs(1));
}

TEST_F(AuthoritiesTest, ARevokedDeviceKeepsNobodyWaiting) {
  ASSERT_THAT(Roll(), IsOk());
  room_.Revoke(nguyet_);
  EXPECT_THAT(Finish(), IsOk());
}

TEST_F(AuthoritiesTest, HasChangedNothingBeforeItsBatch) {
  // The new authority lies there, and nothing was signed.
  ASSERT_THAT(Authority::Create(NextPath(), "VKSND tỉnh Sông Mây", Now()), IsOk());
  const std::string waiting = Authority::Open(NextPath())->certificate_der();
  EXPECT_FALSE(Opened()->next.has_value());
  EXPECT_EQ(Roll()->certificate(), waiting);
}

TEST_F(AuthoritiesTest, IsFinishedByWhoeverOpensThemNext) {
  const tests::Workspace kept;
  ASSERT_THAT(Roll(), IsOk());
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
