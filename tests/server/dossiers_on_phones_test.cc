// Dossiers that come and go, on real notebooks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/server/dossiers_room.h"
#include "tests/server/room_phone.h"

namespace sotay::server {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using tests::IsOk;
using tests::RoomPhone;
using tests::StatusIs;

sdk::Edit Word(sdk::Edit::Kind kind, const std::string& field, const std::string& value) {
  sdk::Edit edit;
  edit.kind = kind;
  edit.field = field;
  edit.value = value;
  return edit;
}

std::vector<sdk::Edit> Saying(const std::string& body) {
  return {Word(sdk::Edit::Kind::kText, "body", body)};
}

class DossiersOnPhonesTest : public DossiersRoom {
 protected:
  DossiersOnPhonesTest() {
    Give("dam", PostOf("dam", "kv1", v1::CAPACITY_KSV));
    Give("que", PostOf("que", "kv1", v1::CAPACITY_KSV));
    dam_ = std::make_unique<RoomPhone>(&room_, "dam");
    que_ = std::make_unique<RoomPhone>(&room_, "que");
    EXPECT_THAT((*dam_)->Sync(), IsOk());
    matter_ = *(*dam_)->Create("case", "", absl::nullopt,
                               {Word(sdk::Edit::Kind::kSet, "kind", "criminal"),
                                Word(sdk::Edit::Kind::kSet, "title", "Vụ 885")});
    note_ = *(*dam_)->Create("note", "", matter_, Saying("Vết phanh dài 4,2 m."));
    other_ = *(*dam_)->Create("case", "", absl::nullopt,
                              {Word(sdk::Edit::Kind::kSet, "kind", "civil"),
                               Word(sdk::Edit::Kind::kSet, "title", "Vụ 12")});
    EXPECT_THAT((*dam_)->Sync(), IsOk());
    EXPECT_THAT((*que_)->Sync(), IsOk());
  }
  void GiveTo(const std::vector<std::string>& people) {
    v1::RestrictDossierRequest request;
    request.set_record_id(matter_.str());
    request.set_reason("Phân công 4/PC-VKS");
    for (const std::string& user : people) request.add_people()->set_user_id(user);
    room_.WithPen(
        [&](Pen* pen) { EXPECT_THAT(RestrictDossier(pen, *Of("ngu"), request), IsOk()); });
  }

