// Descriptor files: record types an organisation brings.  A schema that is taken must serve: every
// field of it takes values, and what its fields take stands in its content.
#include <string>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/message.h"
#include "sync/fragment.h"
#include "sync/history.h"
#include "sync/schema.h"
#include "sync/validate.h"
#include "sync/view.h"
#include "tests/fuzz/message_mutator.h"
#include "tests/fuzz/require.h"
#include "tests/support/builders.h"

namespace {

using namespace sotay;
using fuzz::Require;

const std::set<sync::Role> kEverybody = {options::v1::ROLE_PROSECUTOR,
                                         options::v1::ROLE_SUPERVISOR};

std::string EntryOf(const std::string& key, absl::string_view value) {
  std::string entry = sync::StringFragment(1, key);
  entry.append(value.data(), value.size());
  return entry;
}

// A value the field may take; empty when none of the plain ones fits.
std::string SomeValue(const sync::Schema& schema, const sync::RecordType& type,
                      const sync::FieldType& field, const std::string& key) {
  for (const std::string& plain :
       {sync::VarintFragment(field.number, 1), sync::StringFragment(field.number, "x"),
        sync::StringFragment(field.number, EntryOf(key, sync::VarintFragment(2, 1))),
        sync::StringFragment(field.number, EntryOf(key, sync::StringFragment(2, "x")))}) {
    if (sync::CheckFragment(schema, type, field, key, plain, false).ok()) return plain;
  }
  return "";
}

v1::RecordEdit EditOfEveryField(const sync::Schema& schema, const sync::RecordType& type) {
  v1::RecordEdit edit;
  edit.set_type(type.name);
  for (const auto& [number, field] : type.fields) {
    v1::FieldOp op;
    op.set_field(number);
    if (field.is_map) op.set_key("k");
    const std::string value = SomeValue(schema, type, field, op.key());
    switch (field.rule) {
      case options::v1::RULE_SET:
        op.set_add(value);
        break;
      case options::v1::RULE_LOG:
        op.set_append(value);
        break;
      case options::v1::RULE_COUNTER:
        op.set_count(3);
        break;
      case options::v1::RULE_TEXT:
        op.mutable_text();
        break;
      default:
        op.set_set(value);
        break;
    }
    const sync::MergedRecord unborn(&type, tests::RecordNamed("r"), type.name, "u",
                                    tests::RecordNamed("r"));
    v1::RecordEdit alone = edit;
    alone.clear_ops();
    *alone.add_ops() = op;
    const auto refusal = sync::CheckEdit(schema, alone, unborn, kEverybody);
    // Other fields may be required, and not every field is everybody's.
    if (!refusal.has_value() || refusal->reason == v1::REASON_REQUIRED_MISSING) {
      *edit.add_ops() = std::move(op);
    }
  }
  return edit;
}

void CheckType(const sync::Schema& schema, const sync::RecordType& type) {
  Require(schema.Find(type.name) == &type, "a type is found by its name");
  Require(type.short_name.empty() || schema.Find(type.short_name) == &type,
          "a type is found by its short name");
  Require(type.state == nullptr || type.state->rule == options::v1::RULE_STATE,
          "the state of a type is a state");
  const v1::RecordEdit edit = EditOfEveryField(schema, type);
  sync::MergedRecord record(&type, tests::RecordNamed("r"), type.name, "u",
                            tests::RecordNamed("r"));
  const auto texts = sync::TextsAfter(edit, record);
  fuzz::RequireOk(texts.status(), "an empty text edit fits an empty text");
  sync::Author author;
  author.change = tests::ChangeNamed("c");
  author.device = tests::DeviceNamed("d");
  author.sequence = 1;
  record.Apply(edit, author, {}, *texts);
  Require(sync::Content(schema, record) != nullptr, "what the fields took stands in the content");
  const auto back = sync::MergedRecord::Parse(schema, record.Serialize());
  fuzz::RequireOk(back.status(), "a record of a foreign type reads back");
  Require(sync::VisibleBytes(*back) == sync::VisibleBytes(record), "a record stays as it is");
}

}  // namespace

SOTAY_FUZZ_MESSAGE(google::protobuf::FileDescriptorSet, set) {
  const auto schema = sync::Schema::Build({}, {set});
  if (!schema.ok()) {
    Require(schema.status().code() == absl::StatusCode::kInvalidArgument,
            "a schema that breaks the rules is an invalid argument");
    return;
  }
  for (const auto& [name, type] : (*schema)->types()) CheckType(**schema, type);
}
