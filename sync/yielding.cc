#include "sync/yielding.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "sotay/options/v1/yielding.pb.h"
#include "sync/fragment.h"

namespace sotay::sync {
namespace {

namespace pb = google::protobuf;

int32_t NumberOf(const std::string& fragment) {
  return static_cast<int32_t>(VarintOf(fragment).value_or(0));
}

// Whether somebody of that role may step on from `value`.
bool StepsOn(const FieldType& field, int32_t value, Role role) {
  return std::any_of(field.transitions.begin(), field.transitions.end(), [&](const auto& step) {
    return step.first.first == value && step.first.second != value &&
           (step.second.empty() ? field.writers.count(role) : step.second.count(role)) != 0;
  });
}

}  // namespace

absl::Status ReadYielding(FieldType* field) {
  const pb::EnumDescriptor& values = *field->descriptor->enum_type();
  for (int i = 0; i < values.value_count(); ++i) {
    const pb::EnumValueDescriptor& value = *values.value(i);
    // Of types from a descriptor file as of those compiled in (schema.cc).
    pb::EnumValueOptions known;
    known.ParseFromString(value.options().SerializeAsString());
    if (!known.HasExtension(options::v1::yielding)) continue;
    const auto bad = [&](absl::string_view what) {
      return absl::InvalidArgumentError(absl::StrCat(
          "schema: field ", field->descriptor->full_name(), ": ", value.name(), " yields, ", what));
    };
    if (value.number() == 0) return bad("and records are born with it");
    std::set<Role>& deciders = field->yielding[value.number()];
    for (int role : known.GetExtension(options::v1::yielding).deciders()) {
      deciders.insert(static_cast<Role>(role));
    }
    if (deciders.empty()) return bad("and nobody decides about it");
    for (Role role : deciders) {
      if (StepsOn(*field, value.number(), role)) continue;
      return bad(absl::StrCat("and ", options::v1::Role_Name(role),
                              ", who decides, may take no step on from it"));
    }
  }
  return absl::OkStatus();
}

absl::optional<LawfulStep> StepFrom(const FieldType& field, const MergedRecord& base, int32_t to) {
  const auto declared = [&](int32_t from) -> absl::optional<LawfulStep> {
    const auto step = field.transitions.find({from, to});
    if (step == field.transitions.end()) return absl::nullopt;
    return LawfulStep{&step->second, field.settled.count(step->first) != 0};
  };
  const absl::optional<LawfulStep> ordinary = declared(base.StateInForce(field.number));
  const FieldSlot* const slot = base.Slot(field.number);
  if (slot == nullptr) return ordinary;
  for (const StepRequest& request : slot->requests) {
    if (NumberOf(request.value) != to) continue;
    const auto deciders = field.yielding.find(to);
    if (deciders == field.yielding.end()) continue;
    return LawfulStep{&deciders->second, ordinary.has_value() && ordinary->settled};
  }
  if (ordinary.has_value()) return ordinary;
  for (const StepRequest& request : slot->requests) {
    if (const auto step = declared(NumberOf(request.value))) return step;
  }
  return absl::nullopt;
}

}  // namespace sotay::sync
