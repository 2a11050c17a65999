#include "sync/seal/signatures_replay.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/fragment.h"
#include "sync/seal/digest.h"
#include "sync/validate.h"

namespace sotay::seal {

bool SignaturesReplay::IsFrozen(const sync::RecordId& record) const {
  const auto at = standing_.find(record);
  return at != standing_.end() && at->second.freezes;
}

bool SignaturesReplay::IsFrozenIn(const v1::Change& change, const sync::RecordId& record) const {
  const auto place = places_.find(record);
  return place != places_.end() && place->second.first == change.unit_id() &&
         place->second.second == change.dossier_id() && IsFrozen(record);
}

void SignaturesReplay::TakeSignature(const v1::Change& change, const v1::RecordEdit& edit,
                                     const sync::RecordType& type, const v1::Admission& admission,
                                     const PastOf& past, const Fault& fault) {
  auto signature = sync::SignatureIn(type, edit);
  const auto id = sync::RecordId::From(edit.record_id());
  if (!signature.has_value() || !id.has_value()) return fault("its signature cannot be read");
  LoggedSignature logged;
  logged.object = signature->object;
  logged.standing = {*id, admission.position(), admission.user_id(), signature->signs};
  for (const v1::AssignedOp& assigned : admission.assigned()) {
    if (assigned.record_id() != edit.record_id()) continue;
    if (assigned.op().field() != type.signing->revision) continue;
    logged.revision = sync::VarintOf(assigned.op().set()).value_or(0);
  }
  const auto object = past(signature->object);
  if (!object.ok()) {
    fault(absl::StrCat("what its signature is of: ", object.status().message()));
  } else {
    const auto before = standing_.find(signature->object);
    const auto refusal =
        sync::CheckSignature(*signature, object->record,
                             before == standing_.end() ? nullptr : &before->second, HashContent);
    if (refusal.has_value()) {
      fault(absl::StrCat("its signature could take no effect: ", refusal->message));
    }
    if (logged.revision != object->newest) fault("its signature names another revision");
  }
  standing_[signature->object] = logged.standing;
  // Those of its signature, as its judge saw to.
  places_[signature->object] = {change.unit_id(), change.dossier_id()};
  logged.signature = *std::move(signature);
  signatures_.push_back(std::move(logged));
}

void SignaturesReplay::Take(const v1::Change& change, const v1::Admission& admission,
                            const PastOf& past, const Fault& fault) {
  // Whoever outranks those who write: deputies and divisions, too.
  const bool leads = admission.authority() > sync::AuthorityOf({options::v1::ROLE_PROSECUTOR});
  for (const v1::RecordEdit& edit : change.edits()) {
    const sync::RecordType* const type = schema_.Find(edit.type());
    const auto record = sync::RecordId::From(edit.record_id());
    if (type == nullptr || !record.has_value()) continue;
    if (type->signing != nullptr) {
      TakeSignature(change, edit, *type, admission, past, fault);
      continue;
    }
    if (admission.has_taken_in()) continue;
    bool amends = IsFrozen(*record) && sync::Amends(*type, edit, leads);
    if (schema_.IsCovered(type->name)) {
      const std::vector<sync::RecordId> under = sync::PutUnder(*type, edit);
      amends = amends || std::any_of(under.begin(), under.end(), [&](const auto& parent) {
                 return IsFrozenIn(change, parent);
               });
    }
    if (amends) fault("amends what was signed, and nobody decided that it may");
  }
}

}  // namespace sotay::seal
