// The pen: who holds it may change the store and the directory.  There is one, and the hub's
// thread has it; pushes, releases and administration are written with it one after the other,
// so none of them ever sees half of another.
//
// What is decided with it the scribe writes (scribe.h).  While that goes on the pen may decide
// what touches nothing of what is being written, and counts on from where that leaves the units;
// everything else waits.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "server/directory.h"
#include "server/hanging.h"
#include "server/known_records.h"
#include "server/scribe.h"
#include "server/store.h"
#include "sync/ids.h"
#include "sync/schema.h"

namespace sotay::server {

// What a group of pushes is about.  Each list in order, without repetition.
struct Footprint {
  std::vector<sync::DeviceId> devices;
  std::vector<sync::RecordId> edited;  // and the signed: what is written of them changes
  std::vector<sync::RecordId> named;   // those, the dossiers they are in, and the next
  // Those whose signature matters: the edited, the signed, and what records are put under that a
  // signature of it covers.
  std::vector<sync::RecordId> signable;
};

class Pen {
 public:
  Pen(Scribe* scribe, Store* store, Directory* directory, const sync::Schema* schema)
      : scribe_(*scribe),
        store_(*store),
        directory_(*directory),
        schema_(*schema),
        hanging_(store, schema) {}

  // Commits, and then lets everybody know.  Fails with STORAGE (refusal.h) when the store could
  // not be written; then nothing has changed, and never will until it is opened again.
  absl::Status Commit(const Round& round);
  absl::Status Commit(const Tables& tables);
  absl::Status Commit(std::vector<v1::AccessEntry> reads);
  // What is on a sheet already, `tables` among it.
  absl::Status Commit(Sheet* sheet, const Tables& tables);

  // As Commit, without waiting for it: `written` is told what came of it, on the scribe's
  // thread.  `footprint` is what the round was decided on.
  void Hand(Round round, Footprint footprint, Scribe::Written written);
  // Returns when nothing is being written that a decision about `footprint` has to see.
  void WaitFor(const Footprint& footprint);
  // Returns when nothing is being written.
  void Settle();
  // Newest position and number of records of a unit, what is being written included; nothing
  // when there is no such unit.
  absl::optional<stored::v1::UnitHead> Head(absl::string_view unit) const;

  // Reads which records there are, so that new ones need not be looked for.  Before the first
  // commit.  When it fails, as KnownRecords::Of, every record is looked for.
  absl::Status LearnRecords();
  // False: there is no such record, nor is one being written.
  bool MayHave(const sync::RecordId& record) const {
    return !known_.has_value() || known_->MayHave(record);
  }

  // Records of a dossier that stand for files, or may have such under them, and hang under
  // `objects`; and how many attachments are put under a record.  As far as they are written
  // (WaitFor).
  absl::StatusOr<std::set<sync::RecordId>> HangingUnder(const std::string& unit,
                                                        const sync::RecordId& dossier,
                                                        const std::set<sync::RecordId>& objects);
  absl::StatusOr<size_t> Attached(const std::string& unit, const sync::RecordId& dossier,
                                  const sync::RecordId& record);

  Store& store() const { return store_; }
  // For reading; Commit changes it.
  const Directory& directory() const { return directory_; }
  Directory& contacts() const { return directory_; }
  const sync::Schema& schema() const { return schema_; }

  // Notes what held changes may have waited for and now have, for the hub to look at them again.
  void Satisfy(const std::vector<sync::ChangeId>& satisfied) {
    satisfied_.insert(satisfied_.end(), satisfied.begin(), satisfied.end());
  }
  std::vector<sync::ChangeId> TakeSatisfied() { return std::exchange(satisfied_, {}); }

  // Server clock of this turn, milliseconds since 1970.
  int64_t now_ms() const { return now_ms_; }
  void set_now_ms(int64_t now_ms) { now_ms_ = now_ms; }

 private:
  void NoteBirths(const Round& round);

  Scribe& scribe_;
  Store& store_;
  Directory& directory_;
  const sync::Schema& schema_;
  Hanging hanging_;
  int64_t now_ms_ = 0;
  Sheet sheet_;
  std::vector<sync::ChangeId> satisfied_;
  // Nothing when they could not be read: then every one is looked for.
  absl::optional<KnownRecords> known_;
  // Of what was handed to the scribe last.
  Footprint handed_;
  bool handed_acts_ = false;  // it says who sees a dossier, which any decision may have to know
  std::map<std::string, stored::v1::UnitHead, std::less<>> heads_;
};

}  // namespace sotay::server
