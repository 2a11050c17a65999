#include "tests/stories/orders.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <random>
#include <string_view>

#include "tests/e2e/office.h"

namespace sotay::tests {
namespace {

size_t HowMany(size_t phones) { return phones < 2 ? 1 : phones * HowMany(phones - 1); }

}  // namespace

std::vector<size_t> OrdersOf(size_t phones) {
  constexpr size_t kDrawn = 6, kAtMost = 24;
  const char* const asked = std::getenv("SOTAY_ORDERS");
  const bool all = asked != nullptr && std::string_view(asked) == "all";
  std::vector<size_t> orders(HowMany(phones));
  std::iota(orders.begin(), orders.end(), size_t{0});
  const size_t wanted = std::min(orders.size(), all ? kAtMost : kDrawn);
  if (wanted == orders.size()) return orders;
  std::mt19937_64 chance(SeedOr(1));
  for (size_t i = 0; i < wanted; ++i) {
    std::swap(orders[i], orders[i + chance() % (orders.size() - i)]);
  }
  orders.resize(wanted);
  return orders;
}

std::vector<std::string> InOrder(std::vector<std::string> names, size_t order) {
  std::sort(names.begin(), names.end());
  for (size_t i = order % HowMany(names.size()); i > 0; --i) {
    std::next_permutation(names.begin(), names.end());
  }
  return names;
}

bool Before(const std::vector<std::string>& names, const std::string& one,
            const std::string& other) {
  const auto first = std::find_if(names.begin(), names.end(), [&](const std::string& name) {
    return name == one || name == other;
  });
  return first != names.end() && *first == one;
}

}  // namespace sotay::tests
