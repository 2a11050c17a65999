// Entries that say what their author had before them: filled in where they are written, checked
// where they are admitted; and deadlines, as records of a whole office have them.
#include "sync/saw.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "casework/v1/deadline.pb.h"
#include "google/protobuf/descriptor.pb.h"
#include "sotay/options/v1/saw.pb.h"
#include "sync/deadline.h"
#include "sync/signing.h"
#include "tests/support/paper_world.h"

namespace sotay::sync {
namespace {

using casework::v1::Deadline;
using casework::v1::DeadlineEvent;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::CaseworkSchema;
using tests::DeviceNamed;
using tests::kProsecutor;
using tests::NewCase;
using tests::PaperOffice;
using tests::PaperPhone;
using tests::RecordNamed;
using tests::Wish;
namespace pb = google::protobuf;

constexpr char kType[] = "casework.v1.Deadline";
constexpr char kRule[] = "a.term";

const TermTable& Table() {
  static const auto* const kTable = new std::shared_ptr<const TermTable>(
      *TermTable::Parse("version t\nterm a.term - - 20d moves\nlabel a.term Một / One\n"
                        "source a.term Đ1\nyear 2026\n",
                        "t.rules"));
  return **kTable;
}

DeadlineEvent Event(casework::v1::DeadlineEventKind kind, int32_t day, const char* length = "") {
  DeadlineEvent event;
  event.set_event_id(absl::StrCat(kind, ".", day));
  event.set_kind(kind);
  event.set_effective_date(day);
  event.set_length(length);
  return event;
}
Wish Appending(const DeadlineEvent& event) {
  return Wish("t", kType).Append(Deadline::kEventsFieldNumber, event.SerializeAsString());
}
const FieldType& Events() {
  return *CaseworkSchema()->Find(kType)->Field(uint32_t{Deadline::kEventsFieldNumber});
}

class SawTest : public ::testing::Test {
 protected:
  SawTest() {
    dam_.Write("k", {NewCase("k")});
    dam_.Write(
        "k",
        {Wish("t", kType)
             .Set(Deadline::kCaseIdFieldNumber, RecordNamed("k").view())
             .Set(Deadline::kRuleIdFieldNumber, kRule)
             .Append(
                 Deadline::kEventsFieldNumber,
                 Event(casework::v1::DEADLINE_EVENT_KIND_START, 20261103).SerializeAsString())});
    office_.Exchange(&dam_);
    office_.Exchange(&que_);
  }
  static Reckoning Of(const MergedRecord& deadline) {
    return Reckon(EventsOf(deadline), kRule, Table());
  }

