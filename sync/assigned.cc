#include "sync/assigned.h"

#include "sync/assignments.h"
#include "sync/fragment.h"
#include "sync/signing.h"

namespace sotay::sync {

std::vector<v1::FieldOp> AssignedAtBirth(const RecordType& type, int64_t received_ms,
                                         uint64_t revision, bool decides) {
  std::vector<v1::FieldOp> assigned;
  const auto assign = [&assigned](uint32_t field, uint64_t value) {
    v1::FieldOp& op = assigned.emplace_back();
    op.set_field(field);
    op.set_set(VarintFragment(field, value));
  };
  if (type.signing != nullptr && revision != 0) assign(type.signing->revision, revision);
  if (type.assigning != nullptr && decides) assign(type.assigning->decides, 1);
  for (const auto& [number, field] : type.fields) {
    if (field.assigned != options::v1::ASSIGNED_RECEIVED_MS) continue;
    assign(number, static_cast<uint64_t>(received_ms));
  }
  return assigned;
}

}  // namespace sotay::sync
