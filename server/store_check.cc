#include "server/store_check.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/aside_check.h"
#include "server/assignments_check.h"
#include "server/authorities.h"
#include "server/device_roll.h"
#include "server/feed_check.h"
#include "server/lineage.h"
#include "server/log_handover.h"
#include "server/numbers_check.h"
#include "server/places_check.h"
#include "server/posts_check.h"
#include "server/reads_check.h"
#include "server/seal_rows.h"
#include "server/secrets_check.h"
#include "server/signatures_check.h"
#include "sotay/v1/record.pb.h"
#include "sync/seal/digest.h"
#include "sync/seal/key.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

constexpr size_t kFaultsNamed = 100;
// Changes of a device that are looked at together.
constexpr uint64_t kSequencesRead = 1'000;

class Checker {
 public:
  Checker(Store* store, const sync::Schema& schema, Tables tables);
  absl::StatusOr<StoreReport> Run();

 private:
  void Fault(absl::string_view key, absl::string_view what);
  void Look(absl::string_view key, absl::string_view value);
  bool Has(const std::string& key);
  // Whether a record's history has the admitted change at that position.
  bool InHistory(const sync::RecordId& record, uint64_t position);
  template <typename Message>
  absl::optional<Message> Read(absl::string_view key, absl::string_view value);

  void LookAtLog(absl::string_view key, const KeyParts& parts, absl::string_view value);
  void LookAtEntry(const LogRun& run, uint64_t position);
  void LookAtRecord(absl::string_view key, const KeyParts& parts);
  void LookAtHistory(absl::string_view key, const KeyParts& parts, absl::string_view value);
  void LookAtHeads();
  void LookAtDevice(const stored::v1::DeviceRow& row);
  // The change a device made under that number, as far as it can be read.
  absl::optional<v1::Change> ChangeOf(const sync::DeviceId& device, uint64_t sequence,
                                      const stored::v1::SequenceRow& row);

  Store& store_;
  const sync::Schema& schema_;
  const Tables tables_;
  StoreReport report_;
  std::map<std::string, uint64_t> positions_;  // unit → newest of its log
  std::map<std::string, seal::MerkleEdge> trees_;
  std::map<std::string, uint64_t> nodes_;    // unit → how many its log makes
  std::map<std::string, uint64_t> kept_;     // unit → how many there are
  std::map<std::string, uint64_t> records_;  // unit → how many
  std::map<std::string, uint64_t> placed_;   // unit → how many entries devices' sequences name
  ReadsCheck reads_{[this](absl::string_view key, absl::string_view what) { Fault(key, what); }};
  NumbersCheck numbers_{
      [this](absl::string_view key, absl::string_view what) { Fault(key, what); }};
  PlacesCheck places_{tables_, [this](auto key, auto what) { Fault(key, what); }};
  PostsCheck posts_{[this](absl::string_view key, absl::string_view what) { Fault(key, what); }};
  AssignmentsCheck assignments_{schema_, &store_,
                                [this](auto key, auto what) { Fault(key, what); }};
  FeedCheck feed_;
  SignaturesCheck signatures_;
  SecretsCheck secrets_;
  AsideCheck aside_{&store_, &secrets_, [this](auto key, auto what) { Fault(key, what); }};
};

Checker::Checker(Store* store, const sync::Schema& schema, Tables tables)
    : store_(*store),
      schema_(schema),
      tables_(std::move(tables)),
      feed_(store, &schema,
            [this](absl::string_view key, absl::string_view what) { Fault(key, what); }),
      signatures_(store, &schema,
                  [this](absl::string_view key, absl::string_view what) { Fault(key, what); }),
      secrets_(store, tables_,
               [this](absl::string_view key, absl::string_view what) { Fault(key, what); }) {}

void Checker::Fault(absl::string_view key, absl::string_view what) {
  if (++report_.faults > kFaultsNamed) return;
  report_.first_faults.push_back(absl::StrCat(DescribeKey(key), ": ", what));
}

bool Checker::Has(const std::string& key) {
  const auto value = store_.Get(key);
  return value.ok() && value->has_value();
}

template <typename Message>
absl::optional<Message> Checker::Read(absl::string_view key, absl::string_view value) {
  Message message;
  if (message.ParseFromArray(value.data(), static_cast<int>(value.size()))) return message;
  Fault(key, "cannot be read");
  return absl::nullopt;
}

