#include "mobile-sdk/cli/term_rules.h"

#include "absl/strings/str_cat.h"
#include "mobile-sdk/cli/terminal.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

constexpr size_t kRulesBytesMax = size_t{256} << 10;
constexpr char kFile[] = "deadlines.rules";

}  // namespace

absl::StatusOr<TermRules> LoadTermRules(const Invocation& run) {
  TermRules rules;
  const std::string path = absl::StrCat(run.dir, "/", kFile);
  const absl::StatusOr<std::string> own = ReadFile(path, kRulesBytesMax);
  if (!own.ok() && !absl::IsNotFound(own.status())) return own.status();
  rules.source = own.ok() ? path : "compiled in";
  SOTAY_ASSIGN_OR_RETURN(rules.table,
                         sync::TermTable::Parse(own.ok() ? *own : std::string(BuiltInTerms()),
                                                own.ok() ? path : kFile));
  return rules;
}

std::string TableInWords(const Voice& voice, const TermRules& rules) {
  return absl::StrCat(voice("Bảng thời hạn ", "Table of terms "), OneLine(rules.table->version()),
                      " (", OneLine(rules.source), ")");
}

}  // namespace sotay::cli
