// Notebook: what an app sees of sotay.  Write, read and list records with no network for as
// long as it takes; the courier exchanges them with the server whenever there is one.
//
//   shown record = server's record + own changes it does not hold yet, in order
//
// Everything a call reports as done is on disk (one synced LevelDB batch); nothing is told
// before it is kept.  Thread-safe: calls may come from any thread.  Listeners are called on
// one thread at a time, never under a lock, and may call back into the notebook.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "sotay/doubtful_time.h"
#include "sotay/lease.h"
#include "sotay/stored/v1/notices.pb.h"
#include "sotay/stored/v1/phone.pb.h"
#include "sotay/stored/v1/restoration.pb.h"
#include "sotay/stored/v1/sealed_dossier.pb.h"
#include "sotay/surroundings.h"
#include "sotay/transfer.h"
#include "sotay/v1/consents.pb.h"
#include "sotay/v1/log_key.pb.h"
#include "sotay/v1/sync_service.pb.h"
#include "sync/blame.h"
#include "sync/ids.h"
#include "sync/merged_record.h"
#include "sync/schema.h"
#include "sync/view.h"

namespace sotay::sdk {

class Link;

// One wish for one field, in words.
struct Edit {
  enum class Kind {
    kSet,     // REGISTER, LATEST, ONCE, STATE: the new value; "" clears
    kAdd,     // SET
    kRemove,  // SET
    kAppend,  // LOG
    kCount,   // COUNTER: a signed step ("+3", "-1")
    kText,  // TEXT: the whole new text, conflicts written ⟦so | or so⟧ as sync::WrittenOut does
    kSplice,  // TEXT: as it was typed; see `position`
  };
  Kind kind = Kind::kSet;
  std::string field;  // its name in the schema
  std::string key;    // of a map field
  // Text of the value: strings as they are (brought to NFC here); integers in decimal;
  // enums by name, or by short name without the prefix, any case; bool "true"/"false";
  // bytes in hexadecimal (record ids); messages in protobuf JSON.
  std::string value;
  // kSplice: how many characters of the shown text stand before the place, and how many from there
  // `value` replaces.  Unicode scalar values, where a conflict is one (U+FFFC); sync/text.h counts
  // UTF-16 units.  Splices of one field follow one another, each on what the ones before have left.
  uint32_t position = 0;
  uint32_t deleted = 0;
};

enum class SyncState {
  kSynced,   // the server holds everything of it
  kWaiting,  // own changes are in the outbox
  kSent,     // accepted, but the server's record has not come back yet
  kRefused,  // a change of ours to it was set aside; see Notebook::Refused
};

// A record as shown.
struct RecordView {
  sync::MergedRecord record;
  SyncState state = SyncState::kSynced;
  std::vector<sync::Conflict> conflicts;
  // This device's changes to it when it was read, for Notebook::Change: the newest, and which the
  // record does not show because they were refused.
  uint64_t newest_own = 0;
  std::set<uint64_t> refused_own;
};

// A line of a list.
struct RecordLine {
  sync::RecordId id;
  std::string type;  // full name
  std::string unit_id;
  sync::RecordId dossier;
  std::string title;  // shown value of the type's title field, first line
  std::string state;  // name of the state value in force; empty without a state field
  // Names of state values that somebody asks for, not knowing of others' work (sync/apart.h).
  std::vector<std::string> requested;
  size_t conflicts = 0;
  SyncState sync_state = SyncState::kSynced;
  int64_t changed_ms = 0;  // of the newest standing change
};

struct ListFilter {
  std::string type;     // full or short name; empty: all
  std::string unit_id;  // empty: all
  absl::optional<sync::RecordId> dossier;
  bool conflicts_only = false;  // only where somebody has to decide: requests, too
  bool here_alone = false;      // only those of which the server has sent nothing
};

// A change of this device that was set aside or is held.
struct RefusedChange {
  uint64_t sequence = 0;
  v1::ChangeOutcome outcome;
  v1::Change change;
  // It is nowhere any more, here or at the server: it had content for a dossier of which there is
  // to be none (REASON_CLASSIFIED).  Of `change` there is the dossier alone.
  bool withheld = false;
};

// One change to a record, own or others', for reading.
struct HistoryLine {
  // As fetched from the server: without salt, hash of the one before, claimed stamp and edits of
  // other records, so it does not hash to its id.  Whoever wants the evidence asks the server.
  v1::Change change;
  absl::optional<v1::Admission> admission;  // none: not admitted (yet), or not known here
  sync::ChangeId id;
  std::string user_id;
};

struct Status {
  bool enrolled = false;
  std::string user_id;
  std::string full_name;
  std::string device_id;  // hexadecimal
  std::string server;
  uint64_t last_sequence = 0;
  uint64_t accepted_through = 0;
  uint64_t outbox = 0;           // last_sequence - accepted_through
  int64_t oldest_outbox_ms = 0;  // claimed time of the oldest; 0: none
  int64_t last_contact_ms = 0;   // server clock; 0: never
  int64_t skew_ms = 0;           // how far our clock was ahead then
  Reading reading;               // whether records are read, and for how long (sotay/lease.h)
  // Until when the device's certificate is good; 0: its keeper is not the notebook's directory.  A
  // contact after its first 60 days renews it; a device that comes after its end is enrolled anew.
  int64_t certificate_ends_ms = 0;
  // How often the device took another key, and whether it is about to.
  size_t key_rolls = 0;
  bool rekey_pending = false;
  std::vector<v1::Cursor> cursors;
  // Dossiers that are no longer the user's, and since when, server clock: everything the device had
  // of them has left it, after what was written in them here was sent.
  std::map<sync::RecordId, int64_t> removed_dossiers;
  // Dossiers that proved to be secret: what they are called now, who sealed them and when, and how
  // many changes of this device in them are withheld.  Nothing else is left of them here.  Of those
  // that the user could not read, and did not write in, there is nothing here.
  std::map<sync::RecordId, stored::v1::SealedDossier> sealed_dossiers;
  // Not OK: why files of the store may still have what left in this way, or what was in clear
  // before they were sealed.  Tried again now and then, at the latest when it is opened.
  absl::Status purge;
  // Where the key is kept that opens the notebook; empty: the platform keeps it, or it is not
  // sealed yet.
  std::string key_place;
  // By unit: the newest head of its log that this device has checked; and, where the server
  // offered one that does not go on from that, both (docs/protocol.md).
  std::map<std::string, v1::LogHead> heads;
  std::map<std::string, stored::v1::LogDispute> disputes;
  // How logs went on when the server was restored, oldest first.
  std::vector<stored::v1::Restoration> restorations;
  // How the key that signs the logs was replaced since enrolment, in order.
  std::vector<v1::LogKeyHandover> log_key_handovers;
  // Since when the server answers and does not show how its log key was replaced, by the device's
  // clock; 0: it does.  After a day it is a dispute.
  int64_t log_key_unshown_ms = 0;
  size_t records = 0;
  size_t conflicts = 0;
  size_t requests = 0;  // records in which a step is asked for
  size_t refused = 0;
  // Files the server has not verified yet, and how many bytes of them it has not got.
  size_t files_waiting = 0;
  uint64_t file_bytes_waiting = 0;
  size_t files_damaged = 0;  // here
  // Until somebody writes the field again, with the clock right.
  std::vector<DoubtfulTime> doubtful_times;
  v1::Consents consents;  // what waits for the user to agree, or for a colleague of theirs
};

// What happened, for a listener.
struct Event {
  enum class Kind {
    kRecordChanged,
    kRecordRemoved,
    kChangeRefused,
    kSynced,
    kSyncFailed,
    kLogDisputed,     // the server signed two logs of a unit that cannot both be; see Status
    kDossierRemoved,  // it is no longer the user's; its records were told as removed before
    kDossierSealed,   // it proved to be secret; its records were told as removed before; see Status
    kStepMet,         // a step of the user's met what another did; see Notebook::Notices
    kConsentAwaited,  // what somebody submitted waits for the user to agree; see Status
  };
  Kind kind = Kind::kSynced;
  // RecordChanged, RecordRemoved, StepMet; DossierRemoved, …Sealed, ConsentAwaited: its root.
  sync::RecordId record;
  uint64_t sequence = 0;  // ChangeRefused
  std::string unit_id;    // LogDisputed
  absl::Status status;    // SyncFailed
};

// An attachment, and how its file stands.
struct FileLine {
  RecordLine record;
  // False: the file alone is here, as its record was refused or has left; of that there is the id.
  bool shown = true;
  sync::RecordId parent;
  std::string sha256;  // hexadecimal
  uint64_t size = 0;
  bool here = false;
  bool fetched = false;  // others made it, and it was fetched
  bool waiting = false;  // it is to be sent, and the server has so much of it:
  uint64_t sent = 0;
  bool not_taken = false;  // the server would not have it, or does not know its attachment
  bool damaged = false;    // here; what the server has is fetched anew by SaveFile
};

// What is read, and for how long without a contact: sotay/lease.h.
class Notebook {
 public:
  // Makes a notebook in `dir` (which must not hold one) with a fresh key, from an
  // invitation, over the network.  Fails as EnrolmentService.Enroll does; then `dir` is as
  // it was.
  static absl::Status Enroll(const std::string& dir, const std::string& invitation,
                             const std::string& device_name, Surroundings surroundings = {});

