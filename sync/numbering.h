// Numbers the server gives: documents of a unit counted in series without gaps, as
// `sotay.options.v1.Numbering` declares them.  A number is given by Ingest with the change that
// makes it due, stands in that change's admission, and so in the unit's log and in the record.
// Pure; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "sync/merged_record.h"
#include "sync/schema.h"

namespace sotay::sync {

// How a type's records are numbered.
struct Numbering {
  uint32_t field = 0;                    // what holds the number
  std::set<int32_t> at;                  // states that make it due
  uint32_t by = 0;                       // the field whose value decides the sign
  std::map<int32_t, std::string> signs;  // one for each value of that field's enum
};

// What `type` declares; null when nothing.  Fails with kInvalidArgument, naming the field, when the
// declaration breaks numbering.proto.
absl::StatusOr<std::shared_ptr<const Numbering>> ReadNumbering(const RecordType& type);

// A number that is due: its series within the unit ("KN/2026"), and its sign.
struct DueNumber {
  uint32_t field = 0;
  std::string series;
  std::string sign;
};

// What `record`, as it is now, lacks; nothing when its type has no numbers, it has its own already,
// or the state in force does not ask for one.
absl::optional<DueNumber> NumberDue(const MergedRecord& record, int64_t now_ms);

// "03/KN-VKSKV3".
std::string NumberInWords(uint64_t number, absl::string_view sign, absl::string_view unit);

}  // namespace sotay::sync
