// A person as they are on a day: their posts in force, and what follows from these.  Made by the
// directory once a day and whenever something of theirs changes.  Values; any thread.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "sotay/v1/admin_service.pb.h"
#include "sotay/v1/post.pb.h"
#include "sync/guard.h"
#include "sync/rights.h"
#include "sync/schema.h"

namespace sotay::server {

// unit → the roles the schema's write rules know somebody by in it.
using Roles = std::map<std::string, std::set<sync::Role>>;

// Where every unit stands on a day.
using Standings = std::map<std::string, sync::Standing, std::less<>>;

struct Person {
  v1::User user;
  bool administrator = false;
  // Posts in force; memberships are among them, as KSV and HEAD without an end.
  std::vector<sync::HeldPost> posts;
  Roles roles;
  // Units whose feed their devices carry, and for which they write: they read everything there that
  // is not kept back from them (sight.h).
  std::set<std::string> feeds;
  // For admissions.
  std::shared_ptr<const sync::Rights> rights;

  // Whether a post of theirs is in exactly this unit.
  bool IsIn(absl::string_view unit) const;
  // Whether their devices carry exactly this unit's feed.
  bool MaySync(absl::string_view unit) const;
};

// Whether a membership of the user's makes them an administrator.
bool IsAdministrator(const v1::User& user);

// The user on `day`, with `posts`, the rows of theirs that stand.
Person PersonOn(sync::Day day, v1::User user, const std::vector<v1::Post>& posts,
                const Standings& standings, const std::shared_ptr<const sync::Matrix>& matrix);

}  // namespace sotay::server
