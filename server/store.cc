#include "server/store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "leveldb/write_batch.h"
#include "sotay/v1/record.pb.h"
#include "sync/durable/open.h"
#include "sync/seal/random.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

leveldb::Slice ToSlice(absl::string_view bytes) {
  return leveldb::Slice(bytes.data(), bytes.size());
}
absl::string_view ToView(const leveldb::Slice& slice) {
  return absl::string_view(slice.data(), slice.size());
}

absl::Status Damaged(absl::string_view key) {
  return absl::DataLossError(absl::StrCat("the value of ", DescribeKey(key), " cannot be read"));
}

template <typename Message>
absl::StatusOr<Message> Read(absl::string_view key, absl::string_view value) {
  Message message;
  if (!message.ParseFromArray(value.data(), static_cast<int>(value.size()))) return Damaged(key);
  return message;
}

// Adds the messages of a table, one by one, to `out`.
template <typename Message>
absl::Status Append(absl::string_view key, absl::string_view value, std::vector<Message>* out) {
  SOTAY_ASSIGN_OR_RETURN(Message message, Read<Message>(key, value));
  out->push_back(std::move(message));
  return absl::OkStatus();
}

absl::Status AppendTo(Tables* tables, absl::string_view key, absl::string_view value) {
  const absl::optional<KeyParts> parts = ParseKey(key);
  if (!parts.has_value()) return absl::DataLossError(DescribeKey(key));
  switch (parts->table) {
    case Table::kUnit:
      return Append(key, value, &tables->units);
    case Table::kUser:
      return Append(key, value, &tables->users);
    case Table::kDevice:
      return Append(key, value, &tables->devices);
    case Table::kTicket:
      return Append(key, value, &tables->tickets);
    case Table::kPost:
      return Append(key, value, &tables->posts);
    case Table::kTerm:
      return Append(key, value, &tables->terms);
    case Table::kDossierAct:
      return Append(key, value, &tables->dossier_acts);
    case Table::kSecret:
      return Append(key, value, &tables->secrets);
    case Table::kHandover:
      return Append(key, value, &tables->handovers);
    case Table::kDeviceKey:
      return Append(key, value, &tables->device_keys);
    case Table::kAuthority:
      return Append(key, value, &tables->authorities);
    case Table::kContact: {
      SOTAY_ASSIGN_OR_RETURN(auto contact, Read<stored::v1::Contact>(key, value));
      tables->contacts.emplace_back(*sync::DeviceId::From(parts->id), std::move(contact));
      return absl::OkStatus();
    }
    case Table::kHead: {
      SOTAY_ASSIGN_OR_RETURN(tables->heads[parts->name], Read<stored::v1::UnitHead>(key, value));
      return absl::OkStatus();
    }
    default:
      return absl::OkStatus();
  }
}

std::string Chance() {
  std::string chance(16, '\0');
  seal::RandomBytes(chance.data(), chance.size());
  return chance;
}

}  // namespace

Store::Store(std::unique_ptr<durable::Store> durable, const sync::Schema* schema)
    : durable_(std::move(durable)), schema_(schema), chance_(Chance()) {}
Store::~Store() = default;

absl::Status Store::Create(const std::string& path, const durable::StoreOptions& options,
                           const Tables& founding) {
  durable::StoreOptions creating = options;
  creating.create_if_missing = true;
  SOTAY_ASSIGN_OR_RETURN(auto durable, durable::Open(path, creating));
  Store store(std::move(durable), nullptr);
  // A store is there once its meta row is: a creation that was cut short is begun again.
  SOTAY_ASSIGN_OR_RETURN(const auto meta, store.Get(MetaKey()));
  if (meta.has_value()) {
    return absl::AlreadyExistsError(absl::StrCat("there is a store in ", path, " already"));
  }
  Sheet sheet;
  store.Fill(&sheet, founding);
  return store.Write(&sheet);
}

