#include "server/backup_chain.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/log_run.h"
#include "sync/durable/open.h"
#include "sync/seal/merkle.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

void AddRow(absl::string_view key, absl::string_view value, seal::Hasher* hasher) {
  std::string front;
  PutNumber(&front, key.size());
  PutNumber(&front, value.size());
  hasher->Add(front);
  hasher->Add(key);
  hasher->Add(value);
}

std::string HashIn(seal::Hasher* hasher) {
  const auto hash = hasher->Finish();
  return std::string(hash.begin(), hash.end());
}

template <typename Message>
bool Parse(absl::string_view value, Message* message) {
  return message->ParseFromArray(value.data(), static_cast<int>(value.size()));
}

// A segment's rows on their way through: held against the marks at its two ends.
class SegmentCheck {
 public:
  SegmentCheck(const stored::v1::SegmentHeader& header, std::string name);

  absl::Status Look(const KeyParts& parts, absl::string_view key, absl::string_view value);
  absl::Status End();

 private:
  absl::Status Fault(absl::string_view what) const {
    return absl::DataLossError(absl::StrCat(name_, ": ", what));
  }
  absl::Status LookAtMeta(absl::string_view value);
  absl::Status LookAtLog(const KeyParts& parts, absl::string_view value);
  absl::Status LookAtSeal(const KeyParts& parts, absl::string_view value);
  absl::Status LookAtRead(const KeyParts& parts);

  const stored::v1::SegmentHeader& header_;
  const std::string name_;
  std::map<std::string, seal::MerkleEdge> logs_;  // unit → grown so far
  std::map<std::string, uint64_t> sealed_;        // device → up to where
  std::map<std::string, uint64_t> reads_;         // unit → the last one
  seal::Hasher tables_;
  bool meta_ = false;
};

SegmentCheck::SegmentCheck(const stored::v1::SegmentHeader& header, std::string name)
    : header_(header), name_(std::move(name)) {
  for (const stored::v1::UnitMark& unit : header.from().units()) {
    const auto edge = seal::MerkleEdge::From(unit.position(), unit.tree());
    // Grown from the wrong edge, it will not end where it should.
    if (edge.has_value()) logs_[unit.unit_id()] = *edge;
  }
  for (const stored::v1::DeviceMark& device : header.from().devices()) {
    sealed_[device.device_id()] = device.accepted_through();
  }
  for (const stored::v1::ReadsMark& reads : header.from().reads()) {
    reads_[reads.unit_id()] = reads.number();
  }
}

absl::Status SegmentCheck::LookAtMeta(absl::string_view value) {
  stored::v1::StoreMeta meta;
  meta_ = Parse(value, &meta) && meta.organisation_id() == header_.organisation_id() &&
          meta.epoch() == header_.epoch() && meta.format() == header_.store_format();
  return meta_ ? absl::OkStatus() : Fault("its meta row is of another store");
}

absl::Status SegmentCheck::LookAtLog(const KeyParts& parts, absl::string_view value) {
  seal::MerkleEdge& log = logs_[parts.name];
  const absl::optional<LogRun> run = LogRun::Read(parts, value);
  if (!run.has_value()) return Fault("has a run of the log that cannot be read");
  if (run->first() != log.size() + 1) {
    return Fault(absl::StrCat("has position ", run->first(), " of the log of ", parts.name,
                              " where ", log.size() + 1, " should be"));
  }
  for (uint64_t position = run->first(); position <= run->last(); ++position) {
    log.Append(seal::LeafOf(run->ChangeIdAt(position), run->AdmissionAt(position)));
  }
  return absl::OkStatus();
}

absl::Status SegmentCheck::LookAtSeal(const KeyParts& parts, absl::string_view value) {
  stored::v1::SealRow row;
  uint64_t& sealed = sealed_[parts.id];
  if (!Parse(value, &row) || row.last_sequence() != parts.number ||
      row.first_sequence() > sealed + 1 || row.last_sequence() <= sealed) {
    return Fault(absl::StrCat("a device's pushes do not go on from change ", sealed));
  }
  sealed = row.last_sequence();
  return absl::OkStatus();
}

absl::Status SegmentCheck::LookAtRead(const KeyParts& parts) {
  uint64_t& last = reads_[parts.name];
  if (parts.number != last + 1) {
    return Fault(absl::StrCat("has read ", parts.number, " where ", last + 1, " should be"));
  }
  last = parts.number;
  return absl::OkStatus();
}

absl::Status SegmentCheck::Look(const KeyParts& parts, absl::string_view key,
                                absl::string_view value) {
  if (IsSmall(parts.table)) {
    if (parts.table != Table::kContact) AddRow(key, value, &tables_);
    return parts.table == Table::kMeta ? LookAtMeta(value) : absl::OkStatus();
  }
  switch (parts.table) {
    case Table::kLog:
      return LookAtLog(parts, value);
    case Table::kSeal:
      return LookAtSeal(parts, value);
    case Table::kRead:
      return LookAtRead(parts);
    case Table::kNode:
      return absl::OkStatus();  // with the log, by sotayd check
    default:
      return Fault(absl::StrCat("has ", RowsIn(parts.table), ", which no backup has"));
  }
}

absl::Status SegmentCheck::End() {
  if (!meta_) return Fault("has no meta row");
  if (HashIn(&tables_) != header_.to().tables()) return Fault("has other tables than it says");
  for (const stored::v1::UnitMark& unit : header_.to().units()) {
    const seal::MerkleEdge& log = logs_[unit.unit_id()];
    if (log.size() != unit.position() || log.Bytes() != unit.tree()) {
      return Fault(absl::StrCat("the log of ", unit.unit_id(), " does not grow to what it says"));
    }
  }
  for (const stored::v1::DeviceMark& device : header_.to().devices()) {
    if (sealed_[device.device_id()] != device.accepted_through()) {
      return Fault("a device's pushes end elsewhere than it says");
    }
  }
  for (const stored::v1::ReadsMark& reads : header_.to().reads()) {
    if (reads_[reads.unit_id()] != reads.number()) {
      return Fault("its reads end elsewhere than it says");
    }
  }
  return absl::OkStatus();
}

}  // namespace

