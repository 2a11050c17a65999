// A room in whose store there is a row of every table: everything of every kind, a dossier that
// proved to be secret, one that was destroyed, keys that were replaced, and a life that ended.
#pragma once

#include <string>

#include "server/administration.h"
#include "server/authority.h"
#include "server/config.h"
#include "server/device_roll.h"
#include "server/lineage.h"
#include "server/log_handover.h"
#include "server/secrecy.h"
#include "tests/server/every_kind_room.h"

namespace sotay::server {

class EveryTableRoom : public tests::EveryKindRoom {
 protected:
  void WriteInEveryTable() {
    WriteOfEveryKind();
    nguyet_.Write("mat", {tests::NewCase("mat"), tests::Note("mat-1").Says("một")});
    nguyet_.Write("huy", {tests::NewCase("huy"), tests::Note("huy-1").Says("hai")});
    room_.Exchange(&nguyet_);
    SealAway("mat");
    SealAway("huy");
    Destroy("huy");
    room_.Exchange(&nguyet_);
    nguyet_.reports = {tests::RecordNamed("huy").str()};
    ASSERT_THAT(room_.Sync(nguyet_, nguyet_.Pull()), tests::IsOk());
    TakeAnotherKey();
    Invite();
    EndALife();
    ASSERT_THAT(room_.log_key.Save(LogKeyPath(keys_.path())), tests::IsOk());
    ASSERT_THAT(RollLogKey(keys_.path(), room_.store.get(), "đĩa chứa khóa đã hỏng", room_.now_ms),
                tests::IsOk());
    ASSERT_THAT(room_.Open(), tests::IsOk());
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
  void Destroy(const std::string& dossier) {
    v1::DestroyRequest ask;
    ask.set_dossier_id(tests::RecordNamed(dossier).str());
    ask.set_reason("20/QĐ-VKS");
    v1::ConfirmRequest confirm;
    confirm.set_dossier_id(ask.dossier_id());
    confirm.set_reason("21/BB-VKS");
    room_.WithPen([&](Pen* pen) {
      EXPECT_THAT(AskDestruction(pen, *Of("ngu"), ask), tests::IsOk());
      EXPECT_THAT(ConfirmDestruction(pen, *Of("khoa"), confirm), tests::IsOk());
    });
  }
  void TakeAnotherKey() {
    const seal::SigningKey next = *seal::SigningKey::Generate();
    v1::RollKeyRequest request;
    v1::KeyRoll& roll = *request.add_rolls();
    roll.set_device_id(dam_.device().str());
    roll.set_last_sequence(dam_.last_sequence());
    roll.set_head(dam_.id(dam_.last_sequence()).str());
    roll.set_signed_ms(dam_.clock_ms);
    ASSERT_THAT(seal::SignRoll(dam_.organisation_id, dam_.key(), next, &roll), tests::IsOk());
    room_.WithPen(
        [&](Pen* pen) { EXPECT_THAT(RollKey(pen, *authority_, request), tests::IsOk()); });
    dam_.TakeKey(next);
    room_.Exchange(&dam_);
    dam_.Write("k", {tests::Note("o2").Says("bằng khóa mới")});
    room_.Exchange(&dam_);
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

  const tests::Workspace keys_;
  const absl::StatusOr<Authority> authority_ =
      Authority::Create(keys_ / "ca", "VKSND tỉnh Sông Mây");
};

}  // namespace sotay::server
