#include "sync/absorb.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "sotay/v1/record.pb.h"
#include "sync/stamp.h"
#include "tests/support/paper_world.h"
#include "tests/support/status_matchers.h"

namespace sotay::sync {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using tests::CaseworkSchema;
using tests::DeviceNamed;
using tests::IsOk;
using tests::kProsecutor;
using tests::NewCase;
using tests::Note;
using tests::PaperOffice;
using tests::PaperPhone;
using tests::RecordNamed;
using tests::StatusIs;
using N = casework::v1::Note;

constexpr int64_t kNow = tests::kMorning;

class AbsorbTest : public ::testing::Test {
 protected:
  void SetUp() override {
    input_.schema = schema_.get();
    input_.progress.set_last_sequence(5);
    input_.progress.set_accepted_through(2);
    input_.progress.set_head("the newest change");
    input_.progress.set_stamp(StampAt(kNow - 1000));
    input_.device_now_ms = kNow;
    input_.response.set_accepted_through(4);
    input_.response.set_server_now_ms(kNow - 700);
    input_.response.add_cursors()->set_unit_id("vkskv1");
  }
  // A note as the server would send it.
  static v1::FeedRecord Fed(const char* name, const char* unit, Stamp stamp) {
    MergedRecord note(CaseworkSchema()->Find("note"), RecordNamed(name), "casework.v1.Note", unit,
                      RecordNamed("k"));
    Author author;
    author.change = tests::ChangeNamed(name);
    author.device = DeviceNamed("server side");
    author.sequence = 1;
    author.stamp = stamp;
    note.Apply(v1::RecordEdit(), author, {}, {});
    v1::FeedRecord fed;
    fed.set_position(9);
    fed.set_record(note.Serialize());
    return fed;
  }
  v1::ChangeOutcome* Outcome(uint64_t sequence, v1::Verdict verdict) {
    v1::ChangeOutcome* outcome = input_.response.add_outcomes();
    outcome->set_sequence(sequence);
    outcome->set_verdict(verdict);
    return outcome;
  }
  void ExpectContradiction(const char* message) {
    EXPECT_THAT(Absorb(input_), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)));
  }

  std::shared_ptr<const Schema> schema_ = CaseworkSchema();
  AbsorbInput input_;
};

TEST_F(AbsorbTest, NotesHowFarTheServerIsAndHowTheClocksDiffer) {
  input_.response.set_backed_up_through(3);
  input_.response.set_directory_revision(12);
  SOTAY_ASSERT_OK_AND_ASSIGN(const Absorbed absorbed, Absorb(input_));
  EXPECT_EQ(absorbed.progress.accepted_through(), 4u);
  EXPECT_EQ(absorbed.progress.backed_up_through(), 3u);
  EXPECT_EQ(absorbed.progress.last_contact_ms(), kNow - 700);
  EXPECT_EQ(absorbed.progress.skew_ms(), 700);
  EXPECT_EQ(absorbed.progress.directory_revision(), 12u);
  EXPECT_EQ(absorbed.progress.last_sequence(), 5u) << "what it wrote stays";
  EXPECT_EQ(absorbed.progress.head(), "the newest change");
  EXPECT_FALSE(absorbed.more);
  EXPECT_FALSE(absorbed.directory.has_value());
}

TEST_F(AbsorbTest, TakesAServersClockOutOfAllRangeForTheNearerEnd) {
  constexpr int64_t kMsMax = (int64_t{1} << 48) - 1;
  input_.response.set_server_now_ms(std::numeric_limits<int64_t>::min());
  SOTAY_ASSERT_OK_AND_ASSIGN(const Absorbed early, Absorb(input_));
  EXPECT_EQ(early.progress.last_contact_ms(), 0);
  EXPECT_EQ(early.progress.skew_ms(), kNow);
  input_.response.set_server_now_ms(std::numeric_limits<int64_t>::max());
  SOTAY_ASSERT_OK_AND_ASSIGN(const Absorbed late, Absorb(input_));
  EXPECT_EQ(late.progress.last_contact_ms(), kMsMax);
  EXPECT_EQ(late.progress.skew_ms(), kNow - kMsMax);
}

// A phone that was set back asks before it sends: the changes the server has under its sequences
// are not the ones it has written since.
TEST_F(AbsorbTest, AnAnswerToWhatSentNothingMakesNothingSent) {
  input_.asked = true;
  input_.response.set_accepted_through(4);
  input_.response.set_backed_up_through(4);
  SOTAY_ASSERT_OK_AND_ASSIGN(const Absorbed absorbed, Absorb(input_));
  EXPECT_EQ(absorbed.progress.accepted_through(), 2u);
  EXPECT_EQ(absorbed.progress.backed_up_through(), 2u);
  // Less it may have.
  input_.response.set_accepted_through(1);
  input_.response.set_backed_up_through(0);
  SOTAY_ASSERT_OK_AND_ASSIGN(const Absorbed less, Absorb(input_));
  EXPECT_EQ(less.progress.accepted_through(), 1u);
}

