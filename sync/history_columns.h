// A part of a record's history in columns, as phones are told it and keep it: what is alike stands
// together, and what follows from the rest is not said (docs/decisions/0009-packed-history.md).
// Alone it is little smaller than what it holds; sync/seal/packed_history.h packs it with zstd,
// each column apart.  Pure; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sync/admitted_edit.h"
#include "sync/ids.h"

namespace sotay::sync {

// The newest version of the form, which is told in its first byte.
constexpr uint32_t kHistoryVersion = 1;

// In this order.  "From" means the difference from what is foretold.
enum class HistoryColumn : size_t {
  // What numbers below stand for, each by its first use.
  kDevices,  // 16 bytes each
  kNames,    // users, types and map keys: length, bytes
  kTexts,    // field, name of its key
  kOutside,  // parents that are not in this part: 32 bytes each, ascending
  // Of each change.
  kIds,            // 32 bytes each
  kAuthors,        // how many other devices made a change since that one did; 4,096: it is new
  kSequences,      // from the device's last one + 1
  kPositions,      // from the last one + 1
  kParents,        // twice how many, without its own last change; + 1 when that is unexpectedly
                   // among them or not
  kParentDevices,  // 0: outside; else 1 + as kAuthors
  kParentChanges,  // which of the device's, from how many its author was known to have seen; of
                   // outside ones: which
  kTold,           // how many devices; the rest is in kBytes
  kStamps,         // from the last one
  kClaimed,        // from its stamp
  kReceived,       // from its stamp
  kUsers,          // 0: as the device's last; else 1 + name
  kAuthorities,    // from the device's last
  kTypes,          // 0: as the last; else 1 + name
  kNotes,          // bytes of the rest of its admission
  kReasons,        // bytes
  kUnknown,        // bytes of what this build does not know of the edit
  kOps,            // how many
  // Of each operation.
  kKinds,  // 0: as it came, in bytes; else 1 + text
  kPlain,  // bytes, of those
  // Of each edit of a text.
  kLengths,  // before it, from what is foretold
  kSplices,  // how many
  // Of each splice.
  kEnds,      // of what is deleted, from where typing goes on
  kDeleted,   // scalar values
  kInserted,  // scalar values
  // What the lengths above are of, in order of use; told: 16 bytes and a number each.
  kBytes,
  kTyped,  // by device, in order of use: how many bytes
  kText,   // what was typed, device by device
};
constexpr size_t kHistoryColumns = static_cast<size_t>(HistoryColumn::kText) + 1;

// The form is what comes before the columns, and they.
struct HistoryColumns {
  std::string head;  // version, changes, length of each column
  std::array<std::string, kHistoryColumns> columns;

  std::string& operator[](HistoryColumn column) { return columns[static_cast<size_t>(column)]; }
  std::string Joined() const;
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
};

// Edits of one record in the order of its log, as many as fit a HistoryPart.  Not kept: the order
// of parents, and that one is named twice.
HistoryColumns WriteHistory(const std::vector<AdmittedEdit>& edits);

// The edits of `record`, parents by place.  kInvalidArgument for a version that is not known,
// anything over a limit of limits.h, columns cut short or too long, numbers that stand for nothing,
// text that is not UTF-8, or messages that cannot be read.
absl::StatusOr<std::vector<AdmittedEdit>> ReadHistory(absl::string_view bytes,
                                                      const RecordId& record);

}  // namespace sotay::sync
