// Broken and hostile phones push at an office that honest phones use as well.  Whatever the first
// do, every change gets its verdict, the office's log replays, and the honest ones are taken.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sync/view.h"
#include "tests/fuzz/message_mutator.h"
#include "tests/fuzz/require.h"
#include "tests/fuzz/scripts.pb.h"
#include "tests/fuzz/short_ids.h"
#include "tests/support/paper_world.h"

namespace {

using namespace sotay;
using fuzz::Require;
using tests::PaperOffice;
using tests::PaperPhone;

constexpr int kStepsMax = 40;  // a script is a story, not a load test
constexpr int64_t kMonth = int64_t{31} * 24 * 3600 * 1000;
constexpr size_t kBroken = 3;
constexpr size_t kHonest = 3;
constexpr uint32_t kDossiers = 2;
constexpr uint32_t kRecords = 4;

class World {
 public:
  void Run(const fuzz::IngestScript& script) {
    for (int i = 0; i < std::min(script.steps_size(), kStepsMax); ++i) Step(script.steps(i));
    // In the end everybody hears everything, and all that is honest was taken.
    for (int round = 0; round < 2; ++round) {
      for (size_t i = 0; i < kHonest; ++i) Exchange(i);
    }
    CheckHonestAgree();
  }

 private:
  void Step(const fuzz::IngestStep& step);
  void Forge(PaperPhone* phone, v1::Change change);
  void Push(PaperPhone* phone, const fuzz::PushStep& step);
  void Edit(size_t index, const fuzz::HonestEdit& edit);
  void Exchange(size_t index);
  void Hear(PaperPhone* phone);
  void CheckOutcome(const sync::PushInput& push, const sync::PushOutcome& outcome,
                    size_t journal_before);
  void CheckHonestAgree();
  static std::string Name(size_t phone, const char* kind, uint32_t number) {
    return absl::StrCat("honest", phone, kind, number);
  }

