// How many cases a law is tried on, which, and how many were.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace sotay::laws {

// The share of one law that is worth `per_mille` of all cases: SOTAY_CASES, or a million.
size_t CasesFor(size_t per_mille);

// The seed of the first case, the next ones follow it: SOTAY_SEED, or 1.  A soak names another each
// time; a failure says which to name, and SOTAY_CASES=1, for that case alone.
uint64_t FirstSeed();
// What to say of a case that failed.
std::string HowToRepeat(uint64_t seed);

// Counts cases tried; the sum is printed as "cases: N" when the program ends.
void CountCases(size_t tried);

}  // namespace sotay::laws
