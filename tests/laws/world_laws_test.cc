// The laws over whole worlds: phones and a server made of the product's own decisions.  A
// failure prints the seed, the complaint and the story.
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "tests/laws/cases.h"
#include "tests/laws/world.h"
#include "tests/laws/world_judges.h"

namespace sotay::laws {
namespace {

void Hold(const WorldWishes& wishes, WorldJudge judge, size_t per_mille) {
  size_t judged = 0;
  const size_t wanted = CasesFor(per_mille);
  for (uint64_t seed = FirstSeed(); judged < wanted; ++seed) {
    World world(seed, wishes);
    world.Run();
    judged += std::max<size_t>(world.server().pasts().size(), 1);
    const std::string what = judge(world);
    if (what.empty()) continue;
    ADD_FAILURE() << HowToRepeat(seed) << ": " << what << "\n"
                  << absl::StrJoin(world.story(), "\n");
    break;
  }
  CountCases(judged);
}

TEST(WorldLaws, HoldWhereClocksAreRight) {
  WorldWishes wishes;
  wishes.clocks_lie = false;
  Hold(wishes, JudgeWorld, 4);
}

TEST(WorldLaws, HoldWhereClocksLie) { Hold({}, JudgeWorld, 4); }

TEST(WorldLaws, HoldWherePhonesForge) {
  WorldWishes wishes;
  wishes.forging = true;
  Hold(wishes, JudgeWorld, 4);
}

TEST(WorldLaws, HoldWhereWhatWasRefusedIsTakenIn) {
  WorldWishes wishes;
  wishes.deciding = true;
  Hold(wishes, JudgeWorld, 6);
  wishes.forging = true;
  Hold(wishes, JudgeWorld, 2);
  // And much of it is: a law of worlds in which nobody decides anything would hold as well.
  size_t taken_in = 0;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    World world(seed, wishes);
    world.Run();
    taken_in += world.taken_in();
  }
  EXPECT_GT(taken_in, 50u);
}

TEST(WorldLaws, HoldWhereBuildsDiffer) {
  WorldWishes wishes;
  wishes.mixed_builds = true;
  Hold(wishes, JudgeWorld, 4);
}

// Phones that write one text, or take one another's steps, while the answers are on the way.
WorldWishes Crossing(std::vector<uint32_t> fields, bool clocks_lie) {
  WorldWishes wishes;
  wishes.clocks_lie = clocks_lie;
  wishes.fields = std::move(fields);
  wishes.records_max = 1;
  return wishes;
}

TEST(WorldLaws, NothingHonestIsRefusedWhereClocksAreRight) {
  Hold(Crossing({kBody}, false), JudgeWorldHonesty, 4);
  Hold(Crossing({kStage}, false), JudgeWorldHonesty, 4);
  Hold(Crossing({kCourse, kCourse, kName}, false), JudgeWorldHonesty, 4);
}

TEST(WorldLaws, NothingHonestIsRefusedWhereClocksLie) {
  Hold(Crossing({kBody}, true), JudgeWorldHonesty, 4);
  Hold(Crossing({kStage}, true), JudgeWorldHonesty, 4);
  Hold(Crossing({kCourse, kCourse, kName}, true), JudgeWorldHonesty, 4);
}

TEST(WorldLaws, WhatWasTypedStandsAsTyped) {
  Hold(Crossing({kBody}, false), JudgeWorldWords, 4);
  Hold(Crossing({kBody}, true), JudgeWorldWords, 4);
}

}  // namespace
}  // namespace sotay::laws
