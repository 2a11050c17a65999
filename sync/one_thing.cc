#include "sync/one_thing.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "sotay/options/v1/belonging.pb.h"
#include "sotay/options/v1/duplicates.pb.h"
#include "sync/attaching.h"
#include "sync/fragment.h"
#include "sync/status_macros.h"
#include "sync/unknown_time.h"

namespace sotay::sync {
namespace {

using google::protobuf::FieldDescriptor;

// A type from a descriptor file keeps its options in a pool of its own.
google::protobuf::MessageOptions OptionsOf(const RecordType& type) {
  google::protobuf::MessageOptions known;
  if (type.descriptor != nullptr) {
    known.ParseFromString(type.descriptor->options().SerializeAsString());
  }
  return known;
}

absl::Status Bad(const RecordType& type, absl::string_view name, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(type.name, ": belonging: ", name, " ", what));
}

void AddId(const StandingReading& reading, std::vector<RecordId>* ids) {
  if (const auto id = RecordId::From(StringOf(reading.value).value_or(""))) ids->push_back(*id);
}

bool IsIn(const RecordId& id, const std::vector<MergedRecord>& group) {
  return std::any_of(group.begin(), group.end(),
                     [&id](const MergedRecord& one) { return one.id() == id; });
}

}  // namespace

const FieldType* LinkOf(const RecordType& type) {
  const google::protobuf::MessageOptions known = OptionsOf(type);
  if (!known.HasExtension(options::v1::duplicates)) return nullptr;
  return type.Field(absl::string_view(known.GetExtension(options::v1::duplicates).link()));
}

Repeats WhatRepeats(const FieldType& link, const MergedRecord& record) {
  Repeats said;
  const FieldSlot* const slot = record.Slot(link.number);
  if (slot == nullptr || slot->readings.empty()) return said;
  const std::string& first = slot->readings.front().value;
  said.disputed =
      std::any_of(slot->readings.begin(), slot->readings.end(),
                  [&first](const StandingReading& other) { return other.value != first; });
  if (!said.disputed) said.other = RecordId::From(StringOf(first).value_or(""));
  return said;
}

OutOfUse OutOfUseOf(const RecordType& type) {
  OutOfUse states;
  for (const auto& [number, field] : type.fields) {
    if (field.rule != options::v1::RULE_STATE) continue;
    const auto* const values = field.descriptor->enum_type();
    for (int i = 0; values != nullptr && i < values->value_count(); ++i) {
      if (absl::EndsWith(values->value(i)->name(), "_WITHDRAWN")) {
        states.emplace_back(&field, values->value(i)->number());
      }
    }
  }
  return states;
}

bool IsOutOfUse(const OutOfUse& states, const MergedRecord& record) {
  return std::any_of(states.begin(), states.end(), [&record](const auto& state) {
    return record.StateInForce(state.first->number) == state.second;
  });
}

std::vector<size_t> HeadsOf(const std::vector<Counted>& records) {
  absl::flat_hash_map<RecordId, size_t> places;
  for (size_t i = 0; i < records.size(); ++i) places.emplace(records[i].id, i);
  std::vector<size_t> above(records.size());
  std::iota(above.begin(), above.end(), size_t{0});
  const auto root_of = [&above](size_t at) {
    for (; above[at] != at; at = above[at]) above[at] = above[above[at]];  // path halving
    return at;
  };
  std::vector<bool> repeats(records.size());
  for (size_t i = 0; i < records.size(); ++i) {
    const Counted& one = records[i];
    if (!one.repeats.has_value() || *one.repeats == one.id) continue;
    const auto found = places.find(*one.repeats);
    if (found == places.end()) continue;
    const Counted& other = records[found->second];
    const bool roots = one.id == one.dossier && other.id == other.dossier;
    if (one.dossier != other.dossier && !roots) continue;
    repeats[i] = true;
    above[root_of(i)] = root_of(found->second);
  }
  // Each repeats one at most: of a group all but one do, or they lead around and all do.
  const auto before = [&](size_t a, size_t b) {
    // Of an unknown time the stamp is the earliest it can be, which makes it no first.
    const auto place = [&](size_t at) {
      return std::make_tuple(bool{repeats[at]}, IsTimeUnknown(records[at].born), records[at].born,
                             records[at].id);
    };
    return place(a) < place(b);
  };
  std::vector<size_t> best(records.size());
  std::iota(best.begin(), best.end(), size_t{0});
  for (size_t i = 0; i < records.size(); ++i) {
    size_t& head = best[root_of(i)];
    if (before(i, head)) head = i;
  }
  std::vector<size_t> heads(records.size());
  for (size_t i = 0; i < records.size(); ++i) heads[i] = best[root_of(i)];
  return heads;
}