TEST_F(AbsorbTest, TakesARestoredServersStepBack) {
  input_.response.set_accepted_through(1);
  SOTAY_ASSERT_OK_AND_ASSIGN(const Absorbed absorbed, Absorb(input_));
  EXPECT_EQ(absorbed.progress.accepted_through(), 1u) << "what lies between is offered again";
}

TEST_F(AbsorbTest, HandsOnWhatTheStoreIsToHold) {
  input_.records = {Fed("n", "vkskv1", StampAt(kNow)), Fed("m", "vkskv1", StampAt(kNow - 5))};
  input_.response.set_more(true);
  input_.response.add_removed_units("vkskv2");
  input_.response.add_removed_dossiers(RecordNamed("k").str());
  input_.response.mutable_directory()->add_people()->set_user_id("que");
  SOTAY_ASSERT_OK_AND_ASSIGN(const Absorbed absorbed, Absorb(input_));
  EXPECT_EQ(absorbed.bases.size(), 2u);
  EXPECT_EQ(absorbed.bases.at(RecordNamed("n")), input_.records[0].record()) << "as received";
  EXPECT_EQ(absorbed.cursors.size(), 1u);
  EXPECT_THAT(absorbed.removed_units, ElementsAre("vkskv2"));
  EXPECT_THAT(absorbed.removed_dossiers, ElementsAre(RecordNamed("k")));
  EXPECT_TRUE(absorbed.more);
  ASSERT_TRUE(absorbed.directory.has_value());
  EXPECT_EQ(absorbed.directory->people(0).user_id(), "que");
}

