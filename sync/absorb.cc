#include "sync/absorb.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sotay/v1/record.pb.h"
#include "sync/compose.h"
#include "sync/history.h"
#include "sync/stamp.h"
#include "sync/status_macros.h"
#include "sync/validate.h"

namespace sotay::sync {
namespace {

// Whether Show lays the change on: nobody refused it and the base does not hold it yet.
bool Lies(const MergedRecord& base, const OwnChange& own) {
  return own.outcome.verdict() != v1::VERDICT_QUARANTINED && !Holds(base, own);
}

bool Touches(const OwnChange& own, const RecordId& id) {
  return std::any_of(own.change.edits().begin(), own.change.edits().end(),
                     [&](const v1::RecordEdit& edit) { return edit.record_id() == id.view(); });
}

absl::StatusOr<History> HistoryOf(const MergedRecord& base, const std::vector<AdmittedEdit>& past) {
  History history(
      MergedRecord(base.type(), base.id(), base.type_name(), base.unit_id(), base.dossier()));
  for (const AdmittedEdit& edit : past) {
    HistoryNode node = NodeOf(edit);
    if (!base.seen().Has(node.author.device, node.author.sequence)) continue;
    SOTAY_RETURN_IF_ERROR(edit.told.entries().empty()
                              ? history.Add(std::move(node))
                              : history.AddSeen(std::move(node), edit.told));
  }
  // What was refused is in nobody's record, and yet in what its author had seen.
  VersionVector told;
  for (const HistoryNode& node : history.nodes()) {
    told.Join(node.seen);
    told.Add(node.author.device, node.author.sequence);
  }
  if (!told.Covers(base.seen())) {
    return absl::FailedPreconditionError("history: changes of the record are missing");
  }
  return history;
}

// An own change that is laid on the base.
struct Laid {
  const OwnChange* change = nullptr;
  // Where the server will find that its author had seen more than it says; else empty.
  std::vector<stored::v1::EditContext> known = {};

  const std::vector<stored::v1::EditContext>& contexts() const {
    return known.empty() ? change->contexts : known;
  }
};

// Whether the server has the change as the device made it, and had taken `refused` in before it
// came.
bool CameAfter(const MergedRecord& base, const OwnChange& change, const ChangeId& refused,
               const std::vector<const OwnChange*>& own) {
  if (!base.seen().Has(change.author.device, change.author.sequence)) return false;
  return std::any_of(own.begin(), own.end(), [&](const OwnChange* other) {
    return other->id == refused && other->outcome.position() != 0 &&
           other->outcome.position() < change.outcome.position();
  });
}

// What was made on a change of ours that was refused, and has been taken in since, was made on
// that; and so was, of this device, whatever came after it.  One that the server had before it took
// that in was not.
void FindMadeOnTakenIn(const MergedRecord& base, const std::vector<const OwnChange*>& own,
                       std::vector<Laid>* laid) {
  VersionVector apart;
  for (const OwnChange* change : own) {
    const auto at = std::find_if(laid->begin(), laid->end(),
                                 [&](const Laid& one) { return one.change == change; });
    for (int i = 0; i < change->change.edits_size(); ++i) {
      const v1::RecordEdit& edit = change->change.edits(i);
      if (edit.record_id() != base.id().view()) continue;
      for (const std::string& parent : edit.parents()) {
        const auto id = ChangeId::From(parent);
        if (!id.has_value() || !base.seen().Has(TakenInAs(*id), kTakenInSequence)) continue;
        if (at == laid->end() && !CameAfter(base, *change, *id, own)) continue;
        apart.Add(TakenInAs(*id), kTakenInSequence);
      }
      const auto place = static_cast<size_t>(i);
      if (at == laid->end() || place >= change->contexts.size()) continue;
      VersionVector seen = VersionVector::FromProto(change->contexts[place].seen());
      if (seen.Covers(apart)) continue;
      seen.Join(apart);
      if (at->known.empty()) at->known = change->contexts;
      at->known[place].clear_seen();
      seen.ToProto(at->known[place].mutable_seen());
    }
  }
}

// What Show lays on the base, in order.
std::vector<Laid> LaidOn(const MergedRecord& base, const std::vector<const OwnChange*>& own) {
  std::vector<const OwnChange*> touching;
  for (const OwnChange* change : own) {
    if (Touches(*change, base.id())) touching.push_back(change);
  }
  std::sort(touching.begin(), touching.end(), [](const OwnChange* a, const OwnChange* b) {
    return a->author.sequence < b->author.sequence;
  });
  std::vector<Laid> laid;
  for (const OwnChange* change : touching) {
    if (Lies(base, *change)) laid.push_back({change});
  }
  FindMadeOnTakenIn(base, touching, &laid);
  return laid;
}

// The dossier that is named as secret.
absl::StatusOr<RecordId> SealedBy(const v1::SecretDossier& secret) {
  const auto bad = [](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat("secret_dossiers: ", what));
  };
  const auto dossier = RecordId::From(secret.dossier_id());
  if (!dossier.has_value() || *dossier == RecordId()) return bad("no id");
  if (!IsSlug(secret.unit_id(), /*dots=*/false)) return bad("no unit");
  if (secret.alias().size() > kAliasBytesMax) return bad("the alias is too long");
  if (secret.holder().size() > kHolderBytesMax) return bad("the holder is too long");
  return *dossier;
}

}  // namespace

