// The history of one record: its edits as an event graph, in an order in which each stands
// after everything it was made on.  Loaded only when an edit arrives that was not made on
// the record's current heads, or when somebody asks for the past.  Value.
#pragma once

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "sotay/v1/change.pb.h"
#include "sync/ids.h"
#include "sync/merged_record.h"
#include "sync/version_vector.h"

namespace sotay::sync {

// One edit of the record.
struct HistoryNode {
  Author author;
  v1::RecordEdit edit;
  bool applied = true;  // false: refused, so it has a place in the graph and no effect
  std::vector<v1::FieldOp> assigned;  // SERVER fields that came with it

  // Filled by History.
  VersionVector seen;              // what its author had seen of the record
  std::vector<std::string> texts;  // the text after each TEXT operation
};

class History {
 public:
  // `empty` is the record before its first edit.
  explicit History(MergedRecord empty) : empty_(std::move(empty)) {}

  // Adds an edit whose parents are all here (kFailedPrecondition otherwise: the first one
  // missing is in `missing`).  kInvalidArgument when a text edit does not fit the version it
  // names; then nothing was added.
  absl::Status Add(HistoryNode node, ChangeId* missing = nullptr);

  // What somebody has seen who knows `parents` and is `device`, its own earlier edits
  // included.  Nothing when a parent is not here; then `missing` is it.
  absl::optional<VersionVector> SeenBy(const std::vector<ChangeId>& parents, const DeviceId& device,
                                       ChangeId* missing = nullptr) const;

  // The record as it was for somebody who had seen that much.  Asking for versions in the
  // order of one device's edits costs one step each.
  const MergedRecord& At(const VersionVector& version);

  const std::vector<HistoryNode>& nodes() const { return nodes_; }
  const HistoryNode* Find(const ChangeId& id) const;

 private:
  MergedRecord empty_;
  std::vector<HistoryNode> nodes_;
  absl::flat_hash_map<ChangeId, size_t> by_id_;
  absl::flat_hash_map<DeviceId, size_t> last_of_;

  // The version asked for last.
  absl::optional<MergedRecord> memo_;
};

// The texts after each TEXT operation of `edit` made on `base`.  kInvalidArgument when one
// does not fit.
absl::StatusOr<std::vector<std::string>> TextsAfter(const v1::RecordEdit& edit,
                                                    const MergedRecord& base);

}  // namespace sotay::sync
