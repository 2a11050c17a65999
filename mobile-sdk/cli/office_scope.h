// Which units a `sotayctl` command looks at: --unit and --subtree, the same everywhere.
#pragma once

#include <memory>
#include <string>

#include "mobile-sdk/cli/command_line.h"
#include "mobile-sdk/cli/voice.h"

namespace sotay::cli {

struct ScopeWords {
  std::string unit;      // empty: every unit the caller may read
  bool subtree = false;  // the units below, too
};

// Adds the two options to `command`, which fill in `words`.
inline void AddScope(Command command, const Voice& voice,
                     const std::shared_ptr<ScopeWords>& words) {
  command
      .AddOption(
          "--unit", words->unit,
          voice("đơn vị; không ghi: mọi đơn vị được xem", "unit; none: every unit you may read"))
      .TypeName("UNIT");
  command.AddFlag("--subtree", words->subtree, voice("cả các đơn vị cấp dưới", "units below, too"));
}

}  // namespace sotay::cli
