// What a type declares that assigns, and whose a dossier is by its assignments.
#include "sync/assignments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "casework/v1/assignment.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "sotay/options/v1/assigning.pb.h"
#include "tests/support/paper_world.h"
#include "tests/support/status_matchers.h"

namespace sotay::sync {
namespace {

using casework::v1::ASSIGNMENT_STATE_ACCEPTED;
using casework::v1::ASSIGNMENT_STATE_OBJECTED;
using casework::v1::ASSIGNMENT_STATE_SUPERSEDED;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using tests::CaseworkSchema;
using tests::RecordNamed;
using tests::StatusIs;
using tests::Wish;
using A = casework::v1::Assignment;
namespace pb = google::protobuf;

// The built-in assignment under another name, with its declaration changed.
absl::Status Declared(const std::function<void(options::v1::Assigning*)>& change,
                      const std::function<void(pb::DescriptorProto*)>& shape = {}) {
  pb::FileDescriptorProto file;
  A::descriptor()->file()->CopyTo(&file);
  file.set_name("office/v1/order.proto");
  file.set_package("office.v1");
  pb::DescriptorProto& message = *file.mutable_message_type(0);
  message.set_name("Order");
  for (pb::FieldDescriptorProto& field : *message.mutable_field()) {
    if (!field.has_type_name()) continue;
    field.set_type_name(".office.v1" + field.type_name().substr(field.type_name().rfind('.')));
  }
  message.mutable_options()->MutableExtension(options::v1::record)->set_short_name("order");
  change(message.mutable_options()->MutableExtension(options::v1::assigning));
  if (shape) shape(&message);
  pb::FileDescriptorSet set;
  *set.add_file() = file;
  return Schema::Build({A::descriptor()->file()}, {set}).status();
}

TEST(Assigning, ABroughtTypeMayAssignAsTheBuiltInDoes) {
  EXPECT_THAT(Declared([](options::v1::Assigning*) {}), tests::IsOk());
}

TEST(Assigning, ADeclarationThatBreaksItsRulesIsRefused) {
  const auto refused = [](const std::string& what) {
    return StatusIs(absl::StatusCode::kInvalidArgument,
                    HasSubstr("schema: type office.v1.Order: assigning: " + what));
  };
  EXPECT_THAT(Declared([](auto* declared) { declared->set_assignee("reason_of"); }),
              refused("assignee names reason_of, which is no RULE_ONCE"));
  EXPECT_THAT(Declared([](auto* declared) { declared->set_role("state"); }),
              refused("role names state, which is no RULE_ONCE"));
  EXPECT_THAT(Declared([](auto* declared) { declared->set_supersedes("reason"); }),
              refused("supersedes names reason"));
  EXPECT_THAT(Declared([](auto* declared) { declared->set_decides("received_ms"); }),
              refused("decides names received_ms, which is no RULE_SERVER"));
  EXPECT_THAT(Declared([](auto* declared) { declared->add_answers("YES"); }),
              refused("YES is no value to which its state steps"));
  EXPECT_THAT(Declared([](auto* declared) { declared->add_ends("ASSIGNMENT_STATE_UNSPECIFIED"); }),
              refused("ASSIGNMENT_STATE_UNSPECIFIED is no value to which its state steps"));
  EXPECT_THAT(Declared([](auto* declared) { declared->add_reports("decides"); }),
              refused("it has no field decides that anybody writes"));
  const auto same = [](options::v1::Assigning*) {};
  EXPECT_THAT(
      Declared(same,
               [](pb::DescriptorProto* message) {
                 message->mutable_options()->MutableExtension(options::v1::record)->set_root(true);
               }),
      refused("it opens a dossier"));
  EXPECT_THAT(
      Declared(
          same,
          [](pb::DescriptorProto* message) {
            message->mutable_options()->MutableExtension(options::v1::record)->clear_state_field();
          }),
      refused("it has no state"));
  const auto parent = [](const std::function<void(options::v1::FieldRule*)>& change) {
    return [change](pb::DescriptorProto* message) {
      change(message->mutable_field(0)->mutable_options()->MutableExtension(options::v1::field));
    };
  };
  EXPECT_THAT(Declared(same, parent([](auto* rule) { rule->set_parent(false); })),
              refused("it has no parent"));
  EXPECT_THAT(Declared(same, parent([](auto* rule) { rule->set_required(false); })),
              refused("it hangs under a root by one field"));
}

class AssignedTest : public ::testing::Test {
 protected:
  PlacedAssignment Of(const std::string& name, const std::string& user, int32_t role,
                      const std::string& before = "") {
    PlacedAssignment placed;
    placed.id = RecordNamed(name);
    placed.assignment.user_id = user;
    placed.assignment.role = role;
    placed.assignment.decides = true;
    if (!before.empty()) placed.assignment.supersedes = RecordNamed(before);
    return placed;
  }
  // "que by pc1", in order.
  static std::vector<std::string> Words(const Assigned& assigned) {
    std::vector<std::string> words;
    for (const v1::AssignedPerson& one : assigned) {
      const std::string& id = one.assignment_id();
      words.push_back(one.user_id() + " by " + id.substr(0, id.find('.')) +
                      (one.ended() ? ", ended" : ""));
    }
    return words;
  }
  static std::vector<std::string> By(const std::vector<PlacedAssignment>& assignments) {
    return Words(AssignedBy(RecordNamed("k"), "dam", assignments));
  }
};

TEST_F(AssignedTest, WhoeverOpenedItHasItUntilSomebodyTakesThatPlace) {
  EXPECT_THAT(By({}), ElementsAre("dam by k"));
  EXPECT_THAT(By({Of("pc1", "que", 1)}), ElementsAre("dam by k", "que by pc1"));
  EXPECT_THAT(By({Of("pc1", "que", 1, "k")}), ElementsAre("que by pc1"));
  EXPECT_THAT(By({Of("pc1", "que", 1, "k"), Of("pc2", "phong", 1, "pc1")}),
              ElementsAre("phong by pc2"));
}

TEST_F(AssignedTest, ANewerDecisionOfOnePersonInOneRoleStands) {
  EXPECT_THAT(By({Of("pc1", "que", 1), Of("pc2", "que", 2), Of("pc3", "que", 1)}),
              ElementsAre("dam by k", "que by pc2", "que by pc3"));
  // To replace what was replaced already undoes nothing that was decided since.
  EXPECT_THAT(By({Of("pc1", "que", 1), Of("pc3", "que", 1), Of("pc4", "phong", 1, "pc1")}),
              ElementsAre("dam by k", "que by pc3", "phong by pc4"));
}

TEST_F(AssignedTest, TwoWhoTakeOnePlaceBothHaveIt) {
  EXPECT_THAT(By({Of("pc1", "que", 1, "k"), Of("pc2", "phong", 1, "k")}),
              ElementsAre("que by pc1", "phong by pc2"));
}

TEST_F(AssignedTest, WhatIsEndedGivesNothingAndATaskNeverDid) {
  PlacedAssignment ended = Of("pc1", "que", 1);
  ended.assignment.ended = true;
  PlacedAssignment task = Of("t", "ha", 3);
  task.assignment.decides = false;
  const Assigned assigned = AssignedBy(RecordNamed("k"), "dam", {ended, task});
  EXPECT_THAT(Words(assigned), ElementsAre("dam by k", "que by pc1, ended"));
  EXPECT_FALSE(IsAssigned(assigned, "que"));
  EXPECT_FALSE(IsAssigned(assigned, "ha"));
  EXPECT_TRUE(IsAssigned(assigned, "dam"));
}

// Step by step it comes to the same as all at once, also when a step that ended it gives way.
TEST_F(AssignedTest, AStepOnItsWayIsTheSameAsAllAtOnce) {
  Assigned assigned = AssignedAtOpening(RecordNamed("k"), "dam");
  const PlacedAssignment one = Of("pc1", "que", 1);
  Assign(one.id, one.assignment, &assigned);
  NoteEnded(one.id, true, &assigned);
  EXPECT_THAT(Words(assigned), ElementsAre("dam by k", "que by pc1, ended"));
  NoteEnded(one.id, false, &assigned);
  EXPECT_EQ(Words(assigned), By({one}));
}

class AnswersTest : public ::testing::Test {
 protected:
  const RecordType& type_ = *CaseworkSchema()->Find("assignment");
  static v1::RecordEdit EditOf(const Wish& wish) {
    v1::RecordEdit edit;
    for (const FieldEdit& field : wish.wish().fields) *edit.add_ops() = field.op;
    return edit;
  }
  static Wish Offer() {
    return Wish("pc", "casework.v1.Assignment")
        .Set(A::kParentFieldNumber, RecordNamed("k").view())
        .Set(A::kAssigneeIdFieldNumber, "que")
        .SetNumber(A::kRoleFieldNumber, 1);
  }
  static Wish To(casework::v1::AssignmentState state) {
    return Wish("pc", "casework.v1.Assignment")
        .SetNumber(A::kStateFieldNumber, static_cast<uint64_t>(state));
  }
  MergedRecord Offered() const {
    MergedRecord record(&type_, RecordNamed("pc"), type_.name, tests::kUnit, RecordNamed("k"));
    Author author;
    author.change = tests::ChangeNamed("offer");
    author.device = tests::DeviceNamed("ngu");
    author.sequence = 1;
    author.user_id = "ngu";
    record.Apply(EditOf(Offer()), author, VersionVector(), {});
    return record;
  }
  absl::optional<Refusal> Check(const Wish& wish, const std::string& user,
                                const std::string& reason = "") const {
    return CheckAnswers(type_, EditOf(wish), Offered(), user, reason);
  }
};

TEST_F(AnswersTest, AreTheAssigneesAlone) {
  EXPECT_EQ(Check(To(ASSIGNMENT_STATE_ACCEPTED), "que"), absl::nullopt);
  EXPECT_THAT(Check(To(ASSIGNMENT_STATE_ACCEPTED), "ngu")->reason, v1::REASON_WRITER_MAY_NOT);
  const Wish report =
      Wish("pc", "casework.v1.Assignment").Append(A::kProgressFieldNumber, "xong một nửa");
  EXPECT_EQ(Check(report, "que"), absl::nullopt);
  EXPECT_THAT(Check(report, "dam")->message, HasSubstr("field progress: only whom"));
  // What is no answer is not asked.
  EXPECT_EQ(Check(To(ASSIGNMENT_STATE_SUPERSEDED), "ngu"), absl::nullopt);
}

TEST_F(AnswersTest, WhoObjectsSaysWhy) {
  EXPECT_THAT(Check(To(ASSIGNMENT_STATE_OBJECTED), "que")->reason, v1::REASON_REQUIRED_MISSING);
  EXPECT_EQ(Check(To(ASSIGNMENT_STATE_OBJECTED), "que", "trái thẩm quyền"), absl::nullopt);
}

// What was left open when it was made stays open, whoever would fill it in.
TEST_F(AnswersTest, ItStandsAsItWasWritten) {
  const Wish hands_on = Wish("pc", "casework.v1.Assignment")
                            .Set(A::kSupersedesFieldNumber, RecordNamed("other").view());
  const Wish late = Wish("pc", "casework.v1.Assignment").SetNumber(A::kDueMsFieldNumber, 1);
  for (const char* user : {"ngu", "que", "dam"}) {
    EXPECT_THAT(Check(hands_on, user)->reason, v1::REASON_ONCE_WRITTEN) << user;
    EXPECT_THAT(Check(late, user)->reason, v1::REASON_ONCE_WRITTEN) << user;
  }
}

TEST_F(AnswersTest, NobodyIsBornWithSomebodyElsesAnswer) {
  const MergedRecord unborn(&type_, RecordNamed("pc"), type_.name, tests::kUnit, RecordNamed("k"));
  const Wish accepted = Offer().SetNumber(A::kStateFieldNumber, ASSIGNMENT_STATE_ACCEPTED);
  EXPECT_TRUE(CheckAnswers(type_, EditOf(accepted), unborn, "ngu", "").has_value());
  EXPECT_FALSE(CheckAnswers(type_, EditOf(accepted), unborn, "que", "").has_value());
  EXPECT_FALSE(CheckAnswers(type_, EditOf(Offer()), unborn, "ngu", "").has_value());
}

}  // namespace
}  // namespace sotay::sync
