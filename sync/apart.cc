#include "sync/apart.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "sotay/v1/record.pb.h"
#include "sync/fragment.h"
#include "sync/yielding.h"

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

std::vector<Request> RequestsIn(const MergedRecord& record) {
  std::vector<Request> requests;
  for (const auto& [path, slot] : record.fields()) {
    const FieldType* field = record.type() != nullptr ? record.type()->Field(path.first) : nullptr;
    if (field != nullptr && field->rule != options::v1::RULE_STATE) field = nullptr;
    for (const StepRequest& step : slot.requests) {
      if (field != nullptr && !IsOpen(*field, step, record.StateInForce(path.first))) continue;
      requests.push_back({path.first, field, &step});
    }
  }
  return requests;
}

std::vector<std::string> RequestedStates(const MergedRecord& record) {
  std::vector<std::string> names;
  for (const Request& request : RequestsIn(record)) {
    const auto number = static_cast<int32_t>(VarintOf(request.step->value).value_or(0));
    const auto* const value =
        request.field != nullptr ? request.field->descriptor->enum_type()->FindValueByNumber(number)
                                 : nullptr;
    std::string name = value != nullptr ? value->name() : absl::StrCat(number);
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      names.push_back(std::move(name));
    }
  }
  return names;
}

std::vector<Overtaken> OvertakenIn(const MergedRecord& record) {
  std::vector<Overtaken> overtaken;
  if (record.type() == nullptr) return overtaken;
  for (const auto& [path, slot] : record.fields()) {
    const FieldType* const field = record.type()->Field(path.first);
    if (field == nullptr || field->rule != options::v1::RULE_STATE) continue;
    for (const StandingReading& step : slot.readings) {
      if (step.value == slot.readings.front().value) continue;
      overtaken.push_back({field, &step.value, step.author, &slot.readings.front()});
    }
    if (slot.readings.empty()) continue;
    const int32_t in_force = record.StateInForce(path.first);
    for (const StepRequest& asked : slot.requests) {
      if (asked.value == slot.readings.front().value || IsOpen(*field, asked, in_force)) continue;
      overtaken.push_back({field, &asked.value, asked.author, &slot.readings.front()});
    }
  }
  return overtaken;
}

}  // namespace sotay::sync