absl::StatusOr<std::unique_ptr<Store>> Store::Open(const std::string& path,
                                                   const durable::StoreOptions& options,
                                                   const sync::Schema* schema) {
  SOTAY_ASSIGN_OR_RETURN(auto durable, durable::Open(path, options));
  std::unique_ptr<Store> store(new Store(std::move(durable), schema));
  SOTAY_ASSIGN_OR_RETURN(const auto bytes, store->Get(MetaKey()));
  if (!bytes.has_value()) {
    return absl::NotFoundError(absl::StrCat("the store in ", path, " was never finished"));
  }
  SOTAY_ASSIGN_OR_RETURN(const auto meta, Read<stored::v1::StoreMeta>(MetaKey(), *bytes));
  if (meta.format() != kStoreFormat) {
    return absl::FailedPreconditionError(absl::StrCat("the store in ", path, " has format ",
                                                      meta.format(), ", this build reads ",
                                                      kStoreFormat, "; use the build it is of"));
  }
  SOTAY_ASSIGN_OR_RETURN(const auto arrivals, store->Get(ArrivalsKey()));
  if (arrivals.has_value()) {
    absl::string_view rest = *arrivals;
    const absl::optional<uint64_t> number = TakeNumber(&rest);
    if (!number.has_value()) return Damaged(ArrivalsKey());
    store->arrivals_ = *number;
  }
  SOTAY_RETURN_IF_ERROR(store->LoadReads());
  SOTAY_RETURN_IF_ERROR(store->FindUnfiled());
  return store;
}

bool Store::read_only() const { return durable_->read_only(); }

const std::vector<durable::TailCut>& Store::tail_cuts() const { return durable_->tail_cuts(); }

uint64_t Store::lookups() const { return durable_->lookups(); }

absl::StatusOr<absl::optional<std::string>> Store::Get(const std::string& key) {
  absl::StatusOr<std::string> value = durable_->Get(key);
  if (value.ok()) return absl::optional<std::string>(*std::move(value));
  if (absl::IsNotFound(value.status())) return absl::optional<std::string>();
  return value.status();
}

absl::Status Store::Visit(const std::string& from, const std::string& end,
                          const std::function<bool(absl::string_view, absl::string_view)>& visit) {
  const std::unique_ptr<leveldb::Iterator> at = durable_->NewIterator();
  for (at->Seek(from); at->Valid(); at->Next()) {
    if (!end.empty() && at->key().compare(ToSlice(end)) >= 0) break;
    if (!visit(ToView(at->key()), ToView(at->value()))) break;
  }
  return durable::FromLevelDb(at->status());
}

absl::Status Store::VisitBackwards(
    const std::string& from, const std::string& before,
    const std::function<bool(absl::string_view, absl::string_view)>& visit) {
  const std::unique_ptr<leveldb::Iterator> at = durable_->NewIterator();
  at->Seek(before);
  if (at->Valid()) {
    at->Prev();
  } else {
    at->SeekToLast();
  }
  for (; at->Valid(); at->Prev()) {
    if (at->key().compare(ToSlice(from)) < 0) break;
    if (!visit(ToView(at->key()), ToView(at->value()))) break;
  }
  return durable::FromLevelDb(at->status());
}

absl::Status Store::VisitAll(
    const std::function<bool(absl::string_view, absl::string_view)>& visit) {
  // Of a store that cannot be written, the rows as they would be filed.
  FileAll().IgnoreError();
  const std::vector<BirthPlace> unfiled = unfiled_.Under("");
  auto birth = unfiled.begin();
  bool going = true;
  const auto visit_births_before = [&](absl::string_view key) {
    for (; going && birth != unfiled.end(); ++birth) {
      const std::string at = RecordKey(birth->record);
      if (key <= at) break;
      going = visit(at, RowOf(*birth));
    }
    return going;
  };
  SOTAY_RETURN_IF_ERROR(
      Visit(std::string(), std::string(), [&](absl::string_view key, absl::string_view value) {
        if (!visit_births_before(key)) return false;
        going = visit(key, value);
        return going;
      }));
  visit_births_before("\xff");
  return absl::OkStatus();
}

