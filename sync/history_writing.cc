// A record's history into columns.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "sync/column.h"
#include "sync/history_columns.h"
#include "sync/history_contexts.h"
#include "sync/history_forecast.h"
#include "sync/number_coder.h"
#include "sync/stamp.h"
#include "sync/text.h"

namespace sotay::sync {
namespace {

using N = HistoryNumber;

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

  void CountTyped(const AdmittedEdit& edit);
  void FindOutside(const std::vector<AdmittedEdit>& edits);
  void WriteChange(const AdmittedEdit& edit);
  uint32_t WriteAuthor(const DeviceId& id);
  void WriteParents(const AdmittedEdit& edit, uint32_t device);
  void WriteAdmission(const AdmittedEdit& edit, Device* device);
  void WriteEdit(const v1::RecordEdit& edit, Device* device);
  uint64_t WriteKind(const v1::FieldOp& op);
  void WriteText(uint64_t text, const v1::TextEdit& edit, Device* device);
  // A name by its number, 0 for the `last` one; 0 is none.
  void WriteName(N number, const std::string& name, uint64_t* last);
  void WriteBytes(N length, const std::string& bytes);
  void Put(N model, uint64_t number, size_t context = 0) {
    numbers_.Put(static_cast<size_t>(model), context, number);
  }
  void PutFrom(N model, uint64_t foretold, uint64_t number, size_t context = 0) {
    Put(model, Folded(number - foretold), context);
  }

