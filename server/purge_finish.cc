// What comes after a purge was written, and what is left to do of one that was cut short.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/blobs.h"
#include "server/event_log.h"
#include "server/purge.h"
#include "sync/status_macros.h"

namespace sotay::server {

absl::StatusOr<Purge> PlanDestruction(Store* store, const stored::v1::SecretRow& row) {
  Purge purge;
  const auto dossier = sync::RecordId::From(row.dossier_id());
  if (!dossier.has_value()) return absl::DataLossError("a sealed dossier without an id");
  store->Erase(&purge.sheet, SecretKeyKey(*dossier));
  for (uint64_t number = 1; number <= row.contents(); ++number) {
    store->Erase(&purge.sheet, SecretContentKey(*dossier, number));
  }
  stored::v1::SecretRow& after = purge.tables.secrets.emplace_back(row);
  after.set_destroyed(true);
  after.set_swept(false);
  store->Fill(&purge.sheet, purge.tables);
  return purge;
}

const stored::v1::SecretRow* SecretIn(const Tables& tables, absl::string_view dossier) {
  const auto at = std::find_if(tables.secrets.begin(), tables.secrets.end(),
                               [&](const auto& row) { return row.dossier_id() == dossier; });
  return at == tables.secrets.end() ? nullptr : &*at;
}

absl::Status PutFilesAway(Store* store, const stored::v1::SecretRow& row) {
  Blobs* const blobs = store->blobs();
  const auto dossier = sync::RecordId::From(row.dossier_id());
  if (blobs == nullptr || !dossier.has_value()) return absl::OkStatus();
  const auto put = [&]() -> absl::Status {
    SOTAY_ASSIGN_OR_RETURN(const auto key, store->Get(SecretKeyKey(*dossier)));
    if (row.destroyed() || !key.has_value()) return blobs->Destroy(*dossier);
    return blobs->Seal(*dossier, *key);
  };
  const absl::Status away = put();
  if (away.ok()) return away;
  Say(Severity::kError, "secret_files_wait",
      {{"dossier", dossier->Short()}, {"message", std::string(away.message())}});
  return absl::UnavailableError(
      absl::StrCat("files of dossier ", dossier->Short(), " wait: ", away.message()));
}

absl::Status SweepSecret(Store* store, const stored::v1::SecretRow& row) {
  const auto dossier = sync::RecordId::From(row.dossier_id());
  if (!dossier.has_value()) return absl::DataLossError("a sealed dossier without an id");
  std::vector<std::string> keys = {SecretKeyKey(*dossier)};
  for (uint64_t number = 1; number <= row.contents(); ++number) {
    const std::string key = SecretContentKey(*dossier, number);
    keys.push_back(key);
    SOTAY_ASSIGN_OR_RETURN(const auto bytes, store->Get(key));
    stored::v1::SecretContent part;
    if (!bytes.has_value()) continue;
    if (!part.ParseFromString(*bytes))
      return absl::DataLossError(absl::StrCat(DescribeKey(key), " cannot be read"));
    keys.insert(keys.end(), part.keys().begin(), part.keys().end());
  }
  return store->Sweep(std::move(keys));
}

absl::Status FinishPurges(Store* store, bool restored) {
  SOTAY_ASSIGN_OR_RETURN(const Tables tables, store->LoadTables());
  for (const v1::DossierAct& act : tables.dossier_acts) {
    if (!act.has_sealed()) continue;
    if (SecretIn(tables, act.dossier_id()) != nullptr && !restored) continue;
    // Of the tables as they are: another act may have changed them.
    SOTAY_ASSIGN_OR_RETURN(const Tables now, store->LoadTables());
    SOTAY_ASSIGN_OR_RETURN(Purge purge, PlanPurge(store, now, act));
    const Rewriting rewriting(store);
    SOTAY_RETURN_IF_ERROR(store->Write(&purge.sheet));
  }
  return absl::OkStatus();
}

absl::Status FinishSweeps(Store* store) {
  absl::Status waits;
  SOTAY_ASSIGN_OR_RETURN(const Tables purged, store->LoadTables());
  for (stored::v1::SecretRow row : purged.secrets) {
    // Also of what was swept: they may have waited then, or the store was restored beside them.
    if (const absl::Status away = PutFilesAway(store, row); !away.ok()) waits = away;
    if (row.swept()) continue;
    const absl::Status swept = SweepSecret(store, row);
    if (absl::IsUnavailable(swept) && !store->read_only()) {
      waits = swept;
      continue;
    }
    SOTAY_RETURN_IF_ERROR(swept);
    row.set_swept(true);
    Tables done;
    done.secrets.push_back(std::move(row));
    Sheet sheet;
    store->Fill(&sheet, done);
    SOTAY_RETURN_IF_ERROR(store->Write(&sheet));
  }
  return waits;
}

}  // namespace sotay::server
