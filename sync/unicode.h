// What kind of character a Unicode scalar value is, as far as words and sentences ask
// (docs/words.md). Fixed to one version of Unicode: all peers must cut words alike.  Pure; any
// thread.
#pragma once

namespace sotay::sync {

bool IsWordPastAscii(char32_t scalar);
// Letters, marks and numbers (L*, M*, N*); code points not assigned in that version may be either.
inline bool IsWordScalar(char32_t scalar) {
  if (scalar >= 0x80) return IsWordPastAscii(scalar);
  return (scalar >= 'a' && scalar <= 'z') || (scalar >= 'A' && scalar <= 'Z') ||
         (scalar >= '0' && scalar <= '9');
}
// A decimal digit of any script (Nd).
bool IsDigit(char32_t scalar);
// What goes on the character before it: marks (M*, variation selectors among them), U+200C, U+200D,
// emoji modifiers and tags.
bool IsExtender(char32_t scalar);
bool IsRegionalIndicator(char32_t scalar);
inline bool IsNewline(char32_t scalar) {
  return scalar == '\n' || scalar == '\r' || scalar == 0x2028 || scalar == 0x2029;
}
inline bool IsWhite(char32_t scalar) {
  if (scalar < 0x85) return scalar == ' ' || scalar == '\t' || IsNewline(scalar);
  return scalar == 0x85 || scalar == 0xA0 || scalar == 0x1680 || scalar == 0x202F ||
         scalar == 0x205F || scalar == 0x3000 || (scalar >= 0x2000 && scalar <= 0x200A) ||
         IsNewline(scalar);
}

}  // namespace sotay::sync
