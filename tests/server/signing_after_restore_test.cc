// Signatures after the server was restored: one that it does not have counts nowhere, though phones
// have it from the life before, and whoever signs again follows what stands now.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/keys.h"
#include "sync/status_macros.h"
#include "tests/server/room_phone.h"
#include "tests/support/status_matchers.h"

namespace sotay::tests {
namespace {

using Kind = sdk::Edit::Kind;
using ::testing::IsEmpty;

class SigningAfterRestore : public ::testing::Test {
 protected:
  void SetUp() override {
    Meet();
    SOTAY_ASSERT_OK_AND_ASSIGN(
        visit_, dam_->Create("inspection", "", absl::nullopt,
                             {{Kind::kSet, "kind", "", "custody_place"},
                              {Kind::kText, "conclusion", "", "Sổ tiếp nhận có 17 tin."}}));
    Meet();
    room_.Close();
    backup_ = room_.disk.Visible();
    ASSERT_THAT(room_.Open(), IsOk());
  }
  // The server is back as it was when there was nothing but the inspection.
  void Restore() {
    room_.Close();
    room_.disk.Restart(backup_);
    ASSERT_THAT(room_.Open(), IsOk());
    stored::v1::StoreMeta meta = room_.directory->meta();
    meta.set_epoch(std::string(16, 'f'));
    room_.Tamper(server::MetaKey(), meta.SerializeAsString());
    ASSERT_THAT(room_.Open(), IsOk());
  }
  std::vector<RoomPhone*> All() { return {&dam_, &que_, &ngu_, &duoc_}; }
  void Meet() {
    for (int again = 0; again < 2; ++again) {
      for (RoomPhone* phone : All()) ASSERT_THAT((*phone)->Sync(), IsOk());
    }
  }
  static std::string User(ServerRoom* room, const std::string& user, sync::Role role) {
    room->AddUser(user, {{"kv1", role}});
    return user;
  }
  absl::Status Concludes(RoomPhone* phone, const std::string& text) {
    return (*phone)->Change(visit_, {{Kind::kText, "conclusion", "", text}});
  }
  // As `sotay sign` does.
  absl::StatusOr<sync::RecordId> Sign(RoomPhone* phone) {
    SOTAY_ASSIGN_OR_RETURN(const sdk::RecordView view, (*phone)->Read(visit_));
    SOTAY_ASSIGN_OR_RETURN(const std::vector<sdk::RecordView> before, (*phone)->Signatures(visit_));
    absl::optional<sync::RecordId> standing;
    if (!before.empty()) standing = before.back().record.id();
    return (*phone)->Sign(view, standing, "signoff", {{Kind::kSet, "decision", "", "sign"}});
  }
  static std::vector<sync::RecordId> Ids(const std::vector<sdk::RecordView>& views) {
    std::vector<sync::RecordId> ids;
    for (const sdk::RecordView& view : views) ids.push_back(view.record.id());
    return ids;
  }
  void ExpectShown(RoomPhone* phone, const std::vector<sync::RecordId>& standing,
                   const std::vector<sync::RecordId>& apart) {
    std::vector<sdk::RecordView> others;
    SOTAY_ASSERT_OK_AND_ASSIGN(const auto signatures, (*phone)->Signatures(visit_, &others));
    EXPECT_EQ(Ids(signatures), standing) << phone->user();
    EXPECT_EQ(Ids(others), apart) << phone->user();
  }
  void ExpectStands(const sync::RecordId& signature) {
    SOTAY_ASSERT_OK_AND_ASSIGN(const auto standing, room_.store->LoadSignature(visit_));
    ASSERT_TRUE(standing.has_value());
    EXPECT_EQ(standing->signature, signature);
    EXPECT_THAT(room_.Faults(), IsEmpty());
  }
  void ExpectSame() {
    SOTAY_ASSERT_OK_AND_ASSIGN(const std::string digest, dam_->Digest());
    for (RoomPhone* phone : All()) EXPECT_EQ((*phone)->Digest().value(), digest) << phone->user();
  }
  v1::Reason Refused(RoomPhone* phone) {
    const auto refused = (*phone)->Refused();
    EXPECT_THAT(refused, IsOk());
    return refused->empty() ? v1::REASON_UNSPECIFIED : refused->back().outcome.reason();
  }

