// What of a unit somebody may read, record by record: the guard (sync/guard.h) with what the store
// says of a record.  Made for one person, one unit and one answer.  Reads only; one thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/directory.h"
#include "server/known_roots.h"
#include "server/store.h"
#include "sotay/v1/record.pb.h"
#include "sync/dossier_acts.h"
#include "sync/guard.h"
#include "sync/ids.h"
#include "sync/schema.h"

namespace sotay::server {

class Reading {
 public:
  // What it is given outlives it.
  Reading(const Directory& directory, Store* store, const sync::Schema& schema,
          const Person& person, absl::string_view unit);

  // Whether anything there may be read; if not, nothing of the store is looked at.
  bool some() const { return some_; }
  // Whether everything may, whatever is said of its dossiers from now on.
  bool all() const { return all_; }
  // Whether everything may that is in the store by now, as no dossier of the unit is, or ever was,
  // for some people alone: then no record has to be looked at.  Only whether there ever was one
  // turns how long an answer takes.
  bool AllYet() const;

  // From now on roots are read anew, not as they are known from what was asked before; for answers
  // about one id, of which time is not to tell whether it is there.
  void LookAnew() { anew_ = true; }

  // Whether a record of the unit may be read, and by which line; by its row in the feed, by what is
  // stored, or a change to such records that was set aside, which is read as a draft is; one that
  // cannot be read, or edits none, by those alone who read everything there.  Of other records
  // nothing is read unless a line asks for it.
  absl::StatusOr<sync::Verdict> Of(const sync::RecordId& id, const stored::v1::FeedRow& row);
  absl::StatusOr<sync::Verdict> Of(const v1::Record& record);
  absl::StatusOr<bool> OfAside(const v1::QuarantinedChange& change);
  // Reads of the dossier's root what deciding about its records may need at the most, and decides
  // nothing: what is not theirs, or not there, is to take the same time whoever asks.
  absl::Status LookAtRoot(const std::string& dossier) { return RootOf(dossier).status(); }
  // Whether every record that a change of the unit edits may be read, `about` aside.
  absl::StatusOr<bool> OfAllIn(absl::string_view change, absl::string_view about);
  // Takes out of an entry what it says of other records than `about` that may not be read.
  absl::Status Cut(absl::string_view about, v1::LogEntry* entry);

 private:
  absl::StatusOr<bool> OfId(absl::string_view record);
  // What the guard asks of a dossier's root; null when that is not there.
  absl::StatusOr<KnownRoots::Facts> RootOf(const std::string& dossier);
  // Whether the dossier is for named people, of whom the person is none.  Where one may have been
  // opened for some alone, or hidden, since this was made, it is asked anew.
  bool KeptBack(absl::string_view dossier) const;
  // Whether it is the person's, who opened it or is assigned to it.
  absl::StatusOr<bool> IsTheirs(const std::string& dossier);
  // Whether it proved to be secret.
  bool IsSealed(absl::string_view dossier) const;
  // Whether the person is shown changes of which only the id is here.
  bool SeesBare() const;
  // Of each dossier that is kept back, and of which a change that was set aside names a record: its
  // fields of work.  `theirs`: the person wrote it.
  absl::StatusOr<std::vector<sync::FieldSet>> KeptBackOf(const v1::Change& change, bool theirs);
  // Whether a dossier whose root is not here, as it waits or was refused, may be for some alone.
  bool MayBeForSome(const v1::Change& change) const;
  absl::StatusOr<sync::FieldSet> FieldsOf(const std::string& dossier);

  const Directory& directory_;
  const sync::Matrix& matrix_;
  Store& store_;
  const sync::Schema& schema_;
  const std::string unit_;
  const std::string user_id_;
  const sync::Seats seats_;
  const std::shared_ptr<const sync::DossierActs> acts_;  // null: nothing was said of any dossier
  const sync::Day day_;
  const bool some_;
  const bool reads_all_;  // of what is kept back from nobody
  const bool never_kept_back_;
  const bool all_;
  bool anew_ = false;
  std::map<std::string, KnownRoots::Facts> roots_;  // of dossiers that were looked at
  std::map<sync::RecordId, bool> may_;              // records that were
};

}  // namespace sotay::server
