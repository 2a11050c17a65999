// A device takes another key: it stays the same device, and what the old key proved stays proven.
#include "server/device_roll.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "server/refusal.h"
#include "sync/seal/certificate.h"
#include "sync/seal/dossier_check.h"
#include "sync/status_macros.h"
#include "tests/server/exported_dossier.h"
#include "tests/server/server_room.h"
#include "tests/support/process.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using tests::IsOk;
using tests::NewCase;
using tests::Note;
using tests::RecordNamed;
using tests::SealedPhone;
using tests::ServerRoom;

v1::Reason ReasonOf(const absl::Status& status) { return DetailOf(status).reason(); }

class DeviceRoll : public ::testing::Test {
 protected:
  DeviceRoll() {
    room_.Enrol(&nguyet_);
    room_.Enrol(&que_);
    nguyet_.Write("k", {NewCase("k"), Note("n").Says("một")});
    nguyet_.Write("k", {Note("n").Says("một hai")});
    room_.Exchange(&nguyet_);
  }

  // What the phone signs now.
  v1::KeyRoll RollTo(const seal::SigningKey& next) {
    v1::KeyRoll roll;
    roll.set_device_id(nguyet_.device().str());
    roll.set_last_sequence(nguyet_.last_sequence());
    roll.set_head(nguyet_.id(nguyet_.last_sequence()).str());
    roll.set_signed_ms(nguyet_.clock_ms);
    EXPECT_THAT(seal::SignRoll(nguyet_.organisation_id, nguyet_.key(), next, &roll), IsOk());
    return roll;
  }
  absl::StatusOr<v1::RollKeyResponse> Ask(const std::string& caller_key) {
    SOTAY_RETURN_IF_ERROR(CheckRolls(*room_.directory, HashOfKey(caller_key), request_));
    absl::StatusOr<Rolled> rolled = absl::UnknownError("never answered");
    room_.WithPen([&](Pen* pen) { rolled = RollKey(pen, *authority_, request_); });
    if (!rolled.ok()) return rolled.status();
    taken_ = rolled->taken;
    return rolled->response;
  }
  absl::StatusOr<v1::RollKeyResponse> Ask(const v1::KeyRoll& roll) {
    request_.clear_rolls();
    *request_.add_rolls() = roll;
    return Ask(nguyet_.key().PublicKey());
  }
  v1::SyncRequest BySealOf(const seal::SigningKey& key, uint64_t first, uint64_t last) {
    const seal::SigningKey now = nguyet_.key();
    nguyet_.TakeKey(key);
    const v1::SyncRequest request = nguyet_.Request(first, last);
    nguyet_.TakeKey(now);
    return request;
  }
  // Of an export of the case as it is now.
  std::vector<std::string> EvidenceFaults(
      const std::function<void(v1::Dossier*)>& change = nullptr) {
    auto exported = tests::ExportOf(room_, "nguyet", {"k", "n"});
    EXPECT_THAT(exported, IsOk());
    if (!exported.ok()) return {"not proven"};
    if (change) change(&*exported);
    return seal::CheckDossier(*tests::CaseworkSchema(), tests::SealedBy(que_.key(), *exported), "")
        .faults;
  }

  const tests::Workspace ca_;
  const absl::StatusOr<Authority> authority_ = Authority::Create(ca_ / "ca", "VKSND tỉnh Sông Mây");
  ServerRoom room_;
  SealedPhone nguyet_{"nguyet"};
  SealedPhone que_{"que"};
  const seal::SigningKey old_ = nguyet_.key();
  const seal::SigningKey next_ = *seal::SigningKey::Generate();
  v1::RollKeyRequest request_;
  size_t taken_ = 0;
};

TEST_F(DeviceRoll, IsTheSameDeviceAndChainUnderAnotherKey) {
  nguyet_.Write("k", {Note("n").Says("một hai ba")});  // unsent
  ASSERT_THAT(Ask(RollTo(next_)), IsOk());
  EXPECT_EQ(ReasonOf(room_.directory->CallerOf(HashOfKey(old_.PublicKey())).status()),
            v1::REASON_DEVICE_UNKNOWN);
  EXPECT_EQ(room_.directory->CallerOf(HashOfKey(next_.PublicKey()))->device, nguyet_.device());
  // Nothing new by the old key; a repeat by it is one.
  EXPECT_EQ(ReasonOf(room_.Sync(nguyet_, BySealOf(old_, 3, 3)).status()), v1::REASON_BAD_SIGNATURE);
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto repeat, room_.Sync(nguyet_, BySealOf(old_, 1, 2)));
  EXPECT_TRUE(repeat.outcomes(0).duplicate() && repeat.outcomes(1).duplicate());
  nguyet_.TakeKey(next_);
  room_.Exchange(&nguyet_);
  EXPECT_EQ(nguyet_.accepted_through, 3u);
  EXPECT_THAT(room_.Faults(), IsEmpty());
  EXPECT_THAT(EvidenceFaults(), IsEmpty());
  // As a start finds it.
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_EQ(room_.directory->CallerOf(HashOfKey(next_.PublicKey()))->device, nguyet_.device());
  EXPECT_TRUE(room_.directory->KnowsKey(HashOfKey(old_.PublicKey())));
  nguyet_.Write("k", {Note("n").Says("một hai ba bốn")});
  room_.Exchange(&nguyet_);
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

