#include "sync/secrecy.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/message.h"
#include "google/protobuf/unknown_field_set.h"
#include "sotay/options/v1/secrecy.pb.h"
#include "sync/fragment.h"
#include "sync/status_macros.h"

namespace sotay::sync {
namespace {

namespace pb = google::protobuf;

// A name, a place, a number of the register; no account of anything.
constexpr size_t kStubBytesMax = 200;

absl::Status Bad(const RecordType& type, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("schema: type ", type.name, ": secrecy: ", what));
}

// Of types from a descriptor file as of those compiled in (schema.cc).
absl::optional<options::v1::Secrecy> DeclaredOf(const RecordType& type) {
  pb::MessageOptions known;
  known.ParseFromString(type.descriptor->options().SerializeAsString());
  if (!known.HasExtension(options::v1::secrecy)) return absl::nullopt;
  return known.GetExtension(options::v1::secrecy);
}

absl::Status ReadQuestions(const RecordType& type, const options::v1::Secrecy& declared,
                           Secrecy* secrecy) {
  if (declared.questions().empty()) return Bad(type, "it asks no question");
  for (const std::string& name : declared.questions()) {
    const FieldType* const field = type.Field(absl::string_view(name));
    if (field == nullptr || field->rule != options::v1::RULE_ONCE ||
        field->descriptor->type() != pb::FieldDescriptor::TYPE_ENUM) {
      return Bad(type, absl::StrCat("the question ", name, " is no ONCE enum of the type"));
    }
    const auto* const yes = field->descriptor->enum_type()->FindValueByName(declared.yes());
    const auto* const no = field->descriptor->enum_type()->FindValueByName(declared.no());
    if (yes == nullptr || no == nullptr || yes == no || yes->number() == 0 || no->number() == 0) {
      return Bad(type, absl::StrCat("the question ", name, " cannot be answered ", declared.yes(),
                                    " and ", declared.no()));
    }
    secrecy->questions[field->number] = {yes->number(), no->number()};
  }
  return absl::OkStatus();
}

absl::Status ReadStubFields(const RecordType& type, const options::v1::Secrecy& declared,
                            Secrecy* secrecy) {
  for (const std::string& name : declared.stub_fields()) {
    const FieldType* const field = type.Field(absl::string_view(name));
    const bool plain =
        field != nullptr && !field->is_map && !field->repeated &&
        field->descriptor->type() == pb::FieldDescriptor::TYPE_STRING &&
        (field->rule == options::v1::RULE_REGISTER || field->rule == options::v1::RULE_LATEST ||
         field->rule == options::v1::RULE_ONCE);
    if (!plain) {
      return Bad(type, absl::StrCat("a stub may have ", name,
                                    ", which is no string of REGISTER, LATEST or ONCE"));
    }
    if (field->bytes_max == 0 || field->bytes_max > kStubBytesMax) {
      return Bad(type, absl::StrCat("a stub may have ", name, ", which may be longer than ",
                                    kStubBytesMax, " bytes; declare its bytes_max"));
    }
    secrecy->stub_fields.insert(field->number);
  }
  const FieldType* const alias = type.Field(absl::string_view(declared.alias()));
  if (alias == nullptr || secrecy->stub_fields.count(alias->number) == 0) {
    return Bad(type, absl::StrCat("the alias ", declared.alias(), " is no field a stub may have"));
  }
  secrecy->alias = alias->number;
  return absl::OkStatus();
}

// What cannot be read is not a no.
bool SaysYes(absl::string_view fragment, int32_t yes) {
  const auto value = VarintOf(fragment);
  return !value.has_value() || static_cast<int32_t>(*value) == yes;
}

Refusal Classified(std::string message) {
  return Refusal{v1::REASON_CLASSIFIED, std::move(message)};
}

// Whether there are parts in it that this build does not know, where anything may be.
bool SaysMore(const pb::Message& message) {
  return !message.GetReflection()->GetUnknownFields(message).empty();
}

bool IsBlank(absl::string_view fragment) {
  const auto text = StringOf(fragment);
  return text.has_value() && absl::StripAsciiWhitespace(*text).empty();
}

// What an edit writes into a stub beside what it may have.
absl::optional<Refusal> CheckInStub(const Schema& schema, const v1::Change& change,
                                    const v1::RecordEdit& edit) {
  if (edit.record_id() != change.dossier_id()) {
    return Classified("the dossier is a stub: no other record is written in it");
  }
  const RecordType* const type = schema.Find(edit.type());
  for (const v1::FieldOp& op : edit.ops()) {
    if (type != nullptr && type->secrecy != nullptr && type->secrecy->MayStubHave(op.field()) &&
        op.has_set() && op.key().empty() && !SaysMore(op)) {
      if (op.field() == type->secrecy->alias && IsBlank(op.set())) {
        return Classified("a stub is known by its alias alone, which cannot be empty");
      }
      continue;
    }
    const FieldType* const field = type == nullptr ? nullptr : type->Field(op.field());
    return Classified(absl::StrCat("field ",
                                   field == nullptr ? absl::StrCat(op.field()) : field->name,
                                   " is not for a stub: what is secret stays on paper"));
  }
  return absl::nullopt;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Secrecy>> ReadSecrecy(const RecordType& type) {
  const auto declared = DeclaredOf(type);
  if (!declared.has_value()) return std::shared_ptr<const Secrecy>();
  if (!type.root) return Bad(type, "its records open no dossier");
  auto secrecy = std::make_shared<Secrecy>();
  SOTAY_RETURN_IF_ERROR(ReadQuestions(type, *declared, secrecy.get()));
  SOTAY_RETURN_IF_ERROR(ReadStubFields(type, *declared, secrecy.get()));
  return std::shared_ptr<const Secrecy>(std::move(secrecy));
}

bool IsStub(const MergedRecord& record) {
  if (record.type() == nullptr || record.type()->secrecy == nullptr) return false;
  if (record.dossier() != record.id()) return false;
  const auto& questions = record.type()->secrecy->questions;
  return std::any_of(questions.begin(), questions.end(), [&](const auto& question) {
    const FieldSlot* const slot = record.Slot(question.first);
    return slot != nullptr && std::any_of(slot->readings.begin(), slot->readings.end(),
                                          [&](const StandingReading& reading) {
                                            return SaysYes(reading.value, question.second.yes);
                                          });
  });
}

bool AnswersYes(const RecordType& type, const v1::RecordEdit& edit) {
  if (type.secrecy == nullptr) return false;
  return std::any_of(edit.ops().begin(), edit.ops().end(), [&](const v1::FieldOp& op) {
    const auto question = type.secrecy->questions.find(op.field());
    return question != type.secrecy->questions.end() && op.has_set() &&
           SaysYes(op.set(), question->second.yes);
  });
}

const FieldType* TitleFieldOf(const MergedRecord& record) {
  if (record.type() == nullptr) return nullptr;
  return IsStub(record) ? record.type()->Field(record.type()->secrecy->alias)
                        : record.type()->title;
}

bool IsOfStub(const Schema& schema, const v1::Change& change, const MergedRecord* root) {
  if (root != nullptr) return IsStub(*root);
  return std::any_of(change.edits().begin(), change.edits().end(), [&](const auto& edit) {
    const RecordType* const type = schema.Find(edit.type());
    return type != nullptr && edit.record_id() == change.dossier_id() && AnswersYes(*type, edit);
  });
}

absl::optional<Refusal> CheckGate(const Schema& schema, const v1::Change& change,
                                  const MergedRecord* root) {
  bool stub = root != nullptr && IsStub(*root);
  for (const v1::RecordEdit& edit : change.edits()) {
    const RecordType* const type = schema.Find(edit.type());
    if (stub || type == nullptr || !AnswersYes(*type, edit)) continue;
    if (edit.record_id() != change.dossier_id()) {
      return Classified(
          absl::StrCat("a ", type->name, " that is secret is a stub with a dossier of its own"));
    }
    if (root != nullptr || !edit.parents().empty()) {
      return Classified(
          absl::StrCat("the ", type->name, " is open already: a head seals it, an edit does not"));
    }
    stub = true;
  }
  if (!stub) return absl::nullopt;
  if (!change.reason().empty()) {
    return Classified("a change of a stub has no reason: what is secret stays on paper");
  }
  const bool more =
      SaysMore(change) || std::any_of(change.edits().begin(), change.edits().end(),
                                      [](const auto& edit) { return SaysMore(edit); });
  if (more) return Classified("a change of a stub has parts that this build does not know");
  for (const v1::RecordEdit& edit : change.edits()) {
    if (auto refusal = CheckInStub(schema, change, edit)) return refusal;
  }
  return absl::nullopt;
}

}  // namespace sotay::sync
