// What a type declares that stands for files, and under what such a record hangs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>

#include "casework/v1/attachment.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "sotay/options/v1/attaching.pb.h"
#include "sync/attaching.h"
#include "sync/fragment.h"
#include "tests/support/paper_world.h"
#include "tests/support/status_matchers.h"

namespace sotay::sync {
namespace {

using casework::v1::Attachment;
using ::testing::HasSubstr;
using tests::CaseworkSchema;
using tests::StatusIs;
namespace pb = google::protobuf;

// The built-in attachment under another name, with its declaration changed.
absl::Status Declared(const std::function<void(options::v1::Attaching*)>& change,
                      const std::function<void(pb::DescriptorProto*)>& shape = {}) {
  pb::FileDescriptorProto file;
  Attachment::descriptor()->file()->CopyTo(&file);
  file.set_name("office/v1/exhibit.proto");
  file.set_package("office.v1");
  pb::DescriptorProto& message = *file.mutable_message_type(0);
  message.set_name("Exhibit");
  for (pb::FieldDescriptorProto& field : *message.mutable_field()) {
    if (field.name() == "kind") field.set_type_name(".office.v1.AttachmentKind");
  }
  message.mutable_options()->MutableExtension(options::v1::record)->set_short_name("exhibit");
  change(message.mutable_options()->MutableExtension(options::v1::attaching));
  if (shape) shape(&message);
  pb::FileDescriptorSet set;
  *set.add_file() = file;
  return Schema::Build({Attachment::descriptor()->file()}, {set}).status();
}

void SetRule(pb::DescriptorProto* message, const std::string& name,
             const std::function<void(options::v1::FieldRule*)>& change) {
  for (pb::FieldDescriptorProto& field : *message->mutable_field()) {
    if (field.name() != name) continue;
    change(field.mutable_options()->MutableExtension(options::v1::field));
  }
}

TEST(AttachingDeclared, IsReadFromADescriptorFile) {
  EXPECT_THAT(Declared([](options::v1::Attaching*) {}), tests::IsOk());
  EXPECT_TRUE(CaseworkSchema()->IsCovered("casework.v1.Attachment"));
  EXPECT_NE(CaseworkSchema()->Find("attachment")->attaching, nullptr);
  EXPECT_EQ(CaseworkSchema()->Find("note")->attaching, nullptr);
}

TEST(AttachingDeclared, IsRefusedWhenItCannotHold) {
  const auto bad = [](const char* what) {
    return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(what));
  };
  using A = options::v1::Attaching;
  const auto as_is = [](A*) {};
  EXPECT_THAT(Declared([](A* a) { a->clear_hash(); }), bad("hash names"));
  EXPECT_THAT(Declared([](A* a) { a->set_hash("original"); }), bad("hash names original"));
  EXPECT_THAT(Declared([](A* a) { a->set_size("captured_ms"); }), bad("size names captured_ms"));
  EXPECT_THAT(Declared([](A* a) { a->set_state("kind"); }), bad("state names kind"));
  EXPECT_THAT(Declared([](A* a) { a->clear_state(); }), bad("withdrawn without a state"));
  EXPECT_THAT(Declared([](A* a) { a->add_withdrawn("WITHDRAWAL_UNSPECIFIED"); }),
              bad("no state it comes to"));
  EXPECT_THAT(Declared(as_is,
                       [](pb::DescriptorProto* m) {
                         SetRule(m, "parent", [](auto* rule) { rule->set_parent(false); });
                       }),
              bad("it has no parent"));
  EXPECT_THAT(Declared(as_is,
                       [](pb::DescriptorProto* m) {
                         SetRule(m, "parent",
                                 [](auto* rule) { rule->set_rule(options::v1::RULE_REGISTER); });
                       }),
              bad("is a parent and not ONCE"));
  EXPECT_THAT(
      Declared(as_is,
               [](pb::DescriptorProto* m) {
                 m->mutable_options()->MutableExtension(options::v1::record)->set_root(true);
               }),
      bad("an attachment opens no dossier"));
}

v1::RecordEdit Edit(const std::string& hash, uint64_t size) {
  const RecordType& type = *CaseworkSchema()->Find("attachment");
  v1::RecordEdit edit;
  v1::FieldOp* op = edit.add_ops();
  op->set_field(type.attaching->hash);
  op->set_set(StringFragment(type.attaching->hash, hash));
  op = edit.add_ops();
  op->set_field(type.attaching->size);
  op->set_set(VarintFragment(type.attaching->size, size));
  return edit;
}

TEST(Attaching, NamesAHashAndASize) {
  const RecordType& type = *CaseworkSchema()->Find("attachment");
  const auto file = FileIn(type, Edit(std::string(32, 'h'), 18'000'000));
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(file->sha256, std::string(32, 'h'));
  EXPECT_EQ(file->size, 18'000'000u);
  EXPECT_FALSE(file->withdrawn);
  EXPECT_FALSE(FileIn(type, Edit(std::string(31, 'h'), 1)).has_value());
  EXPECT_FALSE(FileIn(type, Edit(std::string(32, 'h'), 0)).has_value());
  EXPECT_FALSE(FileIn(*CaseworkSchema()->Find("note"), Edit(std::string(32, 'h'), 1)).has_value());
}

}  // namespace
}  // namespace sotay::sync
