// What kind of character a Unicode scalar value is, as far as words and sentences ask
// (docs/words.md). Fixed to one version of Unicode: all peers must cut words alike.  Pure; any
// thread.
#pragma once

namespace sotay::sync {

// Letters, marks and numbers (L*, M*, N*); code points not assigned in that version may be either.
bool IsWordScalar(char32_t scalar);
// A decimal digit of any script (Nd).
bool IsDigit(char32_t scalar);
// What goes on the character before it: marks (M*, variation selectors among them), U+200C, U+200D,
// emoji modifiers and tags.
bool IsExtender(char32_t scalar);
bool IsRegionalIndicator(char32_t scalar);
bool IsWhite(char32_t scalar);
bool IsNewline(char32_t scalar);

}  // namespace sotay::sync
