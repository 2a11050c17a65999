#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "sync/awaited.h"
#include "tests/support/paper_world.h"

namespace sotay::tests {
namespace {

v1::Change ChangeIn(const std::string& bytes) {
  v1::Change change;
  change.ParseFromString(bytes);
  return change;
}

}  // namespace

PaperOffice::PaperOffice(std::shared_ptr<const sync::Schema> schema) : schema_(std::move(schema)) {}

PaperPhone PaperOffice::Enrol(absl::string_view name, const std::set<sync::Role>& roles,
                              const std::string& unit_id) {
  PaperPhone phone(schema_, name, roles, unit_id);
  phone.history = [this](const sync::RecordId& id) { return EditsOf(id); };
  stored::v1::DeviceRow& row = devices_[phone.device()];
  row.set_device_id(phone.device().str());
  row.set_user_id(phone.user_id());
  row.set_state(v1::DEVICE_STATE_ACTIVE);
  positions_.emplace(unit_id, 0);
  roles_[phone.user_id()][unit_id] = roles;
  return phone;
}

const stored::v1::DeviceRow& PaperOffice::Row(const PaperPhone& phone) const {
  return devices_.at(phone.device());
}

sync::PushInput PaperOffice::PushOf(const PaperPhone& phone, uint64_t first_sequence) const {
  sync::PushInput push;
  push.device = devices_.at(phone.device());
  push.roles = roles_.at(phone.user_id());
  push.skew_ms = skew_ms;
  push.first_sequence = first_sequence != 0 ? first_sequence : push.device.accepted_through() + 1;
  push.changes = phone.Written(push.first_sequence);
  if (const auto known = sequences_.find(phone.device()); known != sequences_.end()) {
    push.known = known->second;
  }
  return push;
}

sync::IngestInput PaperOffice::Load(std::vector<sync::PushInput> pushes) const {
  sync::IngestInput input;
  input.schema = schema_.get();
  input.now_ms = now_ms;
  input.positions = positions_;
  input.numbers = numbers_;
  input.signatures = signatures_;
  input.hash_content = hash_content;
  for (const sync::PushInput& push : pushes) {
    for (const sync::PushedChange& pushed : push.changes) {
      if (pushed.change == nullptr) continue;
      std::vector<std::string> named = {pushed.change->dossier_id()};
      for (const v1::RecordEdit& edit : pushed.change->edits()) {
        named.push_back(edit.record_id());
        const sync::RecordType* const type = schema_->Find(edit.type());
        if (type == nullptr || type->signing == nullptr) continue;
        for (const sync::RecordId& object : sync::PutUnder(*type, edit)) {
          named.push_back(object.str());
        }
      }
      for (const std::string& bytes : named) {
        const auto id = sync::RecordId::From(bytes);
        if (!id.has_value()) continue;
        const auto stored = records_.find(*id);
        if (stored == records_.end()) continue;
        auto record = sync::MergedRecord::Parse(*schema_, stored->second.bytes);
        input.records.emplace(*id, sync::LoadedRecord{*std::move(record), stored->second.position});
      }
    }
  }
  input.pushes = std::move(pushes);
  return input;
}

sync::History PaperOffice::HistoryOf(const sync::RecordId& id, const sync::IngestInput& like,
                                     const std::vector<Line>* journal) const {
  absl::optional<sync::MergedRecord> empty;
  const auto try_edits = [&](const v1::Change& change) {
    for (const v1::RecordEdit& edit : change.edits()) {
      if (empty.has_value() || edit.record_id() != id.view()) continue;
      const auto dossier = sync::RecordId::From(change.dossier_id());
      empty.emplace(schema_->Find(edit.type()), id, edit.type(), change.unit_id(),
                    dossier.value_or(sync::RecordId()));
    }
  };
  if (const auto stored = records_.find(id); stored != records_.end()) {
    const auto record = sync::MergedRecord::Parse(*schema_, stored->second.bytes);
    empty.emplace(record->type(), id, record->type_name(), record->unit_id(), record->dossier());
  }
  for (const sync::PushInput& push : like.pushes) {
    for (const sync::PushedChange& pushed : push.changes) {
      if (pushed.change != nullptr) try_edits(*pushed.change);
    }
  }
  // One that is only signed.
  if (!empty.has_value()) empty.emplace(nullptr, id, "", "", id);
  sync::History history(*std::move(empty));
  for (const Line& line : journal != nullptr ? *journal : journal_) {
    const bool applied = line.admission.position() != 0;
    // A held change has no place yet; a forked one never gets any.
    if (!applied && (line.set_aside.verdict() == v1::VERDICT_HELD ||
                     line.set_aside.reason() == v1::REASON_FORKED_BRANCH)) {
      continue;
    }
    const v1::Change change = ChangeIn(line.bytes);
    for (const v1::RecordEdit& edit : change.edits()) {
      if (edit.record_id() != id.view()) continue;
      sync::HistoryNode node;
      node.author = {line.id,
                     line.device,
                     line.sequence,
                     line.admission.stamp(),
                     line.admission.user_id(),
                     change.claimed_ms(),
                     line.admission.authority()};
      if (line.admission.has_taken_in()) node.author.StandApart();
      node.reason = change.reason();
      node.edit = edit;
      node.applied = applied;
      for (const v1::AssignedOp& assigned : line.admission.assigned()) {
        if (assigned.record_id() == id.view()) node.assigned.push_back(assigned.op());
      }
      const absl::Status added = history.Add(std::move(node));
      if (applied && !added.ok()) {
        std::fprintf(stderr, "the log does not replay: %s\n", added.ToString().c_str());
        std::abort();
      }
    }
  }
  return history;
}

std::vector<sync::AdmittedEdit> PaperOffice::EditsOf(const sync::RecordId& id) const {
  const sync::History history = HistoryOf(id, {});
  std::vector<sync::AdmittedEdit> edits;
  for (const Line& line : journal_) {
    if (line.admission.position() == 0) continue;
    v1::LogEntry entry;
    entry.set_change(line.bytes);
    entry.set_change_id(line.id.str());
    *entry.mutable_admission() = line.admission;
    history.TellSeen(&entry);
    if (auto edit = sync::AdmittedEditOf(entry, id)) edits.push_back(*std::move(edit));
  }
  return edits;
}

template <typename Decide>
sync::IngestOutcome PaperOffice::Decided(sync::IngestInput* input, const Decide& decide) {
  for (rounds = 1;; ++rounds) {
    sync::IngestOutcome outcome = decide(*input);
    if (outcome.histories_needed.empty()) return outcome;
    for (const sync::RecordId& id : outcome.histories_needed) {
      if (!input->histories.emplace(id, HistoryOf(id, *input)).second) {
        std::fprintf(stderr, "a history was asked for twice\n");
        std::abort();
      }
    }
  }
}

sync::PushOutcome PaperOffice::Push(const sync::PushInput& push) {
  sync::IngestInput input = Load({push});
  const sync::IngestOutcome outcome =
      Decided(&input, [](const sync::IngestInput& asked) { return sync::Ingest(asked); });
  Commit(outcome);
  devices_[*sync::DeviceId::From(push.device.device_id())] = outcome.pushes.front().device;
  std::set<std::string> arrived;
  for (const sync::ChangeId& id : sync::ArrivedWith(outcome)) arrived.insert(id.str());
  const int own_rounds = rounds;
  if (releases_held) ReleaseHeld(std::move(arrived));
  rounds = own_rounds;
  return outcome.pushes.front();
}

void PaperOffice::ReleaseHeld(std::set<std::string> arrived) {
  while (!arrived.empty()) {
    std::vector<sync::ReleaseInput> releases;
    std::vector<sync::PushInput> authors;
    for (const auto& [device, row] : devices_) {
      for (const stored::v1::HeldRow& held : row.held()) {
        if (arrived.count(held.waits_for()) == 0) continue;
        const auto line = std::find_if(journal_.begin(), journal_.end(), [&](const Line& l) {
          return l.id.view() == held.change_id() && l.admission.position() == 0;
        });
        sync::ReleaseInput release;
        release.sequence = held.sequence();
        release.author.device = row;
        release.author.roles = roles_.at(row.user_id());
        release.author.skew_ms = skew_ms;
        release.author.changes.push_back({line->bytes, line->id, sync::ReadChange(line->bytes)});
        authors.push_back(release.author);
        releases.push_back(std::move(release));
        journal_.erase(line);
      }
    }
    if (releases.empty()) return;
    sync::IngestInput input = Load(std::move(authors));
    const sync::IngestOutcome outcome = Decided(
        &input, [&](const sync::IngestInput& asked) { return sync::Release(asked, releases); });
    Commit(outcome);
    arrived.clear();
    for (size_t i = 0; i < releases.size(); ++i) {
      stored::v1::DeviceRow row = outcome.pushes[i].device;
      row.set_revisions(row.revisions() + i + 1);
      const sync::DeviceId device = *sync::DeviceId::From(row.device_id());
      v1::ChangeOutcome revised = outcome.pushes[i].outcomes.front();
      revised.set_revision(row.revisions());
      revised_[device].push_back(revised);
      devices_[device] = std::move(row);
    }
    for (const sync::ChangeId& id : sync::ArrivedWith(outcome)) arrived.insert(id.str());
  }
}

v1::ChangeOutcome PaperOffice::TakeIn(const v1::QuarantinedChange& refused, const std::string& by) {
  const sync::DeviceId device = *sync::DeviceId::From(refused.device_id());
  sync::TakeInInput taken;
  taken.author.device = devices_.at(device);
  taken.author.roles = roles_.at(refused.user_id());
  for (const auto& [unit, roles] : roles_.at(by)) {
    taken.author.roles[unit].insert(roles.begin(), roles.end());
  }
  taken.author.changes.push_back({refused.change(), *sync::ChangeId::From(refused.change_id()),
                                  sync::ReadChange(refused.change())});
  taken.sequence = refused.sequence();
  taken.authority = sync::AuthorityOf(roles_.at(refused.user_id()).at(refused.unit_id()));
  taken.received_ms = refused.received_ms();
  taken.taken_in.set_user_id(by);
  taken.taken_in.set_decided_ms(now_ms);
  taken.taken_in.set_refused_for(refused.reason());
  sync::IngestInput input = Load({taken.author});
  const sync::IngestOutcome outcome = Decided(
      &input, [&taken](const sync::IngestInput& asked) { return sync::TakeIn(asked, taken); });
  v1::ChangeOutcome told = outcome.pushes.front().outcomes.front();
  if (told.verdict() != v1::VERDICT_APPLIED) return told;
  Commit(outcome);
  stored::v1::DeviceRow& row = devices_[device] = outcome.pushes.front().device;
  row.set_revisions(row.revisions() + 1);
  told.set_revision(row.revisions());
  revised_[device].push_back(told);
  return told;
}

void PaperOffice::Commit(const sync::IngestOutcome& outcome) {
  NoteSequences(outcome, &sequences_);
  std::vector<Line> lines;
  for (const sync::NewEntry& entry : outcome.entries) {
    lines.push_back({std::string(entry.bytes),
                     entry.id,
                     entry.device,
                     entry.sequence,
                     entry.admission,
                     {},
                     entry.admission.position()});
  }
  for (const sync::SetAside& aside : outcome.set_aside) {
    const v1::QuarantinedChange& change = aside.change;
    const sync::DeviceId device = *sync::DeviceId::From(change.device_id());
    lines.push_back({change.change(),
                     *sync::ChangeId::From(change.change_id()),
                     device,
                     change.sequence(),
                     {},
                     change,
                     aside.after_position});
  }
  // A change set aside after position p stands between p and p + 1.
  std::stable_sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) {
    return a.after_position < b.after_position;
  });
  journal_.insert(journal_.end(), lines.begin(), lines.end());
  for (const auto& [id, written] : outcome.records) {
    records_[id] = {written.record().Serialize(), written.position()};
  }
  for (const auto& [unit, position] : outcome.positions) positions_[unit] = position;
  for (const auto& [unit, numbers] : outcome.numbers) numbers_[unit] = numbers;
  for (const auto& [object, signature] : outcome.signatures) signatures_[object] = signature;
}

