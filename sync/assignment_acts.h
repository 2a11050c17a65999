// What an assignment on its way into a unit's log takes, beside what every change takes
// (decision.h), and what is thereby said of who sees its dossier (dossier_acts.h).  Halves of
// Ingest's; one thread.
#pragma once

#include "absl/types/optional.h"
#include "sync/decision.h"

namespace sotay::sync {

// More people are a unit, and a dossier of a unit's is open.
constexpr int kNamedPeopleMax = 100;

// Whether an edit of a type that assigns may be made: an assignment that says something, of
// somebody who has a post there, in its own dossier, in the place of nothing that others decided;
// and brings nobody to a dossier but by whoever may say who sees it.  `leads`: its author may.
absl::optional<Refusal> CheckAssigns(const Arrival& arrival, const RecordType& type,
                                     const v1::RecordEdit& edit, const MergedRecord& base,
                                     bool leads, Bench* bench);

// Says what follows from a change that was just admitted: that a dossier was opened, where the
// table has such dossiers be for whom they are assigned to; and to whom one is assigned now.  An
// act that restricts the dossier has those people from then on, in the place of those who are
// assigned no longer; one that is open stays open.
void SayAssigned(const Arrival& arrival, const Decision& decision, Bench* bench);

}  // namespace sotay::sync
