// What two sequences have in common, in order: a longest common subsequence, found by the
// linear-space divide and conquer of E. Myers, "An O(ND) Difference Algorithm and Its Variations",
// Algorithmica 1 (1986), section 4b.  Memory is linear, time O((N + M) D) for D differences.
//
// D is the writer's to choose, so the work is counted and capped.  A stretch on which it runs out
// is cut at the elements that each side of it has exactly once, as far as they stand in the same
// order (B. Cohen's "patience diff"), and what lies between these gets what work is left, by its
// size; where that does not do either, nothing in common is found.  No clocks, no chance: equal
// inputs have equal answers everywhere.  Pure; any thread.
#pragma once

#include <cstdint>
#include <vector>

namespace sotay::sync {

// Element `a` of the one is element `b` of the other.
struct Match {
  uint32_t a;
  uint32_t b;
};

// Ascending in both.  `steps` is how much work may be done, and afterwards what was left of it:
// one step is one diagonal looked at in one round, or one more element on it.  It is overdrawn by
// no more than the length of both; besides it there is one pass over either, and a sort of them
// when work ran out.  Elements are small numbers: a table is as long as the largest.
std::vector<Match> CommonSubsequence(const std::vector<uint32_t>& a, const std::vector<uint32_t>& b,
                                     int64_t* steps);

}  // namespace sotay::sync
