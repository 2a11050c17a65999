// How a decision becomes one batch.  A new note is no put of its own: its place in the log and in
// the feed are in rows of many, its words stand in the push they came in, and its record's row is
// filed later (unfiled_births.h).  Everything else here is per push, per unit, or rare.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "leveldb/write_batch.h"
#include "server/store.h"
#include "sotay/v1/record.pb.h"
#include "sync/apart.h"
#include "sync/durable/open.h"
#include "sync/fragment.h"
#include "sync/seal/digest.h"
#include "sync/view.h"

namespace sotay::server {
namespace {

// The memory of a sheet is kept for the next commit, to grow it anew costs as much as to fill it;
// but not more than this.
constexpr size_t kBatchBytesKept = size_t{8} << 20;
// Births filed with a commit, at the least.
constexpr size_t kFiledWithCommit = 1'024;

template <typename Message>
void Put(const std::string& key, const Message& message, std::string* scratch,
         leveldb::WriteBatch* batch) {
  scratch->clear();
  message.AppendToString(scratch);
  batch->Put(key, *scratch);
}

// Whether `next` can stand in one row with `before`, which came under the same seal if it is of the
// same device.
bool GoesOn(const sync::NewEntry& before, const sync::NewEntry& next) {
  return next.device == before.device && next.sequence == before.sequence + 1 &&
         next.unit_id == before.unit_id &&
         next.admission.position() == before.admission.position() + 1;
}

int32_t StateOf(const sync::Birth& birth, const sync::FieldType& state) {
  for (const v1::FieldOp& op : birth.edit->ops()) {
    if (op.field() == state.number) {
      return static_cast<int32_t>(sync::VarintOf(op.set()).value_or(0));
    }
  }
  return 0;
}

}  // namespace

HistoryKind KindOf(const v1::QuarantinedChange& change) {
  return change.verdict() == v1::VERDICT_HELD || change.reason() == v1::REASON_FORKED_BRANCH ||
                 change.reason() == v1::REASON_DEVICE_REVOKED
             ? HistoryKind::kOutside
             : HistoryKind::kRefused;
}

bool IsBare(const v1::QuarantinedChange& change) {
  return change.change().empty() || seal::HashChange(change.change()).view() != change.change_id();
}

bool IsTakenIn(const v1::QuarantinedChange& change) {
  return change.verdict() == v1::VERDICT_APPLIED;
}

absl::optional<Submission> SubmissionOf(const v1::QuarantinedChange& aside) {
  const auto device = sync::DeviceId::From(aside.device_id());
  const auto change = sync::ChangeId::From(aside.change_id());
  if (aside.reason() != v1::REASON_WRITER_MAY_NOT || aside.unit_id().empty() ||
      !device.has_value() || !change.has_value()) {
    return absl::nullopt;
  }
  const bool waits = aside.verdict() == v1::VERDICT_QUARANTINED && !aside.has_dismissed();
  return Submission{*device,         aside.sequence(),    *change, aside.unit_id(),
                    aside.user_id(), aside.received_ms(), waits};
}

std::string FateInWords(const v1::QuarantinedChange& change) {
  if (!change.has_dismissed()) return change.message();
  return absl::StrCat(change.message(), "; dismissed by ", change.dismissed().user_id(), ": ",
                      change.dismissed().reason());
}

void FillFeedRow(const sync::WrittenRecord& written, stored::v1::FeedRow* row) {
  row->Clear();
  const sync::RecordId dossier = written.dossier();
  row->set_dossier_id(dossier.view().data(), sync::RecordId::kSize);
  if (const sync::Birth* birth = written.newborn()) {
    row->set_newborn(true);
    row->set_type(birth->edit->type());
    if (birth->type->state != nullptr) row->set_state(StateOf(*birth, *birth->type->state));
    return;
  }
  const sync::MergedRecord& record = written.record();
  row->set_type(record.type_name());
  if (record.type() != nullptr && record.type()->state != nullptr) {
    row->set_state(record.StateInForce(record.type()->state->number));
  }
  row->set_conflicts(
      static_cast<uint32_t>(sync::ConflictCount(record) + sync::RequestsIn(record).size()));
}

Sheet::Sheet() : batch_(std::make_unique<leveldb::WriteBatch>()) {}
Sheet::Sheet(Sheet&&) noexcept = default;
Sheet& Sheet::operator=(Sheet&&) noexcept = default;
Sheet::~Sheet() = default;

void Store::Fill(Sheet* sheet, const Tables& tables) { PutTables(tables, sheet->batch_.get()); }

void Store::Fill(Sheet* sheet, const Round& round) {
  leveldb::WriteBatch* const batch = sheet->batch_.get();
  for (const AsideRow& row : round.released) DeleteAside(row, batch);
  PutEntries(round, batch);
  PutPlaces(*round.outcome, batch);
  for (const auto& [unit, node] : round.nodes) {
    batch->Put(NodeKey(unit, node.end, node.level),
               leveldb::Slice(reinterpret_cast<const char*>(node.hash.data()), node.hash.size()));
  }
  if (!round.released.empty() || !round.decided.empty()) PutSequences(*round.outcome, batch);
  PutRecords(round, sheet);
  PutSignatures(*round.outcome, batch);
  PutAside(*round.outcome, batch);
  for (const AsideRow& row : round.decided) PutDecided(row, batch);
  for (const auto& [device, seal] : round.seals) {
    Put(SealKey(device, seal.last_sequence()), seal, &scratch_, batch);
  }
  for (const auto& [device, seal] : round.withheld) {
    Put(SealKey(device, seal.last_sequence()), seal, &scratch_, batch);
  }
  for (const auto& [device, outcome] : round.revised) {
    Put(RevisedKey(device, outcome.revision()), outcome, &scratch_, batch);
  }
  PutTables(round.tables, batch);
}

absl::Status Store::Write(Sheet* sheet) {
  absl::MutexLock lock(&writing_);
  // More than it bears, or those that wait for their rows would grow without end.
  const Filing filing =
      unfiled_.Next(std::max(kFiledWithCommit, 2 * sheet->births_.size()), /*all=*/false);
  PutFiling(filing, sheet->rewritten_, sheet->batch_.get());
  unfiled_.Announce(sheet->births_);
  absl::Status status = durable_->Write(sheet->batch_.get());
  if (status.ok()) {
    unfiled_.Done(filing);
    unfiled_.Drop(sheet->rewritten_);
    unfiled_.Gather();
  } else {
    unfiled_.Forget();
  }
  sheet->births_.clear();
  sheet->rewritten_.clear();
  if (sheet->batch_->ApproximateSize() > kBatchBytesKept) {
    *sheet = Sheet();
  } else {
    sheet->batch_->Clear();
  }
  return status;
}

void Store::PutTables(const Tables& tables, leveldb::WriteBatch* batch) {
  if (tables.meta.has_value()) Put(MetaKey(), *tables.meta, &scratch_, batch);
  for (const v1::Unit& unit : tables.units) Put(UnitKey(unit.unit_id()), unit, &scratch_, batch);
  for (const v1::User& user : tables.users) Put(UserKey(user.user_id()), user, &scratch_, batch);
  for (const stored::v1::DeviceRow& device : tables.devices) {
    Put(DeviceKey(*sync::DeviceId::From(device.device_id())), device, &scratch_, batch);
  }
  for (const auto& [device, contact] : tables.contacts) {
    Put(ContactKey(device), contact, &scratch_, batch);
  }
  for (const stored::v1::Ticket& ticket : tables.tickets) {
    Put(TicketKey(ticket.spki_hash()), ticket, &scratch_, batch);
  }
  for (const auto& [unit, head] : tables.heads) Put(HeadKey(unit), head, &scratch_, batch);
  for (const v1::Post& post : tables.posts) {
    Put(PostKey(post.user_id(), post.number()), post, &scratch_, batch);
  }
  for (const v1::UnitTerm& term : tables.terms) {
    Put(TermKey(term.unit_id(), term.number()), term, &scratch_, batch);
  }
  for (const v1::DossierAct& act : tables.dossier_acts) {
    Put(DossierActKey(act.unit_id(), act.number()), act, &scratch_, batch);
  }
  for (const stored::v1::SecretRow& row : tables.secrets) {
    Put(SecretKey(*sync::RecordId::From(row.dossier_id())), row, &scratch_, batch);
  }
  for (const v1::LogKeyHandover& handover : tables.handovers) {
    Put(HandoverKey(handover.number()), handover, &scratch_, batch);
  }
  for (const stored::v1::DeviceKeyRow& row : tables.device_keys) {
    Put(DeviceKeyKey(*sync::DeviceId::From(row.device_id()), row.number()), row, &scratch_, batch);
  }
  for (const v1::AuthorityHandover& handover : tables.authorities) {
    Put(AuthorityKey(handover.number()), handover, &scratch_, batch);
  }
}

// Bytes that came under a seal of this round are stored with it, as they were packed.
void Store::PutEntries(const Round& round, leveldb::WriteBatch* batch) {
  stored::v1::LogRunRow run;
  const sync::NewEntry* last = nullptr;  // of the run
  const auto put_run = [&] {
    if (last == nullptr) return;
    Put(LogKey(last->unit_id, last->admission.position()), run, &scratch_, batch);
    run.Clear();
  };
  auto seal = round.seals.begin();
  auto admission = round.admissions.begin();
  for (const sync::NewEntry& added : round.outcome->entries) {
    while (seal != round.seals.end() && seal->first != added.device) ++seal;
    const bool sealed = seal != round.seals.end();
    if (last == nullptr || !sealed || !GoesOn(*last, added) ||
        run.admissions_size() == kLogRunMax) {
      put_run();
      run.set_device_id(added.device.view().data(), sync::DeviceId::kSize);
      run.set_first_sequence(added.sequence);
      if (sealed) {
        run.set_sealed_through(seal->second.last_sequence());
      } else {
        run.set_change(added.bytes.data(), added.bytes.size());
      }
    }
    run.mutable_change_ids()->append(added.id.view().data(), sync::ChangeId::kSize);
    run.add_admissions(*admission++);
    last = &added;
  }
  put_run();
}

// Where the entries stand in histories, and what they bear among births.
void Store::PutPlaces(const sync::IngestOutcome& outcome, leveldb::WriteBatch* batch) {
  std::map<std::string, BirthRun, std::less<>> births;
  std::vector<sync::RecordId> born;
  stored::v1::FeedRow row;
  for (const sync::NewEntry& added : outcome.entries) {
    const uint64_t position = added.admission.position();
    born.clear();
    for (const sync::RecordId& record : added.records) {
      const sync::WrittenRecord* const written = outcome.records.Find(record);
      // A record's newest change is named by its own row.
      if (written == nullptr || written->position() != position) {
        batch->Put(AdmittedKey(record, position), leveldb::Slice());
      } else if (written->newborn() != nullptr) {
        born.push_back(record);
      }
    }
    if (born.empty()) continue;
    BirthRun& of_unit = births[added.unit_id];
    if (of_unit.full()) PutBirths(added.unit_id, &of_unit, batch);
    std::sort(born.begin(), born.end());
    for (const sync::RecordId& record : born) {
      FillFeedRow(*outcome.records.Find(record), &row);
      of_unit.Add({position, record}, row);
    }
  }
  for (auto& [unit, of_unit] : births) PutBirths(unit, &of_unit, batch);
}

void Store::PutBirths(const std::string& unit, BirthRun* births, leveldb::WriteBatch* batch) {
  const uint64_t last = births->places().back().position;
  scratch_.clear();
  births->AppendTo(last, &scratch_);
  batch->Put(BirthsKey(unit, last), scratch_);
  births->Clear();
}

// Of changes that did not come under a seal of this round.
void Store::PutSequences(const sync::IngestOutcome& outcome, leveldb::WriteBatch* batch) {
  stored::v1::SequenceRow row;
  for (const sync::NewEntry& added : outcome.entries) {
    row.set_change_id(added.id.str());
    row.set_verdict(v1::VERDICT_APPLIED);
    row.set_unit_id(added.unit_id);
    row.set_position(added.admission.position());
    Put(SequenceKey(added.device, added.sequence), row, &scratch_, batch);
  }
}

void Store::PutRecords(const Round& round, Sheet* sheet) {
  leveldb::WriteBatch* const batch = sheet->batch_.get();
  v1::Record record;
  stored::v1::FeedRow row;
  for (const auto& [id, written] : round.outcome->records) {
    const std::string& unit = written.unit_id();
    if (written.newborn() != nullptr) {  // it stands among the births
      sheet->births_.push_back({id, unit, written.position()});
      continue;
    }
    scratch_.clear();
    PutNumber(&scratch_, written.position());
    PutName(&scratch_, unit);
    written.record().ToProto(&record);
    record.AppendToString(&scratch_);
    batch->Put(RecordKey(id), scratch_);
    sheet->rewritten_.push_back(id);
    if (const uint64_t before = written.previous_position(); before != 0) {
      batch->Put(AdmittedKey(id, before), leveldb::Slice());
      if (std::binary_search(round.newborn.begin(), round.newborn.end(), id)) {
        batch->Put(FeedKey(unit, before, id), leveldb::Slice());  // gone from there
      } else {
        batch->Delete(FeedKey(unit, before, id));
      }
    }
    FillFeedRow(written, &row);
    Put(FeedKey(unit, written.position(), id), row, &scratch_, batch);
  }
  std::sort(sheet->rewritten_.begin(), sheet->rewritten_.end());
}

void Store::PutSequence(const sync::DeviceId& device, const v1::QuarantinedChange& change,
                        leveldb::WriteBatch* batch) {
  stored::v1::SequenceRow row;
  row.set_change_id(change.change_id());
  row.set_verdict(change.verdict());
  row.set_reason(change.reason());
  row.set_message(FateInWords(change));
  Put(SequenceKey(device, change.sequence()), row, &scratch_, batch);
}

void Store::PutAside(const sync::IngestOutcome& outcome, leveldb::WriteBatch* batch) {
  for (const sync::SetAside& aside : outcome.set_aside) {
    const v1::QuarantinedChange& change = aside.change;
    const auto device = sync::DeviceId::From(change.device_id()).value_or(sync::DeviceId());
    const uint64_t arrival = ++arrivals_;
    Put(QuarantineKey(change.unit_id(), arrival), change, &scratch_, batch);
    scratch_.clear();
    PutNumber(&scratch_, aside.after_position);
    scratch_ += change.unit_id();
    batch->Put(SetAsideKey(device, change.sequence(), arrival), scratch_);
    for (const sync::RecordId& record : aside.records) {
      batch->Put(AsideHistoryKey(record, aside.after_position, KindOf(change), arrival),
                 change.unit_id());
    }
    // A forked branch has no sequence: the number belongs to the change that came first.
    if (change.reason() == v1::REASON_FORKED_BRANCH) continue;
    PutSequence(device, change, batch);
  }
  if (!outcome.set_aside.empty()) {
    scratch_.clear();
    PutNumber(&scratch_, arrivals_);
    batch->Put(ArrivalsKey(), scratch_);
  }
}

// Its places stay: others may have seen it where it was refused.
void Store::PutDecided(const AsideRow& row, leveldb::WriteBatch* batch) {
  const v1::QuarantinedChange& change = row.change;
  Put(QuarantineKey(change.unit_id(), row.arrival), change, &scratch_, batch);
  // Whoever holds a revoked device is told no more than before.
  if (IsTakenIn(change) || change.reason() == v1::REASON_FORKED_BRANCH ||
      change.reason() == v1::REASON_DEVICE_REVOKED) {
    return;
  }
  const auto device = sync::DeviceId::From(change.device_id()).value_or(sync::DeviceId());
  PutSequence(device, change, batch);
}

void Store::DeleteAside(const AsideRow& row, leveldb::WriteBatch* batch) {
  const auto device = sync::DeviceId::From(row.change.device_id()).value_or(sync::DeviceId());
  batch->Delete(QuarantineKey(row.change.unit_id(), row.arrival));
  batch->Delete(SetAsideKey(device, row.change.sequence(), row.arrival));
  for (const sync::RecordId& record : RecordsOf(row.change)) {
    batch->Delete(AsideHistoryKey(record, row.after_position, KindOf(row.change), row.arrival));
  }
}

}  // namespace sotay::server
