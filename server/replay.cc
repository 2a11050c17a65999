#include "server/replay.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/keys.h"
#include "sotay/v1/record.pb.h"
#include "sync/admitted_edit.h"
#include "sync/signing.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

// Entries, or records, of one batch.
constexpr uint64_t kBatch = 500;

absl::Status Unreadable(absl::string_view key) {
  return absl::DataLossError(absl::StrCat(DescribeKey(key), " cannot be read"));
}

// The rows of a table in order, some at a time, so that no snapshot is held while `visit` writes
// (see backup.h).  What it writes into rows that came already does not matter.
absl::Status EachRow(
    Store* store, Table table,
    const std::function<absl::Status(absl::string_view key, absl::string_view value)>& visit) {
  const std::string end = After(TablePrefix(table));
  std::string from = TablePrefix(table);
  for (;;) {
    std::vector<std::pair<std::string, std::string>> rows;
    SOTAY_RETURN_IF_ERROR(store->TakeMoment()->Visit(
        from, end, [&rows](absl::string_view key, absl::string_view value) {
          rows.emplace_back(key, value);
          return rows.size() < kBatch;
        }));
    for (const auto& [key, value] : rows) SOTAY_RETURN_IF_ERROR(visit(key, value));
    if (rows.size() < kBatch) return absl::OkStatus();
    from = rows.back().first + '\0';
  }
}

class Replay {
 public:
  // `sealed`: dossiers that proved to be secret.
  Replay(Store* store, const sync::Schema& schema, const ReplayProgress& progress,
         std::set<std::string> sealed)
      : store_(*store), schema_(schema), progress_(progress), sealed_(std::move(sealed)) {}

  absl::Status PlaceEntries(const std::string& unit, uint64_t entries);
  absl::Status PlaceAside();
  absl::Status MakeRecords();
  // Of those that stay newborn; to be called last.
  absl::Status MakeBirths(const std::string& unit, uint64_t entries);

 private:
  // A record that stands at `position` alone, as a newborn does; the place it had goes into its
  // history.
  absl::Status Place(const sync::RecordId& record, const std::string& unit, uint64_t position);
  // What an edit that makes a signature says of its object; the newest stands.
  void PlaceSignature(const v1::RecordEdit& edit, const sync::RecordId& id,
                      const v1::Admission& admission);
  absl::Status MakeRecord(const sync::RecordId& id);
  // Whether the change at `position` is all there is to the record.
  absl::StatusOr<bool> IsNewborn(const sync::RecordId& record, uint64_t position);
  void PutBirths(const std::string& unit);
  absl::Status Count(const char* what);
  absl::Status Write();

  Store& store_;
  const sync::Schema& schema_;
  const ReplayProgress& progress_;
  const std::set<std::string> sealed_;
  Sheet sheet_;
  std::map<sync::RecordId, uint64_t> placed_;  // on the sheet: the record's newest position
  BirthRun births_;
  uint64_t done_ = 0;
};

absl::Status Replay::Write() {
  placed_.clear();
  return store_.Write(&sheet_);
}

absl::Status Replay::Count(const char* what) {
  if (++done_ % kBatch != 0) return absl::OkStatus();
  if (progress_) progress_(what, done_);
  return Write();
}

absl::Status Replay::Place(const sync::RecordId& record, const std::string& unit,
                           uint64_t position) {
  uint64_t before = 0;
  const auto found = placed_.find(record);
  if (found != placed_.end()) {
    before = found->second;
  } else {
    SOTAY_ASSIGN_OR_RETURN(const auto row, store_.Get(RecordKey(record)));
    absl::string_view rest = row.has_value() ? absl::string_view(*row) : absl::string_view();
    if (row.has_value()) before = TakeNumber(&rest).value_or(0);
  }
  if (before == position) return absl::OkStatus();
  if (before != 0) store_.Fill(&sheet_, AdmittedKey(record, before), "");
  std::string row;
  PutNumber(&row, position);
  PutName(&row, unit);
  store_.Fill(&sheet_, RecordKey(record), row);
  placed_[record] = position;
  return absl::OkStatus();
}

