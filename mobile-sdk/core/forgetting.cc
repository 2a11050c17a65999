#include "mobile-sdk/core/forgetting.h"

#include <string>
#include <utility>

#include "mobile-sdk/core/own_changes.h"
#include "mobile-sdk/core/record_history.h"
#include "sync/merged_record.h"
#include "sync/status_macros.h"

namespace sotay::sdk {
namespace {

using sync::RecordId;

// Of records an answer brings.
std::set<RecordId> DossiersOf(const std::map<RecordId, sync::MergedRecord>& records) {
  std::set<RecordId> dossiers;
  for (const auto& [id, record] : records) dossiers.insert(record.dossier());
  return dossiers;
}

}  // namespace

absl::StatusOr<Forgotten> Forget(const Store& store, const sync::Absorbed& absorbed, Undone* undone,
                                 StoreBatch* batch) {
  Forgotten forgotten;
  const std::set<std::string> units(absorbed.removed_units.begin(), absorbed.removed_units.end());
  std::set<RecordId> dossiers = absorbed.removed_dossiers;
  if (units.empty() && dossiers.empty()) return forgotten;
  // What an answer takes away and brings, it brings.
  for (const RecordId& back : DossiersOf(absorbed.records)) dossiers.erase(back);
  const uint64_t accepted = absorbed.progress.accepted_through();
  SOTAY_RETURN_IF_ERROR(
      EachOwn(store, *undone, accepted + 1, [&](uint64_t, const auto&, const v1::Change& change) {
        const size_t stay = dossiers.erase(DossierOf(change.dossier_id()));
        forgotten.waits = forgotten.waits || stay != 0;
      }));
  SOTAY_RETURN_IF_ERROR(store.EachRow("", [&](const RecordId& id, const stored::v1::ListRow& row) {
    const RecordId dossier = DossierOf(row.dossier_id());
    const bool gone = dossiers.count(dossier) != 0;
    if (gone) forgotten.dossiers.insert(dossier);
    if (gone || units.count(row.unit_id()) != 0) forgotten.records.insert(id);
    return true;
  }));
  std::map<uint64_t, stored::v1::OwnChange> bared;
  SOTAY_RETURN_IF_ERROR(
      EachOwn(store, *undone, 1,
              [&](uint64_t sequence, const stored::v1::OwnChange& own, const v1::Change& change) {
                const RecordId dossier = DossierOf(change.dossier_id());
                const bool gone = dossiers.count(dossier) != 0;
                if (gone) forgotten.dossiers.insert(dossier);
                if ((gone || units.count(change.unit_id()) != 0) && !own.contexts().empty()) {
                  bared[sequence] = own;
                }
              }));
  for (auto& [sequence, own] : bared) {
    own.clear_contexts();
    batch->PutOwnChange(sequence, own);
    undone->own[sequence] = std::move(own);
  }
  // A file that was made here and not sent yet goes once it has been; nobody can look at it
  // meanwhile.  Others' go at once, also those that a restored server is offered: for that there is
  // whoever may still read them.
  SOTAY_ASSIGN_OR_RETURN(const auto files, store.Files());
  for (auto [id, file] : files) {
    if (dossiers.count(DossierOf(file.dossier_id())) == 0 && units.count(file.unit_id()) == 0) {
      continue;
    }
    if (file.to_send() && !file.fetched()) {
      file.set_leaving(true);
      batch->PutFile(id, file);
    } else {
      batch->DropFile(id);
    }
    forgotten.files = true;
  }
  for (const RecordId& id : forgotten.records) {
    batch->DropBase(id);
    batch->DropRow(id);
    batch->DropEnded(id);
    SOTAY_RETURN_IF_ERROR(PutHistory(store, id, {}, batch));
  }
  for (const RecordId& dossier : forgotten.dossiers) {
    batch->PutGone(dossier, absorbed.progress.last_contact_ms());
    undone->gone.insert(dossier);
  }
  return forgotten;
}

absl::StatusOr<std::set<RecordId>> WelcomeBack(const Store& store, const sync::Absorbed& absorbed,
                                               Undone* undone, StoreBatch* batch) {
  std::set<RecordId> touched;
  if (absorbed.records.empty()) return touched;
  const std::set<RecordId> here = DossiersOf(absorbed.records);
  SOTAY_ASSIGN_OR_RETURN(const auto files, store.Files());
  for (auto [id, file] : files) {
    if (!file.leaving() || here.count(DossierOf(file.dossier_id())) == 0) continue;
    file.set_leaving(false);
    batch->PutFile(id, file);
  }
  SOTAY_ASSIGN_OR_RETURN(const auto gone, store.Gone());
  if (gone.empty()) return touched;
  for (const RecordId& dossier : here) {
    if (gone.count(dossier) == 0) continue;
    batch->DropGone(dossier);
    undone->back.insert(dossier);
  }
  if (undone->back.empty()) return touched;
  SOTAY_RETURN_IF_ERROR(
      EachOwn(store, *undone, 1, [&](uint64_t, const auto&, const v1::Change& change) {
        if (undone->back.count(DossierOf(change.dossier_id())) == 0) return;
        for (const v1::RecordEdit& edit : change.edits()) {
          if (const auto id = RecordId::From(edit.record_id())) touched.insert(*id);
        }
      }));
  return touched;
}

}  // namespace sotay::sdk
