// The secrecy gate: no order of edits brings content into a stub.
#include "sync/secrecy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/unknown_field_set.h"
#include "sotay/options/v1/secrecy.pb.h"
#include "tests/support/paper_world.h"
#include "tests/support/status_matchers.h"

namespace sotay::sync {
namespace {

using casework::v1::SECRECY_ANSWER_NO;
using casework::v1::SECRECY_ANSWER_YES;
using ::testing::HasSubstr;
using tests::Case;
using tests::CaseworkSchema;
using tests::kProsecutor;
using tests::NewCase;
using tests::Note;
using tests::PaperOffice;
using tests::PaperPhone;
using tests::RecordNamed;
using tests::StatusIs;
using tests::Wish;
using C = casework::v1::Case;
using N = casework::v1::Note;
namespace pb = google::protobuf;

Wish Stub(absl::string_view name) {
  return Case(name)
      .SetNumber(C::kNationalSecurityFieldNumber, SECRECY_ANSWER_YES)
      .Set(C::kAliasFieldNumber, "Hồ sơ S-07");
}

class SecrecyTest : public ::testing::Test {
 protected:
  // What the office says of a change nobody's phone would have made.
  v1::ChangeOutcome Forced(PaperPhone* phone, v1::Change change) {
    phone->Forge(std::move(change));
    return office_.Push(*phone).outcomes.back();
  }
  void ExpectClassified(PaperPhone* phone, absl::string_view dossier, const Wish& wish) {
    const auto record = office_.Find(std::string(wish.wish().id.view()));
    const v1::ChangeOutcome refused = Forced(
        phone, PaperPhone::Draft(dossier, wish,
                                 record.has_value() ? record->heads() : std::vector<ChangeId>()));
    EXPECT_EQ(refused.verdict(), v1::VERDICT_QUARANTINED);
    EXPECT_EQ(refused.reason(), v1::REASON_CLASSIFIED) << refused.message();
  }

