// Where a server is restored after people signed: four phones, two of leaders, and an inspection
// that the backup has, with a conclusion they write, sign and amend.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/keys.h"
#include "sync/status_macros.h"
#include "tests/server/room_phone.h"
#include "tests/support/status_matchers.h"

namespace sotay::tests {

class RestoredSigningRoom : public ::testing::Test {
 protected:
  void SetUp() override {
    Meet();
    SOTAY_ASSERT_OK_AND_ASSIGN(
        visit_,
        dam_->Create("inspection", "", absl::nullopt,
                     {{sdk::Edit::Kind::kSet, "kind", "", "custody_place"},
                      {sdk::Edit::Kind::kText, "conclusion", "", "Sổ tiếp nhận có 17 tin."}}));
    Meet();
    room_.Close();
    backup_ = room_.disk.Visible();
    ASSERT_THAT(room_.Open(), IsOk());
  }
  // The server is back as it was when there was nothing but the inspection.
  void Restore(char life = 'f') {
    room_.Close();
    room_.disk.Restart(backup_);
    ASSERT_THAT(room_.Open(), IsOk());
    stored::v1::StoreMeta meta = room_.directory->meta();
    meta.set_epoch(std::string(16, life));
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
    return (*phone)->Change(visit_, {{sdk::Edit::Kind::kText, "conclusion", "", text}});
  }
  // As `sotay sign` does.
  absl::StatusOr<sync::RecordId> Sign(RoomPhone* phone) {
    SOTAY_ASSIGN_OR_RETURN(const sdk::RecordView view, (*phone)->Read(visit_));
    SOTAY_ASSIGN_OR_RETURN(const std::vector<sdk::RecordView> before, (*phone)->Signatures(visit_));
    absl::optional<sync::RecordId> standing;
    if (!before.empty()) standing = before.back().record.id();
    return (*phone)->Sign(view, standing, "signoff",
                          {{sdk::Edit::Kind::kSet, "decision", "", "sign"}});
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
    EXPECT_THAT(room_.Faults(), ::testing::IsEmpty());
  }
  void ExpectSame() {
    size_t records = 0, others = 0;
    SOTAY_ASSERT_OK_AND_ASSIGN(const std::string digest, dam_->Digest(&records));
    for (RoomPhone* phone : All()) {
      EXPECT_EQ((*phone)->Digest(&others).value(), digest) << phone->user();
      EXPECT_EQ(others, records) << phone->user();
    }
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

}  // namespace sotay::tests
