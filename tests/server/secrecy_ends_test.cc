// What becomes of a sealed dossier in the end: who had it, destroying it by two, and a check that
// sees what is missing without an act.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "server/administration.h"
#include "server/refusal.h"
#include "sync/seal/dossier_check.h"
#include "sync/seal/packed.h"
#include "tests/server/exported_dossier.h"
#include "tests/server/secrecy_room.h"

namespace sotay::server {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using tests::IsOk;
using tests::StatusIs;

class SecrecyEnds : public SecrecyRoom {
 protected:
  // As it is put into a file, of records that are small.
  v1::Dossier ExportOf(const std::string& user, const std::vector<std::string>& records) {
    auto dossier = tests::ExportOf(room_, user, records);
    EXPECT_THAT(dossier, IsOk());
    return dossier.value_or(v1::Dossier());
  }
};

TEST_F(SecrecyEnds, IsDestroyedByTwoPeople) {
  const std::string key = [&] {
    EXPECT_THAT(Seal(), IsOk());
    return KeyOfSecret();
  }();
  ASSERT_EQ(key.size(), seal::kVaultKeyBytes);
  ASSERT_THAT(FilesWith(key), Not(IsEmpty()));
  EXPECT_EQ(DetailOf(Confirm("khoa").status()).reason(), v1::REASON_ILLEGAL_TRANSITION);
  EXPECT_THAT(Ask("dam"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Ask("ngu"), IsOk());
  v1::ListSealedRequest pending;
  pending.set_pending(true);
  EXPECT_EQ(ListSealed(*room_.directory, room_.blobs.get(), *Of("khoa"), pending)->sealed_size(),
            1);
  EXPECT_EQ(DetailOf(Confirm("ngu").status()).reason(), v1::REASON_ROLE_MAY_NOT);
  // A head who is an administrator as well is still one person.
  v1::PutUserRequest both;
  *both.mutable_user() = Of("ngu")->user;
  both.mutable_user()->add_memberships()->set_role(options::v1::ROLE_ADMINISTRATOR);
  room_.WithPen([&](Pen* pen) { EXPECT_THAT(PutUser(pen, both), IsOk()); });
  EXPECT_EQ(DetailOf(Confirm("ngu").status()).reason(), v1::REASON_ROLE_MAY_NOT);
  EXPECT_THAT(Content(), HasSubstr(kNeedle));

  const auto destroyed = Confirm("khoa");
  ASSERT_THAT(destroyed, IsOk());
  EXPECT_TRUE(destroyed->destroyed());
  EXPECT_TRUE(destroyed->swept());
  EXPECT_EQ(destroyed->act().sealed().alias(), "") << "an administrator reads nothing";
  ASSERT_EQ(destroyed->acts_size(), 3);
  EXPECT_EQ(destroyed->acts(1).by(), "ngu");
  EXPECT_EQ(destroyed->acts(2).by(), "khoa");
  EXPECT_EQ(KeyOfSecret(), "");
  EXPECT_THAT(FilesWith(key), IsEmpty());
  const auto report = CheckStore(room_.store.get(), *tests::CaseworkSchema());
  ASSERT_THAT(report, IsOk());
  EXPECT_THAT(report->first_faults, IsEmpty());
  EXPECT_THAT(report->secrets,
              ElementsAre(HasSubstr("3 log entries without content, destroyed on 2026-11-07, by "
                                    "khoa, because: Biên bản tiêu hủy 21; their places and "
                                    "authors are proven")));
  EXPECT_EQ(ListSealed(*room_.directory, room_.blobs.get(), *Of("khoa"), pending)->sealed_size(),
            0);
}

TEST_F(SecrecyEnds, WhoAskedStillAnswersForIt) {
  ASSERT_THAT(Seal(), IsOk());
  Give("ha", PostOf("ha", kUnitOfRoom, v1::CAPACITY_HEAD));
  ASSERT_THAT(Ask("ngu"), IsOk());
  ASSERT_THAT(End("ngu", 1, kToday), IsOk());
  DayPasses();
  EXPECT_EQ(DetailOf(Confirm("khoa").status()).reason(), v1::REASON_ILLEGAL_TRANSITION);
  // The next head asks for themselves, once.
  ASSERT_THAT(Ask("ha"), IsOk());
  ASSERT_THAT(Ask("ha"), IsOk());
  const auto destroyed = Confirm("khoa");
  ASSERT_THAT(destroyed, IsOk());
  ASSERT_EQ(destroyed->acts_size(), 4);
  EXPECT_EQ(destroyed->acts(1).by(), "ngu");
  EXPECT_EQ(destroyed->acts(2).by(), "ha");
}

TEST_F(SecrecyEnds, AHeadSeesWhoHadIt) {
  v1::AccessEntry fed;
  fed.set_kind(v1::ACCESS_KIND_FEED);
  fed.set_rule(v1::ACCESS_RULE_MEMBER);
  fed.set_unit_id(kUnitOfRoom);
  fed.set_user_id("binh");
  fed.set_device_id(std::string(16, 'b'));
  fed.set_from(2);
  fed.set_to(2);
  fed.set_times(1);
  v1::AccessEntry exported = fed;
  exported.set_kind(v1::ACCESS_KIND_PROOF);
  exported.set_user_id("ngu");
  exported.set_record_id(Id("n"));
  v1::AccessEntry elsewhere = exported;
  elsewhere.set_user_id("dam");
  elsewhere.set_record_id(Id("m"));
  room_.WithPen([&](Pen* pen) {
    EXPECT_THAT(pen->Commit(std::vector<v1::AccessEntry>{fed, exported, elsewhere}), IsOk());
  });
  ASSERT_THAT(Seal(), IsOk());
  room_.Revoke(dam_);
  room_.Exchange(&nguyet_);
  nguyet_.reports = {Id("k"), Id("e")};  // of one that is none it says nothing
  room_.Exchange(&nguyet_);
  v1::ListHoldersRequest request;
  request.set_dossier_id(Id("k"));
  EXPECT_THAT(ListHolders(*room_.directory, room_.store.get(), *Of("nguyet"), request),
              StatusIs(absl::StatusCode::kNotFound));
  const auto holders = ListHolders(*room_.directory, room_.store.get(), *Of("ngu"), request);
  ASSERT_THAT(holders, IsOk());
  // Position 2 is the other dossier's alone.
  ASSERT_EQ(holders->devices_size(), 2);
  EXPECT_EQ(holders->devices(0).user_id(), "dam");
  EXPECT_TRUE(holders->devices(0).wrote());
  EXPECT_TRUE(holders->devices(0).revoked());
  EXPECT_EQ(holders->devices(0).reported_ms(), 0);
  EXPECT_EQ(holders->devices(1).user_id(), "nguyet");
  EXPECT_EQ(holders->devices(1).reported_ms(), room_.now_ms);
  ASSERT_EQ(holders->readers_size(), 1);
  EXPECT_EQ(holders->readers(0).user_id(), "ngu");
  EXPECT_EQ(holders->readers(0).exports(), 1u);
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

// Somebody wrote, in the name of the secret dossier, into a record of another, and went on from
// there: what is exported of that one holds, and says what is gone.
TEST_F(SecrecyEnds, AnExportOfAnotherDossierSaysWhatIsGone) {
  v1::Change wrong;
  wrong.set_dossier_id(Id("k"));
  v1::RecordEdit* const edit = wrong.add_edits();
  edit->set_record_id(Id("m"));
  edit->set_type("casework.v1.Note");
  edit->add_parents(dam_.Shown("m")->heads().front().str());
  wrong.set_reason(Secret("nhầm hồ sơ"));
  const uint64_t refused = dam_.Forge(wrong);
  v1::Change next = wrong;
  next.set_dossier_id(Id("e"));
  next.clear_reason();
  next.mutable_edits(0)->set_parents(0, dam_.id(refused).str());
  const uint64_t built = dam_.Forge(next);
  room_.Exchange(&dam_);
  ASSERT_EQ(dam_.outcomes().at(refused).verdict(), v1::VERDICT_QUARANTINED);
  ASSERT_EQ(dam_.outcomes().at(built).verdict(), v1::VERDICT_APPLIED);
  const auto check = [&](const std::function<void(v1::Dossier*)>& spoil) {
    v1::Dossier dossier = ExportOf("nguyet", {"e", "m"});
    spoil(&dossier);
    return seal::CheckDossier(*tests::CaseworkSchema(), tests::SealedBy(nguyet_.key(), dossier),
                              room_.log_key.PublicKey());
  };
  const auto as_it_is = [](v1::Dossier*) {};
  EXPECT_THAT(check(as_it_is).faults, IsEmpty());
  ASSERT_THAT(Seal(), IsOk());
  seal::DossierReport report = check(as_it_is);
  EXPECT_THAT(report.faults, IsEmpty());
  ASSERT_THAT(report.dossier.gone(), SizeIs(1));
  EXPECT_EQ(report.dossier.gone(0).change_id(), dam_.id(refused).str());
  EXPECT_FALSE(report.dossier.gone(0).destroyed());
  EXPECT_THAT(report.dossier.SerializeAsString(), Not(HasSubstr(kNeedle)));
  ASSERT_THAT(Ask("ngu"), IsOk());
  ASSERT_THAT(Confirm("khoa"), IsOk());
  report = check(as_it_is);
  EXPECT_THAT(report.faults, IsEmpty());
  EXPECT_TRUE(report.dossier.gone(0).destroyed());
  EXPECT_EQ(report.dossier.gone(0).by(), "khoa");
  // Another's id, or another's place, is under no seal of that device's.
  EXPECT_THAT(check([&](v1::Dossier* dossier) {
                dossier->mutable_gone(0)->set_change_id(nguyet_.id(1).str());
              }).faults,
              Not(IsEmpty()));
  EXPECT_THAT(check([](v1::Dossier* dossier) { dossier->clear_gone(); }).faults, Not(IsEmpty()));
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

// Whoever is at the disk can hide nothing behind an act, and bring nothing back.
TEST_F(SecrecyEnds, ACheckSeesWhatIsMissingWithoutAnAct) {
  std::string push_key;
  stored::v1::SealRow push;
  const std::string whole = [&] {
    EXPECT_THAT(room_.store->VisitSeals(nguyet_.device(),
                                        [&](absl::string_view key, absl::string_view value) {
                                          if (!push_key.empty()) return;
                                          push_key = std::string(key);
                                          push.ParseFromString(std::string(value));
                                        }),
                IsOk());
    return push.SerializeAsString();
  }();
  ASSERT_THAT(Seal(), IsOk());
  stored::v1::SealRow hidden;
  ASSERT_TRUE(hidden.ParseFromString(**room_.store->Get(push_key)));
  v1::ChangeBatch batch = *Unpacked(hidden.changes());
  ASSERT_THAT(batch.withheld(), SizeIs(2));
  // Takes out the other dossier's change as well, in that one's name.
  const auto take_out = [](size_t place) {
    return place == 1 ? absl::make_optional(Id("e")) : absl::nullopt;
  };
  ASSERT_TRUE(Withhold(IdsIn(batch), take_out, &batch));
  *hidden.mutable_changes() = seal::Pack(batch.SerializeAsString());
  const std::string sealed = **room_.store->Get(push_key);
  room_.Tamper(push_key, hidden.SerializeAsString());
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_THAT(room_.Faults(), Contains(HasSubstr("no act sealed its dossier")));
  room_.Tamper(push_key, sealed);
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_THAT(room_.Faults(), IsEmpty());
  // What was taken out is put back.
  room_.Tamper(push_key, whole);
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_THAT(room_.Faults(), Not(IsEmpty()));
  room_.Tamper(push_key, sealed);
  const std::string content = SecretContentKey(tests::RecordNamed("k"), 1);
  ASSERT_THAT(room_.Open(), IsOk());
  room_.Tamper(content, absl::nullopt);
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_THAT(room_.Faults(), Contains(HasSubstr("is missing")));
}

}  // namespace
}  // namespace sotay::server
