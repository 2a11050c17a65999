// Words and sentences as docs/words.md has them, place by place.  A text is the bare text of a row:
// a span is U+FFFC.  Pure.
#pragma once

#include <cstddef>
#include <string>

namespace sotay::tests {

constexpr char32_t kNaiveSpan = 0xFFFC;

// Whether place i - 1 and place i are joined; there is none before the first or after the last.
bool NaiveJoined(const std::u32string& text, size_t i);
// The first place of the token that holds the place, and the place after its last.
size_t NaiveTokenBegin(const std::u32string& text, size_t place);
size_t NaiveTokenEnd(const std::u32string& text, size_t place);
// Whether there is a break before place i; the nearest one before that, and after it.
bool NaiveBreak(const std::u32string& text, size_t i);
size_t NaiveBreakBefore(const std::u32string& text, size_t i);
size_t NaiveBreakAfter(const std::u32string& text, size_t i);

}  // namespace sotay::tests
