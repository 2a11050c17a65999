#include "sync/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "absl/strings/str_cat.h"
#include "casework/v1/note.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/message.h"
#include "tests/support/builders.h"
#include "tests/support/status_matchers.h"

namespace sotay::sync {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using tests::CaseworkSchema;
using tests::IsOk;
using tests::StatusIs;
using F = google::protobuf::FieldDescriptorProto;
using google::protobuf::DescriptorProto;
using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;

// --- the built-in types ---------------------------------------------------------------------

TEST(Schema, KnowsEveryTypeByFullAndShortName) {
  const auto schema = CaseworkSchema();
  EXPECT_EQ(schema->types().size(), 10u);
  for (const char* name : {"Case", "Inspection", "Note", "Finding", "LegalAction", "Comment",
                           "SignOff", "Deadline", "Attachment", "Assignment"}) {
    const RecordType* type = schema->Find(absl::StrCat("casework.v1.", name));
    ASSERT_NE(type, nullptr) << name;
    EXPECT_EQ(schema->Find(type->short_name), type) << name;
    EXPECT_FALSE(type->label_vi.empty()) << name;
    EXPECT_FALSE(type->label_en.empty()) << name;
  }
  EXPECT_EQ(schema->Find("casework.v1.Measurement"), nullptr) << "a plain value is no record";
  EXPECT_EQ(schema->Find(""), nullptr);
  EXPECT_EQ(schema->Find("casework.v1"), nullptr);
}

TEST(Schema, ReadsWhatANoteDeclares) {
  const RecordType& note = *CaseworkSchema()->Find("note");
  EXPECT_FALSE(note.root);
  EXPECT_EQ(note.title, note.Field("body"));
  EXPECT_EQ(note.state, note.Field("state"));
  EXPECT_THAT(note.creators, ElementsAre(options::v1::ROLE_PROSECUTOR));
  const FieldType& body = *note.Field(4);
  EXPECT_EQ(body.name, "body");
  EXPECT_EQ(body.rule, options::v1::RULE_TEXT);
  EXPECT_TRUE(body.searchable);
  EXPECT_FALSE(body.required);
  EXPECT_EQ(body.label_vi, "Nội dung");
  EXPECT_THAT(body.writers, ElementsAre(options::v1::ROLE_PROSECUTOR));
  const FieldType& measurements = *note.Field("measurements");
  EXPECT_TRUE(measurements.is_map);
  EXPECT_FALSE(measurements.repeated);
  EXPECT_EQ(measurements.value_descriptor->message_type()->name(), "Measurement");
  EXPECT_TRUE(note.Field("next_steps")->repeated);
  EXPECT_TRUE(note.Field("case_id")->parent);
  EXPECT_EQ(note.Field("received_ms")->assigned, options::v1::ASSIGNED_RECEIVED_MS);
  EXPECT_EQ(note.Field(99u), nullptr);
  EXPECT_EQ(note.Field("no such field"), nullptr);
}

TEST(Schema, ReadsStepsWithTheirTakersAndCautions) {
  using casework::v1::NOTE_STATE_RETURNED;
  using casework::v1::NOTE_STATE_SIGNED;
  using casework::v1::NOTE_STATE_SUBMITTED;
  const FieldType& state = *CaseworkSchema()->Find("note")->state;
  EXPECT_THAT(state.transitions.at({0, NOTE_STATE_SUBMITTED}),
              ElementsAre(options::v1::ROLE_PROSECUTOR));
  EXPECT_THAT(state.transitions.at({NOTE_STATE_SUBMITTED, NOTE_STATE_SIGNED}),
              ElementsAre(options::v1::ROLE_SUPERVISOR));
  EXPECT_EQ(state.transitions.count({NOTE_STATE_SIGNED, NOTE_STATE_SUBMITTED}), 0u);
  EXPECT_GT(state.caution.at(NOTE_STATE_RETURNED), state.caution.at(NOTE_STATE_SIGNED));
  const FieldType& classification = *CaseworkSchema()->Find("note")->Field("classification");
  EXPECT_TRUE(classification.transitions.at({0, 3}).empty()) << "any writer may take it";
}

TEST(Schema, MakesMessagesOfItsTypes) {
  const RecordType& note = *CaseworkSchema()->Find("note");
  const auto message = CaseworkSchema()->New(note);
  EXPECT_EQ(message->GetDescriptor()->full_name(), "casework.v1.Note");
}

// --- types an organisation brings -----------------------------------------------------------

TEST(Schema, LoadsATypeNobodyCompiledIn) {
  const auto schema = Schema::Build({casework::v1::Note::descriptor()->file()},
                                    {tests::ReadDescriptorSet(SOTAY_CENSUS_SCHEMA)});
  ASSERT_THAT(schema, IsOk());
  const RecordType* census = (*schema)->Find("census");
  ASSERT_NE(census, nullptr);
  EXPECT_EQ(census->name, "foreign.v1.TreeCensus");
  EXPECT_TRUE(census->root);
  EXPECT_EQ(census->title->name, "plot_name");
  EXPECT_TRUE(census->title->required);
  EXPECT_EQ(census->Field("map_colour")->bytes_max, 32u);
  EXPECT_EQ(census->Field("canopy_m")->rule, options::v1::RULE_REGISTER) << "declares none";
  EXPECT_EQ(census->state->transitions.size(), 2u);
  EXPECT_EQ(census->state->caution.at(0), 30u);
  EXPECT_EQ(census->state->label_vi, "Trạng thái");
  EXPECT_NE((*schema)->Find("note"), nullptr) << "the built-in ones stand beside it";
  std::set<Rule> rules;
  for (const auto& [number, field] : census->fields) rules.insert(field.rule);
  EXPECT_EQ(rules.size(), 9u) << "every rule is in the fixture";
}

TEST(Schema, RefusesATypeThatIsThereAlready) {
  const auto set = tests::ReadDescriptorSet(SOTAY_CENSUS_SCHEMA);
  FileDescriptorSet twice = set;
  FileDescriptorProto* copy = twice.add_file();
  *copy = set.file(set.file_size() - 1);
  copy->set_name("foreign/v2/tree_census.proto");
  copy->set_package("foreign.v2");
  for (DescriptorProto& message : *copy->mutable_message_type()) {
    for (F& field : *message.mutable_field()) {
      if (field.type_name().rfind(".foreign.v1", 0) == 0) {
        field.set_type_name(".foreign.v2" + field.type_name().substr(11));
      }
    }
  }
  EXPECT_THAT(Schema::Build({}, {twice}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("type foreign.v2.TreeCensus (census) is there already")));
}

TEST(Schema, RefusesASetWithoutItsImports) {
  FileDescriptorSet set = tests::ReadDescriptorSet(SOTAY_CENSUS_SCHEMA);
  FileDescriptorSet alone;
  *alone.add_file() = set.file(set.file_size() - 1);
  alone.mutable_file(0)->add_dependency("foreign/v1/missing.proto");
  EXPECT_THAT(Schema::Build({}, {alone}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("file foreign/v1/tree_census.proto does not build; write the "
                                 "descriptor set with --include_imports")));
}

// --- declarations that break the rules ------------------------------------------------------

// A type with one field `f`, an enum and a nested message to go with it.
struct Draft {
  FileDescriptorSet set;
  DescriptorProto* message;
  F* field;

