#include "server/backup.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/blobs.h"
#include "server/blobs_backup.h"
#include "server/event_log.h"
#include "server/lineage.h"
#include "server/log_handover.h"
#include "sync/durable/files.h"
#include "sync/durable/open.h"
#include "sync/seal/merkle.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

// What is read at one moment is gathered, and written when that is over.
constexpr size_t kBytesOfOneMoment = size_t{4} << 20;

// Keys and values.
using Gathered = std::vector<std::pair<std::string, std::string>>;

std::map<std::string, uint64_t> UnitsIn(const stored::v1::BackupMark& mark) {
  std::map<std::string, uint64_t> units;
  for (const auto& unit : mark.units()) units[unit.unit_id()] = unit.position();
  return units;
}

std::map<std::string, uint64_t> DevicesIn(const stored::v1::BackupMark& mark) {
  std::map<std::string, uint64_t> devices;
  for (const auto& device : mark.devices()) devices[device.device_id()] = device.accepted_through();
  return devices;
}

std::map<std::string, uint64_t> ReadsIn(const stored::v1::BackupMark& mark) {
  std::map<std::string, uint64_t> units;
  for (const auto& reads : mark.reads()) units[reads.unit_id()] = reads.number();
  return units;
}

absl::Status StillLeaving() {
  return absl::UnavailableError(
      "what was sealed is still leaving the store; nothing is backed up until it has left");
}

absl::StatusOr<SealedThere> SealedAt(const Moment& moment) {
  SealedThere sealed;
  absl::Status status;
  for (const Table table : {Table::kDossierAct, Table::kSecret}) {
    SOTAY_RETURN_IF_ERROR(moment.Visit(TablePrefix(table), After(TablePrefix(table)),
                                       [&](absl::string_view key, absl::string_view value) {
                                         status = sealed.Take(table, key, value);
                                         return status.ok();
                                       }));
    SOTAY_RETURN_IF_ERROR(status);
  }
  return sealed;
}

// Whether everything is there that was, and as far.
bool Covers(const std::map<std::string, uint64_t>& now,
            const std::map<std::string, uint64_t>& was) {
  for (const auto& [name, number] : was) {
    const auto found = now.find(name);
    if (found == now.end() || found->second < number) return false;
  }
  return true;
}

}  // namespace

Backup::Backup(Store* store, Watermark* watermark, seal::SigningKey key, BackupOptions options,
               const durable::StoreOptions& files)
    : store_(*store),
      watermark_(*watermark),
      key_(std::move(key)),
      options_(std::move(options)),
      files_(std::make_unique<const durable::StoreOptions>(files)) {}

Backup::~Backup() { Stop(); }

void Backup::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Backup::Run() {
  for (;;) {
    RunAndTell();
    std::unique_lock<std::mutex> lock(mutex_);
    const auto called = [this] { return stopping_ || wanted_; };
    called_.wait_for(lock, std::chrono::seconds(options_.every_s), called);
    if (stopping_) return;
    wanted_ = false;
  }
}

void Backup::Hurry() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    wanted_ = true;
  }
  called_.notify_all();
}

void Backup::Stop() {
  if (!thread_.joinable()) return;
  hurried_ = true;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  called_.notify_all();
  thread_.join();
  thread_ = std::thread();
  hurried_ = false;
}

void Backup::Drain() {
  Stop();
  if (!gave_up_) RunAndTell();  // or it would take as long again
}

void Backup::RunAndTell() {
  const absl::Status status = RunOnce();
  gave_up_ = absl::IsCancelled(status);
  if (gave_up_) return;
  const std::string now(status.message());
  if (!status.ok() && now != failing_) {
    Say(Severity::kError, "backup_failed", {{"directory", options_.directory}, {"message", now}});
  } else if (status.ok() && !failing_.empty()) {
    Say(Severity::kInfo, "backup_works_again", {{"directory", options_.directory}});
  }
  failing_ = now;
}