bool Checker::InHistory(const sync::RecordId& record, uint64_t position) {
  if (Has(AdmittedKey(record, position))) return true;
  const auto newest = store_.LoadRecord(record);
  return newest.ok() && newest->has_value() && (*newest)->position == position;
}

void Checker::LookAtLog(absl::string_view key, const KeyParts& parts, absl::string_view value) {
  uint64_t& last = positions_[parts.name];
  const absl::optional<LogRun> run = LogRun::Read(parts, value);
  if (!run.has_value()) {
    last = std::max(last, parts.number);
    return Fault(key, "cannot be read");
  }
  if (run->first() != last + 1) {
    Fault(key, absl::StrCat("begins at position ", run->first(), ", expected ", last + 1));
  }
  for (uint64_t at = std::max(run->first(), last + 1); at <= run->last(); ++at) {
    LookAtEntry(*run, at);
  }
  last = run->last();
}

void Checker::LookAtEntry(const LogRun& run, uint64_t position) {
  const std::string& unit = run.unit();
  const std::string key = LogKey(unit, position);
  const sync::ChangeId id = run.ChangeIdAt(position);
  std::vector<seal::MerkleNode> grown;
  trees_[unit].Append(seal::LeafOf(id, run.AdmissionAt(position)), &grown);
  for (const seal::MerkleNode& node : grown) {
    ++nodes_[unit];
    const auto kept = store_.LoadNode(unit, node.end, node.level);
    if (!kept.ok() || *kept != node.hash) {
      Fault(NodeKey(unit, node.end, node.level), "is not what its log makes it");
    }
  }
  const auto entry = store_.LoadStoredEntry(unit, position);
  if (!entry.ok()) return Fault(key, entry.status().message());
  v1::Admission admission;
  if (!admission.ParseFromString(entry->admission))
    return Fault(key, "its admission cannot be read");
  if (admission.position() != position) Fault(key, "holds another position");
  if (!places_.IsOf(entry->device, admission.user_id())) {
    Fault(key, "was noted under another user than its device's");
  }
  numbers_.LookAtEntry(key, unit, admission);
  if (entry->change.empty()) return secrets_.LookAtEntry(key, *entry);
  if (seal::HashChange(entry->change) != id) {
    Fault(key, "its bytes are not the ones its id names");
  }
  v1::Change change;
  if (!change.ParseFromString(entry->change)) return Fault(key, "its change cannot be read");
  signatures_.LookAtEntry(key, unit, change, admission);
  assignments_.LookAtEntry(change, admission);
  for (const v1::RecordEdit& edit : change.edits()) {
    const auto record = sync::RecordId::From(edit.record_id());
    if (!record.has_value() || !InHistory(*record, position)) {
      Fault(key, "a record's history lacks it");
    }
  }
}

void Checker::LookAtRecord(absl::string_view key, const KeyParts& parts) {
  const auto stored = store_.LoadRecord(*sync::RecordId::From(parts.id));
  if (!stored.ok()) return Fault(key, stored.status().message());
  if (!stored->has_value()) return Fault(key, "is missing");
  const uint64_t position = (*stored)->position;
  const std::string& value = (*stored)->bytes;
  const auto record = Read<v1::Record>(key, value);
  if (!record.has_value()) return;
  ++records_[record->unit_id()];
  const auto id = *sync::RecordId::From(parts.id);
  if (record->record_id() != parts.id) Fault(key, "holds another record");
  if (record->unit_id() != (*stored)->unit) Fault(key, "its record is of another unit");
  const auto place = store_.LoadFeedRow(record->unit_id(), {position, id});
  if (!place.ok() || !place->has_value()) Fault(key, "the feed lacks it");
  const auto merged = sync::MergedRecord::FromProto(schema_, *record);
  auto history = store_.LoadHistory(*record);
  if (!merged.ok() || !history.ok()) {
    return Fault(key, merged.ok() ? history.status().message() : merged.status().message());
  }
  if (history->At(merged->seen()).Serialize() != value) {
    Fault(key, "is not what its history merges to");
  }
}

void Checker::LookAtHistory(absl::string_view key, const KeyParts& parts, absl::string_view value) {
  if (parts.kind != HistoryKind::kAdmitted) {
    return aside_.LookAtHistory(key, parts, value);
  }
  if (!value.empty()) Fault(key, "has a value, which none has that was applied");
  const auto stored = store_.LoadRecord(*sync::RecordId::From(parts.id));
  v1::Record record;
  if (!stored.ok() || !stored->has_value() || !record.ParseFromString((*stored)->bytes) ||
      !store_.LoadRun(record.unit_id(), parts.number).ok()) {
    Fault(key, "its record or its log entry is missing");
  }
}

