// A record's history out of columns.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/column.h"
#include "sync/history_columns.h"
#include "sync/history_forecast.h"
#include "sync/limits.h"
#include "sync/stamp.h"
#include "sync/status_macros.h"
#include "sync/text.h"

namespace sotay::sync {
namespace {

using C = HistoryColumn;

absl::Status Malformed(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("history: ", what));
}

class Reading {
 public:
  explicit Reading(const RecordId& record) : record_(record) {}

  absl::StatusOr<std::vector<AdmittedEdit>> Read(absl::string_view bytes);

 private:
  struct Device {
    DeviceId id;
    uint64_t sequence = 0;
    uint64_t user = 0;  // 1 + name
    uint32_t authority = 0;
    ColumnReader typed;
  };
  struct Text {
    uint32_t field = 0;
    uint64_t key = 0;  // a name
  };

  absl::Status ReadHead(absl::string_view bytes, size_t* changes);
  void ReadTables(size_t changes);
  uint32_t ReadAuthor();
  void ReadParents(uint32_t device, const std::vector<AdmittedEdit>& before, AdmittedEdit* edit);
  void ReadAdmission(Device* device, AdmittedEdit* edit);
  void ReadEdit(Device* device, v1::RecordEdit* edit);
  void ReadText(uint32_t text, Device* device, v1::TextEdit* edit);
  absl::string_view ReadBytes(C length) { return In(C::kBytes).Bytes(In(length).Number()); }
  const std::string& Name(uint64_t number);
  uint32_t Small(uint64_t number);
  ColumnReader& In(C column) { return columns_[static_cast<size_t>(column)]; }
  void Fail() { failed_ = true; }

