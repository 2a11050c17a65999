#include "server/purge.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/purge_content.h"
#include "server/purge_feed.h"
#include "server/seal_rows.h"
#include "sync/limits.h"
#include "sync/seal/packed.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

constexpr char kGone[] =
    "its dossier proved to be secret; of the change the server keeps its id alone";

absl::Status Unreadable(absl::string_view key) {
  return absl::DataLossError(absl::StrCat(DescribeKey(key), " cannot be read"));
}

// What rows beside its own say of a change that was refused, and those alone.
bool KeepsItsReason(const v1::QuarantinedChange& change) {
  return change.reason() == v1::REASON_FORKED_BRANCH ||
         change.reason() == v1::REASON_DEVICE_REVOKED;
}

class Purging {
 public:
  Purging(Store* store, const Tables& tables, const v1::DossierAct& act)
      : store_(*store),
        tables_(tables),
        act_(act),
        dossier_(sync::RecordId::From(act.dossier_id()).value_or(sync::RecordId())),
        known_(SecretIn(tables, act.dossier_id())) {}

  absl::StatusOr<Purge> Plan();

 private:
  void Put(const std::string& key, absl::string_view value);
  void Erase(const std::string& key);
  template <typename Message>
  void Put(const std::string& key, const Message& message) {
    Put(key, absl::string_view(message.SerializeAsString()));
  }
  absl::StatusOr<std::vector<std::string>> KeysOf(const std::string& prefix) const;
  bool IsAbout(const v1::Change& change) const;
  // Its bytes leave.
  void Take(const sync::DeviceId& device, uint64_t sequence, absl::string_view id,
            std::string bytes);
  stored::v1::DeviceRow* Device(const sync::DeviceId& device);

  absl::Status FindRecords();
  absl::Status TakeEntries();
  absl::Status TakeAside();
  absl::Status TakeOneAside(const KeyParts& place, v1::QuarantinedChange row);
  absl::Status TakeSequence(const sync::DeviceId& device, const v1::QuarantinedChange& row);
  absl::Status TakeOutcomes();
  absl::Status TakePushes();
  absl::Status TakeRecords();
  void Note(stored::v1::SecretRow* row) const;
  absl::Status SealContent();

  Store& store_;
  const Tables& tables_;
  const v1::DossierAct& act_;
  const sync::RecordId dossier_;
  const stored::v1::SecretRow* const known_;  // it was taken out once before
  Purge purge_;
  std::vector<std::string> keys_;
  stored::v1::UnitHead head_;
  std::set<sync::RecordId> records_;
  std::map<std::string, std::string> contents_;  // by id of the change
  std::vector<uint64_t> positions_;
  std::vector<uint64_t> arrivals_;
  std::map<sync::DeviceId, std::set<uint64_t>> sequences_;
  std::map<sync::DeviceId, stored::v1::DeviceRow> devices_;  // those that change
};

void Purging::Put(const std::string& key, absl::string_view value) {
  store_.Fill(&purge_.sheet, key, value);
  keys_.push_back(key);
}

void Purging::Erase(const std::string& key) {
  store_.Erase(&purge_.sheet, key);
  keys_.push_back(key);
}

absl::StatusOr<std::vector<std::string>> Purging::KeysOf(const std::string& prefix) const {
  std::vector<std::string> keys;
  SOTAY_RETURN_IF_ERROR(store_.TakeMoment()->Visit(
      prefix, After(prefix), [&keys](absl::string_view key, absl::string_view) {
        keys.emplace_back(key);
        return true;
      }));
  return keys;
}

// What names a record of the dossier is about it, whatever dossier it says it is of.
bool Purging::IsAbout(const v1::Change& change) const {
  if (change.dossier_id() == act_.dossier_id()) return true;
  return std::any_of(change.edits().begin(), change.edits().end(), [&](const auto& edit) {
    const auto record = sync::RecordId::From(edit.record_id());
    return record.has_value() && records_.count(*record) != 0;
  });
}

void Purging::Take(const sync::DeviceId& device, uint64_t sequence, absl::string_view id,
                   std::string bytes) {
  sequences_[device].insert(sequence);
  contents_.emplace(std::string(id), std::move(bytes));
}

stored::v1::DeviceRow* Purging::Device(const sync::DeviceId& device) {
  const auto known = devices_.find(device);
  if (known != devices_.end()) return &known->second;
  const auto row = std::find_if(tables_.devices.begin(), tables_.devices.end(),
                                [&](const auto& of) { return of.device_id() == device.view(); });
  return row == tables_.devices.end() ? nullptr : &devices_.emplace(device, *row).first->second;
}

