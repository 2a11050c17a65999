#include "mobile-sdk/core/settle.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "mobile-sdk/core/forgetting.h"
#include "mobile-sdk/core/lease.h"
#include "mobile-sdk/core/notices.h"
#include "mobile-sdk/core/own_changes.h"
#include "mobile-sdk/core/patience.h"
#include "mobile-sdk/core/sealing.h"
#include "mobile-sdk/core/shown.h"
#include "mobile-sdk/core/witness.h"
#include "mobile-sdk/core/writing_clocks.h"
#include "sync/absorb.h"
#include "sync/consents.h"
#include "sync/late.h"
#include "sync/status_macros.h"

namespace sotay::sdk {
namespace {

// One settling on its way; lives under the desk's lock.
class Settling {
 public:
  Settling(Desk* desk, sync::ClockReading clocks, const sync::Absorbed& absorbed, bool waiting,
           std::set<sync::RecordId> reported, const Histories& histories, const Ancestry& ancestry)
      : desk_(*desk),
        clocks_(std::move(clocks)),
        absorbed_(absorbed),
        waiting_(waiting),
        reported_(std::move(reported)),
        histories_(histories),
        ancestry_(ancestry) {
    undone_.histories = histories.fetched;
  }

  absl::Status Run(const stored::v1::Progress& before, const v1::SyncResponse& response,
                   bool pushed);
  Settled settled() && { return std::move(settled_); }

 private:
  absl::Status IsThereAgain(const sync::RecordId& id);
  absl::Status TakeOutcomes();
  absl::Status TakeHeads(const v1::SyncResponse& response);
  absl::Status TakeConsents(const v1::SyncResponse& response);
  absl::Status TakeCursors();
  absl::Status ForgetLost();
  absl::Status SealSecret();
  absl::Status WriteRows(const v1::Directory& directory);
  void TakeNotices(const sync::RecordId& id, const Shown& shown);
  absl::StatusOr<bool> WantsHistory(const sync::RecordId& id) const;
  bool SetAside(const sync::RecordId& id, const TouchesOf& touches) const;

