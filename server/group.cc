#include "server/group.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/loading.h"
#include "server/refusal.h"
#include "server/seal_rows.h"
#include "sync/awaited.h"
#include "sync/decision.h"
#include "sync/moved_clock.h"
#include "sync/seal/merkle.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

absl::Status ToStatus(const sync::PushOutcome& outcome) {
  if (outcome.refused->reason == v1::REASON_DEVICE_REVOKED) return DeviceRevoked();
  v1::ErrorDetail detail;
  detail.set_reason(outcome.refused->reason);
  detail.set_expected_sequence(outcome.expected_sequence);
  const bool gap = outcome.refused->reason == v1::REASON_SEQUENCE_GAP;
  return Refuse(gap ? absl::StatusCode::kFailedPrecondition : absl::StatusCode::kAborted, detail,
                outcome.refused->message);
}

absl::Status ChainBroken(uint64_t expected) {
  v1::ErrorDetail detail;
  detail.set_reason(v1::REASON_CHAIN_BROKEN);
  detail.set_expected_sequence(expected);
  return Refuse(absl::StatusCode::kAborted, detail,
                absl::StrCat("the push does not continue the device's chain before change ",
                             expected, "; enrol the device anew, nothing is lost"));
}

// One group while it goes through; it stays until it is answered.
class Group : public std::enable_shared_from_this<Group> {
 public:
  Group(Pen* pen, std::vector<PushJob> jobs);

  void Run(HeldNews* news);

 private:
  absl::Status Load();
  // The push's part of the input, or why it is refused before any decision.
  absl::Status Admit(const Push& push, sync::PushInput* input);
  absl::Status Decide();
  absl::Status SetForkedAside();
  absl::Status FillRound();
  void Note(HeldNews* news) const;
  void Answer(const absl::Status& written);
  bool Changed(size_t index) const;
  google::protobuf::RepeatedPtrField<stored::v1::PlacedRun> Placed(const sync::DeviceId& device,
                                                                   size_t* entry) const;
  // Each push by itself, so that what fails for one does not fail for all.
  void RunEach(HeldNews* news);

  Pen& pen_;
  std::vector<PushJob> jobs_;
  std::vector<const v1::Change*> changes_;  // all that can be read
  Footprint footprint_;
  std::vector<absl::Status> refused_;  // as jobs_; OK: it is in the input
  std::vector<size_t> taken_;          // indexes of jobs_ that are in the input
  std::vector<size_t> forked_;         // indexes of pushes of devices already known as forked
  sync::IngestInput input_;
  sync::IngestOutcome outcome_;
  Round round_;
};

Group::Group(Pen* pen, std::vector<PushJob> jobs) : pen_(*pen), jobs_(std::move(jobs)) {
  std::vector<const v1::Change*> judged;
  for (const PushJob& job : jobs_) {
    // What a revoked device sends is set aside without a look at the records it names.
    const auto row = pen_.directory().Device(job.push.device);
    const bool revoked = row != nullptr && row->state() == v1::DEVICE_STATE_REVOKED;
    for (const sync::PushedChange& pushed : job.push.changes) {
      if (pushed.change == nullptr) continue;
      changes_.push_back(pushed.change.get());
      if (!revoked) judged.push_back(pushed.change.get());
    }
  }
  footprint_ = FootprintOf(pen_.schema(), judged);
  for (const PushJob& job : jobs_) footprint_.devices.push_back(job.push.device);
  std::sort(footprint_.devices.begin(), footprint_.devices.end());
}

