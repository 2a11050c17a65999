#include "mobile-sdk/core/desk.h"

#include "sync/validate.h"

namespace sotay::sdk {

std::set<sync::Role> RolesIn(const v1::Directory& directory, const std::string& unit_id) {
  std::set<sync::Role> roles;
  for (const v1::DirectoryUnit& unit : directory.units()) {
    if (unit.unit_id() != unit_id) continue;
    for (const int role : unit.roles()) roles.insert(static_cast<sync::Role>(role));
  }
  return roles;
}

uint32_t AuthorityIn(const v1::Directory& directory, const std::string& unit_id) {
  for (const v1::DirectoryUnit& unit : directory.units()) {
    if (unit.unit_id() == unit_id && unit.authority() != 0) return unit.authority();
  }
  return sync::AuthorityOf(RolesIn(directory, unit_id));
}

}  // namespace sotay::sdk
