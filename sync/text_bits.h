// A set of elements of a TextTree, one bit each.  Value; one thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "sync/text_span.h"

namespace sotay::sync {

class TextBits {
 public:
  uint32_t size() const { return size_; }
  // Elements past the end are not in it.
  bool Has(uint32_t element) const {
    return element < size_ && (words_[element / 64] >> (element % 64) & 1) != 0;
  }
  bool HasAll(TextSpan span) const {
    const uint32_t end = span.first + span.length;
    return end <= size_ && Next<false>(span.first, end) == end;
  }
  uint32_t Count() const {
    uint32_t count = 0;
    for (uint64_t word : words_) count += static_cast<uint32_t>(__builtin_popcountll(word));
    return count;
  }
  // New ones are not in it.
  void Resize(uint32_t size) {
    size_ = size;
    words_.resize((size + 63) / 64, 0);
  }
  // The first of `span` that is in the set; its end when none is.
  uint32_t FirstIn(TextSpan span) const {
    const uint32_t end = span.first + span.length;
    const uint32_t known = std::min(end, size_);
    const uint32_t first = Next<true>(span.first, known);
    return first < known ? first : end;
  }
  void Add(TextSpan span) { Change<true>(span); }
  void Remove(TextSpan span) { Change<false>(span); }

  // Calls `visit(TextSpan)` for each run of `span` that is in the set, in order.
  template <typename Visit>
  void VisitIn(TextSpan span, const Visit& visit) const {
    const uint32_t end = std::min(span.first + span.length, size_);
    for (uint32_t at = Next<true>(span.first, end); at < end;) {
      const uint32_t past = Next<false>(at, end);
      visit(TextSpan{at, past - at});
      at = Next<true>(past, end);
    }
  }

 private:
  template <bool kIn>
  void Change(TextSpan span) {
    const uint32_t end = span.first + span.length;
    for (uint32_t at = span.first; at < end;) {
      const uint32_t count = std::min(64 - at % 64, end - at);
      const uint64_t mask = (count == 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1) << at % 64;
      uint64_t& word = words_[at / 64];
      word = kIn ? word | mask : word & ~mask;
      at += count;
    }
  }

  // The first from `at` on that is in it, or is not; `end` when there is none before it.
  template <bool kIn>
  uint32_t Next(uint32_t at, uint32_t end) const {
    while (at < end) {
      const uint64_t word = (kIn ? words_[at / 64] : ~words_[at / 64]) >> at % 64;
      if (word != 0) return std::min(end, at + static_cast<uint32_t>(__builtin_ctzll(word)));
      at += 64 - at % 64;
    }
    return end;
  }

  uint32_t size_ = 0;
  std::vector<uint64_t> words_;
};

}  // namespace sotay::sync
