#include "tests/laws/model_device.h"

#include <algorithm>

#include "sync/stamp.h"
#include "sync/status_macros.h"
#include "sync/validate.h"

namespace sotay::laws {

absl::Status ModelDevice::Write(const std::vector<sync::RecordWish>& wishes,
                                const sync::RecordId& dossier, int64_t now_ms, Chance* chance,
                                const std::function<void(v1::Change*)>& forge) {
  sync::ComposeInput input;
  input.schema = &SchemaOf(person_.build);
  input.device = id_;
  input.user_id = person_.user;
  input.roles = person_.roles;
  input.sequence = progress_.last_sequence() + 1;
  input.previous = progress_.head();
  input.claimed_ms = Clock(now_ms);
  input.stamp = sync::NextStamp(progress_.stamp(), input.claimed_ms);
  input.salt = chance->Bytes(16);
  input.unit_id = kUnit;
  input.dossier = dossier;
  input.wishes = wishes;
  for (const sync::RecordWish& wish : wishes) {
    if (auto shown = Shown(wish.id)) input.shown.emplace(wish.id, *std::move(shown));
  }
  input.hash = NameOf;
  SOTAY_ASSIGN_OR_RETURN(sync::Composed composed, sync::Compose(input));
  if (forge != nullptr) {
    forge(&composed.change);
    composed.bytes = composed.change.SerializeAsString();
    composed.id = NameOf(composed.bytes);
  }
  stored::v1::OwnChange& own = own_[input.sequence];
  own.set_change(composed.bytes);
  own.set_change_id(composed.id.str());
  for (const stored::v1::EditContext& context : composed.contexts) *own.add_contexts() = context;
  progress_.set_last_sequence(input.sequence);
  progress_.set_head(composed.id.str());
  progress_.set_stamp(input.stamp);
  return absl::OkStatus();
}

uint64_t ModelDevice::Unanswered() const {
  for (const auto& [sequence, own] : own_) {
    if (own.outcome().verdict() == v1::VERDICT_UNSPECIFIED) return sequence;
  }
  return progress_.last_sequence() + 1;
}

Request ModelDevice::Ask(uint64_t from, size_t count_max, int64_t now_ms) const {
  Request request;
  request.device = id_;
  request.first_sequence = from;
  for (uint64_t sequence = from;
       sequence <= progress_.last_sequence() && request.changes.size() < count_max; ++sequence) {
    request.changes.push_back(own_.at(sequence).change());
  }
  request.cursor = cursor_;
  request.device_now_ms = Clock(now_ms);
  request.revision_seen = progress_.revision_seen();
  return request;
}

absl::Status ModelDevice::Take(const Answer& answer, int64_t now_ms) {
  sync::AbsorbInput input;
  input.schema = &SchemaOf(person_.build);
  input.progress = progress_;
  input.response = answer.response;
  input.records = answer.records;
  input.device_now_ms = Clock(now_ms);
  SOTAY_ASSIGN_OR_RETURN(const sync::Absorbed absorbed, sync::Absorb(input));
  progress_ = absorbed.progress;
  for (const v1::Cursor& cursor : absorbed.cursors) cursor_ = cursor.position();
  for (const auto& [id, bytes] : absorbed.bases) {
    if (fault_ == DeviceFault::kKeepsOldBases && bases_.count(id) != 0) continue;
    bases_[id] = bytes;
  }
  for (const auto& [sequence, outcome] : absorbed.outcomes) {
    *own_.at(sequence).mutable_outcome() = outcome;
  }
  return absl::OkStatus();
}

absl::optional<sync::MergedRecord> ModelDevice::Show(
    const sync::MergedRecord& base, const std::vector<sync::OwnChange>& own) const {
  std::vector<const sync::OwnChange*> pointers;
  for (const sync::OwnChange& change : own) pointers.push_back(&change);
  auto shown = sync::Show(base, pointers, {});
  if (absl::IsFailedPrecondition(shown.status())) {
    shown = sync::Show(base, pointers, history_(base.id()));
  }
  return shown.ok() ? *std::move(shown) : absl::nullopt;
}

absl::optional<sync::MergedRecord> ModelDevice::Shown(const sync::RecordId& id) const {
  std::vector<sync::OwnChange> own;
  for (const auto& [sequence, stored] : own_) {
    if (fault_ == DeviceFault::kForgetsItsOutbox) break;
    auto change = sync::ReadOwnChange(stored, person_.user, sync::AuthorityOf(person_.roles));
    if (!change.ok()) continue;
    if (fault_ == DeviceFault::kLaysWithoutContext) {
      for (stored::v1::EditContext& context : change->contexts) context.clear_seen();
    }
    if (fault_ == DeviceFault::kLaysBackward) {
      change->author.sequence = progress_.last_sequence() + 1 - change->author.sequence;
    }
    own.push_back(*std::move(change));
  }
  const sync::Schema& schema = SchemaOf(person_.build);
  if (const auto base = bases_.find(id); base != bases_.end()) {
    auto record = sync::MergedRecord::Parse(schema, base->second);
    if (!record.ok()) return absl::nullopt;
    return Show(*record, own);
  }
  // Not at the server yet: what its first edit says of it.
  for (const sync::OwnChange& change : own) {
    for (const v1::RecordEdit& edit : change.change.edits()) {
      if (edit.record_id() != id.view()) continue;
      return Show(sync::MergedRecord(TypeOf(person_.build, edit.type()), id, edit.type(), kUnit,
                                     *sync::RecordId::From(change.change.dossier_id())),
                  own);
    }
  }
  return absl::nullopt;
}

std::map<sync::RecordId, sync::RecordId> ModelDevice::Known() const {
  std::map<sync::RecordId, sync::RecordId> known;
  for (const auto& [id, bytes] : bases_) {
    v1::Record record;
    record.ParseFromString(bytes);
    known[id] = *sync::RecordId::From(record.dossier_id());
  }
  for (const auto& [sequence, stored] : own_) {
    v1::Change change;
    change.ParseFromString(stored.change());
    for (const v1::RecordEdit& edit : change.edits()) {
      const auto id = sync::RecordId::From(edit.record_id());
      if (Shown(*id).has_value()) known[*id] = *sync::RecordId::From(change.dossier_id());
    }
  }
  return known;
}

std::string ModelDevice::Base(const sync::RecordId& id) const {
  const auto base = bases_.find(id);
  return base == bases_.end() ? "" : base->second;
}

}  // namespace sotay::laws