bool Holds(const MergedRecord& base, const OwnChange& own) {
  return base.seen().Has(own.author.device, own.author.sequence) ||
         base.seen().Has(TakenInAs(own.id), kTakenInSequence);
}

absl::StatusOr<OwnChange> ReadOwnChange(const stored::v1::OwnChange& stored,
                                        const std::string& user_id, uint32_t authority) {
  OwnChange own;
  const auto id = ChangeId::From(stored.change_id());
  if (!id.has_value() || !own.change.ParseFromString(stored.change())) {
    return absl::DataLossError("outbox: a change cannot be read");
  }
  const auto device = DeviceId::From(own.change.device_id());
  if (!device.has_value()) return absl::DataLossError("outbox: a change names no device");
  own.id = *id;
  own.contexts.assign(stored.contexts().begin(), stored.contexts().end());
  own.outcome = stored.outcome();
  own.author = {*id,
                *device,
                own.change.sequence(),
                own.change.stamp(),
                user_id,
                own.change.claimed_ms(),
                authority};
  return own;
}

absl::StatusOr<absl::optional<MergedRecord>> Show(MergedRecord base,
                                                  const std::vector<const OwnChange*>& own,
                                                  const std::vector<AdmittedEdit>& past) {
  // The base is what decides what lies on it, so it must not move while we lay.
  const std::vector<Laid> laid = LaidOn(base, own);
  if (laid.empty()) {
    if (base.empty()) return absl::optional<MergedRecord>();
    return absl::optional<MergedRecord>(std::move(base));
  }
  MergedRecord record = base;
  bool moved = false;
  for (const Laid& one : laid) {
    const OwnChange& change = *one.change;
    moved = !LayOn(change.change, change.id, change.author, one.contexts(), &record) || moved;
  }
  if (record.empty()) return absl::optional<MergedRecord>();
  if (!moved) return absl::optional<MergedRecord>(std::move(record));
  SOTAY_ASSIGN_OR_RETURN(History history, HistoryShown(base, own, past));
  for (const Laid& one : laid) {
    for (const v1::RecordEdit& edit : one.change->change.edits()) {
      if (edit.record_id() == base.id().view()) history.CopyMerged(edit, &record);
    }
  }
  return absl::optional<MergedRecord>(std::move(record));
}

absl::StatusOr<History> HistoryShown(const MergedRecord& base,
                                     const std::vector<const OwnChange*>& own,
                                     const std::vector<AdmittedEdit>& past) {
  SOTAY_ASSIGN_OR_RETURN(History history, HistoryOf(base, past));
  for (const Laid& one : LaidOn(base, own)) {
    const OwnChange* const change = one.change;
    for (int i = 0; i < change->change.edits_size(); ++i) {
      const auto at = static_cast<size_t>(i);
      if (change->change.edits(i).record_id() != base.id().view()) continue;
      if (at >= one.contexts().size()) continue;
      HistoryNode node;
      node.author = change->author;
      node.author.change = change->id;
      node.reason = change->change.reason();
      node.edit = change->change.edits(i);
      // A text typed on one that was refused meanwhile fits nothing; the server will refuse it too.
      const absl::Status added =
          history.AddSeen(std::move(node), VersionVector::FromProto(one.contexts()[at].seen()));
      if (!added.ok() && !absl::IsInvalidArgument(added)) return added;
    }
  }
  return history;
}