  Desk& desk_;
  const sync::ClockReading clocks_;
  const sync::Absorbed& absorbed_;
  const bool waiting_;
  const std::set<sync::RecordId> reported_;
  const Histories& histories_;
  const Ancestry& ancestry_;
  StoreBatch batch_;
  bool withheld_ = false;  // a change, as it was refused
  Undone undone_;
  // Records whose row is to be made anew, and fates that changed.  Of what leaves nothing is.
  std::set<sync::RecordId> touched_;
  std::map<sync::RecordId, std::map<uint64_t, Fate>> fates_;
  Forgotten forgotten_;
  std::set<sync::RecordId> left_;
  NoticeBook notices_;
  Settled settled_;
};

absl::Status Settling::Run(const stored::v1::Progress& before, const v1::SyncResponse& response,
                           bool pushed) {
  SOTAY_RETURN_IF_ERROR(TakeHeads(response));
  SOTAY_RETURN_IF_ERROR(TakeConsents(response));
  SOTAY_RETURN_IF_ERROR(TakeOutcomes());
  std::set<sync::RecordId> brought;
  for (const auto& [id, bytes] : absorbed_.bases) {
    batch_.PutBase(id, bytes);
    brought.insert(brought.end(), id);
  }
  SOTAY_ASSIGN_OR_RETURN(const auto there_again, desk_.store->Ended(brought));
  for (const sync::RecordId& id : there_again) batch_.DropEnded(id);
  touched_.merge(brought);
  undone_.bases = &absorbed_.records;
  undone_.stored_through = before.last_sequence();
  SOTAY_ASSIGN_OR_RETURN(notices_, NoticeBook::Read(*desk_.store));
  SOTAY_RETURN_IF_ERROR(ForgetLost());
  SOTAY_ASSIGN_OR_RETURN(const std::set<sync::RecordId> back,
                         WelcomeBack(*desk_.store, absorbed_, &undone_, &batch_));
  touched_.insert(back.begin(), back.end());
  SOTAY_RETURN_IF_ERROR(SealSecret());
  SOTAY_RETURN_IF_ERROR(TakeCursors());
  v1::Directory directory;
  if (absorbed_.directory.has_value()) {
    directory = *absorbed_.directory;
    batch_.PutDirectory(directory);
  } else {
    SOTAY_ASSIGN_OR_RETURN(const auto known, desk_.store->Directory());
    directory = known.value_or(v1::Directory());
  }
  SOTAY_RETURN_IF_ERROR(WriteRows(directory));
  if (!settled_.histories_needed.empty() || !settled_.histories_wanted.empty()) {
    return absl::OkStatus();
  }
  for (const auto& [id, history] : undone_.histories) {
    if (left_.count(id) != 0) continue;
    SOTAY_RETURN_IF_ERROR(PutHistory(*desk_.store, id, history, &batch_));
  }
  stored::v1::Progress progress = absorbed_.progress;
  // A server that has lost changes of ours has lost its count of revised outcomes as well.
  if (progress.accepted_through() < before.accepted_through()) progress.set_revision_seen(0);
  batch_.PutProgress(progress);
  SOTAY_RETURN_IF_ERROR(NoteContact(desk_, response, pushed, clocks_, progress.skew_ms(), &batch_));
  SOTAY_RETURN_IF_ERROR(desk_.store->Commit(batch_));
  desk_.recently.Clear();
  PurgeSealed(&desk_, /*fresh=*/!absorbed_.secret_dossiers.empty() || withheld_);
  if (forgotten_.files) desk_.files->Sweep(*desk_.store).IgnoreError();  // else the next opening
  SOTAY_ASSIGN_OR_RETURN(const auto to_report, ToReport(*desk_.store));
  settled_.to_report = !to_report.empty();
  settled_.moved = settled_.moved || progress.revision_seen() > before.revision_seen();
  settled_.last_sequence = progress.last_sequence();
  settled_.accepted_through = progress.accepted_through();
  settled_.more = absorbed_.more;
  return absl::OkStatus();
}

// The server has it, in this life: where it signs, that counts again.
absl::Status Settling::IsThereAgain(const sync::RecordId& id) {
  SOTAY_ASSIGN_OR_RETURN(const bool ended, desk_.store->IsEnded(id));
  if (ended) batch_.DropEnded(id);
  return absl::OkStatus();
}

absl::Status Settling::TakeOutcomes() {
  for (const auto& [sequence, answered] : absorbed_.outcomes) {
    SOTAY_ASSIGN_OR_RETURN(stored::v1::OwnChange own, desk_.store->OwnChange(sequence));
    v1::Change change;
    if (!change.ParseFromString(own.change())) {
      return absl::DataLossError(absl::StrCat("own change ", sequence, " cannot be read"));
    }
    v1::ChangeOutcome outcome = answered;
    outcome.clear_duplicate();
    const Fate was = FateOf(own.outcome());
    const Fate is = FateOf(outcome);
    const bool classified =
        is == Fate::kQuarantined && outcome.reason() == v1::REASON_CLASSIFIED && !IsWithheld(own);
    for (const v1::RecordEdit& edit : change.edits()) {
      const auto id = sync::RecordId::From(edit.record_id());
      if (!id.has_value()) continue;
      touched_.insert(*id);
      if (classified) batch_.DropFile(*id);
      if (is == Fate::kFine) SOTAY_RETURN_IF_ERROR(IsThereAgain(*id));
      if (is == was) continue;
      fates_[*id][sequence] = is;
      batch_.PutTouch(*id, {sequence, is});
    }
    // Of a withheld one there is nothing to look at; how many there are is counted.
    if (is != was && !IsWithheld(own)) {
      if (is == Fate::kFine) {
        batch_.DropRefused(sequence);
      } else {
        batch_.PutRefused(sequence);
        Event event;
        event.kind = Event::Kind::kChangeRefused;
        event.sequence = sequence;
        settled_.events.push_back(std::move(event));
      }
    }
    sync::NoteToldLate(outcome, &own);
    *own.mutable_outcome() = std::move(outcome);
    // The server has not kept it, and it is not to be sent to it again.  That there was something,
    // and why it has gone, stays in the list of what was refused.
    if (classified) {
      Withhold(DossierOf(change.dossier_id()), &own);
      batch_.PutPurgeDue();
      withheld_ = true;
    }
    batch_.PutOwnChange(sequence, own);
    undone_.own[sequence] = std::move(own);
  }
  return absl::OkStatus();
}

absl::Status Settling::TakeHeads(const v1::SyncResponse& response) {
  SOTAY_ASSIGN_OR_RETURN(Heads held, desk_.store->Heads());
  KeysKnown keys{{}, ancestry_.handovers};
  SOTAY_RETURN_IF_ERROR(LosePatience(*desk_.store, desk_.now_ms(), &keys.shown, &batch_));
  SOTAY_ASSIGN_OR_RETURN(keys.followed, desk_.store->Handovers());
  SOTAY_ASSIGN_OR_RETURN(const Witnessed witnessed,
                         Witness(desk_.meta, std::move(held), response, ancestry_.lineages, keys));
  for (const v1::LogKeyHandover& handover : witnessed.handovers) batch_.PutHandover(handover);
  for (const auto& [unit, head] : witnessed.heads) batch_.PutHead(head);
  for (const auto& [unit, restoration] : witnessed.restorations) {
    batch_.PutRestoration(restoration);
  }
  if (witnessed.disputes.empty()) return absl::OkStatus();
  SOTAY_ASSIGN_OR_RETURN(const auto known, desk_.store->Disputes());
  for (const auto& [unit, dispute] : witnessed.disputes) {
    // The first is the evidence; what comes after only repeats it.
    if (known.count(unit) != 0) continue;
    batch_.PutDispute(dispute);
    Event event;
    event.kind = Event::Kind::kLogDisputed;
    event.unit_id = unit;
    settled_.events.push_back(std::move(event));
  }
  return absl::OkStatus();
}

// Told once, of each that was not there before.
absl::Status Settling::TakeConsents(const v1::SyncResponse& response) {
  const auto told = sync::ConsentsTold(response);
  if (!told.has_value()) return absl::OkStatus();
  SOTAY_ASSIGN_OR_RETURN(const v1::Consents known, desk_.store->Consents());
  for (const v1::AwaitsConsent& change : told->for_user()) {
    if (std::any_of(known.for_user().begin(), known.for_user().end(),
                    [&](const auto& before) { return before.change_id() == change.change_id(); })) {
      continue;
    }
    Event event;
    event.kind = Event::Kind::kConsentAwaited;
    event.record = DossierOf(change.dossier_id());
    settled_.events.push_back(std::move(event));
  }
  batch_.PutConsents(*told);
  return absl::OkStatus();
}

absl::Status Settling::TakeCursors() {
  SOTAY_ASSIGN_OR_RETURN(const std::vector<v1::Cursor> before, desk_.store->Cursors());
  std::map<std::string, v1::Cursor> gone;
  for (const v1::Cursor& cursor : before) gone[cursor.unit_id()] = cursor;
  for (v1::Cursor cursor : absorbed_.cursors) {
    const auto was = gone.find(cursor.unit_id());
    if (forgotten_.waits && was != gone.end()) {
      cursor.set_access(was->second.access());
      cursor.set_access_record(was->second.access_record());
    }
    if (was == gone.end() || was->second.position() != cursor.position() ||
        was->second.epoch() != cursor.epoch() || was->second.access() != cursor.access() ||
        was->second.access_record() != cursor.access_record()) {
      settled_.moved = true;
      batch_.PutCursor(cursor);
    }
    if (was != gone.end()) gone.erase(was);
  }
  for (const auto& [unit, cursor] : gone) batch_.DropCursor(unit);
  return absl::OkStatus();
}

// What a user may no longer read leaves the device.
absl::Status Settling::ForgetLost() {
  SOTAY_ASSIGN_OR_RETURN(forgotten_, Forget(*desk_.store, absorbed_, &undone_, &batch_));
  forgotten_.waits = forgotten_.waits || waiting_;
  settled_.moved = settled_.moved || !absorbed_.removed_units.empty() || forgotten_.waits;
  settled_.waits = forgotten_.waits;
  const auto tell = [this](Event::Kind kind, const sync::RecordId& id) {
    Event event;
    event.kind = kind;
    event.record = id;
    settled_.events.push_back(std::move(event));
  };
  for (const sync::RecordId& id : forgotten_.records) {
    notices_.Forget(id, &batch_);
    tell(Event::Kind::kRecordRemoved, id);
  }
  for (const sync::RecordId& id : forgotten_.dossiers) tell(Event::Kind::kDossierRemoved, id);
  left_ = forgotten_.records;
  return absl::OkStatus();
}

// What proved to be secret leaves it, sent or not.
absl::Status Settling::SealSecret() {
  SOTAY_ASSIGN_OR_RETURN(const SealedAway away,
                         SealAway(*desk_.store, absorbed_, reported_, &undone_, &batch_));
  const auto tell = [this](Event::Kind kind, const sync::RecordId& id) {
    Event event;
    event.kind = kind;
    event.record = id;
    settled_.events.push_back(std::move(event));
  };
  for (const sync::RecordId& id : away.records) {
    notices_.Forget(id, &batch_);
    if (left_.insert(id).second) tell(Event::Kind::kRecordRemoved, id);
  }
  for (const sync::RecordId& id : away.dossiers) tell(Event::Kind::kDossierSealed, id);
  return absl::OkStatus();
}

bool Settling::SetAside(const sync::RecordId& id, const TouchesOf& touches) const {
  const auto known = touches.find(id);
  if (known == touches.end()) return false;
  const auto news = fates_.find(id);
  return std::any_of(known->second.begin(), known->second.end(), [&](const Touch& touch) {
    if (news != fates_.end()) {
      if (const auto fate = news->second.find(touch.sequence); fate != news->second.end()) {
        return fate->second != Fate::kFine;
      }
    }
    return touch.fate != Fate::kFine;
  });
}

// Whether somebody has the record open while its base moves, and it has a text to be merged.
absl::StatusOr<bool> Settling::WantsHistory(const sync::RecordId& id) const {
  const auto next = absorbed_.records.find(id);
  if (next == absorbed_.records.end() || !desk_.held->Holds(id)) return false;
  if (undone_.histories.count(id) != 0 || histories_.not_to_be_had.count(id) != 0) return false;
  const sync::MergedRecord& record = next->second;
  if (record.type() == nullptr ||
      std::none_of(record.type()->fields.begin(), record.type()->fields.end(),
                   [](const auto& field) { return field.second.rule == options::v1::RULE_TEXT; })) {
    return false;
  }
  SOTAY_ASSIGN_OR_RETURN(const absl::optional<std::string> was, desk_.store->Base(id));
  if (!was.has_value()) return true;
  SOTAY_ASSIGN_OR_RETURN(const sync::MergedRecord before,
                         sync::MergedRecord::Parse(*desk_.schema, *was));
  return !before.seen().Covers(record.seen());
}

// Of the record as the server has it: what is not its yet may still come out otherwise.
void Settling::TakeNotices(const sync::RecordId& id, const Shown& shown) {
  const auto next = absorbed_.records.find(id);
  if (shown.newest_pending != 0 && next == absorbed_.records.end()) return;
  const sync::MergedRecord& record = shown.newest_pending == 0 ? shown.record : next->second;
  notices_.Take(record, desk_.meta.user_id(), &batch_, &settled_.events);
}

absl::Status Settling::WriteRows(const v1::Directory& directory) {
  SOTAY_ASSIGN_OR_RETURN(const TouchesOf touches, desk_.store->Touches(touched_));
  const ShownReader reader(&desk_, &directory, &undone_, &touches);
  for (const sync::RecordId& id : touched_) {
    if (left_.count(id) != 0) continue;
    SOTAY_ASSIGN_OR_RETURN(const bool wanted, WantsHistory(id));
    if (wanted) settled_.histories_wanted.insert(id);
    const auto read = reader.Read(id);
    // Asked twice for one, it is not the record's.
    if (absl::IsFailedPrecondition(read.status()) && undone_.histories.count(id) == 0) {
      settled_.histories_needed.insert(id);
      continue;
    }
    SOTAY_RETURN_IF_ERROR(read.status());
    const absl::optional<Shown>& shown = *read;
    Event event;
    event.record = id;
    if (shown.has_value()) {
      batch_.PutRow(id, RowOf(*shown, SetAside(id, touches)));
      TakeNotices(id, *shown);
      event.kind = Event::Kind::kRecordChanged;
    } else {
      SOTAY_ASSIGN_OR_RETURN(const auto row, desk_.store->Row(id));
      if (!row.has_value()) continue;
      batch_.DropRow(id);
      event.kind = Event::Kind::kRecordRemoved;
    }
    settled_.events.push_back(std::move(event));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Settled> Settle(Desk* desk, const v1::SyncRequest& request, bool waiting,
                               sync::AbsorbInput* answer, const Histories& histories,
                               const Ancestry& ancestry) {
  absl::MutexLock lock(&desk->mutex);
  sync::AbsorbInput& input = *answer;
  input.schema = desk->schema.get();
  // As it is now: somebody may have written while the call was out.
  SOTAY_ASSIGN_OR_RETURN(input.progress, desk->store->Progress());
  input.asked = !request.has_push();
  const sync::ClockReading clocks = ClocksNow(*desk);
  input.device_now_ms = clocks.wall_ms;
  SOTAY_ASSIGN_OR_RETURN(sync::Absorbed absorbed, sync::Absorb(input));
  SOTAY_ASSIGN_OR_RETURN(const std::set<sync::RecordId> not_taken,
                         NotTaken(*desk->store, absorbed));
  for (const sync::RecordId& id : not_taken) {
    absorbed.bases.erase(id);
    absorbed.records.erase(id);
  }
  std::set<sync::RecordId> reported;
  for (const std::string& dossier : request.secret_dossiers()) reported.insert(DossierOf(dossier));
  Settling settling(desk, clocks, absorbed, waiting, std::move(reported), histories, ancestry);
  SOTAY_RETURN_IF_ERROR(settling.Run(input.progress, input.response, request.has_push()));
  return std::move(settling).settled();
}

}  // namespace sotay::sdk
