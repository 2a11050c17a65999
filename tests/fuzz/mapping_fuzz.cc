// Mapping files, and tables read by them: everything of `sotay import` before the first record is
// written.  An input is a mapping, a line "%%", and a table.
#include <cstdint>

#include "absl/strings/match.h"
#include "mobile-sdk/cli/csv.h"
#include "mobile-sdk/cli/mapping.h"
#include "mobile-sdk/cli/row_plan.h"
#include "mobile-sdk/core/edits.h"
#include "sync/fragment.h"
#include "tests/fuzz/require.h"
#include "tests/support/builders.h"

namespace {

using namespace sotay;
using fuzz::Require;

constexpr absl::string_view kSeparator = "\n%%\n";

// What the phone's reader of words lets pass, the core takes as a value.
void CheckWish(const sync::Schema& schema, const sync::RecordType& type,
               const sync::FieldEdit& wish) {
  const sync::FieldType* field = type.Field(wish.op.field());
  Require(field != nullptr, "a wish names a field of its type");
  const v1::FieldOp& op = wish.op;
  const auto check = [&](absl::string_view fragment, bool may_clear) {
    const absl::Status status =
        sync::CheckFragment(schema, type, *field, op.key(), fragment, may_clear);
    // Lengths and marks are the core's own to judge.
    if (absl::StrContains(status.message(), "limit") ||
        absl::StrContains(status.message(), "combining marks")) {
      return;
    }
    fuzz::RequireOk(status, "what is read from words is a well-formed value");
  };
  if (op.op_case() == v1::FieldOp::kSet) check(op.set(), true);
  if (op.op_case() == v1::FieldOp::kAdd) check(op.add(), false);
  if (op.op_case() == v1::FieldOp::kAppend) check(op.append(), false);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = input.find(kSeparator);
  const sync::Schema& schema = *tests::CaseworkSchema();
  const auto mapping = cli::ParseMapping(input.substr(0, end), schema);
  if (!mapping.ok()) {
    Require(mapping.status().code() == absl::StatusCode::kInvalidArgument,
            "a mapping that cannot be read is an invalid argument");
    return 0;
  }
  Require(!mapping->records.empty() && mapping->records.front().type->root,
          "a mapping begins with a root");
  if (end == absl::string_view::npos) return 0;
  const auto table = cli::CsvTable::Parse(input.substr(end + kSeparator.size()));
  if (!table.ok() || !cli::CheckColumns(*mapping, *table).ok()) return 0;
  for (const cli::CsvRow& row : table->rows()) {
    const auto plan = cli::PlanRow(*mapping, *table, row);
    if (!plan.ok()) {
      Require(plan.status().code() == absl::StatusCode::kInvalidArgument,
              "a row that cannot be planned is an invalid argument");
      continue;
    }
    Require(plan->records.size() >= 1 && !plan->key.empty(), "a row makes a record and has a key");
    for (size_t i = 0; i < plan->records.size(); ++i) {
      const cli::PlannedRecord& record = plan->records[i];
      Require(i == 0 ? record.under == 0 : record.under < i, "a record stands after its own");
      for (const sdk::Edit& edit : record.edits) {
        const auto wish = sdk::ReadEdit(schema, *record.type, edit);
        if (wish.ok()) CheckWish(schema, *record.type, *wish);
      }
    }
  }
  return 0;
}