  std::unique_ptr<RoomPhone> dam_, que_;
  sync::RecordId matter_, note_, other_;
};

TEST_F(DossiersOnPhonesTest, WhatIsUnsentGoesFirstThenTheDossierAndThePersonIsTold) {
  GiveTo({"que"});
  const auto unaware = (*dam_)->Create("note", "", matter_, Saying("Lúc 09:00 máy chưa biết."));
  ASSERT_THAT(unaware, IsOk());
  dam_->events.clear();
  ASSERT_THAT((*dam_)->Sync(), IsOk());
  EXPECT_THAT(dam_->Listed(), ElementsAre(other_));
  const auto status = (*dam_)->GetStatus();
  ASSERT_THAT(status, IsOk());
  EXPECT_EQ(status->outbox, 0u);
  EXPECT_EQ(status->refused, 0u);
  EXPECT_THAT(status->removed_dossiers, ElementsAre(std::make_pair(matter_, room_.now_ms)));
  EXPECT_EQ(std::count_if(dam_->events.begin(), dam_->events.end(),
                          [&](const sdk::Event& event) {
                            return event.kind == sdk::Event::Kind::kDossierRemoved &&
                                   event.record == matter_;
                          }),
            1);
  // Nothing of it is left to be read, not even one's own words.
  for (const sync::RecordId& id : {matter_, note_, *unaware}) {
    EXPECT_THAT((*dam_)->Read(id).status(), StatusIs(absl::StatusCode::kNotFound));
    EXPECT_THAT((*dam_)->History(id, /*fetch=*/false).status(),
                StatusIs(absl::StatusCode::kNotFound));
  }
  EXPECT_THAT((*dam_)->Create("note", "", matter_, Saying("một")).status(), Not(IsOk()));
  EXPECT_THAT((*dam_)->Change(note_, Saying("hai")), Not(IsOk()));
  dam_->Restart();
  EXPECT_THAT(dam_->Listed(), ElementsAre(other_));
  // Whoever it is for has it all.
  ASSERT_THAT((*que_)->Sync(), IsOk());
  EXPECT_THAT(que_->Listed(), UnorderedElementsAre(matter_, note_, other_, *unaware));
  EXPECT_THAT((*que_)->GetStatus()->removed_dossiers, IsEmpty());
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

// Somebody types while the answer that takes the dossier away is on its way.
TEST_F(DossiersOnPhonesTest, ADossierWithSomethingUnsentStaysUntilItIsSent) {
  GiveTo({"que"});
  absl::StatusOr<sync::RecordId> late = absl::UnknownError("");
  dam_->weather->answers.clear();
  dam_->weather->meanwhile = [&] {
    late = (*dam_)->Create("note", "", matter_, Saying("Viết đúng lúc ấy."));
    ASSERT_THAT(late, IsOk());
    EXPECT_THAT(dam_->Listed(), Contains(matter_));
  };
  ASSERT_THAT((*dam_)->Sync(), IsOk());
  EXPECT_THAT(dam_->Listed(), ElementsAre(other_));
  ASSERT_THAT(dam_->weather->answers, SizeIs(2));
  EXPECT_EQ(dam_->weather->answers[0].removed_dossiers_size(), 1);
  EXPECT_EQ(dam_->weather->answers[1].removed_dossiers_size(), 1) << "said once more";
  ASSERT_THAT((*que_)->Sync(), IsOk());
  EXPECT_THAT((*que_)->Read(*late), IsOk());
}

TEST_F(DossiersOnPhonesTest, ItComesBackWithOnesOwnWords) {
  const auto own = (*dam_)->Create("note", "", matter_, Saying("Lời của Đàm."));
  ASSERT_THAT(own, IsOk());
  GiveTo({"que"});
  ASSERT_THAT((*dam_)->Sync(), IsOk());
  EXPECT_THAT(dam_->Listed(), ElementsAre(other_));
  ASSERT_THAT((*que_)->Sync(), IsOk());
  ASSERT_THAT((*que_)->Change(note_, Saying("Vết phanh dài 4,2 m, đo lại.")), IsOk());
  ASSERT_THAT((*que_)->Sync(), IsOk());
  GiveTo({"que", "dam"});
  ASSERT_THAT((*dam_)->Sync(), IsOk());
  EXPECT_THAT(dam_->Listed(), UnorderedElementsAre(matter_, note_, other_, *own));
  EXPECT_THAT((*dam_)->GetStatus()->removed_dossiers, IsEmpty());
  EXPECT_EQ(*(*dam_)->Digest(), *(*que_)->Digest());
  // And is written in again.
  ASSERT_THAT((*dam_)->Change(note_, Saying("Vết phanh dài 4,3 m, đo lại.")), IsOk());
  ASSERT_THAT((*dam_)->Sync(), IsOk());
  ASSERT_THAT((*que_)->Sync(), IsOk());
  EXPECT_EQ(*(*dam_)->Digest(), *(*que_)->Digest());
}

TEST_F(DossiersOnPhonesTest, AStepOfAStateIsForThoseWhoseDossierItIs) {
  GiveTo({"que"});
  ASSERT_THAT((*dam_)->Change(note_, {Word(sdk::Edit::Kind::kSet, "state", "submitted")}), IsOk());
  ASSERT_THAT((*dam_)->Sync(), IsOk());
  const auto refused = (*dam_)->Refused();
  ASSERT_THAT(refused, IsOk());
  ASSERT_THAT(*refused, SizeIs(1));
  EXPECT_THAT((*refused)[0].outcome.message(), HasSubstr("had not heard of that"));
  EXPECT_THAT(dam_->Listed(), ElementsAre(other_));
}

}  // namespace
}  // namespace sotay::server
