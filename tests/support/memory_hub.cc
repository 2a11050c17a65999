#include "tests/support/memory_hub.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "mobile-sdk/core/link.h"
#include "sync/history_columns.h"
#include "sync/limits.h"
#include "sync/seal/digest.h"
#include "sync/seal/key.h"
#include "sync/seal/packed.h"
#include "sync/seal/packed_history.h"
#include "sync/seal/seal.h"
#include "sync/status_macros.h"
#include "sync/view.h"

namespace sotay::tests {
namespace {

absl::Status Refused(absl::StatusCode code, v1::Reason reason, absl::string_view message) {
  v1::ErrorDetail detail;
  detail.set_reason(reason);
  return sdk::WithDetail(absl::Status(code, message), detail);
}

std::string Padded(absl::string_view name) {
  std::string bytes(name);
  bytes.resize(16, '.');
  return bytes;
}

}  // namespace

MemoryHub::MemoryHub(std::shared_ptr<const sync::Schema> schema, std::function<int64_t()> now_ms)
    : push_changes_max(sync::kPushChangesMax),
      records_bytes_max(sync::kRecordsBytesMax),
      schema_(std::move(schema)),
      now_ms_(std::move(now_ms)),
      organisation_id_(Padded("vks")) {
  Lock lock(&mutex_);
  state_.epoch = Padded("epoch 0");
}

void MemoryHub::AddUnit(const std::string& unit_id, const std::string& name) {
  Lock lock(&mutex_);
  state_.units[unit_id] = name;
  state_.positions.emplace(unit_id, 0);
  ++state_.directory_revision;
}

void MemoryHub::SetRoles(const std::string& user_id, const std::string& unit_id,
                         std::set<sync::Role> roles) {
  Lock lock(&mutex_);
  state_.users.emplace(user_id, user_id);
  if (roles.empty()) {
    state_.roles[user_id].erase(unit_id);
  } else {
    state_.roles[user_id][unit_id] = std::move(roles);
  }
  ++state_.directory_revision;
}

void MemoryHub::AddDevice(const sync::DeviceId& device, const std::string& spki,
                          const std::string& user_id) {
  Lock lock(&mutex_);
  stored::v1::DeviceRow& row = state_.devices[device];
  row.set_device_id(device.str());
  row.set_public_key(spki);
  row.set_user_id(user_id);
  row.set_state(v1::DEVICE_STATE_ACTIVE);
}

void MemoryHub::SetState(const sync::DeviceId& device, v1::DeviceState state) {
  Lock lock(&mutex_);
  state_.devices.at(device).set_state(state);
}

absl::StatusOr<v1::SyncResponse> MemoryHub::Sync(const sync::DeviceId& device,
                                                 const v1::SyncRequest& request) {
  std::vector<v1::Cursor> news;
  std::vector<std::function<void(const v1::Cursor&)>> listeners;
  v1::SyncResponse response;
  {
    Lock lock(&mutex_);
    const auto row = state_.devices.find(device);
    if (row == state_.devices.end()) {
      return Refused(absl::StatusCode::kUnauthenticated, v1::REASON_DEVICE_UNKNOWN, "who is this");
    }
    if (row->second.state() == v1::DEVICE_STATE_REVOKED) {
      return Refused(absl::StatusCode::kUnauthenticated, v1::REASON_DEVICE_REVOKED, "revoked");
    }
    if (row->second.state() == v1::DEVICE_STATE_FORKED) {
      return Refused(absl::StatusCode::kAborted, v1::REASON_DEVICE_FORKED, "forked; enrol anew");
    }
    const std::string user = row->second.user_id();
    SOTAY_RETURN_IF_ERROR(CheckCursors(state_, user, request));
    const std::map<std::string, uint64_t> before = state_.positions;
    if (request.has_push()) {
      SOTAY_RETURN_IF_ERROR(TakePush(row->second, request, &response));
    }
    Feed(user, request, &response);
    const stored::v1::DeviceRow& now = state_.devices.at(device);
    response.set_accepted_through(now.accepted_through());
    response.set_server_now_ms(now_ms_());
    for (const v1::ChangeOutcome& outcome : state_.revised[device]) {
      if (outcome.revision() > request.revision_seen()) *response.add_revised() = outcome;
    }
    for (const auto& [unit, position] : state_.positions) {
      const auto was = before.find(unit);
      if (was != before.end() && was->second == position) continue;
      v1::Cursor& cursor = news.emplace_back();
      cursor.set_unit_id(unit);
      cursor.set_epoch(state_.epoch);
      cursor.set_position(position);
    }
    for (const auto& [id, listener] : listeners_) listeners.push_back(listener);
  }
  for (const v1::Cursor& cursor : news) {
    for (const auto& listener : listeners) listener(cursor);
  }
  return response;
}

absl::Status MemoryHub::CheckCursors(const State& state, const std::string& user,
                                     const v1::SyncRequest& request) const {
  const auto units = state.roles.find(user);
  for (const v1::Cursor& cursor : request.cursors()) {
    if (units == state.roles.end() || units->second.count(cursor.unit_id()) == 0) continue;
    if (cursor.epoch() == state.epoch &&
        cursor.position() <= state.positions.at(cursor.unit_id())) {
      continue;
    }
    v1::ErrorDetail detail;
    detail.set_reason(v1::REASON_CURSOR_INVALID);
    detail.set_epoch(state.epoch);
    detail.set_unit_id(cursor.unit_id());
    return sdk::WithDetail(absl::FailedPreconditionError("the cursor is of another epoch"), detail);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<sync::PushedChange>> MemoryHub::Unseal(const stored::v1::DeviceRow& row,
                                                                  const v1::Push& push) const {
  if (push.count() > push_changes_max) {
    return Refused(absl::StatusCode::kInvalidArgument, v1::REASON_TOO_LARGE,
                   absl::StrCat("changes: ", push.count(), ", limit ", push_changes_max));
  }
  SOTAY_ASSIGN_OR_RETURN(const std::string raw, seal::Unpack(push.changes(), sync::kPushBytesMax));
  v1::ChangeBatch batch;
  if (!batch.ParseFromString(raw) || static_cast<uint32_t>(batch.changes_size()) != push.count()) {
    return Refused(absl::StatusCode::kInvalidArgument, v1::REASON_MALFORMED, "malformed push");
  }
  std::vector<sync::PushedChange> changes;
  std::vector<sync::ChangeId> ids;
  for (const std::string& bytes : batch.changes()) {
    sync::PushedChange& pushed = changes.emplace_back();
    pushed.bytes = bytes;
    pushed.id = seal::HashChange(bytes);
    pushed.change = sync::ReadChange(bytes);
  }
  // It keeps their places and asks no more of them.
  for (const v1::WithheldChange& withheld : batch.withheld()) {
    const auto id = sync::ChangeId::From(withheld.change_id());
    if (withheld.index() >= changes.size() || !id.has_value()) {
      return Refused(absl::StatusCode::kInvalidArgument, v1::REASON_MALFORMED, "malformed push");
    }
    changes[withheld.index()].id = *id;
    changes[withheld.index()].change = nullptr;
  }
  for (const sync::PushedChange& pushed : changes) ids.push_back(pushed.id);
  seal::PushSeal seal;
  seal.organisation_id = organisation_id_;
  seal.device = *sync::DeviceId::From(row.device_id());
  seal.first_sequence = push.first_sequence();
  seal.last_sequence = push.first_sequence() + push.count() - 1;
  seal.previous = push.previous();
  seal.ids = ids;
  SOTAY_ASSIGN_OR_RETURN(const auto key, seal::VerifyingKey::From(row.public_key()));
  if (!key.Verify(seal::SealText(seal), push.signature())) {
    return Refused(absl::StatusCode::kInvalidArgument, v1::REASON_BAD_SIGNATURE, "bad seal");
  }
  return changes;
}

void MemoryHub::Feed(const std::string& user, const v1::SyncRequest& request,
                     v1::SyncResponse* response) const {
  const auto mine = state_.roles.find(user);
  std::map<std::string, uint64_t> from;
  for (const v1::Cursor& cursor : request.cursors()) {
    if (mine == state_.roles.end() || mine->second.count(cursor.unit_id()) == 0) {
      response->add_removed_units(cursor.unit_id());
    } else {
      from[cursor.unit_id()] = cursor.position();
    }
  }
  v1::RecordBatch batch;
  size_t bytes = 0;
  bool full = false;
  v1::Directory directory;
  if (mine != state_.roles.end()) {
    for (const auto& [unit, roles] : mine->second) {
      std::map<uint64_t, std::vector<const State::Stored*>> fresh;
      for (const auto& [id, stored] : state_.records) {
        if (stored.unit_id == unit && stored.position > from[unit]) {
          fresh[stored.position].push_back(&stored);
        }
      }
      v1::Cursor* cursor = response->add_cursors();
      cursor->set_unit_id(unit);
      cursor->set_epoch(state_.epoch);
      cursor->set_position(from[unit]);
      for (const auto& [position, records] : fresh) {
        size_t size = 0;
        for (const State::Stored* stored : records) size += stored->bytes.size() + 32;
        full = full || (bytes > 0 && bytes + size > records_bytes_max);
        if (full) break;
        bytes += size;
        for (const State::Stored* stored : records) {
          v1::FeedRecord* fed = batch.add_records();
          fed->set_position(position);
          fed->set_record(stored->bytes);
        }
        cursor->set_position(position);
      }
      if (!full) cursor->set_position(state_.positions.at(unit));
      v1::DirectoryUnit* named = directory.add_units();
      named->set_unit_id(unit);
      named->set_name(state_.units.at(unit));
      for (const sync::Role role : roles) named->add_roles(role);
    }
  }
  response->set_more(full);
  if (batch.records_size() > 0)
    *response->mutable_records() = seal::Pack(batch.SerializeAsString());
  response->set_directory_revision(state_.directory_revision);
  if (request.directory_revision() != state_.directory_revision) {
    for (const auto& [id, name] : state_.users) {
      v1::DirectoryPerson* person = directory.add_people();
      person->set_user_id(id);
      person->set_full_name(name);
    }
    *response->mutable_directory() = std::move(directory);
  }
}

absl::StatusOr<v1::ListRecordHistoryResponse> MemoryHub::ListRecordHistory(
    const sync::DeviceId& device, const v1::ListRecordHistoryRequest& request) {
  Lock lock(&mutex_);
  const std::string user = state_.devices.at(device).user_id();
  const auto id = sync::RecordId::From(request.record_id());
  const auto stored = id.has_value() ? state_.records.find(*id) : state_.records.end();
  if (stored == state_.records.end() || state_.roles[user].count(stored->second.unit_id) == 0) {
    return Refused(absl::StatusCode::kNotFound, v1::REASON_NOT_FOUND, "no such record of yours");
  }
  // Two entries a page, so that whoever reads must turn pages.
  constexpr size_t kPage = 2;
  const bool packed = packs && request.packed() >= sync::kHistoryVersion;
  const bool refused =
      std::any_of(state_.log.begin(), state_.log.end(), [&](const State::Entry& e) {
        return e.admission.position() == 0 && e.records.count(request.record_id()) != 0;
      });
  absl::optional<sync::History> telling;
  if (refused) telling = HistoryOf(*id, {});
  v1::ListRecordHistoryResponse response;
  std::vector<v1::LogEntry> page;
  const uint64_t after = request.page_token().empty() ? 0 : std::stoull(request.page_token());
  for (const State::Entry& entry : state_.log) {
    const uint64_t position = entry.admission.position();
    if (position == 0 || position <= after || entry.records.count(request.record_id()) == 0)
      continue;
    if (page.size() == kPage) {
      response.set_next_page_token(absl::StrCat(page.back().admission().position()));
      break;
    }
    v1::LogEntry& out = page.emplace_back();
    out.set_change(entry.bytes);
    out.set_change_id(entry.id.str());
    *out.mutable_admission() = entry.admission;
    if (telling.has_value()) telling->TellSeen(&out);
  }
  std::vector<sync::AdmittedEdit> edits;
  for (const v1::LogEntry& entry : page) edits.push_back(*sync::AdmittedEditOf(entry, *id));
  if (packed) {
    *response.mutable_packed() = seal::PackHistory(edits);
  } else {
    response.mutable_entries()->Assign(page.begin(), page.end());
  }
  return response;
}

std::function<void()> MemoryHub::Listen(std::function<void(const v1::Cursor&)> listener) {
  Lock lock(&mutex_);
  const int id = ++last_listener_;
  listeners_[id] = std::move(listener);
  return [this, id] {
    Lock inner(&mutex_);
    listeners_.erase(id);
  };
}

std::vector<v1::Cursor> MemoryHub::Heads(const sync::DeviceId& device) const {
  Lock lock(&mutex_);
  std::vector<v1::Cursor> heads;
  const auto mine = state_.roles.find(state_.devices.at(device).user_id());
  if (mine == state_.roles.end()) return heads;
  for (const auto& [unit, roles] : mine->second) {
    v1::Cursor& cursor = heads.emplace_back();
    cursor.set_unit_id(unit);
    cursor.set_epoch(state_.epoch);
    cursor.set_position(state_.positions.at(unit));
  }
  return heads;
}

std::shared_ptr<const MemoryHub::State> MemoryHub::Backup() const {
  Lock lock(&mutex_);
  return std::make_shared<const State>(state_);
}

void MemoryHub::Restore(const State& backup) {
  Lock lock(&mutex_);
  state_ = backup;
  state_.epoch = Padded(absl::StrCat("epoch ", ++epochs_));
}

std::string MemoryHub::Digest(const sync::DeviceId& device) const {
  Lock lock(&mutex_);
  const auto mine = state_.roles.find(state_.devices.at(device).user_id());
  std::string visible;
  for (const auto& [id, stored] : state_.records) {
    if (mine == state_.roles.end() || mine->second.count(stored.unit_id) == 0) continue;
    visible += sync::VisibleBytes(*sync::MergedRecord::Parse(*schema_, stored.bytes));
  }
  const auto hash = seal::Sha256(visible);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(hash.data()), hash.size()));
}

size_t MemoryHub::LogSize() const {
  Lock lock(&mutex_);
  return static_cast<size_t>(
      std::count_if(state_.log.begin(), state_.log.end(),
                    [](const State::Entry& entry) { return entry.admission.position() != 0; }));
}

stored::v1::DeviceRow MemoryHub::Row(const sync::DeviceId& device) const {
  Lock lock(&mutex_);
  return state_.devices.at(device);
}

}  // namespace sotay::tests
