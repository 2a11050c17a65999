#include "sync/ingest.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/fragment.h"
#include "sync/limits.h"
#include "sync/stamp.h"

namespace sotay::sync {
namespace {

using v1::VERDICT_APPLIED;
using v1::VERDICT_HELD;
using v1::VERDICT_QUARANTINED;

// An edit that passed every check, with what is needed to apply it.
struct ReadyEdit {
  const v1::RecordEdit* edit = nullptr;
  VersionVector seen;
  std::vector<std::string> texts;
};

// What was decided of one change.
struct Decision {
  absl::optional<Refusal> refusal;
  ChangeId waits_for;  // with a refusal: not zero means held
  std::vector<ReadyEdit> ready;
  Stamp after = 0;
};

// One change with its author, on its way through.
struct Arrival {
  const PushInput* push = nullptr;
  const PushedChange* pushed = nullptr;
  uint64_t sequence = 0;
  bool released = false;
};

std::vector<ChangeId> ParentsOf(const v1::RecordEdit& edit) {
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

// Takes changes one by one on a working copy of what was loaded.
class Ingester {
 public:
  explicit Ingester(const IngestInput& input)
      : input_(input), histories_(input.histories), positions_(input.positions) {}

  void TakePush(const PushInput& push);
  void TakeRelease(const ReleaseInput& release, stored::v1::DeviceRow* row);
  IngestOutcome Finish();

 private:
  absl::optional<PushOutcome> RefuseWhole(const PushInput& push, PushOutcome* outcome);
  void QuarantineFork(const PushInput& push, size_t from, PushOutcome* outcome);
  v1::ChangeOutcome Repeat(const PushInput& push, uint64_t sequence) const;
  v1::ChangeOutcome TakeChange(const Arrival& arrival, stored::v1::DeviceRow* device);
  Decision Decide(const Arrival& arrival, const stored::v1::DeviceRow& device);
  absl::optional<Refusal> PrepareEdit(const Arrival& arrival, const std::set<Role>& roles,
                                      const v1::RecordEdit& edit, Decision* decision);
  absl::optional<Refusal> CheckPlace(const v1::Change& change, const v1::RecordEdit& edit,
                                     Decision* decision);
  uint64_t Admit(const Arrival& arrival, const Decision& decision, stored::v1::DeviceRow* device);
  std::vector<v1::FieldOp> AssignedAtBirth(const RecordType& type) const;
  void SetChangeAside(const Arrival& arrival, const Decision& decision,
                      stored::v1::DeviceRow* device);
  // The working copy; null when there is no such record.
  WrittenRecord* Find(const RecordId& id);

  const IngestInput& input_;
  std::map<RecordId, History> histories_;
  std::map<std::string, uint64_t> positions_;
  std::map<RecordId, WrittenRecord> working_;
  std::set<RecordId> changed_;
  IngestOutcome outcome_;
};

WrittenRecord* Ingester::Find(const RecordId& id) {
  if (const auto at = working_.find(id); at != working_.end()) return &at->second;
  const auto loaded = input_.records.find(id);
  if (loaded == input_.records.end()) return nullptr;
  const LoadedRecord& record = loaded->second;
  return &working_.emplace(id, WrittenRecord{record.record, record.position, record.position})
              .first->second;
}

// Fork, gap and chain, decided before anything of the push is taken.
absl::optional<PushOutcome> Ingester::RefuseWhole(const PushInput& push, PushOutcome* outcome) {
  const uint64_t accepted = push.device.accepted_through();
  if (push.first_sequence > accepted + 1 || push.first_sequence == 0) {
    outcome->expected_sequence = accepted + 1;
    outcome->refused = Refusal{v1::REASON_SEQUENCE_GAP,
                               absl::StrCat("expected change ", accepted + 1, ", got ",
                                            push.first_sequence, "; send from ", accepted + 1)};
    return *outcome;
  }
  absl::string_view head = push.device.head();
  for (size_t i = 0; i < push.changes.size(); ++i) {
    const uint64_t sequence = push.first_sequence + i;
    const PushedChange& pushed = push.changes[i];
    if (sequence <= accepted) {
      const auto known = push.known.find(sequence);
      if (known != push.known.end() && known->second.change_id() != pushed.id.view()) {
        QuarantineFork(push, i, outcome);
        return *outcome;
      }
      continue;
    }
    if (pushed.change.has_value() && pushed.change->previous() != head) {
      outcome->expected_sequence = accepted + 1;
      outcome->refused =
          Refusal{v1::REASON_CHAIN_BROKEN,
                  absl::StrCat("change ", sequence, " does not name the change before it")};
      return *outcome;
    }
    head = pushed.id.view();
  }
  return absl::nullopt;
}

void Ingester::QuarantineFork(const PushInput& push, size_t from, PushOutcome* outcome) {
  outcome->device.set_state(v1::DEVICE_STATE_FORKED);
  outcome->refused = Refusal{
      v1::REASON_DEVICE_FORKED,
      absl::StrCat("change ", push.first_sequence + from,
                   " was sent before with another content; this device was copied or set back: "
                   "enrol it anew")};
  for (size_t i = from; i < push.changes.size(); ++i) {
    Decision decision;
    decision.refusal =
        Refusal{v1::REASON_FORKED_BRANCH, "written by a copy of the device, or after a set-back"};
    SetChangeAside({&push, &push.changes[i], push.first_sequence + i, false}, decision,
                   &outcome->device);
  }
}

// The answer to a change that is here already: as it stands now.
v1::ChangeOutcome Ingester::Repeat(const PushInput& push, uint64_t sequence) const {
  v1::ChangeOutcome outcome;
  outcome.set_sequence(sequence);
  outcome.set_duplicate(true);
  if (const auto known = push.known.find(sequence); known != push.known.end()) {
    outcome.set_verdict(known->second.verdict());
    outcome.set_position(known->second.position());
    outcome.set_reason(known->second.reason());
    outcome.set_message(known->second.message());
  }
  return outcome;
}

void Ingester::TakePush(const PushInput& push) {
  PushOutcome outcome;
  outcome.device = push.device;
  if (auto refused = RefuseWhole(push, &outcome)) {
    outcome_.pushes.push_back(*std::move(refused));
    return;
  }
  outcome.outcomes.reserve(push.changes.size());
  for (size_t i = 0; i < push.changes.size(); ++i) {
    const uint64_t sequence = push.first_sequence + i;
    if (sequence <= outcome.device.accepted_through()) {
      outcome.outcomes.push_back(Repeat(push, sequence));
      continue;
    }
    outcome.outcomes.push_back(
        TakeChange({&push, &push.changes[i], sequence, false}, &outcome.device));
    outcome.device.set_accepted_through(sequence);
    outcome.device.set_head(push.changes[i].id.str());
  }
  outcome_.pushes.push_back(std::move(outcome));
}

void Ingester::TakeRelease(const ReleaseInput& release, stored::v1::DeviceRow* row) {
  PushOutcome outcome;
  auto* held = row->mutable_held();
  held->erase(std::remove_if(
                  held->begin(), held->end(),
                  [&](const stored::v1::HeldRow& h) { return h.sequence() == release.sequence; }),
              held->end());
  if (row->set_aside() > 0) row->set_set_aside(row->set_aside() - 1);
  outcome.outcomes.push_back(
      TakeChange({&release.author, &release.author.changes.front(), release.sequence, true}, row));
  outcome.device = *row;
  outcome_.pushes.push_back(std::move(outcome));
}

v1::ChangeOutcome Ingester::TakeChange(const Arrival& arrival, stored::v1::DeviceRow* device) {
  const Decision decision = Decide(arrival, *device);
  v1::ChangeOutcome outcome;
  outcome.set_sequence(arrival.sequence);
  if (!decision.refusal.has_value()) {
    outcome.set_verdict(VERDICT_APPLIED);
    outcome.set_position(Admit(arrival, decision, device));
    return outcome;
  }
  outcome.set_verdict(decision.waits_for == ChangeId() ? VERDICT_QUARANTINED : VERDICT_HELD);
  outcome.set_reason(decision.refusal->reason);
  outcome.set_message(decision.refusal->message);
  SetChangeAside(arrival, decision, device);
  return outcome;
}

Decision Ingester::Decide(const Arrival& arrival, const stored::v1::DeviceRow& device) {
  Decision decision;
  const PushedChange& pushed = *arrival.pushed;
  const auto refuse = [&](v1::Reason reason, std::string message) {
    decision.refusal = Refusal{reason, std::move(message)};
    return decision;
  };
  if (!pushed.change.has_value()) return refuse(v1::REASON_MALFORMED, "not a valid Change");
  const v1::Change& change = *pushed.change;
  if (auto refusal = CheckShape(change, pushed.bytes)) {
    decision.refusal = std::move(refusal);
    return decision;
  }
  if (change.device_id() != device.device_id() || change.sequence() != arrival.sequence) {
    return refuse(v1::REASON_MALFORMED, "names another device or sequence than it came under");
  }
  const auto roles = arrival.push->roles.find(change.unit_id());
  if (positions_.count(change.unit_id()) == 0 || roles == arrival.push->roles.end() ||
      AuthorityOf(roles->second) == 0) {
    return refuse(v1::REASON_NOT_MEMBER, "the author is no member of the unit it is written for");
  }
  for (const stored::v1::HeldRow& held : device.held()) {
    // A later one waits for this one, not this one for it.
    if (held.sequence() >= arrival.sequence) continue;
    for (const v1::RecordEdit& edit : change.edits()) {
      if (std::find(held.record_ids().begin(), held.record_ids().end(), edit.record_id()) ==
          held.record_ids().end()) {
        continue;
      }
      decision.waits_for = ChangeId::From(held.change_id()).value_or(ChangeId());
      return refuse(v1::REASON_WAITS_FOR_OWN,
                    absl::StrCat("waits for change ", held.sequence(), " of the same device"));
    }
  }
  decision.after = arrival.released ? 0 : device.stamp();
  for (const v1::RecordEdit& edit : change.edits()) {
    auto refusal = PrepareEdit(arrival, roles->second, edit, &decision);
    if (!refusal.has_value()) continue;
    decision.refusal = std::move(refusal);
    // While a history is missing, the other edits may ask for theirs in the same go.
    if (outcome_.histories_needed.empty()) return decision;
  }
  return decision;
}

// Unit, dossier and existence.
absl::optional<Refusal> Ingester::CheckPlace(const v1::Change& change, const v1::RecordEdit& edit,
                                             Decision* decision) {
  const auto id = RecordId::From(edit.record_id());
  if (const WrittenRecord* existing = Find(*id)) {
    if (existing->record.unit_id() != change.unit_id() ||
        existing->record.dossier().view() != change.dossier_id()) {
      return Refusal{v1::REASON_DOSSIER_MISMATCH,
                     absl::StrCat("record ", id->Short(), " is of another unit or dossier")};
    }
    if (edit.parents().empty()) {
      return Refusal{v1::REASON_TYPE_MISMATCH,
                     absl::StrCat("record ", id->Short(), " exists already")};
    }
    return absl::nullopt;
  }
  if (edit.record_id() == change.dossier_id()) {
    const RecordType* type = input_.schema->Find(edit.type());
    if (type != nullptr && !type->root) {
      return Refusal{v1::REASON_DOSSIER_MISMATCH,
                     absl::StrCat("a ", edit.type(), " cannot open a dossier")};
    }
    return absl::nullopt;
  }
  const auto dossier = RecordId::From(change.dossier_id());
  if (const WrittenRecord* root = Find(*dossier)) {
    if (root->record.unit_id() != change.unit_id() || root->record.dossier() != *dossier) {
      return Refusal{v1::REASON_DOSSIER_MISMATCH, "the dossier is of another unit"};
    }
    return absl::nullopt;
  }
  const bool opened_here = std::any_of(
      change.edits().begin(), change.edits().end(),
      [&](const v1::RecordEdit& other) { return other.record_id() == change.dossier_id(); });
  if (opened_here) return absl::nullopt;
  decision->waits_for = DossierMarker(*dossier);
  return Refusal{v1::REASON_DOSSIER_UNKNOWN,
                 absl::StrCat("dossier ", dossier->Short(), " is not here yet")};
}

absl::optional<Refusal> Ingester::PrepareEdit(const Arrival& arrival, const std::set<Role>& roles,
                                              const v1::RecordEdit& edit, Decision* decision) {
  const v1::Change& change = *arrival.pushed->change;
  const auto id = RecordId::From(edit.record_id());
  if (auto refusal = CheckPlace(change, edit, decision)) return refusal;
  const WrittenRecord* existing = Find(*id);
  const std::vector<ChangeId> parents = ParentsOf(edit);
  const auto device = DeviceId::From(arrival.push->device.device_id());

  ReadyEdit ready;
  ready.edit = &edit;
  absl::optional<MergedRecord> unborn;
  const MergedRecord* base = nullptr;
  if (existing == nullptr && parents.empty()) {
    base = &unborn.emplace(input_.schema->Find(edit.type()), *id, edit.type(), change.unit_id(),
                           *RecordId::From(change.dossier_id()));
  } else if (existing != nullptr && parents == existing->record.heads()) {
    base = &existing->record;  // the usual case: nothing happened meanwhile
    ready.seen = existing->record.seen();
  } else {
    const auto history = histories_.find(*id);
    if (history == histories_.end()) {
      outcome_.histories_needed.insert(*id);
      return Refusal{v1::REASON_UNSPECIFIED, "asks for the record's history"};
    }
    ChangeId missing;
    auto seen = history->second.SeenBy(parents, *device, &missing);
    if (!seen.has_value()) {
      decision->waits_for = missing;
      return Refusal{v1::REASON_PARENT_UNKNOWN,
                     absl::StrCat("made on change ", missing.Short(), ", which is not here yet")};
    }
    ready.seen = *std::move(seen);
    base = &history->second.At(ready.seen);
    // Nobody but its author ever had a refused edit before them, and only until they were told;
    // so what was typed into its text names it.  What was typed since, or by others, does not.
    const auto refused_text = [&](const ChangeId& parent) {
      const HistoryNode* node = history->second.Find(parent);
      return node != nullptr && !node->applied && SharesText(node->edit, edit);
    };
    if (base->empty() || std::any_of(parents.begin(), parents.end(), refused_text)) {
      return Refusal{v1::REASON_BUILDS_ON_REFUSED, "made on a change that was not applied"};
    }
  }
  if (auto refusal = CheckEdit(*input_.schema, edit, *base, roles)) return refusal;
  auto texts = TextsAfter(edit, *base);
  if (!texts.ok()) return Refusal{v1::REASON_TEXT_MISMATCH, std::string(texts.status().message())};
  ready.texts = *std::move(texts);
  size_t bytes = arrival.pushed->bytes.size();
  for (const std::string& text : ready.texts) bytes += text.size();
  if (existing != nullptr) bytes += existing->record.bytes();
  if (bytes > kRecordBytesMax) {
    // The sum counts what the edit replaces as if it stayed: look at what really comes of it.
    MergedRecord after = existing != nullptr ? existing->record : *base;
    Author author;
    author.change = arrival.pushed->id;
    author.device = *device;
    author.sequence = arrival.sequence;
    after.Apply(edit, author, ready.seen, ready.texts);
    bytes = after.bytes();
  }
  if (bytes > kRecordBytesMax) {
    return Refusal{v1::REASON_TOO_LARGE, absl::StrCat("record ", id->Short(), ": ", bytes,
                                                      " bytes, limit ", kRecordBytesMax)};
  }
  decision->after = std::max(decision->after, base->newest_stamp());
  decision->ready.push_back(std::move(ready));
  return absl::nullopt;
}

std::vector<v1::FieldOp> Ingester::AssignedAtBirth(const RecordType& type) const {
  std::vector<v1::FieldOp> assigned;
  for (const auto& [number, field] : type.fields) {
    if (field.assigned != options::v1::ASSIGNED_RECEIVED_MS) continue;
    v1::FieldOp& op = assigned.emplace_back();
    op.set_field(number);
    op.set_set(VarintFragment(number, static_cast<uint64_t>(input_.now_ms)));
  }
  return assigned;
}

uint64_t Ingester::Admit(const Arrival& arrival, const Decision& decision,
                         stored::v1::DeviceRow* device) {
  const v1::Change& change = *arrival.pushed->change;
  const BoundedStamp bounded =
      BoundStamp(change.stamp(), arrival.push->skew_ms, input_.now_ms, decision.after);
  const uint64_t position = ++positions_[change.unit_id()];
  NewEntry entry;
  entry.unit_id = change.unit_id();
  entry.bytes = arrival.pushed->bytes;
  entry.id = arrival.pushed->id;
  entry.device = *DeviceId::From(device->device_id());
  entry.sequence = arrival.sequence;
  entry.satisfies.push_back(entry.id);
  v1::Admission& admission = entry.admission;
  admission.set_position(position);
  admission.set_received_ms(input_.now_ms);
  admission.set_stamp(bounded.stamp);
  admission.set_user_id(device->user_id());
  admission.set_authority(AuthorityOf(arrival.push->roles.at(change.unit_id())));
  admission.set_skew_ms(arrival.push->skew_ms);
  if (bounded.corrected) admission.add_marks(v1::MARK_CLOCK_CORRECTED);
  if (bounded.bounded) admission.add_marks(v1::MARK_CLOCK_BOUNDED);
  device->set_stamp(std::max<uint64_t>(device->stamp(), bounded.stamp));

  const Author author = {
      entry.id,          entry.device,        arrival.sequence,     bounded.stamp,
      device->user_id(), change.claimed_ms(), admission.authority()};
  for (const ReadyEdit& ready : decision.ready) {
    const v1::RecordEdit& edit = *ready.edit;
    const auto id = RecordId::From(edit.record_id());
    WrittenRecord* written = Find(*id);
    std::vector<v1::FieldOp> assigned;
    if (written == nullptr) {
      const RecordType* type = input_.schema->Find(edit.type());
      MergedRecord fresh(type, *id, edit.type(), change.unit_id(),
                         *RecordId::From(change.dossier_id()));
      written = &working_.emplace(*id, WrittenRecord{std::move(fresh), 0, 0}).first->second;
      assigned = AssignedAtBirth(*type);
      ++outcome_.births[change.unit_id()];
      if (*id == written->record.dossier()) entry.satisfies.push_back(DossierMarker(*id));
    }
    written->record.Apply(edit, author, ready.seen, ready.texts);
    for (const v1::FieldOp& op : assigned) {
      written->record.Assign(op, author);
      v1::AssignedOp* noted = admission.add_assigned();
      noted->set_record_id(edit.record_id());
      *noted->mutable_op() = op;
    }
    written->position = position;
    changed_.insert(*id);
    entry.records.push_back(*id);
    if (const auto history = histories_.find(*id); history != histories_.end()) {
      HistoryNode node;
      node.author = author;
      node.edit = edit;
      node.assigned = std::move(assigned);
      // Cannot fail: the same edit was just prepared on the same history.
      history->second.Add(std::move(node)).IgnoreError();
    }
  }
  outcome_.entries.push_back(std::move(entry));
  return position;
}

void Ingester::SetChangeAside(const Arrival& arrival, const Decision& decision,
                              stored::v1::DeviceRow* device) {
  const PushedChange& pushed = *arrival.pushed;
  const bool held = decision.waits_for != ChangeId();
  SetAside aside;
  v1::QuarantinedChange& row = aside.change;
  row.set_change(pushed.bytes);
  row.set_change_id(pushed.id.str());
  row.set_device_id(device->device_id());
  row.set_sequence(arrival.sequence);
  row.set_user_id(device->user_id());
  row.set_received_ms(input_.now_ms);
  row.set_verdict(held ? VERDICT_HELD : VERDICT_QUARANTINED);
  row.set_reason(decision.refusal->reason);
  row.set_message(decision.refusal->message);
  device->set_set_aside(device->set_aside() + 1);
  if (pushed.change.has_value()) {
    const v1::Change& change = *pushed.change;
    if (const auto at = positions_.find(change.unit_id()); at != positions_.end()) {
      row.set_unit_id(change.unit_id());
      aside.after_position = at->second;
    }
    for (const v1::RecordEdit& edit : change.edits()) {
      const auto id = RecordId::From(edit.record_id());
      if (!id.has_value()) continue;
      aside.records.push_back(*id);
      const auto history = histories_.find(*id);
      // A forked branch shares its sequences with the first one, so it has no place in a graph
      // that tells changes apart by them; nor has what is held, yet.
      const bool outside = held || decision.refusal->reason == v1::REASON_FORKED_BRANCH;
      if (outside || history == histories_.end()) continue;
      HistoryNode node;
      node.author.change = pushed.id;
      node.author.device = DeviceId::From(device->device_id()).value_or(DeviceId());
      node.author.sequence = arrival.sequence;
      node.edit = edit;
      node.applied = false;
      // One that names unknown parents has no place in the graph, and nothing can name it.
      history->second.Add(std::move(node)).IgnoreError();
    }
  }
  if (held) {
    stored::v1::HeldRow* waiting = device->add_held();
    waiting->set_sequence(arrival.sequence);
    waiting->set_waits_for(decision.waits_for.str());
    waiting->set_change_id(pushed.id.str());
    for (const RecordId& id : aside.records) waiting->add_record_ids(id.str());
  }
  outcome_.set_aside.push_back(std::move(aside));
}

IngestOutcome Ingester::Finish() {
  for (const RecordId& id : changed_) outcome_.records.emplace(id, std::move(working_.at(id)));
  for (const auto& [unit, position] : positions_) {
    const auto before = input_.positions.find(unit);
    if (before == input_.positions.end() || before->second != position) {
      outcome_.positions[unit] = position;
    }
  }
  return std::move(outcome_);
}

}  // namespace

ChangeId DossierMarker(const RecordId& dossier) {
  std::string bytes = dossier.str();
  bytes.resize(ChangeId::kSize, '\0');
  return *ChangeId::From(bytes);
}

IngestOutcome Ingest(const IngestInput& input) {
  Ingester ingester(input);
  for (const PushInput& push : input.pushes) ingester.TakePush(push);
  return ingester.Finish();
}

IngestOutcome Release(const IngestInput& input, const std::vector<ReleaseInput>& releases) {
  Ingester ingester(input);
  std::map<std::string, stored::v1::DeviceRow> rows;
  for (const ReleaseInput& release : releases) {
    const stored::v1::DeviceRow& row = release.author.device;
    ingester.TakeRelease(release, &rows.emplace(row.device_id(), row).first->second);
  }
  return ingester.Finish();
}

}  // namespace sotay::sync
