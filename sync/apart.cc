#include "sync/apart.h"

#include <algorithm>

#include "sotay/v1/record.pb.h"

namespace sotay::sync {
namespace {

Author AuthorOf(const v1::ChangeRef& change) {
  return {ChangeId::From(change.change_id()).value_or(ChangeId()),
          DeviceId::From(change.device_id()).value_or(DeviceId()),
          change.sequence(),
          change.stamp(),
          change.user_id(),
          change.claimed_ms(),
          change.authority(),
          DeviceId::From(change.written_on())};
}

}  // namespace

std::vector<Author> ApartFromState(const MergedRecord& record) {
  std::vector<Author> apart;
  if (record.type() == nullptr || record.type()->state == nullptr) return apart;
  const FieldSlot* const slot = record.Slot(record.type()->state->number);
  if (slot == nullptr || slot->readings.empty()) return apart;
  const ChangeId step = record.author(slot->readings.front().author).change;
  v1::Record proto;
  record.ToProto(&proto);
  bool last = false;
  for (const uint32_t head : proto.heads()) {
    Author author = AuthorOf(proto.changes(static_cast<int>(head)));
    last = last || author.change == step;
    if (author.change != step) apart.push_back(std::move(author));
  }
  if (!last) apart.clear();
  std::sort(apart.begin(), apart.end(),
            [](const Author& a, const Author& b) { return a.change < b.change; });
  return apart;
}

}  // namespace sotay::sync
