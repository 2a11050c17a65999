// A record's history into columns.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "sync/column.h"
#include "sync/history_columns.h"
#include "sync/history_forecast.h"
#include "sync/limits.h"
#include "sync/stamp.h"
#include "sync/text.h"

namespace sotay::sync {
namespace {

using C = HistoryColumn;

class Writing {
 public:
  HistoryColumns Write(const std::vector<AdmittedEdit>& edits);

 private:
  struct Device {
    uint64_t sequence = 0;
    uint64_t user = 0;  // 1 + name
    uint32_t authority = 0;
    std::string typed;
  };

  void WriteChange(const AdmittedEdit& edit);
  // How many others made a change since; the device itself comes first then.
  uint64_t TurnOf(uint32_t device);
  void WriteParents(const AdmittedEdit& edit, uint32_t device);
  void WriteAdmission(const AdmittedEdit& edit, Device* device);
  void WriteEdit(const v1::RecordEdit& edit, Device* device);
  void WriteText(uint64_t text, const v1::TextEdit& edit, Device* device);
  void PutBytes(C length, const std::string& bytes);
  uint64_t NameOf(const std::string& name);
  uint64_t TextOf(const v1::FieldOp& op);

  HistoryColumns out_;
  HistoryForecast forecast_;
  std::vector<Device> devices_;
  std::vector<uint32_t> turns_;  // devices, the last to make a change first
  absl::flat_hash_map<DeviceId, uint32_t> numbers_;
  absl::flat_hash_map<std::string, uint64_t> names_;
  std::map<std::pair<uint32_t, std::string>, uint64_t> texts_;
  absl::flat_hash_map<ChangeId, uint32_t> places_;
  std::map<ChangeId, uint64_t> outside_;
  uint32_t place_ = 0;
  uint64_t position_ = 0;
  uint64_t stamp_ = 0;
  uint64_t type_ = 0;
};

void Writing::PutBytes(C length, const std::string& bytes) {
  PutNumber(bytes.size(), &out_[length]);
  out_[C::kBytes] += bytes;
}

uint64_t Writing::NameOf(const std::string& name) {
  const auto [at, added] = names_.try_emplace(name, names_.size());
  if (added) {
    PutNumber(name.size(), &out_[C::kNames]);
    out_[C::kNames] += name;
  }
  return at->second;
}

uint64_t Writing::TextOf(const v1::FieldOp& op) {
  const auto [at, added] = texts_.try_emplace({op.field(), op.key()}, texts_.size());
  if (added) {
    PutNumber(op.field(), &out_[C::kTexts]);
    PutNumber(NameOf(op.key()), &out_[C::kTexts]);
  }
  return at->second;
}

uint64_t Writing::TurnOf(uint32_t device) {
  const auto at = std::find(turns_.begin(), turns_.end(), device);
  const auto turn = static_cast<uint64_t>(at - turns_.begin());
  if (at != turns_.end()) turns_.erase(at);
  turns_.insert(turns_.begin(), device);
  return turn;
}

void Writing::WriteParents(const AdmittedEdit& edit, uint32_t device) {
  std::set<ChangeId> outside;
  std::set<uint32_t> places;
  for (const std::string& bytes : edit.edit.parents()) {
    const auto id = ChangeId::From(bytes);
    if (!id.has_value()) continue;
    const auto at = places_.find(*id);
    at == places_.end() ? void(outside.insert(*id)) : void(places.insert(at->second));
  }
  const uint32_t own = forecast_.Changes(device);
  const bool on_own = own > 0 && places.erase(forecast_.PlaceOf(device, own - 1)) > 0;
  for (const ChangeId& id : outside) {
    PutNumber(0, &out_[C::kParentDevices]);
    PutNumber(outside_.at(id), &out_[C::kParentChanges]);
  }
  for (const uint32_t place : places) {
    const uint32_t other = forecast_.DeviceAt(place);
    const auto turn = std::find(turns_.begin(), turns_.end(), other) - turns_.begin();
    PutNumber(1 + static_cast<uint64_t>(turn), &out_[C::kParentDevices]);
    PutFrom(forecast_.Known(other), forecast_.OrdinalAt(place), &out_[C::kParentChanges]);
    forecast_.See(place);
  }
  const bool unexpected = on_own != forecast_.ExpectsOwn();
  PutNumber((outside.size() + places.size()) * 2 + (unexpected ? 1 : 0), &out_[C::kParents]);
}

void Writing::WriteAdmission(const AdmittedEdit& edit, Device* device) {
  v1::Admission rest = edit.admission;
  PutFrom(position_ + 1, rest.position(), &out_[C::kPositions]);
  position_ = rest.position();
  PutFrom(stamp_, rest.stamp(), &out_[C::kStamps]);
  stamp_ = rest.stamp();
  const auto ms = static_cast<uint64_t>(StampMs(stamp_));
  PutFrom(ms, static_cast<uint64_t>(edit.claimed_ms), &out_[C::kClaimed]);
  PutFrom(ms, static_cast<uint64_t>(rest.received_ms()), &out_[C::kReceived]);
  const uint64_t user = 1 + NameOf(rest.user_id());
  PutNumber(user == device->user ? 0 : user, &out_[C::kUsers]);
  device->user = user;
  PutFrom(device->authority, rest.authority(), &out_[C::kAuthorities]);
  device->authority = rest.authority();
  rest.clear_position();
  rest.clear_received_ms();
  rest.clear_stamp();
  rest.clear_user_id();
  rest.clear_authority();
  PutBytes(C::kNotes, rest.SerializeAsString());
  PutBytes(C::kReasons, edit.reason);
  PutNumber(edit.told.entries().size(), &out_[C::kTold]);
  for (const auto& [id, sequence] : edit.told.entries()) {
    out_[C::kBytes] += id.str();
    PutNumber(sequence, &out_[C::kBytes]);
  }
}

void Writing::WriteText(uint64_t text, const v1::TextEdit& edit, Device* device) {
  const int64_t length = forecast_.Length(static_cast<uint32_t>(text));
  PutFrom(static_cast<uint64_t>(length), edit.length_before(), &out_[C::kLengths]);
  forecast_.LengthIs(edit.length_before());
  PutNumber(static_cast<uint64_t>(edit.splices_size()), &out_[C::kSplices]);
  for (const v1::TextSplice& splice : edit.splices()) {
    const auto inserted = static_cast<uint32_t>(*ScalarCount(splice.inserted()));
    PutFrom(static_cast<uint64_t>(forecast_.Cursor()),
            uint64_t{splice.position()} + splice.deleted(), &out_[C::kEnds]);
    PutNumber(splice.deleted(), &out_[C::kDeleted]);
    PutNumber(inserted, &out_[C::kInserted]);
    device->typed += splice.inserted();
    forecast_.Spliced(splice.position(), splice.deleted(), inserted);
  }
  forecast_.EndEdit();
}

// Whether columns can hold all of it.
bool IsKnown(const v1::FieldOp& op) {
  const auto plain = [](const google::protobuf::Message& message) {
    return message.GetReflection()->GetUnknownFields(message).empty();
  };
  return op.has_text() && plain(op) && plain(op.text()) &&
         std::all_of(op.text().splices().begin(), op.text().splices().end(),
                     [&](const v1::TextSplice& splice) {
                       return plain(splice) && ScalarCount(splice.inserted()).has_value();
                     });
}

void Writing::WriteEdit(const v1::RecordEdit& edit, Device* device) {
  const uint64_t type = 1 + NameOf(edit.type());
  PutNumber(type == type_ ? 0 : type, &out_[C::kTypes]);
  type_ = type;
  v1::RecordEdit unknown;
  unknown.GetReflection()->MutableUnknownFields(&unknown)->MergeFrom(
      edit.GetReflection()->GetUnknownFields(edit));
  PutBytes(C::kUnknown, unknown.SerializeAsString());
  PutNumber(static_cast<uint64_t>(edit.ops_size()), &out_[C::kOps]);
  for (const v1::FieldOp& op : edit.ops()) {
    if (IsKnown(op)) {
      const uint64_t text = TextOf(op);
      PutNumber(1 + text, &out_[C::kKinds]);
      WriteText(text, op.text(), device);
    } else {
      PutNumber(0, &out_[C::kKinds]);
      PutBytes(C::kPlain, op.SerializeAsString());
    }
  }
}

void Writing::WriteChange(const AdmittedEdit& edit) {
  const auto [at, added] =
      numbers_.try_emplace(edit.device, static_cast<uint32_t>(numbers_.size()));
  const uint32_t number = at->second;
  if (added) {
    out_[C::kDevices] += edit.device.str();
    devices_.emplace_back();
  }
  const uint64_t turn = TurnOf(number);
  PutNumber(added ? kHistoryPartChangesMax : turn, &out_[C::kAuthors]);
  Device& device = devices_[number];
  out_[C::kIds] += edit.change.str();
  PutFrom(device.sequence + 1, edit.sequence, &out_[C::kSequences]);
  device.sequence = edit.sequence;
  forecast_.Begin(number);
  WriteParents(edit, number);
  WriteAdmission(edit, &device);
  WriteEdit(edit.edit, &device);
  forecast_.End();
  places_[edit.change] = place_++;
}

HistoryColumns Writing::Write(const std::vector<AdmittedEdit>& edits) {
  std::set<ChangeId> before;
  for (const AdmittedEdit& edit : edits) {
    for (const std::string& bytes : edit.edit.parents()) {
      const auto id = ChangeId::From(bytes);
      if (id.has_value() && before.count(*id) == 0) outside_.emplace(*id, 0);
    }
    before.insert(edit.change);
  }
  uint64_t number = 0;
  for (auto& [id, at] : outside_) {
    at = number++;
    out_[C::kOutside] += id.str();
  }
  for (const AdmittedEdit& edit : edits) WriteChange(edit);
  for (const Device& device : devices_) {
    PutNumber(device.typed.size(), &out_[C::kTyped]);
    out_[C::kText] += device.typed;
  }
  PutNumber(kHistoryVersion, &out_.head);
  PutNumber(edits.size(), &out_.head);
  for (const std::string& column : out_.columns) PutNumber(column.size(), &out_.head);
  return std::move(out_);
}

}  // namespace

HistoryColumns WriteHistory(const std::vector<AdmittedEdit>& edits) {
  return Writing().Write(edits);
}

}  // namespace sotay::sync
