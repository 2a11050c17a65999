// What is known of a dossier and of whom it is assigned to, the slow way: from all that was ever
// decided, each time anew.  Judges what phones hold.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "sync/day.h"
#include "sync/ids.h"

namespace sotay::tests {

struct NaiveDecision {
  sync::RecordId id;
  std::string user;
  std::string role;
  sync::RecordId before;  // what it takes the place of
  bool ended = false;
};

// What the head has written and the server may not have yet.
struct Unheard {
  sync::RecordId root;
  NaiveDecision decision;
  bool ends = false;  // that it is over
};

struct NaiveDossier {
  sync::RecordId root;
  bool criminal = false;
  std::string opened_by;
  bool restricted = false;
  std::map<std::string, sync::Day> people;  // last days; 0: none
  // In the order in which the server took them.
  std::vector<NaiveDecision> decisions;

  // To whom it is assigned.
  std::set<std::string> Assigned() const;
  void Take(const Unheard& heard);
};

}  // namespace sotay::tests