  PaperOffice office_{CaseworkSchema()};
  PaperPhone phone_ = office_.Enrol("dam", kProsecutor);
  PaperPhone other_ = office_.Enrol("que", kProsecutor);
};

TEST_F(SecrecyTest, AStubNeedsAnAliasAndNothingElse) {
  EXPECT_THAT(phone_.TryWrite(
                  "k", {Case("k").SetNumber(C::kPublicAttentionFieldNumber, SECRECY_ANSWER_YES)}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("alias is required")));
  phone_.Write("k", {Stub("k").Set(C::kHolderFieldNumber, "Lãnh đạo Viện")});
  EXPECT_EQ(office_.Push(phone_).outcomes.back().verdict(), v1::VERDICT_APPLIED);
  const auto stub = office_.Find("k");
  ASSERT_TRUE(stub.has_value());
  EXPECT_TRUE(IsStub(*stub));
  EXPECT_EQ(TitleFieldOf(*stub)->name, "alias");
  // What it may have may be told later, and told anew.
  office_.Exchange(&phone_);
  phone_.Write("k", {Case("k")
                         .Set(C::kPaperFileFieldNumber, "Tủ 3, số 12")
                         .SetNumber(C::kSeriousCorruptionFieldNumber, SECRECY_ANSWER_NO)});
  phone_.Write("k", {Case("k").SetNumber(C::kPublicAttentionFieldNumber, SECRECY_ANSWER_YES)});
  EXPECT_EQ(office_.Push(phone_).outcomes.back().verdict(), v1::VERDICT_APPLIED);
}

TEST_F(SecrecyTest, NoMakesNoStubNorDoesNoAnswer) {
  phone_.Write("k", {NewCase("k").SetNumber(C::kNationalSecurityFieldNumber, SECRECY_ANSWER_NO),
                     Note("n").Says("dài 4,2 m")});
  phone_.Write("l", {NewCase("l")});
  for (const v1::ChangeOutcome& outcome : office_.Push(phone_).outcomes) {
    EXPECT_EQ(outcome.verdict(), v1::VERDICT_APPLIED);
  }
  EXPECT_FALSE(IsStub(*office_.Find("k")));
  EXPECT_EQ(TitleFieldOf(*office_.Find("k"))->name, "title");
}

TEST_F(SecrecyTest, ThePhoneRefusesContentBeforeItIsStored) {
  const auto refused = [](const absl::StatusOr<Composed>& tried) {
    return tried.status().code() == absl::StatusCode::kFailedPrecondition;
  };
  EXPECT_TRUE(refused(phone_.TryWrite("k", {Stub("k").Set(C::kTitleFieldNumber, "Vụ X")})));
  EXPECT_TRUE(refused(phone_.TryWrite("k", {Stub("k"), Note("n").Says("một")})));
  EXPECT_TRUE(refused(phone_.TryWrite("k", {Note("n").Says("một"), Stub("k")})));
  EXPECT_EQ(phone_.progress().last_sequence(), 0u);
  phone_.Write("k", {Stub("k")});
  EXPECT_TRUE(refused(phone_.TryWrite("k", {Case("k").Text(C::kSummaryFieldNumber, "một")})));
  EXPECT_TRUE(refused(phone_.TryWrite("k", {Note("n").Says("một")})));
  EXPECT_EQ(phone_.progress().last_sequence(), 1u);
}

TEST_F(SecrecyTest, TheOfficeRefusesWhatAPhoneDidNotAsk) {
  ExpectClassified(&phone_, "k", Stub("k").Set(C::kTitleFieldNumber, "Vụ X"));
  EXPECT_FALSE(office_.Find("k").has_value());
  phone_.Write("l", {Stub("l")});
  office_.Push(phone_);
  ExpectClassified(&phone_, "l", Case("l").Set(C::kTitleFieldNumber, "Vụ X"));
  ExpectClassified(&phone_, "l", Case("l").Set(999, "Vụ X"));
  ExpectClassified(&phone_, "l", Note("n").SetNumber(N::kKindFieldNumber, 1));
  ExpectClassified(&other_, "l", Note("m").SetNumber(N::kKindFieldNumber, 1));
  v1::Change reasoned = PaperPhone::Draft("l", Case("l").Set(C::kHolderFieldNumber, "Ngự"),
                                          office_.Find("l")->heads());
  reasoned.set_reason("Bị can khai rằng…");
  EXPECT_EQ(Forced(&other_, reasoned).reason(), v1::REASON_CLASSIFIED);
  reasoned.clear_reason();
  // What only another build can read.
  v1::Change odd = reasoned;
  odd.GetReflection()->MutableUnknownFields(&odd)->AddLengthDelimited(999, "Bị can khai rằng…");
  EXPECT_EQ(Forced(&other_, odd).reason(), v1::REASON_CLASSIFIED);
  odd = reasoned;
  v1::RecordEdit* const edit = odd.mutable_edits(0);
  edit->GetReflection()->MutableUnknownFields(edit)->AddLengthDelimited(999, "Bị can khai rằng…");
  EXPECT_EQ(Forced(&other_, odd).reason(), v1::REASON_CLASSIFIED);
  EXPECT_EQ(Forced(&other_, reasoned).verdict(), v1::VERDICT_APPLIED);
}

TEST_F(SecrecyTest, WhatIsOpenAlreadyIsSealedByAHead) {
  phone_.Write("k", {NewCase("k")});
  office_.Exchange(&phone_);
  office_.Exchange(&other_);
  const auto tried = other_.TryWrite(
      "k", {Case("k").SetNumber(C::kNationalSecurityFieldNumber, SECRECY_ANSWER_YES)});
  EXPECT_THAT(tried, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("a head seals it")));
  ExpectClassified(&other_, "k",
                   Case("k").SetNumber(C::kNationalSecurityFieldNumber, SECRECY_ANSWER_YES));
  EXPECT_FALSE(IsStub(*office_.Find("k")));
  // As if it were born a second time.
  ExpectClassified(&other_, "k", Stub("k"));
  // Nor does a yes hide in somebody else's dossier.
  ExpectClassified(&other_, "k", Stub("s"));
}

TEST_F(SecrecyTest, WhatCameBeforeItsStubIsRefusedWhenThatComes) {
  other_.Forge(PaperPhone::Draft("k", Note("n").SetNumber(N::kKindFieldNumber, 1), {}));
  EXPECT_EQ(office_.Push(other_).outcomes.back().verdict(), v1::VERDICT_HELD);
  phone_.Write("k", {Stub("k")});
  office_.Push(phone_);
  EXPECT_FALSE(office_.Find("n").has_value());
  ASSERT_EQ(office_.SetAside().size(), 1u);
  EXPECT_EQ(office_.SetAside()[0].reason(), v1::REASON_CLASSIFIED);
}

TEST_F(SecrecyTest, AStubsAliasIsNeverEmpty) {
  const auto refused = StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("alias"));
  const Wish blank = Case("k")
                         .SetNumber(C::kNationalSecurityFieldNumber, SECRECY_ANSWER_YES)
                         .Set(C::kAliasFieldNumber, " ");
  EXPECT_THAT(phone_.TryWrite("k", {blank}), refused);
  ExpectClassified(&phone_, "k", blank);
  phone_.Write("l", {Stub("l")});
  office_.Push(phone_);
  EXPECT_THAT(phone_.TryWrite("l", {Case("l").Set(C::kAliasFieldNumber, "")}), refused);
  ExpectClassified(&phone_, "l", Case("l").Set(C::kAliasFieldNumber, ""));
}

