// What the directory shows: lists of units, people and devices, and last contacts.
#include <algorithm>
#include <iterator>
#include <tuple>

#include "server/directory.h"
#include "sync/device_end.h"

namespace sotay::server {

std::vector<v1::Unit> Directory::Units() const {
  absl::ReaderMutexLock lock(&mutex_);
  std::vector<v1::Unit> units;
  for (const auto& [id, unit] : units_) units.push_back(unit);
  return units;
}

std::vector<v1::User> Directory::Users() const {
  absl::ReaderMutexLock lock(&mutex_);
  std::vector<v1::User> users;
  for (const auto& [id, person] : people_) users.push_back(person->user);
  return users;
}

size_t Directory::administrators() const {
  absl::ReaderMutexLock lock(&mutex_);
  return static_cast<size_t>(std::count_if(people_.begin(), people_.end(), [](const auto& entry) {
    return entry.second->administrator;
  }));
}

std::vector<Submission> Directory::Submissions(size_t max) const {
  absl::ReaderMutexLock lock(&mutex_);
  std::vector<Submission> newest;
  for (const auto& [unit, submissions] : submissions_) {
    auto at = submissions.begin();
    if (submissions.size() > max) std::advance(at, submissions.size() - max);
    for (; at != submissions.end(); ++at) newest.push_back(at->second);
  }
  return newest;
}

std::vector<v1::UnitView> Directory::ReadableUnits(const Person& person) const {
  absl::ReaderMutexLock lock(&mutex_);
  std::vector<v1::UnitView> views;
  // Parents before children; those of which only numbers are seen stand behind.
  std::vector<std::string> shown = ReadableLocked(person, "", true);
  for (const auto& [id, unit] : units_) {
    if (!MayReadLocked(person, id) && sync::Counts(*rules_.matrix, SeatsOfLocked(person, id))) {
      shown.push_back(id);
    }
  }
  for (const std::string& id : shown) {
    const v1::Unit& unit = units_.find(id)->second;
    const stored::v1::UnitHead& head = heads_.find(id)->second;
    v1::UnitView& view = views.emplace_back();
    view.set_unit_id(id);
    view.set_name(unit.name());
    // A parent that is not the reader's to see is not named.
    if (MayReadLocked(person, unit.parent_id())) view.set_parent_id(unit.parent_id());
    view.set_position(head.position());
    view.set_records(head.records());
  }
  return views;
}

v1::Directory Directory::NamesFor(const Person& person) const {
  absl::ReaderMutexLock lock(&mutex_);
  v1::Directory names;
  for (const auto& [id, roles] : person.roles) {
    const auto unit = units_.find(id);
    if (unit == units_.end() || !person.MaySync(id)) continue;
    v1::DirectoryUnit* named = names.add_units();
    named->set_unit_id(id);
    named->set_name(unit->second.name());
    for (sync::Role role : roles) named->add_roles(role);
    named->set_authority(sync::AuthorityIn(*person.rights, id));
  }
  for (const auto& [id, other] : people_) {
    const bool shared = std::any_of(
        names.units().begin(), names.units().end(),
        [&of = *other](const v1::DirectoryUnit& unit) { return of.IsIn(unit.unit_id()); });
    if (!shared) continue;
    v1::DirectoryPerson* named = names.add_people();
    named->set_user_id(id);
    named->set_full_name(other->user.full_name());
  }
  return names;
}

v1::DeviceView Directory::View(const DeviceEntry& entry) const {
  const stored::v1::DeviceRow& row = *entry.row;
  v1::DeviceView view;
  view.set_device_id(row.device_id());
  view.set_user_id(row.user_id());
  const auto person = people_.find(row.user_id());
  if (person != people_.end()) view.set_full_name(person->second->user.full_name());
  view.set_device_name(row.name());
  view.set_state(row.state());
  view.set_last_contact_ms(entry.contact.last_contact_ms());
  view.set_accepted_through(row.accepted_through());
  view.set_last_sequence(std::max(entry.contact.last_sequence(), row.accepted_through()));
  view.set_skew_ms(entry.contact.skew_ms());
  view.set_app_version(entry.contact.app_version());
  view.set_set_aside(row.set_aside());
  if (row.state() == v1::DEVICE_STATE_REVOKED) sync::NoteEnd(sync::EndOf(row), &view);
  return view;
}

bool Directory::WasIn(const std::string& user, const std::string& unit, sync::Day since) const {
  const sync::Day today = day_;
  const std::vector<v1::Post> posts = StandingPosts(user);
  return std::any_of(posts.begin(), posts.end(), [&](const v1::Post& post) {
    return post.unit_id() == unit && post.valid_from() <= today &&
           (post.valid_to() == 0 || post.valid_to() >= since);
  });
}

std::vector<v1::DeviceView> Directory::Devices(const std::vector<std::string>* units) const {
  absl::ReaderMutexLock lock(&mutex_);
  std::vector<v1::DeviceView> views;
  for (const auto& [id, entry] : devices_) {
    v1::DeviceView view = View(entry);
    // What somebody wrote while they were there is missed until it is here; and of a device that
    // was lost they are told for good, also what came of it.
    const bool missed =
        view.last_sequence() > view.accepted_through() || view.state() == v1::DEVICE_STATE_REVOKED;
    const sync::Day since = sync::DayOf(entry.row->enrolled_ms());
    const auto concerns = [&](const std::string& unit) ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      const auto person = people_.find(view.user_id());
      if (person == people_.end()) return false;
      return person->second->IsIn(unit) || (missed && WasIn(view.user_id(), unit, since));
    };
    if (units == nullptr || std::any_of(units->begin(), units->end(), concerns)) {
      views.push_back(std::move(view));
    }
  }
  std::sort(views.begin(), views.end(), [](const v1::DeviceView& a, const v1::DeviceView& b) {
    return std::tie(a.user_id(), a.device_id()) < std::tie(b.user_id(), b.device_id());
  });
  return views;
}

