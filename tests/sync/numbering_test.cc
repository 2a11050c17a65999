// Numbers of documents: given by the server with the change that makes them due, without gaps,
// once.
#include "sync/numbering.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "casework/v1/legal_action.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "sotay/options/v1/numbering.pb.h"
#include "sync/fragment.h"
#include "tests/support/paper_world.h"
#include "tests/support/status_matchers.h"

namespace sotay::sync {
namespace {

using casework::v1::LegalAction;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using tests::CaseworkSchema;
using tests::kProsecutor;
using tests::kSupervisor;
using tests::NewCase;
using tests::PaperOffice;
using tests::PaperPhone;
using tests::StatusIs;
using tests::Wish;
namespace pb = google::protobuf;

Wish Action(absl::string_view name) { return Wish(name, "casework.v1.LegalAction"); }

class NumberingTest : public ::testing::Test {
 protected:
  void SetUp() override {
    phone_.Write("k", {NewCase("k")});
    Meet();
  }
  // Everybody has what everybody wrote.
  void Meet() {
    for (int again = 0; again < 2; ++again) {
      for (PaperPhone* phone : {&phone_, &head_, &deputy_}) office_.Exchange(phone);
    }
  }
  void Draft(absl::string_view name, casework::v1::LegalActionKind kind) {
    phone_.Write("k", {Action(name)
                           .SetNumber(LegalAction::kKindFieldNumber, kind)
                           .SetNumber(LegalAction::kStateFieldNumber,
                                      casework::v1::LEGAL_ACTION_STATE_SUBMITTED)});
    Meet();
  }
  static void Step(PaperPhone* by, absl::string_view name, casework::v1::LegalActionState to) {
    by->Write("k", {Action(name).SetNumber(LegalAction::kStateFieldNumber, to)});
  }
  void Issue(absl::string_view name) {
    Step(&head_, name, casework::v1::LEGAL_ACTION_STATE_APPROVED);
    Step(&head_, name, casework::v1::LEGAL_ACTION_STATE_ISSUED);
    Meet();
  }
  std::string NumberOf(absl::string_view name) const {
    const auto record = office_.Find(name);
    const FieldSlot* slot = record->Slot(LegalAction::kNumberFieldNumber);
    if (slot == nullptr) return "";
    EXPECT_EQ(slot->readings.size(), 1u);
    return std::string(StringOf(slot->readings.front().value).value_or(""));
  }
  // What the log says was given, in its order.
  std::vector<std::string> Given() const {
    std::vector<std::string> given;
    for (const auto& line : office_.journal()) {
      for (const v1::AssignedOp& assigned : line.admission.assigned()) {
        if (!assigned.series().empty()) {
          given.push_back(absl::StrCat(assigned.series(), " ", assigned.number()));
        }
      }
    }
    return given;
  }