  // For the notebook in `dir`, which is not open and stays as it is: the same device with its key,
  // let in again after its certificate has ended, or the office's authority was replaced meanwhile.
  static absl::Status EnrollAgain(const std::string& dir, const std::string& invitation,
                                  Surroundings surroundings = {});

  // Opens the notebook in `dir`.  `schema` null: the built-in case-work types.
  // kNotFound: no notebook there; kFailedPrecondition: open in another process; kDataLoss:
  // damaged (the message says what to do); kPermissionDenied: the key it is sealed with is not
  // here.  Its way to the server is gRPC.
  static absl::StatusOr<std::unique_ptr<Notebook>> Open(
      const std::string& dir, std::shared_ptr<const sync::Schema> schema = nullptr,
      Surroundings surroundings = {});
  // The same over another way to the server, core/link.h; null is gRPC again.
  static absl::StatusOr<std::unique_ptr<Notebook>> Open(const std::string& dir,
                                                        std::shared_ptr<const sync::Schema> schema,
                                                        Surroundings surroundings,
                                                        std::unique_ptr<Link> link);

  // Waits for a running exchange to end.
  ~Notebook();

  // Creates a record.  `dossier` absent: the record is the root of a new one.  `unit_id`
  // empty: the dossier's, or the user's only unit.  A parent field (inspection_id, case_id,
  // parent) that the edits leave out is filled with the dossier's root where its type
  // fits the field's name.  Fails as sync/compose.h says; then nothing happened.
  absl::StatusOr<sync::RecordId> Create(const std::string& type, const std::string& unit_id,
                                        absl::optional<sync::RecordId> dossier,
                                        const std::vector<Edit>& edits,
                                        const std::string& reason = "");

