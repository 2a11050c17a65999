// Late amendments after the server was restored: what a signature had refused is refused again,
// whoever comes first, and the signature stands.
#include <algorithm>

#include "casework/v1/inspection.pb.h"
#include "server/quarantine.h"
#include "tests/server/restored_signing_room.h"

namespace sotay::tests {
namespace {

using Kind = sdk::Edit::Kind;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class LateAfterRestore : public RestoredSigningRoom {
 protected:
  void SetUp() override {
    RestoredSigningRoom::SetUp();
    // Nothing of it is in the backup.
    SOTAY_ASSERT_OK_AND_ASSIGN(
        note_, que_->Create("note", "", visit_, {{Kind::kText, "body", "", "Sổ có 17 tin."}}));
    Meet();
    object_ = visit_;
  }
  void Write(RoomPhone* phone, const std::string& text) {
    const char* const field = object_ == visit_ ? "conclusion" : "body";
    ASSERT_THAT((*phone)->Change(object_, {{Kind::kText, field, "", text}}), IsOk());
  }
  absl::StatusOr<sync::RecordId> SignIt(RoomPhone* phone) {
    SOTAY_ASSIGN_OR_RETURN(const sdk::RecordView view, (*phone)->Read(object_));
    SOTAY_ASSIGN_OR_RETURN(const auto before, (*phone)->Signatures(object_));
    absl::optional<sync::RecordId> standing;
    if (!before.empty()) standing = before.back().record.id();
    return (*phone)->Sign(view, standing, "signoff", {{Kind::kSet, "decision", "", "sign"}});
  }
  sync::RecordId StandingOf(const sync::RecordId& object) {
    const auto standing = room_.store->LoadSignature(object);
    EXPECT_THAT(standing, IsOk());
    return standing->has_value() ? (*standing)->signature : sync::RecordId();
  }
  // Of that device's changes what waits for a leader.
  std::vector<v1::QuarantinedChange> Late(const RoomPhone& phone) {
    std::vector<v1::QuarantinedChange> late;
    for (v1::QuarantinedChange& row : room_.Quarantine("kv1")) {
      if (row.device_id() == phone.device().view() && row.verdict() == v1::VERDICT_QUARANTINED) {
        late.push_back(std::move(row));
      }
    }
    return late;
  }
  void TakeIn(const v1::QuarantinedChange& row) {
    v1::TakeInRequest request;
    request.mutable_change()->set_device_id(row.device_id());
    request.mutable_change()->set_sequence(row.sequence());
    request.mutable_change()->set_change_id(row.change_id());
    request.set_reason("đã đối chiếu");
    room_.WithPen([&](server::Pen* pen) {
      EXPECT_THAT(server::TakeIn(pen, *room_.directory->FindPerson("duoc"), request), IsOk());
    });
    while (room_.hub->RunOnce()) {
    }
  }
  // Once for each order in which they can meet the restored server, from the same lost life; told
  // whether the phones were started anew in between.
  template <typename Expect>
  void InEveryOrder(const Expect& expect) {
    std::vector<RoomPhone*> order = All();
    std::sort(order.begin(), order.end());
    bool restarts = false;
    do {
      std::string met;
      for (RoomPhone* phone : order) met += phone->user() + " ";
      SCOPED_TRACE(met);
      Restore(++life_);
      restarts = !restarts;
      for (RoomPhone* phone : order) {
        if (restarts) phone->Restart();
        ASSERT_THAT((*phone)->Sync(), IsOk());
      }
      Meet();
      expect();
      EXPECT_THAT(room_.Faults(), IsEmpty());
      ExpectSame();
      if (HasFailure()) return;
    } while (std::next_permutation(order.begin(), order.end()));
  }

  sync::RecordId note_, object_;
  char life_ = 'f';
};

// Of an inspection that the restored server has, and of a note that it has not.
TEST_F(LateAfterRestore, WhatASignatureRefusedItRefusesAgainWhoeverComesFirst) {
  for (const sync::RecordId& object : {visit_, note_}) {
    object_ = object;
    Write(&que_, "Sổ có 18 tin.");
    Meet();
    SOTAY_ASSERT_OK_AND_ASSIGN(const sync::RecordId signature, SignIt(&ngu_));
    Meet();
    Write(&dam_, "Sổ có 18 tin, 2 tin quá hạn.");
    Meet();
    ASSERT_EQ(Refused(&dam_), v1::REASON_LATE_AMENDMENT);
    const size_t late = Late(dam_).size();
    InEveryOrder([&] {
      EXPECT_EQ(StandingOf(object), signature);
      EXPECT_EQ(Refused(&dam_), v1::REASON_LATE_AMENDMENT);
      EXPECT_EQ(Refused(&ngu_), v1::REASON_UNSPECIFIED);
      EXPECT_THAT(Late(dam_), SizeIs(late));
      EXPECT_THAT(Late(ngu_), IsEmpty());
    });
  }
}

// A finding is put under a signed inspection, and written on by who found it.
TEST_F(LateAfterRestore, AFindingThatCameLateComesLateAgain) {
  SOTAY_ASSERT_OK_AND_ASSIGN(const sync::RecordId signature, SignIt(&ngu_));
  Meet();
  SOTAY_ASSERT_OK_AND_ASSIGN(
      const sync::RecordId finding,
      dam_->Create("finding", "", visit_,
                   {{Kind::kSet, "violation_code", "", "giam_giu.giam_chung"}}));
  Meet();
  ASSERT_EQ(Refused(&dam_), v1::REASON_LATE_AMENDMENT);
  InEveryOrder([&] {
    EXPECT_EQ(StandingOf(visit_), signature);
    EXPECT_THAT(Late(dam_), SizeIs(1));
    EXPECT_EQ(que_->Read(finding).status().code(), absl::StatusCode::kNotFound);
  });
}

// The decision was lost with the server: it is taken anew, and what was signed then stands.
TEST_F(LateAfterRestore, WhatWasTakenInIsDecidedAnewAndSoIsItsSignature) {
  SOTAY_ASSERT_OK_AND_ASSIGN(const sync::RecordId first, SignIt(&ngu_));
  Meet();
  Write(&dam_, "Sổ có 18 tin.");
  Meet();
  ASSERT_THAT(Late(dam_), SizeIs(1));
  TakeIn(Late(dam_)[0]);
  Meet();
  ASSERT_EQ(Refused(&dam_), v1::REASON_UNSPECIFIED);
  SOTAY_ASSERT_OK_AND_ASSIGN(const sync::RecordId second, SignIt(&ngu_));
  Meet();
  ASSERT_EQ(StandingOf(visit_), second);
  InEveryOrder([&] {
    EXPECT_EQ(StandingOf(visit_), first);
    EXPECT_EQ(Refused(&ngu_), v1::REASON_PARENT_UNKNOWN) << "waits for what was taken in";
    ASSERT_THAT(Late(dam_), SizeIs(1));
    TakeIn(Late(dam_)[0]);
    Meet();
    EXPECT_EQ(StandingOf(visit_), second);
    EXPECT_EQ(Refused(&ngu_), v1::REASON_UNSPECIFIED);
    EXPECT_EQ(Refused(&dam_), v1::REASON_UNSPECIFIED);
  });
}

// Whoever signed has lost their phone: a leader decides, and that is another life.
TEST_F(LateAfterRestore, WhereTheSignerNeverComesALeaderDecides) {
  SOTAY_ASSERT_OK_AND_ASSIGN(const sync::RecordId signature, SignIt(&ngu_));
  Meet();
  Write(&dam_, "Sổ có 18 tin.");
  Meet();
  Restore(++life_);
  for (RoomPhone* phone : {&dam_, &que_, &duoc_}) ASSERT_THAT((*phone)->Sync(), IsOk());
  ASSERT_THAT(Late(dam_), SizeIs(1));
  EXPECT_EQ(StandingOf(visit_), sync::RecordId());
  TakeIn(Late(dam_)[0]);
  ASSERT_THAT(dam_->Sync(), IsOk());
  EXPECT_EQ(Refused(&dam_), v1::REASON_UNSPECIFIED);
  SOTAY_ASSERT_OK_AND_ASSIGN(const sdk::RecordView view, dam_->Read(visit_));
  EXPECT_EQ(view.record.ShownText(casework::v1::Inspection::kConclusionFieldNumber),
            "Sổ có 18 tin.");
  // And who comes after all is told.
  Meet();
  EXPECT_EQ(Refused(&ngu_), v1::REASON_SIGNATURE_STALE);
  for (RoomPhone* phone : All()) ExpectShown(phone, {}, {signature});
  EXPECT_THAT(room_.Faults(), IsEmpty());
  ExpectSame();
}

}  // namespace
}  // namespace sotay::tests
