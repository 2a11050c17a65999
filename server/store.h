// The central store: what the server knows, on disk.  Third and last beat of the corridor's
// commit: the hub decides, this turns the decision into one synced batch, so that log, record,
// feed, history and progress of a change are there together or not at all.  The keys are in
// keys.h; nobody else speaks LevelDB.
//
// Reads: any thread.  Put: the hub's thread alone; Write: one thread at a time.  Everything fails
// with kDataLoss when what is stored is damaged; writing fails as durable::Store::Write does, and
// then the store stays read-only until it is opened again.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/optional.h"
#include "server/aside_row.h"
#include "server/birth_run.h"
#include "server/keys.h"
#include "server/known_roots.h"
#include "server/log_run.h"
#include "server/moment.h"
#include "server/recently_read.h"
#include "server/sheet.h"
#include "server/unfiled_births.h"
#include "server/unpacked_pushes.h"
#include "sotay/stored/v1/backup.pb.h"
#include "sotay/stored/v1/device_key.pb.h"
#include "sotay/stored/v1/secrecy.pb.h"
#include "sotay/stored/v1/server.pb.h"
#include "sotay/v1/access_service.pb.h"
#include "sotay/v1/admin_service.pb.h"
#include "sotay/v1/authority.pb.h"
#include "sotay/v1/dossier_service.pb.h"
#include "sotay/v1/log_key.pb.h"
#include "sotay/v1/post.pb.h"
#include "sync/ids.h"
#include "sync/ingest.h"
#include "sync/schema.h"
#include "sync/seal/merkle.h"

namespace leveldb {
class WriteBatch;
}  // namespace leveldb
namespace sotay::durable {
struct StoreOptions;
struct TailCut;
}  // namespace sotay::durable

namespace sotay::server {

class Blobs;

// Shape of the keys and rows this build reads and writes.
constexpr uint32_t kStoreFormat = 7;

// The small tables, which live in memory too (directory.h).  As read at the start, and as part
// of a batch, where only what changed is named.
struct Tables {
  absl::optional<stored::v1::StoreMeta> meta;
  std::vector<v1::Unit> units;
  std::vector<v1::User> users;
  std::vector<stored::v1::DeviceRow> devices;
  std::vector<std::pair<sync::DeviceId, stored::v1::Contact>> contacts;
  std::vector<stored::v1::Ticket> tickets;
  std::map<std::string, stored::v1::UnitHead> heads;
  std::vector<v1::Post> posts;
  std::vector<v1::UnitTerm> terms;
  std::vector<v1::DossierAct> dossier_acts;
  std::vector<stored::v1::SecretRow> secrets;
  std::vector<v1::LogKeyHandover> handovers;          // by number
  std::vector<stored::v1::DeviceKeyRow> device_keys;  // by device and number
  std::vector<v1::AuthorityHandover> authorities;     // by number
  // Of the quarantine, which is no small table, and written and loaded apart: those that wait, or
  // changed.
  std::vector<Submission> submissions;
};

// What one group of pushes, or of releases, writes.
struct Round {
  // Its small tables; entries, records and set-aside changes come from `outcome`.
  Tables tables;
  const sync::IngestOutcome* outcome = nullptr;
  // Of the records its changes name those that were newborn in the store, in order.
  std::vector<sync::RecordId> newborn;
  // The admissions of its entries, serialised, in the same order.
  std::vector<std::string> admissions;
  // Nodes of units' log trees that became whole by them.
  std::vector<std::pair<std::string, seal::MerkleNode>> nodes;
  std::vector<std::pair<sync::DeviceId, stored::v1::SealRow>> seals;
  // Earlier pushes, without what proved to be secret only now.
  std::vector<std::pair<sync::DeviceId, stored::v1::SealRow>> withheld;
  // Held changes that were decided, as they stood.
  std::vector<AsideRow> released;
  // Refused ones that a person decided on, as they stand from now on (IsTakenIn, dismissed).
  std::vector<AsideRow> decided;
  std::vector<std::pair<sync::DeviceId, v1::ChangeOutcome>> revised;
};

// A record as stored.
struct StoredRecord {
  uint64_t position = 0;
  std::string unit;
  std::string bytes;     // a serialised v1::Record
  bool newborn = false;  // the change at `position` is all there is to it
};

// Where a record stands, which is known before anything of it is read.
struct RecordPlace {
  sync::RecordId record;
  absl::string_view unit;  // good while the visit lasts
  uint64_t position = 0;
};

// An entry of a unit's log, byte for byte.
struct StoredEntry {
  std::string change;  // empty: it proved to be secret
  std::string change_id;
  std::string admission;  // a serialised v1::Admission
  sync::DeviceId device;
  uint64_t sequence = 0;
};

class Store {
 public:
  // Makes a store in `path` that holds `founding`.  Fails with kAlreadyExists when there is one.
  static absl::Status Create(const std::string& path, const durable::StoreOptions& options,
                             const Tables& founding);
  // Makes an empty store in `path`, to be filled row by row from a backup and opened by Open once
  // it has its meta row.  Fails with kAlreadyExists when anything is there.
  static absl::StatusOr<std::unique_ptr<Store>> Begin(const std::string& path,
                                                      const durable::StoreOptions& options,
                                                      const sync::Schema* schema);
  // Opens the store in `path`; `schema` says what its records are, and outlives it.  Fails as
  // durable::Open does, with kFailedPrecondition for a format of another build.
  static absl::StatusOr<std::unique_ptr<Store>> Open(const std::string& path,
                                                     const durable::StoreOptions& options,
                                                     const sync::Schema* schema);
  ~Store();

