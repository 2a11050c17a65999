#include "sync/organisation.h"

#include <algorithm>
#include <utility>

namespace sotay::sync {
namespace {

// Adds what is not there yet.
void Add(std::vector<std::string>* units, const std::string& unit) {
  if (std::find(units->begin(), units->end(), unit) == units->end()) units->push_back(unit);
}

}  // namespace

void Organisation::PutUnit(const std::string& unit, const std::string& parent) {
  units_[unit].parent = parent;
}

void Organisation::PutTerm(const std::string& unit, Day from, Day to,
                           std::vector<std::string> successors) {
  const auto at = units_.find(unit);
  if (at == units_.end()) return;
  at->second.from = from;
  at->second.to = to;
  at->second.successors = std::move(successors);
}

bool Organisation::Has(absl::string_view unit) const {
  return units_.find(std::string_view(unit.data(), unit.size())) != units_.end();
}

Standing Organisation::StandingOf(absl::string_view unit, Day day) const {
  Standing standing;
  if (!Has(unit)) return standing;
  standing.self.emplace_back(unit);
  // Lists grow while they are walked; a unit is added once, so damaged rows end too.
  const auto add_after = [&](const std::string& ended, std::vector<std::string>* to) {
    const Unit& at = units_.find(ended)->second;
    if (at.to == 0 || day <= at.to) return;
    for (const std::string& successor : at.successors) {
      if (Has(successor)) Add(to, successor);
    }
  };
  for (size_t i = 0; i < standing.self.size(); ++i) {
    add_after(std::string(standing.self[i]), &standing.self);
  }
  const auto add_above = [&](const std::string& of) {
    const std::string& parent = units_.find(of)->second.parent;
    if (Has(parent)) Add(&standing.above, parent);
  };
  for (const std::string& self : standing.self) add_above(self);
  for (size_t i = 0; i < standing.above.size(); ++i) {
    const std::string above = standing.above[i];
    add_above(above);
    add_after(above, &standing.above);
  }
  return standing;
}

bool Organisation::LeadsBack(const std::string& unit,
                             const std::vector<std::string>& successors) const {
  std::vector<std::string> after = successors;
  for (size_t i = 0; i < after.size(); ++i) {
    if (after[i] == unit) return true;
    const auto at = units_.find(after[i]);
    if (at == units_.end()) continue;
    for (const std::string& next : at->second.successors) Add(&after, next);
  }
  return false;
}

}  // namespace sotay::sync