absl::optional<sync::MergedRecord> PaperOffice::Find(absl::string_view record) const {
  const auto stored = records_.find(RecordNamed(record));
  if (stored == records_.end()) return absl::nullopt;
  return sync::MergedRecord::Parse(*schema_, stored->second.bytes).value();
}

std::vector<v1::QuarantinedChange> PaperOffice::SetAside() const {
  std::vector<v1::QuarantinedChange> changes;
  for (const Line& line : journal_) {
    if (line.admission.position() == 0) changes.push_back(line.set_aside);
  }
  return changes;
}

sync::Absorbed PaperOffice::Exchange(PaperPhone* phone) {
  const sync::PushOutcome outcome = Push(*phone);
  const stored::v1::DeviceRow& row = Row(*phone);
  v1::SyncResponse response;
  response.set_accepted_through(row.accepted_through());
  response.set_server_now_ms(now_ms);
  for (const v1::ChangeOutcome& one : outcome.outcomes) *response.add_outcomes() = one;
  for (const v1::ChangeOutcome& one : revised_[phone->device()]) {
    if (one.revision() > phone->progress().revision_seen()) *response.add_revised() = one;
  }
  std::vector<v1::FeedRecord> records;
  for (const auto& [unit, roles] : roles_.at(phone->user_id())) {
    v1::Cursor* cursor = response.add_cursors();
    cursor->set_unit_id(unit);
    cursor->set_position(positions_.at(unit));
    for (const auto& [id, stored] : records_) {
      const auto record = sync::MergedRecord::Parse(*schema_, stored.bytes);
      if (record->unit_id() != unit) continue;
      v1::FeedRecord& fed = records.emplace_back();
      fed.set_position(stored.position);
      fed.set_record(stored.bytes);
    }
  }
  return phone->Absorb(response, records).value();
}

}  // namespace sotay::tests