  // What its records are.
  const sync::Schema& schema() const { return *schema_; }

  absl::StatusOr<Tables> LoadTables();
  // What of the quarantine waits for a colleague.  kDataLoss: not all can be read; the rest is
  // there.
  absl::Status LoadSubmissions(Tables* tables);
  // Lives of this store that ended, by number, the newest last; of one that was never restored
  // none.
  absl::StatusOr<std::vector<stored::v1::EndedEpoch>> LoadEnded();

  // Loads, for decisions.
  absl::StatusOr<absl::optional<StoredRecord>> LoadRecord(const sync::RecordId& id);
  // A record as its first change made it, which stands at `position` of the unit's log.
  absl::StatusOr<StoredRecord> LoadNewborn(absl::string_view unit, uint64_t position,
                                           const sync::RecordId& id);
  // The signature of a record that stands; nothing when none ever took effect.
  absl::StatusOr<absl::optional<sync::StandingSignature>> LoadSignature(const sync::RecordId& id);
  // The same past everything that is kept of what was read, after the same looks whether or not it
  // was ever changed: how long it takes tells nothing of what was asked before.
  absl::StatusOr<absl::optional<StoredRecord>> LoadRecordAnew(const sync::RecordId& id);
  // Position of a record's newest change; 0: there is no such record.
  absl::StatusOr<uint64_t> NewestOf(const sync::RecordId& id);
  // The device whose change made a record, of which nothing more is read, however long it is.
  absl::StatusOr<sync::DeviceId> LoadMaker(const RecordPlace& place);
  // The graph of a record that is there.
  absl::StatusOr<sync::History> LoadHistory(const v1::Record& record);
  // What became of a device's changes `from` to `to`, as far as they are here.
  absl::StatusOr<std::map<uint64_t, stored::v1::SequenceRow>> LoadKnown(
      const sync::DeviceId& device, uint64_t from, uint64_t to);
  // A change that was set aside; nothing when there is none of that sequence and id.
  absl::StatusOr<absl::optional<AsideRow>> LoadAside(const sync::DeviceId& device,
                                                     uint64_t sequence,
                                                     absl::string_view change_id);

  // The device's changes of which only the id is here, and what was refused for being made on
  // refused ones.
  absl::StatusOr<std::set<sync::ChangeId>> LoadBare(const sync::DeviceId& device);