absl::Status Backup::ReadChain() {
  const auto meta = [&]() -> absl::StatusOr<stored::v1::StoreMeta> {
    SOTAY_ASSIGN_OR_RETURN(const auto bytes, store_.Get(MetaKey()));
    stored::v1::StoreMeta read;
    if (!bytes.has_value() || !read.ParseFromString(*bytes)) {
      return absl::DataLossError("the store's meta row cannot be read");
    }
    return read;
  }();
  SOTAY_RETURN_IF_ERROR(meta.status());
  const std::string life =
      absl::StrCat(options_.directory, "/", absl::BytesToHexString(meta->epoch()));
  SOTAY_RETURN_IF_ERROR(MakeDirectory(life, *files_));
  SOTAY_ASSIGN_OR_RETURN(const seal::LogKeys keys, LogKeysIn(&store_));
  BackupChain chain(life, keys, *files_);
  const absl::Status taken = chain.TakeAll();
  if (absl::IsDataLoss(taken)) {
    Say(Severity::kError, "backup_damaged",
        {{"directory", life},
         {"good_segments", chain.segments().size()},
         {"message", std::string(taken.message())}});
    SOTAY_ASSIGN_OR_RETURN(const auto numbers, SegmentsIn(life, *files_));
    for (const uint64_t number : numbers) {
      if (number <= chain.segments().size()) continue;
      SOTAY_RETURN_IF_ERROR(MoveAside(absl::StrCat(life, "/", SegmentName(number)), *files_));
    }
  } else if (!taken.ok() && !absl::IsNotFound(taken)) {
    return taken;
  }
  left_.clear();
  files_tidy_ = false;
  copied_.clear();
  if (!chain.segments().empty()) {
    SOTAY_ASSIGN_OR_RETURN(SealedThere first, SealedInFirst(life, *files_));
    left_ = std::move(first.left);
  }
  chain_ = std::move(chain);
  watermark_.Set(chain_->mark());
  return absl::OkStatus();
}

bool Backup::ChainStands() const {
  const auto numbers = SegmentsIn(chain_->directory(), *files_);
  if (!numbers.ok() || numbers->size() != chain_->segments().size()) return false;
  if (numbers->empty()) return true;
  const auto hash = HashOnDisk(chain_->directory(), numbers->back(), *files_);
  return hash.ok() && *hash == chain_->segments().back().hash;
}

absl::Status Backup::CheckGoesOn(const stored::v1::BackupMark& mark) {
  const stored::v1::BackupMark& was = chain_->mark();
  bool goes_on = Covers(UnitsIn(mark), UnitsIn(was)) && Covers(DevicesIn(mark), DevicesIn(was)) &&
                 Covers(ReadsIn(mark), ReadsIn(was));
  // A store that was set back may have grown again to as many, of another kind.
  for (const stored::v1::UnitMark& unit : was.units()) {
    if (!goes_on || unit.position() == 0) continue;
    const auto edge = seal::MerkleEdge::From(unit.position(), unit.tree());
    SOTAY_ASSIGN_OR_RETURN(const auto root, RootAt(&store_, unit.unit_id(), unit.position()));
    goes_on = edge.has_value() && edge->Root() == root;
  }
  if (goes_on) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "the store has not all that its backup in ", chain_->directory(),
      " has: it was set back by other means than sotayd restore; nothing is backed up until it is "
      "restored"));
}

absl::Status Backup::LeaveWhatIsSecret(const SealedThere& now) {
  const v1::DossierAct* first = nullptr;  // of those the chain began without
  for (const v1::DossierAct& act : now.acts) {
    if (now.left.count(act.dossier_id()) == 0) return StillLeaving();
    if (first == nullptr && left_.count(act.dossier_id()) == 0) first = &act;
  }
  if (chain_->segments().empty() || first == nullptr) return absl::OkStatus();
  const std::string name =
      absl::StrCat(chain_->directory(), kBefore, first->unit_id(), "-", first->number());
  std::string aside = name;
  for (int i = 2; NamesIn(aside, *files_).ok(); ++i) aside = absl::StrCat(name, "-", i);
  SOTAY_RETURN_IF_ERROR(Rename(chain_->directory(), aside, *files_));
  Say(Severity::kWarning, "backup_before_sealing", {{"directory", aside}});
  chain_.reset();
  return ReadChain();
}

