#include "sync/assignment_acts.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/assignments.h"
#include "sync/fragment.h"
#include "sync/unknown_time.h"

namespace sotay::sync {
namespace {

Refusal BadValue(std::string message) { return {v1::REASON_BAD_VALUE, std::move(message)}; }
Refusal MayNot(std::string message) { return {v1::REASON_WRITER_MAY_NOT, std::move(message)}; }

Assigned AssignedIn(const v1::DossierAct* act) {
  return act == nullptr ? Assigned() : Assigned(act->assigned().begin(), act->assigned().end());
}

const v1::DossierAct* StandingOf(const v1::Change& change, const Bench& bench) {
  const DossierActs* const acts = bench.ActsOf(change.unit_id());
  return acts == nullptr ? nullptr : acts->Standing(change.dossier_id());
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

// Whom it names has a post there by which they read and answer.  Who gets one tomorrow may be
// assigned then: what came too early can be taken in.
absl::optional<Refusal> CheckAssignee(const RecordType& type, const std::string& user,
                                      const WrittenRecord& root, const Bench& bench) {
  const auto there = bench.input.assignable.find(root.unit_id());
  const Rights* rights = nullptr;
  bool reads = false;
  if (there != bench.input.assignable.end()) {
    const auto assignee = there->second.find(user);
    reads = assignee != there->second.end();
    if (reads) rights = assignee->second.get();
  }
  if (!reads) {
    return MayNot(absl::StrCat("user ", user, " has no post in unit ", root.unit_id(),
                               " that reads there; assign somebody who has, or have this taken in "
                               "when they do"));
  }
  if (rights != nullptr && !MayAnswer(*rights, type, root.record())) {
    return MayNot(
        absl::StrCat("user ", user, " could not answer: no post of theirs lets them edit ",
                     "or approve an assignment in this dossier; assign somebody who may"));
  }
  return absl::nullopt;
}

// Counts who is there when it is taken: whom it replaces, and what was ended, makes room.
absl::optional<Refusal> CheckCount(const v1::DossierAct* stands, const RecordId& id,
                                   const Assignment& assignment, const MergedRecord& root) {
  const Assigned before = AssignedNow(stands, root);
  Assigned after = before;
  Assign(id, assignment, &after);
  v1::DossierAct act = stands == nullptr ? v1::DossierAct() : *stands;
  if (act.restricted()) MoveNames(before, after, &act);
  const auto there = std::count_if(after.begin(), after.end(),
                                   [](const v1::AssignedPerson& one) { return !one.ended(); });
  if (std::max<int64_t>(there, act.people_size()) <= kNamedPeopleMax) return absl::nullopt;
  return Refusal{v1::REASON_TOO_LARGE,
                 absl::StrCat("people of the dossier: limit ", kNamedPeopleMax,
                              "; end an assignment first, or name the one this replaces")};
}

// What somebody said for itself of who sees the dossier is not undone by what is older: its
// author's device had not heard of it, or heard of it only when this was written already, as phones
// ask before they send.
absl::optional<Refusal> CheckHeard(const Arrival& arrival, const Bench& bench) {
  // Whoever takes it in sees what was said.
  if (arrival.taken != nullptr) return absl::nullopt;
  const v1::Change& change = *arrival.pushed->change;
  const DossierActs* const acts = bench.ActsOf(change.unit_id());
  const v1::DossierAct* const said =
      acts == nullptr ? nullptr : acts->SaidForItself(change.dossier_id());
  if (said == nullptr) return absl::nullopt;
  // By the server's clock, as far as the device's is known.
  const int64_t skew_ms = arrival.push->skew_ms;
  const bool before = skew_ms == kSkewUnknown || change.claimed_ms() - skew_ms < said->set_ms();
  if (!before && said->number() <= arrival.Heard(change.unit_id())) return absl::nullopt;
  return MayNot(absl::StrCat("user ", said->set_by(), " said who sees the dossier (act ",
                             said->number(),
                             "), which this was written without; write it anew, or have it taken "
                             "in"));
}

absl::optional<Refusal> CheckBirth(const Arrival& arrival, const RecordType& type,
                                   const v1::RecordEdit& edit, bool leads, Bench* bench) {
  const v1::Change& change = *arrival.pushed->change;
  const auto assignment = AssignmentIn(type, edit);
  const WrittenRecord* const root = bench->Find(*RecordId::From(change.dossier_id()));
  if (root == nullptr) {
    return BadValue("nobody is assigned to a dossier with the change that opens it; do it after");
  }
  if (!assignment.has_value())
    return BadValue("no assignment: it says not whom, as what, or where");
  if (assignment->parent.view() != change.dossier_id()) {
    return BadValue("an assignment hangs under the root of its dossier");
  }
  if (auto refusal = CheckAssignee(type, assignment->user_id, *root, *bench)) return refusal;
  if (assignment->supersedes.has_value()) {
    if (auto refusal = CheckSupersedes(arrival, *assignment->supersedes, leads, bench)) {
      return refusal;
    }
  }
  const v1::DossierAct* const stands = StandingOf(change, *bench);
  if (leads) {
    return CheckCount(stands, *RecordId::From(edit.record_id()), *assignment, root->record());
  }
  // Those whom the table lets see it always are no help to a prosecutor: they ask, and are asked.
  const Rights* const rights =
      arrival.taken == nullptr ? arrival.push->rights.get() : arrival.taken->decider.get();
  const Day day = rights == nullptr ? 0 : rights->day;
  if (stands != nullptr && !Leaves(*stands, assignment->user_id, day)) {
    return MayNot(absl::StrCat("user ", assignment->user_id,
                               " does not see the dossier; whoever may say who does assigns them"));
  }
  return absl::nullopt;
}

// Whether the edit steps to where the assignment gives nothing any more.
bool Ends(const Assigning& assigning, const v1::RecordEdit& edit) {
  return std::any_of(edit.ops().begin(), edit.ops().end(), [&assigning](const v1::FieldOp& op) {
    return op.field() == assigning.state &&
           assigning.ends.count(static_cast<int32_t>(VarintOf(op.set()).value_or(0))) != 0;
  });
}

bool Same(const Assigned& a, const Assigned& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& one, const auto& other) {
    return one.assignment_id() == other.assignment_id() && one.ended() == other.ended();
  });
}

}  // namespace

