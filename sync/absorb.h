// Absorb decides what a server's answer does to a device: new base records, new progress,
// what became of the outbox.  Last door of the phone's half: courier.cc brings the answer,
// this decides, store.cc commits in one batch, then the app is told.
//
//   shown record = server's record + own changes it does not hold yet, in order
//
// Pure; any thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sotay/stored/v1/phone.pb.h"
#include "sotay/v1/sync_service.pb.h"
#include "sync/admitted_edit.h"
#include "sync/history.h"
#include "sync/ids.h"
#include "sync/merged_record.h"
#include "sync/schema.h"

namespace sotay::sync {

// One of the device's own changes, as stored.
struct OwnChange {
  v1::Change change;
  ChangeId id;
  std::vector<stored::v1::EditContext> contexts;
  v1::ChangeOutcome outcome;  // unspecified verdict: not answered yet
  Author author;              // with the claimed stamp
};

// Reads a stored one.  kDataLoss when malformed.
absl::StatusOr<OwnChange> ReadOwnChange(const stored::v1::OwnChange& stored,
                                        const std::string& user_id, uint32_t authority);

// The record a person sees: `base` (what the server decided; an empty record when it has
// none yet) with every change of `own` that touches it, in order of sequence, laid on,
// unless the base holds it or it was quarantined.  Nothing when that leaves no record.  Where
// something of the device stands in the base that was taken in (StandsTakenIn), `own` has those the
// base holds as well: they tell which of them had seen it.
//
// A text somebody else edited meanwhile, and a state whose steps may yield to what others wrote, is
// merged as the server will merge it, from `past`: the
// record's history as the server tells it (ListRecordHistory), edits the base lacks left out.  It
// is asked for only then: kFailedPrecondition when it is needed and not whole.
absl::StatusOr<absl::optional<MergedRecord>> Show(MergedRecord base,
                                                  const std::vector<const OwnChange*>& own,
                                                  const std::vector<AdmittedEdit>& past);

// The history of that record: `past`, and the own changes laid on.  Fails as Show.
absl::StatusOr<History> HistoryShown(const MergedRecord& base,
                                     const std::vector<const OwnChange*>& own,
                                     const std::vector<AdmittedEdit>& past);

// Whether the base holds an own change: as the device made it, or as it was taken in by somebody's
// decision.
bool Holds(const MergedRecord& base, const OwnChange& own);

// The sequences of `own` that Show would lay on the base.
std::vector<uint64_t> Pending(const MergedRecord& base, const std::vector<const OwnChange*>& own);

// What an act may say of a sealed dossier, and how many an answer may name: what it names is
// destroyed here.
inline constexpr size_t kAliasBytesMax = 100;
inline constexpr size_t kHolderBytesMax = 200;
inline constexpr int kSecretDossiersMax = 10'000;

struct AbsorbInput {
  const Schema* schema = nullptr;
  stored::v1::Progress progress;
  v1::SyncResponse response;
  std::vector<v1::FeedRecord> records;  // the response's, unpacked
  int64_t device_now_ms = 0;            // when the answer came
  // It answers a request that sent nothing.  Then it may say that the server has less of ours, but
  // not that it has more: what it has under our sequences may be another's, of a phone that was set
  // back, and what became of it is told only to whoever sends it.
  bool asked = false;
};

struct Absorbed {
  stored::v1::Progress progress;
  // Every cursor the device is to have, and units it is to forget with all they hold.
  std::vector<v1::Cursor> cursors;
  std::vector<std::string> removed_units;
  // Dossiers it is to forget with all they hold, but for what `bases` has.
  std::set<RecordId> removed_dossiers;
  // Dossiers that proved to be secret: everything it has of them goes, unsent or not.
  std::map<RecordId, v1::SecretDossier> secret_dossiers;
  // How many changes of ours the server says it has, where `progress` does not take its word.
  uint64_t server_has_through = 0;
  // New bases, by record, as received; and the same, read.
  std::map<RecordId, std::string> bases;
  std::map<RecordId, MergedRecord> records;
  // Newest outcomes of own changes, by sequence.
  std::map<uint64_t, v1::ChangeOutcome> outcomes;
  // The directory, when it came.
  absl::optional<v1::Directory> directory;
  bool more = false;
};

// Fails with kInvalidArgument when the answer contradicts itself (a record of a unit that
// has no cursor, a malformed record, an outcome of a change never sent, more backed up than
// accepted), or names as secret what no act can have sealed (no id, no unit, an alias or a holder
// that is too long, more than kSecretDossiersMax); then nothing of it
// is to be stored.  A server clock out of all range is taken for the nearer end (BoundMs): it is
// data, and no reason to refuse the records.
absl::StatusOr<Absorbed> Absorb(const AbsorbInput& input);

}  // namespace sotay::sync
