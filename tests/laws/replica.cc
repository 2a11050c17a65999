#include "tests/laws/replica.h"

#include <algorithm>

#include "sync/status_macros.h"

namespace sotay::laws {
namespace {

sync::HistoryNode NodeOf(const PastEdit& edit) {
  sync::HistoryNode node;
  node.author = edit.author;
  node.reason = edit.reason;
  node.edit = edit.edit;
  node.applied = edit.applied;
  node.assigned = edit.assigned;
  return node;
}

}  // namespace

Replica::Replica(Build build, const Past& past)
    : record_(TypeOf(build, past.type), past.record, past.type, past.unit, past.dossier),
      history_(record_) {}

absl::Status Replica::Take(const PastEdit& edit) {
  const sync::HistoryNode* known = history_.Find(edit.author.change);
  if (known == nullptr) {
    SOTAY_RETURN_IF_ERROR(history_.Add(NodeOf(edit)));
    known = history_.Find(edit.author.change);
  }
  known->applied ? Apply(*known) : Pass(*known);
  return absl::OkStatus();
}

void Replica::Write(const PastEdit& edit) {
  sync::HistoryNode node = NodeOf(edit);
  node.seen = record_.seen();
  ApplyOnTop(node);
}

absl::Status Replica::Reopen(Build build) {
  SOTAY_ASSIGN_OR_RETURN(record_, sync::MergedRecord::Parse(SchemaOf(build), record_.Serialize()));
  return absl::OkStatus();
}

v1::Record Replica::Now() const {
  v1::Record record;
  record_.ToProto(&record);
  return record;
}

v1::Record Replica::AsSeenBy(const sync::ChangeId& change) {
  return VersionAt(history_.Find(change)->seen);
}

v1::Record Replica::VersionAt(const sync::VersionVector& version) {
  v1::Record record;
  history_.At(version).ToProto(&record);
  return record;
}

void Replica::Apply(const sync::HistoryNode& node) {
  // Texts and states as everybody merges them: on what is here when the author has seen it all,
  // else by the history.
  const bool fresh = !record_.seen().Has(node.author.device, node.author.sequence);
  const bool saw_all = node.seen.Covers(record_.seen());
  const bool may_yield = MayYield(node);
  std::vector<std::string> texts;
  if (auto after = sync::TextsAfter(node.edit, record_); after.ok()) texts = *std::move(after);
  record_.Apply(node.edit, node.author, node.seen, texts);
  const bool texts_apart =
      !saw_all && std::any_of(node.edit.ops().begin(), node.edit.ops().end(),
                              [](const v1::FieldOp& op) { return op.has_text(); });
  if (fresh && (texts_apart || may_yield)) history_.CopyMerged(node.edit, &record_);
  for (const v1::FieldOp& op : node.assigned) record_.Assign(op, node.author);
}

}  // namespace sotay::laws
