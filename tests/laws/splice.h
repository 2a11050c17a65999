// The oracle's own hand on text and on wire bytes, apart from the product's: UTF-8 taken apart
// into scalar values and put together again, one value at a time.  Pure; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "absl/types/optional.h"
#include "sotay/v1/change.pb.h"

namespace sotay::laws {

// The scalar values of a UTF-8 text, and back.
std::u32string Scalars(const std::string& utf8);
std::string Utf8(const std::u32string& scalars);

// The text after an edit; nothing when the edit does not fit it.
absl::optional<std::string> Splice(const std::string& before, const v1::TextEdit& edit);

// The wire fragment of a string field; empty for an empty text.
std::string TextFragment(uint32_t field, const std::string& text);
// The wire fragment of a number.
std::string NumberFragment(uint32_t field, uint64_t number);
// The wire fragment of a map's entry: a string under a string.
std::string EntryFragment(uint32_t field, const std::string& key, const std::string& value);
// The number in a fragment of one varint; 0 when it is empty.
uint64_t VarintIn(const std::string& fragment);

}  // namespace sotay::laws