absl::Status Group::Admit(const Push& push, sync::PushInput* input) {
  const auto row = pen_.directory().Device(push.device);
  if (row == nullptr) return DeviceUnknown();
  // The key may have been given up since it was looked at.
  const auto keys = pen_.directory().KeysOf(push.device);
  const uint64_t newest = push.first_sequence + push.changes.size() - 1;
  if (keys == nullptr ||
      (push.sealed_with != keys->current().spki() && push.sealed_with != keys->Of(newest).spki())) {
    return DeviceUnknown();
  }
  SOTAY_RETURN_IF_ERROR(CheckRevoked(*row, push.first_sequence, push.changes.size()));
  const auto person = pen_.directory().FindPerson(row->user_id());
  if (person == nullptr) return DeviceUnknown();
  input->device = *row;
  input->roles = person->roles;
  input->rights = person->rights;
  input->heard = push.heard;
  input->late = push.late;
  input->skew_ms = push.skew_ms;
  input->first_sequence = push.first_sequence;
  const uint64_t accepted = row->accepted_through();
  if (push.first_sequence > accepted + 1) return absl::OkStatus();  // a gap: Ingest says so
  // The change before the first is part of what the seal vouches for.
  const uint64_t last = push.first_sequence + push.changes.size() - 1;
  if (push.first_sequence <= accepted) {
    const uint64_t from = std::max<uint64_t>(push.first_sequence, 2) - 1;
    SOTAY_ASSIGN_OR_RETURN(input->known,
                           pen_.store().LoadKnown(push.device, from, std::min(last, accepted)));
  }
  if (push.first_sequence == accepted + 1) {
    if (push.previous != row->head()) return ChainBroken(accepted + 1);
  } else if (push.first_sequence > 1) {
    const auto before = input->known.find(push.first_sequence - 1);
    if (before == input->known.end() || before->second.change_id() != push.previous) {
      return ChainBroken(accepted + 1);
    }
  }
  return absl::OkStatus();
}

absl::Status Group::Load() {
  for (size_t i = 0; i < jobs_.size(); ++i) {
    sync::PushInput push;
    const absl::Status admitted = Admit(jobs_[i].push, &push);
    // A store that cannot be read is no answer to this push alone.
    if (absl::IsDataLoss(admitted) || absl::IsInternal(admitted)) return admitted;
    if (push.device.state() == v1::DEVICE_STATE_FORKED) {
      forked_.push_back(i);
      refused_.push_back(DeviceForked());
      continue;
    }
    refused_.push_back(admitted);
    if (!admitted.ok()) continue;
    push.changes = std::move(jobs_[i].push.changes);
    taken_.push_back(i);
    input_.pushes.push_back(std::move(push));
  }
  return LoadNamed(&pen_, changes_, footprint_, &input_, &round_);
}

absl::Status Group::Decide() {
  for (;;) {
    outcome_ = sync::Ingest(input_);
    if (outcome_.histories_needed.empty()) {
      SOTAY_ASSIGN_OR_RETURN(const bool more, LoadBare(&pen_, outcome_, &input_));
      if (!more) return absl::OkStatus();
      continue;
    }
    SOTAY_RETURN_IF_ERROR(LoadHistories(&pen_, outcome_.histories_needed, changes_, &input_));
  }
}

// What a device known as forked still sends is kept with the rest of its branch, once.
absl::Status Group::SetForkedAside() {
  for (size_t index : forked_) {
    const Push& push = jobs_[index].push;
    stored::v1::DeviceRow row = *pen_.directory().Device(push.device);
    const uint64_t last = push.first_sequence + push.changes.size() - 1;
    SOTAY_ASSIGN_OR_RETURN(const auto known,
                           pen_.store().LoadKnown(push.device, push.first_sequence, last));
    for (size_t i = 0; i < push.changes.size(); ++i) {
      const sync::PushedChange& pushed = push.changes[i];
      const uint64_t sequence = push.first_sequence + i;
      const auto at = known.find(sequence);
      if (at != known.end() && at->second.change_id() == pushed.id.view()) continue;
      SOTAY_ASSIGN_OR_RETURN(const auto kept,
                             pen_.store().LoadAside(push.device, sequence, pushed.id.view()));
      if (kept.has_value()) continue;
      sync::SetAside& aside = outcome_.set_aside.emplace_back();
      v1::QuarantinedChange& change = aside.change;
      const bool bare = sync::IsSecret(pushed, input_.sealed.get());
      change.set_change(bare ? sync::NamedOnly(pushed, push.device.str(), sequence) : pushed.bytes);
      change.set_change_id(pushed.id.str());
      change.set_device_id(push.device.str());
      change.set_sequence(sequence);
      change.set_user_id(row.user_id());
      change.set_received_ms(pen_.now_ms());
      change.set_verdict(v1::VERDICT_QUARANTINED);
      change.set_reason(v1::REASON_FORKED_BRANCH);
      change.set_message("written by a copy of the device, or after a set-back");
      sync::NoteSkew(push.skew_ms, &change);
      if (pushed.change != nullptr) {
        const auto head = pen_.Head(pushed.change->unit_id());
        if (head.has_value()) {
          change.set_unit_id(pushed.change->unit_id());
          aside.after_position = head->position();
        }
        aside.records = RecordsOf(change);
      }
      row.set_set_aside(row.set_aside() + 1);
    }
    round_.tables.devices.push_back(std::move(row));
  }
  return absl::OkStatus();
}

