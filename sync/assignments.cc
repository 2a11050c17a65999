#include "sync/assignments.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "sotay/options/v1/assigning.pb.h"
#include "sync/fragment.h"
#include "sync/status_macros.h"

namespace sotay::sync {
namespace {

namespace pb = google::protobuf;
using pb::FieldDescriptor;

absl::Status Bad(const RecordType& type, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("schema: type ", type.name, ": assigning: ", what));
}

// Finds what a declaration names.
class Reader {
 public:
  explicit Reader(const RecordType& type) : type_(type) {}

  absl::Status Find(const std::string& name, const char* as, options::v1::Rule rule,
                    FieldDescriptor::Type kind, bool required, uint32_t* number) const {
    const FieldType* const field = type_.Field(absl::string_view(name));
    if (field == nullptr || field->rule != rule || field->descriptor->type() != kind) {
      return Bad(type_, absl::StrCat(as, " names ", name, ", which is no ",
                                     options::v1::Rule_Name(rule), " of its kind"));
    }
    if (required && !field->required) return Bad(type_, absl::StrCat(name, " is not required"));
    *number = field->number;
    return absl::OkStatus();
  }

  absl::Status FindParent(uint32_t* number) const {
    for (const auto& [of, field] : type_.fields) {
      if (!field.parent) continue;
      if (*number != 0 || !field.required || field.rule != options::v1::RULE_ONCE ||
          field.descriptor->type() != FieldDescriptor::TYPE_BYTES) {
        return Bad(type_, "it hangs under a root by one field, ONCE and required");
      }
      *number = of;
    }
    return *number == 0 ? Bad(type_, "it has no parent") : absl::OkStatus();
  }

  absl::Status FindValues(const pb::RepeatedPtrField<std::string>& names,
                          std::set<int32_t>* values) const {
    for (const std::string& name : names) {
      const auto* const value = type_.state->descriptor->enum_type()->FindValueByName(name);
      if (value == nullptr || value->number() == 0) {
        return Bad(type_, absl::StrCat(name, " is no value to which its state steps"));
      }
      values->insert(value->number());
    }
    return absl::OkStatus();
  }

  absl::Status FindReports(const pb::RepeatedPtrField<std::string>& names,
                           std::set<uint32_t>* fields) const {
    for (const std::string& name : names) {
      const FieldType* const field = type_.Field(absl::string_view(name));
      if (field == nullptr || field->rule == options::v1::RULE_SERVER) {
        return Bad(type_, absl::StrCat("it has no field ", name, " that anybody writes"));
      }
      fields->insert(field->number);
    }
    return absl::OkStatus();
  }