absl::Status Backup::TidyFiles(const SealedThere& now) {
  std::set<std::string> sealed;
  for (const v1::DossierAct& act : now.acts) sealed.insert(act.dossier_id());
  // Of every one, every time: a copy may have been under way when it was sealed.
  SOTAY_RETURN_IF_ERROR(DropFiles(chain_->directory(), sealed, *files_));
  if (files_tidy_) return absl::OkStatus();
  SOTAY_ASSIGN_OR_RETURN(const auto names, NamesIn(options_.directory, *files_));
  for (const std::string& name : names) {
    const std::string aside = absl::StrCat(options_.directory, "/", name);
    if (!absl::StartsWith(aside, absl::StrCat(chain_->directory(), kBefore))) continue;
    SOTAY_RETURN_IF_ERROR(TakeFilesOver(aside, chain_->directory(), sealed, *files_));
  }
  files_tidy_ = true;
  return absl::OkStatus();
}

absl::Status Backup::RunOnce() {
  // Somebody may have exchanged the disk.
  if (chain_.has_value() && !ChainStands()) chain_.reset();
  if (!chain_.has_value()) {
    const absl::Status read = ReadChain();
    if (!read.ok()) {
      watermark_.Set(stored::v1::BackupMark());  // there is none that anybody could read
      return read;
    }
  }
  const uint64_t rewrites = store_.rewrites();
  std::unique_ptr<Moment> moment = store_.TakeMoment();
  SOTAY_ASSIGN_OR_RETURN(SealedThere sealed, SealedAt(*moment));
  SOTAY_RETURN_IF_ERROR(LeaveWhatIsSecret(sealed));
  SOTAY_RETURN_IF_ERROR(TidyFiles(sealed));
  SOTAY_ASSIGN_OR_RETURN(const stored::v1::BackupMark mark, MarkOf(*moment));
  const stored::v1::BackupMark& was = chain_->mark();
  // After the notes: whatever becomes of the files, these are in it.
  const auto copy_files = [this] {
    Blobs* const blobs = store_.blobs();
    if (blobs == nullptr) return absl::OkStatus();
    const auto hurried = [this] { return hurried_.load(); };
    return BackUpFiles(blobs, chain_->directory(), *files_, hurried, &copied_);
  };
  if (!chain_->segments().empty() && mark.SerializeAsString() == was.SerializeAsString()) {
    return copy_files();
  }
  SOTAY_RETURN_IF_ERROR(CheckGoesOn(mark));
  SOTAY_RETURN_IF_ERROR(WriteNext(std::move(moment), mark, rewrites));
  absl::Status held = chain_->TakeNext();
  if (absl::IsDataLoss(held)) {
    // What was written is not what is there: not a segment of this chain.
    const std::string path =
        absl::StrCat(chain_->directory(), "/", SegmentName(chain_->segments().size() + 1));
    SOTAY_RETURN_IF_ERROR(MoveAside(path, *files_));
  }
  if (!held.ok()) return held;
  watermark_.Set(chain_->mark());
  const SegmentSummary& written = chain_->segments().back();
  if (written.number == 1) left_ = std::move(sealed.left);
  Say(Severity::kInfo, "backup_written",
      {{"segment", written.number}, {"rows", written.rows}, {"bytes", written.bytes}});
  return copy_files();
}