bool Group::Changed(size_t index) const {
  const stored::v1::DeviceRow& before = input_.pushes[index].device;
  const stored::v1::DeviceRow& after = outcome_.pushes[index].device;
  return before.accepted_through() != after.accepted_through() || before.state() != after.state() ||
         before.set_aside() != after.set_aside();
}

// Where the next entries went, as far as they are the device's.
google::protobuf::RepeatedPtrField<stored::v1::PlacedRun> Group::Placed(
    const sync::DeviceId& device, size_t* entry) const {
  google::protobuf::RepeatedPtrField<stored::v1::PlacedRun> placed;
  stored::v1::PlacedRun* run = nullptr;
  for (; *entry < outcome_.entries.size(); ++*entry) {
    const sync::NewEntry& added = outcome_.entries[*entry];
    if (added.device != device) break;
    const uint64_t position = added.admission.position();
    if (run != nullptr && run->unit_id() == added.unit_id &&
        added.sequence == run->first_sequence() + run->count() &&
        position == run->position() + run->count()) {
      run->set_count(run->count() + 1);
      continue;
    }
    run = placed.Add();
    run->set_first_sequence(added.sequence);
    run->set_count(1);
    run->set_unit_id(added.unit_id);
    run->set_position(position);
  }
  return placed;
}

absl::Status Group::FillRound() {
  round_.outcome = &outcome_;
  size_t entry = 0;  // the first that no seal of this round names yet
  for (size_t i = 0; i < taken_.size(); ++i) {
    if (!Changed(i)) continue;
    Push& push = jobs_[taken_[i]].push;
    sync::PushOutcome& decided = outcome_.pushes[i];
    round_.tables.devices.push_back(decided.device);
    if (!decided.refused.has_value()) {
      stored::v1::SealRow seal;
      seal.set_first_sequence(push.first_sequence);
      seal.set_last_sequence(push.first_sequence + input_.pushes[i].changes.size() - 1);
      seal.set_signature(push.signature);
      *seal.mutable_placed() = Placed(push.device, &entry);
      SOTAY_RETURN_IF_ERROR(
          WithholdSecrets(input_.pushes[i], decided.outcomes, input_.sealed.get(), &push.packed));
      *seal.mutable_changes() = std::move(push.packed);
      round_.seals.emplace_back(push.device, std::move(seal));
    }
    if (auto contact = pen_.contacts().TakeContact(push.device)) {
      round_.tables.contacts.emplace_back(push.device, *std::move(contact));
    }
  }
  return FillLogs(pen_, outcome_, &round_);
}

void Group::Note(HeldNews* news) const {
  for (size_t i = 0; i < taken_.size(); ++i) {
    const stored::v1::DeviceRow& after = outcome_.pushes[i].device;
    if (after.held_size() != input_.pushes[i].device.held_size()) news->devices.push_back(after);
  }
  news->satisfied = sync::ArrivedWith(outcome_);
}

void Group::Answer(const absl::Status& written) {
  size_t next = 0;  // of taken_
  for (size_t i = 0; i < jobs_.size(); ++i) {
    sync::PushOutcome* const decided =
        next < taken_.size() && taken_[next] == i ? &outcome_.pushes[next++] : nullptr;
    if (!written.ok()) {
      jobs_[i].done(written);
    } else if (decided == nullptr) {
      jobs_[i].done(std::move(refused_[i]));
    } else if (decided->refused.has_value()) {
      jobs_[i].done(ToStatus(*decided));
    } else {
      jobs_[i].done(PushAnswer{decided->device.accepted_through(), std::move(decided->outcomes)});
    }
  }
}

