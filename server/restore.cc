#include "server/restore.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "server/backup_chain.h"
#include "server/backup_lives.h"
#include "server/blobs_backup.h"
#include "server/lineage.h"
#include "server/purge.h"
#include "server/replay.h"
#include "server/seal_rows.h"
#include "sync/durable/files.h"
#include "sync/durable/open.h"
#include "sync/seal/packed.h"
#include "sync/seal/random.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

constexpr size_t kEpochBytes = 16;
// Rows of one batch.
constexpr uint64_t kBatch = 1'000;
// A line of progress for so many entries or records.
constexpr uint64_t kTellEvery = 50'000;
// Files that are just being merged are gone a moment later.
constexpr int kSweepTries = 10;
constexpr absl::Duration kSweepPause = absl::Seconds(1);

std::string RandomEpoch() {
  std::string epoch(kEpochBytes, '\0');
  seal::RandomBytes(epoch.data(), epoch.size());
  return epoch;
}

class Restoring {
 public:
  Restoring(const RestorePlan& plan, const durable::StoreOptions& files)
      : plan_(plan), files_(files) {}

  absl::StatusOr<Restored> Run();

 private:
  void Tell(const std::string& line) const {
    if (plan_.told) plan_.told(line);
  }
  // Reads all of it, before anything is written.
  absl::StatusOr<BackupChain> Verify(const std::string& life) const;
  absl::Status CheckSigner(const BackupChain& chain) const;
  // Reads it again, and writes its rows.
  absl::Status Fill(const BackupChain& verified, Store* store) const;
  absl::Status WithholdClassified(Store* store) const;
  absl::Status BeginLife(const BackupChain& verified, Store* store, Restored* restored) const;
  absl::Status BringFiles(Restored* restored) const;

  const RestorePlan& plan_;
  const durable::StoreOptions& files_;
};

absl::StatusOr<BackupChain> Restoring::Verify(const std::string& life) const {
  BackupChain chain(life, plan_.log_keys, files_);
  SOTAY_RETURN_IF_ERROR(chain.TakeAll([this](const SegmentSummary& segment) {
    Tell(absl::StrCat(SegmentName(segment.number), " holds: ", segment.rows, " rows, ",
                      segment.bytes, " bytes"));
  }));
  SOTAY_RETURN_IF_ERROR(CheckSigner(chain));
  return chain;
}

// Whoever has a key that was replaced could have written such a chain, with any date.
absl::Status Restoring::CheckSigner(const BackupChain& chain) const {
  const seal::LogKeys& keys = plan_.log_keys;
  Tell(absl::StrCat("the newest segment is signed with log key ", chain.signer() + 1, " of ",
                    keys.keys().size()));
  if (chain.signer() == keys.handovers().size()) return absl::OkStatus();
  const v1::LogKeyHandover& handover = keys.handovers()[chain.signer()];
  const auto instant = [](int64_t ms) {
    return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixMillis(ms), absl::UTCTimeZone());
  };
  const int64_t taken_ms = chain.segments().back().taken_ms;
  if (taken_ms > handover.handed_ms()) {
    return absl::FailedPreconditionError(
        absl::StrCat(SegmentName(chain.segments().size()), " is of ", instant(taken_ms),
                     " and signed with log key ", chain.signer() + 1, ", which was replaced on ",
                     instant(handover.handed_ms()),
                     ": whoever has that key wrote it since; restore from another backup"));
  }
  if (plan_.by_earlier_key) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "the newest segment, of ", instant(taken_ms), ", is signed with log key ", chain.signer() + 1,
      ", which was replaced on ", instant(handover.handed_ms()), " (", handover.reason(),
      "): it is from before that, or whoever has that key wrote it.  If you know that the backup "
      "is "
      "yours, say --by-earlier-key"));
}

