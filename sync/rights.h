// What a change asks of the guard (guard.h): which verbs its edits are, and whether its author's
// posts allow them.  The part of a change's judgement (decision.h) that the table of rights
// decides; which fields a role writes decides the schema (validate.h).  Pure; any thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/types/optional.h"
#include "sotay/v1/change.pb.h"
#include "sync/guard.h"
#include "sync/merged_record.h"
#include "sync/schema.h"
#include "sync/validate.h"

namespace sotay::sync {

// What somebody's posts give them, for the units they write for.
struct Rights {
  std::string user_id;
  std::shared_ptr<const Matrix> matrix;
  std::map<std::string, Seats> seats;  // by unit
  Day day = 0;                         // of which this holds
};

// Rank when concurrent state steps meet; higher wins: head, deputy, division, prosecutor, examiner,
// by the highest post in the very unit.  0: they write nothing there.
uint32_t AuthorityIn(const Rights& rights, const std::string& unit);

// The fields of work of a dossier with this root.  While people disagree of what kind it is, those
// of every kind that was said.
FieldSet FieldsOfDossier(const Matrix& matrix, const MergedRecord& root);

// What is looked up of an edit's dossier when it matters.
struct DossierFacts {
  FieldSet fields = 0;    // of work
  bool assigned = false;  // it is the author's, who opens it or is assigned to it
};

// Whether an edit, lawful by the schema, may be made by its author in `unit` on `base`, the record
// as they saw it (empty when the edit creates it).  Otherwise WRITER_MAY_NOT with the rule's name.
// `kept_back`: of the dossier, as Facts says it.  `of_dossier` is asked for the rest when it
// matters.  Allocates nothing unless it refuses.
absl::optional<Refusal> CheckRights(const Rights& rights, const std::string& unit,
                                    const Schema& schema, const v1::RecordEdit& edit,
                                    const MergedRecord& base, bool kept_back,
                                    absl::FunctionRef<DossierFacts()> of_dossier);

// The lines by which such an edit is allowed, each once, in the order in which it asks for them;
// none when it is not.  So what was admitted shows by what: the same table, posts, record and
// dossier give the same lines.
std::vector<const AccessLine*> LinesAllowing(const Rights& rights, const std::string& unit,
                                             const Schema& schema, const v1::RecordEdit& edit,
                                             const MergedRecord& base, bool kept_back,
                                             absl::FunctionRef<DossierFacts()> of_dossier);

// What of an edit waits for a colleague who may submit, and agrees.
enum class Consent : uint8_t {
  kNone,     // its author may not make it, and could not if they might submit what they edit
  kNothing,  // it submits nothing, and is its author's to make
  kSubmits,  // it is an edit of theirs but that it submits
};
// `base`: the record as it is; a step that leads nowhere from there waits for no consent.
Consent ConsentFor(const Rights& rights, const std::string& unit, const Schema& schema,
                   const v1::RecordEdit& edit, const MergedRecord& base, bool kept_back,
                   absl::FunctionRef<DossierFacts()> of_dossier);

// Whether somebody may sign `object`, a record of `unit` as it is, or give it back: the verb
// `approve` on it.  Otherwise WRITER_MAY_NOT.  The rest as above.
absl::optional<Refusal> CheckMaySign(const Rights& rights, const std::string& unit,
                                     const MergedRecord& object, bool kept_back,
                                     absl::FunctionRef<DossierFacts()> of_dossier);

// Whether somebody may say who sees a dossier of `unit` with this root: the verb `assign`.
bool MayAssign(const Rights& rights, const std::string& unit, const MergedRecord& root,
               bool kept_back, bool assigned);
// Whether they may say so of any dossier of `unit` that is of the root's kind: then what they write
// is meant as a decision.
bool AssignsInUnit(const Rights& rights, const std::string& unit, const MergedRecord& root);

// Whether somebody could answer an assignment of the type in a dossier with this root, once it is
// assigned to them.
bool MayAnswer(const Rights& rights, const RecordType& type, const MergedRecord& root);

// Whether the edit is a step of the record's state, and no mere writing.
bool StepsState(const Schema& schema, const v1::RecordEdit& edit);

}  // namespace sotay::sync
