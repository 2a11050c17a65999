#include "server/access_reading.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/match.h"
#include "server/page.h"
#include "server/refusal.h"
#include "sotay/v1/record.pb.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

// Rows one page looks through: some 20 ms.
constexpr size_t kRowsLookedAtMax = 20'000;
// A refused read is looked up, which takes as long as looking at so many.
constexpr size_t kRowsOfALookup = 8;
// Of a record's changes, the newest whose places are told apart.
constexpr size_t kPlacesMax = 1'000;
constexpr size_t kNamesakesMax = 256;
// How much later than the server took a change a read may still have shown the record before it;
// and how far its clock may have been set back between the two.
constexpr int64_t kSlackMs = 60'000;

// Where a record stood from then on.
struct Place {
  uint64_t position = 0;
  int64_t since_ms = 0;
};

}  // namespace

// What is asked about.
struct AccessReading::Subject {
  std::string unit;
  std::string record;  // empty: the unit as a whole
  std::string type;
  std::string dossier;
  std::vector<Place> places;  // the newest first
};

absl::Status AccessReading::LearnPlaces(Subject* subject) const {
  const auto id = sync::RecordId::From(subject->record);
  if (!id.has_value()) return absl::OkStatus();  // of a unit
  absl::Status status;
  SOTAY_RETURN_IF_ERROR(store_.VisitHistoryBackwards(*id, [&](uint64_t position) {
    const auto admission = store_.LoadAdmission(subject->unit, position);
    status = admission.status();
    if (!status.ok()) return false;
    subject->places.push_back({position, admission->received_ms()});
    return subject->places.size() < kPlacesMax;
  }));
  return status;
}

absl::StatusOr<AccessReading::Subject> AccessReading::RecordFor(const Person& person,
                                                                const std::string& id_bytes) const {
  Shown shown;
  SOTAY_ASSIGN_OR_RETURN(const v1::FeedRecord found,
                         supervision_.Resolve(person, id_bytes, &shown));
  v1::Record record;
  if (!record.ParseFromString(found.record())) return absl::DataLossError("record: not a Record");
  const auto id = *sync::RecordId::From(shown.record);
  bool may = directory_.MayRead(person, shown.unit, sync::kAuditKind);
  absl::Status status;
  if (!may && directory_.MayRead(person, shown.unit, sync::kAuditKind, /*own=*/true)) {
    // Who began it.
    SOTAY_RETURN_IF_ERROR(store_.VisitHistory(id, 0, [&](uint64_t position) {
      const auto birth = store_.LoadAdmission(shown.unit, position);
      status = birth.status();
      may = birth.ok() && birth->user_id() == person.user.user_id();
      return false;
    }));
    SOTAY_RETURN_IF_ERROR(status);
  }
  if (!may) {
    return RoleMayNot("who read a record is shown to whoever began it and to supervisors");
  }
  Subject subject;
  subject.unit = shown.unit;
  subject.record = shown.record;
  subject.type = record.type();
  subject.dossier = record.dossier_id();
  return subject;
}

absl::StatusOr<AccessReading::Subject> AccessReading::SubjectOf(
    const Person& person, const v1::ListAccessRequest& request) const {
  if (request.of_case() == v1::ListAccessRequest::kRecordId) {
    return RecordFor(person, request.record_id());
  }
  if (request.of_case() != v1::ListAccessRequest::kUnitId) {
    return Malformed("of: neither a record nor a unit; say which");
  }
  if (!directory_.MayRead(person, request.unit_id())) return NotFound("the unit");
  if (!directory_.MayRead(person, request.unit_id(), sync::kAuditKind)) {
    return RoleMayNot("who read a unit's records is shown to its supervisors; ask of one record");
  }
  Subject subject;
  subject.unit = request.unit_id();
  return subject;
}

absl::StatusOr<bool> AccessReading::NamesKeptBack(const Person& person, Reading* reading,
                                                  const v1::AccessEntry& read) const {
  for (const std::string& named : {read.record_id(), read.dossier_id()}) {
    const auto id = sync::RecordId::From(named);
    if (!id.has_value()) continue;
    SOTAY_ASSIGN_OR_RETURN(const bool is, IsKeptBack(person, reading, read.unit_id(), *id));
    if (is) return true;
  }
  return false;
}

absl::StatusOr<bool> AccessReading::IsKeptBack(const Person& person, Reading* reading,
                                               absl::string_view unit,
                                               const sync::RecordId& id) const {
  SOTAY_ASSIGN_OR_RETURN(const auto stored, store_.LoadRecord(id));
  if (!stored.has_value()) return false;
  v1::Record record;
  if (!record.ParseFromString(stored->bytes)) return absl::DataLossError("record: not a Record");
  const std::string& dossier = record.dossier_id();
  if (!directory_.KeepsBack(unit, dossier, person.user.user_id())) return false;
  // Who had what proved to be secret is for those who answer for it.
  const auto acts = directory_.DossiersOf(unit);
  if (acts != nullptr && acts->IsSealed(dossier)) return false;
  SOTAY_ASSIGN_OR_RETURN(const sync::Verdict verdict, reading->Of(record));
  return !verdict.allowed();
}

