// A room in whose backup there is everything that can become of a change: applied, refused, held,
// forked, taken in and dismissed; signatures, posts, a unit that ended, acts about a dossier,
// assignments, terms of law, numbers, files, a case that was destroyed, keys that were replaced,
// and reads.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "server/dossiers.h"
#include "server/posts.h"
#include "server/quarantine.h"
#include "sync/seal/digest.h"
#include "tests/server/acts_room.h"

namespace sotay::tests {

class EveryKindRoom : public ActsRoom {
 protected:
  EveryKindRoom() { std::filesystem::create_directory(space_ / "backup"); }

  void BackUp() { ASSERT_THAT(NewBackup(space_ / "backup")->RunOnce(), IsOk()); }

  // So many that were allowed, and one that was not.
  void Reads(size_t allowed) {
    std::vector<v1::AccessEntry> reads(allowed + 1);
    for (v1::AccessEntry& read : reads) {
      read.set_unit_id("kv1");
      read.set_rule(v1::ACCESS_RULE_MEMBER);
    }
    reads.back().set_rule(v1::ACCESS_RULE_REFUSED);
    server::Sheet sheet;
    room_.store->Fill(&sheet, std::move(reads));
    ASSERT_THAT(room_.store->Write(&sheet), IsOk());
  }

  // A post, its end, and a unit that ends.
  void Posts() {
    room_.WithPen([](server::Pen* pen) {
      v1::PutPostRequest put;
      put.mutable_post()->set_user_id("dam");
      put.mutable_post()->set_unit_id("kv2");
      put.mutable_post()->set_capacity(v1::CAPACITY_KTV);
      put.mutable_post()->set_reason("12/QĐ-VKS");
      EXPECT_THAT(server::PutPost(pen, "khoa", put), IsOk());
      v1::EndPostRequest end;
      end.set_user_id("dam");
      end.set_number(1);
      end.set_valid_to(20991231);
      end.set_reason("13/QĐ-VKS");
      EXPECT_THAT(server::EndPost(pen, "khoa", end), IsOk());
      v1::PutUnitTermRequest term;
      term.mutable_term()->set_unit_id("kv2");
      term.mutable_term()->set_valid_to(20991231);
      term.mutable_term()->add_successor_ids("kv1");
      term.mutable_term()->set_reason("NQ 7");
      EXPECT_THAT(server::PutUnitTerm(pen, "khoa", term), IsOk());
    });
  }

  // The dossier is for the two who write into it.
  void Act() {
    v1::RestrictDossierRequest request;
    request.set_record_id(RecordNamed("k").str());
    for (const char* user : {"dam", "nguyet"}) request.add_people()->set_user_id(user);
    request.set_reason("Phân công 4/PC-VKS");
    room_.WithPen([&](server::Pen* pen) {
      EXPECT_THAT(server::RestrictDossier(pen, *room_.directory->FindPerson("ngu"), request),
                  IsOk());
    });
  }

  // Of what was refused one is taken in, the others are dismissed.
  void Decide() {
    room_.AddUser("dam", {});
    dam_.Write("k", {Note("m").Says("một, hai")});
    ASSERT_THAT(room_.Push(&dam_), IsOk());
    room_.AddUser("dam", {{"kv1", options::v1::ROLE_PROSECUTOR}});
    for (const v1::QuarantinedChange& row : room_.Quarantine("kv1")) {
      v1::DismissRequest dismiss;
      dismiss.mutable_change()->set_device_id(row.device_id());
      dismiss.mutable_change()->set_sequence(row.sequence());
      dismiss.mutable_change()->set_change_id(row.change_id());
      dismiss.set_reason("đã đối chiếu");
      v1::TakeInRequest take;
      ASSERT_TRUE(take.ParseFromString(dismiss.SerializeAsString()));
      room_.WithPen([&](server::Pen* pen) {
        const auto leader = room_.directory->FindPerson("ngu");
        if (row.reason() == v1::REASON_NOT_MEMBER) {
          EXPECT_THAT(server::TakeIn(pen, *leader, take), IsOk());
        } else if (row.verdict() == v1::VERDICT_QUARANTINED) {
          EXPECT_THAT(server::Dismiss(pen, *leader, dismiss), IsOk());
        }
      });
    }
  }

