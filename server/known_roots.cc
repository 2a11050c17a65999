#include "server/known_roots.h"

#include <utility>

#include "server/store.h"
#include "sync/merged_record.h"
#include "sync/rights.h"
#include "sync/status_macros.h"

namespace sotay::server {

KnownRoots::Facts KnownRoots::Find(const sync::RecordId& root, uint64_t position,
                                   const sync::Matrix& matrix) {
  absl::MutexLock lock(&mutex_);
  const auto at = by_root_.find(root);
  if (at == by_root_.end()) return nullptr;
  const Kept& kept = *at->second;
  if (kept.position != position || kept.matrix.get() != &matrix) return nullptr;
  kept_.splice(kept_.begin(), kept_, at->second);
  return kept.facts;
}

uint64_t KnownRoots::forgotten() const {
  absl::MutexLock lock(&mutex_);
  return forgotten_;
}

void KnownRoots::Keep(const sync::RecordId& root, uint64_t position, Matrix matrix, Facts facts,
                      uint64_t forgotten) {
  absl::MutexLock lock(&mutex_);
  if (forgotten != forgotten_) return;
  if (const auto at = by_root_.find(root); at != by_root_.end()) {
    kept_.erase(at->second);
    by_root_.erase(at);
  }
  kept_.push_front({root, position, std::move(matrix), std::move(facts)});
  by_root_[root] = kept_.begin();
  if (kept_.size() <= kKept) return;
  by_root_.erase(kept_.back().root);
  kept_.pop_back();
}

void KnownRoots::Forget() {
  absl::MutexLock lock(&mutex_);
  kept_.clear();
  by_root_.clear();
  ++forgotten_;
}

namespace {

absl::StatusOr<KnownRoots::Facts> FactsIn(Store* store, const sync::Matrix& matrix,
                                          const StoredRecord& stored) {
  SOTAY_ASSIGN_OR_RETURN(const auto record,
                         sync::MergedRecord::Parse(store->schema(), stored.bytes));
  RootFacts facts;
  if (!record.empty()) facts.opened_by = record.birth().user_id;
  facts.fields = sync::FieldsOfDossier(matrix, record);
  return std::make_shared<const RootFacts>(std::move(facts));
}

}  // namespace

absl::StatusOr<KnownRoots::Facts> FactsOfRoot(Store* store, const KnownRoots::Matrix& matrix,
                                              const sync::RecordId& root) {
  // Asked before anything is read that is to be kept.
  const uint64_t forgotten = store->roots().forgotten();
  SOTAY_ASSIGN_OR_RETURN(const uint64_t newest, store->NewestOf(root));
  if (newest == 0) return KnownRoots::Facts();
  if (auto known = store->roots().Find(root, newest, *matrix)) return known;
  SOTAY_ASSIGN_OR_RETURN(const auto stored, store->LoadRecord(root));
  if (!stored.has_value()) return KnownRoots::Facts();
  SOTAY_ASSIGN_OR_RETURN(auto facts, FactsIn(store, *matrix, *stored));
  // It may have gone on since: then it is kept as what it is by now.
  store->roots().Keep(root, stored->position, matrix, facts, forgotten);
  return facts;
}

absl::StatusOr<KnownRoots::Facts> FactsOfRootAnew(Store* store, const KnownRoots::Matrix& matrix,
                                                  const sync::RecordId& root) {
  SOTAY_ASSIGN_OR_RETURN(const auto stored, store->LoadRecordAnew(root));
  if (!stored.has_value()) return KnownRoots::Facts();
  return FactsIn(store, *matrix, *stored);
}

}  // namespace sotay::server