absl::Status Purging::FindRecords() {
  SOTAY_RETURN_IF_ERROR(store_.FileAll());  // what is taken out is looked for by its row
  const auto head = tables_.heads.find(act_.unit_id());
  if (head == tables_.heads.end()) return absl::DataLossError("a sealed dossier is of no unit");
  head_ = head->second;
  records_.insert(dossier_);
  for (int i = 0; known_ != nullptr && i < known_->record_ids_size(); ++i) {
    if (const auto id = sync::RecordId::From(known_->record_ids(i))) records_.insert(*id);
  }
  SOTAY_ASSIGN_OR_RETURN(const FeedPurge feed,
                         PlanFeedPurge(&store_, act_.unit_id(), act_.dossier_id()));
  for (const auto& [key, run] : feed.puts) Put(key, absl::string_view(run));
  for (const std::string& key : feed.erased) Erase(key);
  records_.insert(feed.records.begin(), feed.records.end());
  head_.set_records(feed.others);
  return absl::OkStatus();
}

absl::Status Purging::TakeEntries() {
  for (uint64_t position = 1; position <= head_.position(); ++position) {
    SOTAY_ASSIGN_OR_RETURN(StoredEntry entry, store_.LoadStoredEntry(act_.unit_id(), position));
    v1::Change change;
    const std::string key = LogKey(act_.unit_id(), position);
    if (!change.ParseFromString(entry.change)) return Unreadable(key);
    if (entry.change.empty() || change.dossier_id() != act_.dossier_id()) continue;
    for (const v1::RecordEdit& edit : change.edits()) {
      if (const auto record = sync::RecordId::From(edit.record_id())) records_.insert(*record);
    }
    Take(entry.device, entry.sequence, entry.change_id, std::move(entry.change));
    positions_.push_back(position);
    SOTAY_ASSIGN_OR_RETURN(const auto run, store_.LoadRun(act_.unit_id(), position));
    if (run->row().change().empty()) continue;  // they are in its push alone
    stored::v1::LogRunRow row = run->row();
    row.clear_change();
    Put(key, row);
  }
  return absl::OkStatus();
}

absl::Status Purging::TakeAside() {
  std::vector<std::pair<KeyParts, v1::QuarantinedChange>> found;
  absl::Status status;
  const std::string prefix = TablePrefix(Table::kQuarantine);
  SOTAY_RETURN_IF_ERROR(store_.TakeMoment()->Visit(
      prefix, After(prefix), [&](absl::string_view key, absl::string_view value) {
        const auto parts = ParseKey(key);
        v1::QuarantinedChange row;
        v1::Change change;
        if (!parts.has_value() ||
            !row.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
          status = Unreadable(key);
          return false;
        }
        // What cannot be read is of no dossier that anybody could name; of what is classified there
        // is nothing left.
        if (row.reason() != v1::REASON_CLASSIFIED && !IsBare(row) &&
            change.ParseFromString(row.change()) && IsAbout(change)) {
          found.emplace_back(*parts, std::move(row));
        }
        return true;
      }));
  SOTAY_RETURN_IF_ERROR(status);
  for (auto& [place, row] : found) SOTAY_RETURN_IF_ERROR(TakeOneAside(place, std::move(row)));
  return absl::OkStatus();
}

