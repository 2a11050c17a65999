// What a well-formed and lawful change is.  Asked on the device before an edit is saved and
// on the server before it is applied, with the same answers: whether an edit is lawful is
// decided on the version its author had before them, never on what happened since.
// Pure; any thread.
#pragma once

#include <set>
#include <string>

#include "absl/types/optional.h"
#include "sotay/v1/change.pb.h"
#include "sotay/v1/error.pb.h"
#include "sync/merged_record.h"
#include "sync/schema.h"

namespace sotay::sync {

// Why a change is not applied.
struct Refusal {
  v1::Reason reason = v1::REASON_UNSPECIFIED;
  std::string message;  // one English sentence; never content
};

// Format, ids and limits of a change, without any context.  `bytes` is its serialised form.
absl::optional<Refusal> CheckShape(const v1::Change& change, absl::string_view bytes);

// Whether `name` is a unit or user id: 1 to 63 of a-z, 0-9, '-' and, for users, '.';
// beginning with a letter.
bool IsSlug(absl::string_view name, bool dots);

// Whether somebody with `roles` in the unit may make `edit` on `base`, the record as they
// saw it (empty when the edit creates it).
absl::optional<Refusal> CheckEdit(const Schema& schema, const v1::RecordEdit& edit,
                                  const MergedRecord& base, const std::set<Role>& roles);

// Whether a step of the edit, taken from `base`, wants a settled record (Transition.settled).
bool WantsSettled(const RecordType& type, const v1::RecordEdit& edit, const MergedRecord& base);

// Authority of somebody of whom no more is known than their roles: a supervisor's is a head's
// (rights.h).
uint32_t AuthorityOf(const std::set<Role>& roles);

}  // namespace sotay::sync
