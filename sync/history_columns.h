// A part of a record's history as phones are told it and keep it: one stream of numbers, in which
// what follows from the rest takes next to nothing, and columns of bytes, in which what is alike
// stands together (docs/decisions/0009-packed-history.md).  sync/seal/packed_history.h makes one
// string of them and packs what can be packed.  Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "sync/admitted_edit.h"
#include "sync/ids.h"

namespace sotay::sync {

// The newest version of the form, which is told in its first byte.
constexpr uint32_t kHistoryVersion = 2;

// The numbers by what they mean, each a model of number_coder.h; history_writing.cc has their
// order.  "From" means the difference from what is foretold, folded (column.h).  Names and texts
// are numbered by their first use: the first number not used yet is a new one, and is followed by
// what it stands for.
enum class HistoryNumber : size_t {
  // Of each change.
  kAuthors,         // how many other devices made a change since that one did; all of them: it is
                    // new, and the next of the column of devices
  kTyped,           // of a new one: bytes of all it typed
  kSequences,       // from the device's last one + 1
  kParents,         // twice how many, without its own last change; + 1 when that is unexpectedly
                    // among them or not
  kParentDevices,   // 0: outside; else 1 + as kAuthors
  kParentChanges,   // how many changes the device made after that one
  kOutsideParents,  // which of the column of outside ones
  kPositions,       // from the last one + 1
  kStamps,          // from the last one
  kClaimed,         // from its stamp
  kReceived,        // from its stamp
  kUsers,           // 0: as the device's last; else 1 + name
  kAuthorities,     // from the device's last
  kNotes,           // bytes of the rest of its admission
  kReasons,         // bytes
  kTold,            // how many devices; 16 bytes each
  kToldSequences,   // of each of them
  kTypes,           // 0: as the last; else 1 + name
  kUnknown,         // bytes of what this build does not know of the edit
  kOps,             // how many
  // Of a new name: a user, a type or a map key.
  kNameBytes,
  // Of each operation.
  kKinds,       // 0: as it came, in bytes; else 1 + text
  kPlain,       // bytes, of those
  kTextFields,  // of a new text: its field
  kTextKeys,    // 1 + name of its key
  // Of each edit of a text.
  kLengths,  // before it, from what is foretold
  kSplices,  // how many
  // Of each splice.
  kEnds,      // of what is deleted, from where typing goes on
  kDeleted,   // scalar values
  kInserted,  // scalar values
};

struct HistoryColumns {
  uint64_t changes = 0;
  uint64_t number_count = 0;
  std::string numbers;  // a stream of number_coder.h
  // Of random bytes, which nothing makes smaller.
  std::string devices;  // 16 bytes each
  std::string outside;  // parents that are not in this part: 32 bytes each
  std::string ids;      // of the changes: 32 bytes each
  // What the numbers above are bytes of, in order of use.
  std::string names;
  std::string bytes;
  std::string typed;  // device by device
};

// How much goes into a part: counts edits until one does not fit.
class HistoryPart {
 public:
  // False, and nothing counted, when the part is full; the first one always fits.
  bool Take(const AdmittedEdit& edit);

 private:
  absl::flat_hash_set<std::string> ids_;
  size_t changes_ = 0;
  size_t bytes_ = 0;
  uint64_t position_ = 0;
  uint64_t stamp_ = 0;
};

// Edits of one record in the order of its log, as many as fit a HistoryPart.  Not kept: the order
// of parents, and that one is named twice.
HistoryColumns WriteHistory(const std::vector<AdmittedEdit>& edits);

// The edits of `record`, parents by place.  kInvalidArgument for anything over a limit of limits.h,
// columns cut short or too long, numbers that stand for nothing, text that is not UTF-8, or
// messages that cannot be read.
absl::StatusOr<std::vector<AdmittedEdit>> ReadHistory(const HistoryColumns& columns,
                                                      const RecordId& record);

}  // namespace sotay::sync
