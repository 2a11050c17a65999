#include "sync/merged_record.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "sotay/v1/change.pb.h"
#include "sotay/v1/record.pb.h"
#include "sync/fragment.h"

namespace sotay::sync {

MergedRecord::MergedRecord(const RecordType* type, RecordId id, std::string type_name,
                           std::string unit_id, RecordId dossier)
    : type_(type),
      id_(id),
      type_name_(std::move(type_name)),
      unit_id_(std::move(unit_id)),
      dossier_(dossier) {}

absl::StatusOr<MergedRecord> MergedRecord::Parse(const Schema& schema, absl::string_view bytes) {
  v1::Record record;
  if (!record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::DataLossError("record: not a valid Record");
  }
  return FromProto(schema, record);
}

absl::StatusOr<MergedRecord> MergedRecord::FromProto(const Schema& schema,
                                                     const v1::Record& record) {
  const auto id = RecordId::From(record.record_id());
  const auto dossier = RecordId::From(record.dossier_id());
  if (!id.has_value() || !dossier.has_value()) {
    return absl::DataLossError("record: malformed id");
  }
  MergedRecord merged(schema.Find(record.type()), *id, record.type(), record.unit_id(), *dossier);
  const auto size = static_cast<size_t>(record.changes_size());
  const auto bad = [&] {
    return absl::DataLossError(absl::StrCat("record ", id->Short(), ": malformed"));
  };
  merged.authors_.reserve(size + 1);
  for (const v1::ChangeRef& ref : record.changes()) {
    const auto change = ChangeId::From(ref.change_id());
    const auto device = DeviceId::From(ref.device_id());
    if (!change.has_value() || !device.has_value()) return bad();
    merged.authors_.push_back({*change, *device, ref.sequence(), ref.stamp(), ref.user_id(),
                               ref.claimed_ms(), ref.authority()});
  }
  // In canonical order, so that no change stands twice.
  for (size_t i = 1; i < size; ++i) {
    if (!merged.Earlier(i - 1, i)) return bad();
  }
  if (record.birth() >= size || record.heads().empty()) return bad();
  merged.born_ = true;
  merged.birth_ = record.birth();
  for (uint32_t head : record.heads()) {
    if (head >= size) return bad();
    merged.heads_.push_back(head);
  }
  merged.seen_ = VersionVector::FromProto(record.seen());
  for (const Author& author : merged.authors_) {
    if (!merged.seen_.Has(author.device, author.sequence)) return bad();
  }
  for (const v1::FieldState& state : record.fields()) {
    FieldSlot slot;
    slot.total = state.total();
    slot.rule = state.rule();
    slot.readings.reserve(static_cast<size_t>(state.readings_size()));
    for (const v1::Reading& reading : state.readings()) {
      if (reading.change() >= size) return bad();
      slot.readings.push_back({reading.value(), reading.change()});
    }
    merged.fields_.emplace(FieldPath(state.field(), state.key()), std::move(slot));
  }
  return merged;
}

size_t MergedRecord::AddAuthor(const Author& author) {
  authors_.push_back(author);
  return authors_.size() - 1;
}

bool MergedRecord::Earlier(size_t a, size_t b) const {
  return std::tie(authors_[a].stamp, authors_[a].change) <
         std::tie(authors_[b].stamp, authors_[b].change);
}

bool MergedRecord::Seen(const StandingReading& reading, const VersionVector& seen) const {
  const Author& author = authors_[reading.author];
  return seen.Has(author.device, author.sequence);
}

void MergedRecord::MoveHeads(size_t author, const VersionVector& seen) {
  heads_.erase(std::remove_if(heads_.begin(), heads_.end(),
                              [&](size_t head) {
                                return seen.Has(authors_[head].device, authors_[head].sequence);
                              }),
               heads_.end());
  heads_.push_back(author);
  seen_.Join(seen);
}

void MergedRecord::Apply(const v1::RecordEdit& edit, const Author& author,
                         const VersionVector& seen, const std::vector<std::string>& texts) {
  if (seen_.Has(author.device, author.sequence)) return;
  const size_t index = AddAuthor(author);
  if (!born_) {
    born_ = true;
    birth_ = index;
  }
  // A device has always seen its own earlier changes, and the earlier operations of this one.
  VersionVector context = seen;
  context.Add(author.device, author.sequence);
  size_t text = 0;
  for (const v1::FieldOp& op : edit.ops()) {
    const std::string* after = nullptr;
    if (op.op_case() == v1::FieldOp::kText && text < texts.size()) after = &texts[text++];
    ApplyOp(op, index, context, after);
  }
  MoveHeads(index, context);
}

void MergedRecord::Assign(const v1::FieldOp& op, const Author& author) {
  FieldSlot& slot = fields_[FieldPath(op.field(), op.key())];
  size_t index = authors_.size();
  for (size_t i = 0; i < authors_.size(); ++i) {
    if (authors_[i].change == author.change) index = i;
  }
  if (index == authors_.size()) index = AddAuthor(author);
  slot.readings.push_back({op.set(), index});
  Sort(options::v1::RULE_SERVER, nullptr, &slot);
  slot.readings.resize(1);
}

Rule MergedRecord::RuleOf(const v1::FieldOp& op) const {
  if (type_ != nullptr) {
    if (const FieldType* field = type_->Field(op.field())) return field->rule;
  }
  switch (op.op_case()) {  // a field of a newer build: the operation tells
    case v1::FieldOp::kAdd:
    case v1::FieldOp::kRemove:
      return options::v1::RULE_SET;
    case v1::FieldOp::kAppend:
      return options::v1::RULE_LOG;
    case v1::FieldOp::kCount:
      return options::v1::RULE_COUNTER;
    case v1::FieldOp::kText:
      return options::v1::RULE_TEXT;
    default:
      return options::v1::RULE_REGISTER;
  }
}

void MergedRecord::ApplyOp(const v1::FieldOp& op, size_t author, const VersionVector& seen,
                           const std::string* text) {
  const auto [place, fresh] = fields_.try_emplace(FieldPath(op.field(), op.key()));
  FieldSlot& slot = place->second;
  const Rule rule = RuleOf(op);
  const FieldType* field = type_ != nullptr ? type_->Field(op.field()) : nullptr;
  if (field == nullptr) {
    slot.rule = fresh || slot.rule == rule ? rule : options::v1::RULE_UNSPECIFIED;
  }
  const auto drop_seen = [&](const auto& also) {
    slot.readings.erase(
        std::remove_if(slot.readings.begin(), slot.readings.end(),
                       [&](const StandingReading& r) { return also(r) && Seen(r, seen); }),
        slot.readings.end());
  };
  const auto any = [](const StandingReading&) { return true; };
  switch (op.op_case()) {
    case v1::FieldOp::kSet:
      if (rule == options::v1::RULE_ONCE) {
        // What was written with knowledge of a value is no writing; validate.h refuses it.
        if (std::any_of(slot.readings.begin(), slot.readings.end(),
                        [&](const StandingReading& r) { return Seen(r, seen); })) {
          return;
        }
      } else {
        drop_seen(any);
      }
      slot.readings.push_back({op.set(), author});
      break;
    case v1::FieldOp::kText:
      if (text == nullptr) return;
      drop_seen(any);
      slot.readings.push_back({StringFragment(op.field(), *text), author});
      break;
    case v1::FieldOp::kAdd:
      drop_seen([&](const StandingReading& r) { return r.value == op.add(); });
      slot.readings.push_back({op.add(), author});
      break;
    case v1::FieldOp::kRemove:
      drop_seen([&](const StandingReading& r) { return r.value == op.remove(); });
      break;
    case v1::FieldOp::kAppend:
      slot.readings.push_back({op.append(), author});
      break;
    case v1::FieldOp::kCount:
      // As unsigned numbers, which may wrap: a sum past 64 bits is wrong, but the same everywhere.
      slot.total = static_cast<int64_t>(static_cast<uint64_t>(slot.total) +
                                        static_cast<uint64_t>(op.count()));
      break;
    case v1::FieldOp::OP_NOT_SET:
      return;
  }
  Sort(field == nullptr ? slot.rule : rule, field, &slot);
  if (rule == options::v1::RULE_LATEST && slot.readings.size() > 1) slot.readings.resize(1);
}

void MergedRecord::Sort(Rule rule, const FieldType* field, FieldSlot* slot) const {
  auto& readings = slot->readings;
  if (readings.size() < 2) return;
  using R = const StandingReading&;
  // A text edit's positions are of the text shown at its parents, a step is made from the state in
  // force there, and whoever makes them knows no effective stamps yet: which reading comes first
  // must follow from the parents alone.
  const auto by_id = [this](R a, R b) {
    return authors_[a.author].change < authors_[b.author].change;
  };
  switch (rule) {
    case options::v1::RULE_SET:
      std::stable_sort(readings.begin(), readings.end(), [&](R a, R b) {
        return a.value != b.value ? a.value < b.value : Earlier(a.author, b.author);
      });
      break;
    case options::v1::RULE_TEXT:
      std::stable_sort(readings.begin(), readings.end(), by_id);
      break;
    case options::v1::RULE_LOG:
    case options::v1::RULE_ONCE:
    case options::v1::RULE_SERVER:
      std::stable_sort(readings.begin(), readings.end(),
                       [&](R a, R b) { return Earlier(a.author, b.author); });
      break;
    case options::v1::RULE_STATE: {
      const auto caution = [&](R r) -> uint32_t {
        if (field == nullptr) return 0;
        const auto at = field->caution.find(static_cast<int32_t>(VarintOf(r.value).value_or(0)));
        return at == field->caution.end() ? 0 : at->second;
      };
      std::stable_sort(readings.begin(), readings.end(), [&](R a, R b) {
        const auto rank = [&](R r) {
          return std::make_tuple(authors_[r.author].authority, caution(r));
        };
        return rank(a) != rank(b) ? rank(a) > rank(b) : by_id(a, b);
      });
      break;
    }
    case options::v1::RULE_UNSPECIFIED:
      // Operations of several kinds in one field are no honest build's; the order of what they
      // leave must not depend on which came last all the same.
      std::sort(readings.begin(), readings.end(), [&](R a, R b) {
        return a.author != b.author ? Earlier(a.author, b.author) : a.value < b.value;
      });
      break;
    default:
      std::stable_sort(readings.begin(), readings.end(),
                       [&](R a, R b) { return Earlier(b.author, a.author); });
      break;
  }
}

void MergedRecord::ToProto(v1::Record* record) const {
  record->Clear();
  record->set_record_id(id_.str());
  record->set_type(type_name_);
  record->set_unit_id(unit_id_);
  record->set_dossier_id(dossier_.str());
  if (!born_) return;

  // Only the changes something refers to, in canonical order.
  std::vector<size_t> used = heads_;
  used.push_back(birth_);
  for (const auto& [path, slot] : fields_) {
    for (const StandingReading& reading : slot.readings) used.push_back(reading.author);
  }
  std::sort(used.begin(), used.end());
  used.erase(std::unique(used.begin(), used.end()), used.end());
  std::sort(used.begin(), used.end(), [this](size_t a, size_t b) { return Earlier(a, b); });
  std::vector<uint32_t> place(authors_.size(), 0);
  for (size_t i = 0; i < used.size(); ++i) {
    const Author& author = authors_[used[i]];
    place[used[i]] = static_cast<uint32_t>(i);
    v1::ChangeRef* ref = record->add_changes();
    ref->set_change_id(author.change.str());
    ref->set_device_id(author.device.str());
    ref->set_sequence(author.sequence);
    ref->set_stamp(author.stamp);
    ref->set_user_id(author.user_id);
    ref->set_claimed_ms(author.claimed_ms);
    ref->set_authority(author.authority);
  }
  record->set_birth(place[birth_]);
  std::vector<uint32_t> heads;
  for (size_t head : heads_) heads.push_back(place[head]);
  std::sort(heads.begin(), heads.end());
  for (uint32_t head : heads) record->add_heads(head);
  seen_.ToProto(record->mutable_seen());
  for (const auto& [path, slot] : fields_) {
    v1::FieldState* state = record->add_fields();
    state->set_field(path.first);
    state->set_key(path.second);
    state->set_total(slot.total);
    state->set_rule(slot.rule);
    for (const StandingReading& reading : slot.readings) {
      v1::Reading* out = state->add_readings();
      out->set_value(reading.value);
      out->set_change(place[reading.author]);
    }
  }
}

std::string MergedRecord::Serialize() const {
  v1::Record record;
  ToProto(&record);
  return record.SerializeAsString();
}

std::vector<ChangeId> MergedRecord::heads() const {
  std::vector<ChangeId> ids;
  ids.reserve(heads_.size());
  for (size_t head : heads_) ids.push_back(authors_[head].change);
  std::sort(ids.begin(), ids.end());
  return ids;
}

Stamp MergedRecord::newest_stamp() const {
  Stamp newest = 0;
  for (size_t head : heads_) newest = std::max(newest, authors_[head].stamp);
  return newest;
}

size_t MergedRecord::bytes() const {
  constexpr size_t kPerAuthor = 128;
  constexpr size_t kPerDevice = 32;
  constexpr size_t kPerSlot = 24;
  size_t total = kPerAuthor * heads_.size() + kPerDevice * seen_.entries().size();
  for (const auto& [path, slot] : fields_) {
    total += kPerSlot + path.second.size();
    for (const StandingReading& reading : slot.readings) total += reading.value.size() + kPerAuthor;
  }
  return total;
}

const FieldSlot* MergedRecord::Slot(uint32_t field, absl::string_view key) const {
  const auto at = fields_.find(FieldPath(field, std::string(key)));
  return at == fields_.end() ? nullptr : &at->second;
}

absl::string_view MergedRecord::ShownText(uint32_t field) const {
  const FieldSlot* slot = Slot(field);
  if (slot == nullptr || slot->readings.empty()) return {};
  return StringOf(slot->readings.front().value).value_or(absl::string_view());
}

int32_t MergedRecord::StateInForce(uint32_t field) const {
  const FieldSlot* slot = Slot(field);
  if (slot == nullptr || slot->readings.empty()) return 0;
  return static_cast<int32_t>(VarintOf(slot->readings.front().value).value_or(0));
}

}  // namespace sotay::sync
