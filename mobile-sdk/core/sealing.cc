#include "mobile-sdk/core/sealing.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "mobile-sdk/core/link.h"
#include "mobile-sdk/core/own_changes.h"
#include "mobile-sdk/core/record_history.h"
#include "sotay/v1/record.pb.h"
#include "sync/status_macros.h"

namespace sotay::sdk {
namespace {

using sync::RecordId;

// Everything of theirs that is shown, or that own changes edit.
absl::Status DropRecords(const Store& store, const std::set<RecordId>& records, StoreBatch* batch) {
  for (const RecordId& id : records) {
    batch->DropBase(id);
    batch->DropRow(id);
    batch->DropEnded(id);
    SOTAY_RETURN_IF_ERROR(PutHistory(store, id, {}, batch));
    SOTAY_ASSIGN_OR_RETURN(const std::vector<Touch> touches, store.Touches(id, 1));
    for (const Touch& touch : touches) batch->DropTouch(id, touch.sequence);
  }
  return absl::OkStatus();
}

// Where it is due.
absl::Status Purge(Store* store, Files* files) {
  SOTAY_ASSIGN_OR_RETURN(auto sealed, store->Sealed());
  SOTAY_ASSIGN_OR_RETURN(bool due, store->PurgeDue());
  StoreBatch done;
  done.DropPurgeDue();
  for (auto& [dossier, row] : sealed) {
    if (row.purged()) continue;
    due = true;
    row.set_purged(true);
    done.PutSealed(dossier, row);
  }
  if (!due) return absl::OkStatus();
  // The keys go whatever becomes of what they sealed; and that makes room for it.
  const absl::Status swept = files->Sweep(*store);
  SOTAY_RETURN_IF_ERROR(store->Purge());
  SOTAY_RETURN_IF_ERROR(swept);
  return store->Commit(done);
}

}  // namespace

bool IsTheirs(const stored::v1::SealedDossier& sealed) {
  return !sealed.told().alias().empty() || sealed.withheld() != 0 || sealed.was_here();
}

absl::StatusOr<std::set<RecordId>> NotTaken(const Store& store, const sync::Absorbed& absorbed) {
  std::set<RecordId> records;
  if (absorbed.bases.empty()) return records;
  SOTAY_ASSIGN_OR_RETURN(const auto sealed, store.Sealed());
  if (sealed.empty() && absorbed.secret_dossiers.empty()) return records;
  for (const auto& [id, record] : absorbed.records) {
    const RecordId& dossier = record.dossier();
    const auto now = absorbed.secret_dossiers.find(dossier);
    const bool is_now =
        now != absorbed.secret_dossiers.end() && now->second.unit_id() == record.unit_id();
    if (is_now || sealed.count(dossier) != 0) records.insert(id);
  }
  return records;
}

absl::StatusOr<SealedAway> SealAway(const Store& store, const sync::Absorbed& absorbed,
                                    const std::set<RecordId>& reported, Undone* undone,
                                    StoreBatch* batch) {
  SealedAway away;
  if (absorbed.secret_dossiers.empty() && reported.empty()) return away;
  SOTAY_ASSIGN_OR_RETURN(auto sealed, store.Sealed());
  for (const RecordId& dossier : reported) {
    if (const auto at = sealed.find(dossier); at != sealed.end() && at->second.purged()) {
      at->second.set_reported(true);
      batch->PutSealed(dossier, at->second);
    }
  }
  if (absorbed.secret_dossiers.empty()) return away;

  std::map<RecordId, std::map<uint64_t, stored::v1::OwnChange>> own;  // by dossier
  for (const auto& [dossier, told] : absorbed.secret_dossiers) own[dossier];
  // Named in a unit that it is not of: no act there can have sealed it.
  std::set<RecordId> elsewhere;
  const auto is_of = [&](const RecordId& dossier, const std::string& unit_id) {
    const auto told = absorbed.secret_dossiers.find(dossier);
    if (told == absorbed.secret_dossiers.end()) return false;
    if (told->second.unit_id() != unit_id) elsewhere.insert(dossier);
    return told->second.unit_id() == unit_id;
  };
  std::map<RecordId, std::set<RecordId>> records;  // by dossier
  SOTAY_RETURN_IF_ERROR(store.EachRow("", [&](const RecordId& id, const stored::v1::ListRow& row) {
    const RecordId dossier = DossierOf(row.dossier_id());
    if (is_of(dossier, row.unit_id())) records[dossier].insert(id);
    return true;
  }));
  SOTAY_RETURN_IF_ERROR(
      EachOwn(store, *undone, 1,
              [&](uint64_t sequence, const stored::v1::OwnChange& one, const v1::Change& change) {
                const RecordId dossier = DossierOf(change.dossier_id());
                if (!is_of(dossier, change.unit_id())) return;
                own[dossier][sequence] = one;
                for (const v1::RecordEdit& edit : change.edits()) {
                  if (const auto id = RecordId::From(edit.record_id())) {
                    records[dossier].insert(*id);
                  }
                }
              }));

  SOTAY_ASSIGN_OR_RETURN(const auto files, store.Files());
  for (const auto& [id, file] : files) {
    const RecordId dossier = DossierOf(file.dossier_id());
    if (!is_of(dossier, file.unit_id())) continue;
    batch->DropFile(id);
    records[dossier].insert(id);
  }

  std::map<RecordId, std::vector<uint64_t>> before;  // withheld when they were refused
  SOTAY_RETURN_IF_ERROR(
      store.EachOwnChange(1, [&](uint64_t sequence, const stored::v1::OwnChange& stored) {
        const auto at = undone->own.find(sequence);
        const stored::v1::OwnChange& one = at != undone->own.end() ? at->second : stored;
        const RecordId dossier = DossierOf(one.withheld_in());
        if (IsWithheld(one) && own.count(dossier) != 0) before[dossier].push_back(sequence);
        return true;
      }));

  const uint64_t received =
      std::max(absorbed.progress.accepted_through(), absorbed.server_has_through);
  for (const auto& [dossier, told] : absorbed.secret_dossiers) {
    if (elsewhere.count(dossier) != 0) continue;
    const bool fresh = sealed.count(dossier) == 0;
    stored::v1::SealedDossier& row = sealed[dossier];
    // Whoever may no longer read of it is told less than they have.
    if (fresh || !told.alias().empty()) *row.mutable_told() = told;
    for (auto& [sequence, one] : own[dossier]) {
      row.set_withheld(row.withheld() + 1);
      // What has an answer was sent, whatever a restored server has of it.
      const bool answered = one.outcome().verdict() != v1::VERDICT_UNSPECIFIED;
      if (sequence > received && !answered) row.set_unsent(row.unsent() + 1);
      Withhold(dossier, &one);
      batch->PutOwnChange(sequence, one);
      batch->DropRefused(sequence);
      undone->own[sequence] = std::move(one);
    }
    for (const uint64_t sequence : before[dossier]) {
      if (fresh) row.set_withheld(row.withheld() + 1);
      batch->DropRefused(sequence);
    }
    SOTAY_RETURN_IF_ERROR(DropRecords(store, records[dossier], batch));
    if (!records[dossier].empty()) row.set_was_here(true);
    // It asks again, so it has thrown away what it was told before: it was restored.
    if (reported.count(dossier) == 0) row.set_reported(false);
    batch->DropGone(dossier);
    // What left before, when it was somebody else's, may be in the files still.
    if (fresh || !own[dossier].empty() || !records[dossier].empty()) row.set_purged(false);
    batch->PutSealed(dossier, row);
    // Of one that was never theirs to read nothing is said, but that it is done.
    if (fresh && IsTheirs(row)) away.dossiers.insert(dossier);
    away.records.insert(records[dossier].begin(), records[dossier].end());
  }
  return away;
}

void Withhold(const RecordId& dossier, stored::v1::OwnChange* own) {
  own->clear_change();
  own->clear_contexts();
  own->set_withheld_in(dossier.str());
}

void PurgeSealed(Desk* desk, bool fresh) {
  const int64_t now_ms = desk->now_ms();
  const int64_t since_ms = now_ms - desk->purge_failed_ms;
  if (!fresh && !desk->purge_failure.ok() && since_ms >= 0 && since_ms < kPurgeAgainMs) return;
  desk->purge_failure = Purge(desk->store.get(), desk->files.get());
  desk->purge_failed_ms = now_ms;
}

absl::StatusOr<std::vector<RecordId>> ToReport(const Store& store) {
  SOTAY_ASSIGN_OR_RETURN(const auto sealed, store.Sealed());
  std::vector<RecordId> dossiers;
  for (const auto& [dossier, row] : sealed) {
    if (row.purged() && !row.reported() && dossiers.size() < kReportsMax) {
      dossiers.push_back(dossier);
    }
  }
  return dossiers;
}

absl::Status ReportAnew(const Store& store, const std::string& unit_id, StoreBatch* batch) {
  SOTAY_ASSIGN_OR_RETURN(auto sealed, store.Sealed());
  for (auto& [dossier, row] : sealed) {
    if (!row.reported() || (!unit_id.empty() && row.told().unit_id() != unit_id)) continue;
    row.set_reported(false);
    batch->PutSealed(dossier, row);
  }
  return absl::OkStatus();
}

absl::Status CheckNotSealed(const Store& store, const RecordId& dossier) {
  SOTAY_ASSIGN_OR_RETURN(const auto sealed, store.Sealed(dossier));
  if (!sealed.has_value()) return absl::OkStatus();
  const v1::SecretDossier& told = sealed->told();
  v1::ErrorDetail detail;
  detail.set_reason(v1::REASON_CLASSIFIED);
  return WithDetail(
      absl::FailedPreconditionError(absl::StrCat(
          "dossier ", dossier.Short(),
          told.alias().empty() ? "" : absl::StrCat(" (", told.alias(), ")"),
          " proved to be secret: its content has left this device, and nothing more is written in "
          "it; what is secret stays on paper")),
      detail);
}

}  // namespace sotay::sdk
