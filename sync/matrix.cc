#include "sync/matrix.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace sotay::sync {

bool TypeInMatrix::Submitted(int32_t state) const {
  return std::find(submitted.begin(), submitted.end(), state) != submitted.end();
}

const TypeInMatrix& Matrix::TypeOf(absl::string_view type) const {
  static const TypeInMatrix* const kUnknown = new TypeInMatrix();
  const auto at = types_.find(type);
  return at == types_.end() ? *kUnknown : at->second;
}

FieldSet Matrix::FieldsOf(const google::protobuf::RepeatedPtrField<std::string>& codes) const {
  FieldSet fields = 0;
  for (const std::string& code : codes) {
    if (code == "*") return kEveryField;
    for (size_t i = 0; i < fields_of_work_.size(); ++i) {
      if (fields_of_work_[i].code == code) fields |= FieldSet{1} << i;
    }
  }
  return fields;
}

const char* NameOf(v1::Capacity capacity) {
  switch (capacity) {
    case v1::CAPACITY_HEAD:
      return "HEAD";
    case v1::CAPACITY_DEP:
      return "DEP";
    case v1::CAPACITY_DIV:
      return "DIV";
    case v1::CAPACITY_KSV:
      return "KSV";
    case v1::CAPACITY_KTV:
      return "KTV";
    case v1::CAPACITY_CLK:
      return "CLK";
    case v1::CAPACITY_STA:
      return "STA";
    case v1::CAPACITY_INS:
      return "INS";
    case v1::CAPACITY_ADM:
      return "ADM";
    default:
      return "?";
  }
}

const char* NameOf(Verb verb) {
  constexpr std::array<const char*, kVerbs> kNames = {
      "create", "read", "edit", "submit", "approve", "numbers", "decide", "assign", "seal"};
  return kNames[static_cast<size_t>(verb)];
}

const char* NameOf(Scope scope) {
  constexpr std::array<const char*, 3> kNames = {"own", "unit", "tree"};
  return kNames[static_cast<size_t>(scope)];
}

v1::Capacity CapacityNamed(absl::string_view name) {
  for (size_t i = 1; i < kCapacities; ++i) {
    const auto capacity = static_cast<v1::Capacity>(i);
    if (name == NameOf(capacity)) return capacity;
  }
  return v1::CAPACITY_UNSPECIFIED;
}

Role RoleOf(v1::Capacity capacity) {
  switch (capacity) {
    case v1::CAPACITY_HEAD:
    case v1::CAPACITY_DEP:
    case v1::CAPACITY_DIV:
      return options::v1::ROLE_SUPERVISOR;
    case v1::CAPACITY_KSV:
    case v1::CAPACITY_KTV:
      return options::v1::ROLE_PROSECUTOR;
    default:
      return options::v1::ROLE_UNSPECIFIED;
  }
}

}  // namespace sotay::sync
