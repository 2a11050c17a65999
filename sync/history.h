// The history of one record: its edits as an event graph, in an order in which each stands
// after everything it was made on.  Loaded only when an edit arrives that was not made on
// the record's current heads, or when somebody asks for the past.  Value.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "sotay/v1/change.pb.h"
#include "sync/ids.h"
#include "sync/merged_record.h"
#include "sync/text_history.h"
#include "sync/version_vector.h"

namespace sotay::sync {

// One edit of the record.
struct HistoryNode {
  Author author;
  v1::RecordEdit edit;
  std::string reason;   // of its change
  bool applied = true;  // false: refused, so it has a place in the graph and no effect
  std::vector<v1::FieldOp> assigned;  // SERVER fields that came with it

  // Filled by History:
  VersionVector seen;  // what its author had seen of the record
};

class History {
 public:
  // `empty` is the record before its first edit.
  explicit History(MergedRecord empty) : empty_(std::move(empty)) {}

  // Adds an edit whose parents are all here (kFailedPrecondition otherwise: the first one
  // missing is in `missing`).  kInvalidArgument when a text edit does not fit the version it
  // names, kResourceExhausted past a limit of TextTree; then nothing was added.
  //
  // A refused edit that was taken in is here twice: where it was refused, for those who had seen
  // it then, and where it was taken in, for whoever names it from then on.
  absl::Status Add(HistoryNode node, ChangeId* missing = nullptr);

  // The same for an edit of which it is known what its author had seen, whatever its parents are.
  absl::Status AddSeen(HistoryNode node, VersionVector seen);

  // What somebody has seen who knows `parents` and is `device`, its own earlier edits
  // included.  Nothing when a parent is not here; then `missing` is it.
  absl::optional<VersionVector> SeenBy(const std::vector<ChangeId>& parents, const DeviceId& device,
                                       ChangeId* missing = nullptr) const;

  // The record as it was for somebody who had seen that much.  Asking for versions in the
  // order of one device's edits costs one step each.
  const MergedRecord& At(const VersionVector& version);

  // Everything that is here.
  VersionVector Everything() const;

  // What TextsAfter cannot see: tries the texts of an edit that is not here on all that is, and
  // puts them into `record`.  Fails as Add.
  absl::Status TryTexts(const v1::RecordEdit& edit, const Author& author, const VersionVector& seen,
                        MergedRecord* record);
  // Puts into `record`, as they are with everything that is here, the texts that `edit` writes and
  // the states whose steps may yield.
  void CopyMerged(const v1::RecordEdit& edit, MergedRecord* record);
  // Who typed what of a text, at a version; positions as in TextBlame, `edit` an index of nodes().
  std::vector<TextBlame> BlameAt(const FieldPath& path, const VersionVector& version);

  // Notes in an entry what its author had seen, for readers who are not told of refused changes.
  void TellSeen(v1::LogEntry* entry) const;

  // Notes what the server assigned with the edit that came last.
  void NoteAssigned(const std::vector<v1::FieldOp>& assigned);

  const std::vector<HistoryNode>& nodes() const { return nodes_; }
  const HistoryNode* Find(const ChangeId& id) const;

 private:
  // Whether it is here; one that was refused is not, as one that was taken in.
  bool Has(const HistoryNode& node) const;
  absl::Status AddTexts(const HistoryNode& node);
  void CopyStates(const VersionVector& version, MergedRecord* record) const;
  WrittenText Written(const TextMerged& merged, const Author& next) const;
  WrittenText TextAt(const FieldPath& path, const VersionVector& version);

  MergedRecord empty_;
  std::vector<HistoryNode> nodes_;
  std::map<FieldPath, TextHistory> texts_;
  absl::flat_hash_map<ChangeId, size_t> by_id_;
  absl::flat_hash_map<DeviceId, size_t> last_of_;

  // The version asked for last.
  absl::optional<MergedRecord> memo_;
};

// Adds the nodes; one that comes before what it was made on waits for that.  In the end what is
// refused and still has no place is left out: nothing admitted can name it.  kDataLoss when that
// befalls an admitted one, or one does not fit.
absl::Status AddInAnyOrder(std::deque<HistoryNode> nodes, History* history);

// The edit of `record` in a change as its author made it; nothing when it cannot be read or edits
// it not.
absl::optional<HistoryNode> NodeOf(const v1::Change& change, absl::string_view change_id,
                                   const RecordId& record);

// The changes it was made on, in order.
std::vector<ChangeId> MadeOn(const v1::RecordEdit& edit);
// Whether both write in one text.
bool SharesText(const v1::RecordEdit& a, const v1::RecordEdit& b);

// The texts after each TEXT operation of `edit` made on `base`.  kInvalidArgument when one
// does not fit.
absl::StatusOr<std::vector<std::string>> TextsAfter(const v1::RecordEdit& edit,
                                                    const MergedRecord& base);

}  // namespace sotay::sync
