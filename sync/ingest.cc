#include "sync/ingest.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/assigned.h"
#include "sync/assignment_acts.h"
#include "sync/decision.h"
#include "sync/fragment.h"
#include "sync/hidden_dossiers.h"
#include "sync/moved_clock.h"
#include "sync/unknown_time.h"

namespace sotay::sync {
namespace {

using Histories = std::map<RecordId, History>;
using v1::VERDICT_APPLIED;
using v1::VERDICT_HELD;
using v1::VERDICT_QUARANTINED;

// Takes changes one by one on a working copy of what was loaded.
class Ingester {
 public:
  explicit Ingester(const IngestInput& input) : input_(input), bench_(input) {}

  void TakePush(const PushInput& push);
  void TakeRelease(const ReleaseInput& release, stored::v1::DeviceRow* row);
  void TakeDecided(const TakeInInput& taken);
  IngestOutcome Finish();

 private:
  absl::optional<PushOutcome> RefuseWhole(const PushInput& push, PushOutcome* outcome);
  void QuarantineFork(const PushInput& push, size_t from, PushOutcome* outcome);
  v1::ChangeOutcome Repeat(const PushInput& push, uint64_t sequence) const;
  v1::ChangeOutcome TakeChange(const Arrival& arrival, stored::v1::DeviceRow* device);
  uint64_t Admit(const Arrival& arrival, Decision decision, stored::v1::DeviceRow* device);
  uint64_t NoteSignature(const Decision& decision, const NewEntry& entry);
  void NoteInHistory(const Author& author, const std::string& reason, const v1::RecordEdit& edit,
                     const std::vector<v1::FieldOp>& assigned, Histories::iterator history);
  void SetChangeAside(const Arrival& arrival, const Decision& decision,
                      stored::v1::DeviceRow* device);

