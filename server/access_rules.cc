#include "server/access_rules.h"

#include "absl/strings/str_cat.h"
#include "sync/seal/whole_file.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

constexpr size_t kRulesBytesMax = size_t{256} << 10;

}  // namespace

absl::StatusOr<AccessRules> LoadAccessRules(const std::string& path, const sync::Schema& schema,
                                            sync::Day today) {
  AccessRules rules;
  rules.source = path.empty() ? "compiled in" : path;
  std::string text(BuiltInRules());
  if (!path.empty()) {
    SOTAY_ASSIGN_OR_RETURN(text, seal::ReadWholeFile(path, kRulesBytesMax));
  }
  SOTAY_ASSIGN_OR_RETURN(rules.matrix,
                         sync::Matrix::Parse(text, path.empty() ? "access.rules" : path, schema));
  // A clock that is wrong must not leave the server without any table.
  if (path.empty() || rules.matrix->since() <= today) return rules;
  return absl::FailedPreconditionError(absl::StrCat(rules.source, ": the table holds from ",
                                                    rules.matrix->since(), " on, and it is ", today,
                                                    "; leave the one before in place until then"));
}

}  // namespace sotay::server