absl::StatusOr<Belonging> BelongingOf(const RecordType& type) {
  Belonging belonging;
  belonging.file = type.attaching != nullptr;
  const google::protobuf::MessageOptions known = OptionsOf(type);
  if (!known.HasExtension(options::v1::belonging)) return belonging;
  const options::v1::Belonging& declared = known.GetExtension(options::v1::belonging);
  for (const std::string& name : declared.values()) {
    const FieldType* const field = type.Field(absl::string_view(name));
    if (field == nullptr || field->rule != options::v1::RULE_SET) {
      return Bad(type, name, "is no SET");
    }
    belonging.values.push_back(field);
  }
  for (const std::string& name : declared.belongs_to()) {
    const FieldType* const field = type.Field(absl::string_view(name));
    if (field == nullptr || field->is_map ||
        field->descriptor->type() != FieldDescriptor::TYPE_BYTES ||
        (field->rule != options::v1::RULE_SET && field->rule != options::v1::RULE_REGISTER &&
         field->rule != options::v1::RULE_ONCE)) {
      return Bad(type, name, "holds no ids of records");
    }
    belonging.belongs_to.push_back(field);
  }
  return belonging;
}

std::vector<RecordId> BelongsTo(const Belonging& declared, const MergedRecord& record) {
  std::vector<RecordId> ids;
  if (declared.file) ids = ParentsOf(record);
  for (const FieldType* field : declared.belongs_to) {
    const FieldSlot* const slot = record.Slot(field->number);
    if (slot == nullptr) continue;
    for (const StandingReading& reading : slot->readings) AddId(reading, &ids);
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

absl::StatusOr<Together> TogetherOf(const std::vector<MergedRecord>& group,
                                    const std::vector<MergedRecord>& belongings) {
  Together together;
  for (const MergedRecord& one : group) {
    if (one.type() == nullptr) continue;
    SOTAY_ASSIGN_OR_RETURN(const Belonging declared, BelongingOf(*one.type()));
    for (const FieldType* field : declared.values) {
      const FieldSlot* const slot = one.Slot(field->number);
      if (slot == nullptr) continue;
      for (const StandingReading& reading : slot->readings) {
        auto known = std::find_if(together.values.begin(), together.values.end(),
                                  [&](const Together::Value& value) {
                                    return value.field == field && value.value == reading.value;
                                  });
        if (known == together.values.end()) {
          known = together.values.insert(known, {one.type(), field, reading.value, {}});
        }
        if (known->from.empty() || known->from.back() != one.id()) known->from.push_back(one.id());
      }
    }
  }
  for (size_t i = 0; i < belongings.size(); ++i) {
    const MergedRecord& record = belongings[i];
    if (record.type() == nullptr) continue;
    SOTAY_ASSIGN_OR_RETURN(const Belonging declared, BelongingOf(*record.type()));
    Together::Record belongs{i, {}};
    for (const RecordId& id : BelongsTo(declared, record)) {
      if (IsIn(id, group)) belongs.of.push_back(id);
    }
    if (!belongs.of.empty()) together.records.push_back(std::move(belongs));
  }
  return together;
}

}  // namespace sotay::sync