bool AccessReading::StoodAmong(const Subject& subject, const v1::AccessEntry& read) const {
  if (!read.dossier_id().empty() && read.dossier_id() != subject.dossier) return false;
  if (!read.type().empty()) {
    const sync::RecordType* type = schema_.Find(read.type());
    if (type != nullptr && type->name != subject.type) return false;
  }
  for (const Place& place : subject.places) {
    if (place.since_ms <= read.at_ms() + kSlackMs && place.position >= read.from() &&
        place.position <= read.to()) {
      return true;
    }
    if (place.since_ms + kSlackMs < read.at_ms()) return false;
  }
  // Of older places nothing is known here: rather a read too many.
  return subject.places.size() == kPlacesMax && read.from() <= subject.places.back().position;
}

absl::StatusOr<bool> AccessReading::ConcernsUnit(const std::string& unit,
                                                 const v1::AccessEntry& refused,
                                                 const Person& person, Reading* reading) const {
  if (refused.unit_id() == unit) return true;
  const auto reader = directory_.FindPerson(refused.user_id());
  if (reader != nullptr && reader->IsIn(unit)) return true;
  if (refused.record_id().empty()) return false;
  bool ours = false;
  size_t looked_at = 0;
  absl::Status status;
  SOTAY_RETURN_IF_ERROR(store_.VisitRecords(refused.record_id(), [&](const RecordPlace& place) {
    ours = place.unit == unit;
    if (ours && !reading->AllYet()) {
      const auto kept_back = IsKeptBack(person, reading, unit, place.record);
      status = kept_back.status();
      ours = kept_back.ok() && !*kept_back;
    }
    return status.ok() && !ours && ++looked_at < kNamesakesMax;
  }));
  SOTAY_RETURN_IF_ERROR(status);
  return ours;
}

absl::StatusOr<bool> AccessReading::Concerns(const Subject& subject, const v1::AccessEntry& read,
                                             const Person& person, Reading* reading) const {
  const bool refused = read.rule() == v1::ACCESS_RULE_REFUSED;
  if (subject.record.empty()) {
    if (refused) return ConcernsUnit(subject.unit, read, person, reading);
    if (reading->AllYet()) return true;
    SOTAY_ASSIGN_OR_RETURN(const bool kept_back, NamesKeptBack(person, reading, read));
    return !kept_back;
  }
  if (refused) {
    return !read.record_id().empty() && absl::StartsWith(subject.record, read.record_id());
  }
  if (!read.record_id().empty()) return read.record_id() == subject.record;
  // Places in quarantine are none in the log.
  return read.kind() != v1::ACCESS_KIND_QUARANTINE && StoodAmong(subject, read);
}

absl::Status AccessReading::MayAsk(const Person& person,
                                   const v1::ListAccessRequest& request) const {
  return SubjectOf(person, request).status();
}

absl::StatusOr<v1::ListAccessResponse> AccessReading::ListAccess(
    const Person& person, const v1::ListAccessRequest& request) const {
  const std::string question = QuestionOf(request);
  SOTAY_ASSIGN_OR_RETURN(Subject subject, SubjectOf(person, request));
  SOTAY_RETURN_IF_ERROR(LearnPlaces(&subject));
  SOTAY_ASSIGN_OR_RETURN(const size_t size, PageSize(request.page_size(), 50));
  SOTAY_ASSIGN_OR_RETURN(const auto from, ReadPageToken(question, request.page_token()));
  const std::vector<std::string> shelves = {subject.unit, ""};
  auto shelf = shelves.begin();
  uint64_t before = std::numeric_limits<uint64_t>::max();
  if (from.has_value()) {
    shelf = std::find(shelves.begin(), shelves.end(), from->unit);
    if (shelf == shelves.end()) return Malformed("page_token: of another unit; begin anew");
    before = from->number;
  }
  v1::ListAccessResponse response;
  Reading reading(directory_, &store_, schema_, person, subject.unit);
  const bool discreet = !reading.all();
  const size_t looks = discreet && subject.record.empty() ? kRowsOfALookup : 0;
  size_t looked_at = 0;
  absl::Status failed;
  for (; shelf != shelves.end(); ++shelf, before = std::numeric_limits<uint64_t>::max()) {
    bool full = false;
    const auto take = [&](v1::AccessEntry read) {
      before = read.number();
      looked_at += shelf->empty() ? kRowsOfALookup : 1 + (reading.AllYet() ? 0 : looks);
      const auto concerns = Concerns(subject, read, person, &reading);
      failed = concerns.status();
      if (failed.ok() && *concerns) {
        // Numbers of refused ones would tell how many others there were.
        if (shelf->empty() || discreet) read.clear_number();
        if (discreet && read.record_id().empty()) {
          read.clear_from();
          read.clear_to();
          read.clear_shown();
        }
        *response.add_entries() = std::move(read);
      }
      full = response.entries_size() == static_cast<int>(size) || looked_at >= kRowsLookedAtMax;
      return !full && failed.ok();
    };
    SOTAY_RETURN_IF_ERROR(store_.VisitReadsBackwards(*shelf, before, take));
    SOTAY_RETURN_IF_ERROR(failed);
    if (!full) continue;
    response.set_next_page_token(PageToken(question, {*shelf, before, ""}));
    break;
  }
  return response;
}

}  // namespace sotay::server
