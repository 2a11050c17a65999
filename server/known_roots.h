// What the guard asks of dossiers' roots (sync/guard.h), so that a root is not read and merged anew
// for every question about a record of its dossier.  Kept in memory alone, with the position of the
// root's newest change: who asks has to know that, and a root that went on is read anew.  Any
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "sync/ids.h"
#include "sync/matrix.h"

namespace sotay::server {

class Store;

struct RootFacts {
  std::string opened_by;      // empty: nothing of it took effect
  sync::FieldSet fields = 0;  // of work
};

class KnownRoots {
 public:
  using Facts = std::shared_ptr<const RootFacts>;
  using Matrix = std::shared_ptr<const sync::Matrix>;

  // As the root was at that position, by that table of rights; null when it is not known.
  Facts Find(const sync::RecordId& root, uint64_t position, const sync::Matrix& matrix)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // How often they were forgotten, and how they are kept: as RecentlyRead.
  uint64_t forgotten() const ABSL_LOCKS_EXCLUDED(mutex_);
  void Keep(const sync::RecordId& root, uint64_t position, Matrix matrix, Facts facts,
            uint64_t forgotten) ABSL_LOCKS_EXCLUDED(mutex_);
  void Forget() ABSL_LOCKS_EXCLUDED(mutex_);

  // Dossiers that people look at on a day, of a large office; half a megabyte.
  static constexpr size_t kKept = 4'096;

 private:
  struct Kept {
    sync::RecordId root;
    uint64_t position = 0;
    Matrix matrix;  // kept, so that no other is taken for it
    Facts facts;
  };

  mutable absl::Mutex mutex_;
  uint64_t forgotten_ ABSL_GUARDED_BY(mutex_) = 0;
  std::list<Kept> kept_ ABSL_GUARDED_BY(mutex_);  // the newest use first
  absl::flat_hash_map<sync::RecordId, std::list<Kept>::iterator> by_root_ ABSL_GUARDED_BY(mutex_);
};

// What the guard asks of the root as it is now; null when it is not there.
absl::StatusOr<KnownRoots::Facts> FactsOfRoot(Store* store, const KnownRoots::Matrix& matrix,
                                              const sync::RecordId& root);
// The same, read anew and not kept: that somebody asked about its dossier before, the next to ask
// is not to be told by the time it takes.
absl::StatusOr<KnownRoots::Facts> FactsOfRootAnew(Store* store, const KnownRoots::Matrix& matrix,
                                                  const sync::RecordId& root);

}  // namespace sotay::server