void Checker::Look(absl::string_view key, absl::string_view value) {
  const absl::optional<KeyParts> parts = ParseKey(key);
  if (!parts.has_value()) {
    ++report_.rows["unknown"];
    return Fault(key, "is none of ours");
  }
  ++report_.rows[RowsIn(parts->table)];
  places_.LookAt(key, *parts, value);
  switch (parts->table) {
    case Table::kLog:
      return LookAtLog(key, *parts, value);
    case Table::kNode:
      ++kept_[parts->name];
      return;
    case Table::kRecord:
      return LookAtRecord(key, *parts);
    case Table::kBirths:
      return feed_.LookAtBirths(key, *parts, value);
    case Table::kFeed:
      return feed_.LookAtRow(key, *parts, value);
    case Table::kHistory:
      return LookAtHistory(key, *parts, value);
    case Table::kQuarantine:
      return aside_.LookAtChange(key, *parts, value);
    case Table::kSetAside:
      return aside_.LookAtPlace(key, *parts, value);
    case Table::kRevised:
      Read<v1::ChangeOutcome>(key, value);
      return;
    case Table::kRead:
      return reads_.LookAtRead(key, *parts, value);
    case Table::kFiled:
      return feed_.LookAtFiled(key, *parts, value);
    case Table::kReads:
      return reads_.LookAtCount(key, *parts, value);
    case Table::kPost:
      return posts_.LookAtPost(key, *parts, value);
    case Table::kTerm:
      return posts_.LookAtTerm(key, *parts, value);
    case Table::kDossierAct:
      assignments_.LookAtAct(value);
      return posts_.LookAtDossierAct(key, *parts, value, &store_);
    case Table::kSigning:
      return signatures_.LookAtRow(*parts, value);
    case Table::kSecretContent:
    case Table::kSecretKey:
    case Table::kSecretReport:
      return secrets_.LookAtRow(key, *parts, value);
    default:
      return;  // the small tables were read whole, the rest is looked at by device
  }
}

void Checker::LookAtHeads() {
  for (const auto& [unit, head] : tables_.heads) {
    if (head.position() != positions_[unit]) Fault(HeadKey(unit), "its log ends elsewhere");
    if (head.records() != records_[unit]) Fault(HeadKey(unit), "counts other records");
    numbers_.LookAtHead(unit, head);
    const seal::MerkleEdge& tree = trees_[unit];
    if (head.tree() != tree.Bytes()) Fault(HeadKey(unit), "its log is not the one it was made of");
    report_.logs[unit] = {tree.size(), tree.Root()};
  }
  for (const auto& [unit, count] : kept_) {
    if (count != nodes_[unit]) Fault(HeadKey(unit), "its log has nodes that are none of its tree");
  }
  for (const auto& [unit, position] : positions_) {
    if (position != 0 && tables_.heads.count(unit) == 0) Fault(HeadKey(unit), "is missing");
    // Each place that a device's changes are said to have holds that change; so with as many
    // places as entries no entry is without its device.
    if (placed_[unit] != position) Fault(HeadKey(unit), "devices place another number of changes");
  }
}

absl::optional<v1::Change> Checker::ChangeOf(const sync::DeviceId& device, uint64_t sequence,
                                             const stored::v1::SequenceRow& row) {
  v1::Change change;
  if (row.verdict() == v1::VERDICT_APPLIED) {
    const auto entry = store_.LoadEntry(row.unit_id(), row.position());
    if (!entry.ok() || !change.ParseFromString(entry->change())) return absl::nullopt;
    if (entry->change().empty() && entry->change_id() == row.change_id()) {
      ++placed_[row.unit_id()];
      return absl::nullopt;
    }
    if (change.device_id() != device.view() || change.sequence() != sequence ||
        entry->change_id() != row.change_id()) {
      Fault(SequenceKey(device, sequence), "where it should be is another change");
      return absl::nullopt;
    }
    ++placed_[row.unit_id()];
    return change;
  }
  const auto aside = store_.LoadAside(device, sequence, row.change_id());
  if (!aside.ok() || !aside->has_value()) {
    Fault(SequenceKey(device, sequence), "its change is missing");
    return absl::nullopt;
  }
  // Unreadable bytes are kept too; they name nothing.
  if (!change.ParseFromString((*aside)->change.change())) return absl::nullopt;
  if (row.reason() == v1::REASON_CLASSIFIED || IsBare((*aside)->change)) {
    return absl::nullopt;
  }
  return change;
}

