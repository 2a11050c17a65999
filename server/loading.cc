#include "server/loading.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/blobs.h"
#include "sotay/v1/record.pb.h"
#include "sync/assignments.h"
#include "sync/attaching.h"
#include "sync/seal/digest.h"
#include "sync/signing.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

// A record that is not there, as the change that creates it describes it, or else the first one
// that names it.  It has a history all the same when its creation was refused.
v1::Record Unborn(const sync::RecordId& id, const std::vector<const v1::Change*>& changes) {
  v1::Record record;
  record.set_record_id(id.str());
  for (const v1::Change* change : changes) {
    for (const v1::RecordEdit& edit : change->edits()) {
      if (edit.record_id() != id.view()) continue;
      if (!record.type().empty() && !edit.parents().empty()) continue;
      record.set_type(edit.type());
      record.set_unit_id(change->unit_id());
      record.set_dossier_id(change->dossier_id());
      if (edit.parents().empty()) return record;
    }
  }
  // One that is only signed: whatever came of it was refused, and nothing is merged.
  if (record.dossier_id().empty()) record.set_dossier_id(id.str());
  return record;
}

// Whom the change assigns, as far as they have a post in its unit that reads there.
void LoadAssignable(const Pen& pen, const v1::Change& change, sync::IngestInput* input) {
  for (const v1::RecordEdit& edit : change.edits()) {
    const sync::RecordType* const type = pen.schema().Find(edit.type());
    if (type == nullptr || !edit.parents().empty()) continue;
    const auto assignment = sync::AssignmentIn(*type, edit);
    if (!assignment.has_value()) continue;
    const auto person = pen.directory().FindPerson(assignment->user_id);
    if (person == nullptr || !person->IsIn(change.unit_id()) ||
        !pen.directory().MayRead(*person, change.unit_id())) {
      continue;
    }
    input->assignable[change.unit_id()][assignment->user_id] = person->rights;
  }
}

template <typename Id>
void SortOnce(std::vector<Id>* ids) {
  std::sort(ids->begin(), ids->end());
  ids->erase(std::unique(ids->begin(), ids->end()), ids->end());
}

// `newborn`: where it is noted that the record is one, or null.
absl::Status LoadInto(Pen* pen, const sync::RecordId& id, sync::IngestInput* input,
                      std::vector<sync::RecordId>* newborn) {
  if (!pen->MayHave(id) || input->records.count(id) != 0) return absl::OkStatus();
  SOTAY_ASSIGN_OR_RETURN(const auto stored, pen->store().LoadRecord(id));
  if (!stored.has_value()) return absl::OkStatus();
  if (stored->newborn && newborn != nullptr) newborn->push_back(id);
  SOTAY_ASSIGN_OR_RETURN(sync::MergedRecord record,
                         sync::MergedRecord::Parse(pen->schema(), stored->bytes));
  input->records.emplace(id, sync::LoadedRecord{std::move(record), stored->position});
  return absl::OkStatus();
}

void NoteFile(const Pen& pen, const sync::RecordId& dossier,
              const absl::optional<sync::AttachedFile>& file, sync::IngestInput* input) {
  const Blobs* const blobs = pen.store().blobs();
  if (!file.has_value() || blobs == nullptr) return;
  const sync::FilePlace place = {dossier, file->sha256};
  if (const auto size = blobs->SizeOf(place)) input->whole.emplace(place, *size);
}

// What somebody signs, by unit and dossier; and what a signature covers that is edited beside that,
// as it may be put elsewhere.
using Objects = std::map<std::pair<std::string, sync::RecordId>, std::set<sync::RecordId>>;

Objects SignedIn(const sync::Schema& schema, const std::vector<const v1::Change*>& changes) {
  Objects objects;
  std::set<sync::RecordId> covered;
  for (const v1::Change* change : changes) {
    const auto dossier = sync::RecordId::From(change->dossier_id());
    for (const v1::RecordEdit& edit : change->edits()) {
      const sync::RecordType* const type = schema.Find(edit.type());
      const auto id = sync::RecordId::From(edit.record_id());
      if (type == nullptr || !dossier.has_value()) continue;
      if (schema.IsCovered(type->name) && id.has_value()) covered.insert(*id);
      const auto signature = sync::SignatureIn(*type, edit);
      if (signature.has_value()) objects[{change->unit_id(), *dossier}].insert(signature->object);
    }
  }
  for (auto& [where, all] : objects) all.insert(covered.begin(), covered.end());
  return objects;
}

