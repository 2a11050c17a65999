// What a type declares that signs, and the bytes a signature is made of.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "casework/v1/sign_off.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "sotay/options/v1/signing.pb.h"
#include "sync/signing.h"
#include "tests/support/paper_world.h"
#include "tests/support/status_matchers.h"

namespace sotay::sync {
namespace {

using casework::v1::SignOff;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using tests::CaseworkSchema;
using tests::kProsecutor;
using tests::PaperOffice;
using tests::PaperPhone;
using tests::RecordNamed;
using tests::StatusIs;
namespace pb = google::protobuf;

// The built-in sign-off under another name, with its declaration changed.
absl::Status Declared(const std::function<void(options::v1::Signing*)>& change,
                      const std::function<void(pb::DescriptorProto*)>& shape = {}) {
  pb::FileDescriptorProto file;
  SignOff::descriptor()->file()->CopyTo(&file);
  file.set_name("office/v1/visa.proto");
  file.set_package("office.v1");
  pb::DescriptorProto& message = *file.mutable_message_type(0);
  message.set_name("Visa");
  for (pb::FieldDescriptorProto& field : *message.mutable_field()) {
    if (!field.has_type_name()) continue;
    field.set_type_name(field.name() == "decision" ? ".office.v1.SignOffDecision"
                                                   : ".office.v1.SignOffCapacity");
  }
  message.mutable_options()->MutableExtension(options::v1::record)->set_short_name("visa");
  change(message.mutable_options()->MutableExtension(options::v1::signing));
  if (shape) shape(&message);
  pb::FileDescriptorSet set;
  *set.add_file() = file;
  return Schema::Build({SignOff::descriptor()->file()}, {set}).status();
}

TEST(SigningDeclared, IsReadFromADescriptorFile) {
  EXPECT_THAT(Declared([](options::v1::Signing*) {}), tests::IsOk());
  EXPECT_TRUE(CaseworkSchema()->IsCovered("casework.v1.Finding"));
  EXPECT_FALSE(CaseworkSchema()->IsCovered("casework.v1.Note"));
}

TEST(SigningDeclared, IsRefusedWhenItCannotHold) {
  const auto bad = [](const char* what) {
    return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(what));
  };
  using S = options::v1::Signing;
  EXPECT_THAT(Declared([](S* s) { s->set_object("reason"); }), bad("object names reason"));
  EXPECT_THAT(Declared([](S* s) { s->set_object("supersedes"); }), bad("is not required"));
  EXPECT_THAT(Declared([](S* s) { s->set_object("content_hash"); }), bad("object is no parent"));
  EXPECT_THAT(Declared([](S* s) { s->clear_version(); }), bad("version names"));
  EXPECT_THAT(Declared([](S* s) { s->set_content_hash("no_such"); }), bad("content_hash names"));
  EXPECT_THAT(Declared([](S* s) { s->set_decision("capacity"); }), bad("is not required"));
  EXPECT_THAT(Declared([](S* s) { s->clear_signs(); }), bad("no decision signs"));
  EXPECT_THAT(Declared([](S* s) { s->add_signs("SIGN_OFF_DECISION_UNSPECIFIED"); }),
              bad("is no decision"));
  EXPECT_THAT(Declared([](S* s) { s->set_supersedes("reason"); }), bad("supersedes names"));
  EXPECT_THAT(Declared([](S* s) { s->set_read_again("reason"); }), bad("read_again names"));
  EXPECT_THAT(Declared([](S* s) { s->set_revision("received_ms"); }), bad("revision names"));
  EXPECT_THAT(
      Declared([](S*) {},
               [](pb::DescriptorProto* message) {
                 message->mutable_options()->MutableExtension(options::v1::record)->set_root(true);
               }),
      bad("opens no dossier"));
  EXPECT_THAT(Declared([](S*) {},
                       [](pb::DescriptorProto* message) {
                         for (pb::FieldDescriptorProto& field : *message->mutable_field()) {
                           if (field.name() != "reason") continue;
                           field.mutable_options()
                               ->MutableExtension(options::v1::field)
                               ->set_rule(options::v1::RULE_REGISTER);
                         }
                       }),
              bad("reason is neither ONCE nor SERVER"));
}

TEST(SignedContent, IsWhatItSaysAndNothingOfWhoSaidIt) {
  PaperOffice office(CaseworkSchema());
  PaperPhone dam = office.Enrol("dam", kProsecutor);
  PaperPhone que = office.Enrol("que", kProsecutor);
  dam.Write("k", {tests::NewCase("k")});
  office.Exchange(&dam);
  office.Exchange(&que);
  const std::string before = SignedContent(*office.Find("k"));
  // By the bytes: docs/protocol.md has the same.
  const auto sized = [](const std::string& text) {
    return std::string(3, '\0') + static_cast<char>(text.size()) + text;
  };
  const std::string front = std::string(RecordNamed("k").view()) + sized("casework.v1.Case") +
                            sized(tests::kUnit) + std::string(RecordNamed("k").view());
  ASSERT_EQ(before.substr(0, front.size()), front);
  casework::v1::Case said;
  ASSERT_TRUE(said.ParseFromString(before.substr(front.size())));
  EXPECT_NE(said.title(), "");
  // The same title by somebody else.
  que.Write("k", {tests::Case("k").Set(casework::v1::Case::kTitleFieldNumber, said.title())});
  office.Exchange(&que);
  EXPECT_EQ(SignedContent(*office.Find("k")), before);
  que.Write("k", {tests::Case("k").Set(casework::v1::Case::kTitleFieldNumber, "khác")});
  office.Exchange(&que);
  EXPECT_NE(SignedContent(*office.Find("k")), before);
}

TEST(VersionBytes, AreReadAsTheyAreWrittenAndNoOthers) {
  VersionVector version;
  version.Add(tests::DeviceNamed("b"), 258);
  version.Add(tests::DeviceNamed("a"), 1);
  const std::string bytes = VersionBytes(version);
  EXPECT_THAT(bytes, SizeIs(48));
  ASSERT_TRUE(VersionFrom(bytes).has_value());
  EXPECT_TRUE(*VersionFrom(bytes) == version);
  EXPECT_FALSE(VersionFrom(bytes.substr(24) + bytes.substr(0, 24)).has_value()) << "out of order";
  EXPECT_FALSE(VersionFrom(bytes.substr(0, 24) + bytes.substr(0, 24)).has_value()) << "twice";
  EXPECT_FALSE(VersionFrom(bytes.substr(0, 47)).has_value());
  EXPECT_FALSE(VersionFrom(bytes.substr(0, 40) + std::string(8, '\0')).has_value()) << "nothing";
  EXPECT_TRUE(VersionFrom("")->entries().empty());
}

}  // namespace
}  // namespace sotay::sync
