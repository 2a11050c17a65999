// Surprise inspections: hidden from their unit until they begin, whoever asks and however; and open
// by themselves then, in the name of who began.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "server/access_log.h"
#include "server/access_reading.h"
#include "tests/server/hidden_dossiers_room.h"

namespace sotay::server {
namespace {

using casework::v1::Inspection;
using casework::v1::INSPECTION_PLANNING_SURPRISE;
using casework::v1::INSPECTION_STATE_CANCELLED;
using casework::v1::INSPECTION_STATE_IN_PROGRESS;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::IsOk;
using tests::Note;
using tests::RecordNamed;
using tests::SealedPhone;

using HiddenDossiersTest = HiddenDossiersRoom;

TEST_F(HiddenDossiersTest, FromItsOpeningToItsBeginningItIsForWhoIsToCarryItOut) {
  OpenSurprise();
  for (const SealedPhone* phone : {&que_, &phong_, &ha_, &duoc_}) ExpectNothingTold(*phone);
  EXPECT_THAT(HeldOf(dam_, kVisit), SizeIs(2));
  EXPECT_THAT(HeldOf(ngu_, kVisit), SizeIs(2)) << "nothing is hidden from who answers for it";
  EXPECT_THAT(Causes(), ElementsAre(v1::ACT_CAUSE_OPENED_HIDDEN));

  // Whom the leader assigns comes to it; it is hidden from the others all the same.
  EXPECT_THAT(Write(&ngu_, "v", Assigns("pc1", "v", "que")), Applied());
  EXPECT_EQ(Pull(&que_), 3u);
  dam_.Write("v", {Note("v2").Says("Đã hẹn xe.")});
  Everybody();
  EXPECT_THAT(HeldOf(que_, kVisit), SizeIs(3));
  ExpectNothingTold(phong_);

  // It begins on the phone of one of them.
  EXPECT_THAT(Begin(&que_), Applied());
  const v1::DossierAct& act = NewestAct();
  EXPECT_EQ(act.cause(), v1::ACT_CAUSE_BEGUN);
  EXPECT_EQ(act.set_by(), "que");
  EXPECT_EQ(act.by_assignment(), RecordNamed("v").str());
  EXPECT_FALSE(act.restricted());
  EXPECT_THAT(act.people(), IsEmpty());
  EXPECT_EQ(Pull(&phong_), 4u) << "all that was written meanwhile";
  Everybody();
  for (const SealedPhone* phone : {&dam_, &que_, &phong_, &ha_, &duoc_}) {
    EXPECT_THAT(HeldOf(*phone, kVisit), SizeIs(3)) << phone->user_id();
    EXPECT_THAT(phone->removed_dossiers, IsEmpty());
  }
  EXPECT_THAT(AssignedTo("v"), ElementsAre("dam", "que"));
  // As any other dossier of the unit: what is written next is everybody's at once.
  phong_.Write("v", {Note("late").Says("Có mặt lúc 7 giờ.")});
  Meet({&phong_, &ha_});
  EXPECT_THAT(Last(phong_), Applied());
  EXPECT_THAT(HeldOf(ha_, {"late"}), SizeIs(1));
}

TEST_F(HiddenDossiersTest, ThoseItNamesWhenItIsOpenedSeeIt) {
  dam_.Write("v", {Surprise("v")
                       .Set(Inspection::kLeadIdFieldNumber, "que")
                       .Add(Inspection::kTeamFieldNumber, "ha")
                       .Add(Inspection::kTeamFieldNumber, "Không phải tên người dùng")});
  Meet({&dam_});
  Everybody();
  EXPECT_THAT(HeldOf(que_, kVisit), SizeIs(1));
  EXPECT_THAT(HeldOf(ha_, kVisit), SizeIs(1));
  ExpectNothingTold(phong_);
  ASSERT_EQ(NewestAct().people_size(), 3);
  // Who is written into it later is not let in: an assignment does that.
  EXPECT_THAT(Write(&dam_, "v", OfInspection("v").Add(Inspection::kTeamFieldNumber, "phong")),
              Applied());
  Everybody();
  ExpectNothingTold(phong_);
}

TEST_F(HiddenDossiersTest, WhatIsWrittenIntoItByWhoCameByItsIdIsSetAside) {
  OpenSurprise();
  v1::Change change;
  change.set_dossier_id(RecordNamed("v").str());
  v1::RecordEdit& edit = *change.add_edits();
  edit.set_record_id(RecordNamed("x").str());
  edit.set_type("casework.v1.Note");
  phong_.Forge(change);
  Meet({&phong_});
  EXPECT_THAT(Last(phong_), Refused(v1::REASON_WRITER_MAY_NOT, "for named people"));
  ExpectNothingTold(phong_);
}

// A deputy of the unit in another field of work is shown who read its records, and not that there
// is this one: neither by name, nor by a gap where the read of it is left out.
TEST_F(HiddenDossiersTest, TheAccessLogDoesNotTellOfItBeforeItBegins) {
  dam_.Write("m", {tests::NewCase("m")});
  OpenSurprise();
  AccessLog log(room_.store.get(), room_.hub.get(), [this] { return room_.now_ms; });
  const Caller leader = room_.CallerOf(ngu_);
  for (const char* name : {"m", "v", "v1", "m"}) {
    v1::GetRecordRequest request;
    request.set_record_id(RecordNamed(name).str());
    v1::AccessEntry asked;
    asked.set_kind(v1::ACCESS_KIND_RECORD);
    asked.set_record_id(request.record_id());
    (void)log.Answer(leader, asked, [&](ShownParts* shown) {
      return room_.supervision->GetRecord(*leader.person, request, shown);
    });
    room_.now_ms += 60'000;
    log.Tick();
    while (room_.hub->RunOnce()) {
    }
  }
  const AccessReading reading(room_.directory.get(), room_.store.get(), room_.supervision.get(),
                              tests::CaseworkSchema().get());
  const auto read = [&](const std::string& user) {
    v1::ListAccessRequest request;
    request.set_unit_id("kv1");
    std::vector<std::string> rows;
    const auto response = reading.ListAccess(*Of(user), request);
    EXPECT_THAT(response, IsOk());
    for (const v1::AccessEntry& row : response->entries()) {
      rows.push_back(absl::StrCat(row.record_id().substr(0, row.record_id().find('.')), " ",
                                  row.number() == 0 ? "" : "numbered"));
    }
    return rows;
  };
  EXPECT_THAT(read("ngu"), ElementsAre("m numbered", "v1 numbered", "v numbered", "m numbered"));
  EXPECT_THAT(read("duoc"), ElementsAre("m ", "m "));
  EXPECT_THAT(Begin(&dam_), Applied());
  EXPECT_THAT(read("duoc"), ElementsAre("m ", "v1 ", "v ", "m "));
}

// A field that was empty is filled in: they had it, and are told.
TEST_F(HiddenDossiersTest, WhatBecomesASurpriseLaterLeavesThePhonesThatHadIt) {
  dam_.Write("v", {NewInspection("v"), Note("v1").Says("một")});
  Meet({&dam_});
  Everybody();
  EXPECT_THAT(Causes(), IsEmpty());
  // Another one came and went meanwhile, for which the unit's records were looked through.
  dam_.Write("m", {tests::NewCase("m")});
  Meet({&dam_, &phong_});
  ASSERT_THAT(Restrict("ngu", "m", {{"dam", 0}}), IsOk());
  Meet({&phong_});
  ASSERT_THAT(Open("ngu", "m"), IsOk());
  Meet({&phong_});
  EXPECT_THAT(HeldOf(phong_, {"m"}), SizeIs(1));
  que_.Write("v", {Note("v2").Says("Quế ghi khi chưa biết.")});
  que_.Write("v", {StepsTo("v", INSPECTION_STATE_IN_PROGRESS)});
  EXPECT_THAT(Write(&dam_, "v", Plans(OfInspection("v"), INSPECTION_PLANNING_SURPRISE)), Applied());
  EXPECT_THAT(Causes(), ElementsAre(v1::ACT_CAUSE_HIDDEN));
  EXPECT_EQ(NewestAct().set_by(), "dam");
  // What she saw counts, with its mark; to begin it is for others, so it stays hidden.
  Meet({&que_, &phong_});
  EXPECT_THAT(que_.outcomes().at(1), Applied());
  EXPECT_THAT(que_.outcomes().at(2), Refused(v1::REASON_WRITER_MAY_NOT, "had not heard of that"));
  for (const SealedPhone* phone : {&que_, &phong_}) {
    EXPECT_THAT(HeldOf(*phone, kVisit), IsEmpty());
    EXPECT_THAT(phone->removed_dossiers, ::testing::Contains(RecordNamed("v").str()));
  }
  EXPECT_THAT(Causes(), SizeIs(1));
  const auto born = room_.store->LoadRecord(RecordNamed("v2"));
  EXPECT_EQ(sync::UnawareOf(*room_.store->LoadAdmission("kv1", (*born)->position)), 3u);
  // Taken in by the leader, it begins, in the leader's name.
  EXPECT_THAT(TakeInOf("que", 2), IsOk());
  EXPECT_THAT(Causes(), ElementsAre(v1::ACT_CAUSE_HIDDEN, v1::ACT_CAUSE_BEGUN));
  EXPECT_EQ(NewestAct().set_by(), "ngu");
  EXPECT_EQ(Pull(&phong_), 3u);
}

TEST_F(HiddenDossiersTest, OfTwoWhoBeginItTheFirstOpensIt) {
  OpenSurprise();
  EXPECT_THAT(Write(&ngu_, "v", Assigns("pc1", "v", "que")), Applied());
  Meet({&dam_, &que_});
  que_.Write("v", {StepsTo("v", INSPECTION_STATE_IN_PROGRESS)});
  EXPECT_THAT(Begin(&dam_), Applied());
  Meet({&que_});
  EXPECT_THAT(Last(que_), Applied());
  EXPECT_THAT(Causes(), ElementsAre(v1::ACT_CAUSE_OPENED_HIDDEN, v1::ACT_CAUSE_UNSPECIFIED,
                                    v1::ACT_CAUSE_BEGUN));
  EXPECT_EQ(NewestAct().set_by(), "dam");
  EXPECT_EQ(NewestAct().number(), 3u);
}

TEST_F(HiddenDossiersTest, CancelledByTheLeaderItStaysHiddenWhoeverBeganItMeanwhile) {
  OpenSurprise();
  dam_.Write("v", {StepsTo("v", INSPECTION_STATE_IN_PROGRESS)});
  EXPECT_THAT(Write(&ngu_, "v", StepsTo("v", INSPECTION_STATE_CANCELLED)), Applied());
  Meet({&dam_});
  Everybody();
  EXPECT_THAT(Causes(), SizeIs(1));
  ExpectNothingTold(phong_);
  // Until somebody says otherwise.
  ASSERT_THAT(Open("ngu", "v"), IsOk());
  Everybody();
  EXPECT_THAT(HeldOf(phong_, kVisit), SizeIs(2));
}

TEST_F(HiddenDossiersTest, ABeginningThatIsHeldOpensItWhenItCounts) {
  dam_.Write("v", {Surprise("v")});
  Meet({&dam_});
  EXPECT_THAT(Write(&ngu_, "v", Assigns("pc1", "v", "que")), Applied());
  Meet({&dam_, &que_, &phong_});
  // Quế begins on top of what Đàm's phone has sent and the restored server has not.
  dam_.Write("v", {OfInspection("v").Set(Inspection::kPlaceFieldNumber, "Bãi Nổi")});
  v1::Change begins;
  begins.set_dossier_id(RecordNamed("v").str());
  v1::RecordEdit& edit = *begins.add_edits();
  edit.set_record_id(RecordNamed("v").str());
  edit.set_type("casework.v1.Inspection");
  edit.add_parents(dam_.Shown("v")->heads().front().str());
  *edit.add_ops() = tests::OnlyOp(StepsTo("v", INSPECTION_STATE_IN_PROGRESS));
  que_.Forge(begins);
  Meet({&que_});
  EXPECT_EQ(Last(que_).verdict(), v1::VERDICT_HELD);
  EXPECT_THAT(Causes(), SizeIs(2));
  ExpectNothingTold(phong_);
  Meet({&dam_});
  while (room_.hub->RunOnce()) {
  }
  EXPECT_EQ(NewestAct().cause(), v1::ACT_CAUSE_BEGUN);
  EXPECT_EQ(NewestAct().set_by(), "que");
  Meet({&phong_});
  EXPECT_THAT(HeldOf(phong_, kVisit), ElementsAre("v"));
}

}  // namespace
}  // namespace sotay::server
