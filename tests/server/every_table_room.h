// A room in whose store there is a row of every table: everything of every kind, a dossier that
// proved to be secret and was not destroyed yet, an invitation, and a life that ended.
#pragma once

#include <string>

#include "server/administration.h"
#include "server/authority.h"
#include "server/lineage.h"
#include "server/secrecy.h"
#include "tests/server/every_kind_room.h"

namespace sotay::server {

class EveryTableRoom : public tests::EveryKindRoom {
 protected:
  void WriteInEveryTable() {
    WriteOfEveryKind();
    nguyet_.Write("mat", {tests::NewCase("mat"), tests::Note("mat-1").Says("một")});
    room_.Exchange(&nguyet_);
    SealAway("mat");
    room_.Exchange(&nguyet_);
    Invite();
    EndALife();
    ASSERT_THAT(room_.Faults(), ::testing::IsEmpty());
  }

 private:
  std::shared_ptr<const Person> Of(const std::string& user) {
    return room_.directory->FindPerson(user);
  }
  void SealAway(const std::string& dossier) {
    v1::SealDossierRequest request;
    request.set_record_id(tests::RecordNamed(dossier).str());
    request.set_alias("Hồ sơ " + dossier);
    request.set_holder("Tủ số 3");
    request.set_reason("9/CV-VKS");
    room_.WithPen(
        [&](Pen* pen) { EXPECT_THAT(SealDossier(pen, *Of("ngu"), request), tests::IsOk()); });
  }
  void Invite() {
    v1::CreateInvitationRequest request;
    request.set_user_id("dam");
    request.set_valid_s(900);
    room_.WithPen([&](Pen* pen) {
      EXPECT_THAT(CreateInvitation(pen, *authority_, "127.0.0.1:1", "khoa", request),
                  tests::IsOk());
    });
  }
  // As a restore notes it.
  void EndALife() {
    stored::v1::EndedEpoch ended;
    ended.set_epoch(std::string(16, 'd'));
    ended.set_next_epoch(room_.directory->meta().epoch());
    ended.set_restored_ms(room_.now_ms);
    for (const char* unit : {"kv1", "kv2", "tinh"}) {
      stored::v1::UnitEnd& end = *ended.add_units();
      end.set_unit_id(unit);
      end.set_size(unit == std::string("kv1") ? 20 : 0);
      const auto root = RootAt(room_.store.get(), unit, end.size());
      ASSERT_THAT(root, tests::IsOk());
      end.set_root(std::string(root->begin(), root->end()));
    }
    Sheet sheet;
    room_.store->Fill(&sheet, EndedKey(1), ended.SerializeAsString());
    ASSERT_THAT(room_.store->Write(&sheet), tests::IsOk());
  }

  const absl::StatusOr<Authority> authority_ =
      Authority::Create(space_ / "invites", "VKSND tỉnh Sông Mây");
};

}  // namespace sotay::server
