// UTF-8 text as Unicode scalar values, and edits on it.  Positions count scalar values
// everywhere in sotay: bytes would cut letters, UTF-16 units would cut pairs, and graphemes
// change with every Unicode version.  No normalisation here: text is NFC when it enters
// (mobile-sdk), and what was hashed is never touched.  Pure; any thread.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace sotay::v1 {
class TextEdit;
}

namespace sotay::sync {

// Number of scalar values; nothing when `text` is not strict UTF-8 (overlong forms and
// surrogates are refused).
absl::optional<size_t> ScalarCount(absl::string_view text);

// The scalar values of `text` are appended to `scalars`; false, and nothing appended, when it is
// not strict UTF-8.
bool DecodeUtf8(absl::string_view text, std::u32string* scalars);
// Appends a scalar value as UTF-8; or so many in a row, which is sooner done.
void AppendScalar(char32_t scalar, std::string* text);
void AppendScalars(const char32_t* scalars, size_t count, std::string* text);

// Byte at which strict UTF-8 ends; text.size() when all of it is.
size_t Utf8Prefix(absl::string_view text);

// Whether no letter carries more than kMarksPerLetterMax combining marks.
bool MarksWithinLimit(absl::string_view text);

// UTF-16 units before scalar `position`, for bindings that count so; nothing past the end.
absl::optional<size_t> Utf16Offset(absl::string_view text, size_t position);

// Scalar position of UTF-16 offset `units`; nothing past the end or inside a pair.
absl::optional<size_t> ScalarPosition(absl::string_view text, size_t units);

// Scalar values the edit inserts; its insertions are UTF-8.
uint64_t TypedIn(const v1::TextEdit& edit);

// The text after `edit`.  Fails with kInvalidArgument when length_before, a position or a
// length does not fit, an insertion is not UTF-8 or holds U+FFFC (which stands for a conflict,
// docs/words.md), or a limit is passed.
absl::StatusOr<std::string> ApplyTextEdit(absl::string_view text, const v1::TextEdit& edit);

}  // namespace sotay::sync
