#include "server/release.h"

#include <algorithm>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/loading.h"
#include "server/seal_rows.h"
#include "sync/awaited.h"
#include "sync/late.h"
#include "sync/moved_clock.h"
#include "sync/seal/packed.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

const stored::v1::HeldRow* Find(const stored::v1::DeviceRow& row, uint64_t sequence) {
  const auto at = std::find_if(row.held().begin(), row.held().end(),
                               [&](const auto& held) { return held.sequence() == sequence; });
  return at == row.held().end() ? nullptr : &*at;
}

// Of the held changes the signatures that wait for a record.  Where what completes one also lets an
// edit in, the signature was there first, or it would name the edit, and go on waiting for it.
std::set<HeldChange> Signatures(const Directory& directory, size_t changes_max,
                                std::set<HeldChange>* held) {
  std::set<HeldChange> batch;
  for (auto at = held->begin(); at != held->end() && batch.size() < changes_max;) {
    const auto row = directory.Device(at->first);
    const stored::v1::HeldRow* const change = row == nullptr ? nullptr : Find(*row, at->second);
    const auto wish = change == nullptr ? absl::nullopt : sync::ChangeId::From(change->waits_for());
    if (wish.has_value() && sync::IsRecordMarker(*wish)) {
      batch.insert(*at);
      at = held->erase(at);
    } else {
      ++at;
    }
  }
  return batch;
}

// The held changes to take in one batch, each device's in order of sequence.
std::set<HeldChange> NextBatch(const Directory& directory, size_t changes_max,
                               std::set<HeldChange>* held) {
  std::set<HeldChange> batch = Signatures(directory, changes_max, held);
  if (!batch.empty()) return batch;
  while (!held->empty() && batch.size() < changes_max) {
    const HeldChange first = *held->begin();
    held->erase(held->begin());
    batch.insert(first);
    const auto row = directory.Device(first.first);
    if (row == nullptr) continue;
    std::set<std::string> taken;
    for (const stored::v1::HeldRow& change : row->held()) {
      if (change.sequence() == first.second) taken.insert(change.change_id());
    }
    // In order of sequence, so that one pass finds followers of followers.
    std::map<uint64_t, const stored::v1::HeldRow*> later;
    for (const stored::v1::HeldRow& change : row->held()) later[change.sequence()] = &change;
    for (const auto& [sequence, change] : later) {
      if (taken.count(change->waits_for()) == 0) continue;
      taken.insert(change->change_id());
      batch.emplace(first.first, sequence);
      held->erase({first.first, sequence});
    }
  }
  return batch;
}

// What is loaded of the held changes, side by side.
struct Loaded {
  std::vector<sync::ReleaseInput> releases;
  std::vector<AsideRow> rows;
};

absl::Status LoadOne(Pen* pen, const HeldChange& change, Loaded* loaded) {
  const auto device = pen->directory().Device(change.first);
  const stored::v1::HeldRow* held = device != nullptr ? Find(*device, change.second) : nullptr;
  if (held == nullptr) return absl::OkStatus();  // was decided meanwhile
  const auto person = pen->directory().FindPerson(device->user_id());
  SOTAY_ASSIGN_OR_RETURN(auto row,
                         pen->store().LoadAside(change.first, change.second, held->change_id()));
  const auto id = sync::ChangeId::From(held->change_id());
  if (!row.has_value() || !id.has_value() || person == nullptr) {
    return absl::DataLossError(absl::StrCat("change ", change.second, " of device ",
                                            change.first.Short(), " is held and not there"));
  }
  sync::ReleaseInput release;
  release.author.device = *device;
  release.author.roles = person->roles;
  release.author.rights = person->rights;
  release.author.skew_ms =
      sync::SkewNoted(row->change).value_or(pen->directory().ContactOf(change.first).skew_ms());
  release.author.received_ms = row->change.received_ms();
  release.author.first_sequence = change.second;
  release.sequence = change.second;
  const std::string& bytes = row->change.change();
  release.author.heard[row->change.unit_id()] = sync::HeardOf(*held);
  if (sync::WasSaidLate(*held)) release.author.late.insert(change.second);
  release.author.changes.push_back({bytes, *id, sync::ReadChange(bytes)});
  loaded->releases.push_back(std::move(release));
  loaded->rows.push_back(*std::move(row));
  return absl::OkStatus();
}