  PaperOffice office_{CaseworkSchema()};
  PaperPhone phone_ = office_.Enrol("dam", kProsecutor);
  PaperPhone head_ = office_.Enrol("ngu", kSupervisor);
  PaperPhone deputy_ = office_.Enrol("duoc", kSupervisor);
};

TEST_F(NumberingTest, CountsInSeriesWithoutGaps) {
  Draft("a", casework::v1::LEGAL_ACTION_KIND_RECOMMENDATION);
  Draft("b", casework::v1::LEGAL_ACTION_KIND_RECOMMENDATION);
  Draft("c", casework::v1::LEGAL_ACTION_KIND_PROTEST);
  Draft("d", casework::v1::LEGAL_ACTION_KIND_RECOMMENDATION);
  EXPECT_THAT(Given(), IsEmpty()) << "a draft has none";
  Issue("b");
  Issue("c");
  Step(&head_, "d", casework::v1::LEGAL_ACTION_STATE_RETURNED);
  Meet();
  Issue("a");
  EXPECT_EQ(NumberOf("b"), "01/KN-VKSKV1");
  EXPECT_EQ(NumberOf("a"), "02/KN-VKSKV1");
  EXPECT_EQ(NumberOf("c"), "01/QĐKN-VKSKV1");
  EXPECT_EQ(NumberOf("d"), "");
  EXPECT_THAT(Given(), ElementsAre("KN/2026 1", "QĐKN/2026 1", "KN/2026 2"));
  const auto shown = phone_.Shown("a");
  ASSERT_NE(shown->Slot(LegalAction::kNumberFieldNumber), nullptr) << "phones have it as well";
}

TEST_F(NumberingTest, AreGivenOnceAndKept) {
  Draft("a", casework::v1::LEGAL_ACTION_KIND_RECOMMENDATION);
  Issue("a");
  office_.Push(head_, 1);  // all of it again
  Step(&head_, "a", casework::v1::LEGAL_ACTION_STATE_WITHDRAWN);
  Meet();
  EXPECT_EQ(NumberOf("a"), "01/KN-VKSKV1");
  Draft("b", casework::v1::LEGAL_ACTION_KIND_RECOMMENDATION);
  Issue("b");
  EXPECT_EQ(NumberOf("b"), "02/KN-VKSKV1") << "one that was withdrawn is not used again";
}

TEST_F(NumberingTest, BeginAnewWithTheYearOfTheServerWhereTheOfficeIs) {
  Draft("a", casework::v1::LEGAL_ACTION_KIND_CONCLUSION);
  Draft("b", casework::v1::LEGAL_ACTION_KIND_CONCLUSION);
  Issue("a");
  office_.now_ms = 1'798'736'400'000;  // 31/12/2026 17:00 UTC, 01/01/2027 there
  Issue("b");
  EXPECT_THAT(Given(), ElementsAre("KL/2026 1", "KL/2027 1"));
}

// A leader issues what another leader returned meanwhile: the more cautious state holds, so there
// is nothing to number, whoever was first to be heard.
TEST_F(NumberingTest, AreNotGivenToWhatIsReturned) {
  Draft("a", casework::v1::LEGAL_ACTION_KIND_RECOMMENDATION);
  Step(&head_, "a", casework::v1::LEGAL_ACTION_STATE_APPROVED);
  Meet();
  Step(&head_, "a", casework::v1::LEGAL_ACTION_STATE_RETURNED);
  Step(&deputy_, "a", casework::v1::LEGAL_ACTION_STATE_ISSUED);
  office_.Exchange(&head_);
  office_.Exchange(&deputy_);
  Meet();
  EXPECT_EQ(office_.Find("a")->StateInForce(LegalAction::kStateFieldNumber),
            casework::v1::LEGAL_ACTION_STATE_RETURNED);
  EXPECT_EQ(NumberOf("a"), "");
  Step(&phone_, "a", casework::v1::LEGAL_ACTION_STATE_DRAFT);
  Step(&phone_, "a", casework::v1::LEGAL_ACTION_STATE_SUBMITTED);
  Meet();
  Issue("a");
  EXPECT_EQ(NumberOf("a"), "01/KN-VKSKV1");
}

TEST_F(NumberingTest, WhatWasOutBeforeItWasReturnedKeepsItsNumber) {
  Draft("a", casework::v1::LEGAL_ACTION_KIND_RECOMMENDATION);
  Step(&head_, "a", casework::v1::LEGAL_ACTION_STATE_APPROVED);
  Meet();
  Step(&head_, "a", casework::v1::LEGAL_ACTION_STATE_RETURNED);
  Step(&deputy_, "a", casework::v1::LEGAL_ACTION_STATE_ISSUED);
  office_.Exchange(&deputy_);
  office_.Exchange(&head_);
  Meet();
  EXPECT_EQ(NumberOf("a"), "01/KN-VKSKV1") << "it stood on paper that somebody may have";
  EXPECT_THAT(Given(), ElementsAre("KN/2026 1"));
}

// Two leaders approve apart, and one goes on: what is in force jumps past "issued".
TEST_F(NumberingTest, AreGivenToWhatIsFoundToBeFurtherOn) {
  Draft("a", casework::v1::LEGAL_ACTION_KIND_RECOMMENDATION);
  Step(&head_, "a", casework::v1::LEGAL_ACTION_STATE_APPROVED);
  office_.Exchange(&head_);
  for (const auto to :
       {casework::v1::LEGAL_ACTION_STATE_APPROVED, casework::v1::LEGAL_ACTION_STATE_ISSUED,
        casework::v1::LEGAL_ACTION_STATE_WITHDRAWN}) {
    Step(&deputy_, "a", to);
  }
  Meet();
  EXPECT_EQ(office_.Find("a")->StateInForce(LegalAction::kStateFieldNumber),
            casework::v1::LEGAL_ACTION_STATE_WITHDRAWN);
  EXPECT_EQ(NumberOf("a"), "01/KN-VKSKV1");
}

// --- declarations
// ---------------------------------------------------------------------------------

// The built-in document under another name, with its numbering changed.
absl::Status Declared(const std::function<void(options::v1::Numbering*)>& change) {
  pb::FileDescriptorSet set;
  pb::FileDescriptorProto* file = set.add_file();
  LegalAction::descriptor()->file()->CopyTo(file);
  file->set_name("other/v1/legal_action.proto");
  file->set_package("other.v1");
  for (pb::FieldDescriptorProto& field : *file->mutable_message_type(0)->mutable_field()) {
    if (field.type_name().rfind(".casework.v1.LegalAction", 0) == 0) {
      field.set_type_name(".other.v1" + field.type_name().substr(sizeof ".casework.v1" - 1));
    }
    if (field.name() != "number") continue;
    change(field.mutable_options()->MutableExtension(options::v1::numbering));
  }
  file->mutable_message_type(0)
      ->mutable_options()
      ->MutableExtension(options::v1::record)
      ->set_short_name("other");
  return Schema::Build({LegalAction::descriptor()->file()}, {set}).status();
}

TEST(NumberingDeclared, IsReadFromADescriptorFile) {
  EXPECT_THAT(Declared([](options::v1::Numbering*) {}), tests::IsOk());
}

TEST(NumberingDeclared, IsRefusedWhenItCannotHold) {
  using absl::StatusCode;
  EXPECT_THAT(Declared([](options::v1::Numbering* n) { n->clear_at(); }),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("numbering names no state")));
  EXPECT_THAT(Declared([](options::v1::Numbering* n) { n->set_at(0, "NO_SUCH"); }),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("NO_SUCH is no state of the type")));
  EXPECT_THAT(
      Declared([](options::v1::Numbering* n) { n->set_at(0, "LEGAL_ACTION_STATE_SUBMITTED"); }),
      StatusIs(StatusCode::kInvalidArgument, HasSubstr("born as LEGAL_ACTION_STATE_SUBMITTED")));
  EXPECT_THAT(Declared([](options::v1::Numbering* n) { n->set_by("title"); }),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("no ONCE enum")));
  EXPECT_THAT(Declared([](options::v1::Numbering* n) { n->mutable_signs()->RemoveLast(); }),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("has no sign")));
  EXPECT_THAT(Declared([](options::v1::Numbering* n) { n->mutable_signs(0)->clear_sign(); }),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("cannot be read")));
}

}  // namespace
}  // namespace sotay::sync
