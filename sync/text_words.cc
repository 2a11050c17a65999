#include "sync/text_words.h"

#include "sync/unicode.h"

namespace sotay::sync {

bool JoinsDigits(char32_t scalar) {
  return scalar == ',' || scalar == '.' || scalar == '/' || scalar == ':' || scalar == '+';
}

bool Joined(char32_t before_a, char32_t a, char32_t b, char32_t after_b) {
  if (a == kSpanScalar || b == kSpanScalar) return false;
  if (IsWordScalar(a) && IsWordScalar(b)) return true;
  if (JoinsDigits(b) && IsDigit(a) && IsDigit(after_b)) return true;
  if (JoinsDigits(a) && IsDigit(b) && IsDigit(before_a)) return true;
  return IsExtender(b) || a == 0x200D || (IsRegionalIndicator(a) && IsRegionalIndicator(b)) ||
         (a == '\r' && b == '\n');
}

}  // namespace sotay::sync
