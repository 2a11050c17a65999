// Stretches of a text that share a character are one.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

namespace sotay::sync {

// Joins stretches that share a character; `join(a, b)` puts b into a.
template <typename T, typename Join>
void JoinMeeting(std::vector<T>* all, const Join& join) {
  std::sort(all->begin(), all->end(), [](const T& a, const T& b) { return a.low < b.low; });
  size_t kept = 0;
  for (size_t i = 1; i < all->size(); ++i) {
    if ((*all)[i].low <= (*all)[kept].high) {
      (*all)[kept].high = std::max((*all)[kept].high, (*all)[i].high);
      join(&(*all)[kept], (*all)[i]);
    } else {
      ++kept;
      if (kept != i) (*all)[kept] = std::move((*all)[i]);
    }
  }
  if (!all->empty()) all->resize(kept + 1);
}

}  // namespace sotay::sync
