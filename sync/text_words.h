// Words and sentences in a row of characters (docs/words.md).  A conflict in a row is one
// U+FFFC, joined to nothing.  Pure; any thread.
//
// A row is asked through `at(i)`, the scalar value at place i, for i below `size`.
#pragma once

#include <cstddef>

#include "sync/unicode.h"

namespace sotay::sync {

constexpr char32_t kSpanScalar = 0xFFFC;

// Whether a and b, side by side, are of one token; the outer two are their neighbours, 0 where
// there is none.
bool Joined(char32_t before_a, char32_t a, char32_t b, char32_t after_b);

// Whether `scalar` joins the two digits it stands between.
bool JoinsDigits(char32_t scalar);

// Whether a sentence may end with `scalar`, white space following.
inline bool EndsSentence(char32_t scalar) {
  return scalar == '.' || scalar == '!' || scalar == '?' || scalar == 0x2026;
}

// Whether the places i − 1 and i are of one token.
template <typename At>
bool JoinedAt(const At& at, size_t size, size_t i) {
  if (i == 0 || i >= size) return false;
  const char32_t a = at(i - 1);
  const char32_t b = at(i);
  if (IsWordScalar(a) && IsWordScalar(b)) return true;  // most are, and nothing else is asked
  return Joined(i >= 2 ? at(i - 2) : 0, a, b, i + 1 < size ? at(i + 1) : 0);
}

}  // namespace sotay::sync
