// The notebook's writing hand: load, compose, commit, tell.
#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "mobile-sdk/core/edits.h"
#include "mobile-sdk/core/notebook_impl.h"
#include "mobile-sdk/core/sealing.h"
#include "mobile-sdk/core/writing_clocks.h"
#include "sync/fragment.h"
#include "sync/seal/digest.h"
#include "sync/stamp.h"
#include "sync/status_macros.h"
#include "sync/text.h"
#include "sync/text_words.h"
#include "sync/text_written.h"
#include "sync/view.h"

namespace sotay::sdk {
namespace {

using sync::FieldType;
using sync::RecordId;

constexpr size_t kSaltBytes = 16;

absl::StatusOr<const sync::RecordType*> TypeCalled(const sync::Schema& schema,
                                                   const std::string& name) {
  if (const sync::RecordType* type = schema.Find(name)) return type;
  std::vector<std::string> known;
  for (const auto& [full, type] : schema.types()) {
    known.push_back(type.short_name.empty() ? full : type.short_name);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("no such record type; there are ", absl::StrJoin(known, ", ")));
}

// Where a new record goes when nobody says: the one unit whose role lets the user make it.
absl::StatusOr<std::string> OnlyUnit(const v1::Directory& directory, const sync::RecordType& type) {
  std::vector<std::string> all;
  std::vector<std::string> able;
  for (const v1::DirectoryUnit& unit : directory.units()) {
    all.push_back(unit.unit_id());
    for (const int role : unit.roles()) {
      if (type.creators.count(static_cast<sync::Role>(role)) == 0) continue;
      able.push_back(unit.unit_id());
      break;
    }
  }
  if (able.size() == 1) return able.front();
  if (able.empty() && all.size() == 1) return all.front();
  if (all.empty())
    return absl::FailedPreconditionError("you are in no unit; ask its administrator");
  return absl::InvalidArgumentError(
      absl::StrCat("say in which unit: ", absl::StrJoin(able.empty() ? all : able, ", ")));
}

// Whether a parent field of this name can hold a record of that type.
bool FitsParent(const FieldType& field, const sync::MergedRecord& record) {
  if (field.name == "parent") return true;
  return record.type() != nullptr && !record.type()->short_name.empty() &&
         field.name == absl::StrCat(record.type()->short_name, "_id");
}

// Parent fields that the wish leaves out, filled from the record it is written in (first of
// `around`) and the root of the dossier.
void FillParents(const sync::RecordType& type, const std::vector<const sync::MergedRecord*>& around,
                 sync::RecordWish* wish) {
  for (const auto& [number, field] : type.fields) {
    if (!field.parent || field.is_map || field.repeated) continue;
    const bool said = std::any_of(
        wish->fields.begin(), wish->fields.end(),
        [wanted = number](const sync::FieldEdit& edit) { return edit.op.field() == wanted; });
    if (said) continue;
    for (const sync::MergedRecord* record : around) {
      if (!FitsParent(field, *record)) continue;
      sync::FieldEdit& edit = wish->fields.emplace_back();
      edit.op.set_field(number);
      edit.op.set_set(sync::StringFragment(number, record->id().view()));
      break;
    }
  }
}

// A text that is already what stands is no edit.
bool ChangesNothing(const sync::FieldEdit& edit, const sync::MergedRecord& shown) {
  return edit.whole_text.has_value() && shown.ShownText(edit.op.field()) == *edit.whole_text;
}

bool EditsText(const v1::Change& change) {
  return std::any_of(change.edits().begin(), change.edits().end(), [](const v1::RecordEdit& edit) {
    return std::any_of(edit.ops().begin(), edit.ops().end(),
                       [](const v1::FieldOp& op) { return op.has_text(); });
  });
}

std::set<uint32_t> TextsOf(const sync::RecordType& type, const std::vector<Edit>& edits) {
  std::set<uint32_t> texts;
  for (const Edit& edit : edits) {
    const FieldType* const field = type.Field(absl::string_view(edit.field));
    if (field != nullptr && field->rule == options::v1::RULE_TEXT) texts.insert(field->number);
  }
  return texts;
}

absl::StatusOr<sync::RecordWish> WishOf(const sync::Schema& schema, const sync::RecordType& type,
                                        const RecordId& id, const std::vector<Edit>& edits,
                                        const sync::MergedRecord* shown) {
  sync::RecordWish wish;
  wish.id = id;
  wish.type = type.name;
  for (const Edit& edit : edits) {
    SOTAY_ASSIGN_OR_RETURN(sync::FieldEdit read, ReadEdit(schema, type, edit));
    if (read.whole_text.has_value() && shown != nullptr) {
      read.whole_text = sync::TakenBack(*read.whole_text, shown->Slot(read.op.field()));
    }
    if (!read.splices.empty() && !wish.fields.empty() && !wish.fields.back().splices.empty() &&
        wish.fields.back().op.field() == read.op.field()) {
      wish.fields.back().splices.push_back(std::move(read.splices.front()));
      continue;
    }
    wish.fields.push_back(std::move(read));
  }
  return wish;
}

// The edit that puts `words` in the place of a span.
sync::FieldEdit SettledSpan(const sync::Conflict& conflict, absl::string_view shown,
                            std::string words) {
  std::u32string scalars;
  sync::DecodeUtf8(shown, &scalars);
  size_t place = scalars.find(sync::kSpanScalar);
  for (size_t before = 0; before < *conflict.span; ++before) {
    place = scalars.find(sync::kSpanScalar, place + 1);
  }
  sync::FieldEdit edit;
  edit.op.set_field(conflict.field);
  v1::TextSplice& splice = edit.splices.emplace_back();
  splice.set_position(static_cast<uint32_t>(place));
  splice.set_deleted(1);
  splice.set_inserted(std::move(words));
  return edit;
}

// The edit that makes one reading of a conflict the only one.
absl::StatusOr<sync::FieldEdit> PickOf(const sync::Schema& schema, const sync::MergedRecord& shown,
                                       const sync::Conflict& conflict,
                                       absl::optional<size_t> reading, const std::string& value) {
  const absl::string_view text = shown.ShownText(conflict.field);
  if (!reading.has_value()) {
    if (conflict.span.has_value()) {
      SOTAY_ASSIGN_OR_RETURN(std::string words,
                             CleanText(absl::StrCat("field ", conflict.type->name), value));
      return SettledSpan(conflict, text, std::move(words));
    }
    Edit edit;
    edit.field = conflict.type->name;
    edit.key = conflict.key;
    edit.value = value;
    return ReadEdit(schema, *shown.type(), edit);
  }
  if (*reading >= conflict.readings.size()) {
    return absl::InvalidArgumentError(absl::StrCat("there is no reading ", *reading, "; there are ",
                                                   conflict.readings.size(), ", from 0"));
  }
  const std::string& picked = conflict.readings[*reading].value;
  if (conflict.span.has_value()) {
    return SettledSpan(conflict, text,
                       std::string(sync::StringOf(picked).value_or(absl::string_view())));
  }
  sync::FieldEdit edit;
  edit.op.set_field(conflict.field);
  edit.op.set_key(conflict.key);
  edit.op.set_set(picked);
  return edit;
}

}  // namespace

absl::StatusOr<std::vector<Event>> Notebook::Impl::Write(sync::RecordWish wish,
                                                         const Ground& ground,
                                                         const std::string& reason,
                                                         const stored::v1::PhoneFile* file) {
  SOTAY_RETURN_IF_ERROR(CheckNotSealed(*desk.store, ground.dossier));
  SOTAY_ASSIGN_OR_RETURN(stored::v1::Progress progress, desk.store->Progress());
  SOTAY_ASSIGN_OR_RETURN(const v1::Directory directory, Directory());
  const RecordId id = wish.id;
  sync::ComposeInput input;
  input.schema = desk.schema.get();
  input.device = desk.device;
  input.user_id = desk.meta.user_id();
  input.roles = RolesIn(directory, ground.unit_id);
  if (input.roles.empty()) {
    return absl::PermissionDeniedError(
        absl::StrCat("unit ", ground.unit_id, " is not one of yours"));
  }
  input.authority = AuthorityIn(directory, ground.unit_id);
  input.sequence = progress.last_sequence() + 1;
  input.previous = progress.head();
  const sync::ClockReading clocks = ClocksNow(desk);
  input.claimed_ms = clocks.wall_ms;
  input.stamp = sync::NextStamp(progress.stamp(), input.claimed_ms);
  input.salt.resize(kSaltBytes);
  desk.random_bytes(input.salt.data(), input.salt.size());
  input.unit_id = ground.unit_id;
  input.dossier = ground.dossier;
  SOTAY_ASSIGN_OR_RETURN(input.reason, CleanText("reason", reason));
  input.wishes.push_back(std::move(wish));
  if (ground.record != nullptr) input.shown.emplace(id, *ground.record);
  // The secrecy gate asks it.
  absl::optional<Shown> root;
  if (ground.dossier != id) {
    SOTAY_ASSIGN_OR_RETURN(root, ShownReader(&desk, &directory).Read(ground.dossier));
    if (root.has_value()) input.root = &root->record;
  }
  input.hash = seal::HashChange;
  SOTAY_ASSIGN_OR_RETURN(sync::Composed composed, sync::Compose(input));

  StoreBatch batch;
  stored::v1::OwnChange own;
  own.set_change(std::move(composed.bytes));
  own.set_change_id(composed.id.str());
  for (stored::v1::EditContext& context : composed.contexts) {
    *own.add_contexts() = std::move(context);
  }
  batch.PutOwnChange(input.sequence, own);
  SOTAY_ASSIGN_OR_RETURN(const auto written_at, WrittenNow(desk, clocks));
  batch.PutWrittenAt(input.sequence, written_at);
  batch.PutTouch(id, {input.sequence, Fate::kFine});
  Shown next = {composed.shown.at(id), input.sequence};
  if (ground.moved) {
    Undone undone;
    undone.stored_through = input.sequence - 1;
    undone.own.emplace(input.sequence, std::move(own));
    auto merged = ShownReader(&desk, &directory, &undone).Read(id);
    absl::Status laid = merged.status();
    if (laid.ok() && EditsText(composed.change)) {
      const auto history = ShownReader(&desk, &directory, &undone).History(id);
      laid = !history.ok() ? history.status()
             : history->Find(composed.id) == nullptr
                 ? absl::FailedPreconditionError("it does not fit what it was made on")
                 : absl::OkStatus();
    }
    if (absl::IsFailedPrecondition(laid)) {
      return absl::AbortedError(absl::StrCat(
          "record ", id.Short(),
          ": others wrote in it since it was read, and how is not here; read it again"));
    }
    SOTAY_RETURN_IF_ERROR(laid);
    if (!merged->has_value()) {
      return absl::NotFoundError(absl::StrCat("record ", id.Short(), " is not in this notebook"));
    }
    next = **std::move(merged);
  }
  SOTAY_ASSIGN_OR_RETURN(const auto row, desk.store->Row(id));
  batch.PutRow(id, RowOf(next, row.has_value() && row->set_aside()));
  progress.set_last_sequence(input.sequence);
  progress.set_head(composed.id.str());
  progress.set_stamp(input.stamp);
  batch.PutProgress(progress);
  if (file != nullptr) batch.PutFile(id, *file);
  SOTAY_RETURN_IF_ERROR(desk.store->Commit(batch));
  desk.recently.Put(id, {next.record.Serialize(), next.newest_pending});
  Event event;
  event.kind = Event::Kind::kRecordChanged;
  event.record = id;
  return std::vector<Event>{std::move(event)};
}

absl::StatusOr<RecordId> Notebook::Create(const std::string& type_name, const std::string& unit_id,
                                          absl::optional<RecordId> dossier,
                                          const std::vector<Edit>& edits,
                                          const std::string& reason) {
  SOTAY_ASSIGN_OR_RETURN(const sync::RecordType* type, TypeCalled(schema(), type_name));
  std::array<char, RecordId::kSize> chance = {};
  impl_->desk.random_bytes(chance.data(), chance.size());
  const RecordId id(chance);
  SOTAY_RETURN_IF_ERROR(impl_->Create({id, type, unit_id, dossier}, edits, reason));
  return id;
}

absl::Status Notebook::Impl::Create(const Birth& birth, const std::vector<Edit>& edits,
                                    const std::string& reason) {
  const sync::RecordType& type = *birth.type;
  SOTAY_ASSIGN_OR_RETURN(sync::RecordWish wish,
                         WishOf(*desk.schema, type, birth.id, edits, nullptr));
  if (!birth.dossier.has_value() && !type.root) {
    return absl::FailedPreconditionError(
        absl::StrCat("a ", type.name, " opens no dossier: say which one it belongs to"));
  }
  std::vector<Event> events;
  {
    absl::MutexLock lock(&desk.mutex);
    std::string unit = birth.unit_id;
    RecordId root = birth.id;
    if (birth.dossier.has_value()) {
      SOTAY_ASSIGN_OR_RETURN(const Shown named, ReadShown(*birth.dossier));
      root = named.record.dossier();
      if (unit.empty()) unit = named.record.unit_id();
      if (unit != named.record.unit_id()) {
        return absl::InvalidArgumentError(absl::StrCat("dossier ", root.Short(), " is of unit ",
                                                       named.record.unit_id(), ", not ", unit));
      }
      std::vector<const sync::MergedRecord*> around = {&named.record};
      absl::StatusOr<Shown> top = absl::NotFoundError("");
      if (root != *birth.dossier) top = ReadShown(root);
      if (top.ok()) around.push_back(&top->record);
      FillParents(type, around, &wish);
    } else if (unit.empty()) {
      SOTAY_ASSIGN_OR_RETURN(const v1::Directory directory, Directory());
      SOTAY_ASSIGN_OR_RETURN(unit, OnlyUnit(directory, type));
    }
    SOTAY_ASSIGN_OR_RETURN(events,
                           Write(std::move(wish), {nullptr, unit, root}, reason, birth.file));
  }
  Told(std::move(events));
  return absl::OkStatus();
}

absl::Status Notebook::Change(const RecordId& id, const std::vector<Edit>& edits,
                              const std::string& reason) {
  return impl_->Change(id, nullptr, edits, reason);
}

absl::Status Notebook::Change(const RecordView& seen, const std::vector<Edit>& edits,
                              const std::string& reason) {
  return impl_->Change(seen.record.id(), &seen, edits, reason);
}

absl::Status Notebook::Impl::Change(const RecordId& id, const RecordView* seen,
                                    const std::vector<Edit>& edits, const std::string& reason) {
  if (edits.empty()) return absl::InvalidArgumentError("an edit of no field");
  std::vector<Event> events;
  {
    absl::MutexLock lock(&desk.mutex);
    // Who has read it goes on writing, whatever ended since.
    SOTAY_ASSIGN_OR_RETURN(const Shown shown, seen != nullptr ? ReadShown(id) : ReadForPerson(id));
    SOTAY_ASSIGN_OR_RETURN(const sync::RecordType* type,
                           TypeCalled(*desk.schema, shown.record.type_name()));
    Ground ground = {&shown.record, shown.record.unit_id(), shown.record.dossier()};
    absl::optional<sync::MergedRecord> on;
    if (seen != nullptr) {
      SOTAY_ASSIGN_OR_RETURN(const v1::Directory directory, Directory());
      SOTAY_ASSIGN_OR_RETURN(on,
                             ShownReader(&desk, &directory).MadeOn(*seen, TextsOf(*type, edits)));
      ground.moved = !(on->seen() == shown.record.seen());
      if (ground.moved) ground.record = &*on;
    }
    SOTAY_ASSIGN_OR_RETURN(sync::RecordWish wish,
                           WishOf(*desk.schema, *type, id, edits, ground.record));
    if (std::all_of(wish.fields.begin(), wish.fields.end(), [&](const sync::FieldEdit& edit) {
          return ChangesNothing(edit, *ground.record);
        })) {
      return absl::OkStatus();
    }
    SOTAY_ASSIGN_OR_RETURN(events, Write(std::move(wish), ground, reason));
  }
  Told(std::move(events));
  return absl::OkStatus();
}

absl::Status Notebook::Resolve(const RecordId& id, const std::string& conflict_id,
                               absl::optional<size_t> reading, const std::string& value,
                               const std::string& reason) {
  std::vector<Event> events;
  {
    absl::MutexLock lock(&impl_->desk.mutex);
    SOTAY_ASSIGN_OR_RETURN(const Shown shown, impl_->ReadForPerson(id));
    const std::vector<sync::Conflict> conflicts = sync::Conflicts(shown.record);
    const auto conflict =
        std::find_if(conflicts.begin(), conflicts.end(),
                     [&](const sync::Conflict& one) { return one.id == conflict_id; });
    if (conflict == conflicts.end()) {
      return absl::NotFoundError(
          absl::StrCat("record ", id.Short(), " has no such conflict; it may be settled already"));
    }
    if (shown.record.type() == nullptr || conflict->type == nullptr) {
      return absl::FailedPreconditionError(
          absl::StrCat("field ", conflict->field, " is of a newer version; update to settle it"));
    }
    sync::RecordWish wish;
    wish.id = id;
    wish.type = shown.record.type_name();
    SOTAY_ASSIGN_OR_RETURN(sync::FieldEdit edit,
                           PickOf(schema(), shown.record, *conflict, reading, value));
    wish.fields.push_back(std::move(edit));
    SOTAY_ASSIGN_OR_RETURN(
        events,
        impl_->Write(std::move(wish),
                     {&shown.record, shown.record.unit_id(), shown.record.dossier()}, reason));
  }
  impl_->Told(std::move(events));
  return absl::OkStatus();
}

}  // namespace sotay::sdk
