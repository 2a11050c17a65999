#include "server/sight.h"

#include "sync/rights.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

constexpr int kReachShift = 32;
constexpr uint64_t kAgain = uint64_t{1} << 31;

sync::FieldSet ReachOf(const Person& person, absl::string_view unit,
                       const sync::DossierActs* acts) {
  // Where nothing was said there is nothing to reach.
  if (acts == nullptr || person.rights == nullptr) return 0;
  const auto seats = person.rights->seats.find(std::string(unit));
  if (seats == person.rights->seats.end()) return 0;
  return sync::ReachOfKeptBack(*person.rights->matrix, seats->second);
}

}  // namespace

AccessPlace AccessPlace::From(uint64_t packed) {
  AccessPlace place;
  place.number = packed & (kAgain - 1);
  place.again = (packed & kAgain) != 0;
  place.reach = static_cast<sync::FieldSet>(packed >> kReachShift);
  return place;
}

uint64_t AccessPlace::Packed() const {
  return uint64_t{reach} << kReachShift | (again ? kAgain : 0) | number;
}

AccessPlace AccessOf(const Directory& directory, const Person& person, absl::string_view unit) {
  const auto acts = directory.DossiersOf(unit);
  return {acts == nullptr ? 0 : acts->newest(), false, ReachOf(person, unit, acts.get())};
}

Sight::Sight(const Directory& directory, Store* store, const Person& person, absl::string_view unit)
    : store_(*store),
      matrix_(directory.rules().matrix),
      acts_(directory.DossiersOf(unit)),
      user_(person.user.user_id()),
      day_(directory.today()),
      reach_(ReachOf(person, unit, acts_.get())) {}

absl::StatusOr<bool> Sight::InReach(sync::FieldSet reach, const std::string& dossier) {
  if (reach == sync::kEveryField || reach == 0) return reach != 0;
  const auto known = fields_.find(dossier);
  if (known != fields_.end()) return (reach & known->second) != 0;
  sync::FieldSet fields = 0;
  if (const auto id = sync::RecordId::From(dossier)) {
    SOTAY_ASSIGN_OR_RETURN(const auto root, FactsOfRoot(&store_, matrix_, *id));
    if (root != nullptr) fields = root->fields;
  }
  fields_[dossier] = fields;
  return (reach & fields) != 0;
}

absl::StatusOr<bool> Sight::Carried(const v1::DossierAct* act, sync::FieldSet reach,
                                    const std::string& dossier) {
  if (act == nullptr || Leaves(*act)) return true;
  if (act->has_sealed()) return false;
  return InReach(reach, dossier);
}

absl::StatusOr<bool> Sight::MayHold(const v1::DossierAct* act, sync::FieldSet reach,
                                    const std::string& dossier) {
  // Its last day may have been over only since.
  if (act == nullptr || sync::NameIn(*act, user_) != nullptr) return true;
  return Carried(act, reach, dossier);
}

absl::StatusOr<bool> Sight::Carries(const std::string& dossier) {
  if (acts_ == nullptr) return true;
  return Carried(acts_->Standing(dossier), reach_, dossier);
}

}  // namespace sotay::server
