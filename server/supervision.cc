#include "server/supervision.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/admission_lines.h"
#include "server/refusal.h"
#include "sotay/v1/record.pb.h"
#include "sync/admitted_edit.h"
#include "sync/device_end.h"
#include "sync/history_columns.h"
#include "sync/limits.h"
#include "sync/seal/packed_history.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

// Records with the same first bytes that are looked at: by chance there are hardly two, and each
// that is not the asker's is read anew.
constexpr size_t kNamesakesMax = 16;
constexpr size_t kIdBytesMin = 4;

// Why something of a record could not be read: it may have proved to be secret meanwhile, and then
// nothing is damaged.
absl::Status GoneOr(Store* store, const sync::RecordId& id, const absl::Status& status) {
  if (!absl::IsDataLoss(status)) return status;
  const auto still = store->LoadRecord(id);
  return still.ok() && !still->has_value() ? NotFound("the record") : status;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> Supervision::UnitsFor(const Person& person,
                                                               const std::string& unit,
                                                               bool subtree) const {
  if (!unit.empty() && !directory_.MayRead(person, unit)) return NotFound("the unit");
  return directory_.Readable(person, unit, subtree);
}

absl::StatusOr<bool> Supervision::MayRead(Reading* reading, const std::string& unit,
                                          const RecordPlace& place, bool stands_in) const {
  const auto row = store_.LoadFeedRow(unit, {place.position, place.record});
  // That what is not theirs is damaged is not theirs to hear either, and nothing says now whose it
  // is.
  const auto failed = [reading](const absl::Status& status) -> absl::StatusOr<bool> {
    if (reading->AllYet()) return status;
    SOTAY_RETURN_IF_ERROR(ButDamage(status));
    return false;
  };
  if (!row.ok()) return failed(row.status());
  // It changed since; the record itself says it as well.
  if (!row->has_value()) return reading->some();
  const absl::StatusOr<sync::Verdict> verdict = reading->Of(place.record, **row);
  if (!verdict.ok()) return failed(verdict.status());
  if (verdict->allowed() && !stands_in) return true;
  reading->LookAtRoot((*row)->dossier_id()).IgnoreError();
  return verdict->allowed();
}

absl::StatusOr<v1::FeedRecord> Supervision::Resolve(const Person& person,
                                                    const std::string& id_bytes,
                                                    Shown* shown) const {
  if (id_bytes.size() < kIdBytesMin || id_bytes.size() > sync::RecordId::kSize) {
    return Malformed(absl::StrCat("record_id of ", id_bytes.size(), " bytes, expected 4 to 16"));
  }
  absl::optional<sync::RecordId> match;
  bool several = false;
  size_t looked_at = 0;
  absl::Status status;
  v1::FeedRecord found;
  // Of a record that is not theirs nothing is read but the short row that says so, and what the
  // guard asks of its dossier's root.
  const auto take = [&](const RecordPlace& place) {
    ++looked_at;
    const std::string unit(place.unit);
    Reading reading = ReadingOf(person, unit);
    reading.LookAnew();
    const auto may = MayRead(&reading, unit, place, /*stands_in=*/false);
    status = may.status();
    if (!status.ok()) return false;
    if (!*may) return looked_at < kNamesakesMax;
    auto stored = store_.LoadRecord(place.record);
    status = stored.status();
    if (!status.ok()) return false;
    v1::Record record;
    if (!stored->has_value() || !record.ParseFromString((*stored)->bytes)) return true;
    const absl::StatusOr<sync::Verdict> verdict = reading.Of(record);
    status = verdict.status();
    if (!status.ok()) return false;
    if (!verdict->allowed()) return looked_at < kNamesakesMax;
    several = match.has_value();
    if (several) return false;
    match = place.record;
    shown->unit.assign(place.unit.data(), place.unit.size());
    shown->lines = verdict->line->name;
    shown->from = shown->to = (*stored)->position;
    found.set_position((*stored)->position);
    *found.mutable_record() = std::move((*stored)->bytes);
    return looked_at < kNamesakesMax;
  };
  SOTAY_RETURN_IF_ERROR(store_.VisitRecords(id_bytes, take));
  SOTAY_RETURN_IF_ERROR(status);
  if (!match.has_value()) {
    // Of what is not there the same is done for another record, so that it takes as long.
    const auto stand_in = [&](const RecordPlace& place) {
      if (looked_at > 0) return;
      const std::string unit(place.unit);
      Reading reading = ReadingOf(person, unit);
      reading.LookAnew();
      status = ButDamage(MayRead(&reading, unit, place, /*stands_in=*/true).status());
    };
    SOTAY_RETURN_IF_ERROR(ButDamage(store_.VisitStandIn(id_bytes, stand_in)));
    SOTAY_RETURN_IF_ERROR(status);
    return NotFound("the record");
  }
  if (several) return Malformed("record_id: several records begin so; give more of it");
  shown->record = match->str();
  shown->count = 1;
  return found;
}

std::vector<std::pair<std::string, Reading>> Supervision::ReadingsOf(
    const Person& person, const std::vector<std::string>& units) const {
  std::vector<std::pair<std::string, Reading>> readings;
  for (const std::string& unit : units) readings.emplace_back(unit, ReadingOf(person, unit));
  return readings;
}

absl::StatusOr<std::string> Supervision::SeenThrough(
    std::vector<std::pair<std::string, Reading>>* units,
    const v1::QuarantinedChange& change) const {
  const auto author = directory_.FindPerson(change.user_id());
  for (auto& [unit, reading] : *units) {
    const bool of_unit = change.unit_id().empty() ? author != nullptr && author->IsIn(unit)
                                                  : unit == change.unit_id();
    if (!of_unit) continue;
    SOTAY_ASSIGN_OR_RETURN(const bool may, reading.OfAside(change));
    if (may) return unit;
  }
  return std::string();
}

absl::StatusOr<bool> Supervision::MaySee(const Person& person,
                                         const v1::QuarantinedChange& change) const {
  auto readings = ReadingsOf(person, directory_.Readable(person));
  SOTAY_ASSIGN_OR_RETURN(const std::string through, SeenThrough(&readings, change));
  return !through.empty();
}

absl::StatusOr<v1::GetRecordResponse> Supervision::GetRecord(const Person& person,
                                                             const v1::GetRecordRequest& request,
                                                             ShownParts* shown) const {
  if (request.history_size() < 0 || request.history_size() > 500) {
    return Malformed(absl::StrCat("history_size ", request.history_size(), ", expected 0 to 500"));
  }
  v1::GetRecordResponse response;
  Shown found;
  SOTAY_ASSIGN_OR_RETURN(*response.mutable_record(), Resolve(person, request.record_id(), &found));
  v1::Record record;
  record.ParseFromString(response.record().record());
  const auto id = *sync::RecordId::From(record.record_id());

  std::vector<v1::LogEntry> newest;
  size_t bytes = 0;
  absl::Status status;
  Reading reading = ReadingOf(person, found.unit);
  if (request.history_size() > 0) {
    SOTAY_RETURN_IF_ERROR(store_.VisitHistoryBackwards(id, [&](uint64_t position) {
      auto entry = store_.LoadEntry(found.unit, position);
      status = entry.status();
      if (!status.ok()) return false;
      bytes += entry->change().size();
      if (!newest.empty() && bytes > kPageBytesMax) return false;
      status = reading.Cut(id.view(), &*entry);
      if (!status.ok()) return false;
      newest.push_back(*std::move(entry));
      return newest.size() < static_cast<size_t>(request.history_size());
    }));
    SOTAY_RETURN_IF_ERROR(GoneOr(&store_, id, status));
  }
  std::for_each(newest.rbegin(), newest.rend(),
                [&](v1::LogEntry& entry) { *response.add_history() = std::move(entry); });
  const absl::StatusOr<absl::optional<sync::History>> telling = HistoryToTell(response.record());
  if (!telling.ok()) return GoneOr(&store_, id, telling.status());
  if (telling->has_value()) {
    for (v1::LogEntry& entry : *response.mutable_history()) (*telling)->TellSeen(&entry);
  }
  const absl::Status told =
      AdmissionLines(&directory_, &store_, &schema_).Tell(record, response.mutable_history());
  if (!told.ok()) return GoneOr(&store_, id, told);
  auto units = ReadingsOf(person, directory_.Readable(person));
  bytes = 0;
  std::set<std::string> others;  // whose words are among what was set aside
  SOTAY_RETURN_IF_ERROR(store_.VisitAside(id, [&](uint64_t, v1::QuarantinedChange change) {
    const absl::StatusOr<std::string> through = SeenThrough(&units, change);
    status = through.status();
    if (!status.ok()) return false;
    if (through->empty() || IsTakenIn(change)) return true;
    if (*through != found.unit) others.insert(*through);
    bytes += change.change().size();
    *response.add_quarantined() = std::move(change);
    return bytes < kPageBytesMax / 2;
  }));
  SOTAY_RETURN_IF_ERROR(status);
  if (shown != nullptr) {
    for (const std::string& unit : others) shown->push_back({unit, found.record, 0, 0, 0});
    shown->push_back(std::move(found));
  }
  return response;
}

// Readers of the entries know nothing of what was refused, nor what its author had seen.
absl::StatusOr<absl::optional<sync::History>> Supervision::HistoryToTell(
    const v1::FeedRecord& found) const {
  v1::Record record;
  if (!record.ParseFromString(found.record())) return absl::DataLossError("record: not a Record");
  bool refused = false;
  SOTAY_RETURN_IF_ERROR(
      store_.VisitAside(*sync::RecordId::From(record.record_id()),
                        [&](uint64_t, const v1::QuarantinedChange&) { return !(refused = true); }));
  if (!refused) return absl::optional<sync::History>();
  SOTAY_ASSIGN_OR_RETURN(sync::History history, store_.LoadHistory(record));
  return absl::optional<sync::History>(std::move(history));
}

absl::StatusOr<v1::ListRecordHistoryResponse> Supervision::ListRecordHistory(
    const Person& person, const v1::ListRecordHistoryRequest& request, ShownParts* shown) const {
  const auto id = sync::RecordId::From(request.record_id());
  if (!id.has_value()) return Malformed("record_id is not 16 bytes");
  const bool packed = request.packed() >= sync::kHistoryVersion;
  const std::string question = QuestionOf(request);
  SOTAY_ASSIGN_OR_RETURN(const size_t size, PageSize(request.page_size(),
                                                     packed ? sync::kHistoryPartChangesMax : 100));
  SOTAY_ASSIGN_OR_RETURN(const auto from, ReadPageToken(question, request.page_token()));
  Shown place;
  SOTAY_ASSIGN_OR_RETURN(const v1::FeedRecord found, Resolve(person, request.record_id(), &place));
  const absl::StatusOr<absl::optional<sync::History>> telling = HistoryToTell(found);
  if (!telling.ok()) return GoneOr(&store_, *id, telling.status());
  Reading reading = ReadingOf(person, place.unit);
  v1::ListRecordHistoryResponse response;
  std::vector<sync::AdmittedEdit> edits;
  sync::HistoryPart part;
  absl::Status status;
  size_t bytes = 0;
  size_t taken = 0;
  uint64_t last = 0;
  bool full = false;
  const auto take = [&](uint64_t position) {
    full = taken == size || bytes > kPageBytesMax;
    if (full) return false;
    auto entry = store_.LoadEntry(place.unit, position);
    status = entry.status();
    if (!status.ok()) return false;
    if (telling->has_value()) (*telling)->TellSeen(&*entry);
    bytes += entry->change().size();
    if (packed) {
      auto edit = sync::AdmittedEditOf(*entry, *id);
      if (!edit.has_value()) status = absl::DataLossError("a change of the record cannot be read");
      full = status.ok() && !part.Take(*edit);
      if (full || !status.ok()) return false;
      edits.push_back(*std::move(edit));
    } else {
      status = reading.Cut(id->view(), &*entry);
      if (!status.ok()) return false;
      *response.add_entries() = *std::move(entry);
    }
    ++taken;
    last = position;
    return true;
  };
  SOTAY_RETURN_IF_ERROR(store_.VisitHistory(*id, from.has_value() ? from->number : 0, take));
  SOTAY_RETURN_IF_ERROR(GoneOr(&store_, *id, status));
  if (full) response.set_next_page_token(PageToken(question, {place.unit, last, ""}));
  if (packed) *response.mutable_packed() = seal::PackHistory(edits);
  if (shown != nullptr) shown->push_back(std::move(place));
  return response;
}

absl::StatusOr<v1::ListQuarantineResponse> Supervision::ListQuarantine(
    const Person& person, const v1::ListQuarantineRequest& request, ShownParts* shown) const {
  const std::string question = QuestionOf(request);
  SOTAY_ASSIGN_OR_RETURN(
      const auto units,
      UnitsFor(person, request.unit_id(), request.unit_id().empty() || request.subtree()));
  SOTAY_ASSIGN_OR_RETURN(const size_t size, PageSize(request.page_size(), 50));
  SOTAY_ASSIGN_OR_RETURN(const auto from, ReadPageToken(question, request.page_token()));
  auto readings = ReadingsOf(person, units);
  std::vector<std::string> shelves = units;
  shelves.emplace_back();  // readable for no unit: shown with the units of their authors
  auto shelf = shelves.begin();
  uint64_t after = 0;
  if (from.has_value()) {
    shelf = std::find(shelves.begin(), shelves.end(), from->unit);
    if (shelf == shelves.end()) return Malformed("page_token: its unit is gone; begin anew");
    after = from->number;
  }
  v1::ListQuarantineResponse response;
  size_t bytes = 0;
  for (; shelf != shelves.end(); ++shelf, after = 0) {
    bool full = false;
    absl::Status status;
    const auto take = [&](uint64_t arrival, v1::QuarantinedChange change) {
      full = response.changes_size() == static_cast<int>(size) || bytes > kPageBytesMax;
      if (full) return false;
      after = arrival;
      const absl::StatusOr<std::string> through = SeenThrough(&readings, change);
      status = through.status();
      if (!status.ok()) return false;
      if (through->empty() || IsTakenIn(change)) return true;
      if (shown != nullptr) AddShown(shown, *through, arrival);
      bytes += change.change().size();
      *response.add_changes() = std::move(change);
      return true;
    };
    SOTAY_RETURN_IF_ERROR(store_.VisitQuarantine(*shelf, after, take));
    SOTAY_RETURN_IF_ERROR(status);
    if (!full) continue;
    response.set_next_page_token(PageToken(question, {*shelf, after, ""}));
    break;
  }
  return response;
}

absl::StatusOr<v1::ListDevicesResponse> Supervision::ListDevices(
    const Person& person, const v1::ListDevicesRequest& request) const {
  SOTAY_ASSIGN_OR_RETURN(
      const auto units,
      UnitsFor(person, request.unit_id(), request.unit_id().empty() || request.subtree()));
  // Of units whose devices are not theirs to see, their own.
  std::vector<std::string> whole;
  std::vector<std::string> own;
  for (const std::string& unit : units) {
    if (directory_.MayRead(person, unit, sync::kDeviceKind)) {
      whole.push_back(unit);
    } else if (directory_.MayRead(person, unit, sync::kDeviceKind, /*own=*/true)) {
      own.push_back(unit);
    }
  }
  v1::ListDevicesResponse response;
  std::set<std::string> listed;
  for (v1::DeviceView& view : directory_.Devices(&whole)) {
    listed.insert(view.device_id());
    *response.add_devices() = std::move(view);
  }
  for (v1::DeviceView& view : directory_.Devices(&own)) {
    if (view.user_id() != person.user.user_id() || !listed.insert(view.device_id()).second)
      continue;
    sync::LeaveOutReasons(&view);
    *response.add_devices() = std::move(view);
  }
  return response;
}

absl::StatusOr<v1::ListUnitsResponse> Supervision::ListUnits(const Person& person) const {
  v1::ListUnitsResponse response;
  for (v1::UnitView& view : directory_.ReadableUnits(person)) {
    *response.add_units() = std::move(view);
  }
  return response;
}

}  // namespace sotay::server
