// The phone's LevelDB.  Third door of the phone's corridor: others load here, decide, and commit
// here, one synced batch per action, so that a change, its progress and its list row are all there
// after a crash or none of them is.  Keys are in keys.h; LevelDB's types stop at store*.cc.
//
// Values are sealed at rest, each to its key, and nobody else knows of it (store_seal.h); those of
// a store from before that has no room to go over stay in clear, and are read and written so.
//
// Every read fails with kDataLoss when what is stored cannot be read, with the durable store's
// status when the disk fails.  Any thread; a reader who needs several answers to agree holds the
// desk's lock (desk.h).
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
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "mobile-sdk/core/store_seal.h"
#include "sotay/notebook.h"
#include "sotay/stored/v1/notices.pb.h"
#include "sotay/stored/v1/phone.pb.h"
#include "sotay/stored/v1/phone_file.pb.h"
#include "sotay/stored/v1/restoration.pb.h"
#include "sotay/stored/v1/sealed_dossier.pb.h"
#include "sotay/stored/v1/written_at.pb.h"
#include "sotay/v1/change.pb.h"
#include "sotay/v1/log_key.pb.h"
#include "sotay/v1/sync_service.pb.h"
#include "sync/ids.h"

namespace sotay::durable {
class Store;
struct StoreOptions;
}  // namespace sotay::durable

namespace sotay::sdk {

// What became of an own change, as far as laying it on a record needs it.  On disk: never
// renumbered.
enum class Fate : char {
  kFine = 0,         // not answered yet, or applied
  kHeld = 1,         // set aside for now; shown all the same
  kQuarantined = 2,  // set aside; not shown
};

// That an own change edits a record.
struct Touch {
  uint64_t sequence = 0;
  Fate fate = Fate::kFine;
};

// Since when a device is revoked, where that cannot be read any more.
inline constexpr int64_t kRevokedNobodyKnowsWhen = 1;

// What one action changes, gathered in memory.
class StoreBatch {
 public:
  void PutMeta(const stored::v1::NotebookMeta& meta);
  void PutProgress(const stored::v1::Progress& progress);
  void PutDirectory(const v1::Directory& directory);
  void PutConsents(const v1::Consents& consents);
  void PutRowsSchema(absl::string_view fingerprint);
  void PutCursor(const v1::Cursor& cursor);
  void DropCursor(absl::string_view unit_id);
  void PutHead(const v1::LogHead& head);
  void PutDispute(const stored::v1::LogDispute& dispute);
  void PutRestoration(const stored::v1::Restoration& restoration);
  void PutHandover(const v1::LogKeyHandover& handover);
  // Since when, device clock, the server says that the device is revoked (lease.h).
  void PutRevoked(int64_t since_ms);
  void DropRevoked();
  // As patience.h writes it.
  void PutUnshown(std::string value);
  void DropUnshown();
  void PutOwnChange(uint64_t sequence, const stored::v1::OwnChange& own);
  void PutWrittenAt(uint64_t sequence, const stored::v1::WrittenAt& at);
  void PutClockContact(const stored::v1::ClockContact& contact);
  void PutRefused(uint64_t sequence);
  void DropRefused(uint64_t sequence);
  void PutTouch(const sync::RecordId& record, const Touch& touch);
  void DropTouch(const sync::RecordId& record, uint64_t sequence);
  void PutBase(const sync::RecordId& record, absl::string_view bytes);
  void DropBase(const sync::RecordId& record);
  void PutRow(const sync::RecordId& record, const stored::v1::ListRow& row);
  void DropRow(const sync::RecordId& record);
  // A signature that the server has not sent since it was restored.
  void PutEnded(const sync::RecordId& signature);
  void DropEnded(const sync::RecordId& record);
  void PutFetched(const sync::RecordId& record, uint64_t position, const v1::Packed& part);
  void DropFetched(const sync::RecordId& record, uint64_t position);
  void PutGone(const sync::RecordId& dossier, int64_t since_ms);
  void DropGone(const sync::RecordId& dossier);
  // What this drops is to be in no file any more (Store::Purge).
  void PutPurgeDue();
  void DropPurgeDue();
  void PutSealed(const sync::RecordId& dossier, const stored::v1::SealedDossier& sealed);
  void PutFile(const sync::RecordId& record, const stored::v1::PhoneFile& file);
  void DropFile(const sync::RecordId& record);
  void PutFileLimits(const stored::v1::FileLimits& limits);
  void PutNotice(const stored::v1::StepNotice& notice);
  void DropNotice(const stored::v1::StepNotice& notice);