  // Edits a record, all or nothing, by somebody who is shown it as it is at this moment.
  absl::Status Change(const sync::RecordId& id, const std::vector<Edit>& edits,
                      const std::string& reason = "");

  // The same by somebody who was shown it as `seen`, from Read: what an app calls when a person
  // took their time.  What came in meanwhile, they did not know of: it is merged with their edit as
  // the server will, and whom they contradict is a conflict, never overwritten.  Own ones it knows.
  //
  // kAborted: it must be read and edited anew, nothing happened; the message says which.  Others
  // wrote in it, `edits` is of a text, and how the texts came about is not here (Hold sees to it,
  // where the network lets it; History fetches it).  Or this device edited the same text meanwhile,
  // or anything of the record after others' work came in: whoever did has seen that.  Or a change
  // of its own that `seen` shows was refused since, or one it does not show was admitted.
  absl::Status Change(const RecordView& seen, const std::vector<Edit>& edits,
                      const std::string& reason = "");

  // Until the returned function is called, news of a record with texts come with all that is needed
  // to merge them with an edit begun before.  For as long as it is open on a screen; costs its
  // history with every news.  Where that cannot be had the news come all the same.  The function
  // may be copied, called twice, from any thread and after the notebook's end.
  std::function<void()> Hold(const sync::RecordId& id);

