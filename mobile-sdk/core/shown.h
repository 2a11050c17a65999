// Records as a person sees them:
//
//   shown record = server's record + own changes it does not hold yet, in order
//
// Loading beat of both halves of the phone: the notebook reads what is shown before it composes,
// the courier what will be shown before it commits an answer.  Callers hold the desk's lock.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "mobile-sdk/core/desk.h"
#include "mobile-sdk/core/record_history.h"
#include "sotay/notebook.h"
#include "sotay/stored/v1/phone.pb.h"
#include "sync/absorb.h"
#include "sync/ids.h"
#include "sync/merged_record.h"

namespace sotay::sdk {

// A record with what a list says of it.
struct Shown {
  sync::MergedRecord record;
  uint64_t newest_pending = 0;  // newest own change laid on; 0: it is the server's record
};

// Decided but not yet committed.
struct Undone {
  // Null: none.
  const std::map<sync::RecordId, sync::MergedRecord>* bases = nullptr;
  // Those past `stored_through` the store has not.
  std::map<uint64_t, stored::v1::OwnChange> own;
  uint64_t stored_through = 0;
  std::map<sync::RecordId, FetchedHistory> histories;
  // Dossiers that go, and that are there again.
  std::set<sync::RecordId> gone;
  std::set<sync::RecordId> back;
};

// Of records, which own changes edit them: as the store says.
using TouchesOf = std::map<sync::RecordId, std::vector<Touch>>;

// Reads own changes and records, `undone` before the store.
class ShownReader {
 public:
  // All must outlive it; `undone` may be null, and so may `touches`, which are of every record it
  // is asked for, where they were read ahead.
  explicit ShownReader(const Desk* desk, const v1::Directory* directory = nullptr,
                       const Undone* undone = nullptr, const TouchesOf* touches = nullptr);

  // Nothing when there is no such record here, or nothing of it may be shown.  kDataLoss when
  // what is stored cannot be read.  kFailedPrecondition when a text cannot be merged without the
  // record's history (sync::Show) and it is not here: what was committed never needs it.
  absl::StatusOr<absl::optional<Shown>> Read(const sync::RecordId& id) const;

  // The record's history as it is shown, over what was fetched of it.  kNotFound when there is no
  // such record here, kFailedPrecondition when the fetched history lacks something of it.
  absl::StatusOr<sync::History> History(const sync::RecordId& id) const;

  // What an edit of these text fields is made on by somebody who was shown `seen`: that, and own
  // changes made since.  kAborted when there is no such record (Notebook::Change says when).
  absl::StatusOr<sync::MergedRecord> MadeOn(const RecordView& seen,
                                            const std::set<uint32_t>& texts) const;

  // Whether the change is in a dossier that is no longer the user's, so that it alone shows
  // nothing.
  absl::StatusOr<bool> IsGone(const v1::Change& change) const;

  // An own change that is not withheld, with its author as merging wants it.
  absl::StatusOr<sync::OwnChange> ReadOwn(uint64_t sequence) const;

 private:
  absl::StatusOr<stored::v1::OwnChange> LoadOwn(uint64_t sequence) const;
  absl::StatusOr<sync::OwnChange> AsOwn(const stored::v1::OwnChange& stored) const;
  // What a record is shown from.
  struct Parts {
    absl::optional<sync::MergedRecord> base;
    std::vector<sync::OwnChange> own;
    std::vector<const sync::OwnChange*> lying;  // into `own`
  };
  absl::StatusOr<Parts> Load(const sync::RecordId& id) const;
  absl::StatusOr<absl::optional<sync::MergedRecord>> LoadBase(const sync::RecordId& id) const;
  absl::StatusOr<std::vector<Touch>> LoadTouches(const sync::RecordId& id, uint64_t first) const;
  absl::StatusOr<std::vector<sync::AdmittedEdit>> LoadHistory(const sync::RecordId& id) const;

  const Desk& desk_;
  const v1::Directory* const directory_;
  const Undone* const undone_;
  const TouchesOf* const touches_;
};

// What a list says of a record.
stored::v1::ListRow RowOf(const Shown& shown, bool set_aside);

// The fate an outcome stands for.
Fate FateOf(const v1::ChangeOutcome& outcome);

}  // namespace sotay::sdk
