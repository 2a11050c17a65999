// Signatures among everything else that happens, at random: two prosecutors and two leaders write,
// sign, give back and take in, and meet the office in any order, each message twice.  What came of
// it is held against the journal by an oracle that folds it from its beginning for every entry.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "casework/v1/comment.pb.h"
#include "casework/v1/finding.pb.h"
#include "casework/v1/inspection.pb.h"
#include "sync/freeze.h"
#include "sync/sign.h"
#include "sync/view.h"
#include "tests/laws/bent_journal.h"
#include "tests/laws/chance.h"
#include "tests/support/paper_world.h"

namespace sotay::sync {
namespace {

using casework::v1::Finding;
using casework::v1::Inspection;
using laws::Journal;
using tests::kProsecutor;
using tests::kSupervisor;
using tests::PaperOffice;
using tests::PaperPhone;
using tests::RecordNamed;
using tests::Wish;

constexpr int kSeeds = 150;
constexpr int kSteps = 60;

Wish Visit() { return Wish("v", "casework.v1.Inspection"); }

// One telling.
class Telling {
 public:
  explicit Telling(uint32_t seed) : chance_(seed) {
    phones_[0].Write("v", {Visit().SetNumber(Inspection::kKindFieldNumber, 9)});
    office_.Exchange(&phones_[0]);
    for (PaperPhone& phone : phones_) office_.Exchange(&phone);
  }

  void Run() {
    for (int step = 0; step < kSteps; ++step) Step();
    for (int again = 0; again < 2; ++again) {
      for (PaperPhone& phone : phones_) Meet(&phone);
    }
  }
  const PaperOffice& office() const { return office_; }
  const std::vector<PaperPhone>& phones() const { return phones_; }
  const std::set<std::string>& taken() const { return taken_; }

 private:
  size_t Below(size_t bound) { return chance_.Below(bound); }
  bool Leads(size_t phone) const { return phone >= 2; }

  void Meet(PaperPhone* phone) {
    office_.Exchange(phone);
    office_.Push(*phone, 1);  // all of it again
  }
  void Step() {
    office_.now_ms += 1'000;
    const size_t who = Below(phones_.size());
    PaperPhone* const phone = &phones_[who];
    const size_t what = Below(10);
    if (what < 3) return Meet(phone);
    if (what == 3) return TakeIn();
    if (!Leads(who)) return Write(phone);
    if (what < 8) return Sign(phone);
    // A leader's step, wherever it leads; else a leader's words.
    const int32_t state = phone->Shown("v")->StateInForce(Inspection::kStateFieldNumber);
    if (state == 0 && Below(2) == 0) {
      phone->Write("v", {Visit().SetNumber(Inspection::kStateFieldNumber, 7)});
    } else {
      phone->Write("v", {Visit().Set(Inspection::kLeadIdFieldNumber, Name("u"))});
    }
  }
  void Write(PaperPhone* phone) {
    switch (Below(6)) {
      case 0:
        return Put(phone, Visit().Set(Inspection::kPlaceFieldNumber, Name("Cồn Sậy ")));
      case 1:
        return Put(phone, Visit().Count(Inspection::kTalliesFieldNumber, 1, "tin"));
      case 2:
        return Put(phone, Visit().Append(Inspection::kScoresFieldNumber, ""));
      case 3:
        return Put(phone, Wish(Name("f"), "casework.v1.Finding")
                              .Set(Finding::kInspectionIdFieldNumber, RecordNamed("v").view()));
      case 4: {
        Wish comment(Name("c"), "casework.v1.Comment");
        return Put(phone,
                   comment.Set(casework::v1::Comment::kParentFieldNumber, RecordNamed("v").view())
                       .Set(casework::v1::Comment::kBodyFieldNumber, "Đã rõ."));
      }
      default: {
        const std::string before(phone->Shown("v")->ShownText(Inspection::kConclusionFieldNumber));
        return Put(phone, Visit().Text(Inspection::kConclusionFieldNumber,
                                       before + Name(" Tin số ") + " thiếu giờ."));
      }
    }
  }
  void Put(PaperPhone* phone, const RecordWish& wish) { phone->Write("v", {wish}); }
  void Sign(PaperPhone* phone) {
    std::vector<MergedRecord> shown;
    for (const std::string& name : signatures_) {
      auto record = phone->Shown(name);
      if (record.has_value() && !record->empty()) shown.push_back(*std::move(record));
    }
    const auto before = SignaturesOf(RecordNamed("v"), std::move(shown));
    tests::SignOffWords words;
    words.read_again = Below(2) == 0;
    if (Below(3) == 0) words.decision = casework::v1::SIGN_OFF_DECISION_RETURN;
    for (const std::string& name : signatures_) {
      if (!before.empty() && RecordNamed(name) == before.back().id()) words.supersedes = name;
    }
    if (Below(12) == 0) words.supersedes.clear();  // a build that forgets
    signatures_.push_back(Name("s"));
    Put(phone,
        tests::SignOffOf(*phone->Shown("v"), signatures_.back(), words, tests::PlainContentHash));
  }
  void TakeIn() {
    std::vector<v1::QuarantinedChange> refused;
    for (const v1::QuarantinedChange& change : office_.SetAside()) {
      if (taken_.count(change.change_id()) == 0) refused.push_back(change);
    }
    if (refused.empty()) return;
    const v1::QuarantinedChange& change = refused[Below(refused.size())];
    if (office_.TakeIn(change, "ngu").verdict() == v1::VERDICT_APPLIED) {
      taken_.insert(change.change_id());
    }
  }
  std::string Name(const std::string& prefix) { return prefix + std::to_string(++names_); }