 private:
  friend class Store;
  struct Write {
    std::string key;
    absl::optional<std::string> value;  // nothing: the key goes
  };
  void Put(std::string key, std::string value);
  void Drop(std::string key);

  std::vector<Write> writes_;
};

// Where the notebook's files live.
durable::StoreOptions FilesOf(const Surroundings& surroundings);

class Store {
 public:
  // Opens the store of the notebook in `dir`; with `create`, makes it when there is none.
  // A store in clear is sealed first, where it can be.  Fails as durable::Open: kNotFound,
  // kFailedPrecondition (open elsewhere), kDataLoss; and with kPermissionDenied when its key is not
  // here.
  static absl::StatusOr<std::unique_ptr<Store>> Open(const std::string& dir,
                                                     const Surroundings& surroundings, bool create);
  ~Store();

  // All of the batch or nothing; returning OK, it survives any crash.  After a failure the
  // store takes no more writes until it is opened again.
  absl::Status Commit(const StoreBatch& batch);

  // What was dropped or replaced so far is in no file any more.  Fails as durable::Store::Purge.
  absl::Status Purge();

  // Not OK: why not all of it is sealed.
  const absl::Status& sealing_waits() const { return sealing_.waits; }
  // Where its key is kept; empty: the keystore does not say.
  const std::string& key_place() const { return sealing_.key_place; }

  // Nothing before enrolment has ended.
  absl::StatusOr<absl::optional<stored::v1::NotebookMeta>> Meta() const;
  // Empty before the first change or exchange.
  absl::StatusOr<stored::v1::Progress> Progress() const;
  // Nothing before the first exchange.
  absl::StatusOr<absl::optional<v1::Directory>> Directory() const;
  // As last told; empty where that cannot be read: then it is told anew.
  absl::StatusOr<v1::Consents> Consents() const;
  // Empty when no rows were made yet.
  absl::StatusOr<std::string> RowsSchema() const;
  absl::StatusOr<std::vector<v1::Cursor>> Cursors() const;
  // By unit: the heads of their logs this device holds, and what did not go on from one.
  absl::StatusOr<std::map<std::string, v1::LogHead>> Heads() const;
  absl::StatusOr<std::map<std::string, stored::v1::LogDispute>> Disputes() const;
  // How their logs went on when the server was restored, oldest first.
  absl::StatusOr<std::vector<stored::v1::Restoration>> Restorations() const;
  // How the key of the logs was replaced since enrolment, in order.
  absl::StatusOr<std::vector<v1::LogKeyHandover>> Handovers() const;
  // 0: it does not say so.  A row that cannot be read still says that it is
  // (kRevokedNobodyKnowsWhen).
  absl::StatusOr<int64_t> RevokedMs() const;
  // For patience.h.
  absl::StatusOr<absl::optional<std::string>> Unshown() const;

  // kDataLoss when it is not there: sequences have no gaps.
  absl::StatusOr<stored::v1::OwnChange> OwnChange(uint64_t sequence) const;
  // From `first` on, in order, until `take` says false.
  absl::Status EachOwnChange(
      uint64_t first,
      const std::function<bool(uint64_t sequence, const stored::v1::OwnChange& own)>& take) const;
  // By which clock it was written; of one from before this was kept nothing.
  absl::StatusOr<absl::optional<stored::v1::WrittenAt>> WrittenAt(uint64_t sequence) const;
  // Empty before the first exchange.
  absl::StatusOr<stored::v1::ClockContact> ClockContact() const;
  // Sequences of the changes set aside, in order.
  absl::StatusOr<std::vector<uint64_t>> Refused() const;
  // Own changes to the record from `first` on, in order.
  absl::StatusOr<std::vector<Touch>> Touches(const sync::RecordId& record, uint64_t first) const;