void Replay::PlaceSignature(const v1::RecordEdit& edit, const sync::RecordId& id,
                            const v1::Admission& admission) {
  const sync::RecordType* const type = schema_.Find(edit.type());
  if (type == nullptr) return;
  const auto signature = sync::SignatureIn(*type, edit);
  if (!signature.has_value()) return;
  store_.Fill(&sheet_, SigningKey(signature->object),
              SigningRowOf({id, admission.position(), admission.user_id(), signature->signs}));
}

absl::Status Replay::PlaceEntries(const std::string& unit, uint64_t entries) {
  for (uint64_t position = 1; position <= entries; ++position) {
    SOTAY_ASSIGN_OR_RETURN(const v1::LogEntry entry, store_.LoadEntry(unit, position));
    v1::Change change;
    if (!change.ParseFromString(entry.change())) return Unreadable(LogKey(unit, position));
    // It proved to be secret: its place stays, and no record is made of it.
    if (entry.change().empty() || sealed_.count(change.dossier_id()) != 0) continue;
    for (const v1::RecordEdit& edit : change.edits()) {
      const auto record = sync::RecordId::From(edit.record_id());
      if (!record.has_value()) return Unreadable(LogKey(unit, position));
      SOTAY_RETURN_IF_ERROR(Place(*record, unit, position));
      PlaceSignature(edit, *record, entry.admission());
    }
    SOTAY_RETURN_IF_ERROR(Count("entries"));
  }
  return Write();
}

absl::Status Replay::PlaceAside() {
  const auto take = [&](absl::string_view key, absl::string_view value) -> absl::Status {
    const absl::optional<KeyParts> parts = ParseKey(key);
    absl::string_view unit = value;
    const absl::optional<uint64_t> after = TakeNumber(&unit);
    if (!parts.has_value() || !after.has_value()) return Unreadable(key);
    const std::string aside = QuarantineKey(unit, parts->arrival);
    SOTAY_ASSIGN_OR_RETURN(const auto bytes, store_.Get(aside));
    v1::QuarantinedChange change;
    if (!bytes.has_value() || !change.ParseFromString(*bytes)) return Unreadable(aside);
    for (const sync::RecordId& record : RecordsOf(change)) {
      store_.Fill(&sheet_, AsideHistoryKey(record, *after, KindOf(change), parts->arrival), unit);
    }
    return Count("changes set aside");
  };
  SOTAY_RETURN_IF_ERROR(EachRow(&store_, Table::kSetAside, take));
  return Write();
}

absl::Status Replay::MakeRecord(const sync::RecordId& id) {
  SOTAY_ASSIGN_OR_RETURN(const auto row, store_.Get(RecordKey(id)));
  absl::string_view rest = row.has_value() ? absl::string_view(*row) : absl::string_view();
  const absl::optional<uint64_t> newest = TakeNumber(&rest);
  const absl::optional<absl::string_view> unit = TakeName(&rest);
  if (!newest.has_value() || !unit.has_value()) return Unreadable(RecordKey(id));
  uint64_t first = *newest;
  SOTAY_RETURN_IF_ERROR(store_.VisitHistory(id, 0, [&first](uint64_t position) {
    first = position;
    return false;
  }));
  // One change is all there is to it: its row says no more, and it stands among the births.
  if (first == *newest) return Count("records");
  SOTAY_ASSIGN_OR_RETURN(const v1::LogEntry entry, store_.LoadEntry(*unit, first));
  v1::Change change;
  const auto edit = sync::AdmittedEditOf(entry, id);
  if (!edit.has_value() || !change.ParseFromString(entry.change())) {
    return Unreadable(LogKey(*unit, first));
  }
  v1::Record named;
  named.set_record_id(id.str());
  named.set_type(edit->edit.type());
  named.set_unit_id(change.unit_id());
  named.set_dossier_id(change.dossier_id());
  SOTAY_ASSIGN_OR_RETURN(sync::History history, store_.LoadHistory(named));
  sync::VersionVector seen;
  for (const sync::HistoryNode& node : history.nodes()) {
    if (!node.applied) continue;
    seen.Join(node.seen);
    seen.Add(node.author.device, node.author.sequence);
  }
  const sync::MergedRecord record = history.At(seen);
  store_.Fill(&sheet_, RecordKey(id), absl::StrCat(*row, record.Serialize()));
  stored::v1::FeedRow feed;
  FillFeedRow(sync::WrittenRecord(&record, *newest), &feed);
  store_.Fill(&sheet_, FeedKey(*unit, *newest, id), feed.SerializeAsString());
  return Count("records");
}

