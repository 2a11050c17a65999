// Signatures in the server: who may sign, what is kept of it, and what a check of the store finds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "casework/v1/finding.pb.h"
#include "casework/v1/legal_action.pb.h"
#include "server/keys.h"
#include "server/loading.h"
#include "server/quarantine.h"
#include "server/refusal.h"
#include "sync/seal/digest.h"
#include "tests/server/posts_room.h"
#include "tests/support/paper_world.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::IsOk;
using tests::kSupervisor;
using tests::NewCase;
using tests::Note;
using tests::RecordNamed;
using tests::SealedPhone;
using tests::Wish;

Wish CivilCase(absl::string_view name) {
  return tests::Case(name)
      .SetNumber(casework::v1::Case::kKindFieldNumber, casework::v1::CASE_KIND_CIVIL)
      .Set(casework::v1::Case::kTitleFieldNumber, "Tranh chấp ranh giới đất");
}

class ServerSigning : public PostsRoom {
 protected:
  ServerSigning() {
    room_.Enrol(&nguyet_);
    room_.Enrol(&ngu_);
    nguyet_.Write("k", {NewCase("k"), Note("n").Says("Tháng 10 tiếp nhận 17 tin.")});
    Meet();
  }
  void Meet() {
    for (int again = 0; again < 2; ++again) {
      room_.Exchange(&nguyet_);
      room_.Exchange(&ngu_);
    }
  }
  static sync::RecordWish Signs(const SealedPhone& by, const std::string& name,
                                const tests::SignOffWords& words = {},
                                const std::string& object = "n") {
    return tests::SignOffOf(*by.Shown(object), name, words, seal::HashContent);
  }
  v1::ChangeOutcome Write(SealedPhone* phone, const sync::RecordWish& wish,
                          const std::string& dossier = "k") {
    const uint64_t sequence = phone->Write(dossier, {wish});
    room_.Exchange(phone);
    return phone->outcomes().at(sequence);
  }
  absl::Status Take(const v1::QuarantinedChange& row, const std::string& by) {
    v1::TakeInRequest request;
    request.mutable_change()->set_device_id(row.device_id());
    request.mutable_change()->set_sequence(row.sequence());
    request.mutable_change()->set_change_id(row.change_id());
    request.set_reason("đã đối chiếu");
    absl::StatusOr<v1::TakeInResponse> response;
    room_.WithPen([&](Pen* pen) { response = TakeIn(pen, *Of(by), request); });
    return response.status();
  }
  void Tamper(const std::string& key, const absl::optional<std::string>& value) {
    room_.Tamper(key, value);
    ASSERT_THAT(room_.Open(), IsOk());
  }
  bool Frozen(const std::string& record) {
    const auto signature = room_.store->LoadSignature(RecordNamed(record));
    EXPECT_THAT(signature, IsOk());
    return signature->has_value() && (*signature)->freezes;
  }

  SealedPhone nguyet_{"nguyet"};
  SealedPhone ngu_{"ngu", "kv1", kSupervisor};
};