  const RecordId record_;
  bool failed_ = false;
  std::array<ColumnReader, kHistoryColumns> columns_;
  HistoryForecast forecast_;
  std::vector<Device> devices_;
  size_t known_ = 0;             // devices that made a change
  std::vector<uint32_t> turns_;  // devices, the last to make a change first
  std::vector<std::string> names_;
  size_t named_left_ = kHistoryPartBytesMax;
  std::vector<Text> texts_;
  std::vector<ChangeId> outside_;
  uint64_t position_ = 0;
  uint64_t stamp_ = 0;
  uint64_t type_ = 0;
};

// A name may stand for more than its number takes: all together no more than when they were written
// out.
const std::string& Reading::Name(uint64_t number) {
  static const auto* const kNone = new std::string();
  if (number < names_.size() && names_[number].size() <= named_left_) {
    named_left_ -= names_[number].size();
    return names_[number];
  }
  Fail();
  return *kNone;
}

uint32_t Reading::Small(uint64_t number) {
  if (number > UINT32_MAX) Fail();
  return static_cast<uint32_t>(number);
}

absl::Status Reading::ReadHead(absl::string_view bytes, size_t* changes) {
  if (bytes.size() > kHistoryPartBytesMax) {
    return Malformed(absl::StrCat(bytes.size(), " bytes, limit ", kHistoryPartBytesMax));
  }
  ColumnReader all(bytes, &failed_);
  const uint64_t version = all.Number();
  if (!failed_ && version != kHistoryVersion) {
    return Malformed(absl::StrCat("version ", version, ", known is ", kHistoryVersion));
  }
  *changes = all.Number(kHistoryPartChangesMax);
  std::array<uint64_t, kHistoryColumns> sizes;
  for (uint64_t& size : sizes) size = all.Number(kHistoryPartBytesMax);
  for (size_t i = 0; i < kHistoryColumns; ++i) {
    columns_[i] = ColumnReader(all.Bytes(sizes[i]), &failed_);
  }
  if (failed_ || !all.done()) return Malformed("its columns are cut short or followed by more");
  return absl::OkStatus();
}

void Reading::ReadTables(size_t changes) {
  while (!failed_ && !In(C::kDevices).done()) {
    const auto id = DeviceId::From(In(C::kDevices).Bytes(DeviceId::kSize));
    if (!id.has_value() || devices_.size() == changes) return Fail();
    devices_.push_back({*id, 0, 0, 0, {}});
  }
  while (!failed_ && !In(C::kNames).done()) {
    const absl::string_view name = In(C::kNames).Bytes(In(C::kNames).Number());
    if (!ScalarCount(name).has_value()) return Fail();
    names_.emplace_back(name);
  }
  while (!failed_ && !In(C::kTexts).done()) {
    const auto field = static_cast<uint32_t>(In(C::kTexts).Number(kFieldNumberMax));
    texts_.push_back({field, In(C::kTexts).Number()});
  }
  while (!failed_ && !In(C::kOutside).done()) {
    const auto id = ChangeId::From(In(C::kOutside).Bytes(ChangeId::kSize));
    if (!id.has_value() || (!outside_.empty() && !(outside_.back() < *id))) return Fail();
    outside_.push_back(*id);
  }
  for (Device& device : devices_) {
    const absl::string_view typed = In(C::kText).Bytes(In(C::kTyped).Number());
    if (!ScalarCount(typed).has_value()) return Fail();
    device.typed = ColumnReader(typed, &failed_);
  }
}

uint32_t Reading::ReadAuthor() {
  const uint64_t turn = In(C::kAuthors).Number(kHistoryPartChangesMax);
  uint32_t device = 0;
  if (turn == kHistoryPartChangesMax && known_ < devices_.size()) {
    device = static_cast<uint32_t>(known_++);
  } else if (turn < turns_.size()) {
    device = turns_[turn];
    turns_.erase(turns_.begin() + static_cast<std::ptrdiff_t>(turn));
  } else {
    Fail();
    return 0;
  }
  turns_.insert(turns_.begin(), device);
  return device;
}

void Reading::ReadParents(uint32_t device, const std::vector<AdmittedEdit>& before,
                          AdmittedEdit* edit) {
  const uint64_t count = In(C::kParents).Number(2 * kParentsMax + 1);
  std::vector<uint32_t> places;
  for (uint64_t i = 0; i < count / 2 && !failed_; ++i) {
    const uint64_t from = In(C::kParentDevices).Number();
    if (from == 0) {
      const uint64_t number = In(C::kParentChanges).Number();
      if (number >= outside_.size()) return Fail();
      edit->edit.add_parents(outside_[number].str());
      continue;
    }
    if (from - 1 >= turns_.size()) return Fail();
    const uint32_t other = turns_[from - 1];
    const uint64_t ordinal = In(C::kParentChanges).From(forecast_.Known(other));
    if (ordinal >= forecast_.Changes(other)) return Fail();
    places.push_back(forecast_.PlaceOf(other, static_cast<uint32_t>(ordinal)));
    forecast_.See(places.back());
  }
  if (failed_) return;
  const uint32_t own = forecast_.Changes(device);
  if (forecast_.ExpectsOwn() != ((count & 1) != 0)) {
    if (own == 0) return Fail();
    places.push_back(forecast_.PlaceOf(device, own - 1));
  }
  std::sort(places.begin(), places.end());
  for (const uint32_t place : places) edit->edit.add_parents(before[place].change.str());
}

void Reading::ReadAdmission(Device* device, AdmittedEdit* edit) {
  const uint64_t position = In(C::kPositions).From(position_ + 1);
  stamp_ = In(C::kStamps).From(stamp_);
  const auto ms = static_cast<uint64_t>(StampMs(stamp_));
  edit->claimed_ms = static_cast<int64_t>(In(C::kClaimed).From(ms));
  const auto received_ms = static_cast<int64_t>(In(C::kReceived).From(ms));
  if (const uint64_t user = In(C::kUsers).Number(); user != 0) device->user = user;
  device->authority = Small(In(C::kAuthorities).From(device->authority));
  v1::Admission& admission = edit->admission;
  const absl::string_view notes = ReadBytes(C::kNotes);
  if (!admission.ParseFromArray(notes.data(), static_cast<int>(notes.size()))) return Fail();
  admission.set_position(position);
  admission.set_received_ms(received_ms);
  admission.set_stamp(stamp_);
  admission.set_user_id(Name(device->user - 1));
  admission.set_authority(device->authority);
  position_ = position;
  const absl::string_view reason = ReadBytes(C::kReasons);
  if (!ScalarCount(reason).has_value()) return Fail();
  edit->reason = std::string(reason);
  for (uint64_t told = In(C::kTold).Number(kRecordDevicesMax); told > 0 && !failed_; --told) {
    const auto id = DeviceId::From(In(C::kBytes).Bytes(DeviceId::kSize));
    const uint64_t sequence = In(C::kBytes).Number();
    if (!id.has_value()) return Fail();
    edit->told.Add(*id, sequence);
  }
}

void Reading::ReadText(uint32_t text, Device* device, v1::TextEdit* edit) {
  const int64_t length = forecast_.Length(text);
  edit->set_length_before(Small(In(C::kLengths).From(static_cast<uint64_t>(length))));
  forecast_.LengthIs(edit->length_before());
  for (uint64_t left = In(C::kSplices).Number(kSplicesMax); left > 0 && !failed_; --left) {
    v1::TextSplice* const splice = edit->add_splices();
    const uint64_t end = In(C::kEnds).From(static_cast<uint64_t>(forecast_.Cursor()));
    const uint32_t deleted = Small(In(C::kDeleted).Number());
    const uint32_t inserted = Small(In(C::kInserted).Number());
    if (end < deleted) return Fail();
    splice->set_position(Small(end - deleted));
    splice->set_deleted(deleted);
    const absl::string_view typed = device->typed.Scalars(inserted);
    splice->set_inserted(typed.data(), typed.size());
    forecast_.Spliced(splice->position(), deleted, inserted);
  }
  forecast_.EndEdit();
}

void Reading::ReadEdit(Device* device, v1::RecordEdit* edit) {
  if (const uint64_t type = In(C::kTypes).Number(); type != 0) type_ = type;
  edit->set_record_id(record_.str());
  edit->set_type(Name(type_ - 1));
  const absl::string_view unknown = ReadBytes(C::kUnknown);
  v1::RecordEdit more;
  if (!more.ParseFromArray(unknown.data(), static_cast<int>(unknown.size())) ||
      !more.record_id().empty() || !more.type().empty() || !more.parents().empty() ||
      !more.ops().empty()) {
    return Fail();
  }
  edit->MergeFrom(more);
  for (uint64_t left = In(C::kOps).Number(kOpsMax); left > 0 && !failed_; --left) {
    v1::FieldOp* const op = edit->add_ops();
    const uint64_t kind = In(C::kKinds).Number();
    if (kind == 0) {
      const absl::string_view plain = ReadBytes(C::kPlain);
      if (!op->ParseFromArray(plain.data(), static_cast<int>(plain.size()))) return Fail();
      continue;
    }
    if (kind > texts_.size()) return Fail();
    const Text& text = texts_[kind - 1];
    op->set_field(text.field);
    op->set_key(Name(text.key));
    ReadText(static_cast<uint32_t>(kind - 1), device, op->mutable_text());
  }
}

absl::StatusOr<std::vector<AdmittedEdit>> Reading::Read(absl::string_view bytes) {
  size_t changes = 0;
  SOTAY_RETURN_IF_ERROR(ReadHead(bytes, &changes));
  ReadTables(changes);
  std::vector<AdmittedEdit> edits;
  while (edits.size() < changes && !failed_) {
    const uint32_t number = ReadAuthor();
    const auto id = ChangeId::From(In(C::kIds).Bytes(ChangeId::kSize));
    if (failed_ || !id.has_value()) break;
    AdmittedEdit edit;
    Device& device = devices_[number];
    edit.change = *id;
    edit.device = device.id;
    edit.sequence = device.sequence = In(C::kSequences).From(device.sequence + 1);
    forecast_.Begin(number);
    ReadParents(number, edits, &edit);
    if (!failed_) ReadAdmission(&device, &edit);
    if (!failed_) ReadEdit(&device, &edit.edit);
    forecast_.End();
    edits.push_back(std::move(edit));
  }
  const bool all_read =
      std::all_of(columns_.begin(), columns_.end(), [](const auto& c) { return c.done(); }) &&
      std::all_of(devices_.begin(), devices_.end(), [](const auto& d) { return d.typed.done(); });
  if (failed_ || !all_read) return Malformed("its columns contradict each other");
  return edits;
}

}  // namespace

absl::StatusOr<std::vector<AdmittedEdit>> ReadHistory(absl::string_view bytes,
                                                      const RecordId& record) {
  return Reading(record).Read(bytes);
}

}  // namespace sotay::sync
