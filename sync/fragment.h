// Wire fragments: the occurrences of one field, tag included, exactly as they stand in a
// serialised message.  A record's content is the concatenation of its fields' fragments, so
// values move through merging, storage and newer or older builds without being understood.
// Encoding: protobuf wire format (protobuf.dev, "Encoding").  Pure; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "sync/schema.h"

namespace sotay::sync {

// One occurrence of a field.
struct Occurrence {
  uint32_t number = 0;
  int wire_type = 0;          // 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes
  uint64_t varint = 0;        // of wire type 0
  absl::string_view payload;  // of wire type 2
  absl::string_view whole;    // tag and value
};

// Takes the first occurrence off `bytes`.  False at the end and on malformed bytes (groups,
// numbers out of range, varints longer than needed, lengths past the end); then `bytes` is
// empty in the first case only.
bool NextOccurrence(absl::string_view* bytes, Occurrence* occurrence);

// Whether `fragment` is a well-formed value of `field`: one occurrence of the right number
// and type (none where `may_clear`), strings in UTF-8, messages parsed to a depth of at most
// kNestingMax, sizes within the field's bounds, and for a map field an entry of exactly
// `key`.  kInvalidArgument says what is wrong, never the value.
absl::Status CheckFragment(const Schema& schema, const RecordType& type, const FieldType& field,
                           absl::string_view key, absl::string_view fragment, bool may_clear);

// Whether `fragment` is well-formed occurrences of `number`, for fields no schema knows.
absl::Status CheckUnknownFragment(uint32_t number, absl::string_view fragment);

// Fragments of single values.
std::string StringFragment(uint32_t number, absl::string_view text);
std::string VarintFragment(uint32_t number, uint64_t value);
// The fragment of a counter's sum; for a map field the entry of `key`.
std::string CounterFragment(const FieldType& field, absl::string_view key, int64_t total);

// The value of a one-occurrence string or bytes fragment; empty for an empty fragment;
// nothing when it is something else.
absl::optional<absl::string_view> StringOf(absl::string_view fragment);
// The value of a one-occurrence varint fragment; 0 for an empty one.
absl::optional<uint64_t> VarintOf(absl::string_view fragment);

}  // namespace sotay::sync
