#include "tests/laws/world.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sync/view.h"
#include "tests/laws/past_maker.h"
#include "tests/laws/splice.h"

namespace sotay::laws {
namespace {

using options::v1::ROLE_PROSECUTOR;
using options::v1::ROLE_SUPERVISOR;

constexpr int64_t kMinuteMs = 60'000;
constexpr int64_t kYearMs = int64_t{365} * 24 * 60 * kMinuteMs;

ModelDevice::Person MakePerson(const WorldWishes& wishes, int64_t now_ms, Chance* chance) {
  ModelDevice::Person person;
  person.user = absl::StrCat("user-", chance->Below(3));
  const std::vector<std::set<sync::Role>> roles = {
      {ROLE_PROSECUTOR}, {ROLE_SUPERVISOR}, {ROLE_PROSECUTOR, ROLE_SUPERVISOR}};
  person.roles = chance->Pick(roles);
  if (wishes.mixed_builds && chance->Percent(50)) {
    person.build = chance->Percent(50) ? kOlder : kOldest;
  }
  if (!wishes.clocks_lie) return person;
  switch (chance->Below(5)) {
    case 0:
      person.ahead_ms = chance->Between(-30 * kYearMs, 50 * kYearMs);
      break;
    case 1:
      person.ahead_ms = chance->Between(-20 * kMinuteMs, 20 * kMinuteMs);
      break;
    case 2:
      person.stuck_ms = now_ms + chance->Between(-kYearMs, kYearMs);
      break;
    default:
      break;
  }
  return person;
}

// The record's bytes but for what the server assigned.
std::string Unassigned(const sync::MergedRecord& record) {
  v1::Record proto;
  record.ToProto(&proto);
  auto* fields = proto.mutable_fields();
  fields->erase(
      std::remove_if(fields->begin(), fields->end(),
                     [](const v1::FieldState& field) { return field.field() == kReceived; }),
      fields->end());
  return proto.SerializeAsString();
}

// Whether the newer base holds, of other devices, what the older one holds.
bool OnlyOwnNews(const sync::MergedRecord& newer, const sync::MergedRecord* older,
                 const sync::DeviceId& own) {
  for (const auto& [device, sequence] : newer.seen().entries()) {
    if (device != own && (older == nullptr || !older->seen().Has(device, sequence))) return false;
  }
  return true;
}

}  // namespace

World::World(uint64_t seed, const WorldWishes& wishes) : chance_(seed), wishes_(wishes) {
  const bool old_server = wishes.mixed_builds && chance_.Percent(30);
  server_ = std::make_unique<ModelServer>(old_server ? kOlder : kNewest, wishes.server_fault);
  const size_t count = 2 + chance_.Below(4);
  for (size_t i = 0; i < count; ++i) {
    const auto id = *sync::DeviceId::From(chance_.Bytes(16));
    ModelDevice::Person person = MakePerson(wishes, now_ms_, &chance_);
    server_->Enrol(id, person.user, person.roles);
    devices_.push_back(std::make_unique<ModelDevice>(
        id, std::move(person), wishes.device_fault,
        [this](const sync::RecordId& record) { return server_->EditsOf(record); }));
  }
  calls_.resize(count);
}

void World::Run() {
  // Mostly everybody has heard of a first record before the net goes.
  if (chance_.Percent(80)) {
    WriteSomething(0);
    Calm(1);
  }
  const size_t steps = 8 + chance_.Below(wishes_.steps_max);
  for (size_t i = 0; i < steps; ++i) Step();
  for (const auto& device : devices_) server_->Suspend(device->id(), false);
  Calm(3);
  if (!wishes_.deciding) return;
  for (size_t i = 0; i < steps / 4; ++i) Decide();
  for (const auto& device : devices_) server_->Suspend(device->id(), false);
  Calm(3);
}

void World::Step() {
  now_ms_ += chance_.Below(chance_.Percent(10) ? 600'000 : 3'000);
  if (wishes_.deciding && chance_.Percent(25)) Decide();
  const size_t who = chance_.Below(devices_.size());
  switch (chance_.Below(10)) {
    case 0:
    case 1:
    case 2:
      WriteSomething(who);
      break;
    case 3:
    case 4:
      Send(who, /*everything=*/chance_.Percent(50));
      break;
    case 5:
      Serve();
      break;
    default:
      Receive(who, /*lost=*/chance_.Percent(20));
      break;
  }
}

void World::Decide() {
  const size_t who = chance_.Below(devices_.size());
  const bool suspended = chance_.Percent(60);
  if (chance_.Percent(50)) {
    server_->Suspend(devices_[who]->id(), suspended);
    story_.push_back(absl::StrCat("phone ", who, " is of ", suspended ? "no" : "a", " member"));
  } else if (server_->TakeIn(&chance_, now_ms_)) {
    ++taken_in_;
    story_.push_back(absl::StrCat("somebody takes in ", server_->log().back().id.Short()));
  }
}

sync::RecordWish World::WishFor(const sync::RecordId& id, const ModelDevice& device) {
  const absl::optional<sync::MergedRecord> shown = device.Shown(id);
  sync::RecordWish wish;
  wish.id = id;
  wish.type = shown.has_value() ? shown->type_name() : kPaper;
  const std::vector<uint32_t> fields =
      !wishes_.fields.empty() ? wishes_.fields
      : wish.type == kSlip
          ? std::vector<uint32_t>{kName, kBody, kPages, kForeignRegister}
          : std::vector<uint32_t>{kName,  kRemarks, kColour,     kShelves,    kBody,   kTags,
                                  kHands, kPages,   kCopies,     kStage,      kStage,  kNumber,
                                  kSeals, kBody,    kForeignSet, kForeignMap, kCourse, kCourse};
  for (size_t count = 1 + chance_.Below(2); count > 0; --count) {
    const uint32_t field = chance_.Pick(fields);
    const std::string text =
        shown.has_value() && field == kBody ? std::string(shown->ShownText(kBody)) : "";
    const bool twice = std::any_of(wish.fields.begin(), wish.fields.end(),
                                   [&](const auto& edit) { return edit.op.field() == field; });
    if (!twice) wish.fields.push_back({MakeOp(field, text, &chance_), absl::nullopt});
  }
  return wish;
}

std::function<void(v1::Change*)> World::Forgery(size_t who) {
  const size_t kind = chance_.Below(5);
  const std::string unknown = chance_.Bytes(32);
  std::string unsent;
  const ModelDevice& other = *devices_[chance_.Below(devices_.size())];
  if (&other != devices_[who].get() && !other.own().empty()) {
    unsent = other.own().rbegin()->second.change_id();
  }
  return [=](v1::Change* change) {
    v1::RecordEdit* edit = change->mutable_edits(0);
    switch (kind) {
      case 0:  // made on what nobody has
        edit->add_parents(unknown);
        break;
      case 1:  // made on what somebody else may not have sent yet
        if (!unsent.empty() && edit->parents_size() > 0) edit->add_parents(unsent);
        break;
      case 2:  // the server's own field
        edit->add_ops()->set_field(kReceived);
        edit->mutable_ops(edit->ops_size() - 1)->set_set(NumberFragment(kReceived, 7));
        break;
      case 3:  // a text that is not there
        edit->add_ops()->set_field(kBody);
        edit->mutable_ops(edit->ops_size() - 1)->mutable_text()->set_length_before(999);
        break;
      default:  // of a later build
        change->set_format(2);
        break;
    }
  };
}

void World::WriteSomething(size_t who) {
  ModelDevice& device = *devices_[who];
  const std::map<sync::RecordId, sync::RecordId> known = device.Known();
  std::vector<sync::RecordWish> wishes;
  sync::RecordId dossier;
  const size_t there = server_->records().size();
  if (there < wishes_.records_max && known.size() < wishes_.records_max &&
      (known.empty() || chance_.Percent(15))) {
    dossier = *sync::RecordId::From(chance_.Bytes(16));
    wishes.push_back(WishFor(dossier, device));
    if (wishes_.fields.empty() && chance_.Percent(30)) {
      sync::RecordWish slip;
      slip.id = *sync::RecordId::From(chance_.Bytes(16));
      slip.type = kSlip;
      v1::FieldOp parent;
      parent.set_field(kPaperId);
      parent.set_set(TextFragment(kPaperId, dossier.str()));
      slip.fields.push_back({parent, absl::nullopt});
      slip.fields.push_back({MakeOp(kBody, "", &chance_), absl::nullopt});
      wishes.push_back(slip);
    }
  } else if (known.empty()) {
    return;  // it has not heard of any yet
  } else {
    auto first = known.begin();
    std::advance(first, static_cast<std::ptrdiff_t>(chance_.Below(known.size())));
    dossier = first->second;
    wishes.push_back(WishFor(first->first, device));
    for (const auto& [id, root] : known) {
      if (id != first->first && root == dossier && chance_.Percent(20)) {
        wishes.push_back(WishFor(id, device));
      }
    }
  }
  const bool forges = wishes_.forging && chance_.Percent(12);
  const absl::Status status =
      device.Write(wishes, dossier, now_ms_, &chance_, forges ? Forgery(who) : nullptr);
  if (!status.ok()) return;
  if (forges) forgers_.insert(who);
  v1::Change change;
  change.ParseFromString(device.own().rbegin()->second.change());
  const auto name = sync::ChangeId::From(device.own().rbegin()->second.change_id());
  story_.push_back(
      absl::StrCat("phone ", who, " writes ", name->Short(), forges ? ", forged:" : ":"));
  for (const v1::RecordEdit& edit : change.edits()) story_.push_back("  " + Describe(edit));
}

void World::Send(size_t who, bool everything) {
  if (calls_[who].has_value()) return;
  const ModelDevice& device = *devices_[who];
  uint64_t from = device.Unanswered();
  if (!everything && from > 1 && chance_.Percent(30)) from -= 1 + chance_.Below(from - 1);
  const size_t count = everything ? 1'000 : 1 + chance_.Below(3);
  calls_[who].emplace().request = device.Ask(from, count, now_ms_);
  if (chance_.Percent(30)) old_requests_.push_back(calls_[who]->request);
  story_.push_back(absl::StrCat("phone ", who, " sends ", calls_[who]->request.changes.size(),
                                " changes from ", from));
}

// Calls take seconds, although much may happen in this world meanwhile.
Request World::Delivered(Request request) const {
  for (const auto& device : devices_) {
    if (device->id() == request.device) request.device_now_ms = device->Clock(now_ms_);
  }
  return request;
}

void World::Serve() {
  std::vector<Request> requests;
  std::vector<size_t> callers;
  for (size_t who = 0; who < calls_.size(); ++who) {
    if (!calls_[who].has_value() || calls_[who]->answered) continue;
    requests.push_back(Delivered(calls_[who]->request));
    callers.push_back(who);
  }
  std::vector<Answer> answers = server_->Serve(requests, now_ms_);
  for (size_t i = 0; i < callers.size(); ++i) {
    calls_[callers[i]]->answer = std::move(answers[i]);
    calls_[callers[i]]->answered = true;
  }
  story_.push_back(absl::StrCat("the server answers ", callers.size(), " phones"));
  if (!old_requests_.empty() && chance_.Percent(30)) {
    server_->Serve({Delivered(chance_.Pick(old_requests_))}, now_ms_);
    story_.push_back("an old request comes once more");
  }
}

std::vector<std::pair<sync::RecordId, std::string>> World::Expected(size_t who,
                                                                    const Answer& answer) {
  std::vector<std::pair<sync::RecordId, std::string>> expected;
  const ModelDevice& device = *devices_[who];
  if (device.person().build != server_->build()) return expected;  // they may merge otherwise
  if (forgers_.count(who) != 0) return expected;                   // it deceives its own user
  const bool taken_in = std::any_of(
      server_->log().begin(), server_->log().end(), [&](const ModelServer::Logged& logged) {
        return logged.device == device.id() && logged.admission.has_taken_in();
      });
  for (const auto& [sequence, own] : device.own()) {
    // Whether one of its own that was refused came before or after the one it was made on was taken
    // in, a phone cannot know until it is told what the server made of what followed.
    if (taken_in && own.outcome().verdict() == v1::VERDICT_QUARANTINED) return {};
    for (const v1::ChangeOutcome& outcome : answer.response.outcomes()) {
      if (outcome.sequence() == sequence && outcome.verdict() != v1::VERDICT_APPLIED) return {};
    }
    if (own.outcome().verdict() == v1::VERDICT_HELD) return {};
  }
  for (const ModelServer::Logged& logged : server_->log()) {
    if (logged.device != device.id()) continue;
    v1::Change change;
    change.ParseFromString(logged.bytes);
    if (change.stamp() != logged.admission.stamp()) return {};  // its clock was corrected
  }
  const sync::Schema& schema = SchemaOf(device.person().build);
  for (const v1::FeedRecord& fed : answer.records) {
    const auto newer = sync::MergedRecord::Parse(schema, fed.record());
    if (!newer.ok()) continue;
    const auto older = sync::MergedRecord::Parse(schema, device.Base(newer->id()));
    const bool had = older.ok() && older->id() == newer->id();
    if (!OnlyOwnNews(*newer, had ? &*older : nullptr, device.id())) continue;
    const auto shown = device.Shown(newer->id());
    expected.emplace_back(newer->id(), shown.has_value() ? Unassigned(*shown) : "");
  }
  return expected;
}

void World::Receive(size_t who, bool lost) {
  if (!calls_[who].has_value() || !calls_[who]->answered) return;
  const Answer answer = std::move(calls_[who]->answer);
  calls_[who].reset();
  story_.push_back(absl::StrCat("phone ", who, lost ? " never hears" : " hears", " the answer"));
  if (lost) return;
  const auto expected = Expected(who, answer);
  if (const absl::Status status = devices_[who]->Take(answer, now_ms_); !status.ok()) {
    violations_.push_back(absl::StrCat("M9: phone ", who, ": ", status.ToString()));
    return;
  }
  for (const auto& [id, before] : expected) {
    const auto shown = devices_[who]->Shown(id);
    const std::string after = shown.has_value() ? Unassigned(*shown) : "";
    if (after == before) continue;
    v1::Record x;
    v1::Record y;
    x.ParseFromString(before);
    y.ParseFromString(after);
    violations_.push_back(absl::StrCat("M9: phone ", who, " shows record ", id.Short(),
                                       " otherwise although nobody else wrote\nbefore:\n",
                                       Describe(x), "after:\n", Describe(y)));
  }
}

void World::Calm(int rounds) {
  for (int round = 0; round < rounds; ++round) {
    for (size_t who = 0; who < devices_.size(); ++who) {
      now_ms_ += 1'000;
      if (calls_[who].has_value() && !calls_[who]->answered) Serve();
      Receive(who, /*lost=*/false);
      Send(who, /*everything=*/true);
      Serve();
      Receive(who, /*lost=*/false);
    }
  }
}

}  // namespace sotay::laws
