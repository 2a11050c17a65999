// Dossiers that are hidden from their unit until they begin, as a surprise inspection is, by a line
// `hidden` of the table of rights (docs/decisions/0032-surprise-inspections.md).  What is said of
// them are acts about the dossier (dossier_acts.h), with the change of its root from which they
// follow.  A half of Ingest's; one thread.
#pragma once

#include "sync/decision.h"
#include "sync/matrix.h"
#include "sync/merged_record.h"

namespace sotay::sync {

// Whether a dossier with this root is to be hidden now: a reading of its field says so, and it has
// not begun.
bool IsHidden(const HiddenUntil& hidden, const MergedRecord& root);

// Says what follows from a change that was just admitted: that its dossier is hidden from now on,
// from its opening or later, or that what hid it is over.  Before what follows from assignments in
// it.
void SayHidden(const Arrival& arrival, const Decision& decision, Bench* bench);

}  // namespace sotay::sync