  // Picks a reading of a conflict: an ordinary, attributed edit of the field.  `reading`
  // counts from 0 as in Conflict::readings; or give `value` instead for a new one.
  absl::Status Resolve(const sync::RecordId& id, const std::string& conflict_id,
                       absl::optional<size_t> reading, const std::string& value,
                       const std::string& reason = "");

  // Signs a record as it was read, or gives it back: makes a signature of the type `type`
  // (sotay.options.v1.signing), whose decision and own fields are in `edits`.  Own unsent changes
  // that are in it go before it.  It takes effect when the server holds exactly that; else it is
  // refused as stale, to be given again.  `standing`: the signature that stood when it was read
  // (the last of Signatures; nothing: none), which this one follows: nobody overrules what they had
  // not seen.  `read_again`: the person has read the sentences nobody ever read as they stand.
  // kFailedPrecondition when people disagree about what is to be signed, this build does not know
  // all of it, or a file that hangs under it is still waiting here; else as Create.
  absl::StatusOr<sync::RecordId> Sign(const RecordView& seen,
                                      const absl::optional<sync::RecordId>& standing,
                                      const std::string& type, const std::vector<Edit>& edits,
                                      bool read_again = false);
  // Signatures of a record that count, own unsent ones included, each behind the one it follows:
  // the last stands.  While that signs, an edit is a late amendment.  Into `apart` go those that do
  // not: own ones set aside (kRefused), and what the server has not sent since it was restored.
  absl::StatusOr<std::vector<RecordView>> Signatures(
      const sync::RecordId& id, std::vector<RecordView>* apart = nullptr) const;

  // Attaches a file to a record: copies it in, sealed, and makes an attachment of `type`
  // (sotay.options.v1.attaching) under `parent`, whose other fields are in `edits`.  Returning OK,
  // both survive any crash; the file is sent when there is a network and nothing else to send.
  // Holds no more than a piece of it.  Fails as the source does, kInvalidArgument for an empty file
  // or one larger than the server takes (as last heard; 64 MiB before that), kResourceExhausted
  // when too little room would stay for notes, else as Create; then nothing happened.
  absl::StatusOr<sync::RecordId> Attach(const sync::RecordId& parent, const FileSource& source,
                                        const std::string& type, const std::vector<Edit>& edits);
  // Gives the file of an attachment to `sink`, and fetches it first where it is not here.
  // kDataLoss when what was given is not the file the attachment names: it counts for nothing.
  // kFailedPrecondition when the server has not got it yet; kUnavailable without a network.
  absl::Status SaveFile(const sync::RecordId& id, const FileSink& sink,
                        const std::function<void(const FileProgress&)>& progress = nullptr);
  // Sends the files that wait, until none can go or a failure that keeps all (of one: ListFiles);
  // after Sync, which sends their attachments.  What it did stays done, and it goes on from there.
  absl::Status SendFiles(const std::function<void(const FileProgress&)>& progress = nullptr);
  // Attachments that are shown, newest change first, with how their files stand; then files that
  // are here without.
  // `here_alone`: as ListFilter's, and nothing else.
  absl::StatusOr<std::vector<FileLine>> ListFiles(bool here_alone = false) const;

