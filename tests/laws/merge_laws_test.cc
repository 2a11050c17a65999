// The laws of docs/merge.md that speak of merging, each on its share of the random cases.  A
// failure prints the seed and the smallest past that still breaks the law.
#include <gtest/gtest.h>

#include "tests/laws/cases.h"
#include "tests/laws/laws.h"

namespace sotay::laws {
namespace {

void Hold(const Law& law, size_t per_mille) {
  size_t tried = 0;
  const auto violation = Try(law, FirstSeed(), CasesFor(per_mille), MakerOf<Replica>(), &tried);
  CountCases(tried);
  if (violation.has_value()) ADD_FAILURE() << Tell(law, *violation);
}

TEST(MergeLaws, M1_AChangeCountsOnce) { Hold(LawM1(), 100); }

TEST(MergeLaws, M2_ArrivalOrderDoesNotMatter) { Hold(LawM2(), 260); }

TEST(MergeLaws, M2_ArrivalOrderDoesNotMatterWhereSomeAreRefused) { Hold(LawM2WithRefusals(), 80); }

TEST(MergeLaws, M2_ArrivalOrderDoesNotMatterWhereKindsAreMuddled) {
  Hold(LawM2OfMuddledKinds(), 40);
}

TEST(MergeLaws, M2_EveryVersionIsTheOneByDefinition) { Hold(LawM2OfVersions(), 40); }

// Beside the cases of two to five devices: one that writes alone.
TEST(MergeLaws, M2_OneDeviceAloneAsWell) { Hold(LawM2OfOneDevice(), 10); }

TEST(MergeLaws, M3_SeenLosesAndUnseenNever) { Hold(LawM3(), 80); }

TEST(MergeLaws, M4_NothingIsLostInSilence) { Hold(LawM4(), 80); }

TEST(MergeLaws, M5_AddWins) { Hold(LawM5(), 80); }

TEST(MergeLaws, M6_StepsAddUp) { Hold(LawM6(), 60); }

TEST(MergeLaws, M7_EntriesStay) { Hold(LawM7(), 60); }

TEST(MergeLaws, M8_ClocksOnlyBreakTies) { Hold(LawM8(), 60); }

TEST(MergeLaws, M10_UnknownSurvives) { Hold(LawM10(), 60); }

TEST(MergeLaws, M11_OnePickSettles) { Hold(LawM11(), 60); }

TEST(MergeLaws, M13_StepsYieldToWorkTheyDidNotKnow) { Hold(LawM13(), 60); }

}  // namespace
}  // namespace sotay::laws