  // A note is signed, given back and signed again; somebody amends it late.
  void Sign() {
    room_.Exchange(&ngu_);
    ngu_.Write("k", {server::Assigns("pc", "k", "dam")});
    tests::SignOffWords words;
    for (const char* name : {"s1", "s2", "s3"}) {
      room_.Exchange(&ngu_);
      ngu_.Write("k", {SignOffOf(*ngu_.Shown("o"), name, words, seal::HashContent)});
      words.supersedes = name;
      words.decision = words.decision == casework::v1::SIGN_OFF_DECISION_SIGN
                           ? casework::v1::SIGN_OFF_DECISION_RETURN
                           : casework::v1::SIGN_OFF_DECISION_SIGN;
    }
    room_.Exchange(&ngu_);
    room_.Exchange(&nguyet_);
    nguyet_.Write("k", {Note("o").Says("ba, bốn")});
    room_.Exchange(&nguyet_);
    ASSERT_EQ(room_.Quarantine("kv1").back().reason(), v1::REASON_LATE_AMENDMENT);
  }

  // Everything that can become of a change, and reads, in three segments.
  void WriteOfEveryKind() {
    SealAndDestroy();
    Posts();
    Notes(70);  // more than one node of the log's tree
    Reads(2);
    BackUp();
    Act();
    Reads(3);
    // Two at once in one text, and in a register.
    nguyet_.Write("k", {Note("n1").Says("Vết phanh dài 4,6 m.")});
    dam_.Write("k", {Note("n1").Says("Vết phanh dài 4,2 m, lệch trái.")});
    dam_.Write("k", {Note("m").Says("một")});
    room_.Exchange(&nguyet_);
    room_.Exchange(&dam_);
    room_.Exchange(&nguyet_);
    nguyet_.Write("k", {Note("n1").Says("Vết phanh dài 4,6 m, lệch phải."), Note("o").Says("ba")});
    // Refused ones.
    v1::Change stranger;
    stranger.set_unit_id("kv2");
    stranger.set_dossier_id(RecordNamed("x").str());
    stranger.add_edits()->set_record_id(RecordNamed("x").str());
    stranger.mutable_edits(0)->set_type("casework.v1.Case");
    nguyet_.Forge(stranger);
    nguyet_.ForgeBytes("\xff not a change");
    v1::Change wrong;  // has a place in the history of a record that is there
    wrong.set_dossier_id(RecordNamed("k").str());
    wrong.add_edits()->set_record_id(RecordNamed("m").str());
    wrong.mutable_edits(0)->set_type("casework.v1.Case");
    nguyet_.Forge(wrong);
    nguyet_.Write("k", {Note("m").Says("một rưỡi")});
    room_.Exchange(&nguyet_);
    // Held ones: of a dossier that comes later, and of one that never does.
    room_.Enrol(&waiting_);
    for (const char* dossier : {"late", "never"}) {
      v1::Change note;
      note.set_dossier_id(RecordNamed(dossier).str());
      note.add_edits()->set_record_id(RecordNamed(std::string("of ") + dossier).str());
      note.mutable_edits(0)->set_type("casework.v1.Note");
      waiting_.Forge(note);
    }
    ASSERT_THAT(room_.Push(&waiting_), IsOk());
    BackUp();
    dam_.Write("late", {NewCase("late")});
    room_.Exchange(&dam_);
    Succession();
    Terms();
    Numbers();
    Files();
    RollDeviceKey(&nguyet_);
    // A copy of a phone.
    room_.Enrol(&copied_);
    copied_.Write("k", {Note("first").Says("một")});
    copied_.Write("k", {Note("second").Says("hai")});
    room_.Exchange(&copied_);
    copied_.ForgetSince(2);
    copied_.Write("k", {Note("second").Says("khác")});
    EXPECT_FALSE(room_.Sync(copied_, copied_.Request(1)).ok());
    Decide();
    Sign();
    AssignAnew();
    RollLogKey();
    Notes(3);
    ASSERT_THAT(room_.Faults(), ::testing::IsEmpty());
    BackUp();
  }

  Workspace space_;
  SealedPhone waiting_{"que"};
  SealedPhone copied_{"an"};
};

}  // namespace sotay::tests
