// The notebook's reading hand.
#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "mobile-sdk/core/doubtful_times.h"
#include "mobile-sdk/core/lease.h"
#include "mobile-sdk/core/notebook_impl.h"
#include "mobile-sdk/core/own_changes.h"
#include "mobile-sdk/core/patience.h"
#include "mobile-sdk/core/record_history.h"
#include "mobile-sdk/core/rekeying.h"
#include "mobile-sdk/core/sealing.h"
#include "mobile-sdk/core/shown.h"
#include "mobile-sdk/core/visible_digest.h"
#include "sync/status_macros.h"
#include "sync/view.h"

namespace sotay::sdk {
namespace {

using sync::RecordId;

constexpr size_t kPrefixDigitsMin = 4;

RecordLine LineOf(const RecordId& id, const stored::v1::ListRow& row, uint64_t accepted_through) {
  RecordLine line;
  line.id = id;
  line.type = row.type();
  line.unit_id = row.unit_id();
  line.dossier = RecordId::From(row.dossier_id()).value_or(RecordId());
  line.title = row.title();
  line.state = row.state();
  line.conflicts = row.conflicts();
  line.requested.assign(row.requested().begin(), row.requested().end());
  line.sync_state = StateOf(row, accepted_through);
  line.changed_ms = row.changed_ms();
  return line;
}

bool Passes(const ListFilter& filter, const std::string& type, const stored::v1::ListRow& row) {
  return (type.empty() || row.type() == type) &&
         (filter.unit_id.empty() || row.unit_id() == filter.unit_id) &&
         (!filter.dossier.has_value() || row.dossier_id() == filter.dossier->view()) &&
         (!filter.conflicts_only || row.conflicts() > 0 || !row.requested().empty());
}

// A place in a record's history: by position, then what the server has not placed, by sequence.
struct Placed {
  uint64_t position = std::numeric_limits<uint64_t>::max();
  HistoryLine line;
};

Placed Place(sync::AdmittedEdit edit, const v1::Record& record) {
  Placed placed;
  placed.position = edit.admission.position();
  placed.line.id = edit.change;
  v1::Change& change = placed.line.change;
  change.set_format(1);
  change.set_device_id(edit.device.str());
  change.set_sequence(edit.sequence);
  change.set_unit_id(record.unit_id());
  change.set_dossier_id(record.dossier_id());
  change.set_claimed_ms(edit.claimed_ms);
  change.set_reason(edit.reason);
  *change.add_edits() = std::move(edit.edit);
  placed.line.user_id = edit.admission.user_id();
  placed.line.admission = std::move(edit.admission);
  return placed;
}

absl::Status KeepHistory(Desk* desk, const RecordId& id, const FetchedHistory& history) {
  absl::MutexLock lock(&desk->mutex);
  // Lost meanwhile: then it must not be kept.
  SOTAY_ASSIGN_OR_RETURN(const auto row, desk->store->Row(id));
  if (!row.has_value()) return absl::OkStatus();
  // News came in during the call, perhaps with a history that goes with them.
  SOTAY_ASSIGN_OR_RETURN(const absl::optional<std::string> base, desk->store->Base(id));
  if (base.has_value()) {
    SOTAY_ASSIGN_OR_RETURN(const sync::MergedRecord record,
                           sync::MergedRecord::Parse(*desk->schema, *base));
    if (absl::IsFailedPrecondition(sync::HistoryShown(record, {}, history.edits).status())) {
      return absl::OkStatus();
    }
  }
  StoreBatch batch;
  SOTAY_RETURN_IF_ERROR(PutHistory(*desk->store, id, history, &batch));
  return desk->store->Commit(batch);
}

}  // namespace

SyncState StateOf(const stored::v1::ListRow& row, uint64_t accepted_through) {
  if (row.set_aside()) return SyncState::kRefused;
  if (row.newest_pending() == 0) return SyncState::kSynced;
  return row.newest_pending() > accepted_through ? SyncState::kWaiting : SyncState::kSent;
}

absl::StatusOr<RecordView> Notebook::Read(const RecordId& id) const {
  absl::ReaderMutexLock lock(&impl_->desk.mutex);
  SOTAY_ASSIGN_OR_RETURN(Shown shown, impl_->ReadForPerson(id));
  SOTAY_ASSIGN_OR_RETURN(const stored::v1::Progress progress, impl_->desk.store->Progress());
  SOTAY_ASSIGN_OR_RETURN(const auto row, impl_->desk.store->Row(id));
  std::vector<sync::Conflict> conflicts = sync::Conflicts(shown.record);
  const SyncState state =
      StateOf(RowOf(shown, row.has_value() && row->set_aside()), progress.accepted_through());
  RecordView view = {std::move(shown.record), state, std::move(conflicts), 0, {}};
  SOTAY_ASSIGN_OR_RETURN(const std::vector<Touch> touches, impl_->desk.store->Touches(id, 1));
  for (const Touch& touch : touches) {
    view.newest_own = touch.sequence;
    if (touch.fate == Fate::kQuarantined) view.refused_own.insert(touch.sequence);
  }
  return view;
}

absl::StatusOr<RecordId> Notebook::Find(const std::string& id_prefix) const {
  const std::string digits = absl::AsciiStrToLower(id_prefix);
  if (digits.size() < kPrefixDigitsMin || digits.size() > 2 * RecordId::kSize ||
      digits.find_first_not_of("0123456789abcdef") != digits.npos) {
    return absl::InvalidArgumentError(absl::StrCat("a record is named by ", kPrefixDigitsMin,
                                                   " to ", 2 * RecordId::kSize,
                                                   " hexadecimal digits of its id"));
  }
  const std::string whole_bytes =
      absl::HexStringToBytes(absl::string_view(digits).substr(0, digits.size() / 2 * 2));
  std::vector<RecordId> found;
  absl::ReaderMutexLock lock(&impl_->desk.mutex);
  SOTAY_RETURN_IF_ERROR(
      impl_->desk.store->EachRow(whole_bytes, [&](const RecordId& id, const stored::v1::ListRow&) {
        if (absl::StartsWith(id.Hex(), digits)) found.push_back(id);
        return found.size() < 2;
      }));
  if (found.empty()) {
    SOTAY_ASSIGN_OR_RETURN(const auto sealed, impl_->desk.store->Sealed());
    for (const auto& [dossier, row] : sealed) {
      if (!IsTheirs(row) || !absl::StartsWith(dossier.Hex(), digits)) continue;
      return absl::NotFoundError(absl::StrCat("dossier ", digits,
                                              "… proved to be secret: its content has left this ",
                                              "notebook, and nothing more is written in it"));
    }
    return absl::NotFoundError(absl::StrCat("no record ", digits, "… is in this notebook"));
  }
  if (found.size() > 1) {
    return absl::FailedPreconditionError(
        absl::StrCat("several records begin with ", digits, "; give more digits"));
  }
  return found.front();
}

absl::StatusOr<std::vector<RecordLine>> Notebook::List(const ListFilter& filter) const {
  const sync::RecordType* type = schema().Find(filter.type);
  const std::string& type_name = type != nullptr ? type->name : filter.type;
  std::vector<RecordLine> lines;
  {
    absl::ReaderMutexLock lock(&impl_->desk.mutex);
    if (!filter.here_alone) SOTAY_RETURN_IF_ERROR(CheckOpen(impl_->desk));
    SOTAY_ASSIGN_OR_RETURN(const stored::v1::Progress progress, impl_->desk.store->Progress());
    absl::Status read;
    SOTAY_RETURN_IF_ERROR(
        impl_->desk.store->EachRow("", [&](const RecordId& id, const stored::v1::ListRow& row) {
          if (!Passes(filter, type_name, row)) return true;
          if (filter.here_alone) {
            const auto base = impl_->desk.store->Base(id);
            read.Update(base.status());
            if (!base.ok() || base->has_value()) return read.ok();
          }
          lines.push_back(LineOf(id, row, progress.accepted_through()));
          return true;
        }));
    SOTAY_RETURN_IF_ERROR(read);
  }
  // Rows come in order of id, which thus breaks ties.
  std::stable_sort(lines.begin(), lines.end(), [](const RecordLine& a, const RecordLine& b) {
    return a.changed_ms > b.changed_ms;
  });
  return lines;
}

absl::StatusOr<sync::MergedRecord> Notebook::ReadAt(const RecordId& id,
                                                    const sync::ChangeId& at) const {
  absl::ReaderMutexLock lock(&impl_->desk.mutex);
  SOTAY_RETURN_IF_ERROR(CheckReadable(impl_->desk, id));
  SOTAY_ASSIGN_OR_RETURN(sync::History history, ShownReader(&impl_->desk).History(id));
  SOTAY_ASSIGN_OR_RETURN(const sync::VersionVector version, sync::VersionOf(history, at));
  return history.At(version);
}

absl::StatusOr<std::vector<sync::BlameRun>> Notebook::Blame(
    const RecordId& id, const std::string& field, absl::optional<sync::ChangeId> at) const {
  absl::ReaderMutexLock lock(&impl_->desk.mutex);
  SOTAY_ASSIGN_OR_RETURN(const Shown shown, impl_->ReadForPerson(id));
  const sync::RecordType* type = shown.record.type();
  const sync::FieldType* known = type != nullptr ? type->Field(absl::string_view(field)) : nullptr;
  if (known == nullptr || known->rule != options::v1::RULE_TEXT) {
    return absl::InvalidArgumentError(absl::StrCat("field ", field, " is no running text"));
  }
  SOTAY_ASSIGN_OR_RETURN(sync::History history, ShownReader(&impl_->desk).History(id));
  SOTAY_ASSIGN_OR_RETURN(const sync::VersionVector version, sync::VersionOf(history, at));
  return sync::Blame(&history, known->number, version);
}

absl::StatusOr<std::vector<HistoryLine>> Notebook::History(const RecordId& id, bool fetch) {
  {
    absl::ReaderMutexLock lock(&impl_->desk.mutex);
    SOTAY_RETURN_IF_ERROR(CheckReadable(impl_->desk, id));
  }
  if (fetch) {
    const auto history = FetchHistory(*impl_->link, id);
    if (!history.ok()) return Heard(&impl_->desk, history.status());
    SOTAY_RETURN_IF_ERROR(KeepHistory(&impl_->desk, id, *history));
  }
  std::vector<Placed> placed;
  {
    absl::ReaderMutexLock lock(&impl_->desk.mutex);
    std::set<sync::ChangeId> known;
    SOTAY_ASSIGN_OR_RETURN(const absl::optional<std::string> base, impl_->desk.store->Base(id));
    v1::Record record;
    if (base.has_value()) record.ParseFromString(*base);
    SOTAY_ASSIGN_OR_RETURN(std::vector<sync::AdmittedEdit> kept,
                           KeptHistory(*impl_->desk.store, id));
    for (sync::AdmittedEdit& edit : kept) {
      known.insert(edit.change);
      placed.push_back(Place(std::move(edit), record));
    }
    SOTAY_ASSIGN_OR_RETURN(const std::vector<Touch> touches, impl_->desk.store->Touches(id, 1));
    const ShownReader reader(&impl_->desk);
    for (const Touch& touch : touches) {
      SOTAY_ASSIGN_OR_RETURN(const stored::v1::OwnChange stored,
                             impl_->desk.store->OwnChange(touch.sequence));
      if (sdk::IsWithheld(stored)) continue;
      SOTAY_ASSIGN_OR_RETURN(sync::OwnChange own, reader.ReadOwn(touch.sequence));
      if (!known.insert(own.id).second) continue;
      if (!base.has_value()) {
        SOTAY_ASSIGN_OR_RETURN(const bool gone, reader.IsGone(own.change));
        if (gone) continue;
      }
      Placed one;
      if (own.outcome.position() != 0) one.position = own.outcome.position();
      one.line.id = own.id;
      one.line.user_id = impl_->desk.meta.user_id();
      one.line.change = std::move(own.change);
      placed.push_back(std::move(one));
    }
  }
  if (placed.empty()) {
    return absl::NotFoundError(absl::StrCat("no change of record ", id.Short(), " is here"));
  }
  std::stable_sort(placed.begin(), placed.end(),
                   [](const Placed& a, const Placed& b) { return a.position < b.position; });
  std::vector<HistoryLine> lines;
  lines.reserve(placed.size());
  for (Placed& one : placed) lines.push_back(std::move(one.line));
  return lines;
}

absl::StatusOr<std::vector<RefusedChange>> Notebook::Refused() const {
  absl::ReaderMutexLock lock(&impl_->desk.mutex);
  SOTAY_ASSIGN_OR_RETURN(const std::vector<uint64_t> sequences, impl_->desk.store->Refused());
  const ShownReader reader(&impl_->desk);
  std::vector<RefusedChange> refused;
  for (const uint64_t sequence : sequences) {
    SOTAY_ASSIGN_OR_RETURN(stored::v1::OwnChange stored, impl_->desk.store->OwnChange(sequence));
    if (sdk::IsWithheld(stored)) {
      RefusedChange& withheld = refused.emplace_back();
      withheld.sequence = sequence;
      withheld.outcome = std::move(*stored.mutable_outcome());
      withheld.change.set_dossier_id(stored.withheld_in());
      withheld.withheld = true;
      continue;
    }
    SOTAY_ASSIGN_OR_RETURN(sync::OwnChange own, reader.ReadOwn(sequence));
    refused.push_back({sequence, std::move(own.outcome), std::move(own.change), false});
  }
  return refused;
}

absl::StatusOr<bool> Notebook::IsWithheld(uint64_t sequence) const {
  absl::ReaderMutexLock lock(&impl_->desk.mutex);
  SOTAY_ASSIGN_OR_RETURN(const stored::v1::Progress progress, impl_->desk.store->Progress());
  if (sequence == 0 || sequence > progress.last_sequence()) return false;
  SOTAY_ASSIGN_OR_RETURN(const stored::v1::OwnChange own, impl_->desk.store->OwnChange(sequence));
  return sdk::IsWithheld(own);
}

absl::StatusOr<Status> Notebook::GetStatus() const {
  absl::ReaderMutexLock lock(&impl_->desk.mutex);
  const Desk& desk = impl_->desk;
  SOTAY_ASSIGN_OR_RETURN(const stored::v1::Progress progress, desk.store->Progress());
  Status status;
  status.enrolled = true;
  status.user_id = desk.meta.user_id();
  status.full_name = desk.meta.full_name();
  status.device_id = desk.device.Hex();
  status.server = desk.meta.server();
  status.last_sequence = progress.last_sequence();
  status.accepted_through = progress.accepted_through();
  status.outbox = progress.last_sequence() - progress.accepted_through();
  status.last_contact_ms = progress.last_contact_ms();
  status.skew_ms = progress.skew_ms();
  SOTAY_ASSIGN_OR_RETURN(const Lease lease, LeaseNow(desk));
  status.reading = {lease.open(), lease.days, lease.left_ms.value_or(0), lease.until_ms(),
                    lease.revoked_ms};
  if (desk.renewal != nullptr) status.certificate_ends_ms = desk.renewal->ends_ms();
  status.key_rolls = desk.vault->rolls().size();
  status.rekey_pending = desk.rekeying != nullptr && desk.rekeying->MayBePending(*desk.vault);
  v1::Change oldest;
  SOTAY_RETURN_IF_ERROR(desk.store->EachOwnChange(
      progress.accepted_through() + 1, [&](uint64_t, const stored::v1::OwnChange& own) {
        return sdk::IsWithheld(own) || !oldest.ParseFromString(own.change());
      }));
  status.oldest_outbox_ms = oldest.claimed_ms();
  SOTAY_ASSIGN_OR_RETURN(status.cursors, desk.store->Cursors());
  SOTAY_ASSIGN_OR_RETURN(status.removed_dossiers, desk.store->Gone());
  SOTAY_ASSIGN_OR_RETURN(auto sealed, desk.store->Sealed());
  for (auto& [dossier, row] : sealed) {
    if (IsTheirs(row)) status.sealed_dossiers.emplace(dossier, std::move(row));
  }
  status.purge = desk.purge_failure.ok() ? desk.store->sealing_waits() : desk.purge_failure;
  status.key_place = desk.store->key_place();
  SOTAY_ASSIGN_OR_RETURN(const auto files, desk.store->Files());
  for (const auto& [id, file] : files) {
    status.files_damaged += file.damaged() ? 1 : 0;
    if (!file.to_send()) continue;
    ++status.files_waiting;
    status.file_bytes_waiting += file.size() - std::min(file.sent(), file.size());
  }
  SOTAY_ASSIGN_OR_RETURN(status.heads, desk.store->Heads());
  SOTAY_ASSIGN_OR_RETURN(status.disputes, desk.store->Disputes());
  SOTAY_ASSIGN_OR_RETURN(status.restorations, desk.store->Restorations());
  SOTAY_ASSIGN_OR_RETURN(status.log_key_handovers, desk.store->Handovers());
  SOTAY_ASSIGN_OR_RETURN(status.log_key_unshown_ms, UnshownSinceMs(*desk.store));
  SOTAY_ASSIGN_OR_RETURN(status.doubtful_times, DoubtfulTimes(desk, progress.accepted_through()));
  SOTAY_ASSIGN_OR_RETURN(status.consents, desk.store->Consents());
  // It tells what others did.
  if (!status.reading.open) {
    status.consents.clear_for_user();
    status.consents.clear_more();
  }
  SOTAY_ASSIGN_OR_RETURN(const std::vector<uint64_t> refused, desk.store->Refused());
  status.refused = refused.size();
  SOTAY_RETURN_IF_ERROR(
      desk.store->EachRow("", [&](const RecordId&, const stored::v1::ListRow& row) {
        ++status.records;
        status.conflicts += row.conflicts();
        status.requests += row.requested().empty() ? 0 : 1;
        return true;
      }));
  return status;
}

v1::Directory Notebook::directory() const {
  absl::ReaderMutexLock lock(&impl_->desk.mutex);
  const auto directory = impl_->desk.store->Directory();
  if (!directory.ok() || !directory->has_value()) return v1::Directory();
  return **directory;
}

absl::StatusOr<std::string> Notebook::Digest(size_t* records) const {
  absl::ReaderMutexLock lock(&impl_->desk.mutex);
  std::vector<RecordId> ids;
  SOTAY_RETURN_IF_ERROR(
      impl_->desk.store->EachRow("", [&](const RecordId& id, const stored::v1::ListRow&) {
        ids.push_back(id);
        return true;
      }));
  VisibleRecords visible;
  for (const RecordId& id : ids) {
    // The server has it not, or has yet to send it.
    SOTAY_ASSIGN_OR_RETURN(const bool ended, impl_->desk.store->IsEnded(id));
    if (ended) continue;
    SOTAY_ASSIGN_OR_RETURN(const Shown shown, impl_->ReadShown(id));
    visible.emplace(id, sync::VisibleBytes(shown.record));
  }
  if (records != nullptr) *records = visible.size();
  return VisibleDigest(visible);
}

}  // namespace sotay::sdk
