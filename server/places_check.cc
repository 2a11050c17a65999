#include "server/places_check.h"

#include <utility>

namespace sotay::server {

PlacesCheck::PlacesCheck(const Tables& tables, Fault fault) : fault_(std::move(fault)) {
  for (const v1::Unit& unit : tables.units) units_.insert(unit.unit_id());
  for (const v1::User& user : tables.users) users_.insert(user.user_id());
  for (const stored::v1::DeviceRow& row : tables.devices) {
    devices_[row.device_id()] = {row.user_id(), row.accepted_through()};
  }
}

// That a value can be read is looked at where it is used; one that cannot names nothing.
template <typename Message>
Message PlacesCheck::Read(absl::string_view value) const {
  Message message;
  if (!message.ParseFromArray(value.data(), static_cast<int>(value.size()))) message.Clear();
  return message;
}

bool PlacesCheck::IsOf(const sync::DeviceId& device, absl::string_view user) const {
  const auto found = devices_.find(device.str());
  return found != devices_.end() && found->second.user == user;
}

void PlacesCheck::LookAt(absl::string_view key, const KeyParts& parts, absl::string_view value) {
  bool placed = true;
  bool belongs = true;
  switch (parts.table) {
    case Table::kUnit: {
      const auto unit = Read<v1::Unit>(value);
      placed = unit.unit_id() == parts.name;
      belongs = unit.parent_id().empty() || units_.count(unit.parent_id()) != 0;
      break;
    }
    case Table::kUser:
      placed = Read<v1::User>(value).user_id() == parts.name;
      break;
    case Table::kDevice: {
      const auto row = Read<stored::v1::DeviceRow>(value);
      placed = row.device_id() == parts.id;
      belongs = users_.count(row.user_id()) != 0;
      break;
    }
    case Table::kContact:
      belongs = HasDevice(parts.id);
      break;
    case Table::kTicket: {
      const auto ticket = Read<stored::v1::Ticket>(value);
      placed = ticket.spki_hash() == parts.id;
      belongs = users_.count(ticket.user_id()) != 0;
      break;
    }
    case Table::kHead:
      belongs = units_.count(parts.name) != 0;
      break;
    case Table::kSequence:
      belongs = HasDevice(parts.id) && parts.number <= devices_.at(parts.id).accepted_through;
      break;
    case Table::kSeal:
      placed = Read<stored::v1::SealRow>(value).last_sequence() == parts.number;
      belongs = HasDevice(parts.id);
      break;
    case Table::kRevised:
      placed = Read<v1::ChangeOutcome>(value).revision() == parts.number;
      belongs = HasDevice(parts.id);
      break;
    case Table::kQuarantine: {
      const auto change = Read<v1::QuarantinedChange>(value);
      const auto device = devices_.find(change.device_id());
      placed = parts.name.empty() || change.unit_id() == parts.name;
      belongs = device != devices_.end() && change.user_id() == device->second.user;
      break;
    }
    case Table::kPost:
      belongs = users_.count(parts.name) != 0;
      break;
    case Table::kSecret:
      placed = Read<stored::v1::SecretRow>(value).dossier_id() == parts.id;
      break;
    case Table::kHandover:
      placed = Read<v1::LogKeyHandover>(value).number() == parts.number;
      break;
    case Table::kDeviceKey: {
      const auto row = Read<stored::v1::DeviceKeyRow>(value);
      placed = row.device_id() == parts.id && row.number() == parts.number;
      break;
    }
    case Table::kEnded:
      placed = parts.number == ++lives_;
      break;
    default:
      break;
  }
  if (!placed) fault_(key, "stands where another row belongs");
  if (!belongs) fault_(key, "is of somebody or something that is not there");
}

}  // namespace sotay::server