absl::optional<v1::DeviceView> Directory::ViewOf(const sync::DeviceId& device) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto at = devices_.find(device);
  if (at == devices_.end()) return absl::nullopt;
  return View(at->second);
}

void Directory::Touch(const sync::DeviceId& device, stored::v1::Contact contact) {
  absl::MutexLock lock(&mutex_);
  const auto at = devices_.find(device);
  if (at == devices_.end()) return;
  at->second.contact = std::move(contact);
  at->second.contact_dirty = true;
}

void Directory::TouchAt(const sync::DeviceId& device, int64_t now_ms) {
  absl::MutexLock lock(&mutex_);
  const auto at = devices_.find(device);
  if (at == devices_.end()) return;
  at->second.contact.set_last_contact_ms(now_ms);
  at->second.contact_dirty = true;
}

stored::v1::Contact Directory::ContactOf(const sync::DeviceId& device) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto at = devices_.find(device);
  return at == devices_.end() ? stored::v1::Contact() : at->second.contact;
}

absl::optional<stored::v1::Contact> Directory::TakeContact(const sync::DeviceId& device) {
  absl::MutexLock lock(&mutex_);
  const auto at = devices_.find(device);
  if (at == devices_.end() || !at->second.contact_dirty) return absl::nullopt;
  at->second.contact_dirty = false;
  return at->second.contact;
}

std::vector<std::pair<sync::DeviceId, stored::v1::Contact>> Directory::TakeContacts() {
  absl::MutexLock lock(&mutex_);
  std::vector<std::pair<sync::DeviceId, stored::v1::Contact>> taken;
  for (auto& [device, entry] : devices_) {
    if (!entry.contact_dirty) continue;
    entry.contact_dirty = false;
    taken.emplace_back(device, entry.contact);
  }
  return taken;
}

}  // namespace sotay::server