  PaperOffice office_{tests::CaseworkSchema()};
  std::array<PaperPhone, kBroken> broken_ = {office_.Enrol("a", tests::kProsecutor),
                                             office_.Enrol("b", tests::kProsecutor),
                                             office_.Enrol("c", tests::kSupervisor)};
  std::array<PaperPhone, kHonest> honest_ = {office_.Enrol("d", tests::kProsecutor),
                                             office_.Enrol("f", tests::kProsecutor),
                                             office_.Enrol("e", tests::kSupervisor)};
  std::vector<sync::ChangeId> written_;  // by broken phones
  std::vector<std::string> names_;       // of records honest phones began
};

void World::Step(const fuzz::IngestStep& step) {
  PaperPhone& broken = broken_[step.phone() % kBroken];
  const size_t honest = step.phone() % kHonest;
  switch (step.act_case()) {
    case fuzz::IngestStep::kForged:
      Forge(&broken, step.forged());
      break;
    case fuzz::IngestStep::kRaw:
      written_.push_back(broken.WriteBytes(step.raw()));
      break;
    case fuzz::IngestStep::kPush:
      Push(&broken, step.push());
      break;
    case fuzz::IngestStep::kSetBack:
      if (broken.progress().last_sequence() > 0) broken.SetBack();
      break;
    case fuzz::IngestStep::kEdit:
      Edit(honest, step.edit());
      break;
    case fuzz::IngestStep::kExchange:
      Exchange(honest);
      break;
    case fuzz::IngestStep::kWaitMs: {
      const int64_t wait = std::clamp<int64_t>(step.wait_ms(), 0, kMonth);
      office_.now_ms += wait;
      for (PaperPhone& phone : honest_) phone.clock_ms += wait;
      break;
    }
    case fuzz::IngestStep::kClockOffMs:
      honest_[honest].clock_ms =
          office_.now_ms + std::clamp<int64_t>(step.clock_off_ms(), -kMonth, kMonth);
      break;
    case fuzz::IngestStep::kHear:
      Hear(&honest_[honest]);
      break;
    case fuzz::IngestStep::ACT_NOT_SET:
      break;
  }
}

// Parents of one byte name the changes broken phones wrote, counted from the first; records that
// begin with 'h' are the honest phones' ones.
void World::Forge(PaperPhone* phone, v1::Change change) {
  fuzz::WidenShortIds(&change);
  const auto honest = [this](std::string* id) {
    if (id->empty() || id->front() != 'h' || names_.empty()) return;
    const std::string& name = names_[static_cast<uint8_t>(id->back()) % names_.size()];
    if (office_.Find(name).has_value()) *id = tests::RecordNamed(name).str();
  };
  honest(change.mutable_dossier_id());
  for (v1::RecordEdit& edit : *change.mutable_edits()) {
    honest(edit.mutable_record_id());
    for (std::string& parent : *edit.mutable_parents()) {
      const auto number = static_cast<uint8_t>(parent.empty() ? 0 : parent.front());
      if (number == 'h') {  // whatever stands there now
        const auto record = sync::RecordId::From(edit.record_id());
        const auto found = record ? office_.Find(record->view()) : absl::nullopt;
        if (found.has_value()) parent = found->heads().front().str();
      } else if (!written_.empty() && parent.size() == sync::ChangeId::kSize) {
        parent = written_[number % written_.size()].str();
      }
    }
  }
  written_.push_back(phone->Forge(std::move(change)));
}

void World::Push(PaperPhone* phone, const fuzz::PushStep& step) {
  // A forked device is turned away before anything is decided.
  if (office_.Row(*phone).state() == v1::DEVICE_STATE_FORKED) return;
  office_.now_ms += 1000;
  office_.skew_ms = step.skew_ms();
  const sync::PushInput push = office_.PushOf(*phone, step.first_sequence());
  const size_t before = office_.journal().size();
  const sync::PushOutcome outcome = office_.Push(push);
  CheckOutcome(push, outcome, before);
  if (!outcome.refused.has_value() && !push.changes.empty()) {
    const sync::PushInput again = office_.PushOf(*phone, push.first_sequence);
    const size_t journal = office_.journal().size();
    const sync::PushOutcome repeated = office_.Push(again);
    Require(!repeated.refused.has_value() && office_.journal().size() == journal,
            "a push that comes again is taken again, and nothing is done");
    for (const v1::ChangeOutcome& one : repeated.outcomes) {
      Require(one.duplicate() && one.verdict() != v1::VERDICT_UNSPECIFIED,
              "a change that comes again is told what became of it");
    }
  }
  office_.skew_ms = 0;
}

void World::CheckOutcome(const sync::PushInput& push, const sync::PushOutcome& outcome,
                         size_t journal_before) {
  if (outcome.refused.has_value()) {
    Require(outcome.outcomes.empty(), "a refused push has no outcomes");
    Require(outcome.device.accepted_through() == push.device.accepted_through() &&
                outcome.device.head() == push.device.head(),
            "a refused push moves nothing");
    const bool forked = outcome.refused->reason == v1::REASON_DEVICE_FORKED;
    Require(forked == (outcome.device.state() == v1::DEVICE_STATE_FORKED), "a fork is noted");
    Require(forked || office_.journal().size() == journal_before, "a refused push leaves nothing");
    return;
  }
  Require(outcome.outcomes.size() == push.changes.size(), "every change has its outcome");
  for (size_t i = 0; i < push.changes.size(); ++i) {
    const v1::ChangeOutcome& one = outcome.outcomes[i];
    Require(one.sequence() == push.first_sequence + i, "outcomes stand in order");
    Require(one.verdict() != v1::VERDICT_UNSPECIFIED, "every change has its verdict");
    if (one.verdict() == v1::VERDICT_APPLIED) {
      Require(one.position() > 0, "what is applied has a position");
    } else {
      Require(one.reason() != v1::REASON_UNSPECIFIED && !one.message().empty(),
              "what is not applied has a reason");
    }
  }
  const uint64_t last = push.first_sequence + push.changes.size() - 1;
  Require(outcome.device.accepted_through() == std::max(push.device.accepted_through(), last),
          "everything that was decided is accepted");
  const auto fresh = static_cast<size_t>(
      std::count_if(outcome.outcomes.begin(), outcome.outcomes.end(),
                    [](const v1::ChangeOutcome& one) { return !one.duplicate(); }));
  Require(office_.journal().size() == journal_before + fresh, "everything is kept, once");
}

// As notebook.cc: a new record gets an id nobody else has, in a dossier that is there.
void World::Edit(size_t index, const fuzz::HonestEdit& edit) {
  PaperPhone& phone = honest_[index];
  // Its own dossiers, or one of its colleague's that it has heard of.
  size_t owner = edit.dossier() / kDossiers % kHonest;
  if (!phone.Shown(Name(owner, "dossier", edit.dossier() % kDossiers)).has_value()) owner = index;
  const std::string dossier = Name(owner, "dossier", edit.dossier() % kDossiers);
  bool opens = phone.Shown(dossier).has_value();
  std::vector<sync::RecordWish> wishes;
  for (const fuzz::HonestWish& wanted : edit.wishes()) {
    const bool root = wanted.record() == 0;
    const std::string name =
        root ? dossier
             : absl::StrCat(dossier, Name(wanted.record() / kRecords % kHonest, "record",
                                          wanted.record() % kRecords));
    const bool own = root ? owner == index : wanted.record() / kRecords % kHonest == index;
    const auto shown = phone.Shown(name);
    const sync::RecordType* type = tests::CaseworkSchema()->Find(wanted.type());
    if (!shown.has_value()) {
      if (!own) continue;
      if (root && (type == nullptr || !type->root)) continue;
      if (root) opens = true;
      if (!opens) continue;
      names_.push_back(name);
    }
    sync::RecordWish wish;
    wish.id = tests::RecordNamed(name);
    wish.type = shown.has_value() ? shown->type_name() : wanted.type();
    for (const v1::FieldOp& op : wanted.ops()) wish.fields.emplace_back().op = op;
    for (const fuzz::WholeText& text : wanted.texts()) {
      sync::FieldEdit& field = wish.fields.emplace_back();
      field.op.set_field(text.field());
      field.whole_text = text.text();
    }
    wishes.push_back(std::move(wish));
  }
  const auto written = phone.TryWrite(dossier, wishes);
  if (!written.ok()) return;
  for (const sync::RecordWish& wish : wishes) {
    Require(phone.Shown(wish.id.view()).has_value(), "what was written is shown");
  }
}

void World::Exchange(size_t index) {
  PaperPhone& phone = honest_[index];
  office_.now_ms += 1000;
  office_.skew_ms = phone.clock_ms - office_.now_ms;
  office_.Exchange(&phone);
  office_.skew_ms = 0;
  for (uint64_t sequence = 1; sequence <= phone.progress().last_sequence(); ++sequence) {
    const v1::ChangeOutcome outcome = phone.Outcome(sequence);
    if (outcome.verdict() != v1::VERDICT_APPLIED) {
      std::fprintf(stderr, "change %d: %s\n", static_cast<int>(sequence),
                   outcome.ShortDebugString().c_str());
    }
    Require(outcome.verdict() == v1::VERDICT_APPLIED, "what the phone let pass, the office takes");
  }
}

// The answer to an exchange that began before the phone wrote what it has not sent.
void World::Hear(PaperPhone* phone) {
  v1::SyncResponse response;
  response.set_accepted_through(phone->progress().accepted_through());
  response.set_server_now_ms(office_.now_ms);
  response.add_cursors()->set_unit_id(tests::kUnit);
  std::vector<v1::FeedRecord> records;
  for (const std::string& name : names_) {
    const auto record = office_.Find(name);
    if (record.has_value()) records.emplace_back().set_record(record->Serialize());
  }
  fuzz::RequireOk(phone->Absorb(response, records).status(), "what the office has is absorbed");
}

void World::CheckHonestAgree() {
  for (const std::string& name : names_) {
    const auto record = office_.Find(name);
    for (const PaperPhone& phone : honest_) {
      const auto shown = phone.Shown(name);
      Require(shown.has_value() == record.has_value(), "all know of the same records");
      if (!record.has_value()) continue;
      Require(sync::VisibleBytes(*shown) == sync::VisibleBytes(*record), "all show the same");
      Require(sync::Content(*tests::CaseworkSchema(), *record) != nullptr,
              "what was taken reads as content");
    }
  }
}

}  // namespace

SOTAY_FUZZ_MESSAGE(fuzz::IngestScript, script) { World().Run(script); }
