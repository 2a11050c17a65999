#include "mobile-sdk/core/another_life.h"

#include <algorithm>
#include <set>
#include <vector>

#include "mobile-sdk/core/file_exchange.h"
#include "mobile-sdk/core/sealing.h"
#include "sync/status_macros.h"

namespace sotay::sdk {
namespace {

constexpr size_t kEpochBytes = 16;

// All that are shown of these units, own ones too: which of them the server has it will say.
absl::Status EndSignatures(const Desk& desk, const std::set<std::string>& units,
                           StoreBatch* batch) {
  if (units.empty()) return absl::OkStatus();
  return desk.store->EachRow("", [&](const sync::RecordId& id, const stored::v1::ListRow& row) {
    const sync::RecordType* const type = desk.schema->Find(row.type());
    if (type != nullptr && type->signing != nullptr && units.count(row.unit_id()) != 0) {
      batch->PutEnded(id);
    }
    return true;
  });
}

}  // namespace

absl::Status RewindTo(Desk* desk, uint64_t sequence) {
  absl::MutexLock lock(&desk->mutex);
  SOTAY_ASSIGN_OR_RETURN(stored::v1::Progress progress, desk->store->Progress());
  progress.set_accepted_through(std::min(sequence, progress.accepted_through()));
  progress.set_revision_seen(0);
  StoreBatch batch;
  batch.PutProgress(progress);
  return desk->store->Commit(batch);
}

absl::Status BeginAgain(Desk* desk, const std::string& unit_id, const std::string& epoch) {
  absl::MutexLock lock(&desk->mutex);
  SOTAY_ASSIGN_OR_RETURN(stored::v1::Progress progress, desk->store->Progress());
  SOTAY_ASSIGN_OR_RETURN(const std::vector<v1::Cursor> cursors, desk->store->Cursors());
  StoreBatch batch;
  std::set<std::string> restored;
  for (v1::Cursor cursor : cursors) {
    if (!unit_id.empty() && cursor.unit_id() != unit_id) continue;
    if (cursor.epoch() != epoch) restored.insert(cursor.unit_id());
    if (epoch.size() != kEpochBytes) {
      batch.DropCursor(cursor.unit_id());
      continue;
    }
    // Still named, so that a unit lost meanwhile is said to be lost.
    cursor.set_epoch(epoch);
    cursor.set_position(0);
    cursor.clear_access();
    cursor.clear_access_record();
    batch.PutCursor(cursor);
  }
  SOTAY_RETURN_IF_ERROR(EndSignatures(*desk, restored, &batch));
  SOTAY_RETURN_IF_ERROR(ReportAnew(*desk->store, unit_id, &batch));
  SOTAY_RETURN_IF_ERROR(OfferAnew(*desk->store, unit_id, &batch));
  // Another life of the store counts these anew, too.
  progress.set_revision_seen(0);
  progress.set_directory_revision(0);
  batch.PutProgress(progress);
  return desk->store->Commit(batch);
}

}  // namespace sotay::sdk
