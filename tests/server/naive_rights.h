// Who may do what, said once more the slow way: the matrix as offices know it, read off the paper
// it stands on (docs/access.md) and not off the table the server reads.  Judges the guard.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "sync/guard.h"

namespace sotay::tests {

struct NaiveUnit {
  std::string parent;
  sync::Day last_day = 0;
  std::vector<std::string> successors;
};

struct NaivePost {
  v1::Capacity capacity = v1::CAPACITY_UNSPECIFIED;
  std::string unit;
  std::set<std::string> fields;  // codes; "*": all
  sync::Day first_day = 0;
  sync::Day last_day = 0;
};

struct NaiveRecord {
  std::string unit;
  std::string kind;  // "case", "note", … or "other", "device", "audit"
  bool submitted = false;
  bool begun = false;     // by this person
  bool assigned = false;  // its dossier, to this person, or opened by them
  // Its dossier is for named people, and this is none of them.
  bool for_others = false;
  std::set<std::string> fields;
};

bool NaivelyAllowed(const std::map<std::string, NaiveUnit>& units,
                    const std::vector<NaivePost>& posts, const NaiveRecord& record,
                    const std::string& verb, sync::Day day);

}  // namespace sotay::tests