Assigned AssignedNow(const v1::DossierAct* stands, const MergedRecord& root) {
  Assigned assigned = AssignedIn(stands);
  return assigned.empty() ? AssignedAtOpening(root.id(), root.birth().user_id) : assigned;
}

void SayFor(const Arrival& arrival, v1::DossierAct act, Bench* bench) {
  const v1::Change& change = *arrival.pushed->change;
  const DossierActs* const acts = bench->ActsOf(change.unit_id());
  act.set_number((acts == nullptr ? 0 : acts->newest()) + 1);
  act.set_unit_id(change.unit_id());
  act.set_dossier_id(change.dossier_id());
  // Of what was taken in, who decided it.
  act.set_set_by(arrival.taken != nullptr ? arrival.taken->taken_in.user_id()
                                          : arrival.push->device.user_id());
  act.set_set_ms(bench->input.now_ms);
  bench->Say(std::move(act));
}

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

bool Leads(const Arrival& arrival, const std::set<Role>& roles, bool begins, Bench* bench) {
  const v1::Change& change = *arrival.pushed->change;
  const bool taken = arrival.taken != nullptr;
  const Rights* const rights = taken ? arrival.taken->decider.get() : arrival.push->rights.get();
  if (rights == nullptr) return !taken && roles.count(options::v1::ROLE_SUPERVISOR) != 0;
  const WrittenRecord* const root = bench->Find(*RecordId::From(change.dossier_id()));
  if (root == nullptr) return false;
  if (taken && begins) {
    const Rights* const author = arrival.taken->written_by.get();
    if (author == nullptr || !AssignsInUnit(*author, root->unit_id(), root->record())) return false;
  }
  return MayAssign(*rights, root->unit_id(), root->record(),
                   bench->KeepingBack(change, *rights) != nullptr,
                   bench->IsTheirs(change, *rights));
}

absl::optional<Refusal> CheckAssigns(const Arrival& arrival, const RecordType& type,
                                     const v1::RecordEdit& edit, const MergedRecord& base,
                                     bool leads, Bench* bench) {
  if (base.empty()) {
    if (auto refusal = CheckBirth(arrival, type, edit, leads, bench)) return refusal;
  }
  const auto assignment = AssignmentOf(base);
  const bool ends = assignment.has_value() && assignment->decides && Ends(*type.assigning, edit);
  if (ends && !leads) {
    return MayNot("whoever may say who sees the dossier ends an assignment that decides it");
  }
  if (ends || (base.empty() && leads)) {
    if (auto refusal = CheckHeard(arrival, *bench)) return refusal;
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
  const v1::DossierAct* const stands = StandingOf(change, *bench);
  v1::DossierAct act = stands == nullptr ? v1::DossierAct() : *stands;
  const Assigned before = AssignedNow(stands, bench->Find(root_id)->record());
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
  act.clear_reason();
  act.clear_cause();
  SayFor(arrival, std::move(act), bench);
}

}  // namespace sotay::sync
