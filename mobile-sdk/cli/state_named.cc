#include "mobile-sdk/cli/state_named.h"

#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "google/protobuf/descriptor.h"

namespace sotay::cli {

absl::StatusOr<std::string> StateNamed(const sync::Schema& schema, const std::string& of_type,
                                       const std::string& state) {
  std::set<std::string> found;
  for (const auto& [name, type] : schema.types()) {
    if (type.state == nullptr || (!of_type.empty() && schema.Find(of_type) != &type)) continue;
    const auto& values = *type.state->value_descriptor->enum_type();
    const std::string& zero = values.FindValueByNumber(0)->name();
    const std::string prefix(absl::StripSuffix(zero, "UNSPECIFIED"));
    for (int i = 0; i < values.value_count(); ++i) {
      const std::string& whole = values.value(i)->name();
      if (absl::EqualsIgnoreCase(whole, state)) return whole;
      if (absl::EqualsIgnoreCase(absl::StripPrefix(whole, prefix), state)) found.insert(whole);
    }
  }
  if (found.size() == 1) return *found.begin();
  return absl::InvalidArgumentError(found.empty() ? absl::StrCat("there is no state ", state)
                                                  : absl::StrCat("state ", state, " may be ",
                                                                 absl::StrJoin(found, ", "),
                                                                 "; say of which --type"));
}

}  // namespace sotay::cli
