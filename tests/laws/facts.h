// What judges ask of a record and of a past.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/laws/oracle.h"
#include "tests/laws/paper.h"
#include "tests/laws/past.h"
#include "tests/laws/splice.h"

namespace sotay::laws {

// A reading apart from the record it stands in: value and change id.
using Reading = std::pair<std::string, std::string>;

std::vector<Reading> ReadingsIn(const v1::Record& record, const v1::FieldState& field);
std::vector<Reading> ReadingsAt(const v1::Record& record, const sync::FieldPath& path);
int64_t TotalAt(const v1::Record& record, const sync::FieldPath& path);
bool Has(const std::vector<Reading>& readings, const Reading& reading);

// The field in words.
std::string Name(const sync::FieldPath& path);

// Whether a rule keeps every standing value as a reading.
bool KeepsReadings(sync::Rule rule);

// The past as the judges look at it.
class Facts {
 public:
  explicit Facts(const Past& past)
      : past_(past),
        oracle_(TypeOf(kNewest, past.type), past),
        writes_(oracle_.Writes(oracle_.all())) {}

  const Oracle& oracle() const { return oracle_; }
  const std::map<sync::FieldPath, std::vector<Write>>& writes() const { return writes_; }
  const v1::FieldOp& OpOf(const Write& write) const {
    return past_.edits[write.edit].edit.ops(write.op);
  }
  sync::Rule RuleAt(const std::vector<Write>& writes) const {
    return RuleOf(TypeOf(kNewest, past_.type), OpOf(writes.front()));
  }
  // How the write would stand as a reading.
  Reading ReadingOf(const Write& write) const {
    const v1::FieldOp& op = OpOf(write);
    return {op.op_case() == v1::FieldOp::kText ? TextFragment(op.field(), oracle_.TextAfter(write))
                                               : ValueOf(op),
            past_.edits[write.edit].author.change.str()};
  }

 private:
  const Past& past_;
  Oracle oracle_;
  std::map<sync::FieldPath, std::vector<Write>> writes_;
};

}  // namespace sotay::laws
