// Entries of units' logs, and the pushes they came in.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/store.h"
#include "sync/durable/open.h"
#include "sync/limits.h"
#include "sync/seal/packed.h"
#include "sync/status_macros.h"
#include "sync/written_record.h"

namespace sotay::server {
namespace {

absl::Status Damaged(absl::string_view key) {
  return absl::DataLossError(absl::StrCat("the value of ", DescribeKey(key), " cannot be read"));
}

absl::Status Missing(absl::string_view key) {
  return absl::DataLossError(absl::StrCat(DescribeKey(key), " is missing"));
}

absl::optional<LogRun> ReadRun(absl::string_view key, absl::string_view value) {
  const absl::optional<KeyParts> parts = ParseKey(key);
  return parts.has_value() ? LogRun::Read(*parts, value) : absl::nullopt;
}

// An entry, without its change where that is in a push.
StoredEntry EntryOf(const LogRun& run, uint64_t position) {
  StoredEntry entry;
  entry.device = run.device();
  entry.sequence = run.SequenceAt(position);
  entry.change = run.row().change();
  entry.change_id = run.ChangeIdAt(position).str();
  entry.admission = run.AdmissionAt(position);
  return entry;
}

// Its change out of the push that came up to `sealed_through`.
absl::Status TakeChange(absl::string_view key, const v1::ChangeBatch& push, uint64_t sealed_through,
                        StoredEntry* entry) {
  const uint64_t from_end = sealed_through - entry->sequence;
  const auto count = static_cast<uint64_t>(push.changes_size());
  if (entry->sequence > sealed_through || from_end >= count) return Damaged(key);
  entry->change = push.changes(static_cast<int>(count - 1 - from_end));
  return absl::OkStatus();
}

absl::StatusOr<v1::LogEntry> ToldOf(StoredEntry stored, absl::string_view unit, uint64_t position) {
  v1::LogEntry entry;
  entry.set_change(std::move(stored.change));
  entry.set_change_id(std::move(stored.change_id));
  if (!entry.mutable_admission()->ParseFromString(stored.admission)) {
    return Damaged(LogKey(unit, position));
  }
  return entry;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const LogRun>> Store::RunAt(absl::string_view unit,
                                                           uint64_t position) {
  std::shared_ptr<const LogRun> found;
  absl::Status status;
  const std::string wanted = LogKey(unit, position);
  SOTAY_RETURN_IF_ERROR(Visit(wanted, After(UnitPrefix(Table::kLog, unit)),
                              [&](absl::string_view key, absl::string_view value) {
                                absl::optional<LogRun> run = ReadRun(key, value);
                                if (run.has_value()) {
                                  found = std::make_shared<const LogRun>(*std::move(run));
                                } else {
                                  status = Damaged(key);
                                }
                                return false;
                              }));
  SOTAY_RETURN_IF_ERROR(status);
  if (found == nullptr || !found->Covers(unit, position)) return Missing(wanted);
  return found;
}

absl::StatusOr<std::shared_ptr<const LogRun>> Store::LoadRun(absl::string_view unit,
                                                             uint64_t position) {
  const auto covers = [&](const LogRun& run) { return run.Covers(unit, position); };
  const uint64_t forgotten = runs_.forgotten();
  if (auto known = runs_.Find(covers)) return known;
  SOTAY_ASSIGN_OR_RETURN(auto found, RunAt(unit, position));
  runs_.Keep(found, forgotten);
  return found;
}

absl::StatusOr<UnpackedPushes::Changes> Store::PushAt(const std::string& key) {
  SOTAY_ASSIGN_OR_RETURN(const auto bytes, Get(key));
  if (!bytes.has_value()) return UnpackedPushes::Changes();
  stored::v1::SealRow seal;
  if (!seal.ParseFromString(*bytes)) return Damaged(key);
  const auto raw = seal::Unpack(seal.changes(), sync::kPushBytesMax);
  auto read = std::make_shared<v1::ChangeBatch>();
  if (!raw.ok() || !read->ParseFromString(*raw)) return Damaged(key);
  return UnpackedPushes::Changes(std::move(read));
}

absl::Status Store::Unpack(uint64_t sealed_through, StoredEntry* entry) {
  const std::string key = SealKey(entry->device, sealed_through);
  const uint64_t forgotten = unpacked_.forgotten();
  UnpackedPushes::Changes changes = unpacked_.Find(key);
  if (changes == nullptr) {
    SOTAY_ASSIGN_OR_RETURN(changes, PushAt(key));
    if (changes == nullptr) return Missing(key);
    unpacked_.Keep(key, changes, forgotten);
  }
  return TakeChange(key, *changes, sealed_through, entry);
}

absl::StatusOr<StoredEntry> Store::LoadStoredEntry(absl::string_view unit, uint64_t position) {
  SOTAY_ASSIGN_OR_RETURN(const auto run, LoadRun(unit, position));
  StoredEntry entry = EntryOf(*run, position);
  if (run->row().sealed_through() != 0) {
    SOTAY_RETURN_IF_ERROR(Unpack(run->row().sealed_through(), &entry));
  }
  return entry;
}

absl::StatusOr<v1::LogEntry> Store::LoadEntry(absl::string_view unit, uint64_t position) {
  SOTAY_ASSIGN_OR_RETURN(StoredEntry stored, LoadStoredEntry(unit, position));
  return ToldOf(std::move(stored), unit, position);
}

absl::StatusOr<absl::optional<StoredRecord>> Store::LoadRecordAnew(const sync::RecordId& id) {
  SOTAY_ASSIGN_OR_RETURN(const auto value, RowOf(id));
  if (!value.has_value()) return absl::optional<StoredRecord>();
  absl::string_view merged;
  SOTAY_ASSIGN_OR_RETURN(const RecordPlace place, ReadPlace(id, *value, &merged));
  // Of a record that went on too, and of what came in no push: time is not to tell which it is.
  const auto run = RunAt(place.unit, place.position);
  if (!run.ok()) return LoadRecord(id);
  const uint64_t sealed_through = (*run)->row().sealed_through();
  const std::string key = SealKey((*run)->device(), sealed_through);
  const auto changes = PushAt(key);
  if (!merged.empty()) {
    return absl::optional<StoredRecord>(
        StoredRecord{place.position, std::string(place.unit), std::string(merged)});
  }
  StoredEntry stored = EntryOf(**run, place.position);
  if (sealed_through != 0) {
    // It may have gone since, with what it was made of.
    if (!changes.ok() || *changes == nullptr) return LoadRecord(id);
    SOTAY_RETURN_IF_ERROR(TakeChange(key, **changes, sealed_through, &stored));
  }
  SOTAY_ASSIGN_OR_RETURN(const v1::LogEntry entry,
                         ToldOf(std::move(stored), place.unit, place.position));
  SOTAY_ASSIGN_OR_RETURN(const sync::MergedRecord record, sync::BornIn(*schema_, entry, id));
  return absl::optional<StoredRecord>(
      StoredRecord{place.position, std::string(place.unit), record.Serialize(), /*newborn=*/true});
}

absl::StatusOr<v1::Admission> Store::LoadAdmission(absl::string_view unit, uint64_t position) {
  SOTAY_ASSIGN_OR_RETURN(const auto run, LoadRun(unit, position));
  v1::Admission admission;
  if (!admission.ParseFromString(run->AdmissionAt(position))) {
    return Damaged(LogKey(unit, position));
  }
  return admission;
}

absl::StatusOr<sync::DeviceId> Store::LoadMaker(const RecordPlace& place) {
  uint64_t first = place.position;
  SOTAY_RETURN_IF_ERROR(Visit(AdmittedKey(place.record, 1),
                              After(IdPrefix(Table::kHistory, place.record.view())),
                              [&](absl::string_view key, absl::string_view) {
                                const absl::optional<KeyParts> parts = ParseKey(key);
                                if (!parts.has_value() || parts->number >= first) return false;
                                if (parts->kind != HistoryKind::kAdmitted) return true;
                                first = parts->number;
                                return false;
                              }));
  // Past what is kept, so that time does not tell of which push somebody asked before.
  SOTAY_ASSIGN_OR_RETURN(const auto run, RunAt(place.unit, first));
  return run->device();
}

absl::Status Store::VisitLeaves(absl::string_view unit, uint64_t after, uint64_t up_to,
                                const std::function<void(const seal::MerkleHash&)>& visit) {
  uint64_t position = after;
  if (position == up_to) return absl::OkStatus();
  SOTAY_RETURN_IF_ERROR(
      Visit(LogKey(unit, after + 1), After(UnitPrefix(Table::kLog, unit)),
            [&](absl::string_view key, absl::string_view value) {
              const absl::optional<LogRun> run = ReadRun(key, value);
              if (!run.has_value() || !run->Covers(unit, position + 1)) return false;
              while (position < up_to && position < run->last()) {
                ++position;
                visit(seal::LeafOf(run->ChangeIdAt(position), run->AdmissionAt(position)));
              }
              return position < up_to;
            }));
  return position == up_to ? absl::OkStatus() : Damaged(LogKey(unit, position + 1));
}

absl::StatusOr<stored::v1::SealRow> Store::LoadSealOver(const sync::DeviceId& device,
                                                        uint64_t sequence) {
  stored::v1::SealRow seal;
  bool found = false;
  const std::string last = After(IdPrefix(Table::kSeal, device.view()));
  SOTAY_RETURN_IF_ERROR(
      Visit(SealKey(device, sequence), last, [&](absl::string_view, absl::string_view value) {
        found = seal.ParseFromArray(value.data(), static_cast<int>(value.size())) &&
                seal.first_sequence() <= sequence;
        return false;
      }));
  if (!found) return Damaged(SealKey(device, sequence));
  return seal;
}

absl::Status Store::AddPlaced(const stored::v1::SealRow& seal, uint64_t from, uint64_t to,
                              std::map<uint64_t, stored::v1::SequenceRow>* known) {
  for (const stored::v1::PlacedRun& run : seal.placed()) {
    const uint64_t end = run.first_sequence() + run.count();
    for (uint64_t at = std::max(from, run.first_sequence()); at < end && at <= to; ++at) {
      const auto [place, fresh] = known->try_emplace(at);
      if (!fresh) continue;
      stored::v1::SequenceRow& row = place->second;
      row.set_verdict(v1::VERDICT_APPLIED);
      row.set_unit_id(run.unit_id());
      row.set_position(run.position() + (at - run.first_sequence()));
      SOTAY_ASSIGN_OR_RETURN(const auto entries, LoadRun(row.unit_id(), row.position()));
      row.set_change_id(entries->ChangeIdAt(row.position()).str());
    }
  }
  return absl::OkStatus();
}

}  // namespace sotay::server
