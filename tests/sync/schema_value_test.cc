// Schema: the messages that stand as values in the fields of a brought type.  One that cannot be
// read like any other is refused when it is loaded, not when the first phone writes it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "sync/schema.h"
#include "tests/support/status_matchers.h"

namespace sotay::sync {
namespace {

using google::protobuf::DescriptorProto;
using google::protobuf::FieldDescriptorProto;
using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;
using ::testing::HasSubstr;
using tests::IsOk;
using tests::StatusIs;

// A type with one field `f` of a message that holds others of its own kind in `g`.
class SchemaValue : public ::testing::Test {
 protected:
  void SetUp() override {
    file_->set_name("draft/v1/draft.proto");
    file_->set_package("draft.v1");
    file_->set_syntax("proto3");
    DescriptorProto* record = file_->add_message_type();
    record->set_name("Draft");
    record->mutable_options()->MutableExtension(options::v1::record)->set_short_name("draft");
    field_ = AddField(record, "f");
    DescriptorProto* value = record->add_nested_type();
    value->set_name("Value");
    within_ = AddField(value, "g");
  }
  static FieldDescriptorProto* AddField(DescriptorProto* message, const char* name) {
    FieldDescriptorProto* field = message->add_field();
    field->set_name(name);
    field->set_number(1);
    field->set_label(FieldDescriptorProto::LABEL_OPTIONAL);
    field->set_type(FieldDescriptorProto::TYPE_MESSAGE);
    field->set_type_name(".draft.v1.Draft.Value");
    return field;
  }
  void ExpectRefused(const char* message) {
    EXPECT_THAT(Schema::Build({}, {set_}),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)));
  }

  FileDescriptorSet set_;
  FileDescriptorProto* file_ = set_.add_file();
  FieldDescriptorProto* field_ = nullptr;
  FieldDescriptorProto* within_ = nullptr;
};

TEST_F(SchemaValue, IsTakenThoughItHoldsItself) { EXPECT_THAT(Schema::Build({}, {set_}), IsOk()); }

// protobuf ends the program at the first value of such a field.
TEST_F(SchemaValue, IsRefusedWithAWeakField) {
  within_->mutable_options()->set_weak(true);
  ExpectRefused("field draft.v1.Draft.f: draft.v1.Draft.Value.g is a weak field");
}

TEST_F(SchemaValue, IsRefusedInAWeakField) {
  field_->mutable_options()->set_weak(true);
  ExpectRefused("field draft.v1.Draft.f: weak fields are not allowed");
}

// In proto2 a value may lack what it requires, and then the whole record reads as nothing.
TEST_F(SchemaValue, IsRefusedInProto2) {
  file_->add_dependency("google/protobuf/descriptor.proto");
  within_->set_type_name(".google.protobuf.UninterpretedOption");
  ExpectRefused("field draft.v1.Draft.f: google.protobuf.UninterpretedOption is no proto3 message");
}

TEST_F(SchemaValue, IsRefusedInARecordOfProto2) {
  file_->clear_syntax();
  ExpectRefused("field draft.v1.Draft.f: a record must be a proto3 message");
}

}  // namespace
}  // namespace sotay::sync