// Kept for another reason it would be content all the same, for whoever looks at what was refused.
TEST_F(SecrecyTest, OfAStubNothingThatIsRefusedIsKept) {
  const std::string story(2'000, 'x');
  ExpectClassified(&phone_, "k", Stub("k").Set(C::kHolderFieldNumber, story));
  ExpectClassified(&phone_, "k",
                   Case("k").SetNumber(C::kNationalSecurityFieldNumber, SECRECY_ANSWER_YES));
  phone_.Write("l", {Stub("l")});
  office_.Push(phone_);
  ExpectClassified(&phone_, "l", Case("l").Set(C::kAliasFieldNumber, story));
  // What is no stub is kept as before.
  phone_.Write("m", {NewCase("m")});
  office_.Push(phone_);
  const auto m = office_.Find("m");
  const v1::ChangeOutcome kept = Forced(
      &phone_, PaperPhone::Draft("m", Case("m").Set(C::kAliasFieldNumber, story), m->heads()));
  EXPECT_EQ(kept.reason(), v1::REASON_BAD_VALUE) << kept.message();
}

// Whoever has lost the right, and whoever holds a lost phone, is answered alike: of what they send
// nothing is kept to be decided.
TEST_F(SecrecyTest, NobodysContentIsKeptForAStub) {
  phone_.Write("k", {Stub("k")});
  office_.Push(phone_);
  PaperPhone stranger = office_.Enrol("khoa", tests::kAdministrator);
  ExpectClassified(&stranger, "k", Note("n").SetNumber(N::kKindFieldNumber, 1));
}

// A law: whatever is tried, in whatever order it comes, a stub has nothing but what it may have,
// and its dossier no other record.
TEST(SecrecyLaw, NoOrderOfEditsBringsContentIntoAStub) {
  size_t stubs = 0;
  size_t cases = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    std::mt19937_64 random(seed);
    const auto chance = [&](uint64_t n) { return random() % n; };
    PaperOffice office(CaseworkSchema());
    std::vector<PaperPhone> phones;
    phones.push_back(office.Enrol("dam", kProsecutor));
    phones.push_back(office.Enrol("que", kProsecutor));
    const auto wish_of = [&](bool note) {
      if (note) return Note("n").SetNumber(N::kKindFieldNumber, 1 + chance(3));
      Wish wish = Case("k");
      if (chance(2) == 0) {
        wish.SetNumber(C::kKindFieldNumber, 2).Set(C::kTitleFieldNumber, "Vụ X");
      }
      if (chance(2) == 0) wish.Set(C::kAliasFieldNumber, "S-07");
      for (uint32_t question = C::kNationalSecurityFieldNumber;
           question <= C::kPublicAttentionFieldNumber; ++question) {
        if (chance(3) == 0) wish.SetNumber(question, 1 + chance(2));
      }
      return wish;
    };
    for (int step = 0; step < 12; ++step) {
      PaperPhone& phone = phones[chance(2)];
      const bool note = chance(3) == 0;
      if (chance(2) == 0) {
        // An honest phone refuses what it knows of.
        std::vector<RecordWish> wishes = {wish_of(note)};
        if (chance(3) == 0) wishes.push_back(wish_of(!note));
        phone.TryWrite("k", wishes).status().IgnoreError();
      } else {
        const auto record = office.Find(note ? "n" : "k");
        const bool knows = record.has_value() && chance(4) != 0;
        phone.Forge(PaperPhone::Draft("k", wish_of(note),
                                      knows ? record->heads() : std::vector<ChangeId>()));
      }
      if (chance(2) == 0) office.Push(phone);
      const auto root = office.Find("k");
      if (!root.has_value() || !IsStub(*root)) continue;
      EXPECT_FALSE(office.Find("n").has_value()) << "seed " << seed;
      for (const auto& [path, slot] : root->fields()) {
        if (root->type()->fields.at(path.first).rule == options::v1::RULE_SERVER) continue;
        EXPECT_TRUE(root->type()->secrecy->MayStubHave(path.first)) << "seed " << seed;
      }
    }
    const auto root = office.Find("k");
    cases += root.has_value() && !IsStub(*root) ? 1 : 0;
    stubs += root.has_value() && IsStub(*root) ? 1 : 0;
  }
  EXPECT_GT(stubs, 20u);
  EXPECT_GT(cases, 20u);
}

