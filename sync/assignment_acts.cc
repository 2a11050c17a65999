#include "sync/assignment_acts.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/assignments.h"

namespace sotay::sync {
namespace {

Refusal BadValue(std::string message) { return {v1::REASON_BAD_VALUE, std::move(message)}; }
Refusal MayNot(std::string message) { return {v1::REASON_WRITER_MAY_NOT, std::move(message)}; }

Assigned AssignedIn(const v1::DossierAct* act) {
  return act == nullptr ? Assigned() : Assigned(act->assigned().begin(), act->assigned().end());
}

// What the assignment takes the place of is one of its dossier, or what its opener has; and is its
// author's to end.
absl::optional<Refusal> CheckSupersedes(const Arrival& arrival, const RecordId& before, bool leads,
                                        Bench* bench) {
  const v1::Change& change = *arrival.pushed->change;
  const WrittenRecord* const found = bench->Find(before);
  const bool here = found != nullptr && found->unit_id() == change.unit_id() &&
                    found->dossier().view() == change.dossier_id();
  const bool opening = before.view() == change.dossier_id();
  const auto assignment = here ? AssignmentOf(found->record()) : absl::nullopt;
  if (!here || (!opening && !assignment.has_value())) {
    return BadValue(
        absl::StrCat("supersedes: no assignment ", before.Short(),
                     " is in the dossier; name one, or the root for whoever opened it"));
  }
  if (leads) return absl::nullopt;
  if (opening || assignment->decides ||
      found->record().birth().user_id != arrival.push->device.user_id()) {
    return MayNot(
        "supersedes: who may not say whose the dossier is ends what they gave themselves");
  }
  return absl::nullopt;
}

absl::optional<Refusal> CheckBirth(const Arrival& arrival, const RecordType& type,
                                   const v1::RecordEdit& edit, bool leads, Bench* bench) {
  const v1::Change& change = *arrival.pushed->change;
  const auto assignment = AssignmentIn(type, edit);
  if (bench->Find(*RecordId::From(change.dossier_id())) == nullptr) {
    return BadValue("nobody is assigned to a dossier with the change that opens it; do it after");
  }
  if (!assignment.has_value())
    return BadValue("no assignment: it says not whom, as what, or where");
  if (assignment->parent.view() != change.dossier_id()) {
    return BadValue("an assignment hangs under the root of its dossier");
  }
  const auto there = bench->input.assignable.find(change.unit_id());
  if (there == bench->input.assignable.end() || there->second.count(assignment->user_id) == 0) {
    return BadValue(absl::StrCat("user ", assignment->user_id, " has no post in unit ",
                                 change.unit_id(), " that reads there; assign somebody who has"));
  }
  if (assignment->supersedes.has_value()) {
    if (auto refusal = CheckSupersedes(arrival, *assignment->supersedes, leads, bench)) {
      return refusal;
    }
  }
  const DossierActs* const acts = bench->ActsOf(change.unit_id());
  const v1::DossierAct* const stands =
      acts == nullptr ? nullptr : acts->Standing(change.dossier_id());
  if (leads) {
    if (stands != nullptr &&
        std::max(stands->assigned_size(), stands->people_size()) >= kNamedPeopleMax) {
      return Refusal{v1::REASON_TOO_LARGE,
                     absl::StrCat("people of the dossier: limit ", kNamedPeopleMax,
                                  "; end an assignment first")};
    }
    return absl::nullopt;
  }
  // Those whom the table lets see it always are no help to a prosecutor: they ask, and are asked.
  const Day day = arrival.push->rights == nullptr ? 0 : arrival.push->rights->day;
  if (stands != nullptr && !Leaves(*stands, assignment->user_id, day)) {
    return MayNot(absl::StrCat("user ", assignment->user_id,
                               " does not see the dossier; whoever may say who does assigns them"));
  }
  return absl::nullopt;
}

// The people an act names after `before` became `after`.
void MoveNames(const Assigned& before, const Assigned& after, v1::DossierAct* act) {
  auto* const people = act->mutable_people();
  const auto name_of = [people](const std::string& user) {
    return std::find_if(people->begin(), people->end(),
                        [&user](const v1::NamedPerson& one) { return one.user_id() == user; });
  };
  for (const v1::AssignedPerson& one : before) {
    const auto named = name_of(one.user_id());
    if (named != people->end() && !one.ended() && !IsAssigned(after, one.user_id())) {
      people->erase(named);
    }
  }
  for (const v1::AssignedPerson& one : after) {
    const bool was = std::any_of(before.begin(), before.end(), [&one](const auto& other) {
      return other.assignment_id() == one.assignment_id() && !other.ended();
    });
    if (was || one.ended()) continue;
    const auto named = name_of(one.user_id());
    if (named != people->end()) {
      named->clear_valid_to();
    } else {
      people->Add()->set_user_id(one.user_id());
    }
  }
  std::sort(people->begin(), people->end(),
            [](const auto& a, const auto& b) { return a.user_id() < b.user_id(); });
}

bool Same(const Assigned& a, const Assigned& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& one, const auto& other) {
    return one.assignment_id() == other.assignment_id() && one.ended() == other.ended();
  });
}

}  // namespace

