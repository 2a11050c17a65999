// A room in which everything happens that is not merely writing: a case that proves to be secret, a
// unit that ends, terms of law, numbers, files, assignments, and keys that are replaced.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_replace.h"
#include "casework/v1/deadline.pb.h"
#include "casework/v1/legal_action.pb.h"
#include "server/access_rules.h"
#include "server/authority.h"
#include "server/config.h"
#include "server/device_roll.h"
#include "server/log_handover.h"
#include "server/posts.h"
#include "server/secrecy.h"
#include "sync/day.h"
#include "tests/server/assignments_room.h"
#include "tests/server/backup_room.h"
#include "tests/server/room_phone.h"

namespace sotay::tests {

class ActsRoom : public BackupRoom {
 protected:
  ActsRoom() { room_.Enrol(&ngu_); }

  // A case that proved to be secret, and was destroyed: what stays is that there was one, and which
  // devices had it.
  void SealAndDestroy() {
    nguyet_.Write("secret", {NewCase("secret"), Note("secret1").Says("Lời khai.")});
    Meet({&nguyet_, &dam_});
    v1::SealDossierRequest seal;
    seal.set_record_id(RecordNamed("secret1").str());
    seal.set_alias("Hồ sơ 17");
    seal.set_holder("Tủ số 3");
    seal.set_reason("9/CV-VKS");
    v1::DestroyRequest destroy;
    destroy.set_dossier_id(RecordNamed("secret").str());
    destroy.set_reason("20/QĐ-VKS");
    v1::ConfirmRequest confirm;
    confirm.set_dossier_id(RecordNamed("secret").str());
    confirm.set_reason("Biên bản tiêu hủy 21");
    room_.WithPen([&](server::Pen* pen) {
      EXPECT_THAT(server::SealDossier(pen, *room_.directory->FindPerson("ngu"), seal), IsOk());
    });
    for (SealedPhone* phone : {&nguyet_, &dam_}) {
      room_.Exchange(phone);
      phone->reports = {RecordNamed("secret").str()};
      room_.Exchange(phone);
      phone->reports.clear();
    }
    room_.WithPen([&](server::Pen* pen) {
      EXPECT_THAT(server::AskDestruction(pen, *room_.directory->FindPerson("ngu"), destroy),
                  IsOk());
      EXPECT_THAT(server::ConfirmDestruction(pen, *room_.directory->FindPerson("khoa"), confirm),
                  IsOk());
    });
  }

  // A unit that ended, and whoever still had a post in it wrote on.
  void Succession() {
    room_.AddUnit("kv3", "tinh");
    room_.Enrol(&ro_, "kv3");
    ro_.Write("k3", {NewCase("k3")});
    room_.Exchange(&ro_);
    v1::PutUnitTermRequest request;
    request.mutable_term()->set_unit_id("kv3");
    constexpr int64_t kDayMs = 86'400'000;
    request.mutable_term()->set_valid_to(sync::DayOf(room_.now_ms - kDayMs));
    request.mutable_term()->add_successor_ids("kv1");
    request.mutable_term()->set_reason("NQ 7");
    room_.WithPen(
        [&](server::Pen* pen) { EXPECT_THAT(server::PutUnitTerm(pen, "khoa", request), IsOk()); });
    ro_.Write("k3", {Note("late3").Says("Ghi sau khi sáp nhập.")});
    room_.Exchange(&ro_);
    EXPECT_EQ(ro_.outcomes().at(2).verdict(), v1::VERDICT_APPLIED);
  }

  // A term that was extended on one phone and suspended on another.
  void Terms() {
    using casework::v1::Deadline;
    const auto event = [](casework::v1::DeadlineEventKind kind, int number) {
      casework::v1::DeadlineEvent said;
      said.set_event_id(RecordNamed("event" + std::to_string(number)).str());
      said.set_kind(kind);
      said.set_document_no(std::to_string(number) + "/QĐ-VKSKV1");
      said.set_effective_date(20261103 + number);
      if (kind == casework::v1::DEADLINE_EVENT_KIND_EXTEND) said.set_length("10d");
      return said.SerializeAsString();
    };
    const auto term = [] { return Wish("term", "casework.v1.Deadline"); };
    const auto append = [&](SealedPhone* phone, casework::v1::DeadlineEventKind kind, int number) {
      phone->Write("k", {term().Append(Deadline::kEventsFieldNumber, event(kind, number))});
    };
    nguyet_.Write("k", {term()
                            .Set(Deadline::kCaseIdFieldNumber, RecordNamed("k").view())
                            .Set(Deadline::kRuleIdFieldNumber, "report.resolve")
                            .Append(Deadline::kEventsFieldNumber,
                                    event(casework::v1::DEADLINE_EVENT_KIND_START, 0))});
    Meet({&nguyet_, &dam_});
    append(&nguyet_, casework::v1::DEADLINE_EVENT_KIND_EXTEND, 1);
    append(&dam_, casework::v1::DEADLINE_EVENT_KIND_SUSPEND, 2);
    Meet({&nguyet_, &dam_, &nguyet_});
    ExpectApplied(nguyet_);
    ExpectApplied(dam_);
  }