  const IngestInput& input_;
  Bench bench_;
  IngestOutcome outcome_;
};

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
        if (push.device.state() == v1::DEVICE_STATE_REVOKED) {
          outcome->refused =
              Refusal{v1::REASON_DEVICE_REVOKED, "the device is revoked, and forked"};
        } else {
          QuarantineFork(push, i, outcome);
        }
        return *outcome;
      }
      continue;
    }
    if (pushed.change != nullptr && pushed.change->previous() != head) {
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

void Ingester::TakeDecided(const TakeInInput& taken) {
  PushOutcome outcome;
  outcome.device = taken.author.device;
  Arrival arrival{&taken.author, &taken.author.changes.front(), taken.sequence, false, &taken};
  Decision decision = Decide(arrival, outcome.device, &bench_);
  v1::ChangeOutcome& decided = outcome.outcomes.emplace_back();
  decided.set_sequence(taken.sequence);
  if (decision.refusal.has_value()) {
    decided.set_verdict(VERDICT_QUARANTINED);
    decided.set_reason(decision.refusal->reason);
    decided.set_message(decision.refusal->message);
  } else {
    decided.set_verdict(VERDICT_APPLIED);
    decided.set_position(Admit(arrival, std::move(decision), &outcome.device));
    if (outcome.device.set_aside() > 0) {
      outcome.device.set_set_aside(outcome.device.set_aside() - 1);
    }
  }
  outcome_.pushes.push_back(std::move(outcome));
}

v1::ChangeOutcome Ingester::TakeChange(const Arrival& arrival, stored::v1::DeviceRow* device) {
  Decision decision = Decide(arrival, *device, &bench_);
  v1::ChangeOutcome outcome;
  outcome.set_sequence(arrival.sequence);
  if (!decision.refusal.has_value()) {
    outcome.set_verdict(VERDICT_APPLIED);
    outcome.set_position(Admit(arrival, std::move(decision), device));
    return outcome;
  }
  outcome.set_verdict(decision.waits_for == ChangeId() ? VERDICT_QUARANTINED : VERDICT_HELD);
  outcome.set_reason(decision.refusal->reason);
  outcome.set_message(decision.refusal->message);
  SetChangeAside(arrival, decision, device);
  return outcome;
}

uint64_t Ingester::Admit(const Arrival& arrival, Decision decision, stored::v1::DeviceRow* device) {
  const v1::Change& change = *arrival.pushed->change;
  const int64_t received_ms = arrival.taken != nullptr ? arrival.taken->received_ms : input_.now_ms;
  const int64_t skew_ms = arrival.push->skew_ms;
  const BoundedStamp bounded =
      skew_ms == kSkewUnknown
          ? BoundedStamp{StampOfUnknown(std::max(decision.after, StampAt(device->enrolled_ms())))}
          : BoundStamp(change.stamp(), change.claimed_ms(), skew_ms, received_ms, decision.after);
  const uint64_t position = ++bench_.positions[change.unit_id()];
  NewEntry& entry = outcome_.entries.emplace_back();
  entry.unit_id = change.unit_id();
  entry.bytes = arrival.pushed->bytes;
  entry.id = arrival.pushed->id;
  entry.device = *DeviceId::From(device->device_id());
  entry.sequence = arrival.sequence;
  entry.satisfies.push_back(entry.id);
  v1::Admission& admission = entry.admission;
  admission.set_position(position);
  admission.set_received_ms(received_ms);
  admission.set_stamp(bounded.stamp);
  admission.set_user_id(device->user_id());
  Author author = arrival.Place();
  author.stamp = bounded.stamp;
  admission.set_authority(author.authority);
  if (skew_ms != kSkewUnknown) admission.set_skew_ms(skew_ms);
  if (bounded.corrected) admission.add_marks(v1::MARK_CLOCK_CORRECTED);
  if (bounded.bounded) admission.add_marks(v1::MARK_CLOCK_BOUNDED);
  if (arrival.taken != nullptr) {
    admission.add_marks(v1::MARK_TAKEN_IN);
    *admission.mutable_taken_in() = arrival.taken->taken_in;
  }
  if (decision.unaware_of != 0) NoteUnaware(decision.unaware_of, &admission);
  device->set_stamp(std::max<uint64_t>(device->stamp(), bounded.stamp));

  for (ReadyEdit& ready : decision.ready) {
    const v1::RecordEdit& edit = *ready.edit;
    const auto id = *RecordId::From(edit.record_id());
    entry.records.push_back(id);
    const auto history = bench_.histories.find(id);
    WrittenRecord* const written = bench_.Find(id);
    if (written == nullptr) {
      Birth birth;
      birth.type = bench_.input.schema->Find(edit.type());
      birth.change = &change;
      birth.edit = &edit;
      birth.admission = &admission;
      birth.author = author;
      birth.texts = std::move(ready.texts);
      std::vector<v1::FieldOp> assigned = AssignedAtBirth(
          *birth.type, received_ms, NoteSignature(decision, entry), decision.assigns);
      NoteInHistory(author, change.reason(), edit, assigned, history);
      for (v1::FieldOp& op : assigned) {
        v1::AssignedOp* const noted = admission.add_assigned();
        noted->set_record_id(edit.record_id());
        *noted->mutable_op() = std::move(op);
      }
      ++outcome_.births[change.unit_id()];
      if (edit.record_id() == change.dossier_id()) entry.satisfies.push_back(DossierMarker(id));
      WrittenRecord* const born = bench_.working.Add(id, WrittenRecord(std::move(birth), position));
      if (history != bench_.histories.end()) {
        history->second.CopyMerged(edit, born->Edit(position));
      }
    } else {
      MergedRecord* const record = written->Edit(position);
      record->Apply(edit, author, ready.seen, ready.texts);
      NoteInHistory(author, change.reason(), edit, {}, history);
      // What is numbered is the state that stands.
      if (history != bench_.histories.end()) history->second.CopyMerged(edit, record);
      if (auto given = GiveNumber(author, input_.now_ms, &bench_.numbers, record)) {
        if (history != bench_.histories.end()) history->second.NoteAssigned({given->op()});
        *admission.add_assigned() = *std::move(given);
      }
    }
  }
  SayHidden(arrival, decision, &bench_);
  SayAssigned(arrival, decision, &bench_);
  return position;
}

// A signature that takes effect stands from now on; the revision it is about, 0 when it is none.
uint64_t Ingester::NoteSignature(const Decision& decision, const NewEntry& entry) {
  if (!decision.signature.has_value()) return 0;
  const RecordId& object = decision.signature->object;
  bench_.signatures[object] =
      outcome_.signatures[object] = {entry.records.back(), entry.admission.position(),
                                     entry.admission.user_id(), decision.signature->signs};
  return bench_.Find(object)->position();
}

// Where the record's history was asked for, it goes on.
void Ingester::NoteInHistory(const Author& author, const std::string& reason,
                             const v1::RecordEdit& edit, const std::vector<v1::FieldOp>& assigned,
                             Histories::iterator history) {
  if (history == bench_.histories.end()) return;
  HistoryNode node;
  node.author = author;
  node.reason = reason;
  node.edit = edit;
  node.assigned = assigned;
  // Cannot fail: the same edit was just prepared on the same history.
  history->second.Add(std::move(node)).IgnoreError();
}

void Ingester::SetChangeAside(const Arrival& arrival, const Decision& decision,
                              stored::v1::DeviceRow* device) {
  const PushedChange& pushed = *arrival.pushed;
  const bool held = decision.waits_for != ChangeId();
  const bool bare =
      decision.refusal->reason == v1::REASON_CLASSIFIED || IsSecret(pushed, input_.sealed.get());
  SetAside aside;
  v1::QuarantinedChange& row = aside.change;
  if (!bare) row.set_change(pushed.bytes);
  if (bare && decision.refusal->reason == v1::REASON_FORKED_BRANCH)  // its push says nothing of it
    row.set_change(NamedOnly(pushed, device->device_id(), arrival.sequence));
  row.set_change_id(pushed.id.str());
  row.set_device_id(device->device_id());
  row.set_sequence(arrival.sequence);
  row.set_user_id(device->user_id());
  row.set_received_ms(arrival.CameMs(input_.now_ms));
  row.set_verdict(held ? VERDICT_HELD : VERDICT_QUARANTINED);
  row.set_reason(decision.refusal->reason);
  row.set_message(decision.refusal->message);
  NoteSkew(arrival.push->skew_ms, &row);
  device->set_set_aside(device->set_aside() + 1);
  if (pushed.change != nullptr) {
    const v1::Change& change = *pushed.change;
    if (const auto at = bench_.positions.find(change.unit_id()); at != bench_.positions.end()) {
      row.set_unit_id(change.unit_id());
      aside.after_position = at->second;
    }
    for (const v1::RecordEdit& edit : change.edits()) {
      const auto id = RecordId::From(edit.record_id());
      // What it says of itself is not kept, so it has no place in any graph.
      if (!id.has_value() || bare) continue;
      aside.records.push_back(*id);
      const auto history = bench_.histories.find(*id);
      // A forked branch shares its sequences with the first one, so it has no place in a graph
      // that tells changes apart by them; nor has what is held, yet.
      // What came after a revocation says nothing of what was seen before it, and costs nobody.
      const bool outside = held || decision.refusal->reason == v1::REASON_FORKED_BRANCH ||
                           decision.refusal->reason == v1::REASON_DEVICE_REVOKED;
      if (outside || history == bench_.histories.end()) continue;
      HistoryNode node;
      node.author = arrival.Place();
      node.edit = edit;
      node.applied = false;
      // One that names unknown parents has no place in the graph, and nothing can name it.
      history->second.Add(std::move(node)).IgnoreError();
    }
  }
  // What is made on it has a place in no graph either.
  if (bare || decision.refusal->reason == v1::REASON_BUILDS_ON_REFUSED)
    bench_.bare.emplace(arrival.Place().device, pushed.id);
  if (held) {
    stored::v1::HeldRow* waiting = device->add_held();
    waiting->set_sequence(arrival.sequence);
    waiting->set_waits_for(decision.waits_for.str());
    waiting->set_change_id(pushed.id.str());
    for (const RecordId& id : aside.records) waiting->add_record_ids(id.str());
    arrival.NoteGrounds(row.unit_id(), waiting);
  }
  outcome_.set_aside.push_back(std::move(aside));
}

IngestOutcome Ingester::Finish() {
  outcome_.histories_needed = std::move(bench_.histories_needed);
  outcome_.records = std::move(bench_.working);
  outcome_.acts = std::move(bench_.acts);
  outcome_.records.DropUnwritten();
  for (auto& [unit, numbers] : bench_.numbers) {
    const auto before = input_.numbers.find(unit);
    if (before == input_.numbers.end() || before->second != numbers) {
      outcome_.numbers[unit] = std::move(numbers);
    }
  }
  for (const auto& [unit, position] : bench_.positions) {
    const auto before = input_.positions.find(unit);
    if (before == input_.positions.end() || before->second != position) {
      outcome_.positions[unit] = position;
    }
  }
  return std::move(outcome_);
}

}  // namespace

IngestOutcome Ingest(const IngestInput& input) {
  Ingester ingester(input);
  for (const PushInput& push : input.pushes) ingester.TakePush(push);
  return ingester.Finish();
}

IngestOutcome TakeIn(const IngestInput& input, const TakeInInput& taken) {
  Ingester ingester(input);
  ingester.TakeDecided(taken);
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