absl::optional<Refusal> CheckAssigns(const Arrival& arrival, const RecordType& type,
                                     const v1::RecordEdit& edit, const MergedRecord& base,
                                     bool leads, Bench* bench) {
  if (base.empty()) {
    if (auto refusal = CheckBirth(arrival, type, edit, leads, bench)) return refusal;
  }
  return CheckAnswers(type, edit, base, arrival.push->device.user_id(),
                      arrival.pushed->change->reason());
}

void SayAssigned(const Arrival& arrival, const Decision& decision, Bench* bench) {
  const v1::Change& change = *arrival.pushed->change;
  const RecordId root_id = *RecordId::From(change.dossier_id());
  const Matrix* const matrix = bench->input.matrix.get();
  bool opens = false;
  bool assigns = false;
  for (const ReadyEdit& ready : decision.ready) {
    const RecordType* const type = bench->input.schema->Find(ready.edit->type());
    assigns = assigns || (type != nullptr && type->assigning != nullptr);
    opens = opens || (matrix != nullptr && ready.edit->parents().empty() &&
                      ready.edit->record_id() == change.dossier_id() &&
                      matrix->TypeOf(ready.edit->type()).assigned_only);
  }
  if (!opens && !assigns) return;
  const DossierActs* const acts = bench->ActsOf(change.unit_id());
  const v1::DossierAct* const stands = acts == nullptr ? nullptr : acts->Standing(root_id.view());
  v1::DossierAct act = stands == nullptr ? v1::DossierAct() : *stands;
  Assigned before = AssignedIn(stands);
  if (before.empty()) {
    before = AssignedAtOpening(root_id, bench->Find(root_id)->record().birth().user_id);
  }
  if (opens) {
    act.set_restricted(true);
    act.set_by_assignment(root_id.str());
    MoveNames({}, before, &act);
  }
  Assigned after = before;
  for (const ReadyEdit& ready : decision.ready) {
    const auto id = *RecordId::From(ready.edit->record_id());
    const auto assignment = AssignmentOf(bench->Find(id)->record());
    if (!assignment.has_value() || !assignment->decides) continue;
    if (ready.edit->parents().empty()) {
      Assign(id, *assignment, &after);
    } else {
      NoteEnded(id, assignment->ended, &after);
    }
    act.set_by_assignment(id.str());
  }
  if (!opens && Same(before, after)) return;
  if (act.restricted()) MoveNames(before, after, &act);
  *act.mutable_assigned() = {after.begin(), after.end()};
  act.set_number((acts == nullptr ? 0 : acts->newest()) + 1);
  act.set_unit_id(change.unit_id());
  act.set_dossier_id(root_id.str());
  act.clear_reason();
  act.set_set_by(arrival.push->device.user_id());
  act.set_set_ms(bench->input.now_ms);
  bench->Say(std::move(act));
}

}  // namespace sotay::sync
