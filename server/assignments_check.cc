#include "server/assignments_check.h"

#include <algorithm>

#include "sync/assignments.h"
#include "sync/merged_record.h"

namespace sotay::server {

void AssignmentsCheck::LookAtEntry(const v1::Change& change, const v1::Admission& admission) {
  for (const v1::RecordEdit& edit : change.edits()) {
    if (!edit.parents().empty()) continue;
    const sync::RecordType* const type = schema_.Find(edit.type());
    const bool opens = edit.record_id() == change.dossier_id();
    if (!opens && (type == nullptr || type->assigning == nullptr)) continue;
    Dossier& dossier = dossiers_[change.dossier_id()];
    const auto id = sync::RecordId::From(edit.record_id());
    if (opens) dossier.opened_by = admission.user_id();
    if (!opens && id.has_value()) dossier.assignments.push_back(*id);
  }
}

void AssignmentsCheck::LookAtAct(absl::string_view value) {
  v1::DossierAct act;
  // That it can be read is looked at elsewhere (posts_check.h).
  if (!act.ParseFromArray(value.data(), static_cast<int>(value.size()))) return;
  dossiers_[act.dossier_id()].stands = act;
}

void AssignmentsCheck::LookAtDossier(const sync::RecordId& root, const Dossier& dossier) {
  const v1::DossierAct& act = dossier.stands;
  if (act.has_sealed()) return;  // its assignments have gone with it
  std::vector<sync::PlacedAssignment> assignments;
  bool decided = false;
  for (const sync::RecordId& id : dossier.assignments) {
    const auto stored = store_.LoadRecord(id);
    if (!stored.ok() || !stored->has_value()) continue;  // is looked at with the records
    const auto record = sync::MergedRecord::Parse(schema_, (*stored)->bytes);
    if (!record.ok()) continue;
    const auto assignment = sync::AssignmentOf(*record);
    if (!assignment.has_value()) {
      fault_(RecordKey(id), "is an assignment that assigns nobody");
      continue;
    }
    decided = decided || assignment->decides;
    assignments.push_back({id, *assignment});
  }
  // One of which nothing was ever decided is whoever's who opened it.
  if (!decided && act.assigned().empty()) return;
  const sync::Assigned follows = sync::AssignedBy(root, dossier.opened_by, assignments);
  const bool same = std::equal(
      act.assigned().begin(), act.assigned().end(), follows.begin(), follows.end(),
      [](const auto& a, const auto& b) { return a.SerializeAsString() == b.SerializeAsString(); });
  if (!same) {
    fault_(act.number() == 0 ? RecordKey(root) : DossierActKey(act.unit_id(), act.number()),
           "its dossier is assigned otherwise than its assignments say");
  }
}

void AssignmentsCheck::End() {
  for (const auto& [id, dossier] : dossiers_) {
    const auto root = sync::RecordId::From(id);
    if (root.has_value()) LookAtDossier(*root, dossier);
  }
}

}  // namespace sotay::server