absl::Status Purging::TakeOneAside(const KeyParts& place, v1::QuarantinedChange row) {
  const auto device = sync::DeviceId::From(row.device_id()).value_or(sync::DeviceId());
  const std::string listed = SetAsideKey(device, row.sequence(), place.arrival);
  SOTAY_ASSIGN_OR_RETURN(const auto bytes, store_.Get(listed));
  absl::string_view rest = bytes.has_value() ? absl::string_view(*bytes) : absl::string_view();
  const absl::optional<uint64_t> after = TakeNumber(&rest);
  if (!after.has_value()) return Unreadable(listed);
  const HistoryKind kind = KindOf(row);
  if (auto submission = SubmissionOf(row)) {  // nobody is asked to consent to it any more
    submission->waits = false;
    purge_.tables.submissions.push_back(*std::move(submission));
  }
  // Where it has a place in the graph of a record that stays, others may have been made on it:
  // there it is named still, without what it says.
  v1::Change change, named;
  change.ParseFromString(row.change());
  for (const v1::RecordEdit& edit : change.edits()) {
    const auto record = sync::RecordId::From(edit.record_id());
    if (!record.has_value()) continue;
    if (kind == HistoryKind::kRefused && records_.count(*record) == 0) {
      v1::RecordEdit* const bare = named.add_edits();
      bare->set_record_id(edit.record_id());
      bare->set_type(edit.type());
      *bare->mutable_parents() = edit.parents();
    } else {
      Erase(AsideHistoryKey(*record, *after, kind, place.arrival));
    }
  }
  Take(device, row.sequence(), row.change_id(), std::move(*row.mutable_change()));
  arrivals_.push_back(place.arrival);
  row.clear_change();
  if (named.edits_size() != 0) {
    named.set_device_id(row.device_id());
    named.set_sequence(row.sequence());
    named.set_dossier_id(act_.dossier_id());
    row.set_change(named.SerializeAsString());
  }
  const bool held = row.verdict() == v1::VERDICT_HELD;
  if (held) row.set_verdict(v1::VERDICT_QUARANTINED);
  if (!KeepsItsReason(row)) row.set_reason(v1::REASON_CLASSIFIED);
  row.set_message(kGone);
  if (row.has_dismissed()) row.mutable_dismissed()->clear_reason();
  Put(QuarantineKey(place.name, place.arrival), row);
  if (row.reason() != v1::REASON_FORKED_BRANCH) SOTAY_RETURN_IF_ERROR(TakeSequence(device, row));
  stored::v1::DeviceRow* const of = held ? Device(device) : nullptr;
  if (of == nullptr) return absl::OkStatus();
  auto* const waiting = of->mutable_held();
  waiting->erase(std::remove_if(waiting->begin(), waiting->end(),
                                [&](const auto& one) { return one.sequence() == row.sequence(); }),
                 waiting->end());
  // Its author waits for word of it.
  of->set_revisions(of->revisions() + 1);
  v1::ChangeOutcome told;
  told.set_sequence(row.sequence());
  told.set_verdict(row.verdict());
  told.set_reason(row.reason());
  told.set_message(kGone);
  told.set_revision(of->revisions());
  Put(RevisedKey(device, told.revision()), told);
  return absl::OkStatus();
}

absl::Status Purging::TakeSequence(const sync::DeviceId& device, const v1::QuarantinedChange& row) {
  const std::string key = SequenceKey(device, row.sequence());
  SOTAY_ASSIGN_OR_RETURN(const auto bytes, store_.Get(key));
  stored::v1::SequenceRow sequence;
  if (!bytes.has_value() || !sequence.ParseFromString(*bytes)) return Unreadable(key);
  if (sequence.change_id() != row.change_id()) return absl::OkStatus();
  if (sequence.verdict() == v1::VERDICT_APPLIED) {
    sequence.clear_message();
  } else {
    sequence.set_verdict(row.verdict());
    sequence.set_reason(row.reason());
    sequence.set_message(kGone);
  }
  Put(key, sequence);
  return absl::OkStatus();
}

// What their authors were told of decisions may repeat what was decided about.
absl::Status Purging::TakeOutcomes() {
  for (const auto& [device, sequences] : sequences_) {
    SOTAY_RETURN_IF_ERROR(
        store_.VisitRevised(device, 0, [&, of = &sequences, id = device](v1::ChangeOutcome told) {
          if (of->count(told.sequence()) == 0 || told.message().empty()) return true;
          told.set_message(kGone);
          Put(RevisedKey(id, told.revision()), told);
          return true;
        }));
  }
  return absl::OkStatus();
}