bool IsSmall(Table table) {
  return std::find(std::begin(kSmallTables), std::end(kSmallTables), table) !=
         std::end(kSmallTables);
}

absl::StatusOr<stored::v1::BackupMark> MarkOf(const Moment& moment) {
  stored::v1::BackupMark mark;
  seal::Hasher tables;
  absl::Status status;
  const auto take = [&](absl::string_view key, absl::string_view value) {
    const absl::optional<KeyParts> parts = ParseKey(key);
    stored::v1::UnitHead head;
    stored::v1::DeviceRow device;
    bool good = parts.has_value();
    if (good && parts->table == Table::kContact) return true;
    AddRow(key, value, &tables);
    if (good && parts->table == Table::kHead) {
      good = Parse(value, &head);
      stored::v1::UnitMark* const unit = mark.add_units();
      unit->set_unit_id(parts->name);
      unit->set_position(head.position());
      unit->set_tree(head.tree());
    } else if (good && parts->table == Table::kDevice) {
      good = Parse(value, &device);
      stored::v1::DeviceMark* const row = mark.add_devices();
      row->set_device_id(parts->id);
      row->set_accepted_through(device.accepted_through());
    } else if (good && parts->table == Table::kReads) {
      absl::string_view rest = value;
      const absl::optional<uint64_t> last = TakeNumber(&rest);
      good = last.has_value();
      stored::v1::ReadsMark* const reads = mark.add_reads();
      reads->set_unit_id(parts->name);
      reads->set_number(last.value_or(0));
    } else if (good && parts->table == Table::kArrivals) {
      absl::string_view rest = value;
      mark.set_arrivals(TakeNumber(&rest).value_or(0));
    }
    if (!good) {
      status = absl::DataLossError(absl::StrCat(DescribeKey(key), " cannot be read"));
    }
    return good;
  };
  for (const Table table : kSmallTables) {
    const std::string prefix = TablePrefix(table);
    SOTAY_RETURN_IF_ERROR(moment.Visit(prefix, After(prefix), take));
    SOTAY_RETURN_IF_ERROR(status);
  }
  mark.set_tables(HashIn(&tables));
  return mark;
}

BackupChain::BackupChain(std::string directory, seal::LogKeys keys,
                         const durable::StoreOptions& files)
    : directory_(std::move(directory)),
      keys_(std::move(keys)),
      files_(std::make_unique<durable::StoreOptions>(files)) {}
BackupChain::~BackupChain() = default;
BackupChain::BackupChain(BackupChain&&) noexcept = default;
BackupChain& BackupChain::operator=(BackupChain&&) noexcept = default;

absl::Status BackupChain::TakeNext(const RowVisit& visit) {
  const uint64_t number = segments_.size() + 1;
  const std::string name = absl::StrCat(directory_, "/", SegmentName(number));
  const auto fault = [&name](absl::string_view what) {
    return absl::DataLossError(absl::StrCat(name, " ", what));
  };
  SOTAY_ASSIGN_OR_RETURN(const auto reader,
                         SegmentReader::Open(directory_, number, keys_, *files_));
  const stored::v1::SegmentHeader& header = reader->header();
  const bool first = segments_.empty();
  if (header.previous() != (first ? std::string() : segments_.back().hash)) {
    return fault("does not go on from the segment before it");
  }
  if (!first && (header.organisation_id() != organisation_id_ || header.epoch() != epoch_)) {
    return fault("is of another store");
  }
  if (header.from().SerializeAsString() != mark_.SerializeAsString()) {
    return fault("begins elsewhere than the segment before it ends");
  }
  SegmentCheck check(header, name);
  for (;;) {
    absl::string_view key, value;
    SOTAY_ASSIGN_OR_RETURN(const bool more, reader->Next(&key, &value));
    if (!more) break;
    const absl::optional<KeyParts> parts = ParseKey(key);
    if (!parts.has_value()) return fault(absl::StrCat("has a row of ", DescribeKey(key)));
    SOTAY_RETURN_IF_ERROR(check.Look(*parts, key, value));
    if (visit) SOTAY_RETURN_IF_ERROR(visit(*parts, key, value));
  }
  SOTAY_RETURN_IF_ERROR(check.End());
  if (reader->signer() < signer_) {
    return fault("is signed with a log key that had been replaced before");
  }
  signer_ = reader->signer();
  organisation_id_ = header.organisation_id();
  epoch_ = header.epoch();
  mark_ = header.to();
  segments_.push_back(reader->summary());
  return absl::OkStatus();
}

absl::Status BackupChain::TakeAll(const std::function<void(const SegmentSummary&)>& told) {
  SOTAY_ASSIGN_OR_RETURN(const std::vector<uint64_t> numbers, SegmentsIn(directory_, *files_));
  if (numbers.empty()) {
    return absl::NotFoundError(absl::StrCat("there is no segment in ", directory_));
  }
  for (const uint64_t number : numbers) {
    if (number <= segments_.size()) continue;
    if (number != segments_.size() + 1) {
      return absl::DataLossError(absl::StrCat(directory_, "/", SegmentName(segments_.size() + 1),
                                              " is missing; ", SegmentName(number), " is there"));
    }
    SOTAY_RETURN_IF_ERROR(TakeNext());
    if (told) told(segments_.back());
  }
  return absl::OkStatus();
}

}  // namespace sotay::server
