// What an assignment on its way into a unit's log takes, beside what every change takes
// (decision.h), and what is thereby said of who sees its dossier (dossier_acts.h).  Halves of
// Ingest's; one thread.
#pragma once

#include <set>

#include "absl/types/optional.h"
#include "sync/assignments.h"
#include "sync/decision.h"

namespace sotay::sync {

// More people are a unit, and a dossier of a unit's is open.
constexpr int kNamedPeopleMax = 100;

// Whether whoever is behind a change may say who sees its dossier, so that an assignment in it
// decides.  Of one that was taken in that is who takes it in; what its author could only have meant
// as a task stays one (`begins`: it is asked of the edit that makes it).
bool Leads(const Arrival& arrival, const std::set<Role>& roles, bool begins, Bench* bench);

// Whether an edit of a type that assigns may be made: an assignment that says something, of
// somebody who has a post there, in its own dossier, in the place of nothing that others decided;
// and brings nobody to a dossier but by whoever may say who sees it, who knew what was said of
// that for itself.  What decided is ended by such a one alone.  `leads`: its author may.
absl::optional<Refusal> CheckAssigns(const Arrival& arrival, const RecordType& type,
                                     const v1::RecordEdit& edit, const MergedRecord& base,
                                     bool leads, Bench* bench);

// The people an act names when those its dossier is assigned to were `before` and are `after`.
void MoveNames(const Assigned& before, const Assigned& after, v1::DossierAct* act);

// To whom a dossier with this root is assigned where that act stands; null: none does.
Assigned AssignedNow(const v1::DossierAct* stands, const MergedRecord& root);

// Says an act that follows from a change as its unit's next, about the change's dossier, in the
// name of who decided it.
void SayFor(const Arrival& arrival, v1::DossierAct act, Bench* bench);

// Says what follows from a change that was just admitted: that a dossier was opened, where the
// table has such dossiers be for whom they are assigned to; and to whom one is assigned now.  An
// act that restricts the dossier has those people from then on, in the place of those who are
// assigned no longer; one that is open stays open.
void SayAssigned(const Arrival& arrival, const Decision& decision, Bench* bench);

}  // namespace sotay::sync
