// Ingest decides what pushed changes do to the central store.  Heart of the server's
// corridor: hub.cc loads, this decides, store.cc commits in one batch, then everybody is
// told.  Pure: same arguments, same outcome; nothing is read but the input.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/container/node_hash_map.h"
#include "absl/types/optional.h"
#include "sotay/stored/v1/server.pb.h"
#include "sotay/v1/change.pb.h"
#include "sotay/v1/supervision_service.pb.h"
#include "sotay/v1/sync_service.pb.h"
#include "sync/attaching.h"
#include "sync/dossier_acts.h"
#include "sync/freeze.h"
#include "sync/history.h"
#include "sync/ids.h"
#include "sync/merged_record.h"
#include "sync/numbering.h"
#include "sync/rights.h"
#include "sync/schema.h"
#include "sync/signing.h"
#include "sync/validate.h"
#include "sync/written_record.h"

namespace sotay::sync {

// A change as it came: bytes untouched, id computed, parsed if that was possible.
struct PushedChange {
  std::string bytes;
  ChangeId id;
  std::shared_ptr<const v1::Change> change;  // null: they are none
  // Its dossier, when the change is withheld: it came as its id alone.
  absl::optional<RecordId> withheld = {};
};

// What `bytes` say; null when they are no Change.
std::shared_ptr<const v1::Change> ReadChange(absl::string_view bytes);

// One device's push after its seal was verified: changes in order of sequence.
struct PushInput {
  stored::v1::DeviceRow device;
  std::map<std::string, std::set<Role>> roles;  // unit → roles of the device's user
  // What the table of rights gives them; null: their roles alone decide.
  std::shared_ptr<const Rights> rights;
  // Unit → the newest act about its dossiers (dossier_acts.h) that the device says it had followed
  // when the changes came; absent: none.
  std::map<std::string, uint64_t> heard;
  int64_t skew_ms = 0;  // of the clock they were written by, or kSkewUnknown (unknown_time.h)
  // When it came, of what was held since; 0: now.
  int64_t received_ms = 0;
  uint64_t first_sequence = 0;
  std::vector<PushedChange> changes;
  // Sequences of those the device says were late amendments once (late.h).
  std::set<uint64_t> late = {};
  // Sequence → what the store has, for those of the device's changes that the push repeats.
  std::map<uint64_t, stored::v1::SequenceRow> known;
};

// A record as the store has it.
struct LoadedRecord {
  MergedRecord record;
  uint64_t position = 0;  // its latest place in the feed
};

struct IngestInput {
  const Schema* schema = nullptr;
  int64_t now_ms = 0;
  std::vector<PushInput> pushes;
  // Every record the changes name, dossier roots included; absent: not there.
  absl::node_hash_map<RecordId, LoadedRecord> records;
  // Histories asked for by an earlier attempt (IngestOutcome::histories_needed).
  std::map<RecordId, History> histories;
  // Who sees which dossier, in units where anything was said of that.
  std::map<std::string, std::shared_ptr<const DossierActs>> dossiers;
  // The table of rights; null: none.
  std::shared_ptr<const Matrix> matrix;
  // Unit → whom that assignments name has a post that reads there, with what the table gives them;
  // null: their roles alone decide.
  std::map<std::string, std::map<std::string, std::shared_ptr<const Rights>>> assignable;
  // Dossiers that proved to be secret, of all units; null: none.
  std::shared_ptr<const std::set<RecordId>> sealed;
  // What held changes would wait for in vain: changes of their own devices of which only the id is
  // here, and what was made on these.
  std::set<std::pair<DeviceId, ChangeId>> bare;
  // Newest position of every unit the changes name; absent: no such unit.
  std::map<std::string, uint64_t> positions;
  // Unit → series of numbers → the last one given (numbering.h); absent: none.
  UnitNumbers numbers;
  // Of every record that is edited, signed, or gets a record it covers (signing.proto): the newest
  // signature that took effect; absent: none.
  std::map<RecordId, StandingSignature> signatures;
  // Of what signatures are about.
  ContentHash hash_content = nullptr;
  // By dossier in which somebody signs: its attachments, which are among `records`, and so is what
  // they hang under.
  std::map<RecordId, std::vector<RecordId>> attachments;
  // Files of those, and of attachments the changes make, that are here and verified, with their
  // sizes.
  std::map<FilePlace, uint64_t> whole;
  // How many attachments each record has that the changes give some.
  std::map<RecordId, size_t> attached;
  // The largest file this server takes; 0: any.
  uint64_t file_bytes_max = 0;
};

// A change to be appended to a unit's log.
struct NewEntry {
  std::string unit_id;
  v1::Admission admission;
  absl::string_view bytes;
  ChangeId id;
  DeviceId device;
  uint64_t sequence = 0;
  absl::InlinedVector<RecordId, 1> records;
  // What held changes may have waited for and now have: the change itself, and a marker for
  // each dossier it opened (DossierMarker).
  absl::InlinedVector<ChangeId, 2> satisfies;
};

// A change to be set aside.
struct SetAside {
  v1::QuarantinedChange change;
  uint64_t after_position = 0;  // newest position of its unit when it came
  std::vector<RecordId> records;
};

struct PushOutcome {
  stored::v1::DeviceRow device;
  std::vector<v1::ChangeOutcome> outcomes;
  // The push as a whole is refused: nothing of it was taken (its device row may be new all
  // the same, when it forked).
  absl::optional<Refusal> refused;
  uint64_t expected_sequence = 0;  // for SEQUENCE_GAP and CHAIN_BROKEN
};

// Points into the input, which must outlive it.
struct IngestOutcome {
  // Not empty: load these and ask again; everything else is void.
  std::set<RecordId> histories_needed;
  std::vector<PushOutcome> pushes;  // as in the input
  std::deque<NewEntry> entries;     // ordered by position within a unit; records point to them
  std::vector<SetAside> set_aside;
  WrittenRecords records;                            // the changed ones
  std::map<std::string, uint64_t> positions;         // new ones only
  std::map<std::string, uint64_t> births;            // unit → records created
  UnitNumbers numbers;                               // of units where one was given: all
  std::map<RecordId, StandingSignature> signatures;  // that took effect, by their object
  std::vector<v1::DossierAct> acts;                  // in order of number by unit
};

// Takes every push in turn.
//   - A change the store has is skipped: pushing twice is the same as once (law M1).
//   - A push that starts after the next sequence is refused with the sequence expected.
//   - Same device and sequence with another content: a fork.  The first stays; the second
//     and everything after it go to quarantine whole, and the device must enrol anew.
//   - A change that cannot be read, breaks a rule or is not allowed goes to quarantine
//     with its reason and keeps its sequence; the ones after it are applied.
//   - A change made on one that is not here is held until that arrives.
//   - A signature takes effect when its object stands exactly as it says, and while it stands the
//     object is changed by a decision of somebody's alone (freeze.h).
//   - And when every file that hangs under its object is here (attaching.h); otherwise it is
//     refused as ATTACHMENT_MISSING.
//   - An attachment of a file that is never taken here, or one too many of its record, is refused
//     as TOO_LARGE: nobody could sign over it.
//   - Of a change that has content where there may be none (CLASSIFIED: it is withheld, or in a
//     dossier that proved to be secret) the id is kept and nothing else.
//   - What somebody wrote into a dossier that has become other people's, before their device could
//     hear of it, is applied and says so (sotay/v1/admission_grounds.proto); a step of a state is
//     not: it is for those whose dossier it is.
//   - An assignment says who sees its dossier, as its opening may (assignment_acts.h), and as its
//     root may where it is hidden until it begins (hidden_dossiers.h).
IngestOutcome Ingest(const IngestInput& input);

// What a change waits for whose dossier's root is not here yet: HeldRow::waits_for is either
// a change id or one of these.
ChangeId DossierMarker(const RecordId& dossier);

// A held change whose parent has come, to be looked at again.
struct ReleaseInput {
  PushInput author;  // device row and roles as now; `changes` holds exactly this one
  uint64_t sequence = 0;
};

// A refused change that somebody decided to take in.
struct TakeInInput {
  // Device row as now, `changes` holds exactly this one; the roles are those it may have been
  // written in, which is what is decided.
  PushInput author;
  uint64_t sequence = 0;
  uint32_t authority = 0;   // its author's (Admission.authority)
  int64_t received_ms = 0;  // when it came
  v1::TakenIn taken_in;
  // What the table of rights gives who decides, and its author as of now; null: nothing.
  std::shared_ptr<const Rights> decider;
  std::shared_ptr<const Rights> written_by;
};

// Takes it in, as Admission.taken_in says: by the decision alone it may be written, everything else
// is checked as of any change, on the version its author had before them.  One push with one
// outcome; when that is not APPLIED nothing is to be written.  `input.pushes` is not looked at.
IngestOutcome TakeIn(const IngestInput& input, const TakeInInput& taken);

// Takes held changes again, in the given order.  `input.pushes` is not looked at; outcomes
// come one push per release, with one outcome each.  A device that occurs several times has
// the same row in each release; the newest outcome's row is the one to keep.
IngestOutcome Release(const IngestInput& input, const std::vector<ReleaseInput>& releases);

}  // namespace sotay::sync
