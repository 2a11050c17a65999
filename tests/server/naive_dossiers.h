// What is known of a dossier and of whom it is assigned to, the slow way: from all that was ever
// decided, each time anew.  Judges what phones hold.
#pragma once

#include <cstdint>
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
  // The change it was written in, and how often who sees the dossier had been said by then.
  uint64_t sequence = 0;
  int said = 0;
};

struct NaiveDossier {
  sync::RecordId root;
  bool criminal = false;
  std::string opened_by;
  bool restricted = false;
  std::map<std::string, sync::Day> people;  // last days; 0: none
  // One that is hidden until it begins: whether it is an inspection, whom it names, whether it is
  // hidden now, and ever was; and whether anything was said of it by no assignment.
  bool inspection = false;
  std::set<std::string> team;
  bool hidden = false, ever_hidden = false, worded = false, surprise = false;
  // How often that was said for itself, and how often of these the head's phone heard.
  int said = 0, head_heard = 0;
  // In the order in which the server took them.
  std::vector<NaiveDecision> decisions;

  // To whom it is assigned.
  std::set<std::string> Assigned() const;
  void Take(const Unheard& heard);
  // Its root was heard to be planned as a surprise, and to have begun.
  void Turn(bool planned, bool begun);
};

}  // namespace sotay::tests