// Where somebody signs: what hangs under that, and which of its files are here.
absl::Status LoadAttachments(Pen* pen, const std::vector<const v1::Change*>& changes,
                             sync::IngestInput* input) {
  for (const auto& [where, objects] : SignedIn(pen->schema(), changes)) {
    const auto& [unit, dossier] = where;
    std::vector<sync::RecordId>& attachments = input->attachments[dossier];
    SOTAY_ASSIGN_OR_RETURN(const auto hanging, pen->HangingUnder(unit, dossier, objects));
    for (const sync::RecordId& id : hanging) {
      SOTAY_RETURN_IF_ERROR(LoadInto(pen, id, input, nullptr));
      const auto record = input->records.find(id);
      if (record == input->records.end()) continue;
      const auto file = sync::FileOf(record->second.record);
      if (!file.has_value()) continue;
      attachments.push_back(id);
      NoteFile(*pen, dossier, file, input);
    }
  }
  // And of those that come with them; and how many there are where they are put.
  if (pen->store().blobs() != nullptr) {
    input->file_bytes_max = pen->store().blobs()->limits().file_bytes_max;
  }
  for (const v1::Change* change : changes) {
    const auto dossier = sync::RecordId::From(change->dossier_id());
    if (!dossier.has_value()) continue;
    for (const v1::RecordEdit& edit : change->edits()) {
      const sync::RecordType* const type = pen->schema().Find(edit.type());
      if (type == nullptr || type->attaching == nullptr) continue;
      NoteFile(*pen, *dossier, sync::FileIn(*type, edit), input);
      for (const sync::RecordId& parent : sync::PutUnder(*type, edit)) {
        if (input->attached.count(parent) != 0) continue;
        SOTAY_ASSIGN_OR_RETURN(input->attached[parent],
                               pen->Attached(change->unit_id(), *dossier, parent));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

Footprint FootprintOf(const sync::Schema& schema, const std::vector<const v1::Change*>& changes) {
  Footprint footprint;
  for (const v1::Change* change : changes) {
    if (const auto id = sync::RecordId::From(change->dossier_id())) footprint.named.push_back(*id);
    for (const v1::RecordEdit& edit : change->edits()) {
      if (const auto id = sync::RecordId::From(edit.record_id())) footprint.edited.push_back(*id);
      const sync::RecordType* const type = schema.Find(edit.type());
      if (type == nullptr) continue;
      if (type->assigning != nullptr) {
        const auto assignment = sync::AssignmentIn(*type, edit);
        if (assignment.has_value() && assignment->supersedes.has_value()) {
          footprint.named.push_back(*assignment->supersedes);
        }
      }
      // Who signs anything in the dossier has to see it.
      if (type->attaching != nullptr || schema.IsCovered(type->name)) {
        if (const auto id = sync::RecordId::From(change->dossier_id())) {
          footprint.edited.push_back(*id);
        }
      }
      if (type->signing == nullptr && !schema.IsCovered(type->name)) continue;
      const auto signature = sync::SignatureIn(*type, edit);
      if (signature.has_value() && signature->supersedes.has_value()) {
        footprint.named.push_back(*signature->supersedes);
      }
      for (const sync::RecordId& parent : sync::PutUnder(*type, edit)) {
        (type->signing != nullptr ? footprint.edited : footprint.signable).push_back(parent);
      }
    }
  }
  SortOnce(&footprint.edited);
  footprint.signable.insert(footprint.signable.end(), footprint.edited.begin(),
                            footprint.edited.end());
  SortOnce(&footprint.signable);
  footprint.named.insert(footprint.named.end(), footprint.signable.begin(),
                         footprint.signable.end());
  SortOnce(&footprint.named);
  return footprint;
}

absl::Status LoadNamed(Pen* pen, const std::vector<const v1::Change*>& changes,
                       const Footprint& footprint, sync::IngestInput* input, Round* round) {
  input->schema = &pen->schema();
  input->now_ms = pen->now_ms();
  input->hash_content = seal::HashContent;
  input->sealed = pen->directory().Sealed();
  input->matrix = pen->directory().rules().matrix;
  for (const v1::Change* change : changes) {
    LoadAssignable(*pen, *change, input);
    const std::string& unit = change->unit_id();
    if (input->positions.count(unit) != 0) continue;
    const auto head = pen->Head(unit);
    if (!head.has_value()) continue;
    input->positions[unit] = head->position();
    for (const stored::v1::NumberSeries& series : head->numbers()) {
      input->numbers[unit][series.series()] = series.last();
    }
    if (auto acts = pen->directory().DossiersOf(unit)) input->dossiers[unit] = std::move(acts);
  }
  for (const sync::RecordId& id : footprint.named) {
    SOTAY_RETURN_IF_ERROR(LoadInto(pen, id, input, &round->newborn));
  }
  for (const sync::RecordId& id : footprint.signable) {
    if (!pen->MayHave(id)) continue;
    SOTAY_ASSIGN_OR_RETURN(auto signature, pen->store().LoadSignature(id));
    if (signature.has_value()) input->signatures.emplace(id, *std::move(signature));
  }
  return LoadAttachments(pen, changes, input);
}

absl::StatusOr<bool> LoadBare(Pen* pen, const sync::IngestOutcome& outcome,
                              sync::IngestInput* input) {
  const size_t before = input->bare.size();
  for (const sync::PushOutcome& push : outcome.pushes) {
    const auto device = sync::DeviceId::From(push.device.device_id());
    if (push.device.held().empty() || !device.has_value()) continue;
    SOTAY_ASSIGN_OR_RETURN(const std::set<sync::ChangeId> bare, pen->store().LoadBare(*device));
    for (const stored::v1::HeldRow& held : push.device.held()) {
      const auto wish = sync::ChangeId::From(held.waits_for());
      if (wish.has_value() && bare.count(*wish) != 0) input->bare.emplace(*device, *wish);
    }
  }
  return input->bare.size() != before;
}

absl::Status LoadHistories(Pen* pen, const std::set<sync::RecordId>& needed,
                           const std::vector<const v1::Change*>& changes,
                           sync::IngestInput* input) {
  for (const sync::RecordId& id : needed) {
    SOTAY_ASSIGN_OR_RETURN(const auto stored, pen->store().LoadRecord(id));
    v1::Record record;
    if (!stored.has_value()) {
      record = Unborn(id, changes);
    } else if (!record.ParseFromString(stored->bytes)) {
      return absl::DataLossError(absl::StrCat(DescribeKey(RecordKey(id)), " cannot be read"));
    }
    SOTAY_ASSIGN_OR_RETURN(sync::History history, pen->store().LoadHistory(record));
    input->histories.emplace(id, std::move(history));
  }
  return absl::OkStatus();
}

}  // namespace sotay::server
