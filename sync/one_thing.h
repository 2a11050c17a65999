// One thing recorded several times: records of which people said that one repeats the other
// (sotay/options/v1/duplicates.proto).  None is merged; such a group counts as one, and what
// belongs to any of its records (sotay/options/v1/belonging.proto) is shown with each.  The rules
// and their why: docs/decisions/0035-found-twice.md.  Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "sync/ids.h"
#include "sync/merged_record.h"
#include "sync/schema.h"
#include "sync/stamp.h"

namespace sotay::sync {

// The field in which a record of the type says which it repeats; null: the type has none.
const FieldType* LinkOf(const RecordType& type);

// What a record says of that.  While people disagree it says nothing.
struct Repeats {
  absl::optional<RecordId> other;
  bool disputed = false;
};
Repeats WhatRepeats(const FieldType& link, const MergedRecord& record);

// States in which a record of the type is out of use, by the convention of casework.v1
// (envelope.proto): values of STATE fields that are called …_WITHDRAWN.
using OutOfUse = std::vector<std::pair<const FieldType*, int32_t>>;
OutOfUse OutOfUseOf(const RecordType& type);
bool IsOutOfUse(const OutOfUse& states, const MergedRecord& record);

// A record that counts, as far as grouping looks at it.
struct Counted {
  RecordId id;
  RecordId dossier;
  Stamp born = 0;
  absl::optional<RecordId> repeats;
};

// Of each of the records, which all are of one type and one unit and named once: the place in
// `records` of its group's head.  A record is in a group with the one it repeats if that is among
// `records`, and in the same dossier, or both are roots of their own; groups that meet are one.
// The head repeats none of the others; where they lead around, it is the one born first,
// of those whose time is known.
std::vector<size_t> HeadsOf(const std::vector<Counted>& records);

// What is declared of belonging.
struct Belonging {
  std::vector<const FieldType*> values;
  std::vector<const FieldType*> belongs_to;
  bool file = false;  // its records belong to what they hang under

  // Whether records of the type may belong to others.
  bool any() const { return file || !belongs_to.empty(); }
};
// kInvalidArgument, naming the type, when the declaration breaks belonging.proto.
absl::StatusOr<Belonging> BelongingOf(const RecordType& type);

// The records to which a record belongs; empty for one of a type that declares nothing.
std::vector<RecordId> BelongsTo(const Belonging& declared, const MergedRecord& record);

// What a group has together.
struct Together {
  struct Value {
    const RecordType* type = nullptr;
    const FieldType* field = nullptr;
    std::string value;           // wire fragment
    std::vector<RecordId> from;  // in which of the group it stands
  };
  struct Record {
    size_t place = 0;          // in `belongings`
    std::vector<RecordId> of;  // to which of the group it belongs
  };

  std::vector<Value> values;  // each once, in order of the group, field and value
  std::vector<Record> records;
};
// `group` is what HeadsOf puts together; of `belongings` those that belong to none of it are left
// out.  Fails as BelongingOf.
absl::StatusOr<Together> TogetherOf(const std::vector<MergedRecord>& group,
                                    const std::vector<MergedRecord>& belongings);

}  // namespace sotay::sync