absl::Status Restoring::Fill(const BackupChain& verified, Store* store) const {
  const uint64_t newest = verified.segments().size();
  BackupChain chain(verified.directory(), plan_.log_keys, files_);
  Sheet sheet;
  uint64_t rows = 0;
  for (uint64_t number = 1; number <= newest; ++number) {
    SOTAY_RETURN_IF_ERROR(chain.TakeNext(
        [&](const KeyParts& parts, absl::string_view key, absl::string_view value) -> absl::Status {
          // Rows of small tables may have gone since.
          if (number != newest && IsSmall(parts.table)) return absl::OkStatus();
          store->Fill(&sheet, key, value);
          return ++rows % kBatch == 0 ? store->Write(&sheet) : absl::OkStatus();
        }));
  }
  if (chain.segments().back().hash != verified.segments().back().hash) {
    return absl::DataLossError(
        absl::StrCat("the backup in ", chain.directory(), " changed while it was read"));
  }
  Tell(absl::StrCat(rows, " rows written"));
  return store->Write(&sheet);
}

// A change that was held when its push was backed up, and proved to be CLASSIFIED when it was
// released: its push is in the segment as it came, and the newest small tables say what it is.
absl::Status Restoring::WithholdClassified(Store* store) const {
  SOTAY_ASSIGN_OR_RETURN(const Tables tables, store->LoadTables());
  Sheet sheet;
  std::vector<std::string> rows;
  absl::Status status;
  for (const stored::v1::DeviceRow& row : tables.devices) {
    const auto device = sync::DeviceId::From(row.device_id());
    if (!device.has_value()) continue;
    const auto look = [&](absl::string_view key, absl::string_view value) {
      stored::v1::SealRow seal;
      if (!status.ok() || !seal.ParseFromArray(value.data(), static_cast<int>(value.size())))
        return;
      const auto known = store->LoadKnown(*device, seal.first_sequence(), seal.last_sequence());
      auto batch = Unpacked(seal.changes());
      if (!known.ok() || !batch.ok()) {
        status = known.ok() ? batch.status() : known.status();
        return;
      }
      const auto dossier_of = [&](size_t place) -> absl::optional<std::string> {
        const auto at = known->find(seal.first_sequence() + place);
        if (at == known->end() || at->second.reason() != v1::REASON_CLASSIFIED) {
          return absl::nullopt;
        }
        v1::Change change;
        change.ParseFromString(batch->changes(static_cast<int>(place)));
        return change.dossier_id();
      };
      if (!Withhold(IdsIn(*batch), dossier_of, &*batch)) return;
      *seal.mutable_changes() = seal::Pack(batch->SerializeAsString());
      store->Fill(&sheet, key, seal.SerializeAsString());
      rows.emplace_back(key);
    };
    SOTAY_RETURN_IF_ERROR(store->VisitSeals(*device, look));
    SOTAY_RETURN_IF_ERROR(status);
  }
  if (rows.empty()) return absl::OkStatus();
  SOTAY_RETURN_IF_ERROR(store->Write(&sheet));
  return store->Sweep(std::move(rows));
}

absl::Status Restoring::BeginLife(const BackupChain& verified, Store* store,
                                  Restored* restored) const {
  SOTAY_ASSIGN_OR_RETURN(const Tables before, store->LoadTables());
  SOTAY_ASSIGN_OR_RETURN(const auto lives, store->LoadEnded());
  stored::v1::EndedEpoch& ended = restored->ended;
  Tables tables;
  tables.meta = before.meta;
  tables.meta->set_epoch(RandomEpoch());
  // Those that are newer than the backup are not done anew, and the key of its day is no more.
  tables.meta->set_log_key(plan_.log_keys.current().spki());
  tables.handovers = plan_.log_keys.handovers();
  ended.set_epoch(before.meta->epoch());
  ended.set_next_epoch(tables.meta->epoch());
  ended.set_restored_ms(plan_.now_ms);
  ended.set_segment(verified.segments().size());
  ended.set_taken_ms(verified.segments().back().taken_ms);
  for (const auto& [unit, head] : before.heads) {
    stored::v1::UnitEnd* const end = ended.add_units();
    end->set_unit_id(unit);
    end->set_size(head.position());
    SOTAY_ASSIGN_OR_RETURN(const seal::MerkleHash root, RootAt(store, unit, head.position()));
    end->set_root(std::string(root.begin(), root.end()));
  }
  restored->heads = before.heads;
  Sheet sheet;
  store->Fill(&sheet, tables);
  store->Fill(&sheet, EndedKey(lives.size() + 1), ended.SerializeAsString());
  return store->Write(&sheet);
}

