// Taking out of the store what is of a dossier that proved to be secret
// (docs/decisions/0022-secrecy.md).  The act that says so is durable first; what is to be done
// follows from it and from what the store still has, so it may be cut short anywhere and is done
// again at the next start.
//
// What goes: the bytes of its changes, out of pushes, log and quarantine; its records, their places
// in the feed, their histories and signatures.  What stays: every id, admission and place, all that
// proves others' changes, and the order of each device's.  The content is kept sealed, under a key
// of its own.
//
// Whoever writes holds the pen, or nobody else writes.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/store.h"

namespace sotay::server {

// What is to be written, all of it in one batch.
struct Purge {
  Sheet sheet;
  Tables tables;  // those on the sheet
};

// Takes out everything of the dossier the act seals.  `tables`: as they stand.  What is of a
// dossier that was destroyed is not kept.
absl::StatusOr<Purge> PlanPurge(Store* store, const Tables& tables, const v1::DossierAct& act);
// Takes the key out, and what is sealed under it.
absl::StatusOr<Purge> PlanDestruction(Store* store, const stored::v1::SecretRow& row);

// What is known of the dossier in these tables; null: it was never taken out.
const stored::v1::SecretRow* SecretIn(const Tables& tables, absl::string_view dossier);

// The files of the dossier, which lie beside the store, are sealed under the key of its content, or
// gone with that (blobs.h).  kUnavailable while that cannot be done, which is said to the operator:
// to be called again.  Nothing else waits for it: a file no disk has room to seal holds up neither
// the sweep, nor a start, nor a backup, which has no file of a sealed dossier.
absl::Status PutFilesAway(Store* store, const stored::v1::SecretRow& row);

// No file of the store has any more what a purge or a destruction took out; as
// durable::Store::Sweep.
absl::Status SweepSecret(Store* store, const stored::v1::SecretRow& row);

// Takes out of the tables what is left there of every act, before anybody reads the store.
// `restored`: its rows are of a backup, so of every act everything.
absl::Status FinishPurges(Store* store, bool restored);
// And out of the files.  kUnavailable as SweepSecret and PutFilesAway, of those it could not: to be
// called again.
absl::Status FinishSweeps(Store* store);

}  // namespace sotay::server
