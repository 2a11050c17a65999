// Signatures after the server was restored: one that it does not have counts nowhere, though phones
// have it from the life before, and whoever signs again follows what stands now.
#include "tests/server/restored_signing_room.h"

namespace sotay::tests {
namespace {

using Kind = sdk::Edit::Kind;

class SigningAfterRestore : public RestoredSigningRoom {};

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
  // So many records that are the same, though Đàm's phone still shows one that counts no more.
  size_t of_late = 0, of_dam = 0;
  EXPECT_EQ(late->Digest(&of_late).value(), dam_->Digest(&of_dam).value());
  EXPECT_EQ(of_late, of_dam);
  EXPECT_EQ(of_dam, room_.directory->Head("kv1")->records());
  EXPECT_EQ(dam_->GetStatus()->records, of_dam + 1);

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