std::vector<uint64_t> Pending(const MergedRecord& base, const std::vector<const OwnChange*>& own) {
  std::vector<uint64_t> pending;
  for (const OwnChange* change : own) {
    if (Touches(*change, base.id()) && Lies(base, *change)) {
      pending.push_back(change->author.sequence);
    }
  }
  std::sort(pending.begin(), pending.end());
  return pending;
}

absl::StatusOr<Absorbed> Absorb(const AbsorbInput& input) {
  const v1::SyncResponse& response = input.response;
  Absorbed absorbed;
  absorbed.progress = input.progress;
  absorbed.more = response.more();
  stored::v1::Progress& progress = absorbed.progress;
  if (response.accepted_through() > progress.last_sequence()) {
    return absl::InvalidArgumentError(absl::StrCat("the server acknowledges change ",
                                                   response.accepted_through(), ", we wrote ",
                                                   progress.last_sequence()));
  }
  if (response.backed_up_through() > response.accepted_through()) {
    return absl::InvalidArgumentError(absl::StrCat("the server has backed up change ",
                                                   response.backed_up_through(), " and accepted ",
                                                   response.accepted_through()));
  }
  const uint64_t known = input.asked
                             ? std::min(response.accepted_through(), progress.accepted_through())
                             : response.accepted_through();
  progress.set_accepted_through(known);
  absorbed.server_has_through = response.accepted_through();
  progress.set_backed_up_through(std::min(known, response.backed_up_through()));
  const int64_t server_now_ms = BoundMs(response.server_now_ms());
  progress.set_last_contact_ms(server_now_ms);
  progress.set_skew_ms(BoundMs(input.device_now_ms) - server_now_ms);
  progress.set_directory_revision(response.directory_revision());

  const auto take = [&](const v1::ChangeOutcome& outcome) {
    if (outcome.sequence() == 0 || outcome.sequence() > progress.last_sequence()) {
      return absl::InvalidArgumentError(absl::StrCat("the server answers change ",
                                                     outcome.sequence(), ", we wrote ",
                                                     progress.last_sequence()));
    }
    absorbed.outcomes[outcome.sequence()] = outcome;
    progress.set_revision_seen(std::max(progress.revision_seen(), outcome.revision()));
    return absl::OkStatus();
  };
  for (const v1::ChangeOutcome& outcome : response.outcomes()) SOTAY_RETURN_IF_ERROR(take(outcome));
  for (const v1::ChangeOutcome& outcome : response.revised()) SOTAY_RETURN_IF_ERROR(take(outcome));

  std::set<std::string> units;
  for (const v1::Cursor& cursor : response.cursors()) units.insert(cursor.unit_id());
  for (const v1::FeedRecord& fed : input.records) {
    auto parsed = MergedRecord::Parse(*input.schema, fed.record());
    // Not kDataLoss: it is the answer that is damaged, not what this device has stored.
    if (!parsed.ok()) return absl::InvalidArgumentError(parsed.status().message());
    MergedRecord& record = *parsed;
    if (units.count(record.unit_id()) == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("record ", record.id().Short(), " is of a unit without a cursor"));
    }
    progress.set_stamp(std::max<uint64_t>(progress.stamp(), record.newest_stamp()));
    const RecordId id = record.id();
    absorbed.bases[id] = fed.record();
    absorbed.records.insert_or_assign(id, std::move(record));
  }
  absorbed.removed_units.assign(response.removed_units().begin(), response.removed_units().end());
  for (const std::string& bytes : response.removed_dossiers()) {
    const auto dossier = RecordId::From(bytes);
    if (!dossier.has_value()) return absl::InvalidArgumentError("removed_dossiers: no id");
    absorbed.removed_dossiers.insert(*dossier);
  }
  if (response.secret_dossiers_size() > kSecretDossiersMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("secret_dossiers: ", response.secret_dossiers_size(),
                     " in one answer, at most ", kSecretDossiersMax));
  }
  for (const v1::SecretDossier& secret : response.secret_dossiers()) {
    SOTAY_ASSIGN_OR_RETURN(const RecordId dossier, SealedBy(secret));
    absorbed.secret_dossiers[dossier] = secret;
    absorbed.removed_dossiers.erase(dossier);
  }
  absorbed.cursors.assign(response.cursors().begin(), response.cursors().end());
  if (response.has_directory()) absorbed.directory = response.directory();
  return absorbed;
}

}  // namespace sotay::sync
