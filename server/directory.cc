#include "server/directory.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "server/refusal.h"
#include "sync/seal/digest.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

template <typename Map>
bool Has(const Map& map, absl::string_view key) {
  return map.find(std::string_view(key.data(), key.size())) != map.end();
}

template <typename Map>
auto Find(Map& map, absl::string_view key) {
  return map.find(std::string_view(key.data(), key.size()));
}

}  // namespace

std::string HashOfKey(absl::string_view spki_der) {
  const std::array<uint8_t, 32> hash = seal::Sha256(spki_der);
  return std::string(hash.begin(), hash.end());
}

absl::StatusOr<std::unique_ptr<Directory>> Directory::From(Tables tables, AccessRules rules,
                                                           int64_t now_ms) {
  std::unique_ptr<Directory> directory(new Directory());
  directory->rules_ = std::move(rules);
  directory->TurnTo(now_ms);
  SOTAY_RETURN_IF_ERROR(directory->Take(tables));
  absl::MutexLock lock(&directory->mutex_);
  for (auto& [device, contact] : tables.contacts) {
    const auto at = directory->devices_.find(device);
    if (at != directory->devices_.end()) at->second.contact = std::move(contact);
  }
  for (const auto& [device, entry] : directory->devices_) {
    if (!Has(directory->people_, entry.row->user_id())) {
      return absl::DataLossError(absl::StrCat("device ", device.Short(), " is of no user"));
    }
  }
  return directory;
}

absl::Status Directory::PutDevice(const stored::v1::DeviceRow& row) {
  const auto id = sync::DeviceId::From(row.device_id());
  if (!id.has_value()) return absl::DataLossError("a device without an id");
  DeviceEntry& entry = devices_[*id];
  if (entry.keys == nullptr || entry.keys->current().spki() != row.public_key()) {
    const auto earlier = earlier_.find(*id);
    absl::StatusOr<seal::DeviceKeys> keys = seal::DeviceKeys::From(
        meta_.organisation_id(), row.public_key(),
        earlier == earlier_.end() ? std::vector<v1::EarlierKey>() : earlier->second);
    if (!keys.ok()) {
      return absl::DataLossError(
          absl::StrCat("device ", id->Short(), ": no usable key: ", keys.status().message()));
    }
    if (entry.keys != nullptr) by_key_.erase(HashOfKey(entry.keys->current().spki()));
    entry.keys = std::make_shared<const seal::DeviceKeys>(*std::move(keys));
    by_key_[HashOfKey(row.public_key())] = *id;
  }
  entry.row = std::make_shared<const stored::v1::DeviceRow>(row);
  return absl::OkStatus();
}

absl::Status Directory::Take(const Tables& committed) {
  absl::MutexLock lock(&mutex_);
  if (committed.meta.has_value()) meta_ = *committed.meta;
  for (const v1::Unit& unit : committed.units) {
    units_[unit.unit_id()] = unit;
    heads_[unit.unit_id()];  // an empty log, if it has none yet
  }
  TakePosts(committed);
  SOTAY_RETURN_IF_ERROR(TakeDossierActs(committed));
  for (const stored::v1::Ticket& ticket : committed.tickets) {
    tickets_[ticket.spki_hash()] = ticket;
  }
  for (const auto& [unit, head] : committed.heads) heads_[unit] = head;
  for (const Submission& submission : committed.submissions) {
    auto& of_unit = submissions_[submission.unit];
    if (submission.waits) {
      of_unit[{submission.received_ms, submission.change}] = submission;
    } else {
      of_unit.erase({submission.received_ms, submission.change});
    }
  }
  for (const stored::v1::DeviceKeyRow& row : committed.device_keys) {
    const auto id = sync::DeviceId::From(row.device_id());
    if (!id.has_value()) return absl::DataLossError("an earlier key of no device");
    given_up_.insert(HashOfKey(row.earlier().roll().old_key()));
    earlier_[*id].push_back(row.earlier());
  }
  for (const stored::v1::DeviceRow& row : committed.devices) {
    SOTAY_RETURN_IF_ERROR(PutDevice(row));
  }
  return absl::OkStatus();
}

absl::StatusOr<Caller> Directory::Admit(const sync::DeviceId& id, const DeviceEntry& entry) const {
  if (entry.row->state() != v1::DEVICE_STATE_ACTIVE &&
      entry.row->state() != v1::DEVICE_STATE_FORKED) {
    return DeviceRevoked();
  }
  const auto person = Find(people_, entry.row->user_id());
  if (person == people_.end()) return DeviceUnknown();
  return Caller{id, entry.row, person->second};
}

absl::StatusOr<Caller> Directory::CallerOf(absl::string_view spki_hash) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto id = by_key_.find(spki_hash);
  if (id == by_key_.end()) return DeviceUnknown();
  return Admit(id->second, devices_.at(id->second));
}

absl::StatusOr<Caller> Directory::CallerOf(const sync::DeviceId& device) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto at = devices_.find(device);
  if (at == devices_.end()) return DeviceUnknown();
  return Admit(device, at->second);
}

absl::optional<stored::v1::Ticket> Directory::TicketOf(absl::string_view spki_hash) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto at = tickets_.find(spki_hash);
  if (at == tickets_.end()) return absl::nullopt;
  return at->second;
}

