// Small arithmetic over measurements.  Pure; any thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace sotay::bench {

// The value below which `share` (0 to 1) of the measurements lie; 0 when there are none.
inline double Percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const double place = share * static_cast<double>(values.size() - 1);
  const size_t below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, values.size() - 1);
  const double rest = place - static_cast<double>(below);
  return values[below] * (1 - rest) + values[above] * rest;
}

inline double Median(std::vector<double> values) { return Percentile(std::move(values), 0.5); }

}  // namespace sotay::bench
