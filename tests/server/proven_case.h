// An exported case in which there is everything that can be in evidence, as it goes into the file,
// and two dossiers beside it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "server/config.h"
#include "server/device_roll.h"
#include "server/lineage.h"
#include "server/log_handover.h"
#include "server/quarantine.h"
#include "sync/seal/digest.h"
#include "sync/seal/dossier_check.h"
#include "tests/server/exported_dossier.h"
#include "tests/server/secrecy_room.h"
#include "tests/support/process.h"

namespace sotay::server {

// A dossier as it goes into the file.
struct File {
  v1::Dossier dossier;
  v1::DossierGoingOn going_on;

  std::string Bytes() const { return dossier.SerializeAsString() + going_on.SerializeAsString(); }
};

// The case "e" with some fifty changes of four people, in which there is everything that can be in
// evidence: readings that conflict, signatures, changes that were refused, taken in, and destroyed,
// a device that took another key, and a log whose key was handed over.
class ProvenCase : public SecrecyRoom {
 protected:
  ProvenCase() {
    for (tests::SealedPhone* phone : {&que_, &ngu_}) {
      room_.Enrol(phone);
      room_.Exchange(phone);
    }
    room_.Enrol(&away_, "kv2");
    away_.Write("z", {tests::NewCase("z"), tests::Note("y").Says("Ở đơn vị khác.")});
    room_.Exchange(&away_);
    que_.Write("x", {tests::NewCase("x"), tests::Note("w").Says("Vụ khác.")});
    que_.Write("e", {tests::Note("q").Says("Lấy lời khai người làm chứng.")});
    room_.Exchange(&que_);
    Meet();
    Apart(4);
    TakeAnotherKey();
    Apart(4);
    HandTheLogOver();
    Apart(3);
    SignAndAmend();
    Destroy();
    const LogKeyring ring = *OpenLogKey(data_.path(), room_.store.get());
    notary_ =
        std::make_unique<Notary>(room_.directory.get(), room_.store.get(), ring.key, ring.keys);
    file_ = Export("nguyet", {"e", "m", "q", "o", "s"});
    neighbours_ = {Export("nguyet", {"x", "w"}), Export("away", {"z", "y"})};
  }

  void Meet() {
    for (int round = 0; round < 2; ++round) {
      for (tests::SealedPhone* phone : {&nguyet_, &dam_, &que_, &ngu_}) room_.Exchange(phone);
    }
  }
  // Everybody writes into one text and one register without having heard of the others.
  void Apart(int rounds) {
    for (int i = 0; i < rounds; ++i) {
      const std::string number = std::to_string(++written_);
      for (tests::SealedPhone* phone : {&nguyet_, &dam_, &que_}) {
        phone->Write("e",
                     {tests::Note("m").Says("Đo vết phanh: " + number + phone->user_id() + " m.")});
      }
      que_.Write("e", {tests::Note("q").SetNumber(casework::v1::Note::kKindFieldNumber,
                                                  1 + written_ % 3)});
      dam_.Write("e", {tests::Note("q").SetNumber(casework::v1::Note::kKindFieldNumber,
                                                  3 - written_ % 3)});
      Meet();
    }
  }
  void TakeAnotherKey() {
    const seal::SigningKey next = *seal::SigningKey::Generate();
    v1::RollKeyRequest request;
    v1::KeyRoll& roll = *request.add_rolls();
    roll.set_device_id(que_.device().str());
    roll.set_last_sequence(que_.last_sequence());
    roll.set_head(que_.id(que_.last_sequence()).str());
    roll.set_signed_ms(que_.clock_ms);
    ASSERT_THAT(seal::SignRoll(que_.organisation_id, que_.key(), next, &roll), tests::IsOk());
    room_.WithPen(
        [&](Pen* pen) { EXPECT_THAT(RollKey(pen, *authority_, request), tests::IsOk()); });
    que_.TakeKey(next);
  }
  void HandTheLogOver() {
    ASSERT_THAT(room_.log_key.Save(LogKeyPath(data_.path())), tests::IsOk());
    ASSERT_THAT(RollLogKey(data_.path(), room_.store.get(), "đĩa chứa khóa đã hỏng", room_.now_ms),
                tests::IsOk());
    ASSERT_THAT(room_.Open(), tests::IsOk());
  }
  // A note is signed; of two late amendments the head takes one in.
  void SignAndAmend() {
    nguyet_.Write("e", {tests::Note("o").Says("Tháng 10 tiếp nhận 17 tin.")});
    Meet();
    ngu_.Write("e", {tests::SignOffOf(*ngu_.Shown("o"), "s", {}, seal::HashContent)});
    room_.Exchange(&ngu_);
    nguyet_.Write("e", {tests::Note("o").Says("Tháng 10 tiếp nhận 18 tin.")});
    room_.Exchange(&nguyet_);
    dam_.Write("e", {tests::Note("o").Says("Tháng 10 tiếp nhận 17 tin báo.")});
    room_.Exchange(&dam_);
    const auto late = room_.Quarantine(kUnitOfRoom);
    ASSERT_EQ(late.size(), 2u);
    v1::TakeInRequest request;
    request.mutable_change()->set_device_id(late[0].device_id());
    request.mutable_change()->set_sequence(late[0].sequence());
    request.mutable_change()->set_change_id(late[0].change_id());
    request.set_reason("đã đối chiếu");
    room_.WithPen([&](Pen* pen) { EXPECT_THAT(TakeIn(pen, *Of("ngu"), request), tests::IsOk()); });
  }
  // A change of the secret dossier was refused that has a place in the history of a note of "e".
  void Destroy() {
    v1::Change wrong;
    wrong.set_dossier_id(Id("k"));
    v1::RecordEdit* const edit = wrong.add_edits();
    edit->set_record_id(Id("m"));
    edit->set_type("casework.v1.Note");
    edit->add_parents(dam_.Shown("m")->heads().front().str());
    wrong.set_reason("nhầm hồ sơ");
    const uint64_t refused = dam_.Forge(wrong);
    wrong.set_dossier_id(Id("e"));
    wrong.clear_reason();
    wrong.mutable_edits(0)->set_parents(0, dam_.id(refused).str());
    dam_.Forge(wrong);
    room_.Exchange(&dam_);
    ASSERT_THAT(Seal(), tests::IsOk());
    ASSERT_THAT(Ask("ngu"), tests::IsOk());
    ASSERT_THAT(Confirm("khoa"), tests::IsOk());
    room_.now_ms += 10'000;  // for a head of the log that has it all
  }

