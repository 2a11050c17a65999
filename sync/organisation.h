// The tree of units with its dates: which unit stands under which, how long each lasts, and what
// comes after it.  Values; thread-safe while it does not change.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "sync/day.h"
#include "sync/guard.h"

namespace sotay::sync {

class Organisation {
 public:
  // Says what a unit stands under ("": nothing); later, how long it lasts.
  void PutUnit(const std::string& unit, const std::string& parent);
  void PutTerm(const std::string& unit, Day from, Day to, std::vector<std::string> successors);

  bool Has(absl::string_view unit) const;
  // Where the unit stands on that day.  One that has ended stands where its successors do as well,
  // and where theirs do if these have ended too; what stands under it stands under them.  Of a unit
  // that is not there: nowhere.
  Standing StandingOf(absl::string_view unit, Day day) const;
  // Whether, with these successors, what comes after the unit would lead back to it.
  bool LeadsBack(const std::string& unit, const std::vector<std::string>& successors) const;

 private:
  struct Unit {
    std::string parent;
    Day from = 0;
    Day to = 0;
    std::vector<std::string> successors;
  };
  std::map<std::string, Unit, std::less<>> units_;
};

}  // namespace sotay::sync
