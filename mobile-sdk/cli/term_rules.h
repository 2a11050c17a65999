// The table of terms a command goes by: the one in the directory (DIR/deadlines.rules), or the one
// that is compiled in (mobile-sdk/deadlines.rules).
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "mobile-sdk/cli/invocation.h"
#include "sync/term_table.h"

namespace sotay::cli {

// The text of mobile-sdk/deadlines.rules.
absl::string_view BuiltInTerms();

struct TermRules {
  std::string source;  // "compiled in", or the path
  std::shared_ptr<const sync::TermTable> table;
};

// Fails as reading the file does, and as TermTable::Parse does: a table with a mistake is no table.
absl::StatusOr<TermRules> LoadTermRules(const Invocation& run);

// "Bảng thời hạn 2026.1 (compiled in)": which one it is.
std::string TableInWords(const Voice& voice, const TermRules& rules);

}  // namespace sotay::cli
