#include "sync/history.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/limits.h"
#include "sync/status_macros.h"
#include "sync/text.h"

namespace sotay::sync {
namespace {

void ApplyNode(const HistoryNode& node, MergedRecord* record) {
  if (!node.applied) return;
  record->Apply(node.edit, node.author, node.seen, node.texts);
  for (const v1::FieldOp& op : node.assigned) record->Assign(op, node.author);
}

}  // namespace

absl::StatusOr<std::vector<std::string>> TextsAfter(const v1::RecordEdit& edit,
                                                    const MergedRecord& base) {
  std::vector<std::string> texts;
  std::map<uint32_t, size_t> latest;  // field → its newest text in `texts`
  size_t bytes = 0;
  for (const v1::FieldOp& op : edit.ops()) {
    if (op.op_case() != v1::FieldOp::kText) continue;
    const auto own = latest.find(op.field());
    const absl::string_view before =
        own != latest.end() ? absl::string_view(texts[own->second]) : base.ShownText(op.field());
    SOTAY_ASSIGN_OR_RETURN(std::string after, ApplyTextEdit(before, op.text()));
    // Every one of them is held whole: what one edit may cost is bounded like a record.
    bytes += after.size();
    if (bytes > kRecordBytesMax) {
      return absl::InvalidArgumentError(
          absl::StrCat("text: ", bytes, " bytes in one edit, limit ", kRecordBytesMax));
    }
    latest[op.field()] = texts.size();
    texts.push_back(std::move(after));
  }
  return texts;
}

absl::optional<VersionVector> History::SeenBy(const std::vector<ChangeId>& parents,
                                              const DeviceId& device, ChangeId* missing) const {
  VersionVector seen;
  const auto include = [&](size_t index) {
    const HistoryNode& node = nodes_[index];
    seen.Join(node.seen);
    seen.Add(node.author.device, node.author.sequence);
  };
  for (const ChangeId& parent : parents) {
    const auto at = by_id_.find(parent);
    if (at == by_id_.end()) {
      if (missing != nullptr) *missing = parent;
      return absl::nullopt;
    }
    include(at->second);
  }
  if (const auto own = last_of_.find(device); own != last_of_.end()) include(own->second);
  return seen;
}

absl::Status History::Add(HistoryNode node, ChangeId* missing) {
  if (by_id_.contains(node.author.change)) return absl::OkStatus();
  std::vector<ChangeId> parents;
  for (const std::string& bytes : node.edit.parents()) {
    const auto parent = ChangeId::From(bytes);
    if (!parent.has_value()) return absl::InvalidArgumentError("history: malformed parent");
    parents.push_back(*parent);
  }
  absl::optional<VersionVector> seen = SeenBy(parents, node.author.device, missing);
  if (!seen.has_value()) {
    return absl::FailedPreconditionError("history: an edit comes before what it was made on");
  }
  node.seen = *std::move(seen);
  if (node.applied) {
    SOTAY_ASSIGN_OR_RETURN(node.texts, TextsAfter(node.edit, At(node.seen)));
  }
  by_id_[node.author.change] = nodes_.size();
  last_of_[node.author.device] = nodes_.size();
  nodes_.push_back(std::move(node));
  return absl::OkStatus();
}

const MergedRecord& History::At(const VersionVector& version) {
  if (!memo_.has_value() || !version.Covers(memo_->seen())) memo_ = empty_;
  // Nodes stand after what they were made on, so one pass in order is enough; the ones
  // already in the memo are skipped by Apply itself.
  if (!(memo_->seen() == version)) {
    for (const HistoryNode& node : nodes_) {
      if (version.Has(node.author.device, node.author.sequence)) ApplyNode(node, &*memo_);
    }
  }
  return *memo_;
}

const HistoryNode* History::Find(const ChangeId& id) const {
  const auto at = by_id_.find(id);
  return at == by_id_.end() ? nullptr : &nodes_[at->second];
}

}  // namespace sotay::sync
