// The laws of docs/merge.md that speak of merging, each on its share of the random cases.  A
// failure prints the seed and the smallest past that still breaks the law.
#include <gtest/gtest.h>

#include "tests/laws/cases.h"
#include "tests/laws/judges.h"

namespace sotay::laws {
namespace {

void Hold(const Law& law, size_t per_mille) {
  size_t tried = 0;
  const auto violation = Try(law, 1, CasesFor(per_mille), MakerOf<Replica>(), &tried);
  CountCases(tried);
  if (violation.has_value()) ADD_FAILURE() << Tell(law, *violation);
}

PastWishes Writing(std::vector<uint32_t> fields) {
  PastWishes wishes;
  wishes.fields = std::move(fields);
  return wishes;
}

PastWishes WithRefusals() {
  PastWishes wishes;
  wishes.refused_percent = 20;
  return wishes;
}

// Fields that keep every reading, written over and over.
PastWishes Disagreeing() {
  return Writing({kName, kRemarks, kBody, kStage, kForeignRegister, kForeignMap, kForeignText});
}

TEST(MergeLaws, M1_AChangeCountsOnce) { Hold({"M1", JudgeM1, {}}, 100); }

TEST(MergeLaws, M2_ArrivalOrderDoesNotMatter) { Hold({"M2", JudgeM2, {}}, 280); }

TEST(MergeLaws, M2_ArrivalOrderDoesNotMatterWhereSomeAreRefused) {
  Hold({"M2", JudgeM2, WithRefusals()}, 80);
}

TEST(MergeLaws, M2_EveryVersionIsTheOneByDefinition) {
  Hold({"M2", JudgeM2Versions, WithRefusals()}, 40);
}

TEST(MergeLaws, M2_ArrivalOrderDoesNotMatterWhereKindsAreMuddled) {
  Hold({"M2", JudgeM2Orders, Writing({kMuddled, kName})}, 40);
}

TEST(MergeLaws, M3_SeenLosesAndUnseenNever) { Hold({"M3", JudgeM3, Disagreeing()}, 80); }

TEST(MergeLaws, M4_NothingIsLostInSilence) {
  PastWishes wishes = Disagreeing();
  wishes.fields.push_back(kNumber);
  Hold({"M4", JudgeM4, wishes}, 80);
}

TEST(MergeLaws, M5_AddWins) {
  Hold({"M5", JudgeM5, Writing({kTags, kSeals, kForeignSet})}, 80);
}

TEST(MergeLaws, M6_StepsAddUp) {
  Hold({"M6", JudgeM6, Writing({kPages, kCopies, kForeignCounter})}, 60);
}

TEST(MergeLaws, M7_EntriesStay) { Hold({"M7", JudgeM7, Writing({kHands, kForeignLog})}, 60); }

TEST(MergeLaws, M8_ClocksOnlyBreakTies) {
  Hold({"M8", JudgeM8,
        Writing({kName, kRemarks, kColour, kTags, kHands, kPages, kStage, kNumber, kSeals,
                 kForeignRegister, kForeignSet})},
       60);
}

TEST(MergeLaws, M10_UnknownSurvives) { Hold({"M10", JudgeM10, {}}, 60); }

TEST(MergeLaws, M11_OnePickSettles) { Hold({"M11", JudgeM11, Disagreeing()}, 60); }

}  // namespace
}  // namespace sotay::laws