  // Puts on the sheet what is to be written.
  void Fill(Sheet* sheet, const Round& round);
  void Fill(Sheet* sheet, const Tables& tables);
  // Numbers the reads, in that order.
  void Fill(Sheet* sheet, std::vector<v1::AccessEntry> reads);
  // A row as it is; for restoring, and for taking out what proved to be secret.
  void Fill(Sheet* sheet, absl::string_view key, absl::string_view value);
  void Erase(Sheet* sheet, absl::string_view key);
  // Commits what is on the sheet, and empties it.
  absl::Status Write(Sheet* sheet);
  // Files births that have no row of their own yet (unfiled_births.h), some or all.  Any thread.
  bool HasUnfiled() const { return !unfiled_.empty(); }
  absl::Status FileSome();
  absl::Status FileAll();
  // Before the first commit: how many may gather until they are filed with commits.
  void set_gathered_max(size_t gathered_max) { unfiled_.set_gathered_max(gathered_max); }
  bool read_only() const;
  // What those rows were before they were written anew, or erased, is in no file any more; as
  // durable::Store::Sweep.
  absl::Status Sweep(std::vector<std::string> keys);
  // Whether rows that are written once are being written anew (Rewriting): then it is odd; and how
  // often they were.  Who reads rows in parts has a whole when it was even and is the same at the
  // end.
  uint64_t rewrites() const { return rewrites_; }
  // Ragged ends of logs that were cut when it was opened (sync/durable/tail_rule.h).
  const std::vector<durable::TailCut>& tail_cuts() const;
  // How often something was looked for in it since it was opened.
  uint64_t lookups() const;
  // What the guard was told of dossiers' roots.
  KnownRoots& roots() { return roots_; }

  // The files that lie beside it, whose attachments it has; null: there are none.  Set once, before
  // anybody else has the store; outlives it.
  Blobs* blobs() const { return blobs_; }
  void set_blobs(Blobs* blobs) { blobs_ = blobs; }

  // Lists.  Each calls `visit` in order until that returns false.
  // Places of a unit's feed after `after` and up to `up_to`.
  absl::Status VisitFeed(
      absl::string_view unit, uint64_t after, uint64_t up_to,
      const std::function<bool(const FeedPlace&, const stored::v1::FeedRow&)>& visit);
  // The same backwards, from the newest that is before `before`.
  absl::Status VisitFeedBackwards(
      absl::string_view unit, const FeedPlace& before,
      const std::function<bool(const FeedPlace&, const stored::v1::FeedRow&)>& visit);
  // What the feed says of the record at that place; nothing when it does not stand there.
  absl::StatusOr<absl::optional<stored::v1::FeedRow>> LoadFeedRow(absl::string_view unit,
                                                                  const FeedPlace& place);
  // What it said when the record was born there, whether or not it stands there still.
  absl::StatusOr<absl::optional<stored::v1::FeedRow>> LoadBirth(absl::string_view unit,
                                                                const FeedPlace& place);
  // Positions of a record's admitted changes, after `after`; or backwards from the newest.
  absl::Status VisitHistory(const sync::RecordId& record, uint64_t after,
                            const std::function<bool(uint64_t position)>& visit);
  absl::Status VisitHistoryBackwards(const sync::RecordId& record,
                                     const std::function<bool(uint64_t position)>& visit);
  // What was set aside that names `record`, oldest first.
  // `after`: the newest position of its unit when it came.
  absl::Status VisitAside(const sync::RecordId& record,
                          const std::function<bool(uint64_t after, v1::QuarantinedChange)>& visit);
  // What was set aside in a unit ("": readable for no unit), after arrival number `after`.
  absl::Status VisitQuarantine(
      absl::string_view unit, uint64_t after,
      const std::function<bool(uint64_t arrival, v1::QuarantinedChange)>& visit);
  // Records whose id begins with `prefix`.
  absl::Status VisitRecords(absl::string_view prefix,
                            const std::function<bool(const RecordPlace&)>& visit);
  // A record that stands in for one that is not there: any, and the same whenever that is asked for
  // again, but no neighbour of it.  `visit` is not called when there are no records.
  absl::Status VisitStandIn(absl::string_view id_bytes,
                            const std::function<void(const RecordPlace&)>& visit);
  // Revised outcomes of a device after `revision`.
  absl::Status VisitRevised(const sync::DeviceId& device, uint64_t revision,
                            const std::function<bool(v1::ChangeOutcome)>& visit);

