#include "server/numbers_check.h"

#include "absl/strings/str_cat.h"
#include "server/keys.h"
#include "sync/fragment.h"
#include "sync/numbering.h"

namespace sotay::server {

void NumbersCheck::LookAtEntry(absl::string_view key, const std::string& unit,
                               const v1::Admission& admission) {
  for (const v1::AssignedOp& assigned : admission.assigned()) {
    if (assigned.series().empty()) continue;
    uint64_t& last = last_[unit][assigned.series()];
    if (assigned.number() != last + 1) {
      fault_(key, absl::StrCat("gives number ", assigned.number(), " of ", assigned.series(),
                               ", expected ", last + 1));
    }
    last = assigned.number();
    const std::string sign = assigned.series().substr(0, assigned.series().rfind('/'));
    if (sync::StringOf(assigned.op().set()) != sync::NumberInWords(last, sign, unit)) {
      fault_(key, absl::StrCat("writes number ", last, " of ", assigned.series(), " as another"));
    }
  }
}

void NumbersCheck::LookAtHead(const std::string& unit, const stored::v1::UnitHead& head) {
  std::map<std::string, uint64_t> said;
  for (const stored::v1::NumberSeries& series : head.numbers()) {
    said[series.series()] = series.last();
  }
  if (said != last_[unit]) fault_(HeadKey(unit), "counts other numbers than its log gave");
}

}  // namespace sotay::server