// Rows that are written once, which are the same at every moment: so each part may have its own.
absl::Status Backup::CopyInParts(std::string from, const std::string& end, SegmentWriter* writer) {
  while (!from.empty()) {
    if (hurried_) return absl::CancelledError("the server stops");
    std::string next;
    Gathered rows;
    size_t bytes = 0;
    SOTAY_RETURN_IF_ERROR(
        store_.TakeMoment()->Visit(from, end, [&](absl::string_view key, absl::string_view value) {
          if (bytes >= kBytesOfOneMoment) {
            next = std::string(key);
            return false;
          }
          rows.emplace_back(key, value);
          bytes += key.size() + value.size();
          return true;
        }));
    for (const auto& [key, value] : rows) SOTAY_RETURN_IF_ERROR(writer->Add(key, value));
    from = std::move(next);
  }
  return absl::OkStatus();
}

absl::Status Backup::WriteNext(std::unique_ptr<Moment> moment, const stored::v1::BackupMark& mark,
                               uint64_t rewrites) {
  stored::v1::StoreMeta meta;
  SOTAY_RETURN_IF_ERROR(
      moment->Visit(MetaKey(), After(MetaKey()), [&](absl::string_view, absl::string_view value) {
        meta.ParseFromArray(value.data(), static_cast<int>(value.size()));
        return false;
      }));
  stored::v1::SegmentHeader header;
  header.set_format(kSegmentFormat);
  header.set_store_format(meta.format());
  header.set_organisation_id(meta.organisation_id());
  header.set_epoch(meta.epoch());
  header.set_number(chain_->segments().size() + 1);
  if (!chain_->segments().empty()) header.set_previous(chain_->segments().back().hash);
  header.set_taken_ms(options_.now_ms());
  *header.mutable_from() = chain_->mark();
  *header.mutable_to() = mark;
  Gathered tables;
  for (const Table table : kSmallTables) {
    SOTAY_RETURN_IF_ERROR(moment->Visit(TablePrefix(table), After(TablePrefix(table)),
                                        [&](absl::string_view key, absl::string_view value) {
                                          tables.emplace_back(key, value);
                                          return true;
                                        }));
  }
  moment.reset();
  SOTAY_ASSIGN_OR_RETURN(const auto writer,
                         SegmentWriter::Begin(chain_->directory(), header, *files_));
  for (const auto& [key, value] : tables) SOTAY_RETURN_IF_ERROR(writer->Add(key, value));
  const auto copy = [&](const std::string& from, const std::string& end) {
    return CopyInParts(from, end, writer.get());
  };
  // Where each goes on.
  const auto next = [](const std::map<std::string, uint64_t>& was, const std::string& name) {
    const auto known = was.find(name);
    return known == was.end() ? uint64_t{1} : known->second + 1;
  };
  const auto units = UnitsIn(chain_->mark());
  for (const auto& [unit, position] : UnitsIn(mark)) {
    const uint64_t from = next(units, unit);
    SOTAY_RETURN_IF_ERROR(copy(LogKey(unit, from), LogKey(unit, position + 1)));
    SOTAY_RETURN_IF_ERROR(copy(NodeKey(unit, from, 0), NodeKey(unit, position + 1, 0)));
  }
  const auto devices = DevicesIn(chain_->mark());
  for (const auto& [id, through] : DevicesIn(mark)) {
    const auto device = sync::DeviceId::From(id);
    if (!device.has_value()) return absl::DataLossError("a device row names no device");
    const uint64_t from = next(devices, id);
    SOTAY_RETURN_IF_ERROR(copy(SealKey(*device, from), SealKey(*device, through + 1)));
  }
  const auto reads = ReadsIn(chain_->mark());
  for (const auto& [unit, number] : ReadsIn(mark)) {
    SOTAY_RETURN_IF_ERROR(copy(ReadKey(unit, next(reads, unit)), ReadKey(unit, number + 1)));
  }
  // What was copied before and after is not of one store.
  if (rewrites % 2 != 0 || store_.rewrites() != rewrites) {
    SOTAY_RETURN_IF_ERROR(writer->GiveUp());
    return StillLeaving();
  }
  return writer->Finish(key_).status();
}

}  // namespace sotay::server