  PaperOffice office_{CaseworkSchema()};
  PaperPhone dam_ = office_.Enrol("dam", kProsecutor);
  PaperPhone que_ = office_.Enrol("que", kProsecutor);
};

TEST_F(SawTest, WhoeverComposesFillsItIn) {
  DeadlineEvent claims = Event(casework::v1::DEADLINE_EVENT_KIND_EXTEND, 20261110, "10d");
  claims.set_saw("what it likes");
  que_.Write("k", {Appending(claims)});
  const auto events = EventsOf(*que_.Shown("t"));
  ASSERT_THAT(events, SizeIs(2));
  EXPECT_TRUE(Saw(events, 1, 0));
  EXPECT_FALSE(Saw(events, 0, 1));
  EXPECT_TRUE(events[1].saw.Has(dam_.device(), 2));
  EXPECT_TRUE(events[1].saw.Has(que_.device(), 1)) << "her own change";
  EXPECT_FALSE(events[1].saw.Has(que_.device(), 2));
  office_.Exchange(&que_);
  EXPECT_EQ(que_.Outcome(1).verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(Of(*office_.Find("t")).shown.due, (Moment{20261203, kMinutesOfDay}));
}

// Nobody has seen what their change was not made on.
TEST_F(SawTest, WhatClaimsToHaveSeenMoreIsRefused) {
  dam_.Write("k", {Appending(Event(casework::v1::DEADLINE_EVENT_KIND_EXTEND, 20261110, "10d"))});
  office_.Exchange(&dam_);
  // Forged: made on the record as it was before, and says that it saw the extension.
  VersionVector claimed;
  claimed.Add(dam_.device(), 3);
  DeadlineEvent event = Event(casework::v1::DEADLINE_EVENT_KIND_SUSPEND, 20261111);
  event.set_saw(VersionBytes(claimed));
  que_.Forge(PaperPhone::Draft("k", Appending(event), que_.Shown("t")->heads()));
  office_.Exchange(&que_);
  EXPECT_EQ(que_.Outcome(1).verdict(), v1::VERDICT_QUARANTINED);
  EXPECT_EQ(que_.Outcome(1).reason(), v1::REASON_BAD_VALUE);
  EXPECT_THAT(que_.Outcome(1).message(), HasSubstr("saw what it was not made on"));
  // Nor what they had not written yet.
  VersionVector ahead = que_.Shown("t")->seen();
  ahead.Add(que_.device(), 3);
  event.set_saw(VersionBytes(ahead));
  que_.Forge(PaperPhone::Draft("k", Appending(event), que_.Shown("t")->heads()));
  office_.Exchange(&que_);
  EXPECT_EQ(que_.Outcome(2).reason(), v1::REASON_BAD_VALUE);
  event.set_saw("no vector");
  que_.Forge(PaperPhone::Draft("k", Appending(event), que_.Shown("t")->heads()));
  office_.Exchange(&que_);
  EXPECT_EQ(que_.Outcome(3).verdict(), v1::VERDICT_QUARANTINED);
  // To say less is lawful: then it is one more thing to be reviewed.
  event.clear_saw();
  que_.Forge(PaperPhone::Draft("k", Appending(event), que_.Shown("t")->heads()));
  office_.Exchange(&que_);
  EXPECT_EQ(que_.Outcome(4).verdict(), v1::VERDICT_APPLIED);
  EXPECT_TRUE(Of(*office_.Find("t")).to_review());
}

// One report is extended on one phone and suspended on another; in any order, and with everything
// sent twice, everybody comes to the same, until one of them has seen both.
TEST_F(SawTest, EverybodyComesToTheSameEnd) {
  dam_.clock_ms += int64_t{3} * 24 * 60 * 60 * 1000;  // a clock that is wrong decides nothing
  dam_.Write("k", {Appending(Event(casework::v1::DEADLINE_EVENT_KIND_EXTEND, 20261110, "10d"))});
  que_.Write("k", {Appending(Event(casework::v1::DEADLINE_EVENT_KIND_SUSPEND, 20261111))});
  EXPECT_FALSE(Of(*dam_.Shown("t")).to_review()) << "nobody knows yet";
  for (const bool dam_first : {true, false}) {
    PaperOffice office = office_;
    PaperPhone dam = dam_;
    PaperPhone que = que_;
    PaperPhone* const first = dam_first ? &dam : &que;
    PaperPhone* const second = dam_first ? &que : &dam;
    for (PaperPhone* phone : {first, second, first}) {
      office.Push(*phone);
      office.Exchange(phone);
    }
    const Reckoning at_office = Of(*office.Find("t"));
    EXPECT_THAT(at_office.contradictions, SizeIs(1));
    EXPECT_EQ(at_office.shown.due, (Moment{20261123, kMinutesOfDay}));
    EXPECT_EQ(at_office.shown.state, TermState::kRunning);
    for (PaperPhone* phone : {first, second}) {
      const auto shown = phone->Shown("t");
      EXPECT_EQ(Of(*shown).shown, at_office.shown);
      EXPECT_THAT(EventsOf(*shown), SizeIs(3));
    }
    second->Write("k", {Appending(Event(casework::v1::DEADLINE_EVENT_KIND_REVIEW, 0))});
    office.Exchange(second);
    EXPECT_FALSE(Of(*office.Find("t")).to_review());
    EXPECT_EQ(Of(*office.Find("t")).shown.state, TermState::kSuspended);
  }
}

// An entry that was refused, and taken in later: whoever wrote before that had not seen it, and
// whoever writes after it has.
TEST_F(SawTest, WhatWasTakenInIsSeenFromThenOn) {
  PaperPhone ha = office_.Enrol("ha", {});
  DeadlineEvent event = Event(casework::v1::DEADLINE_EVENT_KIND_SUSPEND, 20261111);
  event.set_saw(VersionBytes(que_.Shown("t")->seen()));
  ha.Forge(PaperPhone::Draft("k", Appending(event), que_.Shown("t")->heads()));
  office_.Push(ha);
  ASSERT_THAT(office_.SetAside(), SizeIs(1));
  que_.Write("k", {Appending(Event(casework::v1::DEADLINE_EVENT_KIND_EXTEND, 20261110, "10d"))});
  office_.Exchange(&que_);
  const v1::ChangeOutcome taken = office_.TakeIn(office_.SetAside().front(), "dam");
  ASSERT_EQ(taken.verdict(), v1::VERDICT_APPLIED) << taken.message();
  EXPECT_TRUE(Of(*office_.Find("t")).to_review());
  office_.Exchange(&que_);
  que_.Write("k", {Appending(Event(casework::v1::DEADLINE_EVENT_KIND_RESUME, 20261120))});
  office_.Exchange(&que_);
  EXPECT_EQ(que_.Outcome(2).verdict(), v1::VERDICT_APPLIED) << que_.Outcome(2).message();
  EXPECT_FALSE(Of(*office_.Find("t")).to_review());
}

// What one person entered on one device, and somebody took in after it was refused, stands in the
// order in which it was written, whoever took what in first.
class TakenInTest : public SawTest {
 protected:
  // Three entries of hers, of which the last strikes the second out; `refused`: she had no post
  // when the server got them.  She is told of nothing.
  void Enter(const std::set<size_t>& refused) {
    const DeadlineEvent first = Event(casework::v1::DEADLINE_EVENT_KIND_EXTEND, 20261110, "5d");
    const DeadlineEvent second = Event(casework::v1::DEADLINE_EVENT_KIND_EXTEND, 20261112, "10d");
    DeadlineEvent strike = Event(casework::v1::DEADLINE_EVENT_KIND_STRIKE, 0);
    strike.set_corrects(second.event_id());
    size_t number = 0;
    for (const DeadlineEvent& event : {first, second, strike}) {
      office_.Enrol("que", refused.count(number++) != 0 ? std::set<Role>() : kProsecutor);
      que_.Write("k", {Appending(event)});
      office_.Push(que_);
    }
    ASSERT_THAT(office_.SetAside(), SizeIs(refused.size()));
  }
  void ExpectTakenInInAnyOrder() {
    const std::vector<v1::QuarantinedChange> refused = office_.SetAside();
    std::vector<size_t> order(refused.size());
    std::iota(order.begin(), order.end(), 0);
    do {
      PaperOffice office = office_;
      for (const size_t number : order) {
        const v1::ChangeOutcome taken = office.TakeIn(refused[number], "dam");
        ASSERT_EQ(taken.verdict(), v1::VERDICT_APPLIED) << taken.message();
      }
      const auto deadline = office.Find("t");
      ASSERT_THAT(EventsOf(*deadline), SizeIs(4));
      const Reckoning reckoning = Of(*deadline);
      EXPECT_THAT(reckoning.contradictions, IsEmpty());
      EXPECT_EQ(reckoning.shown.extensions, 1);
      EXPECT_EQ(reckoning.shown.due, (Moment{20261130, kMinutesOfDay})) << "28/11 is a Saturday";
    } while (std::next_permutation(order.begin(), order.end()));
  }
};

TEST_F(TakenInTest, TwoEntriesAndAStrike) {
  Enter({0, 1, 2});
  ExpectTakenInInAnyOrder();
}

TEST_F(TakenInTest, OneOfTheEntriesWasApplied) {
  Enter({0, 2});
  ExpectTakenInInAnyOrder();
}

TEST_F(TakenInTest, TheStrikeWasApplied) {
  Enter({1});
  ExpectTakenInInAnyOrder();
}

// The built-in deadline under another name, with its declaration changed.
absl::Status Declared(
    const std::function<void(pb::DescriptorProto* entry, pb::DescriptorProto*)>& change) {
  pb::FileDescriptorProto file;
  Deadline::descriptor()->file()->CopyTo(&file);
  file.set_name("office/v1/frist.proto");
  file.set_package("office.v1");
  pb::DescriptorProto& entry = *file.mutable_message_type(0);
  pb::DescriptorProto& message = *file.mutable_message_type(1);
  for (pb::DescriptorProto* const one : {&entry, &message}) {
    for (pb::FieldDescriptorProto& field : *one->mutable_field()) {
      if (field.name() == "kind") field.set_type_name(".office.v1.DeadlineEventKind");
      if (field.name() == "events") field.set_type_name(".office.v1.DeadlineEvent");
    }
  }
  message.mutable_options()->MutableExtension(options::v1::record)->set_short_name("frist");
  change(&entry, &message);
  pb::FileDescriptorSet set;
  *set.add_file() = file;
  const auto schema = Schema::Build({Deadline::descriptor()->file()}, {set});
  if (!schema.ok()) return schema.status();
  EXPECT_EQ((*schema)->Find("frist")->Field("events")->saw,
            uint32_t{DeadlineEvent::kSawFieldNumber});
  return absl::OkStatus();
}

TEST(SawDeclared, IsOneFieldOfBytesOfALogsEntries) {
  EXPECT_TRUE(Declared([](auto*, auto*) {}).ok());
  const auto bad = [](const absl::Status& status) {
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(status.message(), HasSubstr("expected one bytes field of an entry of RULE_LOG"));
  };
  // Of a set; another one; of text.
  bad(Declared([](auto*, auto* message) {
    message->mutable_field(4)
        ->mutable_options()
        ->MutableExtension(options::v1::field)
        ->set_rule(options::v1::RULE_SET);
  }));
  bad(Declared([](auto* entry, auto*) {
    entry->mutable_field(0)->mutable_options()->SetExtension(options::v1::saw, true);
  }));
  bad(Declared([](auto* entry, auto*) {
    entry->mutable_field(11)->set_type(pb::FieldDescriptorProto::TYPE_STRING);
  }));
}

TEST(Saw, LeavesAloneWhatIsNoEntry) {
  VersionVector seen;
  seen.Add(DeviceNamed("a"), 7);
  v1::FieldOp op;
  op.set_append("\x2a\x05lost");
  SayWhatItSaw(Events(), seen, &op);
  EXPECT_EQ(op.append(), "\x2a\x05lost");
  const std::string empty("\x2a\x00", 2);
  op.set_append(empty);
  SayWhatItSaw(Events(), seen, &op);
  EXPECT_EQ(*SawIn(Events(), op.append()), seen);
  SayWhatItSaw(Events(), VersionVector(), &op);
  EXPECT_EQ(op.append(), empty);
}

}  // namespace
}  // namespace sotay::sync