  laws::Chance chance_;
  int names_ = 0;
  PaperOffice office_{tests::CaseworkSchema()};
  std::vector<PaperPhone> phones_ = {
      office_.Enrol("dam", kProsecutor), office_.Enrol("que", kProsecutor),
      office_.Enrol("ngu", kSupervisor), office_.Enrol("duoc", kSupervisor)};
  std::vector<std::string> signatures_;
  std::set<std::string> taken_;
};

// What the journal says of one entry's moment, found the slow way: by folding all before it.
class Oracle {
 public:
  Oracle(const PaperOffice& office, const Journal& journal) : office_(office), journal_(journal) {
    for (const PaperOffice::Line& line : journal) Take(line);
  }
  std::vector<std::string> faults;
  int signed_times = 0, stale = 0, late = 0, amended = 0;

 private:
  using Line = PaperOffice::Line;

  // The inspection as the entries up to `position` make it.
  MergedRecord ObjectAt(uint64_t position) const {
    History all = office_.HistoryOf(RecordNamed("v"), {}, &journal_);
    VersionVector seen;
    for (const Line& line : journal_) {
      if (line.admission.position() == 0 || line.admission.position() > position) continue;
      v1::Change change;
      change.ParseFromString(line.bytes);
      for (const v1::RecordEdit& edit : change.edits()) {
        if (edit.record_id() != RecordNamed("v").view()) continue;
        if (line.admission.has_taken_in()) {
          seen.Add(TakenInAs(line.id), kTakenInSequence);
        } else {
          seen.Add(line.device, line.sequence);
        }
      }
    }
    return all.At(seen);
  }
  // What a signature would have to be then; empty: this one is it.
  std::string WhyStale(const v1::RecordEdit& edit, uint64_t position) const {
    const auto signature = SignatureIn(*tests::CaseworkSchema()->Find("signoff"), edit);
    const MergedRecord object = ObjectAt(position);
    if (signature->supersedes != newest_) return "follows another";
    if (VersionBytes(signature->version) != VersionBytes(object.seen())) return "another version";
    if (signature->content_hash != tests::PlainContentHash(SignedContent(object))) return "words";
    if (signature->signs && !Conflicts(object).empty()) return "people disagree";
    return "";
  }
  void Take(const Line& line) {
    v1::Change change;
    change.ParseFromString(line.bytes);
    const v1::RecordEdit& edit = change.edits(0);
    const bool applied = line.admission.position() != 0;
    const uint64_t before = applied ? line.admission.position() - 1 : line.after_position;
    const v1::Reason reason = applied ? v1::REASON_UNSPECIFIED : line.set_aside.reason();
    const std::string where =
        "entry " + std::to_string(before) + (applied ? " applied: " : " refused: ");
    if (edit.type() == "casework.v1.SignOff") {
      const std::string why = WhyStale(edit, before);
      if (applied != why.empty() && reason != v1::REASON_REQUIRED_MISSING) {
        faults.push_back(where + "signature " + why);
      }
      if (!applied) {
        stale += reason == v1::REASON_SIGNATURE_STALE;
        return;
      }
      if (line.admission.has_taken_in()) faults.push_back(where + "a signature is taken in");
      ++signed_times;
      newest_ = RecordId::From(edit.record_id());
      const auto signature = SignatureIn(*tests::CaseworkSchema()->Find("signoff"), edit);
      frozen_ = signature->signs;
      // Whatever came since, the revision it names says what was signed.
      History all = office_.HistoryOf(RecordNamed("v"), {}, &journal_);
      if (tests::PlainContentHash(SignedContent(all.At(signature->version))) !=
          signature->content_hash) {
        faults.push_back(where + "no longer verifies");
      }
      return;
    }
    const bool finding = edit.type() == "casework.v1.Finding";
    const bool visit = edit.record_id() == RecordNamed("v").view();
    bool amends = finding;
    for (const v1::FieldOp& op : edit.ops()) {
      const bool entry = op.field() == Inspection::kScoresFieldNumber;
      const bool step = op.field() == Inspection::kStateFieldNumber;
      amends = amends || (visit && !entry && !step);
    }
    amends = amends && frozen_;
    if (applied && line.admission.has_taken_in()) {
      ++amended;
    } else if (applied && amends) {
      faults.push_back(where + "amends what is signed");
    } else if (!applied) {
      late += reason == v1::REASON_LATE_AMENDMENT;
      if (reason == v1::REASON_LATE_AMENDMENT && !amends) {
        faults.push_back(where + "late, of what is open");
      }
      const bool expected =
          reason == v1::REASON_LATE_AMENDMENT || reason == v1::REASON_BUILDS_ON_REFUSED;
      if (!expected) faults.push_back(where + line.set_aside.message());
    }
  }

