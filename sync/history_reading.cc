// A record's history out of columns.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/column.h"
#include "sync/history_columns.h"
#include "sync/history_contexts.h"
#include "sync/history_forecast.h"
#include "sync/limits.h"
#include "sync/number_coder.h"
#include "sync/stamp.h"
#include "sync/text.h"

namespace sotay::sync {
namespace {

using N = HistoryNumber;

absl::Status Malformed(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("history: ", what));
}

class Reading {
 public:
  Reading(const HistoryColumns& columns, const RecordId& record)
      : record_(record),
        changes_(columns.changes),
        numbers_(columns.numbers, columns.number_count, &failed_),
        device_ids_(columns.devices, &failed_),
        outside_ids_(columns.outside, &failed_),
        ids_(columns.ids, &failed_),
        name_bytes_(columns.names, &failed_),
        bytes_(columns.bytes, &failed_),
        typed_(columns.typed, &failed_) {}

  absl::StatusOr<std::vector<AdmittedEdit>> Read();

 private:
  struct Device {
    DeviceId id;
    ColumnReader typed;
    uint64_t sequence = 0;
    uint64_t user = 0;  // 1 + name
    uint32_t authority = 0;
  };
  struct Text {
    uint32_t field = 0;
    uint64_t key = 0;  // 1 + name
  };

  void ReadOutside();
  void ReadChange(std::vector<AdmittedEdit>* edits);
  uint32_t ReadAuthor();
  void ReadParents(uint32_t device, const std::vector<AdmittedEdit>& before, AdmittedEdit* edit);
  absl::optional<uint32_t> ReadInside(uint64_t turn);
  void ReadAdmission(Device* device, AdmittedEdit* edit);
  void ReadEdit(Device* device, v1::RecordEdit* edit);
  void ReadOp(Device* device, v1::FieldOp* op);
  void ReadText(uint32_t text, Device* device, v1::TextEdit* edit);
  absl::string_view ReadBytes(N length) { return bytes_.Bytes(Get(length)); }
  // Whose number, 0 for the `last` one, comes next.
  const std::string& ReadName(N number, uint64_t* last);
  const std::string& Name(uint64_t number);
  uint64_t Get(N model, size_t context = 0) {
    return numbers_.Get(static_cast<size_t>(model), context);
  }
  // At most `max`.
  uint64_t GetUpTo(uint64_t max, N model, size_t context = 0);
  uint64_t GetFrom(uint64_t foretold, N model) { return foretold + Unfolded(Get(model)); }
  uint32_t Small(uint64_t number);
  void Fail() { failed_ = true; }

