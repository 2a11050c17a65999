// Steps that give way to work they did not know of: a note that is withdrawn while somebody writes
// on in it (docs/merge.md, law M13).
#include "sync/yielding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "sotay/options/v1/yielding.pb.h"
#include "sotay/v1/record.pb.h"
#include "sync/apart.h"
#include "sync/history.h"
#include "sync/view.h"
#include "tests/support/paper_world.h"
#include "tests/support/status_matchers.h"

namespace sotay::sync {
namespace {

using absl::StatusCode;
using casework::v1::NOTE_STATE_DRAFT;
using casework::v1::NOTE_STATE_SUBMITTED;
using casework::v1::NOTE_STATE_UNSPECIFIED;
using casework::v1::NOTE_STATE_WITHDRAWN;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::CaseworkSchema;
using tests::kProsecutor;
using tests::kSupervisor;
using tests::NewCase;
using tests::Note;
using tests::PaperOffice;
using tests::PaperPhone;
using tests::StatusIs;
using N = casework::v1::Note;
namespace pb = google::protobuf;

class YieldingTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    dam_.Write("k", {NewCase("k"), Note("n").Says("Tin số 9 không ghi giờ.")});
    Meet();
  }
  // Everybody has what everybody wrote; whoever is first to be heard is so by chance.
  void Meet() {
    std::vector<PaperPhone*> phones = {&dam_, &que_, &lead_};
    if (GetParam()) std::reverse(phones.begin(), phones.end());
    for (int again = 0; again < 2; ++again) {
      for (PaperPhone* phone : phones) office_.Exchange(phone);
    }
    ASSERT_THAT(office_.SetAside(), IsEmpty()) << office_.SetAside().front().message();
    for (PaperPhone* phone : phones) {
      ASSERT_EQ(phone->Shown("n")->Serialize(), office_.Find("n")->Serialize());
    }
  }
  int32_t State() const { return office_.Find("n")->StateInForce(N::kStateFieldNumber); }
  // Who asks, and whose work they did not know of.
  std::vector<std::string> Requests() const {
    const MergedRecord note = *office_.Find("n");
    std::vector<std::string> requests;
    for (const Request& request : RequestsIn(note)) {
      EXPECT_EQ(request.field, note.type()->state);
      std::string words = note.author(request.step->author).user_id + " over";
      for (size_t author : request.step->unaware) words += " " + note.author(author).user_id;
      requests.push_back(words);
    }
    return requests;
  }
  void WithdrawWhileQueWrites() {
    dam_.Write("k", {Note("n").Moves(NOTE_STATE_WITHDRAWN)});
    que_.Write("k", {Note("n").Says("Tin số 9 không ghi giờ. Đã hỏi lại.")});
    Meet();
  }

  PaperOffice office_{CaseworkSchema()};
  PaperPhone dam_ = office_.Enrol("dam", kProsecutor);
  PaperPhone que_ = office_.Enrol("que", kProsecutor);
  PaperPhone lead_ = office_.Enrol("ngu", kSupervisor);
};

INSTANTIATE_TEST_SUITE_P(InOrder, YieldingTest, ::testing::Values(false, true));

TEST_P(YieldingTest, WhatDidNotKnowOfOthersWorkIsARequest) {
  WithdrawWhileQueWrites();
  EXPECT_EQ(State(), NOTE_STATE_UNSPECIFIED);
  EXPECT_THAT(Requests(), ElementsAre("dam over que"));
  EXPECT_THAT(RequestedStates(*office_.Find("n")), ElementsAre("NOTE_STATE_WITHDRAWN"));
  EXPECT_EQ(ConflictCount(*office_.Find("n")), 0u) << "it freezes nothing";
}

TEST_P(YieldingTest, WhatIsNoTextIsWorkAsWell) {
  dam_.Write("k", {Note("n").Moves(NOTE_STATE_WITHDRAWN)});
  que_.Write("k", {Note("n").Measured("vết phanh", "4,2", "m")});
  Meet();
  EXPECT_EQ(State(), NOTE_STATE_UNSPECIFIED);
  EXPECT_THAT(Requests(), ElementsAre("dam over que"));
}

TEST_P(YieldingTest, AStepOfTheSameStateIsADecisionAndNoWork) {
  dam_.Write("k", {Note("n").Moves(NOTE_STATE_WITHDRAWN)});
  que_.Write("k", {Note("n").Moves(NOTE_STATE_SUBMITTED)});
  Meet();
  EXPECT_EQ(State(), NOTE_STATE_SUBMITTED) << "the more cautious";
  EXPECT_THAT(Requests(), IsEmpty());
  EXPECT_EQ(ConflictCount(*office_.Find("n")), 1u);
}

TEST_P(YieldingTest, OnesOwnWorkIsKnown) {
  dam_.Write("k", {Note("n").Says("Tin số 9 không ghi giờ. Xem lại."), Note("m").Says("khác")});
  dam_.Write("k", {Note("n").Moves(NOTE_STATE_WITHDRAWN)});
  Meet();
  EXPECT_EQ(State(), NOTE_STATE_WITHDRAWN);
  EXPECT_THAT(Requests(), IsEmpty());
}

TEST_P(YieldingTest, WhatKnewOfTheWorkStands) {
  que_.Write("k", {Note("n").Says("Tin số 9 không ghi giờ. Đã hỏi lại.")});
  Meet();
  dam_.Write("k", {Note("n").Moves(NOTE_STATE_WITHDRAWN)});
  Meet();
  EXPECT_EQ(State(), NOTE_STATE_WITHDRAWN);
  que_.Write("k", {Note("n").Says("Tin số 9 không ghi giờ. Đã hỏi lại. Rồi.")});
  Meet();
  EXPECT_EQ(State(), NOTE_STATE_WITHDRAWN) << "nor is it asked for when somebody writes who knows";
  EXPECT_THAT(Requests(), IsEmpty());
}

