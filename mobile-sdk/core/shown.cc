#include "mobile-sdk/core/shown.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/descriptor.h"
#include "mobile-sdk/core/own_changes.h"
#include "sync/apart.h"
#include "sync/compose.h"
#include "sync/fragment.h"
#include "sync/secrecy.h"
#include "sync/status_macros.h"
#include "sync/text.h"
#include "sync/text_written.h"
#include "sync/validate.h"
#include "sync/view.h"

namespace sotay::sdk {
namespace {

// A line of a phone's list shows a quarter of this.
constexpr size_t kTitleBytesMax = 256;

// How far the record holds our own changes to it.
uint64_t OwnSeen(const sync::MergedRecord& record, const sync::DeviceId& device) {
  for (const auto& [other, sequence] : record.seen().entries()) {
    if (other == device) return sequence;
  }
  return 0;
}

// The record before its first edit, as the change that creates it says.
absl::optional<sync::MergedRecord> Unborn(const sync::Schema& schema, const sync::RecordId& id,
                                          const v1::Change& change) {
  const auto dossier = sync::RecordId::From(change.dossier_id());
  if (!dossier.has_value()) return absl::nullopt;
  for (const v1::RecordEdit& edit : change.edits()) {
    if (edit.record_id() != id.view()) continue;
    return sync::MergedRecord(schema.Find(edit.type()), id, edit.type(), change.unit_id(),
                              *dossier);
  }
  return absl::nullopt;
}

// The first line with anything in it.
std::string FirstLine(absl::string_view text) {
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (line.empty()) continue;
    const absl::string_view cut = line.substr(0, kTitleBytesMax);
    return std::string(cut.substr(0, sync::Utf8Prefix(cut)));
  }
  return "";
}

std::string TitleOf(const sync::MergedRecord& record) {
  const sync::FieldType* const title = sync::TitleFieldOf(record);
  if (title == nullptr) return "";
  const sync::FieldType& field = *title;
  using google::protobuf::FieldDescriptor;
  if (field.is_map || field.descriptor->type() != FieldDescriptor::TYPE_STRING) return "";
  const sync::FieldSlot* slot = record.Slot(field.number);
  if (slot == nullptr || slot->readings.empty()) return "";
  if (slot->Text() != nullptr) return FirstLine(sync::WrittenOut(slot));
  return FirstLine(sync::StringOf(slot->readings.front().value).value_or(absl::string_view()));
}

std::string StateOf(const sync::MergedRecord& record) {
  if (record.type() == nullptr || record.type()->state == nullptr) return "";
  const sync::FieldType& field = *record.type()->state;
  const auto* value =
      field.descriptor->enum_type()->FindValueByNumber(record.StateInForce(field.number));
  return value != nullptr ? value->name() : "";
}

}  // namespace

ShownReader::ShownReader(const Desk* desk, const v1::Directory* directory, const Undone* undone,
                         const TouchesOf* touches)
    : desk_(*desk), directory_(directory), undone_(undone), touches_(touches) {}

absl::StatusOr<stored::v1::OwnChange> ShownReader::LoadOwn(uint64_t sequence) const {
  if (undone_ != nullptr) {
    if (const auto at = undone_->own.find(sequence); at != undone_->own.end()) return at->second;
  }
  return desk_.store->OwnChange(sequence);
}

absl::StatusOr<absl::optional<sync::MergedRecord>> ShownReader::LoadBase(
    const sync::RecordId& id) const {
  if (undone_ != nullptr && undone_->bases != nullptr) {
    if (const auto at = undone_->bases->find(id); at != undone_->bases->end()) {
      return absl::optional<sync::MergedRecord>(at->second);
    }
  }
  SOTAY_ASSIGN_OR_RETURN(const absl::optional<std::string> bytes, desk_.store->Base(id));
  if (!bytes.has_value()) return absl::optional<sync::MergedRecord>();
  SOTAY_ASSIGN_OR_RETURN(sync::MergedRecord base, sync::MergedRecord::Parse(*desk_.schema, *bytes));
  return absl::optional<sync::MergedRecord>(std::move(base));
}

absl::StatusOr<std::vector<Touch>> ShownReader::LoadTouches(const sync::RecordId& id,
                                                            uint64_t first) const {
  if (touches_ == nullptr) return desk_.store->Touches(id, first);
  std::vector<Touch> touches;
  const auto at = touches_->find(id);
  if (at == touches_->end()) return touches;
  std::copy_if(at->second.begin(), at->second.end(), std::back_inserter(touches),
               [&](const Touch& touch) { return touch.sequence >= first; });
  return touches;
}