  const PaperOffice& office_;
  const Journal& journal_;
  absl::optional<RecordId> newest_;
  bool frozen_ = false;
};

// S4: what anybody wrote is in the journal once, and where it was taken in, once more.
std::string WhatIsLost(const Telling& telling, const Journal& journal) {
  std::map<std::string, int> times;
  for (const PaperOffice::Line& line : journal) ++times[line.id.str()];
  for (const PaperPhone& phone : telling.phones()) {
    for (const PushedChange& change : phone.Written(1)) {
      const int wanted = telling.taken().count(change.id.str()) != 0 ? 2 : 1;
      if (times[change.id.str()] != wanted) {
        return "what was written is there " + std::to_string(times[change.id.str()]) +
               " times and not " + std::to_string(wanted);
      }
    }
  }
  return "";
}

TEST(SigningLaws, WhatIsSignedIsWhatWasReadAndStaysSo) {
  int signed_times = 0, stale = 0, late = 0, amended = 0;
  for (uint32_t seed = 1; seed <= kSeeds; ++seed) {
    Telling telling(seed);
    telling.Run();
    const Oracle oracle(telling.office(), telling.office().journal());
    ASSERT_THAT(oracle.faults, ::testing::IsEmpty()) << "seed " << seed;
    signed_times += oracle.signed_times;
    stale += oracle.stale;
    late += oracle.late;
    amended += oracle.amended;
    ASSERT_EQ(WhatIsLost(telling, telling.office().journal()), "") << "seed " << seed;
    for (const PaperPhone& phone : telling.phones()) {
      // Everybody is shown what the office has.
      ASSERT_EQ(VisibleBytes(*phone.Shown("v")), VisibleBytes(*telling.office().Find("v")))
          << "seed " << seed;
    }
  }
  // The tellings were about something.
  EXPECT_GT(signed_times, kSeeds);
  EXPECT_GT(stale, kSeeds);
  EXPECT_GT(late, kSeeds);
  EXPECT_GT(amended, kSeeds / 2);
}

// --- planted faults -------------------------------------------------------------------------

// The fault leads to that complaint.
void FindsOut(laws::Fault fault, const std::string& complaint) {
  for (uint32_t seed = 1; seed <= 40; ++seed) {
    Telling telling(seed);
    telling.Run();
    Journal journal = telling.office().journal();
    if (!fault(&journal)) continue;
    std::vector<std::string> faults = Oracle(telling.office(), journal).faults;
    faults.push_back(WhatIsLost(telling, journal));
    for (const std::string& one : faults) {
      if (one.find(complaint) == std::string::npos) continue;
      std::cout << "found at seed " << seed << ": " << one << "\n";
      return;
    }
  }
  FAIL() << "nobody says '" << complaint << "'";
}

TEST(SigningLaws, S1_FindAStaleSignatureThatIsTaken) {
  FindsOut(laws::TakesAStaleSignature, "applied: signature");
}
TEST(SigningLaws, S2_FindAnAmendmentOfWhatIsSigned) {
  FindsOut(laws::LetsAnAmendmentIn, "amends what is signed");
}
TEST(SigningLaws, S3_FindWhatChangesWhatWasSigned) {
  FindsOut(laws::TakesInWhereItWasWritten, "no longer verifies");
}
TEST(SigningLaws, S4_FindARefusedChangeThatIsLost) {
  FindsOut(laws::LosesWhatItRefuses, "there 0 times");
}
TEST(SigningLaws, S4_FindASignatureThatIsTakenIn) {
  FindsOut(laws::TakesASignatureIn, "a signature is taken in");
}

}  // namespace
}  // namespace sotay::sync