// Every push that has any of them, also those that brought some of them again, or beside others.
absl::Status Purging::TakePushes() {
  std::set<sync::DeviceId> devices;
  for (const auto& [device, sequences] : sequences_) devices.insert(device);
  // What was taken out once is in older segments of a backup, and the newest says nothing of it.
  for (size_t i = 0; known_ != nullptr && i < tables_.devices.size(); ++i) {
    const auto device = sync::DeviceId::From(tables_.devices[i].device_id());
    if (device.has_value()) devices.insert(*device);
  }
  for (const sync::DeviceId& device : devices) {
    absl::Status status;
    SOTAY_RETURN_IF_ERROR(
        store_.VisitSeals(device, [&](absl::string_view key, absl::string_view value) {
          stored::v1::SealRow row;
          if (!status.ok()) return;
          if (!row.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
            status = Unreadable(key);
            return;
          }
          auto batch = Unpacked(row.changes());
          if (!batch.ok()) {
            status = Unreadable(key);
            return;
          }
          const std::vector<sync::ChangeId> ids = IdsIn(*batch);
          const auto dossier_of = [&](size_t place) -> absl::optional<std::string> {
            const std::string& bytes = batch->changes(static_cast<int>(place));
            v1::Change change;
            const bool gone = contents_.count(ids[place].str()) != 0 ||
                              (change.ParseFromString(bytes) && IsAbout(change));
            if (!gone || bytes.empty()) return absl::nullopt;
            contents_.emplace(ids[place].str(), bytes);
            return act_.dossier_id();
          };
          if (!Withhold(ids, dossier_of, &*batch)) return;
          *row.mutable_changes() = seal::Pack(batch->SerializeAsString());
          Put(std::string(key), row);
        }));
    SOTAY_RETURN_IF_ERROR(status);
  }
  return absl::OkStatus();
}

absl::Status Purging::TakeRecords() {
  for (const sync::RecordId& record : records_) {
    SOTAY_ASSIGN_OR_RETURN(const auto stored, store_.Get(RecordKey(record)));
    if (stored.has_value()) Erase(RecordKey(record));
    SOTAY_ASSIGN_OR_RETURN(const auto history, KeysOf(IdPrefix(Table::kHistory, record.view())));
    for (const std::string& key : history) Erase(key);
    SOTAY_ASSIGN_OR_RETURN(const auto signature, store_.Get(SigningKey(record)));
    if (signature.has_value()) Erase(SigningKey(record));
  }
  return absl::OkStatus();
}

// What is asked of it later, when it is not there to be looked at.
void Purging::Note(stored::v1::SecretRow* row) const {
  row->set_changes(contents_.size());
  row->set_records(records_.size());
  for (const uint64_t position : positions_) row->add_positions(position);
  for (const uint64_t arrival : arrivals_) row->add_arrivals(arrival);
  for (const sync::RecordId& record : records_) row->add_record_ids(record.str());
  for (const auto& [device, sequences] : sequences_) row->add_writers(device.str());
}

absl::Status Purging::SealContent() {
  stored::v1::SecretRow row = known_ == nullptr ? stored::v1::SecretRow() : *known_;
  if (known_ == nullptr) {
    row.set_dossier_id(act_.dossier_id());
    row.set_unit_id(act_.unit_id());
    row.set_act(act_.number());
    v1::SecretAct* const said = row.add_acts();
    said->set_kind(v1::SECRET_ACT_KIND_SEALED);
    said->set_by(act_.set_by());
    said->set_done_ms(act_.set_ms());
    said->set_reason(act_.reason());
  } else if (keys_.empty()) {
    return absl::OkStatus();
  }
  row.set_swept(false);
  if (known_ == nullptr) Note(&row);
  std::vector<std::string> contents;
  for (auto& [id, bytes] : contents_) contents.push_back(std::move(bytes));
  if (row.destroyed()) contents.clear();
  SOTAY_ASSIGN_OR_RETURN(const uint64_t number,
                         FillContent(&store_, dossier_, keys_, contents, &purge_.sheet));
  row.set_contents(number);
  purge_.tables.secrets.push_back(std::move(row));
  return absl::OkStatus();
}

absl::StatusOr<Purge> Purging::Plan() {
  SOTAY_RETURN_IF_ERROR(FindRecords());
  SOTAY_RETURN_IF_ERROR(TakeEntries());
  SOTAY_RETURN_IF_ERROR(TakeAside());
  SOTAY_RETURN_IF_ERROR(TakePushes());
  SOTAY_RETURN_IF_ERROR(TakeOutcomes());
  SOTAY_RETURN_IF_ERROR(TakeRecords());
  SOTAY_RETURN_IF_ERROR(SealContent());
  purge_.tables.heads[act_.unit_id()] = head_;
  for (auto& [device, row] : devices_) purge_.tables.devices.push_back(std::move(row));
  store_.Fill(&purge_.sheet, purge_.tables);
  return std::move(purge_);
}

}  // namespace

absl::StatusOr<Purge> PlanPurge(Store* store, const Tables& tables, const v1::DossierAct& act) {
  return Purging(store, tables, act).Plan();
}

}  // namespace sotay::server