// But of no dossier that proved to be secret.
absl::Status Restoring::BringFiles(Restored* restored) const {
  std::set<std::string> sealed;
  {
    SOTAY_ASSIGN_OR_RETURN(const auto store, Store::Open(plan_.part, files_, plan_.schema));
    SOTAY_ASSIGN_OR_RETURN(const Tables tables, store->LoadTables());
    for (const v1::DossierAct& act : tables.dossier_acts) {
      if (act.has_sealed()) sealed.insert(act.dossier_id());
    }
  }
  SOTAY_ASSIGN_OR_RETURN(RestoredFiles brought,
                         RestoreFiles(restored->life, plan_.blobs, sealed, files_));
  Tell(absl::StrCat(brought.files, " files of attachments, ", brought.bytes, " bytes"));
  restored->damaged_files = std::move(brought.damaged);
  return absl::OkStatus();
}

absl::StatusOr<Restored> Restoring::Run() {
  if (NamesIn(plan_.store, files_).ok()) {
    return absl::AlreadyExistsError(
        absl::StrCat("there is a store in ", plan_.store,
                     " already; it was not touched.  To restore in its place, move it away first"));
  }
  Restored restored;
  SOTAY_ASSIGN_OR_RETURN(restored.life, FindLife(plan_.backup, files_));
  Tell(absl::StrCat("reading the backup in ", restored.life));
  SOTAY_ASSIGN_OR_RETURN(const BackupChain chain, Verify(restored.life));
  SOTAY_RETURN_IF_ERROR(RemoveWithFiles(plan_.part, files_));
  {
    SOTAY_RETURN_IF_ERROR(MakeDirectory(plan_.part, files_));  // closed to others
    SOTAY_ASSIGN_OR_RETURN(const auto store, Store::Begin(plan_.part, files_, plan_.schema));
    SOTAY_RETURN_IF_ERROR(Fill(chain, store.get()));
    SOTAY_RETURN_IF_ERROR(
        MakeDerivedTables(store.get(), *plan_.schema, [this](const char* what, uint64_t done) {
          if (done % kTellEvery == 0) Tell(absl::StrCat(done, " ", what));
        }));
    // Segments from before an act have what it sealed.
    SOTAY_RETURN_IF_ERROR(WithholdClassified(store.get()));
    SOTAY_RETURN_IF_ERROR(FinishPurges(store.get(), /*restored=*/true));
    absl::Status swept = FinishSweeps(store.get());
    for (int left = kSweepTries; absl::IsUnavailable(swept) && left > 0; --left) {
      Tell("what proved to be secret is still in a file; trying again");
      absl::SleepFor(kSweepPause);
      swept = FinishSweeps(store.get());
    }
    SOTAY_RETURN_IF_ERROR(swept);
    SOTAY_RETURN_IF_ERROR(BeginLife(chain, store.get(), &restored));
  }
  {
    // Opened anew: what is checked is what is on disk.
    SOTAY_ASSIGN_OR_RETURN(const auto store, Store::Open(plan_.part, files_, plan_.schema));
    Tell("checking everything");
    SOTAY_ASSIGN_OR_RETURN(restored.report, CheckStore(store.get(), *plan_.schema));
  }
  if (restored.report.faults != 0) {
    return absl::DataLossError(absl::StrCat(
        "what was restored contradicts itself in ", restored.report.faults,
        " places, the first: ", restored.report.first_faults.front(), "; it lies in ", plan_.part));
  }
  // Whatever becomes of the files: the notes do not wait for them.
  if (!plan_.blobs.empty()) {
    const absl::Status brought = BringFiles(&restored);
    if (!brought.ok()) {
      restored.damaged_files.push_back(absl::StrCat("not every file: ", brought.message()));
    }
  }
  SOTAY_RETURN_IF_ERROR(Rename(plan_.part, plan_.store, files_));
  return restored;
}

}  // namespace

absl::StatusOr<Restored> Restore(const RestorePlan& plan, const durable::StoreOptions& files) {
  return Restoring(plan, files).Run();
}

}  // namespace sotay::server
