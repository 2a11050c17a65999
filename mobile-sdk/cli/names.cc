#include "mobile-sdk/cli/names.h"

namespace sotay::cli {
namespace {

const std::string& NameOr(const std::map<std::string, std::string>& names, const std::string& id) {
  const auto at = names.find(id);
  return at == names.end() || at->second.empty() ? id : at->second;
}

}  // namespace

Names::Names(const v1::Directory& directory) {
  for (const auto& unit : directory.units()) AddUnit(unit.unit_id(), unit.name());
  for (const auto& person : directory.people()) AddPerson(person.user_id(), person.full_name());
}

void Names::AddPerson(const std::string& user_id, const std::string& full_name) {
  people_[user_id] = full_name;
}

void Names::AddUnit(const std::string& unit_id, const std::string& name) { units_[unit_id] = name; }

const std::string& Names::Person(const std::string& user_id) const {
  return NameOr(people_, user_id);
}

const std::string& Names::Unit(const std::string& unit_id) const { return NameOr(units_, unit_id); }

}  // namespace sotay::cli
