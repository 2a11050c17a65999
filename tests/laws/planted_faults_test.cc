// A judge that has never been red proves little.  Each law has its planted faults here, and
// each must be found out by the same judge that holds the product to the law.
#include <gtest/gtest.h>

#include <iostream>

#include "tests/laws/bending_replica.h"
#include "tests/laws/faulty_replica.h"
#include "tests/laws/laws.h"
#include "tests/laws/world.h"
#include "tests/laws/world_judges.h"

namespace sotay::laws {
namespace {

constexpr size_t kSeeds = 2'000;

template <typename Faulty>
void FindsOut(const Law& law) {
  size_t tried = 0;
  const auto violation = Try(law, 1, kSeeds, FaultyMakerOf<Faulty>(), &tried);
  ASSERT_TRUE(violation.has_value()) << law.name << ": not found in " << kSeeds << " seeds";
  EXPECT_FALSE(violation->what.find("stumbled") != std::string::npos) << violation->what;
  std::cout << law.name << ": found at seed " << violation->seed << ", "
            << violation->past.edits.size() << " edits\n";
}

TEST(PlantedFaults, M1_ADuplicateThatCounts) { FindsOut<CountsAgain>(LawM1()); }

TEST(PlantedFaults, M2_ArrivalWins) { FindsOut<ArrivalWins>(LawM2()); }
TEST(PlantedFaults, M2_ALogInOrderOfArrival) { FindsOut<LogByArrival>(LawM2()); }
TEST(PlantedFaults, M2_StateTiesBrokenByArrival) { FindsOut<StateByArrival>(LawM2()); }
TEST(PlantedFaults, M2_OnceTakesTheLatest) { FindsOut<OnceTakesTheLatest>(LawM2()); }
TEST(PlantedFaults, M2_ASetKeepsOneAuthorOfAValue) { FindsOut<SetKeepsOneAuthor>(LawM2()); }
TEST(PlantedFaults, M2_SeenIsNotJoined) { FindsOut<ToldOfOneAuthor>(LawM2()); }
TEST(PlantedFaults, M2_UnknownFieldsLeave) { FindsOut<DropsUnknown>(LawM2()); }
TEST(PlantedFaults, M2_WhatWasRefusedCounts) { FindsOut<AppliesRefused>(LawM2WithRefusals()); }
TEST(PlantedFaults, M2_TwoReplicasByArrival) { FindsOut<ArrivalWins>(LawM2OfMuddledKinds()); }

TEST(PlantedFaults, M2_AVersionIsShownAsOfToday) { FindsOut<ShowsTodayAsThen>(LawM2OfVersions()); }
TEST(PlantedFaults, M2_AVersionLacksItsDevicesOwn) {
  FindsOut<ForgetsOwnEditsOfThen>(LawM2OfVersions());
}

TEST(PlantedFaults, M3_WhatWasSeenIsForgotten) { FindsOut<ForgetsWhatWasSeen>(LawM3()); }
TEST(PlantedFaults, M3_WhatWasUnseenIsReplaced) { FindsOut<TakesAllAsSeen>(LawM3()); }

TEST(PlantedFaults, M4_TheLastOneWins) { FindsOut<TakesAllAsSeen>(LawM4()); }
TEST(PlantedFaults, M4_OnceTakesTheLatest) { FindsOut<OnceTakesTheLatest>(LawM4()); }
TEST(PlantedFaults, M4_NobodyIsNamed) { FindsOut<NamesNobody>(LawM4()); }
TEST(PlantedFaults, M4_UnknownTimesAreBelieved) { FindsOut<BelievesUnknownTimes>(LawM4()); }

TEST(PlantedFaults, M5_ARemovalEndsUnseenAdditions) { FindsOut<RemovesUnseen>(LawM5()); }

TEST(PlantedFaults, M6_EqualStepsCountOnce) { FindsOut<CountsEqualStepsOnce>(LawM6()); }
TEST(PlantedFaults, M6_DuplicatesCount) { FindsOut<CountsAgain>(LawM6()); }

TEST(PlantedFaults, M7_OldEntriesLeave) { FindsOut<ShortensLog>(LawM7()); }

TEST(PlantedFaults, M8_OldClocksLose) { FindsOut<OldClocksLose>(LawM8()); }

TEST(PlantedFaults, M10_UnknownFieldsLeave) { FindsOut<DropsUnknown>(LawM10()); }

TEST(PlantedFaults, M11_APickLeavesOthers) { FindsOut<PicksBlindly>(LawM11()); }

TEST(PlantedFaults, M13_TheStepStandsAllTheSame) { FindsOut<NeverYields>(LawM13()); }
TEST(PlantedFaults, M13_TheHistoryIsNotAsked) { FindsOut<DoesNotAskWhetherItYields>(LawM13()); }
TEST(PlantedFaults, M13_AnybodyDecides) { FindsOut<AnybodyDecides>(LawM13()); }
TEST(PlantedFaults, M13_ARequestFallsSilent) { FindsOut<FallsSilent>(LawM13()); }
TEST(PlantedFaults, M13_ARequestIsNotStored) { FindsOut<StoresNoRequests>(LawM13()); }

void FindsOut(const WorldWishes& wishes, WorldJudge judge) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    World world(seed, wishes);
    world.Run();
    const std::string what = judge(world);
    if (what.empty()) continue;
    std::cout << "found at seed " << seed << ": " << what.substr(0, 60) << "\n";
    return;
  }
  FAIL() << "not found in " << kSeeds << " seeds";
}

