// What somebody has changed in a text, told as splices by word, so that what others changed
// meanwhile in the words between is not in the way.
//
// A unit (text_units.h) is deleted or inserted whole: 4,2 made 4,5 is "4,2" out and "4,5" in.
// Words (units that begin with a letter, mark or number, and U+FFFC) are what is compared, by
// Myers's algorithm (sequence_diff.h): a space is alike anywhere, and would weigh as much as a word
// that was moved.  What stands between the words stays where the words around it do.
//
// - Where nothing between two words that stay is left of the words that stood there, it is one
//   splice; but a line goes with a line when both sides have as many, and a word with a word when
//   both have as many and no more than two.  Two words changed side by side are two splices, a
//   sentence written anew is one.
// - Words that stay, w of them in a row, are taken for chance and go with the words around them
//   when on either side of them, within the sentence, more than 2 w words went out and more than
//   2 w came in.
// - A conflict (U+FFFC) stays where it is and words move around it: nobody can type one.  As long
//   as `before` has no fewer of them than `after`, none is inserted.
// - What was inserted, or deleted, and could stand in several places, stands where it begins with
//   a sentence or a line; and takes the white space before it, not that after it.
//
// Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace sotay::v1 {
class TextEdit;
}

namespace sotay::sync {

// How long a difference is looked for (sequence_diff.h): some 900 words changed all over a text are
// found exactly, more by way of the words it has once; and the worst two texts of 256 KiB cost a
// few hundredths of a second.
constexpr int64_t kDiffSteps = int64_t{1} << 21;

// Longer tokens are no words of any language, but pasted data or a script without spaces: when one
// is made another, what they begin and end with alike stays, so that a change of a few characters
// does not carry the whole of it.
constexpr size_t kDiffWordBytesMax = 1'000;

// The splices that turn `before` into `after`, both strict UTF-8; none when they are equal.  Were
// there more than kSplicesMax, those with the least between them become one.  They stand in the
// order of the text; when a text on the way would be longer than kTextBytesMax, those that shorten
// it come first.
v1::TextEdit DiffText(absl::string_view before, absl::string_view after);

}  // namespace sotay::sync
