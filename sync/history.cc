#include "sync/history.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/limits.h"
#include "sync/state_history.h"
#include "sync/status_macros.h"
#include "sync/text.h"
#include "sync/text_splices.h"

namespace sotay::sync {
namespace {

// The text operations of an edit, by field.
using TextEdits = std::map<FieldPath, std::vector<const v1::TextEdit*>>;

TextEdits TextsOf(const v1::RecordEdit& edit) {
  TextEdits texts;
  for (const v1::FieldOp& op : edit.ops()) {
    if (op.op_case() == v1::FieldOp::kText) texts[{op.field(), op.key()}].push_back(&op.text());
  }
  return texts;
}

absl::Status AddText(size_t number, const Author& author, const VersionVector& seen,
                     const std::vector<const v1::TextEdit*>& edits, TextHistory* text) {
  SOTAY_ASSIGN_OR_RETURN(TextSplices splices, TextSplices::Read(edits));
  return text->Add(number, author.change, author.device, author.sequence, seen, std::move(splices));
}

void ApplyNode(const HistoryNode& node, MergedRecord* record) {
  if (!node.applied) return;
  record->Apply(node.edit, node.author, node.seen, {});
  for (const v1::FieldOp& op : node.assigned) record->Assign(op, node.author);
}

}  // namespace

absl::Status AddInAnyOrder(std::deque<HistoryNode> nodes, History* history) {
  // By a parent that is not there.  Each goes in right behind it, before anything that came later:
  // where it stands decides what those saw.
  std::multimap<ChangeId, HistoryNode> waiting;
  const auto missing = [history](const HistoryNode& node) -> absl::optional<ChangeId> {
    for (const std::string& bytes : node.edit.parents()) {
      const auto parent = ChangeId::From(bytes);
      if (parent.has_value() && history->Find(*parent) == nullptr) return parent;
    }
    return absl::nullopt;
  };
  while (!nodes.empty()) {
    HistoryNode node = std::move(nodes.front());
    nodes.pop_front();
    if (const auto parent = missing(node)) {
      waiting.emplace(*parent, std::move(node));
      continue;
    }
    const ChangeId id = node.author.change;
    const bool applied = node.applied;
    const absl::Status added = history->Add(std::move(node));
    if (!added.ok() && applied) {
      return absl::DataLossError(absl::StrCat(
          "change ", id.Short(), " does not fit the history it is in: ", added.message()));
    }
    const auto [first, last] = waiting.equal_range(id);
    std::deque<HistoryNode> now;
    for (auto at = first; at != last; ++at) now.push_back(std::move(at->second));
    waiting.erase(first, last);
    nodes.insert(nodes.begin(), std::make_move_iterator(now.begin()),
                 std::make_move_iterator(now.end()));
  }
  for (const auto& [parent, node] : waiting) {
    if (node.applied) {
      return absl::DataLossError(absl::StrCat("what change ", node.author.change.Short(),
                                              " was made on is not in the history"));
    }
  }
  return absl::OkStatus();
}

absl::optional<HistoryNode> NodeOf(const v1::Change& change, absl::string_view change_id,
                                   const RecordId& record) {
  const auto id = ChangeId::From(change_id);
  const auto device = DeviceId::From(change.device_id());
  if (!id.has_value() || !device.has_value()) return absl::nullopt;
  for (const v1::RecordEdit& edit : change.edits()) {
    if (edit.record_id() != record.view()) continue;
    HistoryNode node;
    node.author.change = *id;
    node.author.device = *device;
    node.author.sequence = change.sequence();
    node.author.claimed_ms = change.claimed_ms();
    node.reason = change.reason();
    node.edit = edit;
    return node;
  }
  return absl::nullopt;
}

absl::StatusOr<std::vector<std::string>> TextsAfter(const v1::RecordEdit& edit,
                                                    const MergedRecord& base) {
  std::vector<std::string> texts;
  std::vector<const v1::FieldOp*> made_by;  // as texts; few
  size_t bytes = 0;
  for (const v1::FieldOp& op : edit.ops()) {
    if (op.op_case() != v1::FieldOp::kText) continue;
    absl::string_view before = base.ShownText(op.field(), op.key());
    for (size_t i = 0; i < texts.size(); ++i) {
      if (made_by[i]->field() == op.field() && made_by[i]->key() == op.key()) before = texts[i];
    }
    SOTAY_ASSIGN_OR_RETURN(std::string after, ApplyTextEdit(before, op.text()));
    // Every one of them is held whole: what one edit may cost is bounded like a record.
    bytes += after.size();
    if (bytes > kRecordBytesMax) {
      return absl::InvalidArgumentError(
          absl::StrCat("text: ", bytes, " bytes in one edit, limit ", kRecordBytesMax));
    }
    made_by.push_back(&op);
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

std::vector<ChangeId> MadeOn(const v1::RecordEdit& edit) {
  std::vector<ChangeId> parents;
  for (const std::string& bytes : edit.parents()) {
    if (const auto parent = ChangeId::From(bytes)) parents.push_back(*parent);
  }
  std::sort(parents.begin(), parents.end());
  return parents;
}

bool SharesText(const v1::RecordEdit& a, const v1::RecordEdit& b) {
  for (const v1::FieldOp& op : a.ops()) {
    if (op.op_case() != v1::FieldOp::kText) continue;
    for (const v1::FieldOp& other : b.ops()) {
      if (other.op_case() == v1::FieldOp::kText && other.field() == op.field()) return true;
    }
  }
  return false;
}

bool History::Has(const HistoryNode& node) const {
  const HistoryNode* const known = Find(node.author.change);
  return known != nullptr && (known->applied || !node.applied);
}

absl::Status History::Add(HistoryNode node, ChangeId* missing) {
  if (Has(node)) return absl::OkStatus();
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
  return AddSeen(std::move(node), *std::move(seen));
}

absl::Status History::AddSeen(HistoryNode node, VersionVector seen) {
  if (Has(node)) return absl::OkStatus();
  node.seen = std::move(seen);
  if (node.applied) SOTAY_RETURN_IF_ERROR(AddTexts(node));
  by_id_[node.author.change] = nodes_.size();
  last_of_[node.author.device] = nodes_.size();
  nodes_.push_back(std::move(node));
  return absl::OkStatus();
}

absl::Status History::AddTexts(const HistoryNode& node) {
  const TextEdits texts = TextsOf(node.edit);
  if (texts.size() > 1) {  // all of them or none
    for (const auto& [path, edits] : texts) {
      TextHistory tried = texts_[path];
      SOTAY_RETURN_IF_ERROR(AddText(nodes_.size(), node.author, node.seen, edits, &tried));
    }
  }
  for (const auto& [path, edits] : texts) {
    SOTAY_RETURN_IF_ERROR(AddText(nodes_.size(), node.author, node.seen, edits, &texts_[path]));
  }
  return absl::OkStatus();
}

absl::Status History::TryTexts(const v1::RecordEdit& edit, const Author& author,
                               const VersionVector& seen, MergedRecord* record) {
  VersionVector everything = Everything();
  everything.Add(author.device, author.sequence);
  for (const auto& [path, edits] : TextsOf(edit)) {
    const auto known = texts_.find(path);
    if (known != texts_.end()) known->second.MakeReadyFor(seen);
    TextHistory tried = known != texts_.end() ? known->second : TextHistory();
    SOTAY_RETURN_IF_ERROR(AddText(nodes_.size(), author, seen, edits, &tried));
    record->SetText(path, Written(tried.At(everything), author));
  }
  return absl::OkStatus();
}

// `next` is the author of the node that would come next.
WrittenText History::Written(const TextMerged& merged, const Author& next) const {
  const auto author = [&](size_t edit) -> const Author& {
    return edit < nodes_.size() ? nodes_[edit].author : next;
  };
  WrittenText text;
  text.text = merged.text;
  text.typed = merged.typed;
  for (size_t edit : merged.top) {
    const Author& one = author(edit);
    if (std::tie(text.newest.stamp, text.newest.change) < std::tie(one.stamp, one.change)) {
      text.newest = one;
    }
  }
  for (const std::vector<TextReading>& span : merged.spans) {
    auto& readings = text.spans.emplace_back();
    for (const TextReading& reading : span) {
      readings.push_back({reading.text, author(reading.edit)});
    }
  }
  for (const TextAgain& again : merged.again) {
    WrittenText::Again& sentence = text.again.emplace_back();
    sentence.position = again.position;
    sentence.length = again.length;
    for (size_t edit : again.edits) sentence.authors.push_back(author(edit));
  }
  return text;
}

WrittenText History::TextAt(const FieldPath& path, const VersionVector& version) {
  return Written(texts_[path].At(version), Author());
}

VersionVector History::Everything() const {
  VersionVector everything;
  for (const HistoryNode& node : nodes_) {
    everything.Add(node.author.device, node.author.sequence);
  }
  return everything;
}

void History::CopyMerged(const v1::RecordEdit& edit, MergedRecord* record) {
  const TextEdits texts = TextsOf(edit);
  const bool states = record->type() != nullptr && !record->type()->yielding.empty();
  if (texts.empty() && !states) return;
  const VersionVector everything = Everything();
  for (const auto& [path, edits] : texts) record->SetText(path, TextAt(path, everything));
  CopyStates(everything, record);
}

void History::CopyStates(const VersionVector& version, MergedRecord* record) const {
  if (record->type() == nullptr) return;
  for (const FieldType* field : record->type()->yielding) {
    const absl::optional<WrittenState> state = StateAt(*field, nodes_, version);
    if (state.has_value()) record->SetState(*field, *state);
  }
}

void History::NoteAssigned(const std::vector<v1::FieldOp>& assigned) {
  if (!nodes_.empty()) nodes_.back().assigned = assigned;
}

std::vector<TextBlame> History::BlameAt(const FieldPath& path, const VersionVector& version) {
  const auto text = texts_.find(path);
  return text != texts_.end() ? text->second.BlameAt(version) : std::vector<TextBlame>();
}

const MergedRecord& History::At(const VersionVector& version) {
  if (!memo_.has_value() || !version.Covers(memo_->seen())) memo_ = empty_;
  // Nodes stand after what they were made on, so one pass in order is enough; the ones
  // already in the memo are skipped by Apply itself.
  if (!(memo_->seen() == version)) {
    for (const HistoryNode& node : nodes_) {
      if (version.Has(node.author.device, node.author.sequence)) ApplyNode(node, &*memo_);
    }
    for (auto& [path, text] : texts_) {
      if (text.HasAny(version)) memo_->SetText(path, TextAt(path, version));
    }
    CopyStates(version, &*memo_);
  }
  return *memo_;
}

void History::TellSeen(v1::LogEntry* entry) const {
  const auto id = ChangeId::From(entry->change_id());
  const HistoryNode* node = id.has_value() ? Find(*id) : nullptr;
  if (node != nullptr) node->seen.ToProto(entry->mutable_seen());
}

const HistoryNode* History::Find(const ChangeId& id) const {
  const auto at = by_id_.find(id);
  return at == by_id_.end() ? nullptr : &nodes_[at->second];
}

}  // namespace sotay::sync