WorldWishes WithServer(ServerFault fault) {
  WorldWishes wishes;
  wishes.server_fault = fault;
  wishes.forging = fault == ServerFault::kSkipsQuarantine;
  return wishes;
}

WorldWishes WithPhones(DeviceFault fault, WorldWishes wishes = {}) {
  wishes.device_fault = fault;
  return wishes;
}

TEST(PlantedFaults, M1_AServerThatForgetsWhatItHas) {
  FindsOut(WithServer(ServerFault::kForgetsWhatItHas), JudgeWorldM1);
}
TEST(PlantedFaults, M1_AServerThatCountsFromOneAgain) {
  FindsOut(WithServer(ServerFault::kRenumbers), JudgeWorldM1);
}
TEST(PlantedFaults, M2_AServerThatKeepsWinnersOnly) {
  FindsOut(WithServer(ServerFault::kDropsLosers), JudgeWorldM2);
}
TEST(PlantedFaults, M4_AServerThatLosesWhatItRefuses) {
  FindsOut(WithServer(ServerFault::kSkipsQuarantine), JudgeWorldM4);
}
TEST(PlantedFaults, M8_AServerThatBelievesEveryClock) {
  FindsOut(WithServer(ServerFault::kBelievesEveryClock), JudgeWorldM8);
}
TEST(PlantedFaults, M9_PendingLaidOnWithoutContext) {
  FindsOut(WithPhones(DeviceFault::kLaysWithoutContext), JudgeWorldM9);
}
TEST(PlantedFaults, M9_PendingLaidOnBackward) {
  FindsOut(WithPhones(DeviceFault::kLaysBackward), JudgeWorldM9);
}
TEST(PlantedFaults, M9_APhoneThatKeepsWhatItHad) {
  FindsOut(WithPhones(DeviceFault::kKeepsOldBases), JudgeWorldM9);
}
TEST(PlantedFaults, M9_APhoneThatForgetsItsOutbox) {
  FindsOut(WithPhones(DeviceFault::kForgetsItsOutbox), JudgeWorldM9);
}

// Phones that compose on a screen that is wrong: what they send is refused, or stands otherwise.
WorldWishes OneText() {
  WorldWishes wishes;
  wishes.fields = {kBody};
  wishes.records_max = 1;
  return wishes;
}

TEST(PlantedFaults, Honesty_APhoneThatForgetsItsOutbox) {
  FindsOut(WithPhones(DeviceFault::kForgetsItsOutbox, OneText()), JudgeWorldHonesty);
}
TEST(PlantedFaults, Words_APhoneThatForgetsItsOutbox) {
  FindsOut(WithPhones(DeviceFault::kForgetsItsOutbox, OneText()), JudgeWorldWords);
}

}  // namespace
}  // namespace sotay::laws
