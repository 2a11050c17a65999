// What of a unit's dossiers a person's devices carry: those that are everybody's, those that name
// the person, and those that the table of rights lets them read all the same, whole and always
// (sync/guard.h, ReachOfKeptBack).  Of a unit in which nothing was ever said of a dossier it costs
// nothing.  Made for one answer: the acts and the day are those of the moment it was made.  Reads
// only; one thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/directory.h"
#include "server/known_roots.h"
#include "server/store.h"
#include "sync/dossier_acts.h"
#include "sync/guard.h"

namespace sotay::server {

// Where a device stands with a unit's acts: Cursor.access, which it gives back as it came.
struct AccessPlace {
  // Newest act it has followed; 0: none.  Below 2^31.
  uint64_t number = 0;
  // The unit is being sent anew to a device that holds some of it already: it may hold more than
  // its position says.
  bool again = false;
  // What the person reached of dossiers that were kept back, when the device followed.
  sync::FieldSet reach = 0;

  static AccessPlace From(uint64_t packed);
  uint64_t Packed() const;
};

// Where a device of the person's stands that has followed everything in the unit.
AccessPlace AccessOf(const Directory& directory, const Person& person, absl::string_view unit);

class Sight {
 public:
  // What it is given outlives it.
  Sight(const Directory& directory, Store* store, const Person& person, absl::string_view unit);

  // Null: nothing was ever said.
  const sync::DossierActs* acts() const { return acts_.get(); }
  const std::string& user() const { return user_; }
  // Where a device stands that has followed everything.
  AccessPlace place() const { return {acts_ == nullptr ? 0 : acts_->newest(), false, reach_}; }

  // Whether the person's devices carry the dossier.
  absl::StatusOr<bool> Carries(const std::string& dossier);
  // Whether they carried it for certain, all of it, while `act` stood (null: before anything was
  // said) and the person reached so far; and whether they may have some of it.
  absl::StatusOr<bool> Carried(const v1::DossierAct* act, sync::FieldSet reach,
                               const std::string& dossier);
  absl::StatusOr<bool> MayHold(const v1::DossierAct* act, sync::FieldSet reach,
                               const std::string& dossier);
  // Whether a dossier that is kept back is in that reach.
  absl::StatusOr<bool> InReach(sync::FieldSet reach, const std::string& dossier);
  // Whether the act leaves it to them, whatever they reach.
  bool Leaves(const v1::DossierAct& act) const { return sync::Leaves(act, user_, day_); }

 private:
  Store& store_;
  const KnownRoots::Matrix matrix_;
  const std::shared_ptr<const sync::DossierActs> acts_;
  const std::string user_;
  const sync::Day day_;
  const sync::FieldSet reach_;
  std::map<std::string, sync::FieldSet> fields_;  // of dossiers that were looked at
};

}  // namespace sotay::server