  // Reads in a unit ("": refused ones), backwards from the newest whose number is below `before`.
  absl::Status VisitReadsBackwards(absl::string_view unit, uint64_t before,
                                   const std::function<bool(v1::AccessEntry)>& visit);

  // Seals over a device's pushes, in order of their last sequence; for checking.
  absl::Status VisitSeals(
      const sync::DeviceId& device,
      const std::function<void(absl::string_view key, absl::string_view value)>& visit);

  // Entries of a unit's log after position `after` and up to `up_to`, as leaves of its tree, read
  // from disk.  kDataLoss when one is missing.
  absl::Status VisitLeaves(absl::string_view unit, uint64_t after, uint64_t up_to,
                           const std::function<void(const seal::MerkleHash&)>& visit);
  // A node of its tree that is kept: the one over 2^level entries up to `position`.
  absl::StatusOr<seal::MerkleHash> LoadNode(absl::string_view unit, uint64_t position, int level);
  // The row of a unit's log that has an entry.  kDataLoss when there is none.
  absl::StatusOr<std::shared_ptr<const LogRun>> LoadRun(absl::string_view unit, uint64_t position);
  // An entry of a unit's log, with the bytes of its change; without them when it proved to be
  // secret.
  absl::StatusOr<v1::LogEntry> LoadEntry(absl::string_view unit, uint64_t position);
  // What the server noted of it, without its bytes, which have to be unpacked.
  absl::StatusOr<v1::Admission> LoadAdmission(absl::string_view unit, uint64_t position);
  // The same as it is hashed.
  absl::StatusOr<StoredEntry> LoadStoredEntry(absl::string_view unit, uint64_t position);
  // The push that a device's change came in.  kDataLoss when there is none.
  absl::StatusOr<stored::v1::SealRow> LoadSealOver(const sync::DeviceId& device, uint64_t sequence);

  // Everything as it is now, but rows of births that are not filed yet.  For backups.
  std::unique_ptr<Moment> TakeMoment();

  // Every key and value in order of the keys, once all births are filed, or as if they were.
  // For checking; not while much is written.
  absl::Status VisitAll(
      const std::function<bool(absl::string_view key, absl::string_view value)>& visit);
  absl::StatusOr<absl::optional<std::string>> Get(const std::string& key);

 private:
  Store(std::unique_ptr<durable::Store> durable, const sync::Schema* schema);

  // The front of a record row.  `rest` is what follows: the record, or nothing, when the change at
  // its position is all there is to it.
  static absl::StatusOr<RecordPlace> ReadPlace(const sync::RecordId& id, absl::string_view value,
                                               absl::string_view* rest);
  // The row of a record, also of one whose row is not filed yet.
  absl::StatusOr<absl::optional<std::string>> RowOf(const sync::RecordId& id);
  // Past what is kept: a row of a log, and the push it came in; null: there is none.
  absl::StatusOr<std::shared_ptr<const LogRun>> RunAt(absl::string_view unit, uint64_t position);
  absl::StatusOr<UnpackedPushes::Changes> PushAt(const std::string& key);
  // The entry's change out of the push it came in.
  absl::Status Unpack(uint64_t sealed_through, StoredEntry* entry);
  // Where changes of a device went when they came, into what is not known of them otherwise.
  absl::Status AddPlaced(const stored::v1::SealRow& seal, uint64_t from, uint64_t to,
                         std::map<uint64_t, stored::v1::SequenceRow>* known);