 private:
  const RecordType& type_;
};

// Reads an assignment from what `value_of` says its fields hold.
template <typename ValueOf>
absl::optional<Assignment> Read(const Assigning& assigning, const ValueOf& value_of) {
  Assignment assignment;
  const auto parent = RecordId::From(StringOf(value_of(assigning.parent)).value_or(""));
  assignment.user_id = std::string(StringOf(value_of(assigning.assignee)).value_or(""));
  assignment.role = static_cast<int32_t>(VarintOf(value_of(assigning.role)).value_or(0));
  if (!parent.has_value() || !IsSlug(assignment.user_id, /*dots=*/true) || assignment.role == 0) {
    return absl::nullopt;
  }
  assignment.parent = *parent;
  const auto supersedes = StringOf(value_of(assigning.supersedes)).value_or("");
  assignment.supersedes = RecordId::From(supersedes);
  if (!supersedes.empty() && !assignment.supersedes.has_value()) return absl::nullopt;
  return assignment;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Assigning>> ReadAssigning(const RecordType& type) {
  // Of types from a descriptor file as of those compiled in (schema.cc).
  pb::MessageOptions known;
  known.ParseFromString(type.descriptor->options().SerializeAsString());
  if (!known.HasExtension(options::v1::assigning)) return std::shared_ptr<const Assigning>();
  const options::v1::Assigning& declared = known.GetExtension(options::v1::assigning);
  if (type.root) return Bad(type, "it opens a dossier");
  if (type.state == nullptr) return Bad(type, "it has no state");
  constexpr auto kOnce = options::v1::RULE_ONCE;
  constexpr auto kServer = options::v1::RULE_SERVER;
  const Reader reader(type);
  auto assigning = std::make_shared<Assigning>();
  assigning->state = type.state->number;
  SOTAY_RETURN_IF_ERROR(reader.FindParent(&assigning->parent));
  SOTAY_RETURN_IF_ERROR(reader.Find(declared.assignee(), "assignee", kOnce,
                                    FieldDescriptor::TYPE_STRING, true, &assigning->assignee));
  SOTAY_RETURN_IF_ERROR(reader.Find(declared.role(), "role", kOnce, FieldDescriptor::TYPE_ENUM,
                                    true, &assigning->role));
  SOTAY_RETURN_IF_ERROR(reader.Find(declared.supersedes(), "supersedes", kOnce,
                                    FieldDescriptor::TYPE_BYTES, false, &assigning->supersedes));
  SOTAY_RETURN_IF_ERROR(reader.Find(declared.decides(), "decides", kServer,
                                    FieldDescriptor::TYPE_BOOL, false, &assigning->decides));
  SOTAY_RETURN_IF_ERROR(reader.FindValues(declared.answers(), &assigning->answers));
  SOTAY_RETURN_IF_ERROR(reader.FindValues(declared.reasoned(), &assigning->reasoned));
  SOTAY_RETURN_IF_ERROR(reader.FindValues(declared.ends(), &assigning->ends));
  SOTAY_RETURN_IF_ERROR(reader.FindReports(declared.reports(), &assigning->reports));
  return std::shared_ptr<const Assigning>(std::move(assigning));
}

absl::optional<Assignment> AssignmentIn(const RecordType& type, const v1::RecordEdit& edit) {
  if (type.assigning == nullptr) return absl::nullopt;
  const auto value_of = [&edit](uint32_t field) -> absl::string_view {
    for (const v1::FieldOp& op : edit.ops()) {
      if (op.field() == field) return op.set();
    }
    return "";
  };
  return Read(*type.assigning, value_of);
}

absl::optional<Assignment> AssignmentOf(const MergedRecord& record) {
  if (record.type() == nullptr || record.type()->assigning == nullptr) return absl::nullopt;
  const Assigning& assigning = *record.type()->assigning;
  const auto value_of = [&record](uint32_t field) -> absl::string_view {
    const FieldSlot* const slot = record.Slot(field);
    return slot == nullptr || slot->readings.empty() ? absl::string_view()
                                                     : slot->readings.front().value;
  };
  absl::optional<Assignment> assignment = Read(assigning, value_of);
  if (!assignment.has_value()) return absl::nullopt;
  assignment->decides = VarintOf(value_of(assigning.decides)).value_or(0) != 0;
  assignment->ended = assigning.ends.count(record.StateInForce(assigning.state)) != 0;
  return assignment;
}

Assigned AssignedAtOpening(const RecordId& root, const std::string& opened_by) {
  v1::AssignedPerson opener;
  opener.set_assignment_id(root.str());
  opener.set_user_id(opened_by);
  return {opener};
}

void Assign(const RecordId& id, const Assignment& assignment, Assigned* assigned) {
  const auto replaced = [&](const v1::AssignedPerson& one) {
    if (assignment.supersedes.has_value() && one.assignment_id() == assignment.supersedes->view()) {
      return true;
    }
    return one.user_id() == assignment.user_id && one.role() == assignment.role;
  };
  assigned->erase(std::remove_if(assigned->begin(), assigned->end(), replaced), assigned->end());
  v1::AssignedPerson& person = assigned->emplace_back();
  person.set_assignment_id(id.str());
  person.set_user_id(assignment.user_id);
  person.set_role(assignment.role);
  person.set_ended(assignment.ended);
}

void NoteEnded(const RecordId& id, bool ended, Assigned* assigned) {
  for (v1::AssignedPerson& one : *assigned) {
    if (one.assignment_id() == id.view()) one.set_ended(ended);
  }
}

bool IsAssigned(const Assigned& assigned, absl::string_view user) {
  return std::any_of(assigned.begin(), assigned.end(), [user](const v1::AssignedPerson& one) {
    return one.user_id() == user && !one.ended();
  });
}

Assigned AssignedBy(const RecordId& root, const std::string& opened_by,
                    const std::vector<PlacedAssignment>& assignments) {
  Assigned assigned = AssignedAtOpening(root, opened_by);
  for (const PlacedAssignment& one : assignments) {
    if (one.assignment.decides) Assign(one.id, one.assignment, &assigned);
  }
  return assigned;
}

absl::optional<Refusal> CheckAnswers(const RecordType& type, const v1::RecordEdit& edit,
                                     const MergedRecord& base, absl::string_view user,
                                     absl::string_view reason) {
  if (type.assigning == nullptr) return absl::nullopt;
  const Assigning& assigning = *type.assigning;
  const auto assignment = base.empty() ? AssignmentIn(type, edit) : AssignmentOf(base);
  const bool theirs = assignment.has_value() && assignment->user_id == user;
  for (const v1::FieldOp& op : edit.ops()) {
    const FieldType* const field = type.Field(op.field());
    if (!base.empty() && field != nullptr && field->rule == options::v1::RULE_ONCE &&
        assigning.reports.count(op.field()) == 0) {
      return Refusal{v1::REASON_ONCE_WRITTEN,
                     absl::StrCat("field ", field->name,
                                  ": an assignment stands as it was written; write another one")};
    }
    const bool steps = op.field() == assigning.state;
    const auto to = steps ? static_cast<int32_t>(VarintOf(op.set()).value_or(0)) : 0;
    const bool answers = steps && assigning.answers.count(to) != 0;
    if (!theirs && (answers || assigning.reports.count(op.field()) != 0)) {
      return Refusal{v1::REASON_WRITER_MAY_NOT,
                     absl::StrCat("field ", field->name,
                                  ": only whom the assignment names answers it and reports")};
    }
    if (steps && assigning.reasoned.count(to) != 0 && reason.empty()) {
      return Refusal{v1::REASON_REQUIRED_MISSING,
                     absl::StrCat("field ", field->name, ": this step takes a reason; say why")};
    }
  }
  return absl::nullopt;
}

}  // namespace sotay::sync
