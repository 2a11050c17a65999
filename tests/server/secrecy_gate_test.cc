// The secrecy gate in an office: real notebooks, a whole server, and a build that asks nobody.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/dossiers_room.h"
#include "tests/server/room_phone.h"

namespace sotay::server {
namespace {

using casework::v1::SECRECY_ANSWER_YES;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::Case;
using tests::IsOk;
using tests::NewCase;
using tests::Note;
using tests::RoomPhone;
using tests::SealedPhone;
using tests::StatusIs;
using C = casework::v1::Case;

sdk::Edit Word(const std::string& field, const std::string& value) {
  sdk::Edit edit;
  edit.field = field;
  edit.value = value;
  return edit;
}

class SecrecyGateTest : public DossiersRoom {
 protected:
  SecrecyGateTest() {
    Give("dam", PostOf("dam", "kv1", v1::CAPACITY_KSV));
    dam_ = std::make_unique<RoomPhone>(&room_, "dam");
    EXPECT_THAT((*dam_)->Sync(), IsOk());
  }
  std::unique_ptr<RoomPhone> dam_;
};

TEST_F(SecrecyGateTest, AStubIsShownByItsAliasToWhoeverReadsIt) {
  const auto stub = (*dam_)->Create("case", "", absl::nullopt,
                                    {Word("exceptionally_serious", "yes"), Word("alias", "S-07"),
                                     Word("holder", "Lãnh đạo Viện")});
  ASSERT_THAT(stub, IsOk());
  ASSERT_THAT((*dam_)->Sync(), IsOk());
  EXPECT_THAT((*dam_)->Refused().value(), IsEmpty());
  RoomPhone head(&room_, "ngu");
  ASSERT_THAT(head->Sync(), IsOk());
  const auto lines = head->List();
  ASSERT_THAT(lines, IsOk());
  ASSERT_THAT(*lines, SizeIs(1));
  EXPECT_EQ(lines->front().title, "S-07");
  // Nobody's phone takes a word of it.
  EXPECT_THAT((*dam_)->Create("note", "", *stub, {Word("kind", "scene")}).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("stub")));
  EXPECT_THAT(
      (*dam_)->Change(*stub, {Word("title", "Vụ X")}),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("title is not for a stub")));
  EXPECT_THAT((*dam_)->Change(*stub, {Word("holder", "Ngự")}, "vì bị can khai"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no reason")));
  EXPECT_THAT((*dam_)->Change(*stub, {Word("holder", "Ngự")}), IsOk());
  ASSERT_THAT((*dam_)->Sync(), IsOk());
  EXPECT_THAT((*dam_)->Refused().value(), IsEmpty());
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(SecrecyGateTest, TheServerRefusesWhatAPhoneDidNotAsk) {
  SealedPhone old("que");
  room_.Enrol(&old);
  const auto forged = [&](absl::string_view dossier, const std::vector<tests::Wish>& wishes) {
    v1::Change change;
    change.set_dossier_id(tests::RecordNamed(dossier).str());
    for (const tests::Wish& wish : wishes) {
      v1::RecordEdit* const edit = change.add_edits();
      edit->set_record_id(wish.wish().id.str());
      edit->set_type(wish.wish().type);
      for (const sync::FieldEdit& field : wish.wish().fields) *edit->add_ops() = field.op;
    }
    const uint64_t sequence = old.Forge(std::move(change));
    room_.Exchange(&old);
    return old.outcomes().at(sequence);
  };
  const tests::Wish stub = Case("s")
                               .SetNumber(C::kPublicAttentionFieldNumber, SECRECY_ANSWER_YES)
                               .Set(C::kAliasFieldNumber, "S-08");
  const tests::Wish note = Note("n").SetNumber(casework::v1::Note::kKindFieldNumber, 1);
  const auto classified = [](const v1::ChangeOutcome& outcome) {
    return outcome.verdict() == v1::VERDICT_QUARANTINED &&
           outcome.reason() == v1::REASON_CLASSIFIED;
  };
  EXPECT_TRUE(classified(forged("s", {note, stub})));
  EXPECT_TRUE(classified(forged("s", {tests::Wish(stub).Set(C::kTitleFieldNumber, "Vụ X")})));
  EXPECT_EQ(forged("s", {stub}).verdict(), v1::VERDICT_APPLIED);
  EXPECT_TRUE(classified(forged("s", {note})));
  // What was open before.
  old.Write("k", {NewCase("k")});
  room_.Exchange(&old);
  EXPECT_TRUE(classified(
      forged("k", {Case("k").SetNumber(C::kPublicAttentionFieldNumber, SECRECY_ANSWER_YES)})));
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

}  // namespace
}  // namespace sotay::server