// An answer was lost before the roll; what comes again has more behind it.
TEST_F(DeviceRoll, APushMayBeginInTheOldSpan) {
  nguyet_.Write("k", {Note("n").Says("một hai ba")});
  ASSERT_THAT(room_.Sync(nguyet_, nguyet_.Request(3, 3)), IsOk());
  nguyet_.Write("k", {Note("n").Says("một hai ba bốn")});
  ASSERT_THAT(Ask(RollTo(next_)), IsOk());
  nguyet_.TakeKey(next_);
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto answer, room_.Sync(nguyet_, nguyet_.Request(2, 4)));
  EXPECT_EQ(answer.accepted_through(), 4u);
  EXPECT_THAT(room_.Faults(), IsEmpty());
  EXPECT_THAT(EvidenceFaults(), IsEmpty());
}

TEST_F(DeviceRoll, TwiceIsOnceAndAnsweredToTheOldKeyAsWell) {
  ASSERT_THAT(Ask(RollTo(next_)), IsOk());
  for (const std::string& key : {old_.PublicKey(), next_.PublicKey()}) {
    SOTAY_ASSERT_OK_AND_ASSIGN(const auto again, Ask(key));
    EXPECT_EQ(*seal::SpkiOfCertificateDer(again.certificate()), next_.PublicKey());
    EXPECT_EQ(taken_, 0u) << "it is no news";
  }
  // Signed anew, as a phone does that was killed.
  ASSERT_THAT(Ask(RollTo(next_)), IsOk());
  EXPECT_EQ(room_.directory->EarlierKeys(nguyet_.device()).size(), 1u);
  EXPECT_EQ(ReasonOf(Ask(que_.key().PublicKey()).status()), v1::REASON_DEVICE_UNKNOWN);
  // And then to a third.
  nguyet_.TakeKey(next_);
  const seal::SigningKey third = *seal::SigningKey::Generate();
  *request_.add_rolls() = RollTo(third);
  ASSERT_THAT(Ask(next_.PublicKey()), IsOk());
  EXPECT_EQ(room_.directory->EarlierKeys(nguyet_.device()).size(), 2u);
  // Of the keys it gave up the last alone is let in here.
  EXPECT_THAT(Ask(next_.PublicKey()), IsOk());
  EXPECT_EQ(ReasonOf(Ask(old_.PublicKey()).status()), v1::REASON_DEVICE_UNKNOWN);
  EXPECT_THAT(room_.Faults(), IsEmpty());
  EXPECT_THAT(EvidenceFaults(), IsEmpty());
}

