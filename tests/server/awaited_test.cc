// A signature that comes before what it is about: a server that was restored is offered what it
// lost in any order, by phones that had met before.
#include "sync/awaited.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sync/seal/digest.h"
#include "tests/server/server_room.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::kSupervisor;
using tests::NewCase;
using tests::Note;
using tests::RecordNamed;
using tests::SealedPhone;
using tests::ServerRoom;
using tests::SignOffOf;
using tests::SignOffWords;

class AwaitedTest : public ::testing::Test {
 protected:
  AwaitedTest() {
    for (SealedPhone* phone : All()) before_.Enrol(phone);
    dam_.Write("k", {NewCase("k")});
    Meet(&dam_);
    dam_.Write("k", {Note("n").Says("một")});
    Meet(&dam_);
    que_.Write("k", {Note("n").Says("một hai")});
    Meet(&que_);
  }
  std::vector<SealedPhone*> All() { return {&dam_, &que_, &ngu_, &duoc_}; }
  // In the life before: what the phone has comes to everybody.
  void Meet(SealedPhone* phone) {
    before_.Exchange(phone);
    for (SealedPhone* other : All()) before_.Exchange(other);
  }
  void Sign(SealedPhone* phone, const std::string& name, const std::string& supersedes = "") {
    SignOffWords words;
    words.supersedes = supersedes;
    if (!supersedes.empty()) words.decision = casework::v1::SIGN_OFF_DECISION_RETURN;
    phone->Write("k", {SignOffOf(*phone->Shown("n"), name, words, seal::HashContent)});
    Meet(phone);
    ASSERT_EQ(phone->outcomes().at(phone->last_sequence()).verdict(), v1::VERDICT_APPLIED);
  }
  // The server lost everything but who there is.
  void Lose() {
    for (SealedPhone* phone : All()) {
      after_.Enrol(phone);
      phone->accepted_through = 0;
      phone->revision_seen = 0;
      phone->cursors.clear();
    }
  }
  // What became of the newest change of the phone, once it has offered everything again.
  v1::ChangeOutcome Offer(SealedPhone* phone) {
    after_.Exchange(phone);
    return phone->outcomes().at(phone->last_sequence());
  }
  std::string Standing() {
    const auto standing = after_.store->LoadSignature(RecordNamed("n"));
    EXPECT_THAT(standing, tests::IsOk());
    return standing->has_value() ? (*standing)->signature.str() : "";
  }

  ServerRoom before_, after_;
  SealedPhone dam_{"dam"}, que_{"que"};
  SealedPhone ngu_{"ngu", "kv1", kSupervisor}, duoc_{"duoc", "kv1", kSupervisor};
};

TEST_F(AwaitedTest, ASignatureWaitsForTheWordsOfEachWhoWroteThem) {
  Sign(&ngu_, "s");
  Lose();
  dam_.Write("k", {Note("m").Says("ba")});
  // The case comes, and nothing of the note.
  const v1::ChangeOutcome early = Offer(&ngu_);
  EXPECT_EQ(early.verdict(), v1::VERDICT_HELD) << early.message();
  EXPECT_EQ(Offer(&que_).verdict(), v1::VERDICT_HELD);
  EXPECT_EQ(Standing(), "");
  Offer(&dam_);
  EXPECT_EQ(Standing(), RecordNamed("s").str());
  EXPECT_EQ(Offer(&ngu_).verdict(), v1::VERDICT_APPLIED);
  EXPECT_THAT(after_.Quarantine("kv1"), IsEmpty());
  EXPECT_THAT(after_.Faults(), IsEmpty());
  // And freezes what it froze.
  dam_.Write("k", {Note("n").Says("một hai ba")});
  EXPECT_EQ(Offer(&dam_).reason(), v1::REASON_LATE_AMENDMENT);
}

TEST_F(AwaitedTest, WhereNothingOfTheNoteIsThere) {
  Sign(&ngu_, "s");
  Lose();
  after_.Exchange(&ngu_);
  dam_.ForgetSince(2);  // of his the case alone
  Offer(&dam_);
  const v1::ChangeOutcome early = Offer(&ngu_);
  EXPECT_EQ(early.verdict(), v1::VERDICT_HELD) << early.message();
  ASSERT_THAT(after_.failures, IsEmpty());
  EXPECT_THAT(after_.Faults(), IsEmpty());
}

TEST_F(AwaitedTest, WhereTheNoteIsThereAlready) {
  Sign(&ngu_, "s");
  Lose();
  Offer(&dam_);
  const v1::ChangeOutcome early = Offer(&ngu_);
  EXPECT_EQ(early.verdict(), v1::VERDICT_HELD) << early.message();
  EXPECT_THAT(early.message(), ::testing::HasSubstr("what was signed is not here yet"));
  ASSERT_THAT(after_.Open(), tests::IsOk());  // what waits for what is read from the store
  while (after_.hub->RunOnce()) {
  }
  Offer(&que_);
  EXPECT_EQ(Standing(), RecordNamed("s").str());
  EXPECT_THAT(after_.Faults(), IsEmpty());
}

TEST_F(AwaitedTest, ASignatureWaitsForTheOneItFollows) {
  Sign(&ngu_, "s");
  Sign(&duoc_, "t", "s");
  Lose();
  EXPECT_EQ(Offer(&duoc_).verdict(), v1::VERDICT_HELD);
  Offer(&dam_);
  Offer(&que_);
  EXPECT_EQ(Offer(&duoc_).verdict(), v1::VERDICT_HELD) << "the words are there, not the first";
  EXPECT_EQ(Standing(), "");
  Offer(&ngu_);
  EXPECT_EQ(Standing(), RecordNamed("t").str());
  EXPECT_THAT(after_.Quarantine("kv1"), IsEmpty());
  EXPECT_THAT(after_.failures, IsEmpty());
  EXPECT_THAT(after_.Faults(), IsEmpty());
}

// What it waits for came, and was refused: now its signer has to be told.  Of a note that was born
// so as of words in it.
TEST_F(AwaitedTest, OfABirthThatWasRefusedNobodyWaits) {
  que_.Write("k", {Note("q").Says("bốn")});
  Meet(&que_);
  ngu_.Write("k", {SignOffOf(*ngu_.Shown("q"), "u", {}, seal::HashContent)});
  Meet(&ngu_);
  Lose();
  after_.AddUser("que", {});
  Offer(&dam_);
  EXPECT_EQ(Offer(&ngu_).verdict(), v1::VERDICT_HELD);
  EXPECT_FALSE(after_.Push(&que_)->outcomes().empty());
  EXPECT_EQ(Offer(&ngu_).reason(), v1::REASON_SIGNATURE_STALE);
  EXPECT_THAT(after_.failures, IsEmpty());
  EXPECT_THAT(after_.Faults(), IsEmpty());
}

TEST_F(AwaitedTest, OfWhatWasRefusedNobodyWaits) {
  Sign(&ngu_, "s");
  Lose();
  after_.AddUser("que", {});
  Offer(&dam_);
  EXPECT_EQ(Offer(&ngu_).verdict(), v1::VERDICT_HELD);
  EXPECT_FALSE(after_.Push(&que_)->outcomes().empty());
  const v1::ChangeOutcome told = Offer(&ngu_);
  EXPECT_EQ(told.verdict(), v1::VERDICT_QUARANTINED);
  EXPECT_EQ(told.reason(), v1::REASON_SIGNATURE_STALE) << told.message();
  EXPECT_THAT(after_.Quarantine("kv1"), SizeIs(2));
  EXPECT_THAT(after_.Faults(), IsEmpty());
}

}  // namespace
}  // namespace sotay::server