absl::StatusOr<std::vector<sync::AdmittedEdit>> ShownReader::LoadHistory(
    const sync::RecordId& id) const {
  if (undone_ != nullptr) {
    if (const auto at = undone_->histories.find(id); at != undone_->histories.end()) {
      return at->second.edits;
    }
  }
  return KeptHistory(*desk_.store, id);
}

absl::StatusOr<sync::OwnChange> ShownReader::ReadOwn(uint64_t sequence) const {
  SOTAY_ASSIGN_OR_RETURN(const stored::v1::OwnChange stored, LoadOwn(sequence));
  return AsOwn(stored);
}

absl::StatusOr<sync::OwnChange> ShownReader::AsOwn(const stored::v1::OwnChange& stored) const {
  SOTAY_ASSIGN_OR_RETURN(sync::OwnChange own, sync::ReadOwnChange(stored, desk_.meta.user_id(), 0));
  if (directory_ != nullptr) {
    own.author.authority = AuthorityIn(*directory_, own.change.unit_id());
  }
  return own;
}

absl::StatusOr<bool> ShownReader::IsGone(const v1::Change& change) const {
  const auto dossier = sync::RecordId::From(change.dossier_id());
  if (!dossier.has_value()) return false;
  if (undone_ != nullptr && undone_->back.count(*dossier) != 0) return false;
  if (undone_ != nullptr && undone_->gone.count(*dossier) != 0) return true;
  return desk_.store->IsGone(*dossier);
}

absl::StatusOr<absl::optional<Shown>> ShownReader::Read(const sync::RecordId& id) const {
  if (undone_ == nullptr) {
    if (const auto recent = desk_.recently.Get(id)) {
      SOTAY_ASSIGN_OR_RETURN(sync::MergedRecord record,
                             sync::MergedRecord::Parse(*desk_.schema, recent->record));
      return absl::optional<Shown>({std::move(record), recent->newest_pending});
    }
  }
  SOTAY_ASSIGN_OR_RETURN(Parts parts, Load(id));
  if (!parts.base.has_value()) return absl::optional<Shown>();
  const std::vector<uint64_t> pending = sync::Pending(*parts.base, parts.lying);
  absl::StatusOr<absl::optional<sync::MergedRecord>> record =
      pending.empty() ? sync::Show(*std::move(parts.base), parts.lying, {})
                      : sync::Show(*parts.base, parts.lying, {});
  if (absl::IsFailedPrecondition(record.status())) {
    SOTAY_ASSIGN_OR_RETURN(const std::vector<sync::AdmittedEdit> history, LoadHistory(id));
    record = sync::Show(*parts.base, parts.lying, history);
  }
  SOTAY_RETURN_IF_ERROR(record.status());
  if (!record->has_value()) return absl::optional<Shown>();
  return absl::optional<Shown>({**std::move(record), pending.empty() ? 0 : pending.back()});
}

absl::StatusOr<ShownReader::Parts> ShownReader::Load(const sync::RecordId& id) const {
  Parts parts;
  SOTAY_ASSIGN_OR_RETURN(parts.base, LoadBase(id));
  const bool based = parts.base.has_value();
  uint64_t held = 0;
  if (based) {
    held = OwnSeen(*parts.base, desk_.device);
    // Of which own changes it had been seen by, the earlier ones tell (sync::Show).
    if (parts.base->StandsTakenIn(desk_.device)) held = 0;
  }
  SOTAY_ASSIGN_OR_RETURN(const std::vector<Touch> touches, LoadTouches(id, held + 1));
  std::set<uint64_t> sequences;
  for (const Touch& touch : touches) sequences.insert(touch.sequence);
  if (undone_ != nullptr) {
    for (auto at = undone_->own.upper_bound(undone_->stored_through); at != undone_->own.end();
         ++at) {
      sequences.insert(at->first);
    }
  }
  parts.own.reserve(sequences.size());
  for (const uint64_t sequence : sequences) {
    SOTAY_ASSIGN_OR_RETURN(const stored::v1::OwnChange stored, LoadOwn(sequence));
    if (IsWithheld(stored)) continue;
    SOTAY_ASSIGN_OR_RETURN(sync::OwnChange change, AsOwn(stored));
    if (!based) {
      SOTAY_ASSIGN_OR_RETURN(const bool gone, IsGone(change.change));
      if (gone) continue;
    }
    if (!parts.base.has_value()) parts.base = Unborn(*desk_.schema, id, change.change);
    parts.own.push_back(std::move(change));
    parts.lying.push_back(&parts.own.back());
  }
  return parts;
}

