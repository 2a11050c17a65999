#include "sync/hidden_dossiers.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "sync/assignment_acts.h"
#include "sync/fragment.h"
#include "sync/validate.h"

namespace sotay::sync {
namespace {

// What is to be said; ACT_CAUSE_UNSPECIFIED: nothing.
v1::ActCause CauseOf(const TypeInMatrix& known, const MergedRecord& root,
                     const v1::RecordEdit& edit, const DossierActs* acts) {
  const std::string dossier = root.id().str();
  const v1::DossierAct* const word = acts == nullptr ? nullptr : acts->LastWord(dossier);
  if (!IsHidden(known.hidden, root)) {
    // What somebody said for itself since stands.
    return word != nullptr && Hides(*word) ? v1::ACT_CAUSE_BEGUN : v1::ACT_CAUSE_UNSPECIFIED;
  }
  // From its opening on it is for whom it is assigned to, and stays so; what was hidden before the
  // table said that begins all the same.
  if (known.assigned_only) return v1::ACT_CAUSE_UNSPECIFIED;
  if (edit.parents().empty()) return v1::ACT_CAUSE_OPENED_HIDDEN;
  // What is written beside it says nothing of that: it may have been opened by hand since.
  const bool says_so =
      std::any_of(edit.ops().begin(), edit.ops().end(),
                  [&known](const v1::FieldOp& op) { return op.field() == known.hidden.field; });
  // Nor over what somebody said for itself, be it that everybody sees it; and once is enough.
  return says_so && word == nullptr ? v1::ACT_CAUSE_HIDDEN : v1::ACT_CAUSE_UNSPECIFIED;
}

// Whom the root's fields name, as far as there is room beside those who are there.
void AddNamed(const HiddenUntil& hidden, const MergedRecord& root, v1::DossierAct* act) {
  std::set<std::string> named;
  for (const uint32_t number : hidden.names) {
    const FieldSlot* const slot = root.Slot(number);
    if (slot == nullptr) continue;
    for (const StandingReading& reading : slot->readings) {
      const auto user = StringOf(reading.value);
      if (!user.has_value() || !IsSlug(*user, /*dots=*/true)) continue;
      if (NameIn(*act, *user) == nullptr) named.emplace(*user);
    }
  }
  for (const std::string& user : named) {
    if (act->people_size() == kNamedPeopleMax) break;
    act->add_people()->set_user_id(user);
  }
  std::sort(act->mutable_people()->begin(), act->mutable_people()->end(),
            [](const auto& a, const auto& b) { return a.user_id() < b.user_id(); });
}

}  // namespace

bool IsHidden(const HiddenUntil& hidden, const MergedRecord& root) {
  const FieldSlot* const slot = root.Slot(hidden.field);
  if (slot == nullptr || root.type() == nullptr || root.type()->state == nullptr) return false;
  const bool says = std::any_of(
      slot->readings.begin(), slot->readings.end(), [&hidden](const StandingReading& reading) {
        return static_cast<int32_t>(VarintOf(reading.value).value_or(0)) == hidden.value;
      });
  const int32_t state = root.StateInForce(root.type()->state->number);
  return says && std::find(hidden.begun.begin(), hidden.begun.end(), state) == hidden.begun.end();
}

void SayHidden(const Arrival& arrival, const Decision& decision, Bench* bench) {
  const Matrix* const matrix = bench->input.matrix.get();
  if (matrix == nullptr) return;
  const v1::Change& change = *arrival.pushed->change;
  const auto of_root = std::find_if(
      decision.ready.begin(), decision.ready.end(),
      [&change](const ReadyEdit& ready) { return ready.edit->record_id() == change.dossier_id(); });
  if (of_root == decision.ready.end()) return;
  const TypeInMatrix& known = matrix->TypeOf(of_root->edit->type());
  if (known.hidden.field == 0) return;
  const MergedRecord& root = bench->Find(*RecordId::From(change.dossier_id()))->record();
  const DossierActs* const acts = bench->ActsOf(change.unit_id());
  const v1::ActCause cause = CauseOf(known, root, *of_root->edit, acts);
  if (cause == v1::ACT_CAUSE_UNSPECIFIED) return;
  const v1::DossierAct* const stands =
      acts == nullptr ? nullptr : acts->Standing(change.dossier_id());
  v1::DossierAct act;
  const Assigned assigned = AssignedNow(stands, root);
  if (cause != v1::ACT_CAUSE_BEGUN) {
    act.set_restricted(true);
    MoveNames({}, assigned, &act);
    AddNamed(known.hidden, root, &act);
  }
  *act.mutable_assigned() = {assigned.begin(), assigned.end()};
  act.set_cause(cause);
  act.set_by_assignment(change.dossier_id());
  SayFor(arrival, std::move(act), bench);
}

}  // namespace sotay::sync