absl::StatusOr<bool> Replay::IsNewborn(const sync::RecordId& record, uint64_t position) {
  SOTAY_ASSIGN_OR_RETURN(const auto row, store_.Get(RecordKey(record)));
  absl::string_view rest = row.has_value() ? absl::string_view(*row) : absl::string_view();
  return TakeNumber(&rest) == position && TakeName(&rest).has_value() && rest.empty();
}

void Replay::PutBirths(const std::string& unit) {
  if (births_.places().empty()) return;
  const uint64_t last = births_.places().back().position;
  std::string row;
  births_.AppendTo(last, &row);
  store_.Fill(&sheet_, BirthsKey(unit, last), row);
  births_.Clear();
}

absl::Status Replay::MakeBirths(const std::string& unit, uint64_t entries) {
  stored::v1::FeedRow feed;
  for (uint64_t position = 1; position <= entries; ++position) {
    SOTAY_ASSIGN_OR_RETURN(const v1::LogEntry entry, store_.LoadEntry(unit, position));
    v1::Change change;
    if (!change.ParseFromString(entry.change())) return Unreadable(LogKey(unit, position));
    std::set<sync::RecordId> born;
    for (const v1::RecordEdit& edit : change.edits()) {
      const auto record = sync::RecordId::From(edit.record_id());
      if (!record.has_value()) return Unreadable(LogKey(unit, position));
      SOTAY_ASSIGN_OR_RETURN(const bool newborn, IsNewborn(*record, position));
      if (newborn) born.insert(*record);
    }
    if (!born.empty() && births_.full()) PutBirths(unit);
    for (const sync::RecordId& id : born) {
      SOTAY_ASSIGN_OR_RETURN(const sync::MergedRecord record, sync::BornIn(schema_, entry, id));
      FillFeedRow(sync::WrittenRecord(&record, position), &feed);
      births_.Add({position, id}, feed);
    }
    SOTAY_RETURN_IF_ERROR(Count("places in the feed"));
  }
  PutBirths(unit);
  std::string filed;
  PutNumber(&filed, entries);
  if (entries > 0) store_.Fill(&sheet_, FiledKey(unit), filed);
  return Write();
}

absl::Status Replay::MakeRecords() {
  done_ = 0;
  SOTAY_RETURN_IF_ERROR(
      EachRow(&store_, Table::kRecord, [&](absl::string_view key, absl::string_view) {
        const auto id = sync::RecordId::From(key.substr(1));
        return id.has_value() ? MakeRecord(*id) : Unreadable(key);
      }));
  done_ = 0;
  return Write();
}

}  // namespace

absl::Status MakeDerivedTables(Store* store, const sync::Schema& schema,
                               const ReplayProgress& progress) {
  SOTAY_ASSIGN_OR_RETURN(const Tables tables, store->LoadTables());
  std::set<std::string> sealed;
  for (const v1::DossierAct& act : tables.dossier_acts) {
    if (act.has_sealed()) sealed.insert(act.dossier_id());
  }
  Replay replay(store, schema, progress, std::move(sealed));
  for (const auto& [unit, head] : tables.heads) {
    SOTAY_RETURN_IF_ERROR(replay.PlaceEntries(unit, head.position()));
  }
  SOTAY_RETURN_IF_ERROR(replay.PlaceAside());
  SOTAY_RETURN_IF_ERROR(replay.MakeRecords());
  for (const auto& [unit, head] : tables.heads) {
    SOTAY_RETURN_IF_ERROR(replay.MakeBirths(unit, head.position()));
  }
  return absl::OkStatus();
}

}  // namespace sotay::server
