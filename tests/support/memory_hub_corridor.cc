// The hub's corridor: load, decide, commit.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "mobile-sdk/core/link.h"
#include "sync/awaited.h"
#include "sync/moved_clock.h"
#include "sync/status_macros.h"
#include "tests/support/memory_hub.h"

namespace sotay::tests {
namespace {

v1::Change ChangeIn(const std::string& bytes) {
  v1::Change change;
  change.ParseFromString(bytes);
  return change;
}

}  // namespace

sync::IngestInput MemoryHub::Load(std::vector<sync::PushInput> pushes) const {
  sync::IngestInput input;
  input.schema = schema_.get();
  input.now_ms = now_ms_();
  input.positions = state_.positions;
  for (const sync::PushInput& push : pushes) {
    for (const sync::PushedChange& pushed : push.changes) {
      if (pushed.change == nullptr) continue;
      std::vector<std::string> named = {pushed.change->dossier_id()};
      for (const v1::RecordEdit& edit : pushed.change->edits()) named.push_back(edit.record_id());
      for (const std::string& bytes : named) {
        const auto id = sync::RecordId::From(bytes);
        if (!id.has_value() || input.records.count(*id) != 0) continue;
        const auto stored = state_.records.find(*id);
        if (stored == state_.records.end()) continue;
        input.records.emplace(
            *id, sync::LoadedRecord{*sync::MergedRecord::Parse(*schema_, stored->second.bytes),
                                    stored->second.position});
      }
    }
  }
  input.pushes = std::move(pushes);
  return input;
}

sync::History MemoryHub::HistoryOf(const sync::RecordId& id, const sync::IngestInput& like) const {
  absl::optional<sync::MergedRecord> empty;
  if (const auto known = like.records.find(id); known != like.records.end()) {
    const sync::MergedRecord& record = known->second.record;
    empty.emplace(record.type(), id, record.type_name(), record.unit_id(), record.dossier());
  }
  for (const sync::PushInput& push : like.pushes) {
    for (const sync::PushedChange& pushed : push.changes) {
      if (empty.has_value() || pushed.change == nullptr) continue;
      for (const v1::RecordEdit& edit : pushed.change->edits()) {
        if (edit.record_id() != id.view()) continue;
        empty.emplace(schema_->Find(edit.type()), id, edit.type(), pushed.change->unit_id(),
                      *sync::RecordId::From(pushed.change->dossier_id()));
      }
    }
  }
  // One that is only signed.
  if (!empty.has_value()) empty.emplace(nullptr, id, "", "", id);
  sync::History history(*std::move(empty));
  for (const State::Entry& entry : state_.log) {
    if (entry.records.count(id.str()) == 0) continue;
    const bool applied = entry.admission.position() != 0;
    if (!applied && (entry.set_aside.verdict() == v1::VERDICT_HELD ||
                     entry.set_aside.reason() == v1::REASON_FORKED_BRANCH)) {
      continue;
    }
    const v1::Change change = ChangeIn(entry.bytes);
    for (const v1::RecordEdit& edit : change.edits()) {
      if (edit.record_id() != id.view()) continue;
      sync::HistoryNode node;
      node.author = {entry.id,
                     entry.device,
                     entry.sequence,
                     entry.admission.stamp(),
                     entry.admission.user_id(),
                     change.claimed_ms(),
                     entry.admission.authority()};
      node.reason = change.reason();
      node.edit = edit;
      node.applied = applied;
      for (const v1::AssignedOp& assigned : entry.admission.assigned()) {
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

template <typename Decide>
sync::IngestOutcome MemoryHub::Decided(sync::IngestInput* input, const Decide& decide) const {
  for (;;) {
    sync::IngestOutcome outcome = decide(*input);
    if (outcome.histories_needed.empty()) return outcome;
    for (const sync::RecordId& id : outcome.histories_needed) {
      input->histories.emplace(id, HistoryOf(id, *input));
    }
  }
}

void MemoryHub::Commit(const sync::IngestOutcome& outcome) {
  NoteSequences(outcome, &state_.sequences);
  std::vector<State::Entry> lines;
  for (const sync::NewEntry& entry : outcome.entries) {
    State::Entry& line = lines.emplace_back();
    line.unit_id = entry.unit_id;
    line.bytes = std::string(entry.bytes);
    line.id = entry.id;
    line.device = entry.device;
    line.sequence = entry.sequence;
    line.admission = entry.admission;
    line.after_position = entry.admission.position();
    for (const sync::RecordId& id : entry.records) line.records.insert(id.str());
  }
  for (const sync::SetAside& aside : outcome.set_aside) {
    State::Entry& line = lines.emplace_back();
    line.unit_id = aside.change.unit_id();
    line.bytes = aside.change.change();
    line.id = *sync::ChangeId::From(aside.change.change_id());
    line.device = *sync::DeviceId::From(aside.change.device_id());
    line.sequence = aside.change.sequence();
    line.set_aside = aside.change;
    line.after_position = aside.after_position;
    for (const sync::RecordId& id : aside.records) line.records.insert(id.str());
  }
  // A change set aside after position p stands between p and p + 1.
  std::stable_sort(lines.begin(), lines.end(), [](const State::Entry& a, const State::Entry& b) {
    return a.after_position < b.after_position;
  });
  state_.log.insert(state_.log.end(), lines.begin(), lines.end());
  for (const auto& [id, written] : outcome.records) {
    state_.records[id] = {written.record().Serialize(), written.unit_id(), written.position()};
  }
  for (const auto& [unit, position] : outcome.positions) state_.positions[unit] = position;
}

void MemoryHub::ReleaseHeld(std::set<std::string> arrived) {
  while (!arrived.empty()) {
    std::vector<sync::ReleaseInput> releases;
    std::vector<sync::PushInput> authors;
    for (const auto& [device, row] : state_.devices) {
      for (const stored::v1::HeldRow& held : row.held()) {
        if (arrived.count(held.waits_for()) == 0) continue;
        const auto line =
            std::find_if(state_.log.begin(), state_.log.end(), [&](const State::Entry& entry) {
              return entry.id.view() == held.change_id() && entry.admission.position() == 0;
            });
        if (line == state_.log.end()) continue;
        sync::ReleaseInput release;
        release.sequence = held.sequence();
        release.author.device = row;
        release.author.roles = state_.roles[row.user_id()];
        release.author.changes.push_back({line->bytes, line->id, sync::ReadChange(line->bytes)});
        authors.push_back(release.author);
        releases.push_back(std::move(release));
        state_.log.erase(line);
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
      const sync::DeviceId device = *sync::DeviceId::From(row.device_id());
      std::vector<v1::ChangeOutcome>& revised = state_.revised[device];
      v1::ChangeOutcome& news = revised.emplace_back(outcome.pushes[i].outcomes.front());
      news.set_revision(revised.size());
      row.set_revisions(revised.size());
      state_.devices[device] = std::move(row);
    }
    for (const sync::ChangeId& id : sync::ArrivedWith(outcome)) arrived.insert(id.str());
  }
}

absl::Status MemoryHub::TakePush(const stored::v1::DeviceRow& row, const v1::SyncRequest& request,
                                 v1::SyncResponse* response) {
  sync::PushInput push;
  SOTAY_ASSIGN_OR_RETURN(push.changes, Unseal(row, request.push()));
  push.device = row;
  const sync::DeviceId device = *sync::DeviceId::From(row.device_id());
  push.roles = state_.roles[row.user_id()];
  push.skew_ms = sync::SkewSaid(request, now_ms_()).writing_ms;
  push.first_sequence = request.push().first_sequence();
  push.known = state_.sequences[device];
  sync::IngestInput input = Load({push});
  const sync::IngestOutcome outcome =
      Decided(&input, [](const sync::IngestInput& asked) { return sync::Ingest(asked); });
  Commit(outcome);
  const sync::PushOutcome& answer = outcome.pushes.front();
  state_.devices[device] = answer.device;
  if (answer.refused.has_value()) {
    v1::ErrorDetail detail;
    detail.set_reason(answer.refused->reason);
    detail.set_expected_sequence(answer.expected_sequence);
    const auto code = answer.refused->reason == v1::REASON_SEQUENCE_GAP
                          ? absl::StatusCode::kFailedPrecondition
                          : absl::StatusCode::kAborted;
    return sdk::WithDetail(absl::Status(code, answer.refused->message), detail);
  }
  for (const v1::ChangeOutcome& one : answer.outcomes) *response->add_outcomes() = one;
  std::set<std::string> arrived;
  for (const sync::ChangeId& id : sync::ArrivedWith(outcome)) arrived.insert(id.str());
  ReleaseHeld(std::move(arrived));
  return absl::OkStatus();
}

}  // namespace sotay::tests