absl::StatusOr<Tables> Store::LoadTables() {
  Tables tables;
  SOTAY_ASSIGN_OR_RETURN(const auto meta, Get(MetaKey()));
  SOTAY_ASSIGN_OR_RETURN(tables.meta, Read<stored::v1::StoreMeta>(MetaKey(), meta.value_or("")));
  for (Table table : {Table::kUnit, Table::kUser, Table::kDevice, Table::kContact, Table::kTicket,
                      Table::kHead, Table::kPost, Table::kTerm, Table::kDossierAct, Table::kSecret,
                      Table::kHandover, Table::kDeviceKey, Table::kAuthority}) {
    absl::Status status;
    const std::string prefix = TablePrefix(table);
    SOTAY_RETURN_IF_ERROR(
        Visit(prefix, After(prefix), [&](absl::string_view key, absl::string_view value) {
          status = AppendTo(&tables, key, value);
          return status.ok();
        }));
    SOTAY_RETURN_IF_ERROR(status);
  }
  return tables;
}

absl::Status Store::LoadSubmissions(Tables* tables) {
  absl::Status damage;
  const std::string prefix = TablePrefix(Table::kQuarantine);
  const absl::Status visited =
      Visit(prefix, After(prefix), [&](absl::string_view key, absl::string_view value) {
        const auto aside = Read<v1::QuarantinedChange>(key, value);
        if (!aside.ok()) damage.Update(aside.status());
        const auto submission = aside.ok() ? SubmissionOf(*aside) : absl::nullopt;
        if (submission.has_value() && submission->waits) tables->submissions.push_back(*submission);
        return true;
      });
  return visited.ok() ? damage : visited;
}

absl::StatusOr<RecordPlace> Store::ReadPlace(const sync::RecordId& id, absl::string_view value,
                                             absl::string_view* rest) {
  *rest = value;
  const absl::optional<uint64_t> position = TakeNumber(rest);
  const absl::optional<absl::string_view> unit = TakeName(rest);
  if (!position.has_value() || !unit.has_value()) return Damaged(RecordKey(id));
  return RecordPlace{id, *unit, *position};
}

absl::StatusOr<absl::optional<std::string>> Store::RowOf(const sync::RecordId& id) {
  for (;;) {
    const uint64_t filings = unfiled_.filings();
    SOTAY_ASSIGN_OR_RETURN(auto row, Get(RecordKey(id)));
    if (row.has_value()) return row;
    if (const auto birth = unfiled_.Find(id); birth.has_value()) {
      return absl::optional<std::string>(RowOf(*birth));
    }
    if (unfiled_.filings() == filings) return row;
  }
}

absl::StatusOr<absl::optional<StoredRecord>> Store::LoadRecord(const sync::RecordId& id) {
  SOTAY_ASSIGN_OR_RETURN(const auto value, RowOf(id));
  if (!value.has_value()) return absl::optional<StoredRecord>();
  absl::string_view merged;
  SOTAY_ASSIGN_OR_RETURN(const RecordPlace place, ReadPlace(id, *value, &merged));
  if (merged.empty()) {
    auto newborn = LoadNewborn(place.unit, place.position, id);
    if (newborn.ok()) return absl::optional<StoredRecord>(*std::move(newborn));
    // It may have gone since, with what it was made of, or be yet to come.
    if (unfiled_.IsAnnounced(id)) return absl::optional<StoredRecord>();
    SOTAY_ASSIGN_OR_RETURN(const auto still, RowOf(id));
    if (!still.has_value()) return absl::optional<StoredRecord>();
    return newborn.status();
  }
  return absl::optional<StoredRecord>(
      StoredRecord{place.position, std::string(place.unit), std::string(merged)});
}

