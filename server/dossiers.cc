#include "server/dossiers.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/reading.h"
#include "server/reason.h"
#include "server/refusal.h"
#include "server/supervision.h"
#include "sync/assignment_acts.h"
#include "sync/fragment.h"
#include "sync/merged_record.h"
#include "sync/rights.h"
#include "sync/status_macros.h"
#include "sync/validate.h"

namespace sotay::server {
namespace {

absl::Status CheckPeople(const Directory& directory, const std::string& unit,
                         const google::protobuf::RepeatedPtrField<v1::NamedPerson>& people) {
  if (people.size() > sync::kNamedPeopleMax) {
    return TooLarge("people", static_cast<uint64_t>(people.size()), sync::kNamedPeopleMax,
                    "open the dossier to the unit");
  }
  std::set<std::string> named;
  for (const v1::NamedPerson& one : people) {
    if (!sync::IsSlug(one.user_id(), /*dots=*/true)) return Malformed("people: no user id");
    if (!named.insert(one.user_id()).second) {
      return Malformed(absl::StrCat("people: ", one.user_id(), " is named twice"));
    }
    const auto person = directory.FindPerson(one.user_id());
    if (person == nullptr || !directory.MayRead(*person, unit)) {
      return NotFound(absl::StrCat("user ", one.user_id(), " with a post that reads there"));
    }
    if (one.valid_to() == 0) continue;
    if (!sync::IsDay(one.valid_to())) {
      return Malformed(absl::StrCat("valid_to ", one.valid_to(), ": no day, expected yyyymmdd"));
    }
    if (one.valid_to() < directory.today()) {
      return Malformed(absl::StrCat("valid_to ", one.valid_to(), ": the last day of ",
                                    one.user_id(), " is over"));
    }
  }
  return absl::OkStatus();
}

bool SaysTheSame(const v1::DossierAct& a, const v1::DossierAct& b) {
  const auto same = [](const v1::NamedPerson& one, const v1::NamedPerson& other) {
    return one.user_id() == other.user_id() && one.valid_to() == other.valid_to();
  };
  return a.restricted() == b.restricted() && std::equal(a.people().begin(), a.people().end(),
                                                        b.people().begin(), b.people().end(), same);
}

// Writes the act as the unit's next, unless it stands already.
absl::StatusOr<v1::DossierAct> Say(Pen* pen, const Person& person, const std::string& record_id,
                                   v1::DossierAct act) {
  const Directory& directory = pen->directory();
  // What was pushed before may not have come to the disk yet.
  pen->Settle();
  SOTAY_ASSIGN_OR_RETURN(const RuledDossier dossier, DossierOf(directory, &pen->store(), person,
                                                               record_id, sync::Verb::kAssign));
  if (!dossier.verdict.allowed()) {
    return RoleMayNot(absl::StrCat(
        "who sees the dossier is for others to say; ",
        sync::Why(*directory.rules().matrix, dossier.verdict, sync::Verb::kAssign, dossier.kind)));
  }
  SOTAY_RETURN_IF_ERROR(CheckReason(act.reason()));
  SOTAY_RETURN_IF_ERROR(CheckPeople(directory, dossier.unit, act.people()));
  std::sort(act.mutable_people()->begin(), act.mutable_people()->end(),
            [](const auto& a, const auto& b) { return a.user_id() < b.user_id(); });
  act.set_unit_id(dossier.unit);
  act.set_dossier_id(dossier.id);
  const auto acts = directory.DossiersOf(dossier.unit);
  const v1::DossierAct* const stands = acts == nullptr ? nullptr : acts->Standing(dossier.id);
  // What is said for itself stands over what hides it until it begins, also for the same people.
  const v1::DossierAct* const word = acts == nullptr ? nullptr : acts->LastWord(dossier.id);
  const bool hidden = word != nullptr && sync::Hides(*word);
  if (stands != nullptr && !hidden && SaysTheSame(*stands, act)) return *stands;
  // What is said for itself changes nothing of whom it is assigned to.
  if (stands != nullptr) *act.mutable_assigned() = stands->assigned();
  act.set_number(acts == nullptr ? 1 : acts->newest() + 1);
  act.set_set_by(person.user.user_id());
  act.set_set_ms(pen->now_ms());
  act.DiscardUnknownFields();
  Tables tables;
  tables.dossier_acts.push_back(act);
  SOTAY_RETURN_IF_ERROR(pen->Commit(tables));
  return act;
}

// A gap between the numbers one is told would tell that something was said of another dossier.
v1::DossierAct AsTold(Pen* pen, const Person& person, v1::DossierAct act) {
  const Reading reading(pen->directory(), &pen->store(), pen->schema(), person, act.unit_id());
  if (!reading.all()) act.clear_number();
  return act;
}

// Of an act by an assignment, or by an opening, why: as its record says, which may be gone, or not
// the reader's.
absl::Status TellReason(Store* store, Reading* reading, v1::DossierAct* act) {
  const auto id = sync::RecordId::From(act->by_assignment());
  if (!id.has_value() || act->by_assignment() == act->dossier_id()) return absl::OkStatus();
  SOTAY_ASSIGN_OR_RETURN(const auto stored, store->LoadRecord(*id));
  if (!stored.has_value()) return absl::OkStatus();
  v1::Record read;
  if (!read.ParseFromString(stored->bytes)) return absl::DataLossError("record: not a Record");
  SOTAY_ASSIGN_OR_RETURN(const sync::Verdict verdict, reading->Of(read));
  if (!verdict.allowed()) return absl::OkStatus();
  SOTAY_ASSIGN_OR_RETURN(const auto record, sync::MergedRecord::FromProto(store->schema(), read));
  if (record.type() == nullptr || record.type()->title == nullptr) return absl::OkStatus();
  const sync::FieldSlot* const slot = record.Slot(record.type()->title->number);
  if (slot == nullptr || slot->readings.empty()) return absl::OkStatus();
  act->set_reason(std::string(sync::StringOf(slot->readings.front().value).value_or("")));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RuledDossier> DossierOf(const Directory& directory, Store* store,
                                       const Person& person, const std::string& record_id,
                                       sync::Verb verb) {
  if (record_id.size() != sync::RecordId::kSize) return Malformed("record_id is not 16 bytes");
  Shown shown;
  SOTAY_ASSIGN_OR_RETURN(
      const v1::FeedRecord found,
      Supervision(&directory, store, &store->schema()).Resolve(person, record_id, &shown));
  v1::Record record;
  if (!record.ParseFromString(found.record())) return absl::DataLossError("record: not a Record");
  const auto root_id = sync::RecordId::From(record.dossier_id());
  SOTAY_ASSIGN_OR_RETURN(const auto root_stored,
                         root_id.has_value() ? store->LoadRecord(*root_id)
                                             : absl::StatusOr<absl::optional<StoredRecord>>());
  if (!root_stored.has_value()) return absl::DataLossError("a record's dossier is missing");
  SOTAY_ASSIGN_OR_RETURN(const auto root,
                         sync::MergedRecord::Parse(store->schema(), root_stored->bytes));
  const sync::Matrix& matrix = *directory.rules().matrix;
  const std::string& user = person.user.user_id();
  const auto acts = directory.DossiersOf(shown.unit);
  sync::Facts facts;
  facts.kind = matrix.TypeOf(root.type_name()).kind;
  if (root.empty()) return absl::DataLossError("a record's dossier was never opened");
  facts.begun = root.birth().user_id == user;
  facts.fields = sync::FieldsOfDossier(matrix, root);
  facts.kept_back = directory.KeepsBack(shown.unit, record.dossier_id(), user);
  facts.assigned = sync::IsTheirs(acts.get(), record.dossier_id(), user, root.birth().user_id);
  return RuledDossier{shown.unit, record.dossier_id(),
                      sync::Decide(matrix, directory.SeatsOf(person, shown.unit), verb, facts),
                      facts.kind};
}

bool MaySealIn(const Directory& directory, const Person& person, absl::string_view unit) {
  const sync::Matrix& matrix = *directory.rules().matrix;
  const sync::Seats seats = directory.SeatsOf(person, unit);
  sync::Facts facts;
  facts.kept_back = true;
  for (size_t kind = 0; kind < matrix.kinds().size(); ++kind) {
    facts.kind = static_cast<sync::Kind>(kind);
    if (sync::Decide(matrix, seats, sync::Verb::kSeal, facts).allowed()) return true;
  }
  return false;
}

absl::StatusOr<v1::RestrictDossierResponse> RestrictDossier(
    Pen* pen, const Person& person, const v1::RestrictDossierRequest& request) {
  v1::DossierAct act;
  act.set_restricted(true);
  *act.mutable_people() = request.people();
  act.set_reason(request.reason());
  v1::RestrictDossierResponse response;
  SOTAY_ASSIGN_OR_RETURN(act, Say(pen, person, request.record_id(), std::move(act)));
  *response.mutable_act() = AsTold(pen, person, std::move(act));
  return response;
}

absl::StatusOr<v1::OpenDossierResponse> OpenDossier(Pen* pen, const Person& person,
                                                    const v1::OpenDossierRequest& request) {
  v1::DossierAct act;
  act.set_reason(request.reason());
  v1::OpenDossierResponse response;
  SOTAY_ASSIGN_OR_RETURN(act, Say(pen, person, request.record_id(), std::move(act)));
  *response.mutable_act() = AsTold(pen, person, std::move(act));
  return response;
}

absl::Status TakeOutPassedNames(Pen* pen) {
  const Directory& directory = pen->directory();
  const sync::Day today = directory.today();
  // An assignment may be on its way to the disk, with the next number.
  pen->Settle();
  Tables tables;
  for (const std::string& unit : directory.UnitsWithDossierActs()) {
    const auto acts = directory.DossiersOf(unit);
    uint64_t newest = acts->newest();
    for (const v1::DossierAct* stands : acts->Standing()) {
      v1::DossierAct act = *stands;
      auto* const people = act.mutable_people();
      people->erase(
          std::remove_if(people->begin(), people->end(),
                         [today](const v1::NamedPerson& one) { return sync::IsOver(one, today); }),
          people->end());
      if (people->size() == stands->people_size()) continue;
      act.set_number(++newest);
      act.clear_set_by();
      act.clear_by_assignment();
      act.clear_cause();
      act.set_set_ms(pen->now_ms());
      tables.dossier_acts.push_back(std::move(act));
    }
  }
  return tables.dossier_acts.empty() ? absl::OkStatus() : pen->Commit(tables);
}

absl::StatusOr<v1::ListDossierActsResponse> ListDossierActs(
    const Directory& directory, Store* store, const Person& person,
    const v1::ListDossierActsRequest& request) {
  if (!request.unit_id().empty() && !directory.MayRead(person, request.unit_id())) {
    return NotFound("the unit");
  }
  v1::ListDossierActsResponse response;
  for (const std::string& unit :
       directory.Readable(person, request.unit_id(), request.unit_id().empty())) {
    const auto acts = directory.DossiersOf(unit);
    if (acts == nullptr) continue;
    std::map<std::string, bool> decides;
    Reading reading(directory, store, store->schema(), person, unit);
    for (const v1::DossierAct& act : acts->all()) {
      const bool stands = acts->Standing(act.dossier_id()) == &act && act.restricted();
      if (!stands && !request.history()) continue;
      if (decides.count(act.dossier_id()) == 0) {
        const auto dossier =
            DossierOf(directory, store, person, act.dossier_id(), sync::Verb::kAssign);
        if (!dossier.ok() && !absl::IsNotFound(dossier.status())) return dossier.status();
        decides[act.dossier_id()] =
            dossier.ok() ? dossier->verdict.allowed()
                         : acts->IsSealed(act.dossier_id()) && MaySealIn(directory, person, unit);
      }
      if (!decides[act.dossier_id()]) continue;
      v1::DossierAct& told = *response.add_acts();
      told = act;
      if (!reading.all()) told.clear_number();
      SOTAY_RETURN_IF_ERROR(TellReason(store, &reading, &told));
    }
  }
  return response;
}

}  // namespace sotay::server
