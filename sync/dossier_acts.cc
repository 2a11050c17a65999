#include "sync/dossier_acts.h"

#include <algorithm>
#include <utility>

#include "sotay/stored/v1/held_grounds.pb.h"
#include "sotay/v1/admission_grounds.pb.h"

namespace sotay::sync {

void DossierActs::Add(v1::DossierAct act) {
  of_[act.dossier_id()].push_back(acts_.size() + 1);
  acts_.push_back(std::move(act));
}

const v1::DossierAct* DossierActs::Standing(absl::string_view dossier) const {
  const auto at = of_.find(std::string_view(dossier.data(), dossier.size()));
  return at == of_.end() ? nullptr : &acts_[at->second.back() - 1];
}

const v1::DossierAct* DossierActs::StandingAt(absl::string_view dossier, uint64_t number) const {
  const auto at = of_.find(std::string_view(dossier.data(), dossier.size()));
  if (at == of_.end()) return nullptr;
  const auto after = std::upper_bound(at->second.begin(), at->second.end(), number);
  return after == at->second.begin() ? nullptr : &acts_[*std::prev(after) - 1];
}

const v1::DossierAct* DossierActs::SaidForItself(absl::string_view dossier) const {
  const auto at = of_.find(std::string_view(dossier.data(), dossier.size()));
  if (at == of_.end()) return nullptr;
  for (auto number = at->second.rbegin(); number != at->second.rend(); ++number) {
    const v1::DossierAct& act = acts_[*number - 1];
    // Without a name the server took out whose last day was over, which somebody had said before.
    if (act.by_assignment().empty() && !act.set_by().empty()) return &act;
  }
  return nullptr;
}

const v1::DossierAct* DossierActs::LastWord(absl::string_view dossier) const {
  const auto at = of_.find(std::string_view(dossier.data(), dossier.size()));
  if (at == of_.end()) return nullptr;
  for (auto number = at->second.rbegin(); number != at->second.rend(); ++number) {
    const v1::DossierAct& act = acts_[*number - 1];
    const bool for_itself = act.by_assignment().empty() && !act.set_by().empty();
    if (for_itself || act.by_assignment() == act.dossier_id()) return &act;
  }
  return nullptr;
}

std::vector<const v1::DossierAct*> DossierActs::Standing() const {
  std::vector<const v1::DossierAct*> standing;
  for (const auto& [dossier, numbers] : of_) standing.push_back(&acts_[numbers.back() - 1]);
  std::sort(standing.begin(), standing.end(),
            [](const auto* a, const auto* b) { return a->number() < b->number(); });
  return standing;
}

const v1::DossierAct& DossierActs::FirstWithout(const v1::DossierAct& act,
                                                absl::string_view user) const {
  const v1::DossierAct* first = &act;
  for (;;) {
    const v1::DossierAct* const before = StandingAt(act.dossier_id(), first->number() - 1);
    if (before == nullptr || !before->restricted() || NameIn(*before, user) != nullptr) {
      return *first;
    }
    first = before;
  }
}

bool DossierActs::IsSealed(absl::string_view dossier) const {
  const v1::DossierAct* const act = Standing(dossier);
  return act != nullptr && act->has_sealed();
}

bool DossierActs::KeepsBack(absl::string_view dossier, absl::string_view user, Day day) const {
  const v1::DossierAct* const act = Standing(dossier);
  return act != nullptr && !Leaves(*act, user, day);
}

bool DossierActs::KeepsAnyBack(absl::string_view user, Day day) const {
  return std::any_of(of_.begin(), of_.end(), [&](const auto& dossier) {
    const v1::DossierAct& stands = acts_[dossier.second.back() - 1];
    return !stands.has_sealed() && !Leaves(stands, user, day);
  });
}

bool IsTheirs(const DossierActs* acts, absl::string_view dossier, absl::string_view user,
              absl::string_view opened_by) {
  return IsTheirsBy(acts == nullptr ? nullptr : acts->Standing(dossier), user, opened_by);
}

bool IsTheirsBy(const v1::DossierAct* act, absl::string_view user, absl::string_view opened_by) {
  // Until somebody is assigned it is theirs who opened it.
  if (act == nullptr || act->assigned().empty()) return user == opened_by;
  return std::any_of(
      act->assigned().begin(), act->assigned().end(),
      [user](const v1::AssignedPerson& one) { return one.user_id() == user && !one.ended(); });
}

bool Leaves(const v1::DossierAct& act, absl::string_view user, Day day) {
  if (act.has_sealed()) return false;
  if (!act.restricted()) return true;
  const v1::NamedPerson* const named = NameIn(act, user);
  return named != nullptr && !IsOver(*named, day);
}

const v1::NamedPerson* NameIn(const v1::DossierAct& act, absl::string_view user) {
  const auto named =
      std::find_if(act.people().begin(), act.people().end(),
                   [user](const v1::NamedPerson& one) { return one.user_id() == user; });
  return named == act.people().end() ? nullptr : &*named;
}

bool OpensForSome(const v1::DossierAct& act) {
  return !act.dossier_id().empty() && act.by_assignment() == act.dossier_id() &&
         (act.cause() == v1::ACT_CAUSE_UNSPECIFIED || act.cause() == v1::ACT_CAUSE_OPENED_HIDDEN);
}

bool Hides(const v1::DossierAct& act) {
  return act.cause() == v1::ACT_CAUSE_OPENED_HIDDEN || act.cause() == v1::ACT_CAUSE_HIDDEN;
}

bool IsOver(const v1::NamedPerson& person, Day day) { return !InTerm(day, 0, person.valid_to()); }

uint64_t UnawareOf(const v1::Admission& admission) {
  v1::AdmissionGrounds grounds;
  grounds.ParseFromString(admission.SerializeAsString());
  return grounds.unaware_of();
}

void NoteUnaware(uint64_t number, v1::Admission* admission) {
  v1::AdmissionGrounds grounds;
  grounds.set_unaware_of(number);
  admission->MergeFromString(grounds.SerializeAsString());
}

uint64_t HeardOf(const stored::v1::HeldRow& held) {
  stored::v1::HeldGrounds grounds;
  grounds.ParseFromString(held.SerializeAsString());
  return grounds.heard();
}

void NoteHeard(uint64_t number, stored::v1::HeldRow* held) {
  if (number == 0) return;
  stored::v1::HeldGrounds grounds;
  grounds.set_heard(number);
  held->MergeFromString(grounds.SerializeAsString());
}

}  // namespace sotay::sync
