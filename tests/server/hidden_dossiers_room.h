// An office with surprise inspections, for tests of them.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "casework/v1/inspection.pb.h"
#include "tests/server/assignments_room.h"

namespace sotay::server {

inline const std::vector<std::string> kVisit = {"v", "v1", "v2"};

inline tests::Wish OfInspection(absl::string_view name) {
  return tests::Wish(name, "casework.v1.Inspection");
}
inline tests::Wish NewInspection(absl::string_view name) {
  return OfInspection(name)
      .SetNumber(casework::v1::Inspection::kKindFieldNumber,
                 casework::v1::INSPECTION_KIND_CUSTODY_PLACE)
      .Set(casework::v1::Inspection::kTargetBodyFieldNumber, "Nhà tạm giữ Công an xã Bãi Nổi");
}
inline tests::Wish Plans(tests::Wish wish, casework::v1::InspectionPlanning planning) {
  return wish.SetNumber(casework::v1::Inspection::kPlannedFieldNumber,
                        static_cast<uint64_t>(planning));
}
inline tests::Wish Surprise(absl::string_view name) {
  return Plans(NewInspection(name), casework::v1::INSPECTION_PLANNING_SURPRISE);
}
inline tests::Wish StepsTo(absl::string_view name, casework::v1::InspectionState state) {
  return OfInspection(name).SetNumber(casework::v1::Inspection::kStateFieldNumber,
                                      static_cast<uint64_t>(state));
}

// Đàm opens them, Quế and Phong are of the unit, the deputy is of another field of work.
class HiddenDossiersRoom : public AssignmentsOffice {
 protected:
  // Đàm's, with a note; his colleagues have been here since.
  void OpenSurprise() {
    dam_.Write("v", {Surprise("v"), tests::Note("v1").Says("Dự kiến đến lúc 6 giờ.")});
    Meet({&dam_});
    Everybody();
  }
  v1::ChangeOutcome Begin(tests::SealedPhone* phone, const std::string& dossier = "v") {
    return Write(phone, dossier, StepsTo(dossier, casework::v1::INSPECTION_STATE_IN_PROGRESS));
  }
  // The acts about it, by cause.
  std::vector<v1::ActCause> Causes(const std::string& dossier = "v") {
    std::vector<v1::ActCause> causes;
    const auto acts = room_.directory->DossiersOf("kv1");
    if (acts == nullptr) return causes;
    for (const v1::DossierAct& act : acts->all()) {
      if (act.dossier_id() == tests::RecordNamed(dossier).str()) causes.push_back(act.cause());
    }
    return causes;
  }
  const v1::DossierAct& NewestAct() { return room_.directory->DossiersOf("kv1")->all().back(); }
  void ExpectNothingTold(const tests::SealedPhone& phone) {
    EXPECT_THAT(HeldOf(phone, kVisit), ::testing::IsEmpty()) << phone.user_id();
    EXPECT_THAT(phone.removed_dossiers, ::testing::IsEmpty()) << phone.user_id();
    EXPECT_THAT(Listed(phone.user_id()), ::testing::IsEmpty());
    EXPECT_EQ(Asked(phone.user_id(), "v"), Asked(phone.user_id(), "no such"));
    EXPECT_EQ(Asked(phone.user_id(), "v1"), Asked(phone.user_id(), "no such"));
    EXPECT_THAT(room_.supervision->ListConflicts(*Of(phone.user_id()), {})->records(),
                ::testing::IsEmpty());
    EXPECT_THAT(Acts(phone.user_id(), /*history=*/true), ::testing::IsEmpty());
  }
};

}  // namespace sotay::server