  // Calls `visit` for keys from `from` on, below `end`.
  absl::Status Visit(const std::string& from, const std::string& end,
                     const std::function<bool(absl::string_view, absl::string_view)>& visit);
  absl::Status VisitBackwards(
      const std::string& from, const std::string& before,
      const std::function<bool(absl::string_view, absl::string_view)>& visit);

  // store_commit.cc
  void PutTables(const Tables& tables, leveldb::WriteBatch* batch);
  void PutEntries(const Round& round, leveldb::WriteBatch* batch);
  void PutPlaces(const sync::IngestOutcome& outcome, leveldb::WriteBatch* batch);
  void PutSequences(const sync::IngestOutcome& outcome, leveldb::WriteBatch* batch);
  void PutRecords(const Round& round, Sheet* sheet);
  void PutBirths(const std::string& unit, BirthRun* births, leveldb::WriteBatch* batch);
  void PutSignatures(const sync::IngestOutcome& outcome, leveldb::WriteBatch* batch);
  void PutSequence(const sync::DeviceId& device, const v1::QuarantinedChange& change,
                   leveldb::WriteBatch* batch);
  void PutAside(const sync::IngestOutcome& outcome, leveldb::WriteBatch* batch);
  void DeleteAside(const AsideRow& row, leveldb::WriteBatch* batch);
  void PutDecided(const AsideRow& row, leveldb::WriteBatch* batch);
  // store_reads.cc
  absl::Status LoadReads();
  // store_births.cc
  void PutFiling(const Filing& filing, const std::vector<sync::RecordId>& but,
                 leveldb::WriteBatch* batch);
  // What was closed, or broken off, without having been filed.
  absl::Status FindUnfiled();
  absl::Status FindUnfiled(const std::string& unit);
  // What the row of a birth says, or will once it is filed.
  static std::string RowOf(const BirthPlace& birth);

  const std::unique_ptr<durable::Store> durable_;
  Blobs* blobs_ = nullptr;
  const sync::Schema* const schema_;
  friend class Rewriting;
  UnpackedPushes unpacked_;
  RecentlyRead<LogRun> runs_;
  KnownRoots roots_;
  const std::string chance_;  // by which a record stands in for what is not there
  std::atomic<uint64_t> rewrites_{0};
  UnfiledBirths unfiled_;
  // Commits and filings, one at a time: a row that is filed never covers one that came after.
  absl::Mutex writing_;
  // The hub's thread alone.
  uint64_t arrivals_ = 0;
  std::map<std::string, uint64_t, std::less<>> reads_;  // unit or "" → last number
  std::string scratch_;
};

// While it lives, its thread writes rows anew that otherwise are written once: pushes and log
// entries lose what proved to be secret.  To end once that is committed.  One at a time.
class Rewriting {
 public:
  explicit Rewriting(Store* store);
  ~Rewriting();
  Rewriting(const Rewriting&) = delete;
  Rewriting& operator=(const Rewriting&) = delete;

 private:
  Store& store_;
};

// Where a read is kept and counted: its unit; empty for a refused one.
const std::string& ShelfOf(const v1::AccessEntry& read);
// What a change that was set aside is to the records it names.
HistoryKind KindOf(const v1::QuarantinedChange& change);
// Whether a refused change was taken in since: then its row is there for its place in the graph.
bool IsTakenIn(const v1::QuarantinedChange& change);
// What its author is told of a refused change.
std::string FateInWords(const v1::QuarantinedChange& change);
// The row that says so of an object.
std::string SigningRowOf(const sync::StandingSignature& signature);
// What lists need of a record.
void FillFeedRow(const sync::WrittenRecord& written, stored::v1::FeedRow* row);

// Whether the server has of it, on purpose, its id alone, or besides that only where it has a
// place.
bool IsBare(const v1::QuarantinedChange& change);
// The records a set-aside change names, as far as it can be read.
std::vector<sync::RecordId> RecordsOf(const v1::QuarantinedChange& change);

}  // namespace sotay::server
