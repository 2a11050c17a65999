// How states that yield to others' work are declared, and whose work is one's own (docs/merge.md,
// law M13).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "sotay/options/v1/yielding.pb.h"
#include "sync/apart.h"
#include "sync/history.h"
#include "sync/yielding.h"
#include "tests/support/paper_world.h"
#include "tests/support/status_matchers.h"

namespace sotay::sync {
namespace {

using absl::StatusCode;
using casework::v1::NOTE_STATE_UNSPECIFIED;
using casework::v1::NOTE_STATE_WITHDRAWN;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::CaseworkSchema;
using tests::Note;
using tests::StatusIs;
using N = casework::v1::Note;
namespace pb = google::protobuf;

// --- of one's own other phone ---------------------------------------------------------------

HistoryNode Edit(const std::string& device, const std::string& user, uint64_t sequence,
                 const tests::Wish& wish, const std::vector<std::string>& parents) {
  HistoryNode node;
  node.author.change = tests::ChangeNamed(device + std::to_string(sequence));
  node.author.device = tests::DeviceNamed(device);
  node.author.sequence = sequence;
  node.author.stamp = 100 + sequence;
  node.author.user_id = user;
  node.author.authority = 10;
  node.reason = "ghi nhầm sổ";
  for (const FieldEdit& field : wish.wish().fields) *node.edit.add_ops() = field.op;
  for (const std::string& parent : parents) node.edit.add_parents(tests::ChangeNamed(parent).str());
  return node;
}

// The note as it is after its author withdrew it on one phone, and `user` wrote on another.
MergedRecord WithdrawnWhileAnotherPhoneWrites(const std::string& user) {
  History history(MergedRecord(CaseworkSchema()->Find("note"), tests::RecordNamed("n"),
                               "casework.v1.Note", tests::kUnit, tests::RecordNamed("k")));
  const auto measured = [](const char* number) {
    return Note("n").Measured("vết phanh", number, "m");
  };
  EXPECT_THAT(history.Add(Edit("one", "dam", 1, measured("4,2"), {})), tests::IsOk());
  EXPECT_THAT(history.Add(Edit("one", "dam", 2, Note("n").Moves(NOTE_STATE_WITHDRAWN), {"one1"})),
              tests::IsOk());
  EXPECT_THAT(history.Add(Edit("two", user, 1, measured("4,5"), {"one1"})), tests::IsOk());
  return history.At(history.Everything());
}

TEST(YieldingOfAPerson, IsNotToTheirOwnWorkOnAnotherPhone) {
  const MergedRecord own = WithdrawnWhileAnotherPhoneWrites("dam");
  EXPECT_EQ(own.StateInForce(N::kStateFieldNumber), NOTE_STATE_WITHDRAWN);
  EXPECT_THAT(RequestsIn(own), IsEmpty());
  const MergedRecord others = WithdrawnWhileAnotherPhoneWrites("que");
  EXPECT_EQ(others.StateInForce(N::kStateFieldNumber), NOTE_STATE_UNSPECIFIED);
  ASSERT_THAT(RequestsIn(others), SizeIs(1));
  EXPECT_EQ(RequestsIn(others)[0].step->reason, "ghi nhầm sổ");
}

// --- declarations ---------------------------------------------------------------------------

// The built-in note under another name, with its state's values changed.
absl::Status Declared(const std::function<void(pb::EnumDescriptorProto*)>& change) {
  pb::FileDescriptorSet set;
  pb::FileDescriptorProto* file = set.add_file();
  N::descriptor()->file()->CopyTo(file);
  file->set_name("other/v1/note.proto");
  file->set_package("other.v1");
  for (pb::DescriptorProto& message : *file->mutable_message_type()) {
    const auto rename = [](pb::DescriptorProto* in) {
      for (pb::FieldDescriptorProto& field : *in->mutable_field()) {
        for (const char* name : {"Note", "Measurement"}) {
          const std::string old = std::string(".casework.v1.") + name;
          if (field.type_name().rfind(old, 0) != 0) continue;
          field.set_type_name(".other.v1" + field.type_name().substr(sizeof ".casework.v1" - 1));
        }
      }
    };
    rename(&message);
    for (pb::DescriptorProto& nested : *message.mutable_nested_type()) rename(&nested);
    if (message.name() != "Note") continue;
    message.mutable_options()->MutableExtension(options::v1::record)->set_short_name("other");
  }
  for (pb::EnumDescriptorProto& values : *file->mutable_enum_type()) {
    if (values.name() == "NoteState") change(&values);
  }
  return Schema::Build({N::descriptor()->file()}, {set}).status();
}

options::v1::Yielding* YieldingOf(pb::EnumDescriptorProto* values, int number) {
  return values->mutable_value(number)->mutable_options()->MutableExtension(options::v1::yielding);
}

TEST(YieldingDeclared, IsDecidedByAuthority) {
  const FieldType& state = *CaseworkSchema()->Find("note")->state;
  Author author;
  for (const uint32_t authority : {0u, 5u, 10u}) {
    author.authority = authority;
    EXPECT_FALSE(Decides(state, NOTE_STATE_WITHDRAWN, author)) << authority;
  }
  for (const uint32_t authority : {30u, 35u, 40u}) {
    author.authority = authority;
    EXPECT_TRUE(Decides(state, NOTE_STATE_WITHDRAWN, author)) << authority;
  }
  author.authority = 10;
  author.StandApart();
  EXPECT_FALSE(Decides(state, NOTE_STATE_WITHDRAWN, author)) << "whoever took it in";
}

TEST(YieldingDeclared, IsReadFromADescriptorFile) {
  EXPECT_THAT(Declared([](pb::EnumDescriptorProto*) {}), tests::IsOk());
  const FieldType& state = *CaseworkSchema()->Find("note")->state;
  ASSERT_THAT(state.yielding, SizeIs(1));
  EXPECT_THAT(state.yielding.at(NOTE_STATE_WITHDRAWN), ElementsAre(options::v1::ROLE_SUPERVISOR));
  EXPECT_THAT(CaseworkSchema()->Find("note")->yielding, ElementsAre(&state));
  EXPECT_THAT(CaseworkSchema()->Find("finding")->yielding, IsEmpty());
}

TEST(YieldingDeclared, IsRefusedWhenItCannotHold) {
  EXPECT_THAT(Declared([](pb::EnumDescriptorProto* values) {
                YieldingOf(values, 0)->add_deciders(options::v1::ROLE_SUPERVISOR);
              }),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("NOTE_STATE_UNSPECIFIED yields, and records are born with it")));
  EXPECT_THAT(Declared([](pb::EnumDescriptorProto* values) {
                YieldingOf(values, NOTE_STATE_WITHDRAWN)->clear_deciders();
              }),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("nobody decides about it")));
  EXPECT_THAT(
      Declared([](pb::EnumDescriptorProto* values) {
        YieldingOf(values, NOTE_STATE_WITHDRAWN)->add_deciders(options::v1::ROLE_PROSECUTOR);
      }),
      StatusIs(StatusCode::kInvalidArgument,
               HasSubstr("ROLE_PROSECUTOR, who decides, may take no step on from it")));
}

}  // namespace
}  // namespace sotay::sync