void Group::RunEach(HeldNews* news) {
  for (size_t i = 0; i < taken_.size(); ++i) {
    jobs_[taken_[i]].push.changes = std::move(input_.pushes[i].changes);
  }
  for (PushJob& job : jobs_) {
    std::vector<PushJob> one;
    one.push_back(std::move(job));
    std::make_shared<Group>(&pen_, std::move(one))->Run(news);
  }
}

void Group::Run(HeldNews* news) {
  pen_.WaitFor(footprint_);
  absl::Status status = Load();
  if (status.ok()) status = Decide();
  if (status.ok()) status = SetForkedAside();
  if (status.ok()) status = FillRound();
  if (!status.ok()) {
    if (jobs_.size() > 1) {
      RunEach(news);
    } else {
      jobs_.front().done(std::move(status));
    }
    return;
  }
  Note(news);
  // Nothing but duplicates: all of it is durable already.
  if (round_.tables.devices.empty()) {
    Answer(absl::OkStatus());
    return;
  }
  pen_.Hand(std::move(round_), std::move(footprint_),
            [self = shared_from_this()](const absl::Status& written) { self->Answer(written); });
}

}  // namespace

absl::Status CheckRevoked(const stored::v1::DeviceRow& row, uint64_t first, uint64_t count) {
  const uint64_t accepted = row.accepted_through();
  const uint64_t last = first + count - 1;
  // What is here already is answered as it stands.
  if (row.state() != v1::DEVICE_STATE_REVOKED || last <= accepted) return absl::OkStatus();
  const uint64_t fresh = last - std::max(first - 1, accepted);
  const uint64_t room = kRevokedAsideMax - std::min<uint64_t>(row.set_aside(), kRevokedAsideMax);
  if (fresh <= room) return absl::OkStatus();
  if (room == 0) return DeviceRevoked();
  return TooLarge("push: changes of a revoked device", fresh, room, "send it in parts");
}

HeldNews TakeGroup(Pen* pen, std::vector<PushJob> jobs) {
  HeldNews news;
  std::make_shared<Group>(pen, std::move(jobs))->Run(&news);
  return news;
}

absl::Status FillLogs(const Pen& pen, const sync::IngestOutcome& outcome, Round* round) {
  std::map<std::string, seal::MerkleEdge> trees;
  std::map<std::string, stored::v1::UnitHead>& heads = round->tables.heads;
  for (const auto& [unit, position] : outcome.positions) {
    stored::v1::UnitHead& head = heads[unit];
    head = pen.Head(unit).value_or(stored::v1::UnitHead());
    const auto tree = seal::MerkleEdge::From(head.position(), head.tree());
    if (!tree.has_value()) {
      return absl::DataLossError(absl::StrCat(DescribeKey(HeadKey(unit)), " has no tree"));
    }
    trees[unit] = *tree;
    head.set_position(position);
    const auto births = outcome.births.find(unit);
    if (births != outcome.births.end()) head.set_records(head.records() + births->second);
    const auto numbers = outcome.numbers.find(unit);
    if (numbers == outcome.numbers.end()) continue;
    head.clear_numbers();
    for (const auto& [series, last] : numbers->second) {
      stored::v1::NumberSeries* const row = head.add_numbers();
      row->set_series(series);
      row->set_last(last);
    }
  }
  round->tables.dossier_acts = outcome.acts;
  const auto note = [round](const v1::QuarantinedChange& aside) {
    if (auto submission = SubmissionOf(aside)) {
      round->tables.submissions.push_back(*std::move(submission));
    }
  };
  for (const sync::SetAside& aside : outcome.set_aside) note(aside.change);
  for (const AsideRow& row : round->decided) note(row.change);
  std::vector<seal::MerkleNode> grown;
  round->admissions.reserve(outcome.entries.size());
  for (const sync::NewEntry& entry : outcome.entries) {
    const std::string& noted = round->admissions.emplace_back(entry.admission.SerializeAsString());
    trees[entry.unit_id].Append(seal::LeafOf(entry.id, noted), &grown);
    for (const seal::MerkleNode& node : grown) round->nodes.emplace_back(entry.unit_id, node);
    grown.clear();
  }
  for (auto& [unit, head] : heads) head.set_tree(trees[unit].Bytes());
  return absl::OkStatus();
}

}  // namespace sotay::server