TEST_F(ServerSigning, KeepsWhatIsSignedAndListsWhatCameAfter) {
  ASSERT_EQ(Write(&ngu_, Signs(ngu_, "s")).verdict(), v1::VERDICT_APPLIED);
  const v1::ChangeOutcome late =
      Write(&nguyet_, Note("n").Says("Tháng 10 tiếp nhận 17 tin. Tin số 9 không ghi giờ."));
  EXPECT_EQ(late.verdict(), v1::VERDICT_QUARANTINED);
  EXPECT_EQ(late.reason(), v1::REASON_LATE_AMENDMENT);
  EXPECT_THAT(late.message(), HasSubstr("is signed by ngu (position 2)"));
  const auto listed = room_.supervision->ListQuarantine(*Of("ngu"), {});
  ASSERT_THAT(listed, IsOk());
  ASSERT_THAT(listed->changes(), SizeIs(1));
  EXPECT_TRUE(Frozen("n"));
  EXPECT_FALSE(Frozen("k")) << "the signature is of the note";
  EXPECT_THAT(room_.Faults(), IsEmpty());

  // Also after a start.
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_EQ(Write(&nguyet_, Note("n").Says("Khác.")).reason(), v1::REASON_LATE_AMENDMENT);
  // Nobody decides about what they wrote; a leader does, and it goes on being signed.
  EXPECT_EQ(DetailOf(Take(listed->changes(0), "nguyet")).reason(), v1::REASON_ROLE_MAY_NOT);
  ASSERT_THAT(Take(listed->changes(0), "ngu"), IsOk());
  Meet();
  EXPECT_EQ(ngu_.Shown("n")->ShownText(casework::v1::Note::kBodyFieldNumber),
            "Tháng 10 tiếp nhận 17 tin. Tin số 9 không ghi giờ.");
  EXPECT_EQ(Write(&nguyet_, Note("n").Says("Khác nữa.")).reason(), v1::REASON_LATE_AMENDMENT);
  EXPECT_EQ(Write(&ngu_, Signs(ngu_, "t")).reason(), v1::REASON_SIGNATURE_STALE)
      << "names no other";
  EXPECT_EQ(Write(&ngu_, Signs(ngu_, "u", {"s"})).verdict(), v1::VERDICT_APPLIED);
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(ServerSigning, IsForThoseWhoMayApproveTheRecord) {
  SealedPhone que("que");
  SealedPhone civil("duoc", "kv1", kSupervisor);
  SealedPhone crime("ai", "kv1", kSupervisor);
  Enrol(&que, PostOf("que", "kv1", v1::CAPACITY_KSV));
  Enrol(&civil, PostOf("duoc", "kv1", v1::CAPACITY_DEP, 0, 0, {"dan_su"}));
  Enrol(&crime, PostOf("ai", "kv1", v1::CAPACITY_DEP, 0, 0, {"hinh_su"}));
  que.Write("c", {CivilCase("c"), Note("m").Says("một")});
  for (SealedPhone* phone : {&que, &civil, &crime}) room_.Exchange(phone);
  const v1::ChangeOutcome refused = Write(&crime, Signs(crime, "x", {}, "m"), "c");
  EXPECT_EQ(refused.reason(), v1::REASON_WRITER_MAY_NOT);
  EXPECT_THAT(refused.message(), HasSubstr("in none of the post's fields of work"));
  EXPECT_EQ(Write(&civil, Signs(civil, "y", {}, "m"), "c").verdict(), v1::VERDICT_APPLIED);
  // Nobody approves what people say to one another.
  Wish comment("w", "casework.v1.Comment");
  comment.Set(2 - 1, RecordNamed("m").view()).Set(3, "Đã rõ.");
  ASSERT_EQ(Write(&que, comment, "c").verdict(), v1::VERDICT_APPLIED);
  room_.Exchange(&civil);
  const v1::ChangeOutcome of_comment = Write(&civil, Signs(civil, "z", {}, "w"), "c");
  EXPECT_EQ(of_comment.reason(), v1::REASON_WRITER_MAY_NOT);
  EXPECT_THAT(of_comment.message(), HasSubstr("approve a record of kind comment"));
  // A step by who might sign is beside the words; by who might not, it amends them.
  const auto submit = [&](SealedPhone* by) {
    return Write(by, Note("m").Moves(casework::v1::NOTE_STATE_SUBMITTED), "c");
  };
  EXPECT_EQ(submit(&que).reason(), v1::REASON_LATE_AMENDMENT);
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

// A deputy's step is no amendment to whoever reads the log either.
TEST_F(ServerSigning, LetsThoseWhoMaySignGoOnWithTheState) {
  SealedPhone duoc("duoc", "kv1", kSupervisor);
  Enrol(&duoc, PostOf("duoc", "kv1", v1::CAPACITY_DEP, 0, 0, {"hinh_su"}));
  nguyet_.Write("k", {Note("n").Moves(casework::v1::NOTE_STATE_SUBMITTED)});
  Meet();
  room_.Exchange(&duoc);
  ASSERT_EQ(Write(&duoc, Signs(duoc, "s")).verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(Write(&duoc, Note("n").Moves(casework::v1::NOTE_STATE_SIGNED)).verdict(),
            v1::VERDICT_APPLIED);
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

// What waits for a prosecutor's consent is not let into what a leader signed by it.
TEST_F(ServerSigning, IsAmendedByNobodysConsent) {
  SealedPhone ha("ha");
  SealedPhone que("que");
  Enrol(&ha, PostOf("ha", "kv1", v1::CAPACITY_KTV));
  Enrol(&que, PostOf("que", "kv1", v1::CAPACITY_KSV));
  room_.Exchange(&ha);
  ASSERT_EQ(Write(&ngu_, Signs(ngu_, "s")).verdict(), v1::VERDICT_APPLIED);
  ha.Write("k", {Note("m").Says("mới").Moves(casework::v1::NOTE_STATE_SUBMITTED),
                 Note("n").Says("Tháng 10 tiếp nhận 71 tin.")});
  room_.Exchange(&ha);
  const auto rows = room_.Quarantine("kv1");
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0].reason(), v1::REASON_WRITER_MAY_NOT);
  EXPECT_EQ(DetailOf(Take(rows[0], "que")).reason(), v1::REASON_ROLE_MAY_NOT);
  EXPECT_THAT(Take(rows[0], "ngu"), IsOk());
  // What goes on under a signature, goes on by consent as well.
  ASSERT_EQ(Write(&ngu_, Signs(ngu_, "of-the-case", {}, "k")).verdict(), v1::VERDICT_APPLIED);
  Wish note = Note("m2").Says("sau");
  note.Set(casework::v1::Note::kCaseIdFieldNumber, RecordNamed("k").view());
  ha.Write("k", {note.Moves(casework::v1::NOTE_STATE_SUBMITTED)});
  room_.Exchange(&ha);
  ASSERT_THAT(room_.Quarantine("kv1"), SizeIs(2));
  EXPECT_THAT(Take(room_.Quarantine("kv1")[1], "que"), IsOk());
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

// What is signed in another dossier is told to nobody here.
TEST_F(ServerSigning, CoversNothingElsewhere) {
  Wish visit("v", "casework.v1.Inspection");
  nguyet_.Write("v", {visit.SetNumber(1, 9)});
  Meet();
  ASSERT_EQ(Write(&ngu_, Signs(ngu_, "s", {}, "v"), "v").verdict(), v1::VERDICT_APPLIED);
  Wish found("f", "casework.v1.Finding");
  found.Set(casework::v1::Finding::kInspectionIdFieldNumber, RecordNamed("v").view());
  EXPECT_EQ(Write(&nguyet_, found, "k").verdict(), v1::VERDICT_APPLIED);
  // Nor in another unit.
  SealedPhone que("que", "kv2");
  room_.Enrol(&que, "kv2");
  que.Write("k2", {NewCase("k2")});
  Wish elsewhere("f2", "casework.v1.Finding");
  elsewhere.Set(casework::v1::Finding::kInspectionIdFieldNumber, RecordNamed("v").view());
  EXPECT_EQ(Write(&que, elsewhere, "k2").verdict(), v1::VERDICT_APPLIED);
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

// The number comes when the document is issued, which is when whoever signs has it no more in hand.
TEST_F(ServerSigning, IsOfADocumentThatHasNoNumberYet) {
  const auto moves = [](int state) {
    Wish wish("d", "casework.v1.LegalAction");
    return wish.SetNumber(16, static_cast<uint64_t>(state));
  };
  Wish document("d", "casework.v1.LegalAction");
  nguyet_.Write("k", {document.SetNumber(3, casework::v1::LEGAL_ACTION_KIND_RECOMMENDATION)});
  nguyet_.Write("k", {moves(casework::v1::LEGAL_ACTION_STATE_SUBMITTED)});
  Meet();
  ngu_.Write("k", {moves(casework::v1::LEGAL_ACTION_STATE_APPROVED)});
  ngu_.Write("k", {moves(casework::v1::LEGAL_ACTION_STATE_ISSUED)});
  const uint64_t signature = ngu_.Write("k", {Signs(ngu_, "s", {}, "d")});
  room_.Exchange(&ngu_);
  EXPECT_EQ(ngu_.outcomes().at(signature).verdict(), v1::VERDICT_APPLIED)
      << ngu_.outcomes().at(signature).message();
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

// Whoever decides about what was refused signs nothing in anybody's name.
TEST_F(ServerSigning, IsNeverTakenIn) {
  SealedPhone duoc("duoc", "kv1", kSupervisor);
  room_.Enrol(&duoc);
  room_.Exchange(&duoc);
  room_.AddUser("duoc", {});
  duoc.Write("k", {Signs(duoc, "s")});
  ASSERT_THAT(room_.Push(&duoc), IsOk());
  room_.AddUser("duoc", {{"kv1", options::v1::ROLE_SUPERVISOR}});
  const auto rows = room_.Quarantine("kv1");
  ASSERT_THAT(rows, SizeIs(1));
  ASSERT_EQ(rows[0].reason(), v1::REASON_NOT_MEMBER);
  const absl::Status taken = Take(rows[0], "ngu");
  EXPECT_EQ(DetailOf(taken).reason(), v1::REASON_SIGNATURE_STALE) << taken;
  EXPECT_THAT(std::string(taken.message()), HasSubstr("a signature is given again"));
  EXPECT_FALSE(Frozen("n"));
}

TEST_F(ServerSigning, CoversWhatIsFoundInAnInspection) {
  using casework::v1::Finding;
  Wish visit("v", "casework.v1.Inspection");
  nguyet_.Write("v", {visit.SetNumber(1, 9)});
  Meet();
  ASSERT_EQ(Write(&ngu_, Signs(ngu_, "s", {}, "v"), "v").verdict(), v1::VERDICT_APPLIED);
  Wish found("f", "casework.v1.Finding");
  found.Set(Finding::kInspectionIdFieldNumber, RecordNamed("v").view());
  EXPECT_EQ(Write(&nguyet_, found, "v").reason(), v1::REASON_LATE_AMENDMENT);
  EXPECT_FALSE(room_.store->LoadRecord(RecordNamed("f"))->has_value());
  const auto rows = room_.Quarantine("kv1");
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_THAT(Take(rows[0], "ngu"), IsOk());
  EXPECT_TRUE(room_.store->LoadRecord(RecordNamed("f"))->has_value());
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

// What was held when the signature came is, once that has come which it waited for, what it is by
// then.
TEST_F(ServerSigning, FreezesWhatWasHeldAsWell) {
  SealedPhone que("que");
  room_.Enrol(&que);
  const uint64_t unsent = nguyet_.Write("k", {Note("n").Says("Khác.")});
  Wish kind = Note("n");
  kind.SetNumber(casework::v1::Note::kKindFieldNumber, casework::v1::NOTE_KIND_SCENE);
  const uint64_t made_on_it = que.Forge(tests::PaperPhone::Draft("k", kind, {nguyet_.id(unsent)}));
  room_.Exchange(&que);
  ASSERT_EQ(que.outcomes().at(made_on_it).verdict(), v1::VERDICT_HELD);
  ASSERT_EQ(Write(&ngu_, Signs(ngu_, "s")).verdict(), v1::VERDICT_APPLIED);
  room_.Exchange(&nguyet_);
  EXPECT_EQ(nguyet_.outcomes().at(unsent).reason(), v1::REASON_LATE_AMENDMENT);
  while (room_.hub->RunOnce()) {
  }
  room_.Exchange(&que);
  const v1::ChangeOutcome& released = que.outcomes().at(made_on_it);
  EXPECT_EQ(released.verdict(), v1::VERDICT_QUARANTINED) << released.message();
  EXPECT_EQ(released.reason(), v1::REASON_LATE_AMENDMENT) << released.message();
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

// What is decided next must see the signature that is being written.
TEST_F(ServerSigning, WritesOfTheRecordItIsOf) {
  const auto change = [](const std::string& dossier, const Wish& wish) {
    return tests::PaperPhone::Draft(dossier, wish, {});
  };
  Wish sign("s", "casework.v1.SignOff");
  sign.Set(casework::v1::SignOff::kObjectIdFieldNumber, RecordNamed("n").view());
  const v1::Change signing = change("k", sign);
  const Footprint signs = FootprintOf(*tests::CaseworkSchema(), {&signing});
  EXPECT_THAT(signs.edited, ElementsAre(RecordNamed("n"), RecordNamed("s")));
  Wish found("f", "casework.v1.Finding");
  found.Set(casework::v1::Finding::kInspectionIdFieldNumber, RecordNamed("v").view());
  const v1::Change finding = change("v", found);
  const Footprint finds = FootprintOf(*tests::CaseworkSchema(), {&finding});
  // And whoever signs in the dossier has to see what hangs there.
  EXPECT_THAT(finds.edited, ElementsAre(RecordNamed("f"), RecordNamed("v")));
  EXPECT_THAT(finds.signable, ElementsAre(RecordNamed("f"), RecordNamed("v")));
  EXPECT_THAT(finds.named, ElementsAre(RecordNamed("f"), RecordNamed("v")));
}

TEST_F(ServerSigning, ACheckMissesTheRowAndFindsAnother) {
  ASSERT_EQ(Write(&ngu_, Signs(ngu_, "s")).verdict(), v1::VERDICT_APPLIED);
  const std::string key = SigningKey(RecordNamed("n"));
  const std::string row = **room_.store->Get(key);
  Tamper(key, absl::nullopt);
  EXPECT_THAT(room_.Faults(), ElementsAre(HasSubstr("is not what the log says of its signature")));
  const sync::StandingSignature open = {RecordNamed("s"), 2, "ngu", /*freezes=*/false};
  Tamper(key, SigningRowOf(open));
  EXPECT_THAT(room_.Faults(), ElementsAre(HasSubstr("is not what the log says of its signature")));
  Tamper(key, row);
  EXPECT_THAT(room_.Faults(), IsEmpty());
  Tamper(SigningKey(RecordNamed("k")), row);
  EXPECT_THAT(room_.Faults(), ElementsAre(HasSubstr("the log has no signature of it")));
}

// Without the row the server would let the edit through; the check says so of the log as well.
TEST_F(ServerSigning, ACheckFindsWhatWasAmendedBehindTheSignature) {
  ASSERT_EQ(Write(&ngu_, Signs(ngu_, "s")).verdict(), v1::VERDICT_APPLIED);
  const std::string key = SigningKey(RecordNamed("n"));
  const std::string row = **room_.store->Get(key);
  Tamper(key, absl::nullopt);
  ASSERT_EQ(Write(&nguyet_, Note("n").Says("Khác.")).verdict(), v1::VERDICT_APPLIED);
  Tamper(key, row);
  EXPECT_THAT(room_.Faults(), Contains(HasSubstr("amends what was signed, and nobody decided")));
}

}  // namespace
}  // namespace sotay::server
