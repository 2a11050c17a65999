#include "server/person.h"

#include <algorithm>
#include <utility>

namespace sotay::server {

bool Person::IsIn(absl::string_view unit) const {
  return std::any_of(posts.begin(), posts.end(),
                     [unit](const sync::HeldPost& post) { return post.unit == unit; });
}

bool Person::MaySync(absl::string_view unit) const { return feeds.count(std::string(unit)) != 0; }

bool IsAdministrator(const v1::User& user) {
  return std::any_of(user.memberships().begin(), user.memberships().end(), [](const auto& member) {
    return member.role() == options::v1::ROLE_ADMINISTRATOR;
  });
}

Person PersonOn(sync::Day day, v1::User user, const std::vector<v1::Post>& posts,
                const Standings& standings, const std::shared_ptr<const sync::Matrix>& matrix) {
  Person person;
  person.administrator = IsAdministrator(user);
  for (const v1::Membership& membership : user.memberships()) {
    if (membership.role() == options::v1::ROLE_ADMINISTRATOR) continue;
    const bool supervisor = membership.role() == options::v1::ROLE_SUPERVISOR;
    person.posts.push_back({supervisor ? v1::CAPACITY_HEAD : v1::CAPACITY_KSV, membership.unit_id(),
                            sync::kEveryField, 0, 0});
  }
  for (const v1::Post& post : posts) {
    if (!sync::InTerm(day, post.valid_from(), post.valid_to())) continue;
    person.posts.push_back({post.capacity(), post.unit_id(),
                            matrix->FieldsOf(post.fields_of_work()), post.valid_from(),
                            post.valid_to()});
  }
  auto rights = std::make_shared<sync::Rights>();
  rights->user_id = user.user_id();
  rights->matrix = matrix;
  rights->day = day;
  for (const sync::HeldPost& post : person.posts) {
    if (standings.find(post.unit) == standings.end()) continue;
    const sync::Role role = sync::RoleOf(post.capacity);
    if (role != options::v1::ROLE_UNSPECIFIED) person.roles[post.unit].insert(role);
    // From posts in that very unit: what one is in a unit that came after it, or above, lets one
    // read there, and neither write nor carry its feed.
    const sync::Seats seats = sync::SeatsIn(person.posts, {{post.unit}, {}}, day);
    if (sync::ReadsAll(*matrix, seats)) person.feeds.insert(post.unit);
    rights->seats.emplace(post.unit, seats);
  }
  person.rights = std::move(rights);
  person.user = std::move(user);
  return person;
}

}  // namespace sotay::server
