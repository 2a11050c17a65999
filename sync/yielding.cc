#include "sync/yielding.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "sotay/options/v1/yielding.pb.h"
#include "sync/fragment.h"
#include "sync/validate.h"

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

bool Decides(const FieldType& field, int32_t value, const Author& author) {
  const auto deciders = field.yielding.find(value);
  if (deciders == field.yielding.end()) return true;  // it yields no longer: as any step
  if (deciders->second.count(options::v1::ROLE_PROSECUTOR) != 0) return author.authority != 0;
  return author.authority > AuthorityOf({options::v1::ROLE_PROSECUTOR});
}

bool IsOpen(const FieldType& field, const StepRequest& request, int32_t in_force) {
  const int32_t asked = NumberOf(request.value);
  return asked != in_force && field.yielding.count(asked) != 0 &&
         field.transitions.count({in_force, asked}) != 0;
}

absl::optional<LawfulStep> StepFrom(const FieldType& field, const MergedRecord& base, int32_t to) {
  const int32_t in_force = base.StateInForce(field.number);
  const auto declared = [&](int32_t from) -> absl::optional<LawfulStep> {
    const auto step = field.transitions.find({from, to});
    if (step == field.transitions.end()) return absl::nullopt;
    return LawfulStep{step->second, field.settled.count(step->first) != 0};
  };
  const absl::optional<LawfulStep> ordinary = declared(in_force);
  std::vector<int32_t> asked;  // what is open
  if (const FieldSlot* const slot = base.Slot(field.number)) {
    for (const StepRequest& request : slot->requests) {
      if (IsOpen(field, request, in_force)) asked.push_back(NumberOf(request.value));
    }
  }
  if (std::find(asked.begin(), asked.end(), to) != asked.end()) {
    return LawfulStep{field.yielding.at(to), ordinary->settled};
  }
  if (!asked.empty() && to == in_force) {
    LawfulStep keep;
    for (int32_t value : asked) {
      const std::set<Role>& deciders = field.yielding.at(value);
      keep.roles.insert(deciders.begin(), deciders.end());
    }
    return keep;
  }
  if (ordinary.has_value()) return ordinary;
  for (int32_t value : asked) {
    absl::optional<LawfulStep> step = declared(value);
    if (!step.has_value()) continue;
    const std::set<Role>& deciders = field.yielding.at(value);
    const std::set<Role> takers = step->roles.empty() ? field.writers : std::move(step->roles);
    step->roles.clear();
    std::set_intersection(takers.begin(), takers.end(), deciders.begin(), deciders.end(),
                          std::inserter(step->roles, step->roles.end()));
    if (!step->roles.empty()) return step;
  }
  return absl::nullopt;
}

}  // namespace sotay::sync
