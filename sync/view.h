// What a person sees of a record: its content as one protobuf message, the fields on which
// people disagree, and a fingerprint by which two replicas compare.  Pure; any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "sync/merged_record.h"
#include "sync/schema.h"

namespace sotay::sync {

// The shown content, serialised: the concatenation of what is in force in each field, in
// order of field number and key, fields of unknown meaning included.
std::string ContentBytes(const MergedRecord& record);
// The same without what the server assigned, which its author had not before them.
std::string WrittenBytes(const MergedRecord& record);

// The same as a message of the record's type, for reflection; null when no schema knows the
// type or the content does not parse.
std::unique_ptr<google::protobuf::Message> Content(const Schema& schema,
                                                   const MergedRecord& record);

// A field on which people disagree.
struct Conflict {
  // Names the place: the same on every device, whatever the readings.
  std::string id;  // "<8 hex of the record>.<field>[.<key>]"; of a span with "#<4 hex>" after it
  uint32_t field = 0;
  std::string key;
  const FieldType* type = nullptr;  // null for a field of a newer build
  // Every reading; of a field, the one shown first.  Indexes into the record's authors.
  std::vector<StandingReading> readings;
  // Of a text: which of its U+FFFC, from 0.  Nothing for a field as a whole.
  absl::optional<size_t> span;
};

// REGISTER: readings of different value.  ONCE: the same.  STATE: steps to different values by
// equal authority (with unequal authority the higher one simply holds).  TEXT: each span of it.
// In order of field, key and text; a person clears one by an ordinary edit of the field, or of the
// span's place.
std::vector<Conflict> Conflicts(const MergedRecord& record);

// How many there are, without listing them.
size_t ConflictCount(const MergedRecord& record);
// The first field a person could settle and nobody has: a REGISTER of several values, or a TEXT
// with a span.  Null: there is none.
const FieldType* Unsettled(const MergedRecord& record);

// Canonical bytes of everything a person can see of the record: equal on two replicas if and
// only if they show the same.  To be hashed by the caller.
std::string VisibleBytes(const MergedRecord& record);

}  // namespace sotay::sync