TEST_P(YieldingTest, DoesNotFallSilentWhenEitherWritesAgain) {
  WithdrawWhileQueWrites();
  que_.Write("k", {Note("n").Says("Tin số 9 không ghi giờ. Đã hỏi lại. Có trả lời.")});
  Meet();
  dam_.Write("k", {Note("n").Measured("vết phanh", "4,2", "m")});
  Meet();
  EXPECT_EQ(State(), NOTE_STATE_UNSPECIFIED);
  EXPECT_THAT(Requests(), ElementsAre("dam over que"));
}

TEST_P(YieldingTest, ALeaderAgrees) {
  WithdrawWhileQueWrites();
  lead_.Write("k", {Note("n").Moves(NOTE_STATE_WITHDRAWN)});
  Meet();
  EXPECT_EQ(State(), NOTE_STATE_WITHDRAWN);
  EXPECT_THAT(Requests(), IsEmpty());
}

TEST_P(YieldingTest, ALeaderDoesNot) {
  WithdrawWhileQueWrites();
  lead_.Write("k", {Note("n").Moves(NOTE_STATE_DRAFT)});
  Meet();
  EXPECT_EQ(State(), NOTE_STATE_DRAFT);
  EXPECT_THAT(Requests(), IsEmpty());
}

TEST_P(YieldingTest, NobodyElseDecidesByAskingTwice) {
  WithdrawWhileQueWrites();
  EXPECT_THAT(dam_.TryWrite("k", {Note("n").Moves(NOTE_STATE_WITHDRAWN)}),
              StatusIs(StatusCode::kPermissionDenied, HasSubstr("not for the author's role")));
  EXPECT_THAT(que_.TryWrite("k", {Note("n").Moves(NOTE_STATE_DRAFT)}),
              StatusIs(StatusCode::kPermissionDenied, HasSubstr("not for the author's role")));
  // It goes on as what it is, by whoever knows of the request; then it is before the leader.
  que_.Write("k", {Note("n").Moves(NOTE_STATE_SUBMITTED)});
  Meet();
  EXPECT_EQ(State(), NOTE_STATE_SUBMITTED);
  EXPECT_THAT(Requests(), IsEmpty());
}

TEST_P(YieldingTest, ThatIsRefusedByTheServerAsWell) {
  WithdrawWhileQueWrites();
  dam_.Forge(
      PaperPhone::Draft("k", Note("n").Moves(NOTE_STATE_WITHDRAWN), office_.Find("n")->heads()));
  EXPECT_EQ(office_.Push(dam_).outcomes.back().reason(), v1::REASON_WRITER_MAY_NOT);
  EXPECT_EQ(State(), NOTE_STATE_UNSPECIFIED);
}

TEST_P(YieldingTest, WhoeverAgreesWithoutKnowingOfMoreWorkAsksAsWell) {
  WithdrawWhileQueWrites();
  lead_.Write("k", {Note("n").Moves(NOTE_STATE_WITHDRAWN)});
  que_.Write("k", {Note("n").Says("Tin số 9 không ghi giờ. Đã hỏi lại. Rồi.")});
  Meet();
  EXPECT_EQ(State(), NOTE_STATE_UNSPECIFIED);
  EXPECT_THAT(Requests(), ElementsAre("ngu over que"));
  lead_.Write("k", {Note("n").Moves(NOTE_STATE_WITHDRAWN)});
  Meet();
  EXPECT_EQ(State(), NOTE_STATE_WITHDRAWN);
}

TEST_P(YieldingTest, TheStateThatStandsIsTheOneBefore) {
  dam_.Write("k", {Note("n").Moves(NOTE_STATE_SUBMITTED)});
  Meet();
  lead_.Write("k", {Note("n").Moves(NOTE_STATE_WITHDRAWN)});
  que_.Write("k", {Note("n").Says("Tin số 9 không ghi giờ. Đã hỏi lại.")});
  Meet();
  EXPECT_EQ(State(), NOTE_STATE_SUBMITTED) << "nothing was lost of it";
  EXPECT_THAT(Requests(), ElementsAre("ngu over que"));
}

TEST_P(YieldingTest, SurvivesStoringAndSending) {
  WithdrawWhileQueWrites();
  const std::string bytes = office_.Find("n")->Serialize();
  const auto again = MergedRecord::Parse(*CaseworkSchema(), bytes);
  ASSERT_THAT(again, tests::IsOk());
  EXPECT_EQ(again->Serialize(), bytes);
  EXPECT_EQ(VisibleBytes(*again), VisibleBytes(*office_.Find("n")));
}

// What a server merged before it knew this law: the step stands, whoever reads is told that others
// wrote on, and the law holds from the next edit on that had not seen everything.
TEST_P(YieldingTest, ReadsWhatWasMergedBefore) {
  WithdrawWhileQueWrites();
  v1::Record old;
  office_.Find("n")->ToProto(&old);
  for (v1::FieldState& field : *old.mutable_fields()) {
    if (field.field() != N::kStateFieldNumber) continue;
    v1::Reading* const step = field.add_readings();
    step->set_value(field.requests(0).value());
    step->set_change(field.requests(0).change());
    field.clear_requests();
  }
  const auto record = MergedRecord::Parse(*CaseworkSchema(), old.SerializeAsString());
  ASSERT_THAT(record, tests::IsOk());
  EXPECT_EQ(record->StateInForce(N::kStateFieldNumber), NOTE_STATE_WITHDRAWN);
  EXPECT_THAT(ApartFromState(*record), SizeIs(1));
  EXPECT_EQ(record->Serialize(), old.SerializeAsString());
}

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
