#include "tests/server/sealed_phone.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "sync/late.h"
#include "sync/limits.h"
#include "sync/seal/digest.h"
#include "sync/seal/packed.h"
#include "sync/seal/random.h"
#include "sync/seal/seal.h"
#include "sync/stamp.h"

namespace sotay::tests {
namespace {

template <typename T>
T Must(absl::StatusOr<T> result) {
  if (result.ok()) return *std::move(result);
  std::fprintf(stderr, "a test's own step failed: %s\n", result.status().ToString().c_str());
  std::abort();
}

}  // namespace

SealedPhone::SealedPhone(std::string user_id, std::string unit_id, std::set<sync::Role> roles)
    : key_(Must(seal::SigningKey::Generate())),
      device_(seal::DeviceIdOf(key_.PublicKey())),
      user_id_(std::move(user_id)),
      unit_id_(std::move(unit_id)),
      roles_(std::move(roles)) {}

sync::ChangeId SealedPhone::id(uint64_t sequence) const {
  return seal::HashChange(change(sequence));
}

uint64_t SealedPhone::Keep(std::string bytes) {
  changes_.push_back(std::move(bytes));
  return changes_.size();
}

uint64_t SealedPhone::Write(absl::string_view dossier,
                            const std::vector<sync::RecordWish>& wishes) {
  clock_ms += 1000;
  const auto schema = CaseworkSchema();
  sync::ComposeInput input;
  input.schema = schema.get();
  input.device = device_;
  input.user_id = user_id_;
  input.roles = roles_;
  input.sequence = last_sequence() + 1;
  if (!changes_.empty()) input.previous = id(last_sequence()).str();
  input.stamp = sync::StampAt(clock_ms);
  input.claimed_ms = clock_ms;
  input.salt.resize(16);
  seal::RandomBytes(input.salt.data(), input.salt.size());
  input.unit_id = unit_id_;
  input.dossier = RecordNamed(dossier);
  input.wishes = wishes;
  input.hash = &seal::HashChange;
  for (const sync::RecordWish& wish : wishes) {
    if (const auto at = shown_.find(wish.id); at != shown_.end()) input.shown.insert(*at);
  }
  sync::Composed composed = Must(sync::Compose(input));
  for (auto& [record, shown] : composed.shown) shown_.insert_or_assign(record, std::move(shown));
  return Keep(std::move(composed.bytes));
}

uint64_t SealedPhone::Forge(v1::Change change) {
  clock_ms += 1000;
  if (change.format() == 0) change.set_format(1);
  if (change.device_id().empty()) change.set_device_id(device_.str());
  if (change.sequence() == 0) change.set_sequence(last_sequence() + 1);
  if (change.previous().empty() && !changes_.empty()) {
    change.set_previous(id(last_sequence()).str());
  }
  if (change.stamp() == 0) change.set_stamp(sync::StampAt(clock_ms));
  if (change.salt().empty()) change.set_salt(std::string(16, 's'));
  if (change.unit_id().empty()) change.set_unit_id(unit_id_);
  return Keep(change.SerializeAsString());
}

uint64_t SealedPhone::ForgeBytes(std::string bytes) { return Keep(std::move(bytes)); }

v1::SyncRequest SealedPhone::Pull() const {
  v1::SyncRequest request;
  request.set_protocol(1);
  for (const v1::Cursor& cursor : cursors) *request.add_cursors() = cursor;
  request.set_last_sequence(last_sequence());
  request.set_directory_revision(directory_revision);
  request.set_revision_seen(revision_seen);
  request.set_app_version("paper 1");
  for (const std::string& dossier : reports) request.add_secret_dossiers(dossier);
  return request;
}

v1::SyncRequest SealedPhone::Request(uint64_t first, uint64_t last) const {
  v1::SyncRequest request = Pull();
  if (first == 0) first = accepted_through + 1;
  if (last == 0) last = last_sequence();
  if (first > last) return request;
  v1::ChangeBatch batch;
  std::vector<sync::ChangeId> ids;
  for (uint64_t sequence = first; sequence <= last; ++sequence) {
    ids.push_back(id(sequence));
    const auto dossier = withholds.find(sequence);
    batch.add_changes(dossier == withholds.end() ? change(sequence) : std::string());
    if (dossier == withholds.end()) continue;
    v1::WithheldChange* const withheld = batch.add_withheld();
    withheld->set_index(static_cast<uint32_t>(sequence - first));
    withheld->set_change_id(id(sequence).str());
    withheld->set_dossier_id(dossier->second);
  }
  seal::PushSeal sealed;
  sealed.organisation_id = organisation_id;
  sealed.device = device_;
  sealed.first_sequence = first;
  sealed.last_sequence = last;
  if (first > 1) sealed.previous = id(first - 1).str();
  sealed.ids = ids;
  v1::Push* push = request.mutable_push();
  push->set_first_sequence(first);
  push->set_count(static_cast<uint32_t>(ids.size()));
  push->set_previous(sealed.previous);
  pushed_ = batch.SerializeAsString();
  *push->mutable_changes() = seal::Pack(pushed_);
  push->set_signature(Must(key_.Sign(seal::SealText(sealed))));
  std::set<uint64_t> late;
  for (uint64_t sequence : late_) {
    if (says_late && first <= sequence && sequence <= last) late.insert(sequence);
  }
  sync::SayLate(late, &request);
  return request;
}

void SealedPhone::Take(const v1::SyncResponse& response) {
  accepted_through = response.accepted_through();
  for (const v1::ChangeOutcome& outcome : response.outcomes()) {
    outcomes_[outcome.sequence()] = outcome;
    if (outcome.reason() == v1::REASON_LATE_AMENDMENT) late_.insert(outcome.sequence());
  }
  for (const v1::ChangeOutcome& outcome : response.revised()) {
    outcomes_[outcome.sequence()] = outcome;
    revision_seen = std::max(revision_seen, outcome.revision());
  }
  const v1::RecordBatch batch = RecordsOf(response, pushed_);
  removed_dossiers.assign(response.removed_dossiers().begin(), response.removed_dossiers().end());
  std::vector<std::string> gone = removed_dossiers;
  for (const v1::SecretDossier& secret : response.secret_dossiers()) {
    secret_dossiers.push_back(secret);
    gone.push_back(secret.dossier_id());
  }
  for (const std::string& dossier : gone) {
    for (auto at = shown_.begin(); at != shown_.end();) {
      at = at->second.dossier().view() == dossier ? shown_.erase(at) : std::next(at);
    }
  }
  received.clear();
  for (const v1::FeedRecord& fed : batch.records()) {
    sync::MergedRecord record = Must(sync::MergedRecord::Parse(*CaseworkSchema(), fed.record()));
    const sync::RecordId record_id = record.id();
    received.push_back(record_id);
    shown_.insert_or_assign(record_id, std::move(record));
  }
  cursors.assign(response.cursors().begin(), response.cursors().end());
  removed_units.assign(response.removed_units().begin(), response.removed_units().end());
  directory_revision = response.directory_revision();
}

void SealedPhone::ForgetSince(uint64_t sequence) {
  changes_.resize(sequence - 1);
  accepted_through = std::min<uint64_t>(accepted_through, sequence - 1);
}

std::set<sync::RecordId> SealedPhone::Held() const {
  std::set<sync::RecordId> held;
  for (const auto& [id, record] : shown_) held.insert(id);
  return held;
}

const sync::MergedRecord* SealedPhone::Shown(absl::string_view record) const {
  const auto at = shown_.find(RecordNamed(record));
  return at == shown_.end() ? nullptr : &at->second;
}

v1::RecordBatch RecordsOf(const v1::SyncResponse& response, absl::string_view pushed) {
  v1::RecordBatch batch;
  if (!response.has_records()) return batch;
  const std::string raw = Must(seal::Unpack(response.records(), sync::kRecordsBytesMax, pushed));
  if (!batch.ParseFromString(raw)) std::abort();
  return batch;
}

}  // namespace sotay::tests
