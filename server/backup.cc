#include "server/backup.h"

#include <map>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "server/event_log.h"
#include "server/store_files.h"
#include "sync/durable/open.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

// Some hundredths of a second.
constexpr size_t kRowsOfOneMoment = 10'000;

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

// Whether everything is there that was, and as far.
bool Covers(const std::map<std::string, uint64_t>& now,
            const std::map<std::string, uint64_t>& was) {
  for (const auto& [name, number] : was) {
    const auto found = now.find(name);
    if (found == now.end() || found->second < number) return false;
  }
  return true;
}

// Rows that are written once, which are the same at every moment: so each part may have its own.
absl::Status CopyInParts(Store* store, std::string from, const std::string& end,
                         SegmentWriter* writer) {
  while (!from.empty()) {
    std::string next;
    size_t rows = 0;
    absl::Status status;
    SOTAY_RETURN_IF_ERROR(
        store->TakeMoment()->Visit(from, end, [&](absl::string_view key, absl::string_view value) {
          if (++rows > kRowsOfOneMoment) {
            next = std::string(key);
            return false;
          }
          status = writer->Add(key, value);
          return status.ok();
        }));
    SOTAY_RETURN_IF_ERROR(status);
    from = std::move(next);
  }
  return absl::OkStatus();
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
  const auto called = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return stopping_; };
  for (;;) {
    RunAndTell();
    absl::MutexLock lock(&mutex_);
    if (mutex_.AwaitWithTimeout(absl::Condition(&called), absl::Seconds(options_.every_s))) return;
  }
}

void Backup::Stop() {
  if (!thread_.joinable()) return;
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
  thread_ = std::thread();
}

void Backup::Drain() {
  Stop();
  RunAndTell();
}

void Backup::RunAndTell() {
  const absl::Status status = RunOnce();
  if (!status.ok() && !failing_) {
    Say(Severity::kError, "backup_failed",
        {{"directory", options_.directory}, {"message", std::string(status.message())}});
  } else if (status.ok() && failing_) {
    Say(Severity::kInfo, "backup_works_again", {{"directory", options_.directory}});
  }
  failing_ = !status.ok();
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
  BackupChain chain(life, key_.verifying_key(), *files_);
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
  chain_ = std::move(chain);
  watermark_.Set(chain_->mark());
  return absl::OkStatus();
}

absl::Status Backup::RunOnce() {
  if (chain_.has_value()) {
    // Somebody may have exchanged the disk.
    const auto numbers = SegmentsIn(chain_->directory(), *files_);
    if (!numbers.ok() || numbers->size() != chain_->segments().size()) chain_.reset();
  }
  if (!chain_.has_value()) SOTAY_RETURN_IF_ERROR(ReadChain());
  std::unique_ptr<Moment> moment = store_.TakeMoment();
  SOTAY_ASSIGN_OR_RETURN(const stored::v1::BackupMark mark, MarkOf(*moment));
  const stored::v1::BackupMark& was = chain_->mark();
  if (!Covers(UnitsIn(mark), UnitsIn(was)) || !Covers(DevicesIn(mark), DevicesIn(was)) ||
      !Covers(ReadsIn(mark), ReadsIn(was))) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the store has less than its backup in ", chain_->directory(),
        ": it was set back by other means than sotayd restore; nothing is backed up until it is "
        "restored"));
  }
  if (!chain_->segments().empty() && mark.SerializeAsString() == was.SerializeAsString()) {
    return absl::OkStatus();
  }
  SOTAY_RETURN_IF_ERROR(WriteNext(std::move(moment), mark));
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
  Say(Severity::kInfo, "backup_written",
      {{"segment", written.number}, {"rows", written.rows}, {"bytes", written.bytes}});
  return absl::OkStatus();
}

absl::Status Backup::WriteNext(std::unique_ptr<Moment> moment, const stored::v1::BackupMark& mark) {
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
  SOTAY_ASSIGN_OR_RETURN(const auto writer,
                         SegmentWriter::Begin(chain_->directory(), header, *files_));
  absl::Status status;
  const auto add = [&](absl::string_view key, absl::string_view value) {
    status = writer->Add(key, value);
    return status.ok();
  };
  for (const Table table : kSmallTables) {
    SOTAY_RETURN_IF_ERROR(moment->Visit(TablePrefix(table), After(TablePrefix(table)), add));
    SOTAY_RETURN_IF_ERROR(status);
  }
  moment.reset();
  const auto copy = [&](const std::string& from, const std::string& end) {
    return CopyInParts(&store_, from, end, writer.get());
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
  return writer->Finish(key_).status();
}

}  // namespace sotay::server
