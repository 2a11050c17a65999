// What the model does with changes that were set aside: held ones are released, refused ones may be
// taken in.
#include <algorithm>

#include "sync/validate.h"
#include "tests/laws/model_server.h"

namespace sotay::laws {

void ModelServer::Part(const sync::ChangeId& taken_in) {
  const sync::ChangeId alias = NameOf("refused " + taken_in.str());
  parted_[alias] = taken_in;
  for (auto& [id, past] : pasts_) {
    for (PastEdit& edit : past.edits) {
      if (edit.author.change == taken_in) edit.author.change = alias;
      for (std::string& parent : *edit.edit.mutable_parents()) {
        if (parent == taken_in.view()) parent = alias.str();
      }
    }
  }
}

void ModelServer::Suspend(const sync::DeviceId& device, bool suspended) {
  devices_.at(device).suspended = suspended;
}

bool ModelServer::TakeIn(Chance* chance, int64_t now_ms) {
  std::vector<sync::ChangeId> refused;
  for (const auto& [id, row] : aside_) {
    if (row.verdict() == v1::VERDICT_QUARANTINED) refused.push_back(id);
  }
  if (refused.empty()) return false;
  const v1::QuarantinedChange row = aside_.at(chance->Pick(refused));
  if (row.reason() != v1::REASON_NOT_MEMBER && row.reason() != v1::REASON_BUILDS_ON_REFUSED) {
    return false;
  }
  const auto device = *sync::DeviceId::From(row.device_id());
  Enrolled& enrolled = devices_.at(device);
  sync::TakeInInput taken;
  taken.author.device = enrolled.row;
  taken.author.roles = enrolled.roles;
  taken.author.skew_ms = enrolled.skew_ms;
  taken.author.changes.push_back(
      {row.change(), *sync::ChangeId::From(row.change_id()), sync::ReadChange(row.change())});
  taken.sequence = row.sequence();
  taken.authority = sync::AuthorityOf(enrolled.roles.at(kUnit));
  taken.received_ms = row.received_ms();
  taken.taken_in.set_user_id("leader");
  taken.taken_in.set_decided_ms(now_ms);
  taken.taken_in.set_reason("it is theirs");
  taken.taken_in.set_refused_for(row.reason());
  const std::vector<const v1::Change*> changes = {taken.author.changes.front().change.get()};
  sync::IngestInput input;
  input.now_ms = now_ms;
  Load(changes, &input);
  sync::IngestOutcome outcome = sync::TakeIn(input, taken);
  while (!outcome.histories_needed.empty()) {
    for (const sync::RecordId& id : outcome.histories_needed) {
      input.histories.emplace(id, HistoryOf(id, changes));
    }
    outcome = sync::TakeIn(input, taken);
  }
  v1::ChangeOutcome revised = outcome.pushes.front().outcomes.front();
  if (revised.verdict() != v1::VERDICT_APPLIED) return false;
  std::vector<sync::ChangeId> satisfied;
  Commit(outcome, &satisfied);
  enrolled.row.set_revisions(enrolled.row.revisions() + 1);
  revised.set_revision(enrolled.row.revisions());
  enrolled.revised.push_back(revised);
  ReleaseFor(std::move(satisfied), now_ms);
  return true;
}

void ModelServer::ReleaseFor(std::vector<sync::ChangeId> satisfied, int64_t now_ms) {
  while (!satisfied.empty()) {
    std::set<std::string> come;
    for (const sync::ChangeId& id : satisfied) come.insert(id.str());
    satisfied.clear();
    std::vector<sync::ReleaseInput> releases;
    std::vector<const v1::Change*> changes;
    for (const auto& [device, enrolled] : devices_) {
      std::map<uint64_t, const stored::v1::HeldRow*> by_sequence;
      for (const stored::v1::HeldRow& held : enrolled.row.held()) {
        by_sequence[held.sequence()] = &held;
      }
      for (const auto& [sequence, held] : by_sequence) {
        if (come.count(held->waits_for()) == 0) continue;
        come.insert(held->change_id());  // and what waits for this one
        sync::ReleaseInput& release = releases.emplace_back();
        release.author.device = enrolled.row;
        if (!enrolled.suspended) release.author.roles = enrolled.roles;
        release.author.skew_ms = enrolled.skew_ms;
        release.author.first_sequence = sequence;
        release.sequence = sequence;
        const auto id = *sync::ChangeId::From(held->change_id());
        const auto kept = aside_.find(id);
        if (kept == aside_.end()) {
          releases.pop_back();
          continue;
        }
        const std::string& bytes = kept->second.change();
        release.author.changes.push_back({bytes, id, sync::ReadChange(bytes)});
      }
    }
    if (releases.empty()) return;
    for (const sync::ReleaseInput& release : releases) {
      const auto& change = release.author.changes.front().change;
      if (change != nullptr) changes.push_back(change.get());
    }
    sync::IngestInput input;
    input.now_ms = now_ms;
    Load(changes, &input);
    sync::IngestOutcome outcome = sync::Release(input, releases);
    while (!outcome.histories_needed.empty()) {
      for (const sync::RecordId& id : outcome.histories_needed) {
        input.histories.emplace(id, HistoryOf(id, changes));
      }
      outcome = sync::Release(input, releases);
    }
    Commit(outcome, &satisfied);
    for (size_t i = 0; i < releases.size(); ++i) {
      v1::ChangeOutcome revised = outcome.pushes[i].outcomes.front();
      if (revised.verdict() == v1::VERDICT_HELD) continue;
      Enrolled& enrolled =
          devices_.at(*sync::DeviceId::From(releases[i].author.device.device_id()));
      enrolled.row.set_revisions(enrolled.row.revisions() + 1);
      revised.set_revision(enrolled.row.revisions());
      enrolled.revised.push_back(revised);
    }
  }
}

}  // namespace sotay::laws
