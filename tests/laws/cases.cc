#include "tests/laws/cases.h"

#include <cstdlib>
#include <iostream>

namespace sotay::laws {
namespace {

struct Counter {
  ~Counter() { std::cout << "cases: " << tried << std::endl; }
  size_t tried = 0;
};

Counter counter;

}  // namespace

size_t CasesFor(size_t per_mille) {
  const char* wanted = std::getenv("SOTAY_CASES");
  const size_t all = wanted == nullptr ? 1'000'000 : std::strtoull(wanted, nullptr, 10);
  return all * per_mille / 1'000 + 1;
}

uint64_t FirstSeed() {
  const char* wanted = std::getenv("SOTAY_SEED");
  return wanted == nullptr ? 1 : std::strtoull(wanted, nullptr, 10);
}

std::string HowToRepeat(uint64_t seed) {
  return "seed " + std::to_string(seed) + " (SOTAY_SEED=" + std::to_string(seed) +
         " SOTAY_CASES=1 tries it alone)";
}

void CountCases(size_t tried) { counter.tried += tried; }

}  // namespace sotay::laws
