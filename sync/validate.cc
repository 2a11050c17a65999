#include "sync/validate.h"

#include <algorithm>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/unknown_field_set.h"
#include "sync/attaching.h"
#include "sync/fragment.h"
#include "sync/limits.h"
#include "sync/secrecy.h"
#include "sync/text.h"
#include "sync/view.h"
#include "sync/yielding.h"

namespace sotay::sync {
namespace {

using options::v1::ROLE_PROSECUTOR;
using options::v1::ROLE_SUPERVISOR;

Refusal Refuse(v1::Reason reason, std::string message) { return {reason, std::move(message)}; }

bool Intersects(const std::set<Role>& a, const std::set<Role>& b) {
  return std::any_of(a.begin(), a.end(), [&](Role role) { return b.count(role) != 0; });
}

absl::optional<Refusal> TooMany(absl::string_view what, size_t actual, size_t limit) {
  if (actual <= limit) return absl::nullopt;
  return Refuse(v1::REASON_TOO_LARGE, absl::StrCat(what, ": ", actual, ", limit ", limit));
}

absl::optional<Refusal> CheckOpShape(const v1::FieldOp& op) {
  // Past 29 bits the number would wrap around in its tag and stand as another field's.
  if (op.field() == 0 || op.field() > kFieldNumberMax) {
    return Refuse(v1::REASON_MALFORMED, "operation without a lawful field number");
  }
  if (op.op_case() == v1::FieldOp::OP_NOT_SET) {
    return Refuse(v1::REASON_NEEDS_NEWER,
                  absl::StrCat("field ", op.field(), ": an operation this build does not know"));
  }
  if (auto refusal = TooMany("bytes of a key", op.key().size(), kKeyBytesMax)) return refusal;
  if (Utf8Prefix(op.key()) != op.key().size() || absl::StrContains(op.key(), '\0')) {
    return Refuse(v1::REASON_BAD_VALUE, absl::StrCat("field ", op.field(), ": key is not text"));
  }
  return absl::nullopt;
}

absl::optional<Refusal> CheckEditShape(const v1::RecordEdit& edit) {
  if (edit.record_id().size() != RecordId::kSize) {
    return Refuse(v1::REASON_MALFORMED, "record id is not 16 bytes");
  }
  if (edit.type().empty() || edit.type().size() > kNameBytesMax) {
    return Refuse(v1::REASON_MALFORMED, "record type is empty or too long");
  }
  if (auto refusal = TooMany("parents", static_cast<size_t>(edit.parents_size()), kParentsMax)) {
    return refusal;
  }
  for (const std::string& parent : edit.parents()) {
    if (parent.size() != ChangeId::kSize) {
      return Refuse(v1::REASON_MALFORMED, "parent is not 32 bytes");
    }
  }
  if (auto refusal = TooMany("operations", static_cast<size_t>(edit.ops_size()), kOpsMax)) {
    return refusal;
  }
  for (const v1::FieldOp& op : edit.ops()) {
    if (auto refusal = CheckOpShape(op)) return refusal;
  }
  return absl::nullopt;
}

// Which operations a rule takes.
bool Fits(Rule rule, v1::FieldOp::OpCase op) {
  switch (rule) {
    case options::v1::RULE_SET:
      return op == v1::FieldOp::kAdd || op == v1::FieldOp::kRemove;
    case options::v1::RULE_LOG:
      return op == v1::FieldOp::kAppend;
    case options::v1::RULE_COUNTER:
      return op == v1::FieldOp::kCount;
    case options::v1::RULE_TEXT:
      return op == v1::FieldOp::kText;
    case options::v1::RULE_SERVER:
      return false;
    default:
      return op == v1::FieldOp::kSet;
  }
}

absl::optional<Refusal> CheckStep(const FieldType& field, const v1::FieldOp& op,
                                  const MergedRecord& base, const std::set<Role>& roles) {
  const int32_t from = base.StateInForce(field.number);
  const auto to = static_cast<int32_t>(VarintOf(op.set()).value_or(0));
  const absl::optional<LawfulStep> step = StepFrom(field, base, to);
  if (!step.has_value()) {
    return Refuse(v1::REASON_ILLEGAL_TRANSITION,
                  absl::StrCat("field ", field.name, ": no step leads from ", from, " to ", to));
  }
  if (!step->roles.empty() && !Intersects(step->roles, roles)) {
    return Refuse(v1::REASON_WRITER_MAY_NOT,
                  absl::StrCat("field ", field.name, ": the step from ", from, " to ", to,
                               " is not for the author's role"));
  }
  if (!step->settled) return absl::nullopt;
  if (const FieldType* const open = Unsettled(base)) {
    return Refuse(v1::REASON_UNSETTLED,
                  absl::StrCat("field ", field.name, ": before the step from ", from, " to ", to,
                               " pick one of the readings of ", open->name));
  }
  return absl::nullopt;
}

absl::optional<Refusal> CheckUnknownOp(const v1::FieldOp& op) {
  absl::string_view fragment;
  switch (op.op_case()) {
    case v1::FieldOp::kSet:
      fragment = op.set();
      break;
    case v1::FieldOp::kAdd:
      fragment = op.add();
      break;
    case v1::FieldOp::kRemove:
      fragment = op.remove();
      break;
    case v1::FieldOp::kAppend:
      fragment = op.append();
      break;
    default:
      return absl::nullopt;
  }
  if (const absl::Status status = CheckUnknownFragment(op.field(), fragment); !status.ok()) {
    return Refuse(v1::REASON_BAD_VALUE, std::string(status.message()));
  }
  return absl::nullopt;
}

absl::optional<Refusal> CheckOp(const Schema& schema, const RecordType& type, const v1::FieldOp& op,
                                const MergedRecord& base, const std::set<Role>& roles) {
  if (op.op_case() == v1::FieldOp::kCount &&
      (op.count() > kCounterStepMax || op.count() < -kCounterStepMax)) {
    return Refuse(v1::REASON_BAD_VALUE, absl::StrCat("field ", op.field(), ": step over ±2^40"));
  }
  const FieldType* field = type.Field(op.field());
  if (field == nullptr) return CheckUnknownOp(op);
  if (field->rule == options::v1::RULE_SERVER) {
    return Refuse(v1::REASON_SERVER_FIELD,
                  absl::StrCat("field ", field->name, " is assigned by the server"));
  }
  if (!Fits(field->rule, op.op_case()) || field->is_map != !op.key().empty()) {
    return Refuse(v1::REASON_RULE_MISMATCH,
                  absl::StrCat("field ", field->name, ": the operation does not fit ",
                               options::v1::Rule_Name(field->rule)));
  }
  if (!Intersects(field->writers, roles)) {
    return Refuse(v1::REASON_WRITER_MAY_NOT,
                  absl::StrCat("field ", field->name, " is not for the author's role"));
  }
  absl::Status value;
  switch (op.op_case()) {
    case v1::FieldOp::kSet:
      value = CheckFragment(schema, type, *field, op.key(), op.set(), /*may_clear=*/true);
      break;
    case v1::FieldOp::kAdd:
      value = CheckFragment(schema, type, *field, op.key(), op.add(), /*may_clear=*/false);
      break;
    case v1::FieldOp::kRemove:
      value = CheckFragment(schema, type, *field, op.key(), op.remove(), /*may_clear=*/false);
      break;
    case v1::FieldOp::kAppend:
      value = CheckFragment(schema, type, *field, op.key(), op.append(), /*may_clear=*/false);
      break;
    default:
      break;
  }
  if (!value.ok()) return Refuse(v1::REASON_BAD_VALUE, std::string(value.message()));
  if (field->rule == options::v1::RULE_STATE) return CheckStep(*field, op, base, roles);
  if (field->rule == options::v1::RULE_ONCE) {
    const FieldSlot* slot = base.Slot(op.field(), op.key());
    if (slot != nullptr && !slot->readings.empty()) {
      return Refuse(v1::REASON_ONCE_WRITTEN,
                    absl::StrCat("field ", field->name, " is written once and was"));
    }
  }
  return absl::nullopt;
}

// A lawful step or a first writing is decided against the base, so one edit holds one.
absl::optional<Refusal> CheckSingle(const RecordType& type, const v1::RecordEdit& edit) {
  absl::InlinedVector<const v1::FieldOp*, 8> once;  // few: kOpsMax at most
  for (const v1::FieldOp& op : edit.ops()) {
    const FieldType* field = type.Field(op.field());
    if (field == nullptr) continue;
    if (field->rule != options::v1::RULE_STATE && field->rule != options::v1::RULE_ONCE) continue;
    for (const v1::FieldOp* other : once) {
      if (other->field() != op.field() || other->key() != op.key()) continue;
      return Refuse(v1::REASON_RULE_MISMATCH,
                    absl::StrCat("field ", field->name, " is written twice in one edit"));
    }
    once.push_back(&op);
  }
  return absl::nullopt;
}

absl::optional<Refusal> CheckBirth(const RecordType& type, const v1::RecordEdit& edit,
                                   const std::set<Role>& roles) {
  if (!Intersects(type.creators, roles)) {
    return Refuse(v1::REASON_WRITER_MAY_NOT,
                  absl::StrCat("a ", type.name, " is not for the author's role to create"));
  }
  const bool stub = AnswersYes(type, edit);
  for (const auto& [number, field] : type.fields) {
    const bool required = field.required || (stub && number == type.secrecy->alias);
    if (!required || (stub && !type.secrecy->MayStubHave(number))) continue;
    const uint32_t wanted = number;
    if (std::none_of(edit.ops().begin(), edit.ops().end(),
                     [wanted](const v1::FieldOp& op) { return op.field() == wanted; })) {
      return Refuse(v1::REASON_REQUIRED_MISSING,
                    absl::StrCat("field ", field.name, " is required to create a ", type.name));
    }
  }
  return absl::nullopt;
}

}  // namespace

bool IsSlug(absl::string_view name, bool dots) {
  if (name.empty() || name.size() > kSlugBytesMax || !absl::ascii_islower(name[0])) return false;
  return std::all_of(name.begin(), name.end(), [dots](char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-' || (dots && c == '.');
  });
}

absl::optional<Refusal> CheckShape(const v1::Change& change, absl::string_view bytes) {
  if (auto refusal = TooMany("bytes of a change", bytes.size(), kChangeBytesMax)) return refusal;
  if (change.format() != 1) {
    return Refuse(v1::REASON_NEEDS_NEWER,
                  absl::StrCat("change format ", change.format(), ", this build knows 1"));
  }
  if (change.salt().size() != 16 || change.dossier_id().size() != RecordId::kSize) {
    return Refuse(v1::REASON_MALFORMED, "salt or dossier id is not 16 bytes");
  }
  if (!IsSlug(change.unit_id(), /*dots=*/false)) {
    return Refuse(v1::REASON_MALFORMED, "unit id is not of a-z, 0-9 and '-'");
  }
  if (auto refusal = TooMany("bytes of a reason", change.reason().size(), kReasonBytesMax)) {
    return refusal;
  }
  if (change.edits().empty()) return Refuse(v1::REASON_MALFORMED, "a change without edits");
  if (auto refusal = TooMany("edits", static_cast<size_t>(change.edits_size()), kEditsMax)) {
    return refusal;
  }
  for (int i = 0; i < change.edits_size(); ++i) {
    if (auto refusal = CheckEditShape(change.edits(i))) return refusal;
    for (int other = 0; other < i; ++other) {
      if (change.edits(other).record_id() == change.edits(i).record_id()) {
        return Refuse(v1::REASON_MALFORMED, "a record is edited twice in one change");
      }
    }
  }
  return absl::nullopt;
}

absl::optional<Refusal> CheckEdit(const Schema& schema, const v1::RecordEdit& edit,
                                  const MergedRecord& base, const std::set<Role>& roles) {
  const RecordType* type = schema.Find(edit.type());
  if (type == nullptr || type->name != edit.type()) {
    return Refuse(v1::REASON_TYPE_UNKNOWN,
                  absl::StrCat("no schema for record type ", edit.type(), " is loaded"));
  }
  if (base.empty()) {
    if (auto refusal = CheckBirth(*type, edit, roles)) return refusal;
  } else if (base.type_name() != edit.type()) {
    return Refuse(v1::REASON_TYPE_MISMATCH, absl::StrCat("the record is a ", base.type_name(),
                                                         ", the edit is of a ", edit.type()));
  } else if (type->signing != nullptr) {
    return Refuse(v1::REASON_ONCE_WRITTEN, "a signature is written once and whole");
  }
  if (base.empty() && type->attaching != nullptr && !FileIn(*type, edit).has_value()) {
    return Refuse(
        v1::REASON_BAD_VALUE,
        "an attachment names the SHA-256 of its file (32 bytes) and its size (1 or more)");
  }
  if (auto refusal = CheckSingle(*type, edit)) return refusal;
  for (const v1::FieldOp& op : edit.ops()) {
    if (auto refusal = CheckOp(schema, *type, op, base, roles)) return refusal;
  }
  return absl::nullopt;
}

bool WantsSettled(const RecordType& type, const v1::RecordEdit& edit, const MergedRecord& base) {
  return std::any_of(edit.ops().begin(), edit.ops().end(), [&](const v1::FieldOp& op) {
    const FieldType* const field = type.Field(op.field());
    if (field == nullptr || field->rule != options::v1::RULE_STATE) return false;
    const auto to = static_cast<int32_t>(VarintOf(op.set()).value_or(0));
    const absl::optional<LawfulStep> step = StepFrom(*field, base, to);
    return step.has_value() && step->settled;
  });
}

uint32_t AuthorityOf(const std::set<Role>& roles) {
  if (roles.count(ROLE_SUPERVISOR) != 0) return 40;
  if (roles.count(ROLE_PROSECUTOR) != 0) return 10;
  return 0;
}

}  // namespace sotay::sync
