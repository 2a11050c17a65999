#include "tests/text/naive_words.h"

#include "sync/unicode.h"

namespace sotay::tests {
namespace {

constexpr char32_t kJoiner = 0x200D;

bool JoinsDigits(const std::u32string& text, size_t i) {
  return i > 0 && i + 1 < text.size() &&
         std::u32string(U",./:+").find(text[i]) != std::u32string::npos &&
         sync::IsDigit(text[i - 1]) && sync::IsDigit(text[i + 1]);
}

bool EndsSentence(char32_t scalar) {
  return scalar == '.' || scalar == '!' || scalar == '?' || scalar == 0x2026;
}

}  // namespace

// Whether place i - 1 and place i are joined; there is none before the first or after the last.
bool NaiveJoined(const std::u32string& text, size_t i) {
  if (i == 0 || i >= text.size()) return false;
  const char32_t a = text[i - 1];
  const char32_t b = text[i];
  if (a == kNaiveSpan || b == kNaiveSpan) return false;
  if (sync::IsWordScalar(a) && sync::IsWordScalar(b)) return true;
  if (JoinsDigits(text, i - 1) || JoinsDigits(text, i)) return true;
  return sync::IsExtender(b) || a == kJoiner ||
         (sync::IsRegionalIndicator(a) && sync::IsRegionalIndicator(b)) || (a == '\r' && b == '\n');
}

// The first place of the token that holds the place.
size_t NaiveTokenBegin(const std::u32string& text, size_t place) {
  while (NaiveJoined(text, place)) --place;
  return place;
}

// The place after the last of the token that holds the place.
size_t NaiveTokenEnd(const std::u32string& text, size_t place) {
  while (NaiveJoined(text, place + 1)) ++place;
  return place + 1;
}

// Whether there is a break before place i.
bool NaiveBreak(const std::u32string& text, size_t i) {
  if (i == 0 || i == text.size()) return true;
  if (sync::IsNewline(text[i - 1]) || sync::IsNewline(text[i])) return true;
  size_t back = i;
  while (back > 0 && sync::IsWhite(text[back - 1])) --back;
  return (back == 0 || EndsSentence(text[back - 1])) &&
         (sync::IsWhite(text[i - 1]) || sync::IsWhite(text[i]));
}

// The nearest break before that before place i.
size_t NaiveBreakBefore(const std::u32string& text, size_t i) {
  --i;
  while (!NaiveBreak(text, i)) --i;
  return i;
}

size_t NaiveBreakAfter(const std::u32string& text, size_t i) {
  ++i;
  while (!NaiveBreak(text, i)) ++i;
  return i;
}

}  // namespace sotay::tests