// --- declarations
// ---------------------------------------------------------------------------------

// The built-in case under another name, with its gate changed.
absl::Status Declared(const std::function<void(options::v1::Secrecy*)>& change) {
  pb::FileDescriptorSet set;
  pb::FileDescriptorProto* file = set.add_file();
  C::descriptor()->file()->CopyTo(file);
  file->set_name("other/v1/case.proto");
  file->set_package("other.v1");
  pb::DescriptorProto& type = *file->mutable_message_type(0);
  for (pb::FieldDescriptorProto& field : *type.mutable_field()) {
    for (const pb::EnumDescriptorProto& one : file->enum_type()) {
      if (field.type_name() == ".casework.v1." + one.name()) {
        field.set_type_name(".other.v1." + one.name());
      }
    }
  }
  type.mutable_options()->MutableExtension(options::v1::record)->set_short_name("other");
  change(type.mutable_options()->MutableExtension(options::v1::secrecy));
  return Schema::Build({C::descriptor()->file()}, {set}).status();
}

TEST(SecrecyDeclared, IsReadFromADescriptorFile) {
  EXPECT_THAT(Declared([](options::v1::Secrecy*) {}), tests::IsOk());
}

TEST(SecrecyDeclared, IsRefusedWhenItCannotHold) {
  const auto refused = [](const char* why) {
    return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(why));
  };
  using S = options::v1::Secrecy;
  EXPECT_THAT(Declared([](S* s) { s->clear_questions(); }), refused("it asks no question"));
  EXPECT_THAT(Declared([](S* s) { s->add_questions("severity"); }),
              refused("severity is no ONCE enum"));
  EXPECT_THAT(Declared([](S* s) { s->set_yes("SECRECY_ANSWER_MAYBE"); }),
              refused("cannot be answered SECRECY_ANSWER_MAYBE and SECRECY_ANSWER_NO"));
  EXPECT_THAT(Declared([](S* s) { s->set_no("SECRECY_ANSWER_UNSPECIFIED"); }),
              refused("cannot be answered"));
  EXPECT_THAT(Declared([](S* s) { s->add_stub_fields("summary"); }),
              refused("summary, which is no string of REGISTER"));
  EXPECT_THAT(Declared([](S* s) { s->add_stub_fields("title"); }),
              refused("title, which may be longer than 200 bytes"));
  EXPECT_THAT(Declared([](S* s) { s->set_alias("title"); }),
              refused("the alias title is no field a stub may have"));
}

}  // namespace
}  // namespace sotay::sync