// Whether anything is decided otherwise than it stood.
bool Moves(const sync::IngestOutcome& outcome, const std::vector<sync::ReleaseInput>& releases) {
  for (size_t i = 0; i < releases.size(); ++i) {
    if (outcome.pushes[i].outcomes.front().verdict() != v1::VERDICT_HELD) return true;
    const stored::v1::HeldRow* before = Find(releases[i].author.device, releases[i].sequence);
    const stored::v1::HeldRow* after = Find(outcome.pushes[i].device, releases[i].sequence);
    if (before == nullptr || after == nullptr || before->waits_for() != after->waits_for()) {
      return true;
    }
  }
  return false;
}

absl::Status Fill(const Pen& pen, const std::vector<sync::ReleaseInput>& releases,
                  const sync::IngestOutcome& outcome, Round* round, HeldNews* news) {
  std::map<sync::DeviceId, stored::v1::DeviceRow> rows;
  std::map<sync::DeviceId, uint64_t> revisions;
  for (size_t i = 0; i < releases.size(); ++i) {
    const auto device = *sync::DeviceId::From(releases[i].author.device.device_id());
    rows[device] = outcome.pushes[i].device;
    v1::ChangeOutcome revised = outcome.pushes[i].outcomes.front();
    if (revised.verdict() == v1::VERDICT_HELD) continue;
    uint64_t& revision =
        revisions.emplace(device, releases[i].author.device.revisions()).first->second;
    revised.set_revision(++revision);
    round->revised.emplace_back(device, std::move(revised));
  }
  for (auto& [device, row] : rows) {
    const auto revision = revisions.find(device);
    if (revision != revisions.end()) row.set_revisions(revision->second);
    news->devices.push_back(row);
    round->tables.devices.push_back(std::move(row));
  }
  news->satisfied = sync::ArrivedWith(outcome);
  return FillLogs(pen, outcome, round);
}

// Of what may not be here after all the bytes leave the push they came in.  Names the rows that had
// them.
absl::StatusOr<std::vector<std::string>> WithholdReleased(Pen* pen, const Loaded& loaded,
                                                          const sync::IngestOutcome& outcome,
                                                          Round* round) {
  std::map<sync::DeviceId, std::map<sync::ChangeId, std::string>> bare;  // with their dossiers
  std::vector<std::string> rows;
  for (size_t i = 0; i < loaded.releases.size(); ++i) {
    if (outcome.pushes[i].outcomes.front().reason() != v1::REASON_CLASSIFIED) continue;
    const sync::PushedChange& pushed = loaded.releases[i].author.changes.front();
    const auto device = sync::DeviceId::From(loaded.releases[i].author.device.device_id());
    if (!device.has_value() || pushed.change == nullptr) continue;
    bare[*device][pushed.id] = pushed.change->dossier_id();
    const AsideRow& row = loaded.rows[i];
    rows.push_back(QuarantineKey(row.change.unit_id(), row.arrival));
  }
  for (const auto& of : bare) {
    const sync::DeviceId& device = of.first;
    const std::map<sync::ChangeId, std::string>& changes = of.second;
    absl::Status status;
    SOTAY_RETURN_IF_ERROR(
        pen->store().VisitSeals(device, [&](absl::string_view key, absl::string_view value) {
          stored::v1::SealRow seal;
          if (!seal.ParseFromArray(value.data(), static_cast<int>(value.size()))) return;
          auto batch = Unpacked(seal.changes());
          if (!batch.ok()) status = batch.status();
          if (!status.ok()) return;
          const std::vector<sync::ChangeId> ids = IdsIn(*batch);
          const auto dossier_of = [&](size_t place) -> absl::optional<std::string> {
            const auto at = changes.find(ids[place]);
            return at == changes.end() ? absl::nullopt : absl::make_optional(at->second);
          };
          if (!Withhold(ids, dossier_of, &*batch)) return;
          *seal.mutable_changes() = seal::Pack(batch->SerializeAsString());
          round->withheld.emplace_back(device, std::move(seal));
          rows.emplace_back(key);
        }));
    SOTAY_RETURN_IF_ERROR(status);
  }
  return rows;
}

}  // namespace

