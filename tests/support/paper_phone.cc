#include <cstdio>
#include <cstdlib>
#include <utility>

#include "sync/stamp.h"
#include "tests/support/paper_world.h"

namespace sotay::tests {

PaperPhone::PaperPhone(std::shared_ptr<const sync::Schema> schema, absl::string_view name,
                       std::set<sync::Role> roles, std::string unit_id)
    : schema_(std::move(schema)),
      device_(DeviceNamed(name)),
      user_id_(name),
      roles_(std::move(roles)),
      unit_id_(std::move(unit_id)) {}

std::vector<const sync::OwnChange*> PaperPhone::Own() const {
  std::vector<const sync::OwnChange*> own;
  for (const sync::OwnChange& change : own_) own.push_back(&change);
  return own;
}

absl::optional<sync::MergedRecord> PaperPhone::Shown(absl::string_view record) const {
  const sync::RecordId id = RecordNamed(record);
  if (const auto base = bases_.find(id); base != bases_.end()) {
    return Show(base->second);
  }
  // Not on the server yet: an empty record of the type its first own edit names.
  for (const sync::OwnChange& own : own_) {
    for (const v1::RecordEdit& edit : own.change.edits()) {
      if (edit.record_id() != id.view()) continue;
      const auto dossier = sync::RecordId::From(own.change.dossier_id());
      return Show(sync::MergedRecord(schema_->Find(edit.type()), id, edit.type(),
                                     own.change.unit_id(), *dossier));
    }
  }
  return absl::nullopt;
}

absl::optional<sync::MergedRecord> PaperPhone::Show(const sync::MergedRecord& base) const {
  auto shown = sync::Show(base, Own(), {});
  if (absl::IsFailedPrecondition(shown.status()) && history != nullptr) {
    shown = sync::Show(base, Own(), history(base.id()));
  }
  if (!shown.ok()) {
    std::fprintf(stderr, "a record cannot be shown: %s\n", shown.status().ToString().c_str());
    std::abort();
  }
  return *std::move(shown);
}

absl::StatusOr<sync::Composed> PaperPhone::TryWrite(absl::string_view dossier,
                                                    const std::vector<sync::RecordWish>& wishes) {
  clock_ms += 1000;
  sync::ComposeInput input;
  input.schema = schema_.get();
  input.device = device_;
  input.user_id = user_id_;
  input.roles = roles_;
  input.sequence = progress_.last_sequence() + 1;
  input.previous = progress_.head();
  input.stamp = sync::NextStamp(progress_.stamp(), clock_ms);
  input.claimed_ms = clock_ms;
  input.salt = std::string(16, 's');
  input.unit_id = unit_id_;
  input.dossier = RecordNamed(dossier);
  input.wishes = wishes;
  input.hash = &PlainHash;
  for (const sync::RecordWish& wish : wishes) {
    if (auto shown = Shown(wish.id.view())) input.shown.emplace(wish.id, *std::move(shown));
  }
  const auto root = Shown(input.dossier.view());
  if (root.has_value()) input.root = &*root;
  absl::StatusOr<sync::Composed> composed = sync::Compose(input);
  if (composed.ok()) Keep(composed->bytes, composed->change, composed->contexts);
  return composed;
}

sync::ChangeId PaperPhone::Write(absl::string_view dossier,
                                 const std::vector<sync::RecordWish>& wishes) {
  if (const auto composed = TryWrite(dossier, wishes); !composed.ok()) {
    std::fprintf(stderr, "a test's own wish was refused: %s\n",
                 composed.status().ToString().c_str());
    std::abort();
  }
  return written_.back().id;
}

sync::ChangeId PaperPhone::Forge(v1::Change change) {
  clock_ms += 1000;
  if (change.format() == 0) change.set_format(1);
  if (change.device_id().empty()) change.set_device_id(device_.str());
  if (change.sequence() == 0) change.set_sequence(progress_.last_sequence() + 1);
  if (change.previous().empty()) change.set_previous(progress_.head());
  if (change.stamp() == 0) change.set_stamp(sync::NextStamp(progress_.stamp(), clock_ms));
  if (change.salt().empty()) change.set_salt(std::string(16, 's'));
  if (change.unit_id().empty()) change.set_unit_id(unit_id_);
  if (change.claimed_ms() == 0) change.set_claimed_ms(clock_ms);
  std::string bytes = change.SerializeAsString();
  // It knows nothing of what its edits would look like, so they are not shown.
  Keep(std::move(bytes), std::move(change), {});
  return written_.back().id;
}

sync::ChangeId PaperPhone::WriteBytes(std::string bytes) {
  absl::optional<v1::Change> change(absl::in_place);
  if (!change->ParseFromString(bytes)) change.reset();
  Keep(std::move(bytes), std::move(change), {});
  return written_.back().id;
}

v1::Change PaperPhone::Draft(absl::string_view dossier, const Wish& wish,
                             const std::vector<sync::ChangeId>& parents) {
  v1::Change change;
  change.set_dossier_id(RecordNamed(dossier).str());
  v1::RecordEdit* edit = change.add_edits();
  edit->set_record_id(wish.wish().id.str());
  edit->set_type(wish.wish().type);
  for (const sync::ChangeId& parent : parents) edit->add_parents(parent.str());
  for (const sync::FieldEdit& field : wish.wish().fields) *edit->add_ops() = field.op;
  return change;
}

void PaperPhone::Keep(std::string bytes, absl::optional<v1::Change> change,
                      std::vector<stored::v1::EditContext> contexts) {
  sync::PushedChange pushed;
  pushed.id = PlainHash(bytes);
  pushed.bytes = std::move(bytes);
  if (change.has_value()) pushed.change = std::make_shared<v1::Change>(*change);
  progress_.set_last_sequence(progress_.last_sequence() + 1);
  progress_.set_head(pushed.id.str());
  sync::OwnChange own;
  own.id = pushed.id;
  if (change.has_value()) {
    progress_.set_stamp(std::max<uint64_t>(progress_.stamp(), change->stamp()));
    own.change = *std::move(change);
  }
  own.contexts = std::move(contexts);
  own.author = {own.id,   device_,  progress_.last_sequence(), own.change.stamp(),
                user_id_, clock_ms, sync::AuthorityOf(roles_)};
  own_.push_back(std::move(own));
  written_.push_back(std::move(pushed));
}

std::vector<sync::PushedChange> PaperPhone::Written(uint64_t sequence) const {
  if (sequence == 0 || sequence > written_.size()) return {};
  return {written_.begin() + static_cast<std::ptrdiff_t>(sequence - 1), written_.end()};
}

void PaperPhone::SetBack() {
  own_.pop_back();
  written_.pop_back();
  progress_.set_last_sequence(written_.size());
  progress_.set_head(written_.empty() ? "" : written_.back().id.str());
}

v1::ChangeOutcome PaperPhone::Outcome(uint64_t sequence) const {
  return own_.at(sequence - 1).outcome;
}

absl::StatusOr<sync::Absorbed> PaperPhone::Absorb(const v1::SyncResponse& response,
                                                  const std::vector<v1::FeedRecord>& records) {
  sync::AbsorbInput input;
  input.schema = schema_.get();
  input.progress = progress_;
  input.response = response;
  input.records = records;
  input.device_now_ms = clock_ms;
  absl::StatusOr<sync::Absorbed> absorbed = sync::Absorb(input);
  if (!absorbed.ok()) return absorbed;
  progress_ = absorbed->progress;
  for (const auto& [sequence, outcome] : absorbed->outcomes)
    own_.at(sequence - 1).outcome = outcome;
  for (const auto& [id, bytes] : absorbed->bases) {
    auto base = sync::MergedRecord::Parse(*schema_, bytes);
    if (!base.ok()) return base.status();
    bases_.insert_or_assign(id, *std::move(base));
  }
  return absorbed;
}

}  // namespace sotay::tests