absl::StatusOr<StoredRecord> Store::LoadNewborn(absl::string_view unit, uint64_t position,
                                                const sync::RecordId& id) {
  SOTAY_ASSIGN_OR_RETURN(const v1::LogEntry entry, LoadEntry(unit, position));
  SOTAY_ASSIGN_OR_RETURN(const sync::MergedRecord record, sync::BornIn(*schema_, entry, id));
  return StoredRecord{position, std::string(unit), record.Serialize(), /*newborn=*/true};
}

absl::StatusOr<uint64_t> Store::NewestOf(const sync::RecordId& id) {
  SOTAY_ASSIGN_OR_RETURN(const auto value, RowOf(id));
  if (!value.has_value()) return 0;
  absl::string_view rest;
  SOTAY_ASSIGN_OR_RETURN(const RecordPlace place, ReadPlace(id, *value, &rest));
  return place.position;
}

absl::StatusOr<std::map<uint64_t, stored::v1::SequenceRow>> Store::LoadKnown(
    const sync::DeviceId& device, uint64_t from, uint64_t to) {
  std::map<uint64_t, stored::v1::SequenceRow> known;
  absl::Status status;
  const auto take = [&](absl::string_view key, absl::string_view value) {
    auto row = Read<stored::v1::SequenceRow>(key, value);
    status = row.status();
    if (status.ok()) known[ParseKey(key)->number] = *std::move(row);
    return status.ok();
  };
  SOTAY_RETURN_IF_ERROR(Visit(SequenceKey(device, from), After(SequenceKey(device, to)), take));
  SOTAY_RETURN_IF_ERROR(status);
  // Seals stand in the order in which their changes came.
  const auto place = [&](absl::string_view key, absl::string_view value) {
    const auto seal = Read<stored::v1::SealRow>(key, value);
    status = seal.status();
    if (!status.ok()) return false;
    status = AddPlaced(*seal, from, to, &known);
    return status.ok() && seal->last_sequence() < to;
  };
  const std::string last = After(IdPrefix(Table::kSeal, device.view()));
  SOTAY_RETURN_IF_ERROR(Visit(SealKey(device, from), last, place));
  SOTAY_RETURN_IF_ERROR(status);
  return known;
}

absl::StatusOr<absl::optional<AsideRow>> Store::LoadAside(const sync::DeviceId& device,
                                                          uint64_t sequence,
                                                          absl::string_view change_id) {
  std::string prefix = SetAsideKey(device, sequence, 0);
  prefix.resize(prefix.size() - 8);
  absl::optional<AsideRow> found;
  absl::Status status;
  SOTAY_RETURN_IF_ERROR(
      Visit(prefix, After(prefix), [&](absl::string_view key, absl::string_view value) {
        AsideRow row;
        row.arrival = ParseKey(key)->arrival;
        const absl::optional<uint64_t> after = TakeNumber(&value);
        const std::string quarantine_key = QuarantineKey(value, row.arrival);
        const auto bytes = Get(quarantine_key);
        if (!after.has_value() || !bytes.ok() || !bytes->has_value() ||
            !row.change.ParseFromString(**bytes)) {
          status = bytes.ok() ? Damaged(quarantine_key) : bytes.status();
          return false;
        }
        row.after_position = *after;
        if (row.change.change_id() != change_id) return true;
        found = std::move(row);
        return false;
      }));
  SOTAY_RETURN_IF_ERROR(status);
  return found;
}

std::vector<sync::RecordId> RecordsOf(const v1::QuarantinedChange& change) {
  std::vector<sync::RecordId> records;
  v1::Change parsed;
  if (!parsed.ParseFromString(change.change())) return records;
  for (const v1::RecordEdit& edit : parsed.edits()) {
    if (const auto id = sync::RecordId::From(edit.record_id())) records.push_back(*id);
  }
  return records;
}

}  // namespace sotay::server