  options::v1::FieldRule* rule() {
    return field->mutable_options()->MutableExtension(options::v1::field);
  }
  options::v1::RecordRule* record() {
    return message->mutable_options()->MutableExtension(options::v1::record);
  }
  void Enum() {
    field->set_type(F::TYPE_ENUM);
    field->set_type_name(".draft.v1.State");
  }
  void Map(F::Type key, F::Type value) {
    DescriptorProto* entry = message->add_nested_type();
    entry->set_name("FEntry");
    entry->mutable_options()->set_map_entry(true);
    for (int number : {1, 2}) {
      F* part = entry->add_field();
      part->set_number(number);
      part->set_name(number == 1 ? "key" : "value");
      part->set_type(number == 1 ? key : value);
      part->set_label(F::LABEL_OPTIONAL);
      if (part->type() == F::TYPE_ENUM) part->set_type_name(".draft.v1.State");
    }
    field->set_type(F::TYPE_MESSAGE);
    field->set_type_name(".draft.v1.Draft.FEntry");
    field->set_label(F::LABEL_REPEATED);
  }
};

Draft NewDraft() {
  Draft draft;
  FileDescriptorProto* file = draft.set.add_file();
  file->set_name("draft/v1/draft.proto");
  file->set_package("draft.v1");
  file->set_syntax("proto3");
  google::protobuf::EnumDescriptorProto* state = file->add_enum_type();
  state->set_name("State");
  for (const char* name : {"ZERO", "ONE"}) {
    google::protobuf::EnumValueDescriptorProto* value = state->add_value();
    value->set_name(name);
    value->set_number(state->value_size() - 1);
  }
  draft.message = file->add_message_type();
  draft.message->set_name("Draft");
  draft.record()->set_short_name("draft");
  draft.field = draft.message->add_field();
  draft.field->set_name("f");
  draft.field->set_number(1);
  draft.field->set_label(F::LABEL_OPTIONAL);
  draft.field->set_type(F::TYPE_STRING);
  return draft;
}

struct BadSchema {
  const char* what;
  std::function<void(Draft*)> spoil;
  const char* message;
};

TEST(Schema, TakesTheDraftAsItIs) { EXPECT_THAT(Schema::Build({}, {NewDraft().set}), IsOk()); }

TEST(Schema, RefusesEachBrokenDeclarationNamingTheField) {
  using options::v1::Rule;
  const BadSchema cases[] = {
      {"a float", [](Draft* d) { d->field->set_type(F::TYPE_FLOAT); }, "floating point"},
      {"a double", [](Draft* d) { d->field->set_type(F::TYPE_DOUBLE); }, "floating point"},
      {"a map of doubles", [](Draft* d) { d->Map(F::TYPE_STRING, F::TYPE_DOUBLE); },
       "floating point"},
      {"a map by number", [](Draft* d) { d->Map(F::TYPE_INT32, F::TYPE_STRING); },
       "map keys must be strings"},
      {"a oneof",
       [](Draft* d) {
         d->message->add_oneof_decl()->set_name("either");
         d->field->set_oneof_index(0);
       },
       "oneofs are not allowed"},
      {"a list that is a register",
       [](Draft* d) {
         d->field->set_label(F::LABEL_REPEATED);
         d->rule()->set_rule(options::v1::RULE_REGISTER);
       },
       "a repeated field needs RULE_SET or RULE_LOG"},
      {"a list that is a counter",
       [](Draft* d) {
         d->field->set_label(F::LABEL_REPEATED);
         d->field->set_type(F::TYPE_INT64);
         d->rule()->set_rule(options::v1::RULE_COUNTER);
       },
       "a repeated field needs"},
      {"a set of one", [](Draft* d) { d->rule()->set_rule(options::v1::RULE_SET); },
       "RULE_SET needs a repeated field"},
      {"a log of one", [](Draft* d) { d->rule()->set_rule(options::v1::RULE_LOG); },
       "RULE_LOG needs a repeated field"},
      {"a set that is a map",
       [](Draft* d) {
         d->Map(F::TYPE_STRING, F::TYPE_STRING);
         d->rule()->set_rule(options::v1::RULE_SET);
       },
       "RULE_SET needs a repeated field"},
      {"prose that is a number",
       [](Draft* d) {
         d->field->set_type(F::TYPE_INT64);
         d->rule()->set_rule(options::v1::RULE_TEXT);
       },
       "RULE_TEXT needs a string"},
      {"prose that is bytes",
       [](Draft* d) {
         d->field->set_type(F::TYPE_BYTES);
         d->rule()->set_rule(options::v1::RULE_TEXT);
       },
       "RULE_TEXT needs a string"},
      {"prose in a map",
       [](Draft* d) {
         d->Map(F::TYPE_STRING, F::TYPE_STRING);
         d->rule()->set_rule(options::v1::RULE_TEXT);
       },
       "f: "},
      {"a counter that is a word", [](Draft* d) { d->rule()->set_rule(options::v1::RULE_COUNTER); },
       "RULE_COUNTER needs int64 or sint64"},
      {"a counter of 32 bits",
       [](Draft* d) {
         d->field->set_type(F::TYPE_INT32);
         d->rule()->set_rule(options::v1::RULE_COUNTER);
       },
       "RULE_COUNTER needs int64 or sint64"},
      {"a counter of fixed width",
       [](Draft* d) {
         d->field->set_type(F::TYPE_SFIXED64);
         d->rule()->set_rule(options::v1::RULE_COUNTER);
       },
       "RULE_COUNTER needs int64 or sint64"},
      {"a map of counters of fixed width",
       [](Draft* d) {
         d->Map(F::TYPE_STRING, F::TYPE_SFIXED64);
         d->rule()->set_rule(options::v1::RULE_COUNTER);
       },
       "RULE_COUNTER needs int64 or sint64"},
      {"a state that is a word", [](Draft* d) { d->rule()->set_rule(options::v1::RULE_STATE); },
       "need an enum"},
      {"a state without steps",
       [](Draft* d) {
         d->Enum();
         d->rule()->set_rule(options::v1::RULE_STATE);
       },
       "RULE_STATE needs transitions"},
      {"a step from nowhere",
       [](Draft* d) {
         d->Enum();
         d->rule()->set_rule(options::v1::RULE_STATE);
         d->rule()->add_transitions()->set_from("NOWHERE");
         d->rule()->mutable_transitions(0)->set_to("ONE");
       },
       "transition NOWHERE → ONE names no value of draft.v1.State"},
      {"steps of a word", [](Draft* d) { d->rule()->add_transitions()->set_from("ZERO"); },
       "transitions need an enum"},
      {"states in a map",
       [](Draft* d) {
         d->Map(F::TYPE_STRING, F::TYPE_ENUM);
         d->rule()->set_rule(options::v1::RULE_STATE);
         d->rule()->add_transitions()->set_from("ZERO");
         d->rule()->mutable_transitions(0)->set_to("ONE");
       },
       "need an enum"},
      {"a map written once",
       [](Draft* d) {
         d->Map(F::TYPE_STRING, F::TYPE_STRING);
         d->rule()->set_rule(options::v1::RULE_ONCE);
       },
       "a map needs RULE_REGISTER, RULE_LATEST or RULE_COUNTER"},
      {"a map of the server's",
       [](Draft* d) {
         d->Map(F::TYPE_STRING, F::TYPE_STRING);
         d->rule()->set_rule(options::v1::RULE_SERVER);
       },
       "a map needs RULE_REGISTER, RULE_LATEST or RULE_COUNTER"},
      {"an assigned word",
       [](Draft* d) {
         d->rule()->set_rule(options::v1::RULE_SERVER);
         d->rule()->set_assigned(options::v1::ASSIGNED_RECEIVED_MS);
       },
       "ASSIGNED_RECEIVED_MS needs an int64 of RULE_SERVER"},
      {"an assigned register",
       [](Draft* d) {
         d->field->set_type(F::TYPE_INT64);
         d->rule()->set_assigned(options::v1::ASSIGNED_RECEIVED_MS);
       },
       "ASSIGNED_RECEIVED_MS needs an int64 of RULE_SERVER"},
  };
  for (const BadSchema& c : cases) {
    Draft draft = NewDraft();
    c.spoil(&draft);
    const auto schema = Schema::Build({}, {draft.set});
    EXPECT_THAT(schema, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(c.message)))
        << c.what;
    EXPECT_THAT(std::string(schema.status().message()), HasSubstr("field draft.v1.Draft.f: "))
        << c.what;
  }
}

TEST(Schema, RefusesATitleOrStateThatIsNone) {
  Draft draft = NewDraft();
  draft.record()->set_title_field("g");
  EXPECT_THAT(Schema::Build({}, {draft.set}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("type draft.v1.Draft has no field g")));
  draft = NewDraft();
  draft.record()->set_state_field("f");
  EXPECT_THAT(Schema::Build({}, {draft.set}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("field draft.v1.Draft.f: is named as state_field but is no")));
}

TEST(Schema, TakesAnOptionalFieldForWhatItIs) {
  Draft draft = NewDraft();
  draft.message->add_oneof_decl()->set_name("_f");
  draft.field->set_oneof_index(0);
  draft.field->set_proto3_optional(true);
  EXPECT_THAT(Schema::Build({}, {draft.set}), IsOk());
}

TEST(Schema, MakesAListWithoutARuleASet) {
  Draft draft = NewDraft();
  draft.field->set_label(F::LABEL_REPEATED);
  const auto schema = Schema::Build({}, {draft.set});
  ASSERT_THAT(schema, IsOk());
  EXPECT_EQ((*schema)->Find("draft")->Field("f")->rule, options::v1::RULE_SET);
}

}  // namespace
}  // namespace sotay::sync
