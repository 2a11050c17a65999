// Hostile histories in which many people meet: each stands for a cost that grew with the square of
// how many they are, or of how many places they meet at.
#pragma once

#include <vector>

#include "tests/bench/text/hostile.h"

namespace sotay::bench {

std::vector<HostileText (*)()> HostileCrowds();

}  // namespace sotay::bench
