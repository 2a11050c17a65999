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
#include "sotay/v1/change.pb.h"
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

// "03/KN-VKSKV3".
std::string NumberInWords(uint64_t number, absl::string_view sign, absl::string_view unit);

// Unit → series within it ("KN/2026") → the last number given.
using UnitNumbers = std::map<std::string, std::map<std::string, uint64_t>>;

// Gives `record`, as it is now, the number it lacks: the next of its series, counted in `numbers`
// and written on behalf of `author`, whose change made it due.  What is to be noted of it; nothing
// when its type has no numbers, it has its own already, or the state in force does not ask for one.
absl::optional<v1::AssignedOp> GiveNumber(const Author& author, int64_t now_ms,
                                          UnitNumbers* numbers, MergedRecord* record);

}  // namespace sotay::sync
