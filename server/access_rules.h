// The table of rights this server goes by: the one compiled in (server/access.rules), or the one
// `rules` in sotayd.toml names.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sync/day.h"
#include "sync/matrix.h"

namespace sotay::server {

// The text of server/access.rules.
absl::string_view BuiltInRules();

struct AccessRules {
  std::string source;  // "compiled in", or the path
  std::shared_ptr<const sync::Matrix> matrix;
};

// Reads the table at `path`; empty: the one compiled in.  Fails as reading a file does, as
// Matrix::Parse does, and with kFailedPrecondition when a table of a file is meant to hold from a
// later day than `today`.
absl::StatusOr<AccessRules> LoadAccessRules(const std::string& path, const sync::Schema& schema,
                                            sync::Day today);

}  // namespace sotay::server