  ServerRoom room_;
  testing::DiskImage backup_;
  RoomPhone dam_{&room_, User(&room_, "dam", options::v1::ROLE_PROSECUTOR)};
  RoomPhone que_{&room_, User(&room_, "que", options::v1::ROLE_PROSECUTOR)};
  RoomPhone ngu_{&room_, User(&room_, "ngu", options::v1::ROLE_SUPERVISOR)};
  RoomPhone duoc_{&room_, User(&room_, "duoc", options::v1::ROLE_SUPERVISOR)};
  sync::RecordId visit_;
};

// Somebody's edit comes before the signature now: that is stale, on every phone.
TEST_F(SigningAfterRestore, OneThatIsStaleNowKeepsNobodyFromSigning) {
  SOTAY_ASSERT_OK_AND_ASSIGN(const sync::RecordId first, Sign(&ngu_));
  Meet();
  ExpectStands(first);
  ASSERT_THAT(Concludes(&dam_, "Sổ tiếp nhận có 18 tin."), IsOk());
  Restore();
  ASSERT_THAT(dam_->Sync(), IsOk());
  ExpectShown(&dam_, {}, {first});
  Meet();
  EXPECT_EQ(Refused(&dam_), v1::REASON_UNSPECIFIED);
  EXPECT_EQ(Refused(&ngu_), v1::REASON_SIGNATURE_STALE);
  for (RoomPhone* phone : All()) ExpectShown(phone, {}, {first});
  ExpectSame();
  // And as on one that never had it, which shows what the server has.
  RoomPhone late(&room_, "que");
  ASSERT_THAT(late->Sync(), IsOk());
  ExpectShown(&late, {}, {});
  EXPECT_EQ(late->Digest().value(), dam_->Digest().value());

  SOTAY_ASSERT_OK_AND_ASSIGN(const sync::RecordId second, Sign(&duoc_));
  Meet();
  EXPECT_EQ(Refused(&duoc_), v1::REASON_UNSPECIFIED);
  ExpectStands(second);
  for (RoomPhone* phone : All()) ExpectShown(phone, {second}, {first});
  ExpectSame();
  // And it freezes.
  ASSERT_THAT(Concludes(&que_, "Sổ tiếp nhận có 19 tin."), IsOk());
  Meet();
  EXPECT_EQ(Refused(&que_), v1::REASON_LATE_AMENDMENT);
}

// Its words may never come again.
TEST_F(SigningAfterRestore, OneThatIsHeldIsNotFollowed) {
  ASSERT_THAT(Concludes(&que_, "Sổ tiếp nhận có 18 tin."), IsOk());
  Meet();
  SOTAY_ASSERT_OK_AND_ASSIGN(const sync::RecordId first, Sign(&ngu_));
  Meet();
  Restore();
  for (RoomPhone* phone : {&dam_, &ngu_, &duoc_}) ASSERT_THAT((*phone)->Sync(), IsOk());
  EXPECT_EQ(Refused(&ngu_), v1::REASON_PARENT_UNKNOWN);
  for (RoomPhone* phone : {&dam_, &ngu_, &duoc_}) ExpectShown(phone, {}, {first});

  SOTAY_ASSERT_OK_AND_ASSIGN(const sync::RecordId second, Sign(&ngu_));
  for (RoomPhone* phone : {&ngu_, &dam_, &duoc_}) ASSERT_THAT((*phone)->Sync(), IsOk());
  ExpectStands(second);
  for (RoomPhone* phone : {&dam_, &ngu_, &duoc_}) ExpectShown(phone, {second}, {first});
  // What comes after all is a late amendment, and the signature of it is stale.
  Meet();
  EXPECT_EQ(Refused(&que_), v1::REASON_LATE_AMENDMENT);
  ExpectStands(second);
  for (RoomPhone* phone : All()) ExpectShown(phone, {second}, {first});
  ExpectSame();
}

// Signed in this life, over an edit of the signer's that waits for what it was made on.
TEST_F(SigningAfterRestore, OneThatIsHeldNowIsNotFollowed) {
  ASSERT_THAT(Concludes(&que_, "Sổ tiếp nhận có 18 tin."), IsOk());
  Meet();
  ASSERT_THAT(ngu_->Change(visit_, {{Kind::kSet, "lead_id", "", "dam"}}), IsOk());
  Meet();
  Restore();
  ASSERT_THAT(ngu_->Sync(), IsOk());
  EXPECT_EQ(Refused(&ngu_), v1::REASON_PARENT_UNKNOWN);
  SOTAY_ASSERT_OK_AND_ASSIGN(const sync::RecordId first, Sign(&ngu_));
  ExpectShown(&ngu_, {first}, {});
  ASSERT_THAT(ngu_->Sync(), IsOk());
  EXPECT_EQ(Refused(&ngu_), v1::REASON_WAITS_FOR_OWN);
  ExpectShown(&ngu_, {}, {first});
  // What it waited for comes with words that its signer had not before them.
  Meet();
  EXPECT_EQ(Refused(&ngu_), v1::REASON_SIGNATURE_STALE);
  for (RoomPhone* phone : All()) ExpectShown(phone, {}, {});
  SOTAY_ASSERT_OK_AND_ASSIGN(const sync::RecordId second, Sign(&ngu_));
  Meet();
  ExpectStands(second);
  for (RoomPhone* phone : All()) ExpectShown(phone, {second}, {});
  ExpectSame();
}

TEST_F(SigningAfterRestore, OneThatComesAgainCounts) {
  ASSERT_THAT(Concludes(&que_, "Sổ tiếp nhận có 18 tin."), IsOk());
  Meet();
  SOTAY_ASSERT_OK_AND_ASSIGN(const sync::RecordId first, Sign(&ngu_));
  Meet();
  Restore();
  ASSERT_THAT(duoc_->Sync(), IsOk());
  ExpectShown(&duoc_, {}, {first});
  duoc_.Restart();
  ExpectShown(&duoc_, {}, {first});
  Meet();
  ExpectStands(first);
  for (RoomPhone* phone : All()) {
    ExpectShown(phone, {first}, {});
    EXPECT_EQ(Refused(phone), v1::REASON_UNSPECIFIED);
  }
  ExpectSame();
  // It is followed again.
  SOTAY_ASSERT_OK_AND_ASSIGN(const sync::RecordId second, Sign(&duoc_));
  Meet();
  ExpectStands(second);
  for (RoomPhone* phone : All()) ExpectShown(phone, {first, second}, {});
}

// Another life of the same store, as after a start without a backup in between, sends all anew.
TEST_F(SigningAfterRestore, OneThatTheBackupHasCounts) {
  SOTAY_ASSERT_OK_AND_ASSIGN(const sync::RecordId first, Sign(&ngu_));
  Meet();
  room_.Close();
  backup_ = room_.disk.Visible();
  Restore();
  Meet();
  for (RoomPhone* phone : All()) ExpectShown(phone, {first}, {});
  ExpectSame();
}

}  // namespace
}  // namespace sotay::tests