  // A recommendation that was issued, with the number it was given.
  void Numbers() {
    using casework::v1::LegalAction;
    const auto action = [] { return Wish("kn", "casework.v1.LegalAction"); };
    nguyet_.Write("k", {action()
                            .SetNumber(LegalAction::kKindFieldNumber,
                                       casework::v1::LEGAL_ACTION_KIND_RECOMMENDATION)
                            .SetNumber(LegalAction::kStateFieldNumber,
                                       casework::v1::LEGAL_ACTION_STATE_SUBMITTED)});
    Meet({&nguyet_, &ngu_});
    for (const auto state :
         {casework::v1::LEGAL_ACTION_STATE_APPROVED, casework::v1::LEGAL_ACTION_STATE_ISSUED}) {
      ngu_.Write("k", {action().SetNumber(LegalAction::kStateFieldNumber, state)});
      room_.Exchange(&ngu_);
      ExpectApplied(ngu_);
    }
    ASSERT_NE(ngu_.Shown("kn")->Slot(LegalAction::kNumberFieldNumber), nullptr);
  }

  // A photograph, by another phone of Đàm's, with its file.
  void Files() {
    RoomPhone phone(&room_, "dam");
    ASSERT_THAT(phone->Sync(), IsOk());
    const std::string photograph(100'000, 'p');
    const auto attached = phone->Attach(
        RecordNamed("k"),
        [&photograph, at = size_t{0}](size_t max) mutable -> absl::StatusOr<std::string> {
          std::string some = photograph.substr(at, max);
          at += some.size();
          return some;
        },
        "attachment", {});
    ASSERT_THAT(attached, IsOk());
    ASSERT_THAT(phone->Sync(), IsOk());
    ASSERT_THAT(phone->SendFiles(), IsOk());
    EXPECT_EQ(room_.blobs->All().size(), 1u);
  }

  void RollDeviceKey(SealedPhone* phone) {
    const auto authority = server::Authority::Create(keys_ / "ca", "VKSND tỉnh Sông Mây");
    ASSERT_THAT(authority, IsOk());
    const seal::SigningKey next = *seal::SigningKey::Generate();
    v1::RollKeyRequest request;
    v1::KeyRoll* const roll = request.add_rolls();
    roll->set_device_id(phone->device().str());
    roll->set_last_sequence(phone->last_sequence());
    roll->set_head(phone->id(phone->last_sequence()).str());
    roll->set_signed_ms(phone->clock_ms);
    ASSERT_THAT(seal::SignRoll(phone->organisation_id, phone->key(), next, roll), IsOk());
    room_.WithPen(
        [&](server::Pen* pen) { EXPECT_THAT(server::RollKey(pen, *authority, request), IsOk()); });
    phone->TakeKey(next);
  }

  // From now on a dossier is for whom it is assigned to: one that Nguyệt opens goes to Đàm.
  void AssignAnew() {
    room_.rules = keys_ / "access.rules";
    std::ofstream(room_.rules) << absl::StrReplaceAll(server::BuiltInRules(),
                                                      {{"# assigned case", "assigned case"}});
    ASSERT_THAT(room_.Open(), IsOk());
    nguyet_.Write("z", {NewCase("z"), Note("z1").Says("một")});
    Meet({&nguyet_, &ngu_});
    ngu_.Write("z", {server::Assigns("pz", "z", "dam", {"z"})});
    Meet({&ngu_, &dam_, &nguyet_});
    ExpectApplied(ngu_);
    EXPECT_NE(dam_.Shown("z1"), nullptr);
    EXPECT_EQ(nguyet_.Shown("z1"), nullptr);
  }

  // The log's, as an operator does it, who stops the server for it.
  void RollLogKey() {
    ASSERT_THAT(room_.log_key.Save(server::LogKeyPath(keys_.path())), IsOk());
    ASSERT_THAT(server::RollLogKey(keys_.path(), room_.store.get(), "đĩa chứa khóa đã hỏng",
                                   ++room_.now_ms),
                IsOk());
    ASSERT_THAT(room_.Open(), IsOk());
    auto ring = server::OpenLogKey(keys_.path(), room_.store.get());
    ASSERT_THAT(ring, IsOk());
    ring_ = *std::move(ring);
  }

  void Meet(const std::vector<SealedPhone*>& phones) {
    for (SealedPhone* phone : phones) room_.Exchange(phone);
  }
  static void ExpectApplied(const SealedPhone& phone) {
    const v1::ChangeOutcome& last = phone.outcomes().at(phone.last_sequence());
    EXPECT_EQ(last.verdict(), v1::VERDICT_APPLIED) << last.message();
  }

  const Workspace keys_;
  SealedPhone ngu_{"ngu", "kv1", kSupervisor};
  SealedPhone ro_{"ro", "kv3"};
};

}  // namespace sotay::tests