TEST_F(DeviceRoll, IsRefusedWhereItDoesNotGoOn) {
  const v1::KeyRoll good = RollTo(next_);
  v1::KeyRoll roll = good;
  roll.set_old_signature(*next_.Sign(seal::RollText(nguyet_.organisation_id, roll)));
  EXPECT_EQ(ReasonOf(Ask(roll).status()), v1::REASON_BAD_SIGNATURE) << "the new key alone";
  roll = good;
  roll.set_new_signature(*old_.Sign(seal::RollText(nguyet_.organisation_id, roll)));
  EXPECT_EQ(ReasonOf(Ask(roll).status()), v1::REASON_BAD_SIGNATURE) << "the old key alone";
  roll = good;
  roll.set_last_sequence(1);
  roll.set_head(nguyet_.id(1).str());
  ASSERT_THAT(seal::SignRoll(nguyet_.organisation_id, old_, next_, &roll), IsOk());
  EXPECT_EQ(ReasonOf(Ask(roll).status()), v1::REASON_CHANGED_MEANWHILE) << "less than is here";
  roll = good;
  roll.set_head(nguyet_.id(1).str());
  ASSERT_THAT(seal::SignRoll(nguyet_.organisation_id, old_, next_, &roll), IsOk());
  EXPECT_EQ(ReasonOf(Ask(roll).status()), v1::REASON_CHAIN_BROKEN) << "another change";
  EXPECT_EQ(ReasonOf(Ask(RollTo(que_.key())).status()), v1::REASON_EXISTS) << "somebody's key";
  room_.Revoke(nguyet_);
  EXPECT_EQ(ReasonOf(Ask(good).status()), v1::REASON_DEVICE_REVOKED);
  EXPECT_THAT(room_.directory->EarlierKeys(nguyet_.device()), IsEmpty());
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

// Each of the rolls holds by itself; what they make together no start would take.
TEST_F(DeviceRoll, ComesBackToNoKeyThatWasGivenUp) {
  const seal::SigningKey last = *seal::SigningKey::Generate();
  *request_.add_rolls() = RollTo(next_);
  const auto add = [&](const seal::SigningKey& from, const seal::SigningKey& to) {
    v1::KeyRoll roll = request_.rolls(0);
    ASSERT_THAT(seal::SignRoll(nguyet_.organisation_id, from, to, &roll), IsOk());
    *request_.add_rolls() = roll;
  };
  add(next_, last);
  add(last, next_);
  EXPECT_EQ(ReasonOf(Ask(old_.PublicKey()).status()), v1::REASON_MALFORMED);
  EXPECT_THAT(room_.directory->EarlierKeys(nguyet_.device()), IsEmpty());
  EXPECT_THAT(room_.Open(), IsOk());
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

// Its seal was looked at before the roll, and it is decided after it.
TEST_F(DeviceRoll, APushThatWasUnderWayIsRefused) {
  nguyet_.Write("k", {Note("n").Says("một hai ba")});
  auto prepared =
      room_.exchange->Prepare(room_.CallerOf(nguyet_), nguyet_.Request(3, 3), room_.now_ms);
  ASSERT_THAT(prepared, IsOk());
  ASSERT_THAT(Ask(RollTo(next_)), IsOk());
  absl::StatusOr<PushAnswer> answer = absl::UnknownError("never answered");
  room_.hub->Submit(std::move(*prepared->push),
                    [&](absl::StatusOr<PushAnswer> done) { answer = std::move(done); });
  while (room_.hub->RunOnce()) {
  }
  EXPECT_EQ(ReasonOf(answer.status()), v1::REASON_DEVICE_UNKNOWN);
  EXPECT_EQ(room_.directory->Device(nguyet_.device())->accepted_through(), 2u);
}

TEST_F(DeviceRoll, AWatchEndsWithTheKeyItWasBegunWith) {
  v1::Cursor cursor;
  cursor.set_unit_id("kv1");
  const auto begin = [&] {
    return *room_.watchers->Add(room_.CallerOf(nguyet_), {cursor}, room_.now_ms, [] {});
  };
  const uint64_t before = begin();
  EXPECT_THAT(room_.watchers->Take(before, room_.now_ms)->end, IsOk());
  ASSERT_THAT(Ask(RollTo(next_)), IsOk());
  EXPECT_EQ(ReasonOf(room_.watchers->Take(before, room_.now_ms)->end), v1::REASON_DEVICE_UNKNOWN);
  EXPECT_THAT(room_.watchers->Take(begin(), room_.now_ms)->end, IsOk());
}

TEST_F(DeviceRoll, AKeyThatWasGivenUpProvesNothingLater) {
  ASSERT_THAT(Ask(RollTo(next_)), IsOk());
  nguyet_.TakeKey(next_);
  nguyet_.Write("k", {Note("n").Says("một hai ba")});
  room_.Exchange(&nguyet_);
  ASSERT_THAT(EvidenceFaults(), IsEmpty());
  const auto earlier = [](v1::Dossier* dossier) {
    return dossier->mutable_devices(0)->mutable_earlier(0);
  };
  EXPECT_THAT(EvidenceFaults([&](auto* d) { earlier(d)->set_through(3); }), Not(IsEmpty()))
      << "a longer span than the device gave";
  EXPECT_THAT(EvidenceFaults([&](auto* d) { earlier(d)->set_through(1); }), Not(IsEmpty()))
      << "the new key for what the old one sealed";
  EXPECT_THAT(EvidenceFaults([&](auto* d) { d->mutable_devices(0)->clear_earlier(); }),
              Not(IsEmpty()))
      << "a key that is not the device's first";
  // A thief of the old key seals change 3, with the server's help.
  EXPECT_THAT(EvidenceFaults([&](auto* d) {
                for (v1::ProvenPush& push : *d->mutable_pushes()) {
                  if (push.first_sequence() == 3) {
                    const v1::SyncRequest forged = BySealOf(old_, 3, 3);
                    push.set_signature(forged.push().signature());
                  }
                }
              }),
              Not(IsEmpty()));
  // And the store says so of itself.
  room_.Tamper(DeviceKeyKey(nguyet_.device(), 1), absl::nullopt);
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_THAT(room_.Faults(), Not(IsEmpty())) << "nobody would know whose key it is";
}

}  // namespace
}  // namespace sotay::server