// The server takes a device to have seen whatever its earlier changes to the record had seen, the
// refused ones too: so these must have seen nothing that is not in what the edit is made on.
absl::StatusOr<sync::MergedRecord> ShownReader::MadeOn(const RecordView& seen,
                                                       const std::set<uint32_t>& texts) const {
  const sync::RecordId& id = seen.record.id();
  const auto anew = [&id](absl::string_view why) {
    return absl::AbortedError(
        absl::StrCat("record ", id.Short(), ": ", why, " since it was read; read it again"));
  };
  SOTAY_ASSIGN_OR_RETURN(sync::MergedRecord on,
                         sync::MergedRecord::Parse(*desk_.schema, seen.record.Serialize()));
  SOTAY_ASSIGN_OR_RETURN(const std::vector<Touch> touches, desk_.store->Touches(id, 1));
  for (const Touch& touch : touches) {
    const bool refused = touch.fate == Fate::kQuarantined;
    if (touch.sequence <= seen.newest_own) {
      const bool was_refused = seen.refused_own.count(touch.sequence) != 0;
      if (refused && !was_refused) return anew("a change of yours that it shows was refused");
      if (!refused && was_refused) return anew("a change of yours that was refused was admitted");
      continue;
    }
    SOTAY_ASSIGN_OR_RETURN(const stored::v1::OwnChange stored, LoadOwn(touch.sequence));
    if (IsWithheld(stored)) continue;
    SOTAY_ASSIGN_OR_RETURN(const sync::OwnChange own, AsOwn(stored));
    for (int i = 0; i < own.change.edits_size(); ++i) {
      const v1::RecordEdit& edit = own.change.edits(i);
      if (edit.record_id() != id.view()) continue;
      const auto at = static_cast<size_t>(i);
      if (at >= own.contexts.size() ||
          !on.seen().Covers(sync::VersionVector::FromProto(own.contexts[at].seen()))) {
        return anew("this device edited it, after others' work came in,");
      }
      const bool same = std::any_of(
          edit.ops().begin(), edit.ops().end(),
          [&](const v1::FieldOp& op) { return op.has_text() && texts.count(op.field()) != 0; });
      if (same && !refused) return anew("this device edited the same text");
    }
    if (!refused && !sync::Holds(on, own) &&
        !sync::LayOn(own.change, own.id, own.author, own.contexts, &on)) {
      return anew("this device edited it");
    }
  }
  return on;
}

absl::StatusOr<sync::History> ShownReader::History(const sync::RecordId& id) const {
  SOTAY_ASSIGN_OR_RETURN(const Parts parts, Load(id));
  if (!parts.base.has_value()) {
    return absl::NotFoundError(absl::StrCat("record ", id.Short(), " is not here"));
  }
  SOTAY_ASSIGN_OR_RETURN(const std::vector<sync::AdmittedEdit> past, LoadHistory(id));
  return sync::HistoryShown(*parts.base, parts.lying, past);
}

stored::v1::ListRow RowOf(const Shown& shown, bool set_aside) {
  const sync::MergedRecord& record = shown.record;
  stored::v1::ListRow row;
  row.set_type(record.type_name());
  row.set_unit_id(record.unit_id());
  row.set_dossier_id(record.dossier().str());
  row.set_title(TitleOf(record));
  row.set_state(StateOf(record));
  row.set_conflicts(static_cast<uint32_t>(sync::ConflictCount(record)));
  for (std::string& state : sync::RequestedStates(record)) row.add_requested(std::move(state));
  row.set_changed_ms(sync::StampMs(record.newest_stamp()));
  row.set_newest_pending(shown.newest_pending);
  row.set_set_aside(set_aside);
  return row;
}

Fate FateOf(const v1::ChangeOutcome& outcome) {
  switch (outcome.verdict()) {
    case v1::VERDICT_HELD:
      return Fate::kHeld;
    case v1::VERDICT_QUARANTINED:
      return Fate::kQuarantined;
    default:
      return Fate::kFine;
  }
}

}  // namespace sotay::sdk
