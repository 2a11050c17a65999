// How many cases a law is tried on, and how many were.
#pragma once

#include <cstddef>

namespace sotay::laws {

// The share of one law that is worth `per_mille` of all cases: SOTAY_CASES, or a million.
size_t CasesFor(size_t per_mille);

// Counts cases tried; the sum is printed as "cases: N" when the program ends.
void CountCases(size_t tried);

}  // namespace sotay::laws
