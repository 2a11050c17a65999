// A log whose server did not judge as it should: whoever checks it finds every such entry.
#include "sync/seal/signatures_replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sync/seal/digest.h"
#include "tests/support/paper_world.h"

namespace sotay::seal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using tests::kProsecutor;
using tests::kSupervisor;
using tests::NewCase;
using tests::Note;
using tests::PaperOffice;
using tests::PaperPhone;
using tests::RecordNamed;

class SignaturesReplayTest : public ::testing::Test {
 protected:
  SignaturesReplayTest() {
    office_.hash_content = HashContent;
    dam_.Write("k", {NewCase("k"), Note("n").Says("một")});
    Meet();
  }
  void Meet() {
    for (int again = 0; again < 2; ++again) {
      office_.Exchange(&dam_);
      office_.Exchange(&ngu_);
    }
  }
  void Sign(const std::string& name, const std::string& supersedes = "") {
    ngu_.Write("k", {tests::SignOffOf(*ngu_.Shown("n"), name, {supersedes}, HashContent)});
    Meet();
  }
  // The office's log, as `alter` leaves each entry of it.
  template <typename Alter>
  std::vector<std::string> Faults(const Alter& alter) {
    std::vector<std::string> faults;
    SignaturesReplay replay(tests::CaseworkSchema().get());
    uint64_t newest = 0;  // of the note
    sync::VersionVector seen;
    for (const auto& line : office_.journal()) {
      if (line.admission.position() == 0) continue;
      v1::Change change;
      EXPECT_TRUE(change.ParseFromString(line.bytes));
      v1::Admission admission = line.admission;
      alter(&change, &admission);
      replay.Take(
          change, admission,
          [&](const sync::RecordId& id) -> absl::StatusOr<PastRecord> {
            if (newest == 0) return absl::DataLossError("the record came later");
            sync::History history = office_.HistoryOf(id, {});
            return PastRecord{history.At(seen), newest};
          },
          [&](absl::string_view what) { faults.emplace_back(what); });
      for (const v1::RecordEdit& edit : change.edits()) {
        if (edit.record_id() != RecordNamed("n").view()) continue;
        newest = admission.position();
        seen.Add(line.device, line.sequence);
      }
    }
    signatures_ = replay.signatures();
    return faults;
  }
  static void Nothing(v1::Change*, v1::Admission*) {}
  static v1::FieldOp* OpOf(v1::Change* change, uint32_t field) {
    for (v1::FieldOp& op : *change->mutable_edits(0)->mutable_ops()) {
      if (change->edits(0).type() == "casework.v1.SignOff" && op.field() == field) return &op;
    }
    return nullptr;
  }

  PaperOffice office_{tests::CaseworkSchema()};
  PaperPhone dam_ = office_.Enrol("dam", kProsecutor);
  PaperPhone ngu_ = office_.Enrol("ngu", kSupervisor);
  std::vector<LoggedSignature> signatures_;
};

TEST_F(SignaturesReplayTest, FindsNothingInAnHonestLog) {
  Sign("s");
  Sign("t", "s");
  EXPECT_THAT(Faults(Nothing), IsEmpty());
  ASSERT_EQ(signatures_.size(), 2u);
  EXPECT_EQ(signatures_[0].object, RecordNamed("n"));
  EXPECT_EQ(signatures_[0].revision, 1u);
  EXPECT_EQ(signatures_[0].standing.user_id, "ngu");
  EXPECT_TRUE(signatures_[1].standing.freezes);
}

TEST_F(SignaturesReplayTest, FindsASignatureOfOtherWords) {
  Sign("s");
  const auto faults = Faults([](v1::Change* change, v1::Admission*) {
    if (v1::FieldOp* op = OpOf(change, casework::v1::SignOff::kContentHashFieldNumber)) {
      std::string set = op->set();
      set.back() = static_cast<char>(set.back() ^ 1);
      op->set_set(set);
    }
  });
  EXPECT_THAT(faults, ElementsAre(HasSubstr("what it says is not what was signed")));
}

TEST_F(SignaturesReplayTest, FindsASignatureOfAnotherVersionOrRevision) {
  Sign("s");
  const auto version = Faults([](v1::Change* change, v1::Admission*) {
    if (v1::FieldOp* op = OpOf(change, casework::v1::SignOff::kVersionVectorFieldNumber)) {
      std::string set = op->set();
      set.back() = static_cast<char>(set.back() + 1);
      op->set_set(set);
    }
  });
  EXPECT_THAT(version, ElementsAre(HasSubstr("it has changed since the version")));
  const auto revision = Faults([](v1::Change*, v1::Admission* admission) {
    for (v1::AssignedOp& assigned : *admission->mutable_assigned()) {
      if (assigned.record_id() == RecordNamed("s").view()) assigned.mutable_op()->clear_set();
    }
  });
  EXPECT_THAT(revision, ElementsAre("its signature names another revision"));
}

TEST_F(SignaturesReplayTest, FindsOneThatFollowsNone) {
  Sign("s");
  Sign("t", "s");
  const auto faults = Faults([](v1::Change* change, v1::Admission*) {
    if (v1::FieldOp* op = OpOf(change, casework::v1::SignOff::kSupersedesFieldNumber)) {
      op->clear_set();
    }
  });
  EXPECT_THAT(faults, ElementsAre(HasSubstr("which the signer had not seen")));
}

TEST_F(SignaturesReplayTest, FindsWhatAmendsASignedRecordUndecided) {
  Sign("s");
  dam_.Write("k", {Note("n").Says("một hai")});
  Meet();
  ASSERT_EQ(office_.TakeIn(office_.SetAside().front(), "ngu").verdict(), v1::VERDICT_APPLIED);
  EXPECT_THAT(Faults(Nothing), IsEmpty());
  const auto faults =
      Faults([](v1::Change*, v1::Admission* admission) { admission->clear_taken_in(); });
  EXPECT_THAT(faults, ElementsAre(HasSubstr("nobody decided that it may")));
}

}  // namespace
}  // namespace sotay::seal
