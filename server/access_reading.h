// Who may see who has read what, and what they see: supervisors the reads of their units, whoever
// began a record the reads of that record.  Everything else is answered as if it were not there,
// or, where the caller may read it and no more, with ROLE_MAY_NOT.  Reads only; any thread.
//
// Of a record are the reads that name it, and those of many records among which it stood: its
// place when they were made, known by its admitted changes, is within theirs.  A change that came
// within a minute of the read leaves both places possible, and both are looked for: rather a read
// too many than one too few.  A list by state is shown whatever state the record was in.
// Of a unit's reads those are left out that name what is in a dossier for others alone.  To whom
// any could be left out no numbers are told, whose gaps would tell of them; and of lists and feeds
// not which places and how many records, which count what is in such a dossier.
#pragma once

#include "absl/status/statusor.h"
#include "server/directory.h"
#include "server/reading.h"
#include "server/store.h"
#include "server/supervision.h"
#include "sotay/v1/access_service.pb.h"
#include "sync/schema.h"

namespace sotay::server {

class AccessReading {
 public:
  AccessReading(const Directory* directory, Store* store, const Supervision* supervision,
                const sync::Schema* schema)
      : directory_(*directory), store_(*store), supervision_(*supervision), schema_(*schema) {}

  // OK, or how ListAccess would be refused.
  absl::Status MayAsk(const Person& person, const v1::ListAccessRequest& request) const;
  // Fails as AccessService.ListAccess.  A page may hold fewer than asked for, even none, and still
  // not be the last: it ends where it has looked through many rows.
  absl::StatusOr<v1::ListAccessResponse> ListAccess(const Person& person,
                                                    const v1::ListAccessRequest& request) const;

 private:
  struct Subject;

  absl::StatusOr<Subject> SubjectOf(const Person& person,
                                    const v1::ListAccessRequest& request) const;
  absl::StatusOr<Subject> RecordFor(const Person& person, const std::string& id_bytes) const;
  absl::Status LearnPlaces(Subject* subject) const;
  // `reading`: the subject's unit as whoever asks may read it.
  absl::StatusOr<bool> Concerns(const Subject& subject, const v1::AccessEntry& read,
                                const Person& person, Reading* reading) const;
  // Whether a read in the unit's log names a record of a dossier that is kept back from whoever
  // asks, so that it would tell them that there is one.
  absl::StatusOr<bool> NamesKeptBack(const Person& person, Reading* reading,
                                     const v1::AccessEntry& read) const;
  // Whether the record is of such a dossier of the unit; one that is not here is of none.
  absl::StatusOr<bool> IsKeptBack(const Person& person, Reading* reading, absl::string_view unit,
                                  const sync::RecordId& id) const;
  bool StoodAmong(const Subject& subject, const v1::AccessEntry& read) const;
  // Whether a refused read is of somebody of the unit, or asked for what is the unit's and not kept
  // back from whoever asks.
  absl::StatusOr<bool> ConcernsUnit(const std::string& unit, const v1::AccessEntry& refused,
                                    const Person& person, Reading* reading) const;

  const Directory& directory_;
  Store& store_;
  const Supervision& supervision_;
  const sync::Schema& schema_;
};

}  // namespace sotay::server
