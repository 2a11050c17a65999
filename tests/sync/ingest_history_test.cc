// Ingest: edits made on what the record was, beside what others made of it since.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sync/apart.h"
#include "sync/ingest.h"
#include "sync/text.h"
#include "sync/view.h"
#include "tests/support/paper_world.h"

namespace sotay::sync {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using tests::CaseworkSchema;
using tests::kProsecutor;
using tests::kSupervisor;
using tests::NewCase;
using tests::Note;
using tests::PaperOffice;
using tests::PaperPhone;
using tests::RecordNamed;
using N = casework::v1::Note;

class IngestHistory : public ::testing::Test {
 protected:
  void SetUp() override {
    a_.Write("k", {NewCase("k"), Note("n").Says("phanh dài 4,2 m"), Note("m").Says("khác")});
    office_.Exchange(&a_);
    office_.Exchange(&b_);
  }
  std::vector<std::string> Readings(uint32_t field) {
    const MergedRecord note = *office_.Find("n");
    std::vector<std::string> readings;
    for (const StandingReading& reading : note.Slot(field)->readings) {
      readings.push_back(reading.value);
    }
    return readings;
  }

  PaperOffice office_{CaseworkSchema()};
  PaperPhone a_ = office_.Enrol("nguyet", kProsecutor);
  PaperPhone b_ = office_.Enrol("que", kProsecutor);
};

TEST_F(IngestHistory, AsksForNoneWhenNothingHappenedMeanwhile) {
  for (int i = 0; i < 3; ++i) {
    a_.Write("k", {Note("n").Says("lần " + std::to_string(i))});
    office_.Push(a_);
    EXPECT_EQ(office_.rounds, 1);
  }
}

TEST_F(IngestHistory, AsksOnceForTheHistoryOfEachRecordThatMovedOn) {
  a_.Write("k", {Note("n").SetNumber(N::kKindFieldNumber, 1)});
  a_.Write("k", {Note("m").SetNumber(N::kKindFieldNumber, 1)});
  office_.Push(a_);
  b_.Write("k", {Note("n").SetNumber(N::kKindFieldNumber, 2)});
  b_.Write("k", {Note("m").SetNumber(N::kKindFieldNumber, 2)});
  b_.Write("k", {Note("n").SetNumber(N::kKindFieldNumber, 3)});
  IngestInput input = office_.Load({office_.PushOf(b_)});
  EXPECT_THAT(Ingest(input).histories_needed,
              UnorderedElementsAre(RecordNamed("n"), RecordNamed("m")));
  office_.Push(b_);
  EXPECT_EQ(office_.rounds, 2);
}

TEST_F(IngestHistory, AsksAtOnceForAllThatOneChangeNeeds) {
  a_.Write("k", {Note("n").SetNumber(N::kKindFieldNumber, 1), Note("m").SetNumber(3, 1)});
  office_.Push(a_);
  b_.Write("k", {Note("n").SetNumber(N::kKindFieldNumber, 2), Note("m").SetNumber(3, 2)});
  const IngestInput input = office_.Load({office_.PushOf(b_)});
  EXPECT_THAT(Ingest(input).histories_needed,
              UnorderedElementsAre(RecordNamed("n"), RecordNamed("m")));
}

// Two devices, concurrent edits of every rule a note has; whoever comes second needs the
// history.  Both orders must end in the same standing values.
TEST_F(IngestHistory, ComesToTheSameRecordWhoeverComesFirst) {
  const auto write = [](PaperPhone* a, PaperPhone* b) {
    a->Write("k", {Note("n")
                       .Says("phanh dài 4,2 m, đo lại")
                       .SetNumber(N::kKindFieldNumber, 1)
                       .Measured("vết phanh", "4,2", "m")
                       .Add(N::kNextStepsFieldNumber, "đo lại")
                       .Moves(casework::v1::NOTE_STATE_SUBMITTED)});
    b->clock_ms += 500;
    b->Write("k", {Note("n")
                       .Says("vết phanh dài 4,2 m")
                       .SetNumber(N::kKindFieldNumber, 2)
                       .Measured("vết phanh", "4,3", "m")
                       .Add(N::kNextStepsFieldNumber, "chụp ảnh")
                       .Moves(casework::v1::NOTE_STATE_WITHDRAWN)});
  };
  PaperOffice office2 = office_;
  PaperPhone a2 = a_;
  PaperPhone b2 = b_;
  write(&a_, &b_);
  write(&a2, &b2);
  office_.Push(a_);
  EXPECT_EQ(office_.rounds, 1);
  office_.Push(b_);
  EXPECT_EQ(office_.rounds, 2);
  office2.Push(b2);
  office2.Push(a2);
  EXPECT_EQ(office_.Find("n")->Serialize(), office2.Find("n")->Serialize());
  EXPECT_EQ(ConflictCount(*office_.Find("n")), 2u) << "kind and measurement";
  EXPECT_THAT(RequestedStates(*office_.Find("n")), ElementsAre("NOTE_STATE_WITHDRAWN"))
      << "who withdrew it did not know that it was written on";
  EXPECT_EQ(office_.Find("n")->ShownText(N::kBodyFieldNumber), "vết phanh dài 4,2 m, đo lại");
}

// A phone an hour ahead types, hears of somebody's typing a minute later while its own is still on
// its way, and types on.  By the phone's stamps its own words are the newer, by the server's they
// are not; both must take what was typed on for an edit of the same text.
TEST_F(IngestHistory, TakesATextEditForOneOfTheReadingItsAuthorSaw) {
  constexpr int64_t kHour = 60 * 60 * 1000;
  b_.Write("k", {Note("n").Says("gốc")});
  office_.Exchange(&b_);
  office_.Exchange(&a_);
  a_.clock_ms += kHour;
  a_.Write("k", {Note("n").Says("đo 4,2 m")});
  office_.now_ms += 60'000;
  b_.clock_ms += 60'000;
  b_.Write("k", {Note("n").Says("sai cả")});
  office_.Exchange(&b_);
  v1::SyncResponse response;  // the answer to an exchange that began before a_ typed
  response.set_accepted_through(a_.progress().accepted_through());
  response.add_cursors()->set_unit_id(tests::kUnit);
  v1::FeedRecord fed;
  fed.set_record(office_.Find("n")->Serialize());
  ASSERT_TRUE(a_.Absorb(response, {fed}).ok());
  const MergedRecord shown = *a_.Shown("n");
  ASSERT_EQ(ConflictCount(shown), 1u);
  const std::string typed_on = std::string(shown.ShownText(N::kBodyFieldNumber)) + ", chụp ảnh";
  a_.Write("k", {Note("n").Says(typed_on)});
  office_.skew_ms = kHour;
  const PushOutcome outcome = office_.Push(a_);
  ASSERT_EQ(outcome.outcomes.size(), 2u);
  for (const v1::ChangeOutcome& one : outcome.outcomes) {
    EXPECT_EQ(one.verdict(), v1::VERDICT_APPLIED) << one.message();
  }
  const MergedRecord merged = *office_.Find("n");
  EXPECT_EQ(merged.ShownText(N::kBodyFieldNumber), typed_on);
  EXPECT_EQ(ConflictCount(merged), 1u) << "it was typed beside, and settles nothing";
}

// With the history at hand, an edit of the current heads still gives what it gives without.
TEST_F(IngestHistory, GivesTheSameAnswerWithTheHistoryAsWithout) {
  a_.Write("k", {Note("n").Says("phanh dài 4,25 m")});
  IngestInput input = office_.Load({office_.PushOf(a_)});
  const IngestOutcome without = Ingest(input);
  input.histories.emplace(RecordNamed("n"), office_.HistoryOf(RecordNamed("n"), input));
  const IngestOutcome with = Ingest(input);
  EXPECT_EQ(without.records.Find(RecordNamed("n"))->record().Serialize(),
            with.records.Find(RecordNamed("n"))->record().Serialize());
  EXPECT_EQ(without.pushes[0].device.SerializeAsString(),
            with.pushes[0].device.SerializeAsString());
  EXPECT_EQ(without.entries[0].admission.SerializeAsString(),
            with.entries[0].admission.SerializeAsString());
}

TEST_F(IngestHistory, KeepsBothReadingsOfOneRegisterUntilSomebodyPicks) {
  a_.Write("k", {Note("n").SetNumber(N::kKindFieldNumber, casework::v1::NOTE_KIND_SCENE)});
  b_.Write("k", {Note("n").SetNumber(N::kKindFieldNumber, casework::v1::NOTE_KIND_FILE)});
  office_.Exchange(&a_);
  office_.Exchange(&b_);
  EXPECT_EQ(Readings(N::kKindFieldNumber).size(), 2u);
  office_.Exchange(&a_);
  for (const PaperPhone* phone : {&a_, &b_}) {
    const auto conflicts = Conflicts(*phone->Shown("n"));
    ASSERT_EQ(conflicts.size(), 1u);
    EXPECT_EQ(conflicts[0].type->name, "kind");
  }
  // One pick, made with knowledge of both.
  a_.Write("k", {Note("n").SetNumber(N::kKindFieldNumber, casework::v1::NOTE_KIND_SCENE)});
  office_.Exchange(&a_);
  office_.Exchange(&b_);
  EXPECT_EQ(Readings(N::kKindFieldNumber).size(), 1u);
  EXPECT_EQ(ConflictCount(*b_.Shown("n")), 0u);
}

TEST_F(IngestHistory, NeverMixesTheWordsOfTwoAuthors) {
  a_.Write("k", {Note("n").Says("phanh dài 4,3 m")});
  b_.Write("k", {Note("n").Says("phanh dài 4,5 m")});
  office_.Push(a_);
  office_.Push(b_);
  const MergedRecord merged = *office_.Find("n");
  EXPECT_EQ(merged.ShownText(N::kBodyFieldNumber), "phanh dài \uFFFC m");
  const std::vector<Conflict> conflicts = Conflicts(merged);
  ASSERT_EQ(conflicts.size(), 1u);
  std::vector<std::string> readings;
  for (const StandingReading& reading : conflicts[0].readings) {
    readings.push_back(reading.value.substr(2));
  }
  EXPECT_THAT(readings, UnorderedElementsAre("4,3", "4,5"));
}

// A phone was away for a month; the note went on without it.
TEST_F(IngestHistory, TakesWhatWasTypedFiveHundredEditsAgo) {
  b_.Write("k", {Note("n").Says("Mở đầu. phanh dài 4,2 m")});
  std::string body = "phanh dài 4,2 m";
  for (int i = 0; i < 500; ++i) {
    body += i % 10 == 0 ? ". Dòng " + std::to_string(i) : " x";
    a_.Write("k", {Note("n").Says(body)});
    if (i % 50 == 0) office_.Exchange(&a_);
  }
  office_.Exchange(&a_);
  office_.Exchange(&b_);
  ASSERT_TRUE(office_.SetAside().empty()) << office_.SetAside().front().message();
  EXPECT_EQ(office_.Find("n")->ShownText(N::kBodyFieldNumber), "Mở đầu. " + body);
  EXPECT_EQ(ConflictCount(*office_.Find("n")), 0u);
  office_.Exchange(&a_);
  EXPECT_EQ(a_.Shown("n")->Serialize(), office_.Find("n")->Serialize());
  EXPECT_EQ(b_.Shown("n")->Serialize(), office_.Find("n")->Serialize());
}

TEST_F(IngestHistory, DecidesOnTheVersionTheAuthorHadNotOnTheNewestOne) {
  PaperPhone leader = office_.Enrol("ngu", kSupervisor);
  a_.Write("k", {Note("n").Moves(casework::v1::NOTE_STATE_SUBMITTED)});
  office_.Exchange(&a_);
  office_.Exchange(&b_);
  office_.Exchange(&leader);
  // The leader signs; a second leader, away, returns it: lawful on what each had before them.
  PaperPhone deputy = office_.Enrol("duoc", kSupervisor);
  office_.Exchange(&deputy);
  leader.Write("k", {Note("n").Moves(casework::v1::NOTE_STATE_SIGNED)});
  deputy.Write("k", {Note("n").Moves(casework::v1::NOTE_STATE_RETURNED)});
  EXPECT_EQ(office_.Push(leader).outcomes[0].verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(office_.Push(deputy).outcomes[0].verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(office_.Find("n")->StateInForce(N::kStateFieldNumber),
            casework::v1::NOTE_STATE_RETURNED)
      << "of equal authority the more cautious";
  EXPECT_EQ(ConflictCount(*office_.Find("n")), 1u);
}

TEST_F(IngestHistory, TakesAnEditOnPartOfTheHeads) {
  b_.Write("k", {Note("n").Add(6, "b")});
  const std::vector<ChangeId> before = office_.Find("n")->heads();
  a_.Write("k", {Note("n").Add(6, "a")});
  office_.Push(a_);
  office_.Push(b_);
  ASSERT_EQ(office_.Find("n")->heads().size(), 2u);
  PaperPhone c = office_.Enrol("phong", kProsecutor);
  c.Forge(PaperPhone::Draft("k", Note("n").Add(6, "c"), {a_.Written(2)[0].id}));
  EXPECT_EQ(office_.Push(c).outcomes[0].verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(office_.Find("n")->heads().size(), 2u) << "b's, and c's in place of a's";
}

TEST_F(IngestHistory, NamingAParentTwiceIsNamingItOnce) {
  const ChangeId head = office_.Find("n")->heads().front();
  a_.Forge(PaperPhone::Draft("k", Note("n").Add(6, "a"), {head, head}));
  EXPECT_EQ(office_.Push(a_).outcomes[0].verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(office_.Find("n")->heads().size(), 1u);
}

// --- law M9 ---------------------------------------------------------------------------------

TEST_F(IngestHistory, ShowsOnEachPhoneWhatTheServerMerged) {
  PaperPhone c = office_.Enrol("phong", kProsecutor);
  office_.Exchange(&c);
  std::vector<PaperPhone*> phones = {&a_, &b_, &c};
  for (int round = 0; round < 12; ++round) {
    for (size_t i = 0; i < phones.size(); ++i) {
      PaperPhone& phone = *phones[i];
      const std::string mark = std::to_string(round) + std::string(1, static_cast<char>('a' + i));
      const std::string body(phone.Shown("n")->ShownText(N::kBodyFieldNumber));
      phone.Write("k", {Note("n").Says(body + " " + mark).Add(6, mark)});
      phone.Write("k", {Note("n").SetNumber(3, static_cast<uint64_t>(round % 7)).Remove(6, mark)});
      if ((static_cast<size_t>(round) + i) % 3 == 0) office_.Exchange(&phone);
    }
  }
  for (int twice = 0; twice < 2; ++twice) {
    for (PaperPhone* phone : phones) office_.Exchange(phone);
  }
  ASSERT_THAT(office_.SetAside(), IsEmpty());
  for (const PaperPhone* phone : phones) {
    EXPECT_EQ(phone->Shown("n")->Serialize(), office_.Find("n")->Serialize());
    EXPECT_EQ(VisibleBytes(*phone->Shown("n")), VisibleBytes(*office_.Find("n")));
  }
  // And the record is what its log says, from the beginning.
  History history = office_.HistoryOf(RecordNamed("n"), office_.Load({}));
  EXPECT_EQ(history.At(office_.Find("n")->seen()).Serialize(), office_.Find("n")->Serialize());
}

}  // namespace
}  // namespace sotay::sync