  HistoryColumns out_;
  NumberWriter numbers_;
  HistoryForecast forecast_;
  HistoryContexts contexts_;
  std::vector<Device> devices_;
  absl::flat_hash_map<DeviceId, uint64_t> typed_;  // bytes
  absl::flat_hash_map<DeviceId, uint32_t> device_numbers_;
  absl::flat_hash_map<std::string, uint64_t> names_;
  std::map<std::pair<uint32_t, std::string>, uint64_t> texts_;
  absl::flat_hash_map<ChangeId, uint32_t> places_;
  std::map<ChangeId, uint64_t> outside_;
  uint32_t place_ = 0;
  uint64_t position_ = 0;
  uint64_t stamp_ = 0;
  uint64_t type_ = 0;
};

void Writing::WriteBytes(N length, const std::string& bytes) {
  Put(length, bytes.size());
  out_.bytes += bytes;
}

void Writing::WriteName(N number, const std::string& name, uint64_t* last) {
  const auto [at, added] = names_.try_emplace(name, names_.size() + 1);
  Put(number, at->second == *last ? 0 : at->second);
  *last = at->second;
  if (!added) return;
  Put(N::kNameBytes, name.size());
  out_.names += name;
}

uint32_t Writing::WriteAuthor(const DeviceId& id) {
  const auto [at, added] = device_numbers_.try_emplace(id, contexts_.devices());
  const uint64_t turn = contexts_.TurnOf(at->second);
  Put(N::kAuthors, turn, contexts_.OfAuthor());
  contexts_.Begin(turn);
  if (added) {
    out_.devices += id.str();
    Put(N::kTyped, typed_[id]);
    devices_.emplace_back();
  }
  return at->second;
}

void Writing::WriteParents(const AdmittedEdit& edit, uint32_t device) {
  struct Inside {
    uint64_t device;  // 1 + its turn
    uint64_t after;
    size_t context;
  };
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
  contexts_.BeginParents(forecast_);
  std::vector<Inside> inside;
  for (const uint32_t place : places) {
    const uint32_t other = forecast_.DeviceAt(place);
    inside.push_back({1 + contexts_.TurnOf(other),
                      forecast_.Changes(other) - 1 - forecast_.OrdinalAt(place),
                      contexts_.OfParentChange(forecast_, other)});
    forecast_.See(place);
  }
  const bool unexpected = on_own != forecast_.ExpectsOwn();
  const uint64_t number = (outside.size() + inside.size()) * 2 + (unexpected ? 1 : 0);
  Put(N::kParents, number, contexts_.OfParents());
  contexts_.ParentsAre(number);
  for (const ChangeId& id : outside) {
    Put(N::kParentDevices, 0, contexts_.OfParentDevice());
    Put(N::kOutsideParents, outside_.at(id));
  }
  for (const Inside& parent : inside) {
    Put(N::kParentDevices, parent.device, contexts_.OfParentDevice());
    Put(N::kParentChanges, parent.after, parent.context);
  }
}

void Writing::WriteAdmission(const AdmittedEdit& edit, Device* device) {
  v1::Admission rest = edit.admission;
  PutFrom(N::kPositions, position_ + 1, rest.position());
  position_ = rest.position();
  PutFrom(N::kStamps, stamp_, rest.stamp());
  stamp_ = rest.stamp();
  const auto ms = static_cast<uint64_t>(StampMs(stamp_));
  PutFrom(N::kClaimed, ms, static_cast<uint64_t>(edit.claimed_ms));
  PutFrom(N::kReceived, ms, static_cast<uint64_t>(rest.received_ms()));
  WriteName(N::kUsers, rest.user_id(), &device->user);
  PutFrom(N::kAuthorities, device->authority, rest.authority());
  device->authority = rest.authority();
  rest.clear_position();
  rest.clear_received_ms();
  rest.clear_stamp();
  rest.clear_user_id();
  rest.clear_authority();
  WriteBytes(N::kNotes, rest.SerializeAsString());
  WriteBytes(N::kReasons, edit.reason);
  Put(N::kTold, edit.told.entries().size());
  for (const auto& [id, sequence] : edit.told.entries()) {
    out_.bytes += id.str();
    Put(N::kToldSequences, sequence);
  }
}

void Writing::WriteText(uint64_t text, const v1::TextEdit& edit, Device* device) {
  const int64_t length = forecast_.Length(static_cast<uint32_t>(text));
  PutFrom(N::kLengths, static_cast<uint64_t>(length), edit.length_before());
  forecast_.LengthIs(edit.length_before());
  Put(N::kSplices, static_cast<uint64_t>(edit.splices_size()), contexts_.OfSplices());
  contexts_.BeginEdit();
  for (const v1::TextSplice& splice : edit.splices()) {
    const auto inserted = static_cast<uint32_t>(*ScalarCount(splice.inserted()));
    const uint64_t end = Folded(uint64_t{splice.position()} + splice.deleted() -
                                static_cast<uint64_t>(forecast_.Cursor()));
    Put(N::kEnds, end, contexts_.OfEnd());
    Put(N::kDeleted, splice.deleted(), contexts_.OfDeleted(end));
    Put(N::kInserted, inserted, contexts_.OfInserted(end, splice.deleted()));
    device->typed += splice.inserted();
    forecast_.Spliced(splice.position(), splice.deleted(), inserted);
    contexts_.Spliced(end, splice.deleted(), inserted);
  }
  forecast_.EndEdit();
}

// 0, or 1 + the number of its text.
uint64_t Writing::WriteKind(const v1::FieldOp& op) {
  if (!IsKnown(op)) {
    Put(N::kKinds, 0);
    return 0;
  }
  const auto [at, added] = texts_.try_emplace({op.field(), op.key()}, texts_.size() + 1);
  Put(N::kKinds, at->second);
  if (added) {
    Put(N::kTextFields, op.field());
    uint64_t none = 0;
    WriteName(N::kTextKeys, op.key(), &none);
  }
  return at->second;
}

void Writing::WriteEdit(const v1::RecordEdit& edit, Device* device) {
  WriteName(N::kTypes, edit.type(), &type_);
  v1::RecordEdit unknown;
  unknown.GetReflection()->MutableUnknownFields(&unknown)->MergeFrom(
      edit.GetReflection()->GetUnknownFields(edit));
  WriteBytes(N::kUnknown, unknown.SerializeAsString());
  Put(N::kOps, static_cast<uint64_t>(edit.ops_size()));
  for (const v1::FieldOp& op : edit.ops()) {
    const uint64_t kind = WriteKind(op);
    kind == 0 ? WriteBytes(N::kPlain, op.SerializeAsString())
              : WriteText(kind - 1, op.text(), device);
  }
}

void Writing::WriteChange(const AdmittedEdit& edit) {
  const uint32_t number = WriteAuthor(edit.device);
  Device& device = devices_[number];
  out_.ids += edit.change.str();
  PutFrom(N::kSequences, device.sequence + 1, edit.sequence);
  device.sequence = edit.sequence;
  forecast_.Begin(number);
  WriteParents(edit, number);
  WriteAdmission(edit, &device);
  WriteEdit(edit.edit, &device);
  forecast_.End();
  places_[edit.change] = place_++;
}

void Writing::CountTyped(const AdmittedEdit& edit) {
  uint64_t& bytes = typed_[edit.device];
  for (const v1::FieldOp& op : edit.edit.ops()) {
    if (!IsKnown(op)) continue;
    for (const v1::TextSplice& splice : op.text().splices()) bytes += splice.inserted().size();
  }
}

void Writing::FindOutside(const std::vector<AdmittedEdit>& edits) {
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
    out_.outside += id.str();
  }
}

HistoryColumns Writing::Write(const std::vector<AdmittedEdit>& edits) {
  FindOutside(edits);
  for (const AdmittedEdit& edit : edits) CountTyped(edit);
  for (const AdmittedEdit& edit : edits) WriteChange(edit);
  for (const Device& device : devices_) out_.typed += device.typed;
  out_.changes = edits.size();
  out_.number_count = numbers_.count();
  out_.numbers = numbers_.Finish();
  return std::move(out_);
}

}  // namespace

HistoryColumns WriteHistory(const std::vector<AdmittedEdit>& edits) {
  return Writing().Write(edits);
}

}  // namespace sotay::sync