  // The same of many records, in one pass; those without are left out.
  absl::StatusOr<std::map<sync::RecordId, std::vector<Touch>>> Touches(
      const std::set<sync::RecordId>& records) const;

  // The server's bytes; nothing when it has sent none.
  absl::StatusOr<absl::optional<std::string>> Base(const sync::RecordId& record) const;
  absl::StatusOr<absl::optional<stored::v1::ListRow>> Row(const sync::RecordId& record) const;
  // Rows of records whose id begins with `id_prefix`, in order of id, until `take` says false.
  absl::Status EachRow(absl::string_view id_prefix,
                       const std::function<bool(const sync::RecordId& record,
                                                const stored::v1::ListRow& row)>& take) const;
  // Whether it is a signature that the server has not sent since it was restored; and of many, in
  // one pass, those that are.
  absl::StatusOr<bool> IsEnded(const sync::RecordId& record) const;
  absl::StatusOr<std::set<sync::RecordId>> Ended(const std::set<sync::RecordId>& records) const;
  // Dossiers that are no longer the user's, and since when, server clock.
  absl::StatusOr<std::map<sync::RecordId, int64_t>> Gone() const;
  absl::StatusOr<bool> IsGone(const sync::RecordId& dossier) const;
  absl::StatusOr<bool> PurgeDue() const;
  // Dossiers that proved to be secret; nothing: it is none.
  absl::StatusOr<std::map<sync::RecordId, stored::v1::SealedDossier>> Sealed() const;
  absl::StatusOr<absl::optional<stored::v1::SealedDossier>> Sealed(
      const sync::RecordId& dossier) const;
  // Files of attachments that are here, and how they stand; nothing: it is not here.
  absl::StatusOr<std::map<sync::RecordId, stored::v1::PhoneFile>> Files() const;
  absl::StatusOr<absl::optional<stored::v1::PhoneFile>> File(const sync::RecordId& record) const;
  // Empty before the server was asked about a file.
  absl::StatusOr<stored::v1::FileLimits> FileLimits() const;
  // How steps of the user's met others', those already looked at as well.
  absl::StatusOr<std::vector<stored::v1::StepNotice>> Notices() const;
  // The parts of the record's history as last fetched, by position; one that is no Packed is empty.
  absl::StatusOr<std::map<uint64_t, v1::Packed>> Fetched(const sync::RecordId& record) const;

 private:
  using Take = std::function<absl::StatusOr<bool>(absl::string_view key, absl::string_view value)>;

  Store(std::unique_ptr<durable::Store> disk, Sealing sealing);
  absl::StatusOr<std::string> Opened(absl::string_view key, absl::string_view value) const;
  absl::StatusOr<absl::optional<std::string>> Get(absl::string_view key) const;
  // All of a kind, by what follows the kind's byte in the key: mostly a unit.
  template <typename Message>
  absl::StatusOr<std::map<std::string, Message>> ByUnit(const std::string& kind) const;
  // Keys that begin with `prefix`, from `from` on, until `take` says false.
  absl::Status Each(absl::string_view prefix, absl::string_view from, const Take& take) const;
  // The same of one prefix after the other, in their order.  Where nothing stands between two,
  // nothing is sought, so that a kind without rows costs one look, however many are asked for.
  absl::Status EachOf(const std::vector<std::string>& prefixes, const Take& take) const;

  const std::unique_ptr<durable::Store> disk_;
  const Sealing sealing_;
};

}  // namespace sotay::sdk