std::shared_ptr<const stored::v1::DeviceRow> Directory::Device(const sync::DeviceId& device) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto at = devices_.find(device);
  return at == devices_.end() ? nullptr : at->second.row;
}

std::shared_ptr<const seal::DeviceKeys> Directory::KeysOf(const sync::DeviceId& device) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto at = devices_.find(device);
  return at == devices_.end() ? nullptr : at->second.keys;
}

Directory::DeviceSeen Directory::SeenOf(const sync::DeviceId& device) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto at = devices_.find(device);
  const auto earlier = earlier_.find(device);
  DeviceSeen seen;
  if (at != devices_.end()) seen.row = at->second.row;
  if (earlier != earlier_.end()) seen.earlier = earlier->second;
  return seen;
}

std::vector<v1::EarlierKey> Directory::EarlierKeys(const sync::DeviceId& device) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto at = earlier_.find(device);
  return at == earlier_.end() ? std::vector<v1::EarlierKey>() : at->second;
}

absl::optional<sync::DeviceId> Directory::HolderOf(absl::string_view spki_hash) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto at = by_key_.find(spki_hash);
  if (at == by_key_.end()) return absl::nullopt;
  return at->second;
}

bool Directory::KnowsKey(absl::string_view spki_hash) const {
  absl::ReaderMutexLock lock(&mutex_);
  return by_key_.contains(spki_hash) || tickets_.contains(spki_hash) ||
         Find(given_up_, spki_hash) != given_up_.end();
}

std::shared_ptr<const Person> Directory::FindPerson(absl::string_view user_id) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto at = Find(people_, user_id);
  return at == people_.end() ? nullptr : at->second;
}

sync::Seats Directory::SeatsOfLocked(const Person& person, absl::string_view unit) const {
  const auto standing = Find(standings_, unit);
  if (standing == standings_.end()) return {};
  return sync::SeatsIn(person.posts, standing->second, day_);
}

bool Directory::MayReadLocked(const Person& person, absl::string_view unit) const {
  return sync::ReadsSome(*rules_.matrix, SeatsOfLocked(person, unit)) != nullptr;
}

sync::Seats Directory::SeatsOf(const Person& person, absl::string_view unit) const {
  absl::ReaderMutexLock lock(&mutex_);
  return SeatsOfLocked(person, unit);
}

sync::Seats Directory::SeatsHere(const Person& person, absl::string_view unit) const {
  sync::Seats here;
  for (const sync::Seat& seat : SeatsOf(person, unit)) {
    if (seat.here) here.push_back(seat);
  }
  return here;
}

bool Directory::MayRead(const Person& person, absl::string_view unit) const {
  absl::ReaderMutexLock lock(&mutex_);
  return MayReadLocked(person, unit);
}

bool Directory::MayRead(const Person& person, absl::string_view unit, sync::Kind kind,
                        bool own) const {
  sync::Facts facts;
  facts.kind = kind;
  facts.begun = own;
  return sync::Decide(*rules_.matrix, SeatsOf(person, unit), sync::Verb::kRead, facts).allowed();
}

std::vector<std::string> Directory::ReadableLocked(const Person& person, absl::string_view unit,
                                                   bool subtree) const {
  // Depth first from the top, so that parents come before children.
  std::map<std::string, std::vector<std::string>> children;
  for (const auto& [id, row] : units_) {
    children[Has(units_, row.parent_id()) ? row.parent_id() : ""].push_back(id);
  }
  std::vector<std::string> readable;
  std::vector<std::pair<std::string, bool>> stack;  // unit, inside what was asked for
  const auto push_below = [&](const std::string& id, bool inside) {
    const auto below = children.find(id);
    if (below == children.end()) return;
    for (auto child = below->second.rbegin(); child != below->second.rend(); ++child) {
      stack.emplace_back(*child, inside);
    }
  };
  push_below("", unit.empty());
  while (!stack.empty()) {
    const auto [id, above_inside] = stack.back();
    stack.pop_back();
    const bool asked = id == unit;
    if ((above_inside || asked) && MayReadLocked(person, id)) readable.push_back(id);
    push_below(id, unit.empty() || (subtree && (above_inside || asked)));
  }
  return readable;
}

std::vector<std::string> Directory::Readable(const Person& person, absl::string_view unit,
                                             bool subtree) const {
  absl::ReaderMutexLock lock(&mutex_);
  return ReadableLocked(person, unit, subtree);
}

std::vector<std::string> Directory::Synced(const Person& person) const {
  absl::ReaderMutexLock lock(&mutex_);
  std::vector<std::string> units;
  for (const std::string& unit : person.feeds) {
    if (Has(units_, unit)) units.push_back(unit);
  }
  return units;
}

stored::v1::StoreMeta Directory::meta() const {
  absl::ReaderMutexLock lock(&mutex_);
  return meta_;
}

absl::optional<stored::v1::UnitHead> Directory::Head(absl::string_view unit) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto at = Find(heads_, unit);
  if (at == heads_.end()) return absl::nullopt;
  return at->second;
}

absl::optional<v1::Unit> Directory::FindUnit(absl::string_view unit) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto at = Find(units_, unit);
  if (at == units_.end()) return absl::nullopt;
  return at->second;
}

}  // namespace sotay::server