  // kNotFound when it is not here; kFailedPrecondition when it is the root of a dossier that proved
  // to be secret.
  absl::StatusOr<RecordView> Read(const sync::RecordId& id) const;
  // The record whose id starts with these hexadecimal digits (at least 4).  kNotFound;
  // kFailedPrecondition when several do.
  absl::StatusOr<sync::RecordId> Find(const std::string& id_prefix) const;
  // Newest change first.
  absl::StatusOr<std::vector<RecordLine>> List(const ListFilter& filter = {}) const;
  // Own changes to a record, and with `fetch` everybody's from the server (kUnavailable
  // without a network), in order.
  absl::StatusOr<std::vector<HistoryLine>> History(const sync::RecordId& id, bool fetch);
  // The record as it was for whoever made change `at` of its history, and who typed what of a text
  // of it (without `at`: as it is shown).  Over the history as fetched: kFailedPrecondition when
  // that lacks something, kNotFound when `at` is not in it.
  absl::StatusOr<sync::MergedRecord> ReadAt(const sync::RecordId& id,
                                            const sync::ChangeId& at) const;
  absl::StatusOr<std::vector<sync::BlameRun>> Blame(const sync::RecordId& id,
                                                    const std::string& field,
                                                    absl::optional<sync::ChangeId> at = {}) const;
  // Changes of this device that were refused or are held, oldest first.
  absl::StatusOr<std::vector<RefusedChange>> Refused() const;
  // Whether the change of this device with that sequence is withheld, so that only its place is
  // left of it; false when there is no such change.
  absl::StatusOr<bool> IsWithheld(uint64_t sequence) const;
  // Steps of the user's that met what others did, neither knowing of the other: overtaken, in force
  // against another's, or a request; or that met them and do no longer (StepNotice.ended).  Oldest
  // first; each until Looked is called with it.
  absl::StatusOr<std::vector<stored::v1::StepNotice>> Notices() const;
  // The user has been shown these of Notices.
  absl::Status Looked(const std::vector<stored::v1::StepNotice>& shown);
  absl::StatusOr<Status> GetStatus() const;
  // Names behind ids, as last heard.
  v1::Directory directory() const;
  const sync::Schema& schema() const;

  // SHA-256, hexadecimal, over the visible form of every record shown, in order of id: equal on two
  // replicas that show the same.  Of so many `records`: not of signatures of an ended life.
  absl::StatusOr<std::string> Digest(size_t* records = nullptr) const;

  // Exchanges with the server until there is nothing left to send or take.  With something to send
  // it asks first, which is one exchange more: what proved to be secret is not sent.  Safe to call
  // at any time and to interrupt at any point, by death too.  Retries nothing by itself (RunCourier
  // does): fails with the first failure, everything so far kept.
  absl::Status Sync(const std::function<void(const SyncProgress&)>& progress = nullptr);

  // The device takes another key and stays the same device: id, changes and sequence, and what is
  // unsent.  kUnavailable: the server could not be asked; the key that is to follow is on disk, and
  // every exchange tries again before it sends anything.  kAborted, kFailedPrecondition,
  // kUnimplemented: it was refused for now; the old key goes on.
  absl::Status Rekey();

  // Starts a thread that exchanges on every local change and on news from the server, and
  // backs off with full jitter (1 s to 120 s) while it cannot.  Once.
  void RunCourier();
  // The server's news, or 60 s of back-off, may end the wait early: tells the courier that
  // the network is back.
  void NudgeCourier();

  // Called on events until the returned function is called; after that returns, no more.
  std::function<void()> Listen(std::function<void(const Event&)> listener);

 private:
  class Impl;
  explicit Notebook(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sotay::sdk