void Checker::LookAtDevice(const stored::v1::DeviceRow& row) {
  const auto device = sync::DeviceId::From(row.device_id());
  if (!device.has_value()) return Fault(TablePrefix(Table::kDevice), "a device without an id");
  const std::string key = DeviceKey(*device);
  const auto keys = seal::DeviceKeys::From(tables_.meta->organisation_id(), row.public_key(),
                                           EarlierKeysOf(row.device_id(), tables_.device_keys));
  if (!keys.ok() || keys->device() != *device) {
    return Fault(key, "its key is not the one its id names, or that came after it");
  }
  std::vector<sync::ChangeId> ids;
  std::vector<Fate> fates;
  std::string head;
  for (uint64_t first = 1; first <= row.accepted_through(); first += kSequencesRead) {
    const uint64_t last = std::min(first + kSequencesRead - 1, row.accepted_through());
    const auto known = store_.LoadKnown(*device, first, last);
    if (!known.ok()) return Fault(key, known.status().message());
    for (uint64_t sequence = first; sequence <= last; ++sequence) {
      const auto at = known->find(sequence);
      if (at == known->end()) return Fault(SequenceKey(*device, sequence), "is missing");
      const auto id = sync::ChangeId::From(at->second.change_id());
      if (!id.has_value()) return Fault(SequenceKey(*device, sequence), "names no change");
      const auto change = ChangeOf(*device, sequence, at->second);
      if (change.has_value() && change->previous() != head) {
        Fault(SequenceKey(*device, sequence), "does not name the change before it");
      }
      head = id->str();
      ids.push_back(*id);
      const bool applied = at->second.verdict() == v1::VERDICT_APPLIED;
      const bool classified = at->second.reason() == v1::REASON_CLASSIFIED;
      fates.push_back(applied ? Fate::kApplied : classified ? Fate::kClassified : Fate::kAside);
    }
  }
  if (head != row.head()) Fault(key, "its head is not its last change");
  uint64_t sealed = 0;
  const auto look_at_seal = [&](absl::string_view seal_key, absl::string_view value) {
    const auto seal = Read<stored::v1::SealRow>(seal_key, value);
    if (!seal.has_value()) return;
    if (!SealHolds(keys->Of(seal->last_sequence()), tables_.meta->organisation_id(), *device, *seal,
                   ids))
      return Fault(seal_key, "does not hold");
    if (!PlacesItsOwn(*seal)) Fault(seal_key, "places changes it does not hold");
    if (!HoldsItsChanges(*seal, ids)) Fault(seal_key, "its bytes are not the ones it seals");
    secrets_.LookAtSeal(seal_key, *seal, fates);
    if (seal->first_sequence() <= sealed + 1) sealed = std::max(sealed, seal->last_sequence());
  };
  const absl::Status visited = store_.VisitSeals(*device, look_at_seal);
  if (!visited.ok()) Fault(key, visited.message());
  if (sealed < row.accepted_through()) Fault(key, "not every change is under a seal");
  for (const stored::v1::HeldRow& held : row.held()) {
    const auto aside = store_.LoadAside(*device, held.sequence(), held.change_id());
    if (!aside.ok() || !aside->has_value()) Fault(key, "a held change is missing");
  }
}

absl::StatusOr<StoreReport> Checker::Run() {
  SOTAY_RETURN_IF_ERROR(store_.VisitAll([this](absl::string_view key, absl::string_view value) {
    Look(key, value);
    return true;
  }));
  for (const stored::v1::DeviceRow& row : tables_.devices) LookAtDevice(row);
  LookAtHeads();
  reads_.End();
  signatures_.End();
  assignments_.End();
  report_.secrets = secrets_.End();
  for (const auto& faults : {LineageFaults(&store_, tables_), HandoverFaults(&store_, tables_),
                             AuthorityFaults(tables_)}) {
    report_.faults += faults.size();
    for (const std::string& fault : faults) report_.first_faults.push_back(fault);
  }
  return std::move(report_);
}

}  // namespace

absl::StatusOr<StoreReport> CheckStore(Store* store, const sync::Schema& schema) {
  SOTAY_ASSIGN_OR_RETURN(Tables tables, store->LoadTables());
  return Checker(store, schema, std::move(tables)).Run();
}

}  // namespace sotay::server