TEST_F(AbsorbTest, TakesNothingAwayThatHasNoName) {
  input_.response.add_removed_dossiers("short");
  EXPECT_THAT(Absorb(input_).status(), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(AbsorbTest, NeverStampsBeforeWhatItHasSeen) {
  input_.records = {Fed("n", "vkskv1", StampAt(kNow + 60'000)), Fed("m", "vkskv1", 1)};
  SOTAY_ASSERT_OK_AND_ASSIGN(const Absorbed absorbed, Absorb(input_));
  EXPECT_EQ(absorbed.progress.stamp(), StampAt(kNow + 60'000));
  input_.records = {Fed("m", "vkskv1", 1)};
  SOTAY_ASSERT_OK_AND_ASSIGN(const Absorbed older, Absorb(input_));
  EXPECT_EQ(older.progress.stamp(), StampAt(kNow - 1000)) << "nor does it go back";
}

TEST_F(AbsorbTest, TakesTheNewestWordOnEachOwnChange) {
  Outcome(3, v1::VERDICT_HELD);
  Outcome(4, v1::VERDICT_APPLIED);
  v1::ChangeOutcome* revised = input_.response.add_revised();
  revised->set_sequence(3);
  revised->set_verdict(v1::VERDICT_APPLIED);
  revised->set_revision(7);
  SOTAY_ASSERT_OK_AND_ASSIGN(const Absorbed absorbed, Absorb(input_));
  EXPECT_EQ(absorbed.outcomes.at(3).verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(absorbed.outcomes.at(4).verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(absorbed.progress.revision_seen(), 7u);
}

TEST_F(AbsorbTest, NeverForgetsARevisionItHasSeen) {
  input_.progress.set_revision_seen(9);
  v1::ChangeOutcome* revised = input_.response.add_revised();
  revised->set_sequence(3);
  revised->set_revision(7);
  SOTAY_ASSERT_OK_AND_ASSIGN(const Absorbed absorbed, Absorb(input_));
  EXPECT_EQ(absorbed.progress.revision_seen(), 9u);
}

// --- answers that contradict themselves -----------------------------------------------------

TEST_F(AbsorbTest, RefusesAnAcknowledgementOfWhatItNeverWrote) {
  input_.response.set_accepted_through(6);
  ExpectContradiction("acknowledges change 6, we wrote 5");
}

TEST_F(AbsorbTest, RefusesAnOutcomeOfWhatItNeverWrote) {
  Outcome(6, v1::VERDICT_APPLIED);
  ExpectContradiction("answers change 6, we wrote 5");
}

TEST_F(AbsorbTest, RefusesAnOutcomeOfNoChange) {
  Outcome(0, v1::VERDICT_APPLIED);
  ExpectContradiction("answers change 0");
}

TEST_F(AbsorbTest, RefusesARevisionOfWhatItNeverWrote) {
  input_.response.add_revised()->set_sequence(99);
  ExpectContradiction("answers change 99");
}

TEST_F(AbsorbTest, RefusesARecordOfAUnitWithoutACursor) {
  input_.records = {Fed("n", "vkskv2", 1)};
  ExpectContradiction("is of a unit without a cursor");
}

// DATA_LOSS would make the phone take its own store for damaged.
TEST_F(AbsorbTest, RefusesADamagedRecordAsTheAnswersFault) {
  const std::string good = Fed("n", "vkskv1", 1).record();
  for (size_t cut = 0; cut < good.size(); ++cut) {
    input_.records.assign(1, {});
    input_.records[0].set_record(good.substr(0, cut));
    EXPECT_THAT(Absorb(input_), StatusIs(absl::StatusCode::kInvalidArgument)) << "cut at " << cut;
  }
}

// --- what a person sees ---------------------------------------------------------------------

class ShowTest : public ::testing::Test {
 protected:
  void SetUp() override {
    phone_.Write("k", {NewCase("k"), Note("n").Says("một")});
    office_.Exchange(&phone_);
  }
  std::string Body() { return std::string(phone_.Shown("n")->ShownText(N::kBodyFieldNumber)); }

  PaperOffice office_{CaseworkSchema()};
  PaperPhone phone_ = office_.Enrol("nguyet", kProsecutor);
  PaperPhone other_ = office_.Enrol("que", kProsecutor);
};

TEST_F(ShowTest, LaysTheOutboxOnTheServersRecord) {
  phone_.Write("k", {Note("n").Says("một hai")});
  phone_.Write("k", {Note("n").Says("một hai ba")});
  EXPECT_EQ(Body(), "một hai ba");
  EXPECT_EQ(office_.Find("n")->ShownText(N::kBodyFieldNumber), "một");
}

TEST_F(ShowTest, LaysAChangeOnNoSecondTimeOnceTheServerHoldsIt) {
  phone_.Write("k", {Note("n").Says("một hai").Count(901, 2)});
  office_.Exchange(&phone_);
  EXPECT_EQ(phone_.Shown("n")->Slot(901)->total, 2);
  EXPECT_EQ(phone_.Shown("n")->Serialize(), office_.Find("n")->Serialize());
}

TEST_F(ShowTest, TakesAQuarantinedChangeAway) {
  phone_.Write("k", {Note("n").Says("một hai")});
  ASSERT_EQ(Body(), "một hai");
  v1::SyncResponse response;
  v1::ChangeOutcome* outcome = response.add_outcomes();
  outcome->set_sequence(2);
  outcome->set_verdict(v1::VERDICT_QUARANTINED);
  ASSERT_THAT(phone_.Absorb(response, {}), IsOk());
  EXPECT_EQ(Body(), "một");
}

TEST_F(ShowTest, KeepsAHeldChangeInSight) {
  phone_.Write("k", {Note("n").Says("một hai")});
  v1::SyncResponse response;
  v1::ChangeOutcome* outcome = response.add_outcomes();
  outcome->set_sequence(2);
  outcome->set_verdict(v1::VERDICT_HELD);
  ASSERT_THAT(phone_.Absorb(response, {}), IsOk());
  EXPECT_EQ(Body(), "một hai");
}

TEST_F(ShowTest, ShowsItsPendingWordsAsTheServerWillMergeThem) {
  office_.Exchange(&other_);
  other_.Write("k", {Note("n").Says("một của máy khác")});
  office_.Exchange(&other_);
  phone_.Write("k", {Note("n").Says("một của máy này")});
  // The server's news come before its own change is through.
  v1::SyncResponse response;
  response.set_accepted_through(1);
  response.add_cursors()->set_unit_id("vkskv1");
  v1::FeedRecord fed;
  fed.set_record(office_.Find("n")->Serialize());
  ASSERT_THAT(phone_.Absorb(response, {fed}), IsOk());
  const std::string shown = Body();
  EXPECT_THAT(shown, AllOf(HasSubstr(" của máy này"), HasSubstr(" của máy khác")));
  EXPECT_EQ(phone_.Shown("n")->Slot(N::kBodyFieldNumber)->disputes->again.size(), 1u);
  // What is typed on that is an edit of what the server has by then.
  phone_.Write("k", {Note("n").Says(shown + ", đo lại")});
  office_.Exchange(&phone_);
  ASSERT_EQ(phone_.Outcome(3).verdict(), v1::VERDICT_APPLIED) << phone_.Outcome(3).message();
  EXPECT_EQ(office_.Find("n")->ShownText(N::kBodyFieldNumber), shown + ", đo lại");
  EXPECT_EQ(Body(), shown + ", đo lại");
}

TEST_F(ShowTest, CannotMergeWordsWithoutTheHistory) {
  office_.Exchange(&other_);
  other_.Write("k", {Note("n").Says("một của máy khác")});
  office_.Exchange(&other_);
  phone_.Write("k", {Note("n").Says("một của máy này")});
  SOTAY_ASSERT_OK_AND_ASSIGN(const OwnChange own, [&]() -> absl::StatusOr<OwnChange> {
    stored::v1::OwnChange stored;
    const PushedChange pushed = phone_.Written(2).front();
    stored.set_change(pushed.bytes);
    stored.set_change_id(pushed.id.str());
    stored.add_contexts()->add_texts("một của máy này");
    stored.mutable_contexts(0)->add_seen()->set_device_id(phone_.device().str());
    stored.mutable_contexts(0)->mutable_seen(0)->set_sequence(1);
    return ReadOwnChange(stored, "nguyet", 10);
  }());
  std::vector<AdmittedEdit> past = office_.EditsOf(RecordNamed("n"));
  EXPECT_THAT(Show(*office_.Find("n"), {&own}, past), IsOk());
  past.pop_back();
  EXPECT_THAT(Show(*office_.Find("n"), {&own}, past),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(ShowTest, ShowsARecordTheServerDoesNotHaveYet) {
  phone_.Write("k", {Note("m").Says("mới")});
  EXPECT_EQ(phone_.Shown("m")->ShownText(N::kBodyFieldNumber), "mới");
  EXPECT_FALSE(phone_.Shown("nowhere").has_value());
}

TEST_F(ShowTest, ShowsNothingOfARecordWhoseBirthWasRefused) {
  phone_.Write("k", {Note("m").Says("mới")});
  v1::SyncResponse response;
  v1::ChangeOutcome* outcome = response.add_outcomes();
  outcome->set_sequence(2);
  outcome->set_verdict(v1::VERDICT_QUARANTINED);
  ASSERT_THAT(phone_.Absorb(response, {}), IsOk());
  EXPECT_FALSE(phone_.Shown("m").has_value());
}

// --- stored changes -------------------------------------------------------------------------

stored::v1::OwnChange Stored(const PaperPhone& phone) {
  stored::v1::OwnChange stored;
  const PushedChange written = phone.Written(1)[0];
  stored.set_change(written.bytes);
  stored.set_change_id(written.id.str());
  stored.add_contexts();
  stored.mutable_outcome()->set_verdict(v1::VERDICT_HELD);
  return stored;
}

TEST_F(ShowTest, ReadsAStoredChangeBack) {
  SOTAY_ASSERT_OK_AND_ASSIGN(const OwnChange own, ReadOwnChange(Stored(phone_), "nguyet", 10));
  EXPECT_EQ(own.id, phone_.Written(1)[0].id);
  EXPECT_EQ(own.author.device, phone_.device());
  EXPECT_EQ(own.author.sequence, 1u);
  EXPECT_EQ(own.author.stamp, own.change.stamp());
  EXPECT_EQ(own.author.user_id, "nguyet");
  EXPECT_EQ(own.author.authority, 10u);
  EXPECT_EQ(own.author.claimed_ms, own.change.claimed_ms());
  EXPECT_EQ(own.contexts.size(), 1u);
  EXPECT_EQ(own.outcome.verdict(), v1::VERDICT_HELD);
}

TEST_F(ShowTest, SaysWhenAStoredChangeIsDamaged) {
  stored::v1::OwnChange stored = Stored(phone_);
  stored.set_change_id("short");
  EXPECT_THAT(ReadOwnChange(stored, "", 0), StatusIs(absl::StatusCode::kDataLoss));
  stored = Stored(phone_);
  stored.set_change("\xFF");
  EXPECT_THAT(ReadOwnChange(stored, "", 0), StatusIs(absl::StatusCode::kDataLoss));
  stored = Stored(phone_);
  stored.set_change("");
  EXPECT_THAT(ReadOwnChange(stored, "", 0),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("names no device")));
}

TEST_F(ShowTest, ListsWhatIsPending) {
  phone_.Write("k", {Note("n").Says("hai")});
  phone_.Write("k", {Note("m").Says("khác")});
  phone_.Write("k", {Note("n").Says("ba")});
  std::vector<OwnChange> own;
  for (const PushedChange& written : phone_.Written(1)) {
    OwnChange& change = own.emplace_back();
    change.change = *written.change;
    change.id = written.id;
    change.author.device = phone_.device();
    change.author.sequence = written.change->sequence();
  }
  std::vector<const OwnChange*> newest_first;
  for (auto at = own.rbegin(); at != own.rend(); ++at) newest_first.push_back(&*at);
  EXPECT_THAT(Pending(*office_.Find("n"), newest_first), ElementsAre(2, 4));
  own[3].outcome.set_verdict(v1::VERDICT_QUARANTINED);
  EXPECT_THAT(Pending(*office_.Find("n"), newest_first), ElementsAre(2));
  EXPECT_THAT(Pending(*office_.Find("n"), {}), IsEmpty());
}

}  // namespace
}  // namespace sotay::sync
