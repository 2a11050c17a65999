// A signature that comes before what it is about: a server that was restored is offered what it
// lost in any order, by phones that had met before.
#include "sync/awaited.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/loading.h"
#include "server/quarantine.h"
#include "sync/seal/digest.h"
#include "tests/server/server_room.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::NewCase;
using tests::Note;
using tests::RecordNamed;
using tests::SealedPhone;
using tests::ServerRoom;
using tests::SignOffOf;
using tests::SignOffWords;

// Ids of devices are random, and held changes are taken in their order: so whether he who wrote
// first has an id before hers who signs.
class AwaitedTest : public ::testing::TestWithParam<bool> {
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
  static SealedPhone Leader(const std::string& user, const SealedPhone& writer, bool after) {
    for (;;) {
      SealedPhone phone(user, "kv1", {options::v1::ROLE_PROSECUTOR, options::v1::ROLE_SUPERVISOR});
      if ((writer.device() < phone.device()) == after) return phone;
    }
  }
  // In the life before: what the phone has comes to everybody.
  void Meet(SealedPhone* phone) {
    before_.Exchange(phone);
    for (SealedPhone* other : All()) before_.Exchange(other);
  }
  void Sign(SealedPhone* phone, const std::string& name, const std::string& supersedes = "",
            const std::string& object = "n") {
    SignOffWords words;
    words.supersedes = supersedes;
    if (!supersedes.empty()) words.decision = casework::v1::SIGN_OFF_DECISION_RETURN;
    phone->Write("k", {SignOffOf(*phone->Shown(object), name, words, seal::HashContent)});
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
  void TakeIn(ServerRoom* room, const v1::QuarantinedChange& row) {
    v1::TakeInRequest request;
    request.mutable_change()->set_device_id(row.device_id());
    request.mutable_change()->set_sequence(row.sequence());
    request.mutable_change()->set_change_id(row.change_id());
    request.set_reason("đã đối chiếu");
    room->WithPen([&](Pen* pen) {
      EXPECT_THAT(server::TakeIn(pen, *room->directory->FindPerson("ngu"), request), tests::IsOk());
    });
    while (room->hub->RunOnce()) {
    }
  }
  // That its newest change is held, and what it waits for now: its phone is told only of what ends
  // that.
  void ExpectAwaited(SealedPhone* phone, const std::string& what,
                     v1::Reason reason = v1::REASON_PARENT_UNKNOWN) {
    EXPECT_EQ(Offer(phone).verdict(), v1::VERDICT_HELD);
    for (const v1::QuarantinedChange& row : after_.Quarantine("kv1")) {
      if (row.change_id() != phone->id(phone->last_sequence()).view()) continue;
      EXPECT_EQ(row.verdict(), v1::VERDICT_HELD);
      EXPECT_EQ(row.reason(), reason);
      EXPECT_THAT(row.message(), HasSubstr(what + " is not here yet"));
      return;
    }
    ADD_FAILURE() << "it is in no quarantine";
  }
  std::string Standing(const std::string& object = "n") {
    const auto standing = after_.store->LoadSignature(RecordNamed(object));
    EXPECT_THAT(standing, tests::IsOk());
    return standing->has_value() ? (*standing)->signature.str() : "";
  }

  ServerRoom before_, after_;
  SealedPhone dam_{"dam"}, que_{"que"};
  SealedPhone ngu_ = Leader("ngu", dam_, GetParam());
  SealedPhone duoc_ = Leader("duoc", ngu_, GetParam());
};

INSTANTIATE_TEST_SUITE_P(WhoeversIdIsFirst, AwaitedTest, ::testing::Bool());

TEST_P(AwaitedTest, ASignatureWaitsForTheWordsOfEachWhoWroteThem) {
  Sign(&ngu_, "s");
  Lose();
  dam_.Write("k", {Note("m").Says("ba")});
  ExpectAwaited(&ngu_, RecordNamed("k").Short(), v1::REASON_DOSSIER_UNKNOWN);
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

TEST_P(AwaitedTest, WhereNothingOfTheNoteIsThere) {
  Sign(&ngu_, "s");
  Lose();
  after_.Exchange(&ngu_);
  dam_.ForgetSince(2);  // of his the case alone
  Offer(&dam_);
  ExpectAwaited(&ngu_, "what was signed");
  ASSERT_THAT(after_.failures, IsEmpty());
  EXPECT_THAT(after_.Faults(), IsEmpty());
}

TEST_P(AwaitedTest, WhereTheNoteIsThereAlready) {
  Sign(&ngu_, "s");
  Lose();
  Offer(&dam_);
  ExpectAwaited(&ngu_, "what was signed");
  ASSERT_THAT(after_.Open(), tests::IsOk());  // what waits for what is read from the store
  while (after_.hub->RunOnce()) {
  }
  Offer(&que_);
  EXPECT_EQ(Standing(), RecordNamed("s").str());
  EXPECT_THAT(after_.Faults(), IsEmpty());
}

TEST_P(AwaitedTest, ASignatureWaitsForTheOneItFollows) {
  Sign(&ngu_, "s");
  Sign(&duoc_, "t", "s");
  Lose();
  EXPECT_EQ(Offer(&duoc_).verdict(), v1::VERDICT_HELD);
  Offer(&dam_);
  Offer(&que_);
  ExpectAwaited(&duoc_, "the signature it follows");
  EXPECT_EQ(Standing(), "");
  Offer(&ngu_);
  EXPECT_EQ(Standing(), RecordNamed("t").str());
  EXPECT_THAT(after_.Quarantine("kv1"), IsEmpty());
  EXPECT_THAT(after_.failures, IsEmpty());
  EXPECT_THAT(after_.Faults(), IsEmpty());
}

// What it waits for came, and was refused: now its signer has to be told.  Of a note that was born
// so as of words in it.
TEST_P(AwaitedTest, OfABirthThatWasRefusedNobodyWaits) {
  que_.Write("k", {Note("q").Says("bốn")});
  Meet(&que_);
  ngu_.Write("k", {SignOffOf(*ngu_.Shown("q"), "u", {}, seal::HashContent)});
  Meet(&ngu_);
  Lose();
  after_.AddUser("que", {});
  Offer(&dam_);
  ExpectAwaited(&ngu_, "what was signed");
  EXPECT_FALSE(after_.Push(&que_)->outcomes().empty());
  EXPECT_EQ(Offer(&ngu_).reason(), v1::REASON_SIGNATURE_STALE);
  EXPECT_THAT(after_.failures, IsEmpty());
  EXPECT_THAT(after_.Faults(), IsEmpty());
}

TEST_P(AwaitedTest, OfWhatWasRefusedNobodyWaits) {
  Sign(&ngu_, "s");
  Lose();
  after_.AddUser("que", {});
  Offer(&dam_);
  ExpectAwaited(&ngu_, "what was signed");
  EXPECT_FALSE(after_.Push(&que_)->outcomes().empty());
  const v1::ChangeOutcome told = Offer(&ngu_);
  EXPECT_EQ(told.verdict(), v1::VERDICT_QUARANTINED);
  EXPECT_EQ(told.reason(), v1::REASON_SIGNATURE_STALE) << told.message();
  EXPECT_THAT(after_.Quarantine("kv1"), SizeIs(2));
  EXPECT_THAT(after_.Faults(), IsEmpty());
}

// What completes the signed words lets the amendment in as well: the signature was there first.
TEST_P(AwaitedTest, ASignatureGoesBeforeWhatAmendsIt) {
  Sign(&ngu_, "s");
  dam_.Write("k", {Note("n").Says("một hai ba")});
  Meet(&dam_);
  ASSERT_EQ(dam_.outcomes().at(dam_.last_sequence()).reason(), v1::REASON_LATE_AMENDMENT);
  Lose();
  EXPECT_EQ(Offer(&dam_).verdict(), v1::VERDICT_HELD);
  ExpectAwaited(&ngu_, "what was signed");
  Offer(&que_);
  EXPECT_EQ(Standing(), RecordNamed("s").str());
  EXPECT_EQ(Offer(&dam_).reason(), v1::REASON_LATE_AMENDMENT);
  EXPECT_EQ(Offer(&ngu_).verdict(), v1::VERDICT_APPLIED);
  EXPECT_THAT(after_.failures, IsEmpty());
  EXPECT_THAT(after_.Faults(), IsEmpty());
}

// Whether or not its signature is there: its device says what it was, which is kept while it waits.
TEST_P(AwaitedTest, ALateAmendmentIsOneAgainBeforeItsSignatureHasCome) {
  Sign(&ngu_, "s");
  dam_.Write("k", {Note("n").Says("một hai ba")});
  Meet(&dam_);
  ASSERT_EQ(dam_.outcomes().at(dam_.last_sequence()).reason(), v1::REASON_LATE_AMENDMENT);
  Lose();
  EXPECT_EQ(Offer(&dam_).verdict(), v1::VERDICT_HELD);
  ASSERT_THAT(after_.Open(), tests::IsOk());
  while (after_.hub->RunOnce()) {
  }
  Offer(&que_);
  const v1::ChangeOutcome late = Offer(&dam_);
  EXPECT_EQ(late.verdict(), v1::VERDICT_QUARANTINED);
  EXPECT_EQ(late.reason(), v1::REASON_LATE_AMENDMENT) << late.message();
  EXPECT_THAT(late.message(), HasSubstr("before the server was restored"));
  EXPECT_EQ(Standing(), "");
  EXPECT_EQ(Offer(&ngu_).verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(Standing(), RecordNamed("s").str());
  EXPECT_THAT(after_.failures, IsEmpty());
  EXPECT_THAT(after_.Faults(), IsEmpty());
}

// A build of before says nothing: it is let in, and the signature is stale.
TEST_P(AwaitedTest, WhatNobodySaysWasLateIsLetInBeforeItsSignature) {
  dam_.says_late = false;
  Sign(&ngu_, "s");
  dam_.Write("k", {Note("n").Says("một hai ba")});
  Meet(&dam_);
  Lose();
  Offer(&dam_);
  Offer(&que_);
  EXPECT_EQ(Offer(&dam_).verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(Offer(&ngu_).reason(), v1::REASON_SIGNATURE_STALE);
}

// Whoever says so of what was never refused has it set aside, and nothing else comes of it.
TEST_P(AwaitedTest, WhoSaysSoFalselyGainsNothing) {
  Lose();
  Offer(&dam_);
  Offer(&que_);
  dam_.Write("k", {Note("n").Says("một hai ba")});
  dam_.SayLate(dam_.last_sequence());
  EXPECT_EQ(Offer(&dam_).reason(), v1::REASON_LATE_AMENDMENT);
  que_.Write("k", {Note("n").Says("một hai bốn")});
  EXPECT_EQ(Offer(&que_).verdict(), v1::VERDICT_APPLIED);
  after_.Exchange(&ngu_);
  ngu_.Write("k", {SignOffOf(*ngu_.Shown("n"), "u", {}, seal::HashContent)});
  ngu_.SayLate(ngu_.last_sequence());
  EXPECT_EQ(Offer(&ngu_).verdict(), v1::VERDICT_APPLIED) << "a signature amends nothing";
  ASSERT_THAT(after_.Quarantine("kv1"), SizeIs(1));
  TakeIn(&after_, after_.Quarantine("kv1").at(0));
  EXPECT_EQ(Offer(&dam_).verdict(), v1::VERDICT_APPLIED);
  EXPECT_THAT(after_.Faults(), IsEmpty());
}

// Of two notes in one change one is there; what is signed is the other.
TEST_P(AwaitedTest, ASignatureWaitsForWhatItsSignerWroteInWhatTheySign) {
  dam_.Write("k", {Note("p").Says("một")});
  Meet(&dam_);
  que_.Write("k", {Note("m").Says("một")});
  Meet(&que_);
  ngu_.Write("k", {Note("p").Says("một hai"), Note("m").Says("một hai")});
  Meet(&ngu_);
  Sign(&ngu_, "s", "", "p");
  Lose();
  Offer(&dam_);
  const v1::ChangeOutcome early = Offer(&ngu_);
  EXPECT_EQ(early.verdict(), v1::VERDICT_HELD) << early.message();
  EXPECT_EQ(early.reason(), v1::REASON_WAITS_FOR_OWN) << early.message();
  Offer(&que_);
  EXPECT_EQ(Offer(&ngu_).verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(Standing("p"), RecordNamed("s").str());
  EXPECT_THAT(after_.failures, IsEmpty());
  EXPECT_THAT(after_.Faults(), IsEmpty());
}

// What was taken in there is admitted at once here, where its device does not say what it was:
// nothing will come that was signed.
TEST_P(AwaitedTest, OfWhatNeedsNoDecisionNowNobodyWaits) {
  dam_.says_late = false;
  Sign(&ngu_, "s");
  dam_.Write("k", {Note("n").Says("một hai ba")});
  Meet(&dam_);
  TakeIn(&before_, before_.Quarantine("kv1").at(0));
  Meet(&dam_);
  Sign(&ngu_, "t", "s");
  Lose();
  Offer(&dam_);
  EXPECT_EQ(Offer(&que_).verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(Offer(&dam_).verdict(), v1::VERDICT_APPLIED);
  const v1::ChangeOutcome told = Offer(&ngu_);
  EXPECT_EQ(told.verdict(), v1::VERDICT_QUARANTINED);
  EXPECT_EQ(told.reason(), v1::REASON_SIGNATURE_STALE) << told.message();
  EXPECT_THAT(after_.Faults(), IsEmpty());
}

TEST_P(AwaitedTest, OnlySoManyOfOneDeviceWaitForARecord) {
  Sign(&ngu_, "s0");
  const auto words =
      sync::MergedRecord::Parse(*tests::CaseworkSchema(), ngu_.Shown("n")->Serialize());
  ASSERT_THAT(words, tests::IsOk());
  Lose();
  Offer(&dam_);
  ExpectAwaited(&ngu_, "what was signed");
  const auto again = [&](const std::string& name) {
    ngu_.Write("k", {SignOffOf(*words, name, {}, seal::HashContent)});
  };
  for (int i = 1; i < sync::kSignaturesHeldMax; ++i) {
    again("s" + std::to_string(i));
    ExpectAwaited(&ngu_, "what was signed");
  }
  again("s9");
  const v1::ChangeOutcome told = Offer(&ngu_);
  EXPECT_EQ(told.verdict(), v1::VERDICT_QUARANTINED);
  EXPECT_EQ(told.reason(), v1::REASON_SIGNATURE_STALE);
  EXPECT_THAT(told.message(), HasSubstr("limit 4"));
  EXPECT_THAT(after_.failures, IsEmpty());
  EXPECT_THAT(after_.Faults(), IsEmpty());
}

// So that it need not be looked for in histories.
TEST_P(AwaitedTest, TheSignatureThatIsFollowedIsLoaded) {
  Sign(&ngu_, "s");
  Sign(&duoc_, "t", "s");
  v1::Change change;
  ASSERT_TRUE(change.ParseFromString(duoc_.change(duoc_.last_sequence())));
  EXPECT_THAT(FootprintOf(*tests::CaseworkSchema(), {&change}).named, Contains(RecordNamed("s")));
}

}  // namespace
}  // namespace sotay::server
