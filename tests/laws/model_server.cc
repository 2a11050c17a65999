#include "tests/laws/model_server.h"

#include <algorithm>
#include <limits>

#include "sync/history_columns.h"
#include "sync/stamp.h"
#include "sync/validate.h"
#include "tests/laws/chance.h"

namespace sotay::laws {
namespace {

constexpr char kEpoch[] = "epoch-of-a-model";  // 16 bytes

sync::HistoryNode NodeOf(const PastEdit& edit) {
  sync::HistoryNode node;
  node.author = edit.author;
  node.reason = edit.reason;
  node.edit = edit.edit;
  node.applied = edit.applied;
  node.assigned = edit.assigned;
  return node;
}

// As the product knows it: by the change's own name.
sync::HistoryNode Whole(sync::HistoryNode node,
                        const std::map<sync::ChangeId, sync::ChangeId>& parted) {
  const auto whole = [&](const sync::ChangeId& id) {
    const auto at = parted.find(id);
    return at == parted.end() ? id : at->second;
  };
  node.author.change = whole(node.author.change);
  for (std::string& parent : *node.edit.mutable_parents()) {
    if (const auto id = sync::ChangeId::From(parent)) parent = whole(*id).str();
  }
  return node;
}

// What a store that keeps winners only would make of a record.
std::string WithoutLosers(const std::string& bytes) {
  v1::Record record;
  record.ParseFromString(bytes);
  for (v1::FieldState& field : *record.mutable_fields()) {
    if (field.readings_size() > 1) {
      field.mutable_readings()->DeleteSubrange(1, field.readings_size() - 1);
    }
  }
  return record.SerializeAsString();
}

}  // namespace

sync::ChangeId NameOf(absl::string_view change_bytes) {
  std::string name;
  for (uint64_t lane = 1; lane <= 4; ++lane) {
    uint64_t state = lane;
    for (size_t at = 0; at < change_bytes.size(); at += 8) {
      uint64_t word = 0;
      for (size_t i = at; i < std::min(at + 8, change_bytes.size()); ++i) {
        word = word << 8 | static_cast<unsigned char>(change_bytes[i]);
      }
      state ^= word;
      state = SplitMix(&state);
    }
    for (int i = 0; i < 8; ++i) name.push_back(static_cast<char>(state >> (8 * i)));
  }
  return *sync::ChangeId::From(name);
}

void ModelServer::Enrol(const sync::DeviceId& device, const std::string& user,
                        std::set<sync::Role> roles) {
  Enrolled& enrolled = devices_[device];
  enrolled.row.set_device_id(device.str());
  enrolled.row.set_user_id(user);
  enrolled.row.set_state(v1::DEVICE_STATE_ACTIVE);
  enrolled.roles[kUnit] = std::move(roles);
}

sync::PushInput ModelServer::InputOf(const Request& request) {
  Enrolled& enrolled = devices_.at(request.device);
  sync::PushInput push;
  push.device = enrolled.row;
  if (!enrolled.suspended) push.roles = enrolled.roles;
  push.skew_ms = fault_ == ServerFault::kBelievesEveryClock ? 0 : enrolled.skew_ms;
  push.first_sequence = request.first_sequence;
  for (const std::string& bytes : request.changes) {
    sync::PushedChange& pushed = push.changes.emplace_back();
    pushed.bytes = bytes;
    pushed.id = NameOf(bytes);
    pushed.change = sync::ReadChange(bytes);
  }
  for (uint64_t i = 0; i < request.changes.size(); ++i) {
    const auto known = enrolled.sequences.find(request.first_sequence + i);
    if (known != enrolled.sequences.end()) push.known[known->first] = known->second;
  }
  if (fault_ == ServerFault::kForgetsWhatItHas && !push.changes.empty()) {
    push.known.clear();
    push.device.set_accepted_through(request.first_sequence - 1);
    push.device.set_head(push.changes.front().change->previous());
  }
  return push;
}

void ModelServer::Load(const std::vector<const v1::Change*>& changes,
                       sync::IngestInput* input) const {
  input->schema = &SchemaOf(build_);
  input->positions[kUnit] = fault_ == ServerFault::kRenumbers ? 0 : position_;
  const auto load = [&](const std::string& bytes) {
    const auto id = sync::RecordId::From(bytes);
    if (!id.has_value() || records_.count(*id) == 0) return;
    const Kept& kept = records_.at(*id);
    auto record = sync::MergedRecord::Parse(SchemaOf(build_), kept.bytes);
    if (record.ok()) input->records.emplace(*id, sync::LoadedRecord{*record, kept.position});
  };
  for (const v1::Change* change : changes) {
    load(change->dossier_id());
    for (const v1::RecordEdit& edit : change->edits()) load(edit.record_id());
  }
}

sync::History ModelServer::HistoryOf(const sync::RecordId& id,
                                     const std::vector<const v1::Change*>& changes) const {
  std::string type;
  std::string dossier;
  std::vector<const PastEdit*> waiting;
  if (const auto past = pasts_.find(id); past != pasts_.end()) {
    type = past->second.type;
    dossier = past->second.dossier.str();
    for (const PastEdit& edit : past->second.edits) waiting.push_back(&edit);
  } else {
    for (const v1::Change* change : changes) {
      for (const v1::RecordEdit& edit : change->edits()) {
        if (edit.record_id() != id.view()) continue;
        type = edit.type();
        dossier = change->dossier_id();
      }
    }
  }
  sync::History history(sync::MergedRecord(TypeOf(build_, type), id, type, kUnit,
                                           sync::RecordId::From(dossier).value_or(id)));
  // Each after what it was made on; what was made on something unknown stays out.
  for (bool moved = true; moved;) {
    moved = false;
    std::vector<const PastEdit*> still;
    for (const PastEdit* edit : waiting) {
      history.Add(Whole(NodeOf(*edit), parted_)).ok() ? void(moved = true) : still.push_back(edit);
    }
    waiting = std::move(still);
  }
  return history;
}

std::vector<sync::AdmittedEdit> ModelServer::EditsOf(const sync::RecordId& id) const {
  const sync::History history = HistoryOf(id, {});
  std::vector<sync::AdmittedEdit> edits;
  for (const Logged& logged : log_) {
    const sync::HistoryNode* node = history.Find(logged.id);
    if (node == nullptr || !node->applied) continue;
    v1::LogEntry entry;
    entry.set_change(logged.bytes);
    entry.set_change_id(logged.id.str());
    *entry.mutable_admission() = logged.admission;
    history.TellSeen(&entry);
    if (auto edit = sync::AdmittedEditOf(entry, id)) edits.push_back(*std::move(edit));
  }
  // As it travels.
  return *sync::ReadHistory(sync::WriteHistory(edits), id);
}

void ModelServer::Remember(const v1::Change& change, const PastEdit& like) {
  for (const v1::RecordEdit& edit : change.edits()) {
    const auto id = sync::RecordId::From(edit.record_id());
    const auto dossier = sync::RecordId::From(change.dossier_id());
    if (!id.has_value() || !dossier.has_value()) continue;
    Past& past = pasts_[*id];
    if (past.edits.empty() || (like.applied && records_.count(*id) == 0)) {
      past.record = *id;
      past.type = edit.type();
      past.unit = change.unit_id();
      past.dossier = *dossier;
    }
    PastEdit& node = past.edits.emplace_back(like);
    node.edit = edit;
    node.assigned.clear();
  }
}

void ModelServer::Commit(const sync::IngestOutcome& outcome,
                         std::vector<sync::ChangeId>* satisfied) {
  for (const sync::PushOutcome& pushed : outcome.pushes) {
    const auto device = *sync::DeviceId::From(pushed.device.device_id());
    devices_.at(device).row = pushed.device;
  }
  for (const sync::NewEntry& entry : outcome.entries) {
    log_.push_back(
        {entry.admission, std::string(entry.bytes), entry.id, entry.device, entry.sequence});
    stored::v1::SequenceRow& row = devices_.at(entry.device).sequences[entry.sequence];
    row = stored::v1::SequenceRow();
    row.set_change_id(entry.id.str());
    row.set_verdict(v1::VERDICT_APPLIED);
    row.set_unit_id(entry.unit_id);
    row.set_position(entry.admission.position());
    aside_.erase(entry.id);
    v1::Change change;
    change.ParseFromString(log_.back().bytes);
    PastEdit like;
    like.author = {entry.id,
                   entry.device,
                   entry.sequence,
                   entry.admission.stamp(),
                   entry.admission.user_id(),
                   change.claimed_ms(),
                   entry.admission.authority()};
    if (entry.admission.has_taken_in()) {
      Part(entry.id);
      like.author.written_on = like.author.device;
      like.author.device = *sync::DeviceId::From(entry.id.view().substr(0, 16));
      like.author.sequence = 1;
    }
    Remember(change, like);
    for (const v1::AssignedOp& assigned : entry.admission.assigned()) {
      pasts_.at(*sync::RecordId::From(assigned.record_id()))
          .edits.back()
          .assigned.push_back(assigned.op());
    }
    satisfied->insert(satisfied->end(), entry.satisfies.begin(), entry.satisfies.end());
  }
  for (const sync::SetAside& kept : outcome.set_aside) {
    const v1::QuarantinedChange& row = kept.change;
    const auto id = *sync::ChangeId::From(row.change_id());
    const auto device = *sync::DeviceId::From(row.device_id());
    stored::v1::SequenceRow& place = devices_.at(device).sequences[row.sequence()];
    place.set_change_id(row.change_id());
    place.set_verdict(row.verdict());
    place.set_reason(row.reason());
    place.set_message(row.message());
    if (fault_ != ServerFault::kSkipsQuarantine) aside_[id] = row;
    if (row.verdict() != v1::VERDICT_QUARANTINED) continue;
    v1::Change change;
    if (change.ParseFromString(row.change())) {
      PastEdit like;
      like.author.change = id;
      like.author.device = device;
      like.author.sequence = row.sequence();
      like.applied = false;
      Remember(change, like);
    }
    satisfied->push_back(id);
  }
  for (const auto& [id, written] : outcome.records) {
    const std::string bytes = written.record().Serialize();
    records_[id] = {fault_ == ServerFault::kDropsLosers ? WithoutLosers(bytes) : bytes,
                    written.position()};
  }
  if (const auto at = outcome.positions.find(kUnit); at != outcome.positions.end()) {
    position_ = at->second;
  }
}

Answer ModelServer::AnswerTo(const Request& request, const sync::PushOutcome& pushed,
                             int64_t now_ms) const {
  const Enrolled& enrolled = devices_.at(request.device);
  Answer answer;
  answer.response.set_accepted_through(enrolled.row.accepted_through());
  for (const v1::ChangeOutcome& outcome : pushed.outcomes) {
    *answer.response.add_outcomes() = outcome;
  }
  for (const v1::ChangeOutcome& revised : enrolled.revised) {
    if (revised.revision() > request.revision_seen) *answer.response.add_revised() = revised;
  }
  v1::Cursor* cursor = answer.response.add_cursors();
  cursor->set_unit_id(kUnit);
  cursor->set_epoch(kEpoch);
  cursor->set_position(position_);
  answer.response.set_server_now_ms(now_ms);
  for (const auto& [id, kept] : records_) {
    if (kept.position <= request.cursor) continue;
    v1::FeedRecord& fed = answer.records.emplace_back();
    fed.set_position(kept.position);
    fed.set_record(kept.bytes);
  }
  return answer;
}

std::vector<Answer> ModelServer::Serve(const std::vector<Request>& requests, int64_t now_ms) {
  sync::IngestInput input;
  input.now_ms = fault_ == ServerFault::kBelievesEveryClock ? now_ms * 8 : now_ms;
  for (const Request& request : requests) {
    devices_.at(request.device).skew_ms = request.device_now_ms - now_ms;
    input.pushes.push_back(InputOf(request));
  }
  std::vector<const v1::Change*> changes;
  for (const sync::PushInput& push : input.pushes) {
    for (const sync::PushedChange& pushed : push.changes) {
      if (pushed.change != nullptr) changes.push_back(pushed.change.get());
    }
  }
  Load(changes, &input);
  sync::IngestOutcome outcome = sync::Ingest(input);
  while (!outcome.histories_needed.empty()) {
    for (const sync::RecordId& id : outcome.histories_needed) {
      input.histories.emplace(id, HistoryOf(id, changes));
    }
    outcome = sync::Ingest(input);
  }
  std::vector<sync::ChangeId> satisfied;
  const size_t logged = log_.size();
  Commit(outcome, &satisfied);
  for (size_t i = logged; i < log_.size(); ++i) log_[i].admission.set_received_ms(now_ms);
  ReleaseFor(std::move(satisfied), now_ms);
  std::vector<Answer> answers;
  for (size_t i = 0; i < requests.size(); ++i) {
    answers.push_back(AnswerTo(requests[i], outcome.pushes[i], now_ms));
  }
  return answers;
}

}  // namespace sotay::laws
