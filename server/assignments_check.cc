#include "server/assignments_check.h"

#include <algorithm>
#include <utility>

#include "sync/assignment_acts.h"
#include "sync/assignments.h"
#include "sync/dossier_acts.h"
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
  dossiers_[act.dossier_id()].acts.push_back(std::move(act));
}

void AssignmentsCheck::LookAtDossier(const sync::RecordId& root, const Dossier& dossier) {
  const v1::DossierAct act = dossier.acts.empty() ? v1::DossierAct() : dossier.acts.back();
  if (act.has_sealed()) return;  // its assignments have gone with it
  std::vector<sync::PlacedAssignment> assignments;
  std::set<std::string> deciding;
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
    if (assignment->decides) deciding.insert(id.str());
    assignments.push_back({id, *assignment});
  }
  // One of which nothing was ever decided is whoever's who opened it.
  LookAtActs(root, dossier, deciding);
  if (deciding.empty() && act.assigned().empty()) return;
  const sync::Assigned follows = sync::AssignedBy(root, dossier.opened_by, assignments);
  const bool same = std::equal(
      act.assigned().begin(), act.assigned().end(), follows.begin(), follows.end(),
      [](const auto& a, const auto& b) { return a.SerializeAsString() == b.SerializeAsString(); });
  if (!same) {
    fault_(act.number() == 0 ? RecordKey(root) : DossierActKey(act.unit_id(), act.number()),
           "its dossier is assigned otherwise than its assignments say");
  }
}

// Whom the root named then its history says, not the root as it is: that is not looked at.
void AssignmentsCheck::LookAtTurn(const v1::DossierAct& act, const Before& before) {
  const std::string key = DossierActKey(act.unit_id(), act.number());
  const bool hides = sync::Hides(act);
  if (act.by_assignment() != act.dossier_id()) {
    fault_(key, "hides its dossier, or opens it, and is not by its root");
  }
  if (act.restricted() != hides || (!hides && act.people_size() != 0)) {
    fault_(key, "hides its dossier or opens it otherwise than it says");
  }
  if (hides ? before.ever_hidden : !before.word_hides) {
    fault_(key, hides ? "hides its dossier a second time" : "opens a dossier that nothing hid");
  }
  if (act.cause() == v1::ACT_CAUSE_OPENED_HIDDEN && before.stands.number() != 0) {
    fault_(key, "opens a dossier of which something was said before");
  }
  if (!std::equal(act.assigned().begin(), act.assigned().end(), before.assigned.begin(),
                  before.assigned.end(), [](const auto& a, const auto& b) {
                    return a.SerializeAsString() == b.SerializeAsString();
                  })) {
    fault_(key, "hides its dossier or opens it, and assigns it otherwise than it was");
  }
  for (const v1::AssignedPerson& one : act.assigned()) {
    if (!hides || one.ended() || sync::NameIn(act, one.user_id()) != nullptr) continue;
    fault_(key, "hides its dossier from whom it is assigned to");
  }
}

void AssignmentsCheck::LookAtActs(const sync::RecordId& root, const Dossier& dossier,
                                  const std::set<std::string>& deciding) {
  Before before;
  const sync::Assigned opened = sync::AssignedAtOpening(root, dossier.opened_by);
  for (const v1::DossierAct& act : dossier.acts) {
    before.assigned =
        before.stands.assigned().empty()
            ? opened
            : sync::Assigned(before.stands.assigned().begin(), before.stands.assigned().end());
    if (act.cause() != v1::ACT_CAUSE_UNSPECIFIED) LookAtTurn(act, before);
    const bool for_itself = act.by_assignment().empty() && !act.set_by().empty();
    if (for_itself || act.by_assignment() == act.dossier_id()) before.word_hides = sync::Hides(act);
    before.ever_hidden = before.ever_hidden || sync::Hides(act);
    v1::DossierAct follows = std::exchange(before.stands, act);
    if (act.cause() != v1::ACT_CAUSE_UNSPECIFIED) continue;
    if (act.by_assignment().empty()) continue;
    const bool opens = sync::OpensForSome(act);
    const std::string key = DossierActKey(act.unit_id(), act.number());
    if (!opens && deciding.count(act.by_assignment()) == 0) {
      fault_(key, "is said by no assignment of its dossier that decides");
    }
    if (opens) {
      follows.set_restricted(true);
      sync::MoveNames({}, before.assigned, &follows);
    }
    if (follows.restricted()) {
      sync::MoveNames(before.assigned, {act.assigned().begin(), act.assigned().end()}, &follows);
    }
    const bool same =
        follows.restricted() == act.restricted() &&
        std::equal(follows.people().begin(), follows.people().end(), act.people().begin(),
                   act.people().end(), [](const v1::NamedPerson& a, const v1::NamedPerson& b) {
                     return a.user_id() == b.user_id() && a.valid_to() == b.valid_to();
                   });
    if (!same) fault_(key, "names others than follow from the assignment it is said by");
  }
}

void AssignmentsCheck::End() {
  for (const auto& [id, dossier] : dossiers_) {
    const auto root = sync::RecordId::From(id);
    if (root.has_value()) LookAtDossier(*root, dossier);
  }
}

}  // namespace sotay::server
