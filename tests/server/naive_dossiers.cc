#include "tests/server/naive_dossiers.h"

namespace sotay::tests {

std::set<std::string> NaiveDossier::Assigned() const {
  std::set<std::string> users;
  bool opener = true;
  for (size_t i = 0; i < decisions.size(); ++i) {
    opener = opener && decisions[i].before != root;
    bool stands = !decisions[i].ended;
    for (size_t later = i + 1; later < decisions.size(); ++later) {
      const NaiveDecision& other = decisions[later];
      if (other.before == decisions[i].id) stands = false;
      if (other.user == decisions[i].user && other.role == decisions[i].role) stands = false;
    }
    if (stands) users.insert(decisions[i].user);
  }
  if (opener) users.insert(opened_by);
  return users;
}

void NaiveDossier::Take(const Unheard& heard) {
  const std::set<std::string> before = Assigned();
  if (heard.ends) {
    for (NaiveDecision& decision : decisions) {
      if (decision.id == heard.decision.id) decision.ended = true;
    }
  } else {
    decisions.push_back(heard.decision);
  }
  if (!restricted) return;
  const std::set<std::string> after = Assigned();
  for (const std::string& user : before) {
    if (after.count(user) == 0) people.erase(user);
  }
  if (!heard.ends) people[heard.decision.user] = 0;
}

void NaiveDossier::Turn(bool planned, bool begun) {
  const bool now = planned && !surprise;
  surprise = planned;
  if (now && !begun && !ever_hidden && !worded) {
    hidden = ever_hidden = restricted = worded = true;
    people.clear();
    for (const std::string& user : Assigned()) people[user] = 0;
    for (const std::string& user : team) people[user] = 0;
  }
  if (!hidden || !begun) return;
  hidden = restricted = false;
  people.clear();
}

}  // namespace sotay::tests