  File Export(const std::string& user, const std::vector<std::string>& records) {
    File file;
    auto dossier = tests::ExportOf(room_, user, records, {.notary = notary_.get()});
    EXPECT_THAT(dossier, tests::IsOk());
    file.dossier = dossier.value_or(v1::Dossier());
    const LogKeyring ring = *OpenLogKey(data_.path(), room_.store.get());
    const Lineage lineage(room_.directory.get(), room_.store.get(), notary_.get(), ring.key);
    for (const v1::HandedLog& log : file.dossier.handovers(0).logs()) {
      if (log.unit_id() != file.dossier.head().unit_id()) continue;
      v1::GoingOn& shown = *file.going_on.add_going_on();
      *shown.mutable_held() = seal::AsHead(file.dossier.handovers(0), log);
      const auto way = lineage.Get(*Of(user), shown.held(), room_.now_ms, &file.dossier.head());
      EXPECT_THAT(way, tests::IsOk());
      *shown.mutable_lineage() = way.value_or(v1::GetLineageResponse());
    }
    v1::DirectoryPerson& name = *file.dossier.mutable_names()->add_people();
    name.set_user_id(user);
    name.set_full_name("Võ Nguyệt Quế");
    file.dossier.set_exported_ms(room_.now_ms);
    return file;
  }

  // As whoever exports it seals it, whatever it says.
  std::vector<std::string> FaultsOf(const std::string& bytes) const {
    v1::SealedDossier sealed;
    sealed.set_dossier(bytes);
    sealed.set_public_key(nguyet_.key().PublicKey());
    sealed.set_signature(*nguyet_.key().Sign(seal::DossierText(bytes)));
    return seal::CheckDossier(*tests::CaseworkSchema(), sealed.SerializeAsString(),
                              room_.log_key.PublicKey())
        .faults;
  }

  const tests::Workspace data_;
  const absl::StatusOr<Authority> authority_ =
      Authority::Create(data_ / "ca", "VKSND tỉnh Sông Mây");
  tests::SealedPhone que_{"que"};
  tests::SealedPhone ngu_{"ngu", "kv1", tests::kSupervisor};
  tests::SealedPhone away_{"away", "kv2"};
  std::unique_ptr<Notary> notary_;
  File file_;
  std::vector<File> neighbours_;
  unsigned written_ = 0;
};

}  // namespace sotay::server