  const RecordId record_;
  const uint64_t changes_;
  bool failed_ = false;
  NumberReader numbers_;
  ColumnReader device_ids_;
  ColumnReader outside_ids_;
  ColumnReader ids_;
  ColumnReader name_bytes_;
  ColumnReader bytes_;
  ColumnReader typed_;
  HistoryForecast forecast_;
  HistoryContexts contexts_;
  std::vector<Device> devices_;
  std::vector<std::string> names_;
  size_t named_left_ = kHistoryPartBytesMax;
  std::vector<Text> texts_;
  std::vector<ChangeId> outside_;
  uint64_t position_ = 0;
  uint64_t stamp_ = 0;
  uint64_t type_ = 0;
};

uint64_t Reading::GetUpTo(uint64_t max, N model, size_t context) {
  const uint64_t number = Get(model, context);
  if (number <= max) return number;
  Fail();
  return 0;
}

uint32_t Reading::Small(uint64_t number) {
  if (number > UINT32_MAX) Fail();
  return static_cast<uint32_t>(number);
}

// A name may stand for more than its number takes: all together no more than when they were written
// out.
const std::string& Reading::Name(uint64_t number) {
  static const auto* const kNone = new std::string();
  if (number - 1 < names_.size() && names_[number - 1].size() <= named_left_) {
    named_left_ -= names_[number - 1].size();
    return names_[number - 1];
  }
  Fail();
  return *kNone;
}

const std::string& Reading::ReadName(N number, uint64_t* last) {
  if (const uint64_t name = Get(number); name != 0) *last = name;
  if (*last == names_.size() + 1 && !failed_) {
    const absl::string_view name = name_bytes_.Bytes(Get(N::kNameBytes));
    if (!ScalarCount(name).has_value()) Fail();
    names_.emplace_back(name);
  }
  return Name(*last);
}

void Reading::ReadOutside() {
  while (!failed_ && !outside_ids_.done()) {
    const auto id = ChangeId::From(outside_ids_.Bytes(ChangeId::kSize));
    if (!id.has_value() || (!outside_.empty() && !(outside_.back() < *id))) return Fail();
    outside_.push_back(*id);
  }
}

uint32_t Reading::ReadAuthor() {
  const uint64_t turn = GetUpTo(contexts_.devices(), N::kAuthors, contexts_.OfAuthor());
  if (failed_) return 0;
  const uint32_t device = contexts_.Begin(turn);
  if (device < devices_.size()) return device;
  const auto id = DeviceId::From(device_ids_.Bytes(DeviceId::kSize));
  const absl::string_view typed = typed_.Bytes(Get(N::kTyped));
  if (!id.has_value() || !ScalarCount(typed).has_value()) Fail();
  devices_.push_back({id.value_or(DeviceId()), ColumnReader(typed, &failed_), 0, 0, 0});
  return device;
}

// The place of a change of the device that has this turn.
absl::optional<uint32_t> Reading::ReadInside(uint64_t turn) {
  if (turn >= contexts_.devices()) return absl::nullopt;
  const uint32_t other = contexts_.DeviceAt(turn);
  const uint64_t after = Get(N::kParentChanges, contexts_.OfParentChange(forecast_, other));
  const uint32_t changes = forecast_.Changes(other);
  if (after >= changes) return absl::nullopt;
  return forecast_.PlaceOf(other, changes - 1 - static_cast<uint32_t>(after));
}

void Reading::ReadParents(uint32_t device, const std::vector<AdmittedEdit>& before,
                          AdmittedEdit* edit) {
  contexts_.BeginParents(forecast_);
  const uint64_t number = GetUpTo(2 * kParentsMax + 1, N::kParents, contexts_.OfParents());
  contexts_.ParentsAre(number);
  std::vector<uint32_t> places;
  for (uint64_t i = 0; i < number / 2 && !failed_; ++i) {
    const uint64_t from = Get(N::kParentDevices, contexts_.OfParentDevice());
    if (from == 0) {
      const uint64_t which = Get(N::kOutsideParents);
      if (which >= outside_.size()) return Fail();
      edit->edit.add_parents(outside_[which].str());
      continue;
    }
    const absl::optional<uint32_t> place = ReadInside(from - 1);
    if (!place.has_value()) return Fail();
    places.push_back(*place);
    forecast_.See(*place);
  }
  if (failed_) return;
  const uint32_t own = forecast_.Changes(device);
  if (forecast_.ExpectsOwn() != ((number & 1) != 0)) {
    if (own == 0) return Fail();
    places.push_back(forecast_.PlaceOf(device, own - 1));
  }
  std::sort(places.begin(), places.end());
  for (const uint32_t place : places) edit->edit.add_parents(before[place].change.str());
}

void Reading::ReadAdmission(Device* device, AdmittedEdit* edit) {
  position_ = GetFrom(position_ + 1, N::kPositions);
  stamp_ = GetFrom(stamp_, N::kStamps);
  const auto ms = static_cast<uint64_t>(StampMs(stamp_));
  edit->claimed_ms = static_cast<int64_t>(GetFrom(ms, N::kClaimed));
  const auto received_ms = static_cast<int64_t>(GetFrom(ms, N::kReceived));
  const std::string& user = ReadName(N::kUsers, &device->user);
  device->authority = Small(GetFrom(device->authority, N::kAuthorities));
  v1::Admission& admission = edit->admission;
  const absl::string_view notes = ReadBytes(N::kNotes);
  if (!admission.ParseFromArray(notes.data(), static_cast<int>(notes.size()))) return Fail();
  admission.set_position(position_);
  admission.set_received_ms(received_ms);
  admission.set_stamp(stamp_);
  admission.set_user_id(user);
  admission.set_authority(device->authority);
  const absl::string_view reason = ReadBytes(N::kReasons);
  if (!ScalarCount(reason).has_value()) return Fail();
  edit->reason = std::string(reason);
  for (uint64_t told = GetUpTo(kRecordDevicesMax, N::kTold); told > 0 && !failed_; --told) {
    const auto id = DeviceId::From(bytes_.Bytes(DeviceId::kSize));
    const uint64_t sequence = Get(N::kToldSequences);
    if (!id.has_value()) return Fail();
    edit->told.Add(*id, sequence);
  }
}

void Reading::ReadText(uint32_t text, Device* device, v1::TextEdit* edit) {
  const int64_t length = forecast_.Length(text);
  edit->set_length_before(Small(GetFrom(static_cast<uint64_t>(length), N::kLengths)));
  forecast_.LengthIs(edit->length_before());
  uint64_t left = GetUpTo(kSplicesMax, N::kSplices, contexts_.OfSplices());
  contexts_.BeginEdit();
  for (; left > 0 && !failed_; --left) {
    v1::TextSplice* const splice = edit->add_splices();
    const uint64_t from = Get(N::kEnds, contexts_.OfEnd());
    const uint64_t end = static_cast<uint64_t>(forecast_.Cursor()) + Unfolded(from);
    const uint32_t deleted = Small(Get(N::kDeleted, contexts_.OfDeleted(from)));
    const uint32_t inserted = Small(Get(N::kInserted, contexts_.OfInserted(from, deleted)));
    if (end < deleted) return Fail();
    splice->set_position(Small(end - deleted));
    splice->set_deleted(deleted);
    const absl::string_view typed = device->typed.Scalars(inserted);
    splice->set_inserted(typed.data(), typed.size());
    forecast_.Spliced(splice->position(), deleted, inserted);
    contexts_.Spliced(from, deleted, inserted);
  }
  forecast_.EndEdit();
}

void Reading::ReadOp(Device* device, v1::FieldOp* op) {
  const uint64_t kind = GetUpTo(texts_.size() + 1, N::kKinds);
  if (failed_) return;
  if (kind == 0) {
    const absl::string_view plain = ReadBytes(N::kPlain);
    if (!op->ParseFromArray(plain.data(), static_cast<int>(plain.size()))) Fail();
    return;
  }
  if (kind == texts_.size() + 1) {
    Text& text = texts_.emplace_back();
    text.field = static_cast<uint32_t>(GetUpTo(kFieldNumberMax, N::kTextFields));
    op->set_key(ReadName(N::kTextKeys, &text.key));
  } else {
    op->set_key(Name(texts_[kind - 1].key));
  }
  op->set_field(texts_[kind - 1].field);
  if (!failed_) ReadText(static_cast<uint32_t>(kind - 1), device, op->mutable_text());
}

void Reading::ReadEdit(Device* device, v1::RecordEdit* edit) {
  edit->set_record_id(record_.str());
  edit->set_type(ReadName(N::kTypes, &type_));
  const absl::string_view unknown = ReadBytes(N::kUnknown);
  v1::RecordEdit more;
  if (!more.ParseFromArray(unknown.data(), static_cast<int>(unknown.size())) ||
      !more.record_id().empty() || !more.type().empty() || !more.parents().empty() ||
      !more.ops().empty()) {
    return Fail();
  }
  edit->MergeFrom(more);
  for (uint64_t left = GetUpTo(kOpsMax, N::kOps); left > 0 && !failed_; --left) {
    ReadOp(device, edit->add_ops());
  }
}

void Reading::ReadChange(std::vector<AdmittedEdit>* edits) {
  const uint32_t number = ReadAuthor();
  const auto id = ChangeId::From(ids_.Bytes(ChangeId::kSize));
  if (failed_ || !id.has_value()) return Fail();
  AdmittedEdit edit;
  Device& device = devices_[number];
  edit.change = *id;
  edit.device = device.id;
  edit.sequence = device.sequence = GetFrom(device.sequence + 1, N::kSequences);
  forecast_.Begin(number);
  ReadParents(number, *edits, &edit);
  if (!failed_) ReadAdmission(&device, &edit);
  if (!failed_) ReadEdit(&device, &edit.edit);
  forecast_.End();
  edits->push_back(std::move(edit));
}

absl::StatusOr<std::vector<AdmittedEdit>> Reading::Read() {
  if (changes_ > kHistoryPartChangesMax) {
    return Malformed(absl::StrCat(changes_, " changes, limit ", kHistoryPartChangesMax));
  }
  ReadOutside();
  std::vector<AdmittedEdit> edits;
  while (edits.size() < changes_ && !failed_) ReadChange(&edits);
  numbers_.Finish();
  for (const ColumnReader* column :
       {&device_ids_, &outside_ids_, &ids_, &name_bytes_, &bytes_, &typed_}) {
    if (!column->done()) Fail();
  }
  for (const Device& device : devices_) {
    if (!device.typed.done()) Fail();
  }
  if (failed_) return Malformed("its numbers and its bytes contradict each other");
  return edits;
}

}  // namespace

absl::StatusOr<std::vector<AdmittedEdit>> ReadHistory(const HistoryColumns& columns,
                                                      const RecordId& record) {
  return Reading(columns, record).Read();
}

}  // namespace sotay::sync