void Waiting::Put(const stored::v1::DeviceRow& row) {
  const auto device = sync::DeviceId::From(row.device_id());
  if (!device.has_value()) return;
  if (const auto old = wishes_of_.find(*device); old != wishes_of_.end()) {
    for (const sync::ChangeId& wish : old->second) {
      const auto at = by_wish_.find(wish);
      if (at == by_wish_.end()) continue;
      auto& held = at->second;
      held.erase(held.lower_bound({*device, 0}), held.upper_bound({*device, UINT64_MAX}));
      if (held.empty()) by_wish_.erase(at);
    }
    wishes_of_.erase(old);
  }
  for (const stored::v1::HeldRow& held : row.held()) {
    const auto wish = sync::ChangeId::From(held.waits_for());
    if (!wish.has_value()) continue;
    by_wish_[*wish].emplace(*device, held.sequence());
    wishes_of_[*device].push_back(*wish);
  }
}

std::set<HeldChange> Waiting::For(const std::vector<sync::ChangeId>& satisfied) const {
  std::set<HeldChange> held;
  if (by_wish_.empty()) return held;
  for (const sync::ChangeId& id : satisfied) {
    const auto at = by_wish_.find(id);
    if (at != by_wish_.end()) held.insert(at->second.begin(), at->second.end());
  }
  return held;
}

std::set<HeldChange> Waiting::All() const {
  std::set<HeldChange> all;
  for (const auto& [wish, held] : by_wish_) all.insert(held.begin(), held.end());
  return all;
}

absl::StatusOr<HeldNews> TakeReleases(Pen* pen, size_t changes_max, std::set<HeldChange>* held) {
  pen->Settle();
  HeldNews news;
  Loaded loaded;
  for (const HeldChange& change : NextBatch(pen->directory(), changes_max, held)) {
    SOTAY_RETURN_IF_ERROR(LoadOne(pen, change, &loaded));
  }
  if (loaded.releases.empty()) return news;

  sync::IngestInput input;
  std::vector<const v1::Change*> changes;
  for (const sync::ReleaseInput& release : loaded.releases) {
    const sync::PushedChange& pushed = release.author.changes.front();
    if (pushed.change != nullptr) changes.push_back(pushed.change.get());
  }
  Round round;
  SOTAY_RETURN_IF_ERROR(
      LoadNamed(pen, changes, FootprintOf(pen->schema(), changes), &input, &round));
  sync::IngestOutcome outcome = sync::Release(input, loaded.releases);
  for (;;) {
    if (!outcome.histories_needed.empty()) {
      SOTAY_RETURN_IF_ERROR(LoadHistories(pen, outcome.histories_needed, changes, &input));
    } else {
      SOTAY_ASSIGN_OR_RETURN(const bool more, LoadBare(pen, outcome, &input));
      if (!more) break;
    }
    outcome = sync::Release(input, loaded.releases);
  }
  if (!Moves(outcome, loaded.releases)) return news;

  round.outcome = &outcome;
  round.released = loaded.rows;
  SOTAY_RETURN_IF_ERROR(Fill(*pen, loaded.releases, outcome, &round, &news));
  SOTAY_ASSIGN_OR_RETURN(std::vector<std::string> had,
                         WithholdReleased(pen, loaded, outcome, &round));
  {
    absl::optional<Rewriting> rewriting;
    if (!round.withheld.empty()) rewriting.emplace(&pen->store());
    SOTAY_RETURN_IF_ERROR(pen->Commit(round));
  }
  // It was on disk while nobody could know.
  news.to_sweep = std::move(had);
  return news;
}

}  // namespace sotay::server
